//! What ends with a handle: the thread that makes its checkpoints, and what is tidied when the last clone is dropped.

use super::checkpoint::{CheckpointMode, checkpoint, checkpoint_of_a_long_log};
use super::options::{AutoCheckpoint, CheckpointOnClose};
use crate::error::{Error, Result};
use crate::sync::thread::{self, JoinHandle};
use crate::txn::{Busy, Store, WriterSlot};
use std::sync::Arc;
use std::time::Duration;

/// How long the thread that makes checkpoints waits for the writer before it looks whether the handle is being closed.
const PATIENCE: Duration = Duration::from_millis(50);

/// Shared by the clones of a handle that may write; its drop closes it.
pub(super) struct Closing {
    store: Arc<Store>,
    writer: Arc<WriterSlot>,
    on_close: CheckpointOnClose,
    checkpoints: Option<JoinHandle<()>>,
}

impl Closing {
    pub fn new(
        store: Arc<Store>,
        writer: Arc<WriterSlot>,
        checkpoints: AutoCheckpoint,
        on_close: CheckpointOnClose,
    ) -> Result<Closing> {
        let checkpoints = match checkpoints {
            AutoCheckpoint::Background => Some(start(store.clone(), writer.clone())?),
            AutoCheckpoint::Inline | AutoCheckpoint::Off => None,
        };
        Ok(Closing { store, writer, on_close, checkpoints })
    }
}

impl Drop for Closing {
    /// A transaction that is still open has the writer and goes on with it; then nothing is tidied here, which is no loss.
    fn drop(&mut self) {
        self.store.bell.close();
        if let Some(thread) = self.checkpoints.take() {
            // Dropped by a sink that the thread itself called, it is that thread's to go home.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
        let Ok(mut writer) = self.writer.take(Busy::Fail) else { return };
        if self.store.commits.check_sound().is_err() {
            return;
        }
        if self.on_close == CheckpointOnClose::Yes {
            // Nobody is left to be told of a failure, and the log is whole: whoever opens the file next reads it through.
            let _ = checkpoint(&self.store, &mut writer, CheckpointMode::Passive);
        }
        writer.cut_spent_log();
    }
}

fn start(store: Arc<Store>, writer: Arc<WriterSlot>) -> Result<JoinHandle<()>> {
    let name = store.page_file.name().to_owned();
    thread::Builder::new()
        .name("tosumu checkpoints".to_owned())
        .spawn(move || work(&store, &writer))
        .map_err(|source| Error::io("starting the thread of checkpoints for", &name, source))
}

/// Folds the log each time it is said to have grown too long. What fails here, fails again and is told where a checkpoint
/// is asked for, or where a transaction finds the log much too long.
fn work(store: &Store, slot: &Arc<WriterSlot>) {
    while store.bell.listen() {
        let mut writer = loop {
            if store.bell.is_closing() {
                return;
            }
            if let Ok(writer) = slot.take(Busy::Wait(PATIENCE)) {
                break writer;
            }
        };
        if writer.log_bytes() > writer.log_bytes_checkpoint {
            let _ = checkpoint_of_a_long_log(store, &mut writer);
        }
    }
}
