//! Opening and creating a database with the key that the options, or a person at the prompt, give.

use super::failure::{Failure, Status};
use super::key::KeyOptions;
use super::output::{note, shown_path};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use tosumu::{AutoCheckpoint, Busy, Code, Database, Error, KdfProfile, Options, PageSize, Pin, Unlock};

/// How a database is made, for the verbs that make one.
#[derive(Args, Debug)]
pub struct CreateOptions {
    /// Size of a page in bytes, a power of two from 512 to 65536; counts when the file is created
    #[arg(long, value_name = "N", value_parser = parse_page_size, default_value = "4096")]
    page_size: PageSize,
    #[command(flatten)]
    kdf: KdfOptions,
}

/// How much work a new passphrase slot asks for.
#[derive(Args, Debug)]
pub struct KdfOptions {
    /// Work that a passphrase asks for; counts when a key slot is made
    #[arg(long, value_enum, default_value_t = Kdf::Interactive)]
    kdf: Kdf,
}

impl KdfOptions {
    /// The engine's parameters.
    pub fn profile(&self) -> KdfProfile {
        match self.kdf {
            Kdf::Interactive => KdfProfile::INTERACTIVE,
            Kdf::Test => KdfProfile::TEST,
        }
    }
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum Kdf {
    /// Argon2id with 64 MiB and three passes
    Interactive,
    /// Quick and weak, for tests
    Test,
}

impl CreateOptions {
    /// The engine's options with these in them.
    pub fn options(&self) -> Options {
        self.kdf.options().page_size(self.page_size)
    }
}

impl KdfOptions {
    /// The engine's options with this in them.
    pub fn options(&self) -> Options {
        options().kdf(self.profile())
    }
}

/// Where finished logs go, for the verbs that may checkpoint.
#[derive(Args, Debug)]
pub struct ArchiveOptions {
    /// Keep every finished log in this folder, so that `restore` can bring back any commit
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
}

impl ArchiveOptions {
    /// `options` with the archive in them.
    pub fn add_to(&self, options: Options) -> Options {
        match &self.archive {
            Some(folder) => options.archive(folder),
            None => options,
        }
    }
}

fn parse_page_size(text: &str) -> Result<PageSize, String> {
    let size = text.parse().ok().and_then(PageSize::new);
    size.ok_or_else(|| "a page size is a power of two from 512 to 65536".to_owned())
}

/// What every verb opens with: a file in use is told of at once, and the log is folded between two transactions, so that the
/// same input leaves the same files.
pub fn options() -> Options {
    Options::new().busy(Busy::Fail).checkpoints(AutoCheckpoint::Inline)
}

/// Opens a database that is there, for reading alone: no byte of it changes, and a log left by a crash is read through.
pub fn open_to_read(file: &Path, keys: &KeyOptions) -> Result<Database, Failure> {
    open_with(file, keys, options().read_only(true))
}

/// Opens a database that is there, to read much of it: while a snapshot of it lives, a process that writes the file goes on
/// committing but does not fold its log, so that the read ends with what it began with.
pub fn open_source(file: &Path, keys: &KeyOptions) -> Result<Database, Failure> {
    open_with(file, keys, options().read_only(true).pin(Pin::Snapshots))
}

/// Makes `attempt`, a short read that begins a snapshot of its own, and makes it again when another process folded the file
/// meanwhile.
pub fn retried<T>(file: &Path, attempt: impl FnMut() -> tosumu::Result<T>) -> Result<T, Failure> {
    retry(attempt).map_err(|error| Failure::engine(file, error))
}

/// The same, for whoever tells of errors in a way of its own.
pub fn retry<T>(mut attempt: impl FnMut() -> tosumu::Result<T>) -> tosumu::Result<T> {
    const ATTEMPTS_MAX: u32 = 1000;
    for _ in 1..ATTEMPTS_MAX {
        match attempt() {
            Err(Error::SnapshotOvertaken { .. }) => {}
            outcome => return outcome,
        }
    }
    attempt()
}

/// Opens a database that is there, for reading and writing.
pub fn open_to_write(file: &Path, keys: &KeyOptions) -> Result<Database, Failure> {
    open_with(file, keys, options())
}

/// Opens, or creates when `options` say so, with the key given.
pub fn open_with(file: &Path, keys: &KeyOptions, options: Options) -> Result<Database, Failure> {
    let options = keys.witnessed(options);
    let is_new = is_new_witness(keys);
    let db = with_unlock(file, keys, |unlock| options.clone().unlock(unlock).open(file))?;
    told_of_new_witness(keys, is_new);
    Ok(db)
}

/// Whether the witness file that the options name is not there yet.
pub fn is_new_witness(keys: &KeyOptions) -> bool {
    keys.witness().is_some_and(|path| !path.exists())
}

/// Says that a witness file was begun: nothing was compared.
pub fn told_of_new_witness(keys: &KeyOptions, is_new: bool) {
    if let Some(path) = keys.witness().filter(|_| is_new) {
        note(format!("{}: begun as a witness file; there was none to compare with", shown_path(path)));
    }
}

/// Says when the witness file could not be written: what was done to the database is durable all the same.
pub fn note_witness(db: &Database, keys: &KeyOptions) {
    if let (Some(because), Some(path)) = (db.witness_failure(), keys.witness()) {
        note(format!(
            "{}: could not be written ({because}); the database is whole, the witness is behind",
            shown_path(path)
        ));
    }
}

/// Makes `attempt` with the key given. Without one it is made keyless; when the file has no such slot but one for a
/// passphrase, and a terminal is there, the passphrase is asked for and the attempt made again.
pub fn with_unlock<T>(
    file: &Path,
    keys: &KeyOptions,
    mut attempt: impl FnMut(Unlock) -> tosumu::Result<T>,
) -> Result<T, Failure> {
    let failed = |error| key_failure(file, error);
    let Some(unlock) = keys.unlock()? else {
        return match attempt(Unlock::Keyless) {
            Err(error) if wants_passphrase(&error) => match KeyOptions::prompt(file)? {
                Some(unlock) => attempt(unlock).map_err(failed),
                None => Err(failed(error)),
            },
            other => other.map_err(failed),
        };
    };
    attempt(unlock).map_err(failed)
}

fn wants_passphrase(error: &Error) -> bool {
    let Error::Damage(finding) = error else { return false };
    finding.code == Code::KeyNoSlot && finding.found.as_deref().is_some_and(|kinds| kinds.contains("passphrase"))
}

/// A key that can be nobody's, such as an empty passphrase, is a wrong key, not a wrong command line.
pub fn key_failure(file: &Path, error: Error) -> Failure {
    match error {
        Error::Misuse { why } => {
            Failure::new(Status::Cannot, Code::KeyWrong.as_str(), format!("{}: {why}", shown_path(file)))
        }
        other => Failure::engine(file, other),
    }
}
