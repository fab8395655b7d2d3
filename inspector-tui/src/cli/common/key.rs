//! How a key is given: in a file, on standard input or at a prompt; never as an argument, which everybody could read.

use super::failure::{Failure, Status};
use super::output::shown_path;
use clap::Args;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use tosumu::crypto::Secret;
use tosumu::limits::SECRET_BYTES_MAX;
use tosumu::{Options, Unlock};

/// The key options, the same on every verb that opens a file, and the witness file that it is compared with.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub struct KeyOptions {
    #[command(flatten)]
    source: KeySource,
    /// Compare with a witness file kept elsewhere, and note every commit in it; begun when a verb that writes finds none
    #[arg(long, value_name = "F", help_heading = "Key")]
    witness: Option<PathBuf>,
}

/// Where the key comes from. Without an option a `keyless` slot is meant.
#[derive(Args, Debug, Default)]
#[group(id = "key_source", multiple = false)]
struct KeySource {
    /// Take the passphrase from a file; one newline at its end is not part of it
    #[arg(long, value_name = "F", help_heading = "Key")]
    passphrase_file: Option<PathBuf>,
    /// Take the passphrase from the first line of standard input
    #[arg(long, help_heading = "Key")]
    passphrase_stdin: bool,
    /// Take the content of a file as the key
    #[arg(long, value_name = "F", help_heading = "Key")]
    keyfile: Option<PathBuf>,
    /// Take the recovery key from a file
    #[arg(long, value_name = "F", help_heading = "Key")]
    recovery_key_file: Option<PathBuf>,
}

impl KeyOptions {
    /// Reads the key that the options name; nothing when they name none. Call it once: standard input gives its first line
    /// once. What follows that line is left for [`raw_stdin`].
    pub fn unlock(&self) -> Result<Option<Unlock>, Failure> {
        let source = &self.source;
        Ok(Some(if let Some(path) = &source.passphrase_file {
            Unlock::Passphrase(without_newline(read_file(path)?))
        } else if source.passphrase_stdin {
            Unlock::Passphrase(first_line_of_stdin()?)
        } else if let Some(path) = &source.keyfile {
            Unlock::Keyfile(read_file(path)?.into())
        } else if let Some(path) = &source.recovery_key_file {
            Unlock::RecoveryKey(without_newline(read_file(path)?))
        } else {
            return Ok(None);
        }))
    }

    /// Whether the options name a key.
    pub fn is_given(&self) -> bool {
        let source = &self.source;
        source.passphrase_stdin
            || source.passphrase_file.is_some()
            || source.keyfile.is_some()
            || source.recovery_key_file.is_some()
    }

    /// The witness file.
    pub fn witness(&self) -> Option<&Path> {
        self.witness.as_deref()
    }

    /// The engine's options with the witness file in them.
    pub fn witnessed(&self, options: Options) -> Options {
        match &self.witness {
            Some(path) => options.witness(path),
            None => options,
        }
    }

    /// Asks for a passphrase when somebody is there to answer.
    pub fn prompt(file: &Path) -> Result<Option<Unlock>, Failure> {
        if !somebody_answers() {
            return Ok(None);
        }
        Ok(Some(Unlock::Passphrase(ask(&format!("Passphrase of {}: ", shown_path(file)))?)))
    }
}

/// Whether somebody is there to be asked.
pub fn somebody_answers() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks at the terminal, without showing what is typed.
pub fn ask(question: &str) -> Result<Secret, Failure> {
    rpassword::prompt_password(question).map(Secret::from).map_err(|source| Failure::io("terminal", source))
}

/// Standard input without a buffer of its own, so that one reader leaves to the next what it did not take.
#[cfg(unix)]
pub fn raw_stdin() -> Result<impl Read, Failure> {
    use std::os::fd::AsFd;
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    stdin.map(File::from).map_err(|source| Failure::io("standard input", source))
}

/// Standard input.
#[cfg(not(unix))]
pub fn raw_stdin() -> Result<impl Read, Failure> {
    Ok(io::stdin())
}

/// The bytes of a key file. Room for the longest is made at once: a vector that grew would leave copies behind.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::io(&shown_path(path), source);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::with_capacity(SECRET_BYTES_MAX + 2);
    let read = file.take(SECRET_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    if let Err(source) = read {
        drop(Secret::from(bytes));
        return Err(failed(source));
    }
    within_limit(bytes, &shown_path(path))
}

pub fn first_line_of_stdin() -> Result<Secret, Failure> {
    let mut stdin = raw_stdin()?;
    let mut line = Vec::with_capacity(SECRET_BYTES_MAX + 2);
    let mut byte = [0];
    while line.len() <= SECRET_BYTES_MAX {
        match stdin.read(&mut byte) {
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => {
                drop(Secret::from(line));
                return Err(Failure::io("standard input", source));
            }
        }
    }
    within_limit(line, "standard input").map(Secret::from)
}

fn within_limit(bytes: Vec<u8>, place: &str) -> Result<Vec<u8>, Failure> {
    if bytes.len() <= SECRET_BYTES_MAX {
        return Ok(bytes);
    }
    drop(Secret::from(bytes));
    let why = format!("{place}: a key is longer than the limit of {SECRET_BYTES_MAX} bytes");
    Err(Failure::new(Status::Cannot, "LIMIT", why))
}

pub fn without_newline(mut bytes: Vec<u8>) -> Secret {
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    Secret::from(bytes)
}
