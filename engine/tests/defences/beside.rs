//! What happens between two threads at one chosen instant: while one waits for the disk, the other does all of its work.

use crate::common::disk::{Below, Meddle, meddled};
use crate::{PATH, options};
use std::io;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tosumu::CheckpointMode;
use tosumu::vfs::{SimVfs, Vfs};

/// A disk that runs something once, before the next read of the page file, and waits a moment for its end.
#[derive(Clone)]
struct Interrupted {
    sim: SimVfs,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

type Meanwhile = Box<dyn FnOnce() -> Receiver<()> + Send>;

impl Meddle for Interrupted {
    fn below(&self) -> &dyn Vfs {
        &self.sim
    }
    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let meanwhile = if file.name == PATH { self.meanwhile.lock().unwrap().take() } else { None };
        if let Some(meanwhile) = meanwhile {
            // Whoever must not end before this read has none; whoever may is done at once.
            let _ = meanwhile().recv_timeout(Duration::from_millis(200));
        }
        file.read_at(offset, buffer)
    }
}

/// Rule 6, for who reads without a snapshot. The root is in the page file and older than a leaf in the log: a checkpoint seals
/// it again.
#[test]
pub(super) fn a_checkpoint_waits_for_figures_that_are_being_read() {
    let disk = Interrupted { sim: SimVfs::new(1), meanwhile: Arc::default() };
    let key = |number: u32| format!("{number:03}").into_bytes();
    let db = options(&disk.sim, 1).create(true).open(PATH).unwrap();
    db.write(|tx| (0..60).try_for_each(|number| tx.put(&key(number), &[7; 40]))).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    db.write(|tx| tx.put(&key(0), b"new")).unwrap();
    drop(db);
    let db = options(&disk.sim, 2).vfs(meddled(disk.clone())).cache_bytes(0).open(PATH).unwrap();
    let folding = db.clone();
    *disk.meanwhile.lock().unwrap() = Some(Box::new(move || {
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = folding.checkpoint(CheckpointMode::Full { wait: Duration::from_secs(5) });
            let _ = ended.send(());
        });
        end
    }));
    let height = db.stats().map(|stats| stats.tree_height);
    assert!(disk.meanwhile.lock().unwrap().is_none(), "the root was read from the page file");
    assert_eq!(height.unwrap(), 2);
}
