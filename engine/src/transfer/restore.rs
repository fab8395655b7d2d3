//! Restoring: what a database held at a commit, written into a new file.
//!
//! 1. The source, a database or a base of the archive, is locked for reading, its key slot opened, its superblock judged.
//! 2. Of the source's page file and the archive's bases the newest that is not newer than the commit is taken.
//! 3. The logs from there on are read as at opening, one after the other, up to the commit ([`chain`](super::chain)): the
//!    source's own log stands for its generation, the archive has the others.
//! 4. The snapshot of the commit is copied as every copy is: the source's key slots, digests compared, verified, and only then
//!    named.
//!
//! A seal transaction changes no record and is not offered: the commit before it holds the same. So does, before the page file
//! of a checkpoint, the commit before the one its superblock names.

use super::chain::{Base, Chain, NamedFile, Step, misnamed_log, missing_log};
use super::copy::{CopyReport, Source, Target, TargetKeys, copy};
use crate::crypto::{Entropy, Keys, OsEntropy, Unlock};
use crate::db::{InheritedKeys, unlock_keys};
use crate::defence::{Defence, holds};
use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::limits::PAGES_START_BYTES;
use crate::pager::slots::{authenticate, choose};
use crate::types::{CommitNo, FileId};
use crate::vfs::{LockKind, OpenMode, OsVfs, Vfs, file_name, read_up_to};
use crate::wal::{Part, PartKind, archive_parts, log_path};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How to restore, as a value.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let [path, old] = ["a.tsm", "old.tsm"].map(|name| folder.path().join(name));
/// # let db = tosumu::Options::new().create(true).open(&path)?;
/// db.write(|tx| tx.put(b"k", b"first"))?;
/// db.write(|tx| tx.put(b"k", b"second"))?;
/// drop(db);
/// let report = tosumu::transfer::Restore::new().to_commit(tosumu::CommitNo(1)).run(&path, &old)?;
/// assert_eq!(report.commit.0, 1);
/// assert_eq!(&*tosumu::Database::open(&old)?.read().get(b"k")?.unwrap(), b"first");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Restore {
    vfs: Arc<dyn Vfs>,
    entropy: Arc<dyn Entropy>,
    unlock: Unlock,
    archive: Option<PathBuf>,
    to_commit: Option<CommitNo>,
}

/// What was restored.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RestoreReport {
    /// The commit whose records the new file holds.
    pub commit: CommitNo,
    /// The page file and the logs that were read, in order.
    pub files: Vec<String>,
    /// Bases of the archive that could not be used, each with the reason.
    pub passed_over: Vec<String>,
    /// The new file.
    pub copy: CopyReport,
}

/// A database of which an archive holds page files.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ArchivedDatabase {
    /// Its file id.
    pub file_id: FileId,
    /// The names of its bases, the oldest first.
    pub bases: Vec<String>,
}

/// The databases that the archive in `folder` holds bases of.
pub fn archived_databases(vfs: &dyn Vfs, folder: &Path) -> Result<Vec<ArchivedDatabase>> {
    let mut databases: Vec<ArchivedDatabase> = Vec::new();
    for part in archive_parts(vfs, folder)?.into_iter().filter(|part| part.kind == PartKind::Base) {
        match databases.last_mut() {
            Some(last) if last.file_id == part.file_id => last.bases.push(part.name()),
            _ => databases.push(ArchivedDatabase { file_id: part.file_id, bases: vec![part.name()] }),
        }
    }
    Ok(databases)
}

impl Default for Restore {
    fn default() -> Self {
        Restore {
            vfs: Arc::new(OsVfs),
            entropy: Arc::new(OsEntropy),
            unlock: Unlock::Keyless,
            archive: None,
            to_commit: None,
        }
    }
}

impl Restore {
    /// The newest commit, without an archive, by a `keyless` slot.
    pub fn new() -> Restore {
        Restore::default()
    }

    /// The disk.
    pub fn vfs(mut self, vfs: Arc<dyn Vfs>) -> Restore {
        self.vfs = vfs;
        self
    }

    /// The source of randomness for the new file.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Restore {
        self.entropy = entropy;
        self
    }

    /// The key of the source; it will open the new file too.
    pub fn unlock(mut self, unlock: Unlock) -> Restore {
        self.unlock = unlock;
        self
    }

    /// The folder that [`Options::archive`](crate::Options::archive) named.
    pub fn archive(mut self, folder: impl Into<PathBuf>) -> Restore {
        self.archive = Some(folder.into());
        self
    }

    /// The commit to bring back; without this the newest.
    pub fn to_commit(mut self, commit: CommitNo) -> Restore {
        self.to_commit = Some(commit);
        self
    }

    /// Restores. [`Error::NoCommit`] says which commits there are when the one asked for is none of them.
    pub fn run(self, source: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<RestoreReport> {
        let source = self.vfs.resolve(source.as_ref());
        let room = Room::open(&self, &source)?;
        let (chain, commit) = match self.to_commit {
            None => room.newest()?,
            Some(commit) => (room.chain_to(commit)?, commit),
        };
        let snapshot = chain.snapshot(commit, &room.ring);
        let superblock = &room.source.superblock;
        let from = Source { snapshot: &snapshot, page_size: superblock.page_size };
        let to = Target {
            vfs: self.vfs.clone(),
            entropy: self.entropy.clone(),
            path: target.as_ref(),
            keys: TargetKeys::Inherited(&room.ring),
        };
        let report = copy(&from, to).map_err(|error| chain.place(error))?;
        Ok(RestoreReport { commit, files: chain.names(), passed_over: room.passed_over, copy: report })
    }
}

/// All that may be restored from.
struct Room<'a> {
    options: &'a Restore,
    ring: InheritedKeys,
    keys: Keys,
    source: Base,
    source_log: PathBuf,
    /// What the archive holds of this database.
    parts: Vec<Part>,
    /// The archive's bases that can be used.
    bases: Vec<Base>,
    passed_over: Vec<String>,
}

impl<'a> Room<'a> {
    fn open(options: &'a Restore, path: &Path) -> Result<Room<'a>> {
        let page_file = open_page_file(&*options.vfs, path)?;
        let chosen = choose(&head_of(&page_file)?, &page_file.name).map_err(Error::Damage)?;
        let (keys, dek, _) = unlock_keys(&chosen.superblock, &options.unlock, &page_file.name)?;
        let ring = InheritedKeys::new(&chosen.superblock, Arc::new(dek));
        let source = read_base(page_file, &keys)?;
        let mut room = Room {
            options,
            ring,
            keys,
            source,
            source_log: log_path(path),
            parts: Vec::new(),
            bases: Vec::new(),
            passed_over: Vec::new(),
        };
        if let Some(folder) = &options.archive {
            room.read_archive(folder)?;
        }
        Ok(room)
    }

    fn read_archive(&mut self, folder: &Path) -> Result<()> {
        let file_id = self.source.superblock.file_id;
        self.parts = archive_parts(&*self.options.vfs, folder)?;
        self.parts.retain(|part| part.file_id == file_id);
        for part in self.parts.iter().filter(|part| part.kind == PartKind::Base) {
            let read = open_page_file(&*self.options.vfs, &folder.join(part.name()))
                .and_then(|page_file| read_base(page_file, &self.keys))
                .and_then(|base| self.check_name(part, base));
            match read {
                Ok(base) => self.bases.push(base),
                Err(error) => self.passed_over.push(error.to_string()),
            }
        }
        Ok(())
    }

    /// A base under another's name would lead into the wrong log.
    fn check_name(&self, part: &Part, base: Base) -> Result<Base> {
        let says =
            Part { file_id: base.superblock.file_id, kind: PartKind::Base, generation: base.superblock.log_generation };
        match holds(Defence::ArchivedName, says == *part) {
            true => Ok(base),
            false => Err(Error::Misuse { why: format!("{}: is {} by what stands in it", part.name(), says.name()) }),
        }
    }

    /// The newest commit that goes on from the source.
    fn newest(&self) -> Result<(Chain, CommitNo)> {
        let mut chain = Chain::new(self.source.clone());
        self.read_logs(&mut chain, None)?;
        self.check_end(&chain)?;
        let newest = chain.newest();
        Ok((chain, newest))
    }

    /// The chain that holds `commit`, from the newest base that leads to it.
    fn chain_to(&self, commit: CommitNo) -> Result<Chain> {
        let mut bases: Vec<&Base> = std::iter::once(&self.source).chain(&self.bases).collect();
        bases.sort_by_key(|base| base.superblock.commit);
        let leads = |base: &&&Base| base.superblock.commit <= commit.next();
        let Some(base) = bases.iter().rfind(leads) else { return Err(self.no_commit(commit, "")) };
        let at = base.superblock.commit;
        let mut chain = Chain::new((*base).clone());
        if at == commit.next() || at == commit && at.0 == 0 {
            return Ok(chain);
        }
        if at == commit {
            return Err(self.no_commit(commit, SEAL));
        }
        self.read_logs(&mut chain, Some(commit))?;
        let found = chain.commits().find(|(number, _)| *number == commit).map(|(_, body)| body.seal_transaction);
        match found {
            Some(false) => Ok(chain),
            Some(true) => Err(self.no_commit(commit, SEAL)),
            None => {
                self.check_end(&chain)?;
                Err(self.no_commit(commit, ""))
            }
        }
    }

    /// Takes in one log after the other, until the commit is reached or none goes on.
    fn read_logs(&self, chain: &mut Chain, until: Option<CommitNo>) -> Result<()> {
        while until.is_none_or(|commit| chain.newest() < commit)
            && let Some(generation) = chain.next_generation()
        {
            let own = generation == self.source.superblock.log_generation;
            let taken = own && self.take(chain, self.source_log.clone())?;
            if !taken && !self.take_archived(chain, generation)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn take_archived(&self, chain: &mut Chain, generation: u64) -> Result<bool> {
        let part = self.log_part(generation);
        match &self.options.archive {
            Some(folder) if self.parts.contains(&part) => match self.take(chain, folder.join(part.name()))? {
                taken if holds(Defence::ArchivedLogGoesOn, taken) => Ok(taken),
                _ => Err(misnamed_log(&part.name()).into()),
            },
            _ => Ok(false),
        }
    }

    /// Takes in the log at `path`; false when there is none, or nothing in it.
    fn take(&self, chain: &mut Chain, path: PathBuf) -> Result<bool> {
        let name = file_name(&path);
        let file = match self.options.vfs.open(&path, OpenMode::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(Error::io("open", &name, source)),
        };
        // A log that the source expects may stand in the archive instead: only there its absence is judged.
        match chain.take(NamedFile { file, name }, &self.keys) {
            Err(Error::Damage(finding)) if finding.code == crate::Code::LogMissing => Ok(false),
            other => Ok(matches!(other?, Step::Taken)),
        }
    }

    /// Where a chain ends, something may be wrong: damage in its last log, or a log that should go on and is not there.
    fn check_end(&self, chain: &Chain) -> Result<()> {
        if let Some(damage) = chain.damage() {
            let mut damage = damage.clone();
            damage.next = Some(format!(
                "Nothing was changed. `--to-commit {}`, or an earlier one, brings back what stands before it.",
                chain.newest()
            ));
            return Err(damage.into());
        }
        let Some(generation) = chain.next_generation() else { return Ok(()) };
        let has_later = self.parts.iter().any(|part| part.kind == PartKind::Log && part.generation > generation);
        let superblock = &self.source.superblock;
        let own = generation == superblock.log_generation;
        let is_missing = has_later || generation < superblock.log_generation || own && superblock.log_expected;
        if !holds(Defence::ArchiveGap, !is_missing) {
            let name = if own { file_name(&self.source_log) } else { self.log_part(generation).name() };
            return Err(missing_log(&name, chain.newest()).into());
        }
        Ok(())
    }

    fn log_part(&self, generation: u64) -> Part {
        Part { file_id: self.source.superblock.file_id, kind: PartKind::Log, generation }
    }

    fn no_commit(&self, commit: CommitNo, why: &str) -> Error {
        let ranges: Vec<String> = self.ranges().iter().map(|(first, last)| format!("{first} to {last}")).collect();
        let hint = if self.options.archive.is_none() { "; an archive may hold more" } else { "" };
        Error::NoCommit { commit: commit.0, why: format!("{why}there are commits {}{hint}", ranges.join(" and ")) }
    }

    /// The commits that can be brought back, as ranges: from each base as far as its logs hold.
    fn ranges(&self) -> Vec<(u64, u64)> {
        let mut ranges: Vec<(u64, u64)> = std::iter::once(&self.source)
            .chain(&self.bases)
            .map(|base| {
                let mut chain = Chain::new(base.clone());
                // A log that cannot go on ends the range; whoever asks for a commit behind it is told why.
                let _ = self.read_logs(&mut chain, None);
                let last = chain.commits().filter(|(_, body)| !body.seal_transaction).last();
                let first = base.superblock.commit.0.saturating_sub(1);
                (first, last.map_or(first, |(commit, _)| commit.0))
            })
            .collect();
        ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (first, last) in ranges {
            match joined.last_mut() {
                Some((_, end)) if first <= *end + 2 => *end = (*end).max(last),
                _ => joined.push((first, last)),
            }
        }
        joined
    }
}

/// Why a seal transaction is not restored.
const SEAL: &str = "it is a seal transaction, and the commit before it holds the same records; ";

fn open_page_file(vfs: &dyn Vfs, path: &Path) -> Result<NamedFile> {
    let name = file_name(path);
    let file = vfs.open(path, OpenMode::Read).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound { file: name.clone() },
        _ => Error::io("open", &name, source),
    })?;
    match file.try_lock(LockKind::Shared) {
        Ok(true) => Ok(NamedFile { file, name }),
        Ok(false) => Err(Error::InUse { file: name, holder: file.lock_holder() }),
        Err(source) => Err(Error::io("locking", &name, source)),
    }
}

fn head_of(page_file: &NamedFile) -> Result<Vec<u8>> {
    let mut head = vec![0; PAGES_START_BYTES as usize];
    let read =
        read_up_to(&*page_file.file, 0, &mut head).map_err(|source| Error::io("read", &page_file.name, source))?;
    head.truncate(read);
    Ok(head)
}

fn read_base(page_file: NamedFile, keys: &Keys) -> Result<Base> {
    let head = head_of(&page_file)?;
    let judged = choose(&head, &page_file.name).and_then(|chosen| {
        authenticate(&chosen, keys, &head, &page_file.name)?;
        Ok::<_, Box<Finding>>(chosen)
    });
    let chosen = judged.map_err(Error::Damage)?;
    Ok(Base { page_file, slot: chosen.slot, superblock: chosen.superblock })
}
