//! The archive: finished logs kept beside each other, and the page files that they go on from.
//!
//! ```text
//! DIR/<file_id>-3.tsm   the page file as a checkpoint left it: log 3 continues it
//! DIR/<file_id>-3.log   log 3, whole; its last commit is the seal transaction, to which log 4 is bound
//! DIR/<file_id>-4.log
//! ```
//!
//! A log is kept before the superblock is published that calls it spent; if that fails, the checkpoint fails and the log stays
//! where it is. Each file is written under a temporary name, synced, and renamed; a name that is there is whole. It never
//! removes and never shortens what an archive holds.

use crate::defence::{Defence, durable, holds};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::types::FileId;
use crate::vfs::{OpenMode, Vfs, VfsFile, file_name, read_up_to, write_all_at};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much is copied at a time, in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// The archive of one database: a folder that other databases may share.
pub(crate) struct Archive {
    vfs: Arc<dyn Vfs>,
    folder: PathBuf,
    file_id: FileId,
}

/// What a file of an archive is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum PartKind {
    /// A page file, continued by the log of its generation.
    Base,
    /// A finished log.
    Log,
}

/// One file of an archive, by its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Part {
    pub file_id: FileId,
    pub kind: PartKind,
    pub generation: u64,
}

impl Part {
    /// `<file_id>-<generation>.tsm` or `.log`.
    pub fn name(&self) -> String {
        let suffix = match self.kind {
            PartKind::Base => "tsm",
            PartKind::Log => "log",
        };
        format!("{}-{}.{suffix}", self.file_id, self.generation)
    }

    /// The part that a name says; nothing for a name that no archive gives.
    pub fn parse(name: &str) -> Option<Part> {
        let (stem, suffix) = name.rsplit_once('.')?;
        let kind = match suffix {
            "tsm" => PartKind::Base,
            "log" => PartKind::Log,
            _ => return None,
        };
        let (id, generation) = stem.split_once('-')?;
        let mut file_id = FileId::default();
        hex::decode_to_slice(id, &mut file_id.0).ok()?;
        let part = Part { file_id, kind, generation: generation.parse().ok()? };
        // Signs and leading zeros would give one part two names.
        (part.name() == name).then_some(part)
    }
}

/// Every part that stands in `folder`, of whatever database, in order.
pub(crate) fn parts(vfs: &dyn Vfs, folder: &Path) -> Result<Vec<Part>> {
    let names = vfs.list(folder).map_err(|source| Error::io("reading the folder", &file_name(folder), source))?;
    let mut parts: Vec<Part> = names.iter().filter_map(|name| Part::parse(name)).collect();
    parts.sort();
    Ok(parts)
}

impl Archive {
    /// The archive in `folder`, which must be there.
    pub fn new(vfs: Arc<dyn Vfs>, folder: &Path, file_id: FileId) -> Result<Archive> {
        parts(&*vfs, folder)?;
        Ok(Archive { vfs, folder: folder.to_owned(), file_id })
    }

    /// Keeps the first `bytes` of a finished log, durable when this returns. An archived log of this generation may be a
    /// beginning of this one, left by a checkpoint that was cut short; one with another content is refused.
    pub fn keep_log(&self, generation: u64, log: &dyn VfsFile, bytes: u64) -> Result<()> {
        let part = self.part(PartKind::Log, generation);
        let path = self.folder.join(part.name());
        if let Some(kept) = self.open_kept(&path)? {
            let kept_bytes = kept.len().map_err(|source| Error::io("length", &part.name(), source))?;
            let is_same = kept_bytes <= bytes && is_same(&*kept, log, kept_bytes, &part.name())?;
            if !holds(Defence::ArchivedLogIsTheSame, is_same) {
                return Err(fork(&part.name(), kept_bytes).into());
            }
            if kept_bytes == bytes {
                return Ok(());
            }
        }
        self.write(&path, log, bytes)
    }

    /// Keeps the page file as it stands, of `bytes`: the log of `generation`, which holds nothing yet, will continue it.
    pub fn keep_base(&self, generation: u64, page_file: &dyn VfsFile, bytes: u64) -> Result<()> {
        self.write(&self.folder.join(self.part(PartKind::Base, generation).name()), page_file, bytes)
    }

    /// Whether no page file of the archive leads, log by log, to the one that log `generation` will continue.
    pub fn needs_base(&self, generation: u64) -> Result<bool> {
        let parts: Vec<Part> =
            parts(&*self.vfs, &self.folder)?.into_iter().filter(|part| part.file_id == self.file_id).collect();
        let has = |kind, generation| parts.binary_search(&self.part(kind, generation)).is_ok();
        let mut from = generation;
        while !has(PartKind::Base, from) {
            if from == 0 || !has(PartKind::Log, from - 1) {
                return Ok(true);
            }
            from -= 1;
        }
        Ok(false)
    }

    fn part(&self, kind: PartKind, generation: u64) -> Part {
        Part { file_id: self.file_id, kind, generation }
    }

    fn open_kept(&self, path: &Path) -> Result<Option<Arc<dyn VfsFile>>> {
        match self.vfs.open(path, OpenMode::Read) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::io("open", &file_name(path), source)),
        }
    }

    fn write(&self, path: &Path, from: &dyn VfsFile, bytes: u64) -> Result<()> {
        let name = file_name(path);
        let failed = |doing: &'static str| {
            let name = name.clone();
            move |source| Error::io(doing, &name, source)
        };
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        if self.vfs.exists(&temporary).map_err(failed("looking for"))? {
            self.vfs.remove(&temporary).map_err(failed("removing a leftover of"))?;
        }
        let file = self.vfs.open(&temporary, OpenMode::CreateNew).map_err(failed("create"))?;
        copy_bytes(from, &*file, bytes, &name)?;
        // Nobody reads the copy before it is needed, and then there is no other.
        if !holds(Defence::ArchivedPartIsRead, is_same(&*file, from, bytes, &name)?) {
            return Err(failed("copying")(io::Error::other("what was written is not what is read now")));
        }
        durable(Defence::SyncOfArchivedPart, || file.sync_data()).map_err(failed("sync"))?;
        self.vfs.rename(&temporary, path).map_err(failed("rename"))?;
        let named = durable(Defence::DirectorySyncOfArchive, || self.vfs.sync_dir(path));
        named.map_err(failed("sync of the folder of"))
    }
}

/// Copies the first `bytes` of a file; where it ends before, which the padding of a last commit may, zeros stand for the rest.
fn copy_bytes(from: &dyn VfsFile, to: &dyn VfsFile, bytes: u64, name: &str) -> Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut offset = 0;
    while offset < bytes {
        let wanted = usize::try_from(bytes - offset).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let read =
            read_up_to(from, offset, &mut piece[..wanted]).map_err(|source| Error::io("reading for", name, source))?;
        if read == 0 {
            return to.set_len(bytes).map_err(|source| Error::io("write", name, source));
        }
        write_all_at(to, offset, &piece[..read]).map_err(|source| Error::io("write", name, source))?;
        offset += read as u64;
    }
    Ok(())
}

fn is_same(a: &dyn VfsFile, b: &dyn VfsFile, bytes: u64, name: &str) -> Result<bool> {
    let mut pieces = [vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]];
    let mut offset = 0;
    while offset < bytes {
        let wanted = usize::try_from(bytes - offset).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        for (file, piece) in [a, b].into_iter().zip(&mut pieces) {
            let read =
                read_up_to(file, offset, &mut piece[..wanted]).map_err(|source| Error::io("read", name, source))?;
            piece[read..wanted].fill(0);
        }
        if pieces[0][..wanted] != pieces[1][..wanted] {
            return Ok(false);
        }
        offset += wanted as u64;
    }
    Ok(true)
}

fn fork(name: &str, bytes: u64) -> Finding {
    Finding::new(Code::FreshFork, "The archive holds another log of this generation, and it was not touched.")
        .at(name, 0..bytes)
        .expected("a beginning of the log at hand", "other commits")
        .lost("Nothing: the log stays where it is.")
        .next("A copy of this database was written to on its own: give each an archive folder of its own.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::MemoryVfs;

    fn archive(vfs: &MemoryVfs) -> Archive {
        Archive::new(Arc::new(vfs.clone()), Path::new("kept"), FileId([7; 16])).unwrap()
    }

    fn log(vfs: &MemoryVfs, bytes: &[u8]) -> Arc<dyn VfsFile> {
        let path = Path::new("log");
        let mode = if vfs.exists(path).unwrap() { OpenMode::Write } else { OpenMode::CreateNew };
        let file = vfs.open(path, mode).unwrap();
        file.set_len(0).unwrap();
        file.write_at(0, bytes).unwrap();
        file
    }

    #[test]
    fn a_name_reads_back_as_the_part_it_was_made_for_and_no_other_does() {
        for kind in [PartKind::Base, PartKind::Log] {
            let part = Part { file_id: FileId([0xab; 16]), kind, generation: 40 };
            assert_eq!(Part::parse(&part.name()), Some(part));
            for wrong in ["-040.", "-+40.", "-40.x", "-.", "-40.tmp."] {
                assert_eq!(Part::parse(&part.name().replace("-40.", wrong)), None, "{wrong}");
            }
        }
        assert_eq!(Part::parse("notes.tsm"), None);
        assert_eq!(Part::parse(""), None);
    }

    #[test]
    fn a_log_may_grow_in_the_archive_but_neither_shrink_nor_change() {
        let vfs = MemoryVfs::new();
        let archive = archive(&vfs);
        archive.keep_log(1, &*log(&vfs, b"one"), 3).unwrap();
        archive.keep_log(1, &*log(&vfs, b"one two"), 7).unwrap();
        archive.keep_log(1, &*log(&vfs, b"one two"), 7).unwrap();
        for other in [&b"one"[..], b"one tWo!", b""] {
            let refused = archive.keep_log(1, &*log(&vfs, other), other.len() as u64).unwrap_err();
            assert_eq!(refused.code(), "FRESH-FORK");
        }
        let name = archive.part(PartKind::Log, 1).name();
        let kept = vfs.open(&Path::new("kept").join(name), OpenMode::Read).unwrap();
        assert_eq!(kept.len().unwrap(), 7);
    }

    #[test]
    fn a_base_is_needed_until_one_leads_to_the_generation_without_a_gap() {
        let vfs = MemoryVfs::new();
        let archive = archive(&vfs);
        let file = log(&vfs, b"bytes");
        assert!(archive.needs_base(1).unwrap());
        archive.keep_base(1, &*file, 5).unwrap();
        assert!(!archive.needs_base(1).unwrap());
        assert!(archive.needs_base(2).unwrap());
        archive.keep_log(1, &*file, 5).unwrap();
        assert!(!archive.needs_base(2).unwrap());
        archive.keep_log(3, &*file, 5).unwrap();
        assert!(archive.needs_base(4).unwrap());
    }
}
