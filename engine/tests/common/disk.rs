//! A disk that stands before another one. Every call goes through to the disk below but those that a test meddles with, so
//! that each test says only what is wrong with its disk.

use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tosumu::vfs::{LockKind, OpenMode, Vfs, VfsFile, file_name};

/// A file of the disk below, and its name without folders.
pub struct Below {
    pub name: String,
    file: Arc<dyn VfsFile>,
}

impl Deref for Below {
    type Target = dyn VfsFile;

    fn deref(&self) -> &Self::Target {
        &*self.file
    }
}

/// What a test does with the calls of a disk.
pub trait Meddle: Clone + Send + Sync + 'static {
    /// The disk below.
    fn below(&self) -> &dyn Vfs;

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        self.below().open(path, mode)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.below().exists(path)
    }
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.below().link_new(from, to)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.below().rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.below().remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.below().sync_dir(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.below().list(folder)
    }
    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        file.read_at(offset, buffer)
    }
    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        file.write_at(offset, data)
    }
    fn len(&self, file: &Below) -> io::Result<u64> {
        file.len()
    }
    fn set_len(&self, file: &Below, length: u64) -> io::Result<()> {
        file.set_len(length)
    }
    fn sync_data(&self, file: &Below) -> io::Result<()> {
        file.sync_data()
    }
    fn try_lock(&self, file: &Below, kind: LockKind) -> io::Result<bool> {
        file.try_lock(kind)
    }
    /// A disk that is meddled with says nothing of its holes unless a test wants it to, so that every byte is read.
    fn next_data(&self, _: &Below, offset: u64) -> u64 {
        offset
    }
}

/// The disk that is meddled with.
pub fn meddled(with: impl Meddle) -> Arc<dyn Vfs> {
    Arc::new(Disk(with))
}

struct Disk<M>(M);

impl<M: Meddle> Vfs for Disk<M> {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let below = Below { name: file_name(path), file: self.0.open(path, mode)? };
        Ok(Arc::new(DiskFile { below, meddle: self.0.clone() }))
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.exists(path)
    }
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.link_new(from, to)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.0.sync_dir(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.0.list(folder)
    }
    fn resolve(&self, path: &Path) -> PathBuf {
        self.0.below().resolve(path)
    }
}

struct DiskFile<M> {
    below: Below,
    meddle: M,
}

impl<M: Meddle> VfsFile for DiskFile<M> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.meddle.read_at(&self.below, offset, buffer)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        self.meddle.write_at(&self.below, offset, data)
    }
    fn len(&self) -> io::Result<u64> {
        self.meddle.len(&self.below)
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.meddle.set_len(&self.below, length)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.meddle.sync_data(&self.below)
    }
    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        self.meddle.try_lock(&self.below, kind)
    }
    fn next_data(&self, offset: u64) -> u64 {
        self.meddle.next_data(&self.below, offset)
    }
    fn identity(&self) -> Option<(u64, u64)> {
        self.below.identity()
    }
    fn lock_holder(&self) -> Option<String> {
        self.below.lock_holder()
    }
}
