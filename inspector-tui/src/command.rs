//! What the model asks of the world outside: only the runtime does these.

use crate::file_work::Key;
use crate::keep::Ask;
use crate::labs::twin::Difference;
use crate::lesson::{Predict, ScriptLine, Standing, Task};
use crate::message::Sample;
use crate::timeline::Operation;
use std::path::PathBuf;
use std::sync::Arc;
use tosumu::script::Left;
use tosumu::trace::Event;
use tosumu::types::PageNo;

/// Whether a file of the same name may give way to a new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overwrite {
    /// It may not.
    Refuse,
    /// It may.
    Allow,
}

/// A piece of a lesson to be played.
#[derive(Clone, PartialEq, Debug)]
pub struct Piece {
    /// The store it finds.
    pub standing: Standing,
    /// What is done to it.
    pub lines: Vec<ScriptLine>,
    /// What is asked about that.
    pub predicts: Vec<Predict>,
}

/// Something for the runtime to do.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Leave the program.
    Quit,
    /// Make the sample store.
    MakeLab(Sample),
    /// Run operations at the end of a branch.
    Run {
        /// The branch.
        branch: usize,
        /// The operation; several stand one on a line.
        line: String,
    },
    /// Bring an engine to an instant: the operations `lines` again, then `line`.
    Replay {
        /// The branch it is for: a new one, or one whose engine is ahead.
        branch: usize,
        /// What the power cut struck and what it left, when one stands before the operations: they come after it.
        crashed: Option<(Vec<Arc<Event>>, Left)>,
        /// The operations up to the instant left.
        lines: Vec<String>,
        /// So many events the new branch shares with the one it leaves.
        shared: usize,
        /// The new operation; several stand one on a line.
        line: String,
    },
    /// Begin a branch: these events, then the power goes.
    Crash {
        /// The new branch.
        branch: usize,
        /// The events up to the instant.
        events: Vec<Arc<Event>>,
        /// What is left of unsynced writes.
        left: Left,
    },
    /// Read a file at rest.
    LoadFile(PathBuf),
    /// Read a file of the gallery.
    LoadFixture(usize),
    /// Read a file of the gallery that does not tell its name.
    LoadUnnamed(usize),
    /// Verify the file again.
    Verify,
    /// End the verification that runs.
    StopVerify,
    /// Say which lie a page of the file is.
    Probe(PageNo),
    /// Draw everything anew.
    Redraw,
    /// Read a file to compare with the one in front.
    LoadOther(PathBuf),
    /// Read a script, to run its lines.
    ReadScript(PathBuf),
    /// Write a branch as a script.
    SaveScript {
        /// The file.
        path: PathBuf,
        /// The branch's name.
        name: String,
        /// The operations; the worker knows what belongs at the head.
        lines: Vec<String>,
        /// Whether a file of that name may give way.
        overwrite: Overwrite,
    },
    /// Read or write something that outlives the program.
    Keep(Ask),
    /// Compute the crash grid of an operation; [`Command::StopVerify`] ends it.
    CrashGrid {
        /// The branch it is of.
        branch: usize,
        /// The events up to the operation's end.
        events: Vec<Arc<Event>>,
        /// The operation.
        operation: Operation,
    },
    /// Play a piece of a lesson: its store takes the place of the one in front.
    PlayPiece(Box<Piece>),
    /// Look how far a task is.
    CheckTask {
        /// The branch it is done on.
        branch: usize,
        /// The task.
        task: Box<Task>,
    },
    /// Tell lies to a copy of the store as these events left it; [`Command::StopVerify`] ends it.
    TellLies {
        /// The events.
        events: Vec<Arc<Event>>,
    },
    /// Run two engines with one difference; [`Command::StopVerify`] ends it.
    Twin {
        /// The operations.
        lines: Vec<String>,
        /// The difference.
        difference: Difference,
    },
    /// Read all of the file in the background, from where it was left, or from its beginning.
    ReadOn(ReadFrom),
    /// End the reading in the background.
    StopReading,
    /// Look at the file again whenever it changes, or no more.
    Follow(Following),
    /// Open the file with a key.
    Unlock(Key),
}

impl Command {
    /// Whether the worker does it; the others are about a screen, or about what goes on beside the worker.
    pub fn is_for_the_worker(&self) -> bool {
        !matches!(
            self,
            Command::Quit | Command::Redraw | Command::StopVerify | Command::StopReading | Command::Follow(_)
        )
    }
}

/// From where a file is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadFrom {
    /// From its beginning.
    Beginning,
    /// From where it was left.
    WhereItWasLeft,
}

/// Whether a file is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Following {
    /// It is.
    On,
    /// It is no more.
    Off,
}
