//! The write-ahead log: a header, then sealed pages and commit records, each bound to the one before by a keyed MAC.
//!
//! The log vouches for every page newer than the last checkpoint; the tree of seals vouches for the page file as of it.
//! `scan` reads a log and tells a torn tail from rot, `recovery` says what the log means beside its page file, `append`
//! writes, `index` remembers where the newest sealed form of each page stands. The log knows no tree.
//!
//! ```text
//! 0        512                                  1024·k
//! | header | frame frame … commit 000 | frame … commit 0000 | zeros, or an older generation
//!            └────── commit 1 ──────┘   └──── commit 2 ────┘  each begins on a sector of its own
//! ```

mod append;
mod archive;
mod index;
mod recovery;
mod scan;

pub(crate) use append::{AppendError, Appended, Commit, Frames, Log, LogSpace, read_frame};
pub(crate) use archive::{Archive, Part, PartKind, parts as archive_parts};
pub(crate) use index::{FramePlace, LogGeneration, LogIndex};
pub use recovery::{LogStanding, judge, judge_without_key};
pub use scan::{CommitPlace, FrameRecord, LogScan, RecordPlace, ScanEnd, scan};
pub(crate) use scan::{Heads, RecordShape, ScanPoint, SoundRecord, Window, scan_on, sound_records};

/// The suffix that turns a page file's name into its log's.
pub const LOG_SUFFIX: &str = "-wal";

/// The name under which a log is written that takes the place of `log` when it is whole.
pub(crate) fn temporary_log_path(log: &std::path::Path) -> std::path::PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// The name of the log beside `path`.
pub fn log_path(path: &std::path::Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(LOG_SUFFIX);
    name.into()
}
