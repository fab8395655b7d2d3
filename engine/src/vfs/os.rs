//! Real files. The only file of the engine that touches `std::fs`.

#![allow(clippy::disallowed_types, reason = "this is the one file that touches std::fs")]

use super::{LockKind, OpenMode, Vfs, VfsFile};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::{io, sync::Arc};

/// The operating system's files.
#[derive(Clone, Copy, Default, Debug)]
pub struct OsVfs;

impl Vfs for OsVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let mut options = OpenOptions::new();
        match mode {
            OpenMode::Read => options.read(true),
            OpenMode::Write => options.read(true).write(true),
            OpenMode::CreateNew => options.read(true).write(true).create_new(true),
        };
        if mode != OpenMode::CreateNew {
            check_regular(path)?;
        }
        Ok(Arc::new(OsFile(options.open(path)?)))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        sync_folder(match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        })
    }

    /// Names that are no Unicode are left out: nothing of ours has one.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    /// A link that leads nowhere stays itself; opening it says so.
    fn resolve(&self, path: &Path) -> PathBuf {
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        let target = is_link.then(|| fs::canonicalize(path).ok()).flatten();
        target.unwrap_or_else(|| path.to_owned())
    }
}

/// Asked before opening, because opening a pipe waits until somebody writes into it.
fn check_regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "this is a folder, a pipe or a device, not a regular file"))
}

#[cfg(not(windows))]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows makes names durable by itself and lets nobody open a folder for it.
#[cfg(windows)]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

struct OsFile(File);

impl Drop for OsFile {
    /// Closing alone would leave the lock to a child process that another thread has forked and that has not yet become its
    /// own program: it shares the open file until then. An error leaves what closing does.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl VfsFile for OsFile {
    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, data, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.0, data, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        let taken = match kind {
            LockKind::Shared => self.0.try_lock_shared(),
            LockKind::Exclusive => self.0.try_lock(),
        };
        match taken {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Moves the file's own position, which nothing here reads by.
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn next_data(&self, offset: u64) -> u64 {
        match rustix::fs::seek(&self.0, rustix::fs::SeekFrom::Data(offset)) {
            Ok(data) => data.max(offset),
            Err(rustix::io::Errno::NXIO) => u64::MAX,
            Err(_) => offset,
        }
    }

    #[cfg(unix)]
    fn identity(&self) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        self.0.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
    }

    #[cfg(target_os = "linux")]
    fn lock_holder(&self) -> Option<String> {
        linux::lock_holder(&self.0)
    }
}

/// Linux tells in `/proc/locks` which process holds which lock, by the file's device and inode:
///
/// ```text
/// 1: FLOCK  ADVISORY  WRITE 6399 fe:00:10010671 0 EOF
/// ```
#[cfg(target_os = "linux")]
mod linux {
    use super::{File, fs};
    use std::os::unix::fs::MetadataExt;

    /// The first process that holds a lock of `file`. What cannot be read there, in a container or a hardened system, is
    /// simply not told.
    pub(super) fn lock_holder(file: &File) -> Option<String> {
        let metadata = file.metadata().ok()?;
        let place = format!("{}:{}", device_text(metadata.dev()), metadata.ino());
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let process = locks.lines().find_map(|line| holder_in(line, &place))?;
        if process == std::process::id() {
            return Some("another handle in this process".to_owned());
        }
        Some(match fs::read_to_string(format!("/proc/{process}/comm")) {
            Ok(name) => format!("process {process} ({})", name.trim_end().escape_debug()),
            Err(_) => format!("process {process}"),
        })
    }

    /// Major and minor number as `/proc/locks` writes them, from the number that `stat` gives.
    fn device_text(device: u64) -> String {
        let major = (device >> 8) & 0xfff | (device >> 32) & !0xfff;
        let minor = device & 0xff | (device >> 12) & !0xff;
        format!("{major:02x}:{minor:02x}")
    }

    /// The process of a line about a lock that is held at `place`. A line with an arrow is of one that still waits.
    fn holder_in(line: &str, place: &str) -> Option<u32> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            [_, "FLOCK", _, _, process, at, ..] if at == place => process.parse().ok().filter(|&process| process != 0),
            _ => None,
        }
    }

    #[test]
    fn a_line_of_proc_locks_names_its_holder_and_one_who_waits_does_not() {
        let line = "1: FLOCK  ADVISORY  WRITE 6399 fe:00:10010671 0 EOF";
        assert_eq!(holder_in(line, "fe:00:10010671"), Some(6399));
        assert_eq!(holder_in(line, "fe:00:1001067"), None);
        assert_eq!(holder_in("1: -> FLOCK  ADVISORY  WRITE 6399 fe:00:1 0 EOF", "fe:00:1"), None);
        assert_eq!(holder_in("2: POSIX  ADVISORY  WRITE 6399 fe:00:1 0 EOF", "fe:00:1"), None);
        assert_eq!(device_text(65024), "fe:00");
        assert_eq!(device_text(0x0010_0812), "08:112");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::conformance;

    #[test]
    fn real_files_behave_as_the_trait_says() {
        let folder = tempfile::tempdir().unwrap();
        conformance::check(&OsVfs, folder.path());
    }

    #[test]
    fn a_folder_is_refused_with_a_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [OpenMode::Read, OpenMode::Write] {
            let error = OsVfs.open(folder.path(), mode).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_refused_and_so_is_a_pipe_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success());
        let places = [Path::new("/dev/null"), pipe.as_path()];
        for place in &places[..if made { 2 } else { 1 }] {
            assert_eq!(OsVfs.open(place, OpenMode::Read).err().unwrap().kind(), io::ErrorKind::InvalidInput);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_resolves_to_its_file_and_every_other_path_to_itself() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let [file, link, loose] = ["file", "link", "loose"].map(|name| folder.join(name));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        std::os::unix::fs::symlink("nowhere", &loose).unwrap();
        assert_eq!(OsVfs.resolve(&link), file);
        for itself in [&file, &loose, &folder.join("none")] {
            assert_eq!(&OsVfs.resolve(itself), itself);
        }
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    #[test]
    fn a_hole_is_known_without_reading_where_the_file_system_knows_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = OsVfs.open(&folder.path().join("a"), OpenMode::CreateNew).unwrap();
        file.write_at(0, b"start").unwrap();
        file.write_at(1 << 30, b"end").unwrap();
        file.set_len(1 << 31).unwrap();
        let found = file.next_data(1 << 20);
        assert!(found == 1 << 20 || found > 1 << 20 && found <= 1 << 30, "{found}");
        if found > 1 << 20 {
            assert_eq!(file.next_data(3 << 29), u64::MAX);
        }
    }

    #[test]
    fn a_missing_file_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let error = OsVfs.open(&folder.path().join("none"), OpenMode::Write).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_lock_is_given_back_though_a_child_still_shares_the_open_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"").unwrap();
        let file = OsFile(File::options().read(true).write(true).open(&path).unwrap());
        let shared_by_a_child = file.0.try_clone().unwrap();
        assert!(file.try_lock(LockKind::Exclusive).unwrap());
        drop(file);
        let next = OsVfs.open(&path, OpenMode::Write).unwrap();
        assert!(next.try_lock(LockKind::Exclusive).unwrap());
        drop(shared_by_a_child);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_holds_a_lock_is_told_while_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let [file, other] = [OpenMode::CreateNew, OpenMode::Write].map(|mode| OsVfs.open(&path, mode).unwrap());
        assert_eq!(other.lock_holder(), None);
        assert!(file.try_lock(LockKind::Exclusive).unwrap());
        assert_eq!(other.lock_holder().as_deref(), Some("another handle in this process"));
    }
}
