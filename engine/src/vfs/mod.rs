//! The disk as a trait. Real files, memory, the simulated disk and the traced decorator are ordinary implementations of
//! it; only `os.rs` touches `std::fs`.
//!
//! Reads and writes are positional and may be short, as the operating system's are: callers use [`read_exact_at`],
//! [`read_up_to`] and [`write_all_at`], which loop and take `Interrupted` as "again".

mod bytes;
#[cfg(test)]
mod conformance;
mod lock_table;
mod memory;
mod os;
mod sim;
mod traced;

pub use memory::MemoryVfs;
pub use os::OsVfs;
pub use sim::{
    CrashModel, CrashPlan, DiskImage, Fault, FaultKind, FaultSpan, FileImage, Filling, NameChange, NumberedWrite,
    PendingUnit, PendingWrite, PlanBounds, PosixPlan, SimVfs, StopEvent, StopFile, StopPoint, StopRegion, StopWhen,
};
pub use traced::TracedVfs;

use std::path::{Path, PathBuf};
use std::{io, sync::Arc};

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenMode {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// A new file, for reading and writing; fails with `AlreadyExists` when one is there.
    CreateNew,
}

/// A place that holds files.
pub trait Vfs: Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>>;
    /// Whether a file of this name is there.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Gives the file `from` the further name `to`; fails with `AlreadyExists` when that is taken.
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Renames, replacing a file of the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a name.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in the folder that holds `path` durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// The names of the files in `folder`, sorted; `NotFound` when there is no such folder. A place that cannot list says
    /// `Unsupported`.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let _ = folder;
        Err(io::ErrorKind::Unsupported.into())
    }
    /// The path that a symbolic link at `path` leads to; `path` itself when there is none. A log stands beside the file that
    /// is meant, whatever name led there: found beside a link only, it would be missing to whoever opens the file itself.
    fn resolve(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

impl<V: Vfs + ?Sized> Vfs for Arc<V> {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        (**self).open(path, mode)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        (**self).exists(path)
    }

    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        (**self).link_new(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        (**self).rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        (**self).remove(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        (**self).sync_dir(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        (**self).list(folder)
    }

    fn resolve(&self, path: &Path) -> PathBuf {
        (**self).resolve(path)
    }
}

/// The two locks of a file: any number of shared ones, or one exclusive one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockKind {
    /// A reader's: no writer meanwhile.
    Shared,
    /// The writer's.
    Exclusive,
}

/// An open file.
pub trait VfsFile: Send + Sync {
    /// Reads at `offset` into `buffer`; returns how many bytes, 0 at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes at `offset`; returns how many bytes were taken. Extends the file when it ends before.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// True when the file holds no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Sets the length in bytes; new bytes are zero.
    fn set_len(&self, length: u64) -> io::Result<()>;
    /// Makes the bytes, and the length needed to read them, durable (fdatasync).
    fn sync_data(&self) -> io::Result<()>;
    /// Takes a lock, which belongs to this open file; false when another open file's lock stands against it.
    fn try_lock(&self, kind: LockKind) -> io::Result<bool>;
    /// Where the next byte at or behind `offset` stands that may be other than zero: all between reads as zeros. `u64::MAX` when
    /// there is none. Whoever looks through a file with a hole of gigabytes passes over it; a disk that cannot say where its
    /// holes are gives `offset`, and then they are read.
    fn next_data(&self, offset: u64) -> u64 {
        offset
    }
    /// What tells this file from every other that is open or has a name, whatever its name; `None` when the disk cannot say.
    fn identity(&self) -> Option<(u64, u64)> {
        None
    }
    /// Who holds a lock of this file, in words for a person: `process 1234 (tosumu)`. `None` when nobody does, or when that
    /// cannot be told.
    fn lock_holder(&self) -> Option<String> {
        None
    }
}

/// Fills `buffer` from `offset`; `UnexpectedEof` when the file ends before.
pub fn read_exact_at(file: &dyn VfsFile, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    match read_up_to(file, offset, buffer)? {
        read if read == buffer.len() => Ok(()),
        read => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("the file ends at byte {} and {} more are needed", offset + read as u64, buffer.len() - read),
        )),
    }
}

/// Reads at `offset` until `buffer` is full or the file ends; returns how many bytes were read.
pub fn read_up_to(file: &dyn VfsFile, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(offset + read as u64, &mut buffer[read..]) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Writes all of `data` at `offset`.
pub fn write_all_at(file: &dyn VfsFile, offset: u64, data: &[u8]) -> io::Result<()> {
    let mut written = 0;
    while written < data.len() {
        match file.write_at(offset + written as u64, &data[written..]) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::WriteZero, "the file takes no more bytes")),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The name of a file without its folders: all that events and findings say of a place on a machine.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.to_string_lossy().into_owned(), |name| name.to_string_lossy().into_owned())
}
