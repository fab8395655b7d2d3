//! A disk that tells what was done to it. It decorates any other; it never changes what a call does.

use super::{LockKind, OpenMode, SimVfs, Vfs, VfsFile, file_name};
use crate::trace::{Detail, Event, Tracer};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Emits an event after each call that changed `V`. Reads and failed calls emit nothing; a call of the simulated disk that
/// took effect right before the power went is told too, though its caller sees it fail.
pub struct TracedVfs<V> {
    inner: V,
    tracer: Tracer,
    names: Mutex<Names>,
}

/// Which name the events of an open file should say: a file renamed while open is told of by its new name, and one that
/// lost its last name no longer matters.
#[derive(Default)]
struct Names {
    open: Vec<Weak<Mutex<Option<String>>>>,
    /// Further names: what was linked, to what.
    links: Vec<(String, String)>,
}

impl Names {
    fn opened(&mut self, name: String) -> Arc<Mutex<Option<String>>> {
        let name = Arc::new(Mutex::new(Some(name)));
        self.open.retain(|name| name.strong_count() > 0);
        self.open.push(Arc::downgrade(&name));
        name
    }

    fn renamed(&mut self, from: &str, to: &str) {
        if from == to {
            return;
        }
        self.removed(to);
        self.call_open_files(from, Some(to));
        for (first, second) in &mut self.links {
            [first, second].into_iter().filter(|name| *name == from).for_each(|name| to.clone_into(name));
        }
    }

    /// Open files that lose this name are called by another of theirs, if they have one.
    fn removed(&mut self, gone: &str) {
        let link = self.links.iter().position(|(from, to)| from == gone || to == gone);
        let other = link.map(|link| self.links.remove(link)).map(|(from, to)| if from == gone { to } else { from });
        self.call_open_files(gone, other.as_deref());
    }

    fn call_open_files(&self, from: &str, to: Option<&str>) {
        for name in self.open.iter().filter_map(Weak::upgrade) {
            let mut name = lock(&name);
            if name.as_deref() == Some(from) {
                *name = to.map(str::to_owned);
            }
        }
    }
}

impl<V: Vfs> TracedVfs<V> {
    /// Tells `tracer` what is done to `inner`.
    pub fn new(inner: V, tracer: Tracer) -> TracedVfs<V> {
        TracedVfs { inner, tracer, names: Mutex::default() }
    }
}

impl<V: Vfs> Vfs for TracedVfs<V> {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let inner = self.inner.open(path, mode)?;
        let name = lock(&self.names).opened(file_name(path));
        if mode == OpenMode::CreateNew {
            self.tracer.emit(|_| Event::FileCreated { file: file_name(path) });
        }
        Ok(Arc::new(TracedFile { inner, tracer: self.tracer.clone(), name }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.inner.exists(path)
    }

    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.link_new(from, to)?;
        let (from, to) = (file_name(from), file_name(to));
        lock(&self.names).links.push((from.clone(), to.clone()));
        self.tracer.emit(|_| Event::FileLinked { from, to });
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)?;
        let (from, to) = (file_name(from), file_name(to));
        lock(&self.names).renamed(&from, &to);
        self.tracer.emit(|_| Event::FileRenamed { from, to });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)?;
        let file = file_name(path);
        lock(&self.names).removed(&file);
        self.tracer.emit(|_| Event::FileRemoved { file });
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.inner.list(folder)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_dir(path)?;
        self.tracer.emit(|_| Event::DirectorySynced);
        Ok(())
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        self.inner.resolve(path)
    }
}

struct TracedFile {
    inner: Arc<dyn VfsFile>,
    tracer: Tracer,
    name: Arc<Mutex<Option<String>>>,
}

impl TracedFile {
    /// Emits an event that says the file's name, while it has one.
    fn emit(&self, event: impl FnOnce(Detail, String) -> Event) {
        if let Some(file) = lock(&self.name).clone() {
            self.tracer.emit(|detail| event(detail, file));
        }
    }
}

impl VfsFile for TracedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        let written = self.inner.write_at(offset, data);
        if !took_effect(&written) {
            return written;
        }
        let taken = written.as_ref().map_or(data, |&count| data.get(..count).unwrap_or(data));
        self.emit(|detail, file| Event::FileWritten {
            file,
            offset,
            bytes: taken.len() as u64,
            data: detail.data(taken),
        });
        written
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.inner.set_len(length)?;
        self.emit(|_, file| Event::FileLengthSet { file, length });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let synced = self.inner.sync_data();
        if took_effect(&synced) {
            self.emit(|_, file| Event::FileSynced { file });
        }
        synced
    }

    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        self.inner.try_lock(kind)
    }

    fn next_data(&self, offset: u64) -> u64 {
        self.inner.next_data(offset)
    }

    fn identity(&self) -> Option<(u64, u64)> {
        self.inner.identity()
    }

    fn lock_holder(&self) -> Option<String> {
        self.inner.lock_holder()
    }
}

fn took_effect<T>(result: &io::Result<T>) -> bool {
    result.as_ref().err().is_none_or(SimVfs::took_effect)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Recorder;
    use crate::vfs::{MemoryVfs, conformance};

    fn traced() -> (TracedVfs<MemoryVfs>, Arc<Recorder>) {
        let recorder = Recorder::new();
        (TracedVfs::new(MemoryVfs::new(), Tracer::new(recorder.clone())), recorder)
    }

    fn words(recorder: &Recorder) -> Vec<&'static str> {
        recorder.events_from(0).iter().map(|event| event.word()).collect()
    }

    #[test]
    fn a_traced_disk_behaves_as_the_trait_says() {
        conformance::check(&traced().0, Path::new("folder"));
    }

    #[test]
    fn what_changed_is_told_and_what_failed_is_not() {
        let (vfs, recorder) = traced();
        let file = vfs.open(Path::new("x/a"), OpenMode::CreateNew).unwrap();
        file.write_at(3, b"abc").unwrap();
        file.read_at(0, &mut [0; 3]).unwrap();
        file.sync_data().unwrap();
        vfs.remove(Path::new("x/b")).unwrap_err();
        vfs.sync_dir(Path::new("x/a")).unwrap();
        assert_eq!(words(&recorder), ["create", "write", "SYNC", "DIRSYNC"]);
        let written =
            Event::FileWritten { file: "a".into(), offset: 3, bytes: 3, data: Some(b"abc".as_slice().into()) };
        assert_eq!(*recorder.events_from(1)[0], written);
    }

    #[test]
    fn a_file_renamed_while_open_is_told_of_by_its_new_name() {
        let (vfs, recorder) = traced();
        let renamed = vfs.open(Path::new("a"), OpenMode::CreateNew).unwrap();
        vfs.rename(Path::new("a"), Path::new("b")).unwrap();
        renamed.sync_data().unwrap();
        vfs.link_new(Path::new("b"), Path::new("c")).unwrap();
        vfs.remove(Path::new("b")).unwrap();
        renamed.sync_data().unwrap();
        let synced: Vec<_> = recorder
            .events_from(0)
            .iter()
            .filter_map(|event| match &**event {
                Event::FileSynced { file } => Some(file.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(synced, ["b", "c"]);
    }

    #[test]
    fn a_file_without_any_name_is_told_of_no_more() {
        let (vfs, recorder) = traced();
        let replaced = vfs.open(Path::new("a"), OpenMode::CreateNew).unwrap();
        vfs.open(Path::new("b"), OpenMode::CreateNew).unwrap();
        vfs.rename(Path::new("b"), Path::new("a")).unwrap();
        replaced.write_at(0, b"nobody sees this").unwrap();
        assert_eq!(words(&recorder), ["create", "create", "rename"]);
    }
}
