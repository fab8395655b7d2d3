//! What the model asks of the world outside: only the runtime does these.

use crate::message::Sample;
use std::path::PathBuf;
use std::sync::Arc;
use tosumu::trace::Event;
use tosumu::types::PageNo;

/// Something for the runtime to do.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Leave the program.
    Quit,
    /// Make the sample store.
    MakeLab(Sample),
    /// Run an operation at the end of a branch.
    Run {
        /// The branch.
        branch: usize,
        /// The operation.
        line: String,
    },
    /// Begin a branch: the operations `lines` again, then `line`.
    Replay {
        /// The new branch.
        branch: usize,
        /// What the power cut struck, when one stands before the operations: they come after it.
        crashed: Option<Vec<Arc<Event>>>,
        /// The operations up to the instant left.
        lines: Vec<String>,
        /// So many events the new branch shares with the one it leaves.
        shared: usize,
        /// The new operation.
        line: String,
    },
    /// Begin a branch: these events, then the power goes.
    Crash {
        /// The new branch.
        branch: usize,
        /// The events up to the instant.
        events: Vec<Arc<Event>>,
    },
    /// Read a file at rest.
    LoadFile(PathBuf),
    /// Read a file of the gallery.
    LoadFixture(usize),
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
}
