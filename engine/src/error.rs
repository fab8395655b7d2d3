//! Everything that can go wrong, in one enum: a stable code, a place, and what the caller can do.

use crate::finding::{Code, Finding};
use std::{fmt, io};

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. [`Error::code`] is stable; [`Error::kind`] says what sort of thing a caller can do about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Damage was met: the finding says what and where. Nothing was changed. (Also a file that is not ours, and keys that do not fit.)
    Damage(Box<Finding>),
    /// There is no file of this name.
    NotFound {
        /// The file.
        file: String,
    },
    /// A file of this name is there already; it was not touched.
    AlreadyExists {
        /// The file.
        file: String,
    },
    /// Another handle, as a rule another process's, has the database open for writing.
    InUse {
        /// The file.
        file: String,
        /// Who has it open, where the operating system tells: `process 1234 (tosumu)`.
        holder: Option<String>,
    },
    /// Another transaction of this handle, or a checkpoint, has not ended in time; try again, or end it first.
    Busy {
        /// What is under way, and how long it was waited for.
        why: String,
    },
    /// Input or output failed.
    Io {
        /// What was being done: `write`, `sync`, …
        doing: &'static str,
        /// The file.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A limit of [`limits`](crate::limits) was exceeded; nothing was changed.
    LimitExceeded {
        /// What is limited: `key`, `record`, …
        what: &'static str,
        /// The limit, in bytes unless `what` says otherwise.
        limit: u64,
        /// The value that exceeded it.
        value: u64,
    },
    /// The commit may or may not have happened: writing or syncing the log failed half way. The handle is poisoned; reopen to see.
    CommitIndeterminate {
        /// The file.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A change of keys may or may not have happened: writing a superblock failed half way. The handle is poisoned; reopen with
    /// the keys of before or with the new ones, and list the key slots to see.
    KeysIndeterminate {
        /// The file.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// An earlier failure left this handle unable to write. Reopen the database.
    Poisoned {
        /// What happened then.
        because: String,
    },
    /// The file is of an older format: it can be read, not written.
    OldFormat {
        /// The file.
        file: String,
        /// Its format.
        format: u32,
    },
    /// Another process folded its log into the page file while this snapshot lived, and a page of it is gone. Nothing is lost:
    /// a new snapshot sees the newest commit.
    SnapshotOvertaken {
        /// The file.
        file: String,
    },
    /// The handle, or the file, can only be read.
    ReadOnly {
        /// The file.
        file: String,
    },
    /// The commit asked for cannot be brought back.
    NoCommit {
        /// Its number.
        commit: u64,
        /// Why, and which commits there are.
        why: String,
    },
    /// A line of an export cannot be, or the export is not whole. What was committed before stays.
    BadExport {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// What is imported does not go together with what the database holds. What was committed before stays.
    Conflict {
        /// The line, counted from 1.
        line: u64,
        /// What does not go together.
        why: String,
    },
    /// The call does not fit the state: a commit without a transaction, a second writer.
    Misuse {
        /// What does not fit.
        why: String,
    },
}

/// The sorts of error, as the exit statuses of the command line tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// Damage, or a file that is not ours: exit 2.
    Damage,
    /// Not possible now: no file, no key, in use, over a limit, input or output failed: exit 3.
    Cannot,
    /// Wrong use: exit 64.
    Misuse,
}

impl Error {
    /// The stable code: a finding's, or one of `NOT-FOUND EXISTS IN-USE BUSY IO LIMIT COMMIT-INDETERMINATE KEYS-INDETERMINATE POISONED
    /// OVERTAKEN FORMAT-OLD READ-ONLY NO-COMMIT EXPORT CONFLICT MISUSE`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Damage(finding) => finding.code.as_str(),
            Error::NotFound { .. } => "NOT-FOUND",
            Error::AlreadyExists { .. } => "EXISTS",
            Error::InUse { .. } => "IN-USE",
            Error::Busy { .. } => "BUSY",
            Error::Io { .. } => "IO",
            Error::LimitExceeded { .. } => "LIMIT",
            Error::CommitIndeterminate { .. } => "COMMIT-INDETERMINATE",
            Error::KeysIndeterminate { .. } => "KEYS-INDETERMINATE",
            Error::Poisoned { .. } => "POISONED",
            Error::OldFormat { .. } => "FORMAT-OLD",
            Error::SnapshotOvertaken { .. } => "OVERTAKEN",
            Error::ReadOnly { .. } => "READ-ONLY",
            Error::NoCommit { .. } => "NO-COMMIT",
            Error::BadExport { .. } => "EXPORT",
            Error::Conflict { .. } => "CONFLICT",
            Error::Misuse { .. } => "MISUSE",
        }
    }

    /// What sort of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Damage(finding) => match finding.code {
                Code::KeyNoSlot | Code::KeyWrong | Code::FileReadError => ErrorKind::Cannot,
                _ => ErrorKind::Damage,
            },
            Error::BadExport { .. } => ErrorKind::Damage,
            Error::Misuse { .. } => ErrorKind::Misuse,
            _ => ErrorKind::Cannot,
        }
    }

    /// The same once more, for a second caller; of what the operating system said, kind and text.
    pub(crate) fn again(&self) -> Error {
        let copy = |source: &io::Error| io::Error::new(source.kind(), source.to_string());
        match self {
            Error::Damage(finding) => Error::Damage(finding.clone()),
            Error::Io { doing, file, source } => Error::Io { doing, file: file.clone(), source: copy(source) },
            Error::SnapshotOvertaken { file } => Error::SnapshotOvertaken { file: file.clone() },
            Error::NotFound { file } => Error::NotFound { file: file.clone() },
            other => Error::Misuse { why: other.to_string() },
        }
    }

    /// An input or output error on `file` while `doing` something: for a [`Vfs`](crate::vfs::Vfs) or a verb of one's own.
    pub fn io(doing: &'static str, file: &str, source: io::Error) -> Error {
        Error::Io { doing, file: file.to_owned(), source }
    }
}

impl From<Finding> for Error {
    fn from(finding: Finding) -> Self {
        Error::Damage(Box::new(finding))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Damage(finding) => finding.fmt(f),
            Error::NotFound { file } => write!(f, "{file}: there is no such file; `init` or `feed` creates one"),
            Error::AlreadyExists { file } => {
                write!(f, "{file}: is there already and was not touched; choose another name")
            }
            Error::InUse { file, holder } => {
                let holder = holder.as_deref().unwrap_or("another process");
                write!(f, "{file}: in use by {holder}, and a file takes one writer; try again when that has ended")
            }
            Error::Io { doing, file, source } => write!(f, "{file}: {doing} failed: {source}"),
            Error::LimitExceeded { what, limit, value } => {
                write!(f, "{what} is {value}, over the limit of {limit}; nothing was changed")
            }
            Error::CommitIndeterminate { file, source } => write!(
                f,
                "{file}: writing failed ({source}); the commit may or may not have happened: reopen the database to see"
            ),
            Error::KeysIndeterminate { file, source } => write!(
                f,
                "{file}: writing failed ({source}); the change of keys may or may not have happened: open it with the keys of \
                 before, or with the new ones, and list the key slots to see"
            ),
            Error::Poisoned { because } => {
                write!(f, "this handle can no longer write, because {because}; reopen the database")
            }
            Error::OldFormat { file, format } => {
                write!(f, "{file}: format {format}: can be read; `compact OLD NEW` writes it in the newest format")
            }
            Error::SnapshotOvertaken { file } => {
                write!(
                    f,
                    "{file}: another process folded its log while this snapshot lived, and a page of it is gone; nothing is lost: read again"
                )
            }
            Error::ReadOnly { file } => write!(f, "{file}: can only be read"),
            Error::NoCommit { commit, why } => write!(f, "commit {commit} cannot be brought back: {why}"),
            Error::BadExport { line, why } | Error::Conflict { line, why } => write!(f, "line {line}: {why}"),
            Error::Busy { why } | Error::Misuse { why } => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. }
            | Error::CommitIndeterminate { source, .. }
            | Error::KeysIndeterminate { source, .. } => Some(source),
            _ => None,
        }
    }
}
