//! A page file and the logs that go on from it, read as one: what any commit in them held.
//!
//! Each log is judged as at opening, beside the superblock that the one before it ended with: its last commit, the seal
//! transaction, says what the checkpoint then published, and the seed of the next log is bound to exactly that. So a log that is
//! missing, of another database or of another history is noticed where it stands. The logs' frames make one index over one
//! file put together of all of them; a page is then read by the rule of every snapshot: the index first, else the page file by
//! the seal in the pointer.

use crate::crypto::Keys;
use crate::db::InheritedKeys;
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::log::{CommitBody, LOG_HEADER_BYTES, LogHeader, RECORD_HEADER_BYTES};
use crate::format::superblock::Superblock;
use crate::limits::CACHE_BYTES_DEFAULT;
use crate::pager::{Cache, PageFile};
use crate::sync::{Arc, Condvar, Mutex, RwLock};
use crate::trace::Tracer;
use crate::txn::{Bell, Commits, Durability, Keyring, Published, ReadTxn, Store, View};
use crate::types::CommitNo;
use crate::vfs::{LockKind, VfsFile, read_up_to};
use crate::wal::{FramePlace, FrameRecord, LogGeneration, LogIndex, LogScan, LogStanding, ScanEnd, judge, scan};
use std::io;

/// A file that a log is looked for in, and what messages call it.
#[derive(Clone)]
pub(super) struct NamedFile {
    pub file: Arc<dyn VfsFile>,
    pub name: String,
}

/// The page file that a chain begins with.
#[derive(Clone)]
pub(super) struct Base {
    pub page_file: NamedFile,
    pub slot: u8,
    pub superblock: Superblock,
}

/// One log of a chain.
struct Link {
    log: NamedFile,
    /// Where it begins in the file put together of all logs.
    start: u64,
    bytes: u64,
    scan: LogScan,
}

/// A page file and the logs read so far.
pub(super) struct Chain {
    base: Base,
    links: Vec<Link>,
    /// What a checkpoint after the last log published; without a log the base's superblock. `None` behind a log that no
    /// checkpoint ended.
    next: Option<Superblock>,
}

/// How a log that was looked at continues a chain.
pub(super) enum Step {
    /// It does, and was taken in.
    Taken,
    /// It does not, for it was folded before or holds nothing.
    Nothing,
}

impl Chain {
    pub fn new(base: Base) -> Chain {
        let next = Some(base.superblock.clone());
        Chain { base, links: Vec::new(), next }
    }

    /// The generation of the log that goes on here; none behind a log that no checkpoint ended.
    pub fn next_generation(&self) -> Option<u64> {
        self.next.as_ref().map(|superblock| superblock.log_generation)
    }

    /// The names of the files read.
    pub fn names(&self) -> Vec<String> {
        let logs = self.links.iter().map(|link| link.log.name.clone());
        std::iter::once(self.base.page_file.name.clone()).chain(logs).collect()
    }

    /// The newest commit in the chain.
    pub fn newest(&self) -> CommitNo {
        self.commits().last().map_or(self.base.superblock.commit, |(commit, _)| commit)
    }

    /// Every commit that a log of the chain holds, in order.
    pub fn commits(&self) -> impl Iterator<Item = (CommitNo, &CommitBody)> {
        self.links.iter().flat_map(|link| link.scan.commits.iter().map(|commit| (commit.commit, &commit.body)))
    }

    /// Why the last log read must not be used behind its last commit, when that is so.
    pub fn damage(&self) -> Option<&Finding> {
        match &self.links.last()?.scan.end {
            ScanEnd::Damage(finding) => Some(finding),
            ScanEnd::Clean | ScanEnd::TornTail { .. } => None,
        }
    }

    /// Reads the log that is to go on here. A log that cannot is an error that names it.
    pub fn take(&mut self, log: NamedFile, keys: &Keys) -> Result<Step> {
        let Some(superblock) = self.next.clone() else { return Ok(Step::Nothing) };
        let bytes = log.file.len().map_err(|source| Error::io("length", &log.name, source))?;
        let mut head = vec![0; LOG_HEADER_BYTES];
        let read = read_up_to(&*log.file, 0, &mut head).map_err(|source| Error::io("read", &log.name, source))?;
        head.truncate(read);
        let header = match judge(&superblock, keys, &head, &log.name).map_err(Error::Damage)? {
            LogStanding::Continues(header) => header,
            LogStanding::Absent { .. } | LogStanding::Stale { .. } => return Ok(Step::Nothing),
        };
        self.take_continuing(log, bytes, &header, &superblock, keys)?;
        Ok(Step::Taken)
    }

    fn take_continuing(
        &mut self,
        log: NamedFile,
        bytes: u64,
        header: &LogHeader,
        superblock: &Superblock,
        keys: &Keys,
    ) -> Result<()> {
        let scan = scan(&*log.file, &log.name, header, keys, superblock.commit, superblock.fingerprint)?;
        let is_sound = !matches!(scan.end, ScanEnd::Damage(_));
        self.next = scan
            .commits
            .last()
            .filter(|last| is_sound && last.body.seal_transaction)
            .map(|last| published_after(superblock, last.commit, &last.body));
        let start = self.links.last().map_or(0, |link| link.start + link.bytes);
        self.links.push(Link { log, start, bytes, scan });
        Ok(())
    }

    /// A snapshot of `commit`, which must be one of [`Chain::commits`]; of any other the base as it stands.
    pub fn snapshot(&self, commit: CommitNo, ring: &InheritedKeys) -> ReadTxn {
        let superblock = &self.base.superblock;
        let found = self.commits().find(|(number, _)| *number == commit);
        let published = match found {
            Some((commit, body)) => Published::of_commit(commit, body),
            None => Published::of_superblock(superblock, self.base.slot),
        };
        let joined =
            Joined { parts: self.links.iter().map(|link| (link.start, link.log.file.clone(), link.bytes)).collect() };
        let page_file =
            PageFile::new(self.base.page_file.file.clone(), self.base.page_file.name.clone(), superblock.page_size);
        let log = LogGeneration::new(
            superblock.log_generation,
            superblock.commit,
            JOINED_NAME.to_owned(),
            self.index(published.commit),
        );
        log.set_file(Arc::new(joined));
        ReadTxn::begin(Arc::new(Store {
            cache: Cache::new(CACHE_BYTES_DEFAULT, superblock.page_size.plain_bytes()),
            page_file,
            keys: ring.subkeys(superblock),
            keyring: Keyring::new(ring.dek.clone(), superblock, None),
            witness: None,
            tracer: Tracer::off(),
            commits: Commits::new(published.commit, 0),
            durable: Mutex::new(published.clone()),
            view: RwLock::new(View { state: published, log: Arc::new(log) }),
            durability: Durability::Full,
            bell: Bell::default(),
            snapshots: Mutex::default(),
            following: None,
            snapshot_ended: Condvar::new(),
        }))
    }

    /// The frames of every commit up to `commit`, by their place in the file put together of all logs.
    fn index(&self, commit: CommitNo) -> LogIndex {
        let mut index = LogIndex::default();
        for link in &self.links {
            let kept = |end: u64, number: CommitNo| end <= link.scan.kept_end && number <= commit;
            for record in link.scan.records.iter().filter(|record| kept(record.end, record.commit)) {
                if let FrameRecord::Page { page, seal } = record.record {
                    let offset = link.start + record.offset + RECORD_HEADER_BYTES as u64;
                    index.insert(page, FramePlace { commit: record.commit, seal, offset });
                }
            }
        }
        index
    }

    /// The same error, with a place in the file put together of all logs told as one in the log it belongs to.
    pub fn place(&self, error: Error) -> Error {
        let Error::Damage(mut finding) = error else { return error };
        if finding.file.as_deref() == Some(JOINED_NAME) {
            let at = finding.byte_start.unwrap_or_default();
            if let Some(link) = self.links.iter().rfind(|link| link.start <= at) {
                finding.file = Some(link.log.name.clone());
                finding.byte_start = finding.byte_start.map(|byte| byte - link.start);
                finding.byte_end = finding.byte_end.map(|byte| byte - link.start);
            }
        }
        Error::Damage(finding)
    }
}

/// What stands for the name of all logs together.
const JOINED_NAME: &str = "the logs";

/// The superblock that the checkpoint after this seal transaction published, as far as it vouches for anything.
fn published_after(before: &Superblock, commit: CommitNo, body: &CommitBody) -> Superblock {
    Superblock {
        log_generation: before.log_generation + 1,
        log_expected: false,
        commit,
        root: body.root,
        page_count: body.page_count,
        free_list: body.free_list,
        free_count: body.free_count,
        catalog: body.catalog,
        tree_count: body.tree_count,
        record_count: body.record_count,
        fingerprint: body.fingerprint,
        ..before.clone()
    }
}

/// A log that the chain needs and that is not there.
pub(super) fn missing_log(name: &str, newest: CommitNo) -> Finding {
    Finding::new(Code::LogMissing, "The archive has a gap: the log that goes on from here is not in it.")
        .at(name, 0..0)
        .expected("the log of this generation", "no such file, though later ones are there")
        .lost(format!("Every commit after {newest}, as far as no later base holds it."))
        .next("Put the log back into the archive; or name an earlier commit.")
}

/// A log of the archive whose content is not what its name says.
pub(super) fn misnamed_log(name: &str) -> Finding {
    Finding::new(Code::LogForeign, "The archive has another log, or none, under this name.")
        .at(name, 0..LOG_HEADER_BYTES as u64)
        .expected("the log of the generation in its name", "another one, or no log")
        .lost("Every commit from this log on, as far as no later base holds it.")
        .next("Put the log that belongs here back into the archive; or name an earlier commit.")
}

/// Files end to end, for reading.
struct Joined {
    /// Where each begins, the file, and how long it is.
    parts: Vec<(u64, Arc<dyn VfsFile>, u64)>,
}

impl VfsFile for Joined {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((start, file, bytes)) = self.parts.iter().rfind(|(start, ..)| *start <= offset) else { return Ok(0) };
        let left = (start + bytes).saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(buffer.len()).min(buffer.len());
        file.read_at(offset - start, &mut buffer[..count])
    }

    fn write_at(&self, _offset: u64, _data: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.parts.last().map_or(0, |(start, _, bytes)| start + bytes))
    }

    fn set_len(&self, _length: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        Ok(kind == LockKind::Shared)
    }
}
