//! Files in memory: nothing is ever lost, nothing ever fails. For tests and for looking at bytes that are no file.

use super::{LockKind, OpenMode, Vfs, VfsFile, bytes, file_name, lock_table::LockTable};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{io, io::ErrorKind};

/// Files in memory; a clone shares them.
#[derive(Clone, Default)]
pub struct MemoryVfs {
    files: Arc<Mutex<BTreeMap<PathBuf, Arc<Content>>>>,
    opened: Arc<AtomicU64>,
}

/// One file, however many names it has.
#[derive(Default)]
struct Content {
    bytes: Mutex<Vec<u8>>,
    locks: Mutex<LockTable>,
}

impl MemoryVfs {
    /// A place without files.
    pub fn new() -> MemoryVfs {
        MemoryVfs::default()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Arc<Content>>> {
        lock(&self.files)
    }
}

impl Vfs for MemoryVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let mut files = self.files();
        let content = match (mode, files.get(path)) {
            (OpenMode::CreateNew, Some(_)) => return Err(ErrorKind::AlreadyExists.into()),
            (OpenMode::CreateNew, None) => files.entry(path.to_owned()).or_default().clone(),
            (_, Some(content)) => content.clone(),
            (_, None) => return Err(ErrorKind::NotFound.into()),
        };
        let id = self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(MemoryFile { content, id, writable: mode != OpenMode::Read }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.files().contains_key(path))
    }

    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files();
        let content = files.get(from).cloned().ok_or(ErrorKind::NotFound)?;
        if files.contains_key(to) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files();
        let content = files.remove(from).ok_or(ErrorKind::NotFound)?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files().remove(path).map(drop).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Folders are not kept: one that holds no file is empty, not missing.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let files = self.files();
        Ok(files.keys().filter(|path| path.parent() == Some(folder)).map(|path| file_name(path)).collect())
    }
}

struct MemoryFile {
    content: Arc<Content>,
    id: u64,
    writable: bool,
}

impl MemoryFile {
    fn bytes_to_change(&self) -> io::Result<MutexGuard<'_, Vec<u8>>> {
        if self.writable { Ok(lock(&self.content.bytes)) } else { Err(bytes::read_only()) }
    }
}

impl VfsFile for MemoryFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(bytes::read(&lock(&self.content.bytes), offset, buffer))
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        bytes::write(&mut *self.bytes_to_change()?, offset, data)?;
        Ok(data.len())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(lock(&self.content.bytes).len() as u64)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        bytes::set_len(&mut *self.bytes_to_change()?, length)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn next_data(&self, offset: u64) -> u64 {
        bytes::next_data(&lock(&self.content.bytes), offset)
    }

    fn identity(&self) -> Option<(u64, u64)> {
        Some((0, Arc::as_ptr(&self.content).addr() as u64))
    }

    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        Ok(lock(&self.content.locks).try_lock(self.id, kind))
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        lock(&self.content.locks).release(self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::conformance;

    #[test]
    fn files_in_memory_behave_as_the_trait_says() {
        conformance::check(&MemoryVfs::new(), Path::new("folder"));
    }

    #[test]
    fn a_clone_shares_the_files() {
        let first = MemoryVfs::new();
        first.clone().open(Path::new("a"), OpenMode::CreateNew).unwrap().write_at(0, b"x").unwrap();
        assert_eq!(first.open(Path::new("a"), OpenMode::Read).unwrap().len().unwrap(), 1);
    }
}
