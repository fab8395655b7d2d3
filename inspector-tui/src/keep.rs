//! What outlives the program: lines entered, notes, sessions, exported pictures. Plain data; only the runtime reads and writes.

use crate::complete::Typing;
use crate::lesson::Progress;
use crate::notes::Notes;
use crate::session::Restoring;
use std::path::PathBuf;

/// What notes and sessions are about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum About {
    /// The lab's sample store: its notes are kept in the program's own folder.
    #[default]
    Lab,
    /// The file that is open: its notes are kept beside it, in `FILE.notes`.
    File,
    /// The store that this script makes; notes beside the script.
    Script(PathBuf),
    /// This trace; notes beside it.
    Trace(PathBuf),
    /// A store that nothing leads back to: one begun empty.
    Nothing,
}

/// Where a session is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionAt {
    /// In the program's own folder: what is gone on with when the same thing is opened again.
    Own(About),
    /// In this file.
    File(PathBuf),
}

/// What is asked of the room where things are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// The lines of earlier runs.
    History,
    /// Remember a line.
    Remember(String),
    /// The files and folders whose path begins so.
    Paths(String),
    /// The files that were opened in earlier runs.
    RecentFiles,
    /// Read the notes.
    ReadNotes(About),
    /// Write the notes.
    WriteNotes(About, String),
    /// Write a picture to a new file of this name, or of this name with a number.
    WriteNew(PathBuf, Vec<u8>),
    /// Write a picture to this file.
    Write(PathBuf, Vec<u8>),
    /// Write a session.
    WriteSession(SessionAt, String),
    /// Read a session.
    ReadSession(SessionAt),
    /// What is remembered of lessons.
    ReadProgress,
    /// Remember lessons.
    WriteProgress(Box<Progress>),
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Done, and nothing to say.
    Done,
    /// The lines of earlier runs, oldest first.
    History(Vec<String>),
    /// What begins as was typed; folders end in `/`.
    Paths {
        /// What was typed.
        typed: String,
        /// All that begins so, in order.
        found: Vec<String>,
    },
    /// The files that were opened before, the last one first.
    RecentFiles(Vec<String>),
    /// The notes.
    Notes(String),
    /// A file was written, under this name.
    Wrote(String),
    /// A session.
    Session(String),
    /// What is remembered of lessons; or why it cannot be read.
    Progress(Result<Box<Progress>, String>),
    /// It could not be, and why.
    Failed(String),
}

/// What the model knows of all that.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// The line that is being completed or recalled.
    pub typing: Typing,
    /// The notes on what is open.
    pub notes: Notes,
    /// What is looked at, when it is no file at rest: what notes and sessions belong to.
    pub store: About,
    /// How many operations and events there were when the lab began; none before it did.
    pub made_by: Option<(usize, usize)>,
    /// What becomes of the last session of the lab when the lab is there.
    pub last_session: LastSession,
    /// Whether what is being written was told already: its name is not.
    pub is_told: bool,
    /// A session that is being brought back.
    pub restoring: Option<Restoring>,
}

/// What becomes of the last session of the lab.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LastSession {
    /// It stays where it is.
    #[default]
    Leave,
    /// It is gone on with.
    GoOn,
}
