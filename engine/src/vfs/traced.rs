//! A disk that tells what was done to it. It decorates any other; it never changes what a call does.

use super::{OpenMode, Vfs, VfsFile, file_name};
use crate::trace::{Event, Tracer};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Emits an event after each call that changed `V`. Reads and failed calls emit nothing.
pub struct TracedVfs<V> {
    inner: V,
    tracer: Tracer,
    names: Mutex<Names>,
}

/// Which name the events of an open file should say: a file renamed while open is told of by its new name.
#[derive(Default)]
struct Names {
    open: Vec<Weak<Mutex<String>>>,
    /// Further names: what was linked, to what.
    links: Vec<(String, String)>,
}

impl Names {
    fn rename_open(&mut self, from: &str, to: &str) {
        self.open.retain(|name| name.strong_count() > 0);
        for name in self.open.iter().filter_map(Weak::upgrade) {
            let mut name = lock(&name);
            if *name == from {
                to.clone_into(&mut name);
            }
        }
    }

    /// The other name of a file that is about to lose `gone`.
    fn other_name(&mut self, gone: &str) -> Option<String> {
        let at = self.links.iter().position(|(from, to)| from == gone || to == gone)?;
        let (from, to) = self.links.remove(at);
        Some(if from == gone { to } else { from })
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
        let name = Arc::new(Mutex::new(file_name(path)));
        let mut names = lock(&self.names);
        names.open.retain(|name| name.strong_count() > 0);
        names.open.push(Arc::downgrade(&name));
        drop(names);
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
        lock(&self.names).rename_open(&from, &to);
        self.tracer.emit(|_| Event::FileRenamed { from, to });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)?;
        let file = file_name(path);
        let mut names = lock(&self.names);
        if let Some(other) = names.other_name(&file) {
            names.rename_open(&file, &other);
        }
        drop(names);
        self.tracer.emit(|_| Event::FileRemoved { file });
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_dir(path)?;
        self.tracer.emit(|_| Event::DirectorySynced);
        Ok(())
    }
}

struct TracedFile {
    inner: Arc<dyn VfsFile>,
    tracer: Tracer,
    name: Arc<Mutex<String>>,
}

impl TracedFile {
    fn name(&self) -> String {
        lock(&self.name).clone()
    }
}

impl VfsFile for TracedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        let count = self.inner.write_at(offset, data)?;
        let taken = data.get(..count).unwrap_or(data);
        self.tracer.emit(|detail| Event::FileWritten {
            file: self.name(),
            offset,
            bytes: taken.len() as u64,
            data: detail.data(taken),
        });
        Ok(count)
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.inner.set_len(length)?;
        self.tracer.emit(|_| Event::FileLengthSet { file: self.name(), length });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.inner.sync_data()?;
        self.tracer.emit(|_| Event::FileSynced { file: self.name() });
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.inner.try_lock()
    }
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
}
