//! How a verb ends: an exit status, and when it failed one line on standard error.

use super::output::{note, shown_path};
use std::io;
use std::path::Path;
use tosumu::{Error, ErrorKind, Finding};

/// The exit statuses, the same for every verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Status {
    /// Done.
    Done = 0,
    /// `get` found nothing, `verify` has warnings, something expected did not come true.
    Nothing = 1,
    /// Damage was met, or the file is not ours.
    Damage = 2,
    /// Not possible now: no file, no key, in use, over a limit, input or output failed.
    Cannot = 3,
    /// Wrong use.
    Misuse = 64,
}

/// What the `run` of a verb returns.
pub type Outcome = Result<Status, Failure>;

/// Why a verb ended early.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read the output has gone: the end, quietly and with status 0.
    BrokenPipe,
    /// One line for standard error.
    Told {
        /// The exit status.
        status: Status,
        /// The stable code.
        code: &'static str,
        /// What happened, the file first.
        message: String,
    },
}

impl Failure {
    /// A failure of this status, code and message.
    pub fn new(status: Status, code: &'static str, message: impl Into<String>) -> Failure {
        Failure::Told { status, code, message: message.into() }
    }

    /// The verb was used wrongly.
    pub fn misuse(message: impl Into<String>) -> Failure {
        Failure::new(Status::Misuse, "MISUSE", message)
    }

    /// The configuration file cannot be followed.
    pub fn new_config(message: impl Into<String>) -> Failure {
        Failure::new(Status::Misuse, "CONFIG", message)
    }

    /// Input or output on `place`, a path or the name of a stream, failed.
    pub fn io(place: &str, source: io::Error) -> Failure {
        let code = if source.kind() == io::ErrorKind::NotFound { "NOT-FOUND" } else { "IO" };
        Failure::new(Status::Cannot, code, format!("{place}: {source}"))
    }

    /// Writing to standard output failed.
    pub fn output(source: io::Error) -> Failure {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            _ => Failure::io("standard output", source),
        }
    }

    /// An error of the engine about the database at `path`. The engine names files without their folders; here they are
    /// named as the user wrote them.
    pub fn engine(path: &Path, mut error: Error) -> Failure {
        let status = status_of(&error);
        let code = if is_no_regular_file(&error) { "NOT-A-FILE" } else { error.code() };
        let message = match &mut error {
            Error::Damage(finding) => {
                name_commands(path, finding);
                finding_text(path, finding)
            }
            Error::NotFound { file }
            | Error::AlreadyExists { file }
            | Error::InUse { file, .. }
            | Error::Io { file, .. }
            | Error::CommitIndeterminate { file, .. }
            | Error::OldFormat { file, .. }
            | Error::SnapshotOvertaken { file }
            | Error::ReadOnly { file } => {
                *file = as_user_wrote(path, file);
                error.to_string()
            }
            _ => format!("{}: {error}", shown_path(path)),
        };
        let message = if code == "NOT-A-FILE" { message + no_file_remedy(&error) } else { message };
        Failure::new(status, code, message)
    }

    /// The same failure, which happened at a line of the input.
    pub fn at_line(self, line: u64) -> Failure {
        match self {
            Failure::BrokenPipe => Failure::BrokenPipe,
            Failure::Told { status, code, message } => {
                Failure::Told { status, code, message: format!("line {line}: {message}") }
            }
        }
    }

    /// Prints the line, and gives the exit status.
    pub fn report(self) -> Status {
        match self {
            Failure::BrokenPipe => Status::Done,
            Failure::Told { status, code, message } => {
                note(format!("tosumu: {code}: {message}"));
                status
            }
        }
    }
}

fn status_of(error: &Error) -> Status {
    if is_no_regular_file(error) {
        return Status::Damage;
    }
    match error.kind() {
        ErrorKind::Damage => Status::Damage,
        ErrorKind::Cannot => Status::Cannot,
        ErrorKind::Misuse => Status::Misuse,
    }
}

/// A folder, a pipe or a device: a file that is not ours, and never will be.
fn is_no_regular_file(error: &Error) -> bool {
    matches!(error, Error::Io { doing: "open", source, .. } if source.kind() == io::ErrorKind::InvalidInput)
}

fn no_file_remedy(error: &Error) -> &'static str {
    match error {
        Error::Io { file, .. } if file.ends_with("-wal") => {
            "; move it away and put the log back that was here, or save what the page file holds: `tosumu salvage FILE NEW`"
        }
        _ => "; name the file itself that is meant",
    }
}

/// What a finding says to do, as commands to copy: the engine does not name a file's folders. A path that a shell would take apart
/// stays the name that the engine quoted.
pub fn name_commands(path: &Path, finding: &mut Finding) {
    let Some(next) = &mut finding.next else { return };
    let shown = shown_path(path);
    let is_plain = !shown.contains(|letter: char| letter.is_whitespace() || "'\"\\$`".contains(letter));
    if let (true, Some(name)) = (is_plain, path.file_name().and_then(|name| name.to_str())) {
        *next = next.replace(&format!("`tosumu scan {name} "), &format!("`tosumu scan {shown} "));
    }
}

fn finding_text(path: &Path, finding: &Finding) -> String {
    let file = finding.file.as_deref().map_or_else(|| shown_path(path), |name| as_user_wrote(path, name));
    let mut text = file;
    if let Some(page) = finding.page {
        text.push_str(&format!(", page {page}"));
    }
    if let (Some(start), Some(end)) = (finding.byte_start, finding.byte_end)
        && start < end
    {
        text.push_str(&format!(", bytes {start}-{}", end - 1));
    }
    text.push_str(&format!(": {}", finding.why));
    if let Some(next) = &finding.next {
        text.push_str(&format!(" {next}"));
    }
    text
}

/// The path of the page file or its log, from the name that the engine gives; other names stay. Behind a symbolic link the
/// engine works on, and names, the file that the link leads to.
fn as_user_wrote(path: &Path, name: &str) -> String {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    for place in [path, &target] {
        let Some(own) = place.file_name().map(|own| own.to_string_lossy()) else { continue };
        match name.strip_prefix(&*own) {
            Some("") => return shown_path(path),
            Some("-wal") => return shown_path(place) + "-wal",
            _ => {}
        }
    }
    name.to_owned()
}
