//! What happens between two threads at one chosen instant: while one waits for the disk, the other does all of its work.

use crate::{PATH, options};
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tosumu::CheckpointMode;
use tosumu::vfs::{LockKind, OpenMode, SimVfs, Vfs, VfsFile};

/// A disk that runs something once, before the next read of the page file, and waits a moment for its end.
#[derive(Clone)]
struct Interrupted {
    sim: SimVfs,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

type Meanwhile = Box<dyn FnOnce() -> Receiver<()> + Send>;

struct InterruptedFile {
    file: Arc<dyn VfsFile>,
    disk: Interrupted,
    is_page_file: bool,
}

impl Vfs for Interrupted {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let file = self.sim.open(path, mode)?;
        Ok(Arc::new(InterruptedFile { file, disk: self.clone(), is_page_file: path.ends_with(PATH) }))
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.sim.exists(path)
    }
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.sim.link_new(from, to)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.sim.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.sim.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.sim.sync_dir(path)
    }
}

impl VfsFile for InterruptedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let meanwhile = if self.is_page_file { self.disk.meanwhile.lock().unwrap().take() } else { None };
        if let Some(meanwhile) = meanwhile {
            // Whoever must not end before this read has none; whoever may is done at once.
            let _ = meanwhile().recv_timeout(Duration::from_millis(200));
        }
        self.file.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        self.file.write_at(offset, data)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        self.file.try_lock(kind)
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
    let db = options(&disk.sim, 2).vfs(Arc::new(disk.clone())).cache_bytes(0).open(PATH).unwrap();
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
