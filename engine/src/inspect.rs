//! A database file at rest, looked at without opening it: for `verify`, for `inspect` and for the inspector's screens.
//!
//! It never recovers and never writes. It reads what can be read and keeps, for everything that cannot, the
//! finding that says why: a file that is not ours opens too, so that its bytes can be shown. What it believes it believes
//! for the same reasons as [`Database`](crate::Database): the superblock's MAC, the log's chain, the seals in the pointers.
//! Only [`AtRest::open_any`] and [`AtRest::open_bytes`] look at a page by its own word, for looking at damage.
//!
//! Nothing is held in memory but both superblocks and the places of the log's records; pages are read when asked for.
//!
//! Another process may write the file meanwhile. Nothing is then called damage until it was seen twice between looks at the
//! superblocks and the log that are alike; and while an [`AtRest`] lives it holds a shared lock on the log, which keeps writers
//! from folding it: commits go on behind what was read, and pages stay. Only where there is no log to lock may the file be folded
//! all the same; [`AtRest::is_overtaken`] tells.

mod chain;
mod free;
mod page_set;
mod places;
mod probe;
mod tree;
mod walk;

pub(crate) use chain::ChainWalk;
pub(crate) use free::{FreeWalk, MetTrunk};
pub(crate) use page_set::PageSet;
pub use places::{FreeList, NamedTree, NamedTrees, PageRole, Role, Trunk};
pub(crate) use probe::Effort;
pub use probe::{Beside, Difference, Probe, RecoveredPage, SectorRun, Verdict};
pub use tree::{ChainPart, Tree, TreeNode};
pub(crate) use tree::{chains_of, value_lost};
pub use walk::TreeSort;
pub(crate) use walk::{Met, PageSource, TreeHome, TreeWalk, capitalised, catalog_entry, key_range_text};

use crate::crypto::{Anchor, Keys, PlainPage, Unlock};
use crate::db::{InheritedKeys, check_kept, explain_missing, unlock_keys};
use crate::db::{Patience, Stamp, Watched, pause, take_pin};
use crate::defence::{Defence, holds};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::annotate::{self, Annotation};
use crate::format::log::{CommitBody, LOG_HEADER_BYTES, LogHeader, LogShape, RECORD_HEADER_BYTES};
use crate::format::page::TAG_BYTES;
use crate::format::superblock::{FORMAT, Superblock};
use crate::limits::PAGES_START_BYTES;
use crate::pager::check::{PageUse, Place, check_structure, kind_of, open_authentic, open_expected};
use crate::pager::read_head;
use crate::pager::slots::{
    ChosenSlot, authenticate_slot, choose, choose_of, each_alone, key_context, read_slots, slot_bytes, slot_letter,
};
use crate::types::{CommitNo, PageNo, PagePointer, PageSize, Seal};
use crate::vfs::{OpenMode, Vfs, VfsFile, file_name, read_exact_at, read_up_to};
use crate::wal::{FramePlace, FrameRecord, LogIndex, LogScan, LogStanding, RecordPlace, judge, log_path, scan};
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Most bytes of a log that are annotated at once.
const LOG_BYTES_ANNOTATED_MAX: u64 = 64 << 20;

/// The newest state that something authentic vouches for: the last kept commit of the log, else the superblock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VouchedState {
    /// The commit.
    pub commit: CommitNo,
    /// The root of its tree.
    pub root: PagePointer,
    /// What holds the root's pointer: `superblock A`, `commit 3`.
    pub root_holder: String,
    /// Pages of its tree.
    pub page_count: u32,
    /// Records in its tree.
    pub record_count: u64,
    /// Its fingerprint.
    pub fingerprint: [u8; 16],
    /// The head trunk of its free list; null when no page is free.
    pub free_list: PagePointer,
    /// Its free pages: trunks and the pages they list.
    pub free_count: u32,
    /// The root of its tree of named trees; null when there is none.
    pub catalog: PagePointer,
    /// Its named trees.
    pub tree_count: u32,
}

impl VouchedState {
    /// What the superblock in `slot` (0 or 1) says.
    pub(crate) fn of_superblock(superblock: &Superblock, slot: u8) -> VouchedState {
        VouchedState {
            commit: superblock.commit,
            root: superblock.root,
            root_holder: format!("superblock {}", slot_letter(slot)),
            page_count: superblock.page_count,
            record_count: superblock.record_count,
            fingerprint: superblock.fingerprint,
            free_list: superblock.free_list,
            free_count: superblock.free_count,
            catalog: superblock.catalog,
            tree_count: superblock.tree_count,
        }
    }

    /// What the commit record of `commit` says.
    pub(crate) fn of_commit(commit: CommitNo, body: &CommitBody) -> VouchedState {
        VouchedState {
            commit,
            root: body.root,
            root_holder: format!("commit {commit}"),
            page_count: body.page_count,
            record_count: body.record_count,
            fingerprint: body.fingerprint,
            free_list: body.free_list,
            free_count: body.free_count,
            catalog: body.catalog,
            tree_count: body.tree_count,
        }
    }
}

/// The log as it was found.
pub struct LogAtRest {
    /// The file's name, without folders; also when there is no such file.
    pub name: String,
    /// Its length in bytes; `None` when there is no such file.
    pub length: Option<u64>,
    /// Its first 512 bytes; fewer when it is shorter.
    pub head: Vec<u8>,
    /// Its header, when that reads.
    pub header: Option<LogHeader>,
    /// What it means beside the page file; `None` when that cannot be told without superblock or key.
    pub standing: Option<Result<LogStanding, Box<Finding>>>,
    /// Its records, when it continues the page file.
    pub scan: Option<LogScan>,
    /// Why it must not be used, when that is so.
    pub damage: Option<Box<Finding>>,
    file: Option<Arc<dyn VfsFile>>,
    index: LogIndex,
}

/// Where the bytes of a page were read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteSource {
    /// In the log.
    Log {
        /// The first byte of the sealed page in it.
        offset: u64,
    },
    /// In the page file.
    File {
        /// The first byte of the sealed page in it.
        offset: u64,
    },
}

impl ByteSource {
    /// The first byte of the page in its file.
    pub fn offset(self) -> u64 {
        match self {
            ByteSource::Log { offset } | ByteSource::File { offset } => offset,
        }
    }
}

/// The sealed bytes of a page: fewer than a page where the file ends before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageBytes {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where they stand.
    pub source: ByteSource,
}

/// A database file at rest.
pub struct AtRest {
    name: String,
    file: Arc<dyn VfsFile>,
    length: u64,
    head: Vec<u8>,
    slots: [Result<Superblock, Box<Finding>>; 2],
    chosen: Result<ChosenSlot, Box<Finding>>,
    keys: Unlocked,
    mac_findings: Vec<Finding>,
    log: LogAtRest,
    state: Result<VouchedState, Box<Finding>>,
    watched: Watched,
    /// Both slots and the log as they stood when the file was read.
    stamp: Stamp,
    /// The lock that keeps writers from folding the log.
    pin: Option<Arc<dyn VfsFile>>,
    /// Where pages stand in the log's bytes, looked for when the probe first asks.
    frames: OnceLock<probe::Frames>,
}

/// The slot that counts, or why none does.
type Chosen = Result<ChosenSlot, Box<Finding>>;
/// What the key opened, or why the file is locked.
type Unlocked = Result<Opened, Box<Finding>>;

/// Most looks at a file that never keeps still.
const LOOKS_MAX: u32 = 200;

/// What a key opened.
struct Opened {
    keys: Keys,
    /// The data key, and the key slots that hold it.
    ring: InheritedKeys,
    /// The number of the key slot that was opened.
    slot: u8,
}

/// What a snapshot of a file at rest is made of.
pub(crate) struct Parts<'a> {
    pub page_file: Arc<dyn VfsFile>,
    pub chosen: &'a ChosenSlot,
    pub keys: &'a Keys,
    pub ring: &'a InheritedKeys,
    /// The log's file, when there is one.
    pub log: Option<Arc<dyn VfsFile>>,
}

impl AtRest {
    /// Reads the superblocks and the log of the file at `path`. Without `unlock` a keyless slot is tried. It fails when
    /// there is no such file, when input fails, and when `unlock` cannot be a key at all; all else is kept as findings.
    pub fn open(vfs: Arc<dyn Vfs>, path: impl AsRef<Path>, unlock: Option<&Unlock>) -> Result<AtRest> {
        let unlock = unlock.unwrap_or(&Unlock::Keyless);
        AtRest::open_by(vfs, path.as_ref(), |chosen, name| open_keys(chosen, unlock, name))
    }

    /// As [`AtRest::open`], with a data key that is known. No key slot is opened.
    pub(crate) fn open_inherited(vfs: Arc<dyn Vfs>, path: &Path, keys: &InheritedKeys) -> Result<AtRest> {
        AtRest::open_by(vfs, path, |chosen, _| {
            let opened =
                |chosen: &ChosenSlot| Opened { keys: keys.subkeys(&chosen.superblock), ring: keys.clone(), slot: 0 };
            Ok(chosen.as_ref().map(opened).map_err(Clone::clone))
        })
    }

    fn open_by(
        vfs: Arc<dyn Vfs>,
        path: &Path,
        open_keys: impl Fn(&Chosen, &str) -> Result<Unlocked>,
    ) -> Result<AtRest> {
        let name = file_name(path);
        let file = vfs.open(path, OpenMode::Read).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound { file: name.clone() },
            _ => Error::io("open", &name, source),
        })?;
        let pin = take_pin(&*vfs, &log_path(path), Patience::SHORT).unwrap_or(None);
        let watched = Watched::new(vfs, file, path);
        AtRest::settled(&watched, &open_keys, pin, None)
    }

    /// Looks at the file anew, with the key that was given: after it was overtaken.
    pub fn look_again(self) -> Result<AtRest> {
        let watched = self.watched.clone();
        let pin = take_pin(&**watched.vfs(), watched.log_path(), Patience::SHORT).unwrap_or(None);
        AtRest::settled(&watched, &|chosen, name| open_keys(chosen, &Unlock::Keyless, name), pin, Some(self))
    }

    /// Looks until what is found can be believed: nothing wrong, and the slots the same before and after; or the same things
    /// wrong twice, and all the same before and after.
    fn settled(
        watched: &Watched,
        open_keys: &dyn Fn(&Chosen, &str) -> Result<Unlocked>,
        pin: Option<Arc<dyn VfsFile>>,
        mut earlier: Option<AtRest>,
    ) -> Result<AtRest> {
        let mut doubted: Option<(Stamp, Vec<Finding>)> = None;
        for look in 0..LOOKS_MAX {
            let before = watched.sight(0)?.stamp;
            let mut found = AtRest::look(watched, open_keys, earlier.take())?;
            let after = watched.sight(0)?.stamp;
            let doubts = found.doubts();
            let seen = (after, doubts);
            let is_steady = holds(Defence::SameSlotsAroundALook, before.head == seen.0.head);
            let is_seen_twice = before == seen.0 && doubted.as_ref() == Some(&seen);
            if (seen.1.is_empty() && is_steady) || holds(Defence::SeenTwiceAtRest, is_seen_twice) {
                found.stamp = seen.0;
                found.pin = pin;
                return Ok(found);
            }
            doubted = (before == seen.0).then_some(seen);
            earlier = Some(found);
            pause(look);
        }
        Err(Error::SnapshotOvertaken { file: watched.name().to_owned() })
    }

    /// Reads everything once. The key slots of an `earlier` look need no key again.
    fn look(
        watched: &Watched,
        open_keys: &dyn Fn(&Chosen, &str) -> Result<Unlocked>,
        earlier: Option<AtRest>,
    ) -> Result<AtRest> {
        let (file, name) = (watched.file(), watched.name());
        let head = read_head(&**file, name)?;
        let slots = head.told(read_slots(&head.bytes, name));
        let head = head.bytes;
        let chosen = choose_of(slots.clone(), &head, name);
        for alone in each_alone(&slots, name) {
            let found = AtRest::seen_by(watched, open_keys, None, &head, &slots, Ok(alone))?;
            if found.root().is_some_and(|root| found.open_page_as(PageUse::Node, &root).is_ok()) {
                return Ok(found);
            }
        }
        AtRest::seen_by(watched, open_keys, earlier, &head, &slots, chosen)
    }

    /// What the chosen slot leads to.
    fn seen_by(
        watched: &Watched,
        open_keys: &dyn Fn(&Chosen, &str) -> Result<Unlocked>,
        earlier: Option<AtRest>,
        head: &[u8],
        slots: &[Result<Superblock, Box<Finding>>; 2],
        chosen: Chosen,
    ) -> Result<AtRest> {
        let (file, name) = (watched.file().clone(), watched.name().to_owned());
        let length = file.len().map_err(|source| Error::io("length", &name, source))?;
        let (head, slots) = (head.to_vec(), slots.clone());
        let keys = match earlier {
            Some(earlier) if has_same_keys(&earlier.chosen, &chosen) => earlier.keys,
            _ => open_keys(&chosen, &name)?,
        };
        let mac_findings = match &keys {
            Ok(opened) => check_macs(&slots, &chosen, &opened.keys, &head, &name),
            Err(_) => Vec::new(),
        };
        let trusted = trusted(&chosen, &keys, &mac_findings);
        let log = LogAtRest::read(&**watched.vfs(), watched.log_path(), trusted.as_ref().ok().copied())?;
        let state = trusted.map(|(chosen, _)| newest_state(chosen, &log)).map_err(|finding| Box::new(finding.clone()));
        let (watched, stamp) = (watched.clone(), Stamp::default());
        Ok(AtRest {
            name,
            file,
            length,
            head,
            slots,
            chosen,
            keys,
            mac_findings,
            log,
            state,
            watched,
            stamp,
            pin: None,
            frames: OnceLock::new(),
        })
    }

    /// What was found wrong, and may be the moment's and not the file's.
    fn doubts(&self) -> Vec<Finding> {
        let slots = self.slots.iter().filter_map(|slot| slot.as_ref().err());
        let standing = self.log.standing.iter().filter_map(|standing| standing.as_ref().err());
        let boxed = slots.chain(self.chosen.as_ref().err()).chain(standing).chain(&self.log.damage);
        boxed.map(|finding| (**finding).clone()).chain(self.mac_findings.iter().cloned()).collect()
    }

    /// Whether another process has folded the log since this was opened, or may have: then pages need no longer be what they
    /// were, and what looks like damage may be none. [`AtRest::look_again`] begins anew.
    pub fn is_overtaken(&self) -> Result<bool> {
        let now = self.watched.sight(0)?.stamp;
        if now == self.stamp {
            return Ok(false);
        }
        let generation = |chosen: &ChosenSlot| chosen.superblock.log_generation;
        let is_same = match (&self.chosen, choose(&now.head, &self.name)) {
            (Ok(then), Ok(now)) => generation(then) == generation(&now),
            _ => now.head == self.stamp.head,
        };
        Ok(self.pin.is_none() || !is_same)
    }

    /// Looks at the file anew and leaves this look as it is. Key slots that are the same as then need no key again; where others
    /// stand there now, the file is locked.
    pub fn look_anew(&self) -> Result<AtRest> {
        let watched = self.watched.clone();
        let pin = take_pin(&**watched.vfs(), watched.log_path(), Patience::SHORT).unwrap_or(None);
        let known = |chosen: &Chosen, name: &str| match (&self.keys, chosen) {
            (Ok(opened), Ok(now)) if has_same_keys(&self.chosen, chosen) => {
                let keys = opened.ring.subkeys(&now.superblock);
                Ok(Ok(Opened { keys, ring: opened.ring.clone(), slot: opened.slot }))
            }
            (Err(why), Ok(_)) if has_same_keys(&self.chosen, chosen) => Ok(Err(why.clone())),
            _ => open_keys(chosen, &Unlock::Keyless, name),
        };
        AtRest::settled(&watched, &known, pin, None)
    }

    /// The same without the lock that keeps writers from folding the log: for who looks for long at a file that others write.
    /// Then only [`AtRest::is_overtaken`] tells whether pages are still those of this state; it tells any change.
    pub fn let_go(self) -> AtRest {
        AtRest { pin: None, ..self }
    }

    /// Where the next byte of the page file at or behind `offset` stands that may be other than zero; `u64::MAX` when there is
    /// none. A disk that cannot say where its holes are gives `offset`.
    pub fn next_data(&self, offset: u64) -> u64 {
        self.file.next_data(offset)
    }

    /// The page file's name, without folders.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The page file's length, in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The first 8192 bytes of the page file, both superblock slots; fewer when it is shorter.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The bytes of one superblock slot, 0 for A and 1 for B; fewer than 4096 where the file is shorter.
    pub fn slot_bytes(&self, slot: u8) -> &[u8] {
        slot_bytes(&self.head, slot)
    }

    /// What stands in superblock slots A and B, by their checksums alone.
    pub fn slots(&self) -> &[Result<Superblock, Box<Finding>>; 2] {
        &self.slots
    }

    /// The slot that counts, by the checksums alone; see [`AtRest::mac_findings`].
    pub fn chosen(&self) -> Result<&ChosenSlot, &Finding> {
        self.chosen.as_ref().map_err(|finding| &**finding)
    }

    /// The subkeys; when the file is locked, why.
    pub fn keys(&self) -> Result<&Keys, &Finding> {
        self.keys.as_ref().map(|opened| &opened.keys).map_err(|finding| &**finding)
    }

    /// The number of the key slot that was opened.
    pub fn key_slot(&self) -> Option<u8> {
        self.keys.as_ref().ok().map(|opened| opened.slot)
    }

    /// Superblock slots whose MAC is wrong; empty without a key.
    pub fn mac_findings(&self) -> &[Finding] {
        &self.mac_findings
    }

    /// What a snapshot of it is made of; when nothing is vouched for, why.
    pub(crate) fn parts(&self) -> Result<Parts<'_>, &Finding> {
        self.state()?;
        let opened = self.keys.as_ref().map_err(|finding| &**finding)?;
        let (page_file, log) = (self.file.clone(), self.log.file.clone());
        Ok(Parts { page_file, chosen: self.chosen()?, keys: &opened.keys, ring: &opened.ring, log })
    }

    /// The log.
    pub fn log(&self) -> &LogAtRest {
        &self.log
    }

    /// The page size, by the slot that counts, or by any that reads.
    pub fn page_size(&self) -> Option<PageSize> {
        let chosen = self.chosen.as_ref().ok().map(|chosen| chosen.superblock.page_size);
        chosen.or_else(|| self.slots.iter().flatten().next().map(|superblock| superblock.page_size))
    }

    /// The newest state that is vouched for; when nothing is, why.
    pub fn state(&self) -> Result<&VouchedState, &Finding> {
        self.state.as_ref().map_err(|finding| &**finding)
    }

    /// The newest vouched commit.
    pub fn commit(&self) -> Option<CommitNo> {
        self.state.as_ref().ok().map(|state| state.commit)
    }

    /// Pages of the newest vouched tree; by the superblock alone when there is no key.
    pub fn page_count(&self) -> Option<u32> {
        let vouched = self.state.as_ref().ok().map(|state| state.page_count);
        vouched.or_else(|| self.chosen.as_ref().ok().map(|chosen| chosen.superblock.page_count))
    }

    /// The root of the newest vouched tree.
    pub fn root(&self) -> Option<PagePointer> {
        self.state.as_ref().ok().map(|state| state.root)
    }

    /// Records in the newest vouched tree.
    pub fn record_count(&self) -> Option<u64> {
        self.state.as_ref().ok().map(|state| state.record_count)
    }

    /// The line that `fingerprint` prints.
    pub fn fingerprint_line(&self) -> Option<String> {
        self.anchor().map(|anchor| anchor.to_string())
    }

    /// The newest state as a line that is kept elsewhere has it: [`AtRest::fingerprint_line`] not yet as text.
    pub fn anchor(&self) -> Option<Anchor> {
        let (state, chosen) = (self.state.as_ref().ok()?, self.chosen.as_ref().ok()?);
        let keys = &self.keys.as_ref().ok()?.keys;
        let superblock = &chosen.superblock;
        let slots = superblock.key_slots.clone().map(|slot| slot.bytes);
        let anchor = Anchor::new(superblock.file_id, state.commit, &state.fingerprint);
        Some(anchor.with_keys(keys, superblock.key_slot_counter, &slots))
    }

    /// How many whole pages the page file's length has room for.
    pub fn pages_in_file(&self) -> u32 {
        let Some(page_size) = self.page_size() else { return 0 };
        let pages = self.length.saturating_sub(PAGES_START_BYTES) / page_size.bytes() as u64;
        u32::try_from(pages).unwrap_or(u32::MAX)
    }

    /// The page as it stands in the page file; fewer bytes than a page, or none, where the file ends before. An error when
    /// input fails, or when neither superblock tells the page size.
    pub fn sealed_page(&self, page: PageNo) -> Result<Vec<u8>> {
        Ok(self.file_page(page)?.bytes)
    }

    /// As [`AtRest::sealed_page`], with the place.
    pub fn file_page(&self, page: PageNo) -> Result<PageBytes> {
        let page_size = self.known_page_size()?;
        if page.is_none() {
            return Err(Error::Misuse { why: "pages are counted from 1".to_owned() });
        }
        let offset = page_size.offset_of(page);
        let bytes = read_at_most(&*self.file, &self.name, offset, page_size.bytes())?;
        Ok(PageBytes { bytes, source: ByteSource::File { offset } })
    }

    /// The newest form of the page: the log's when the log has one that is kept, else the page file's.
    pub fn newest_page(&self, page: PageNo) -> Result<PageBytes> {
        match self.log_frame(page) {
            Some(frame) => self.log_page(frame),
            None => self.file_page(page),
        }
    }

    /// Reads these pages, in ascending order, at once as far as they stand close together; others are read when asked for.
    pub(crate) fn page_run(&self, pages: &[PageNo]) -> PageRun<'_> {
        let nothing = PageRun { file: self, offset: 0, bytes: Vec::new() };
        let (Some(page_size), [first, .., last]) = (self.page_size(), pages) else { return nothing };
        let (offset, end) = (page_size.offset_of(*first), page_size.offset_of(PageNo(last.0.saturating_add(1))));
        let is_close = end.saturating_sub(offset) <= 2 * (pages.len() * page_size.bytes()) as u64;
        // What cannot be read together is read page by page, and told so.
        match is_close.then(|| self.file_bytes(offset, (end - offset) as usize)) {
            Some(Ok(bytes)) => PageRun { offset, bytes, ..nothing },
            _ => nothing,
        }
    }

    /// The last bytes of the place of a page in the page file, where the seal stands.
    fn seal_at(&self, page: PageNo) -> Option<Seal> {
        let page_size = self.page_size()?;
        let end = page_size.offset_of(page) + page_size.bytes() as u64;
        let bytes = self.file_bytes(end - TAG_BYTES as u64, TAG_BYTES).ok()?;
        bytes.first_chunk().map(|seal| Seal(*seal))
    }

    /// Whether the newest form of the page stands in the log.
    pub fn is_in_log(&self, page: PageNo) -> bool {
        self.log_frame(page).is_some()
    }

    /// Pages with a version in the kept part of the log.
    pub fn log_pages_count(&self) -> usize {
        self.log.index.pages_count()
    }

    /// The pointer that vouches for the page: the log's, when the log has a newer version than the pointer names.
    pub fn resolve(&self, pointer: &PagePointer) -> PagePointer {
        self.log_frame(pointer.page).map_or(*pointer, |frame| frame.pointer(pointer.page))
    }

    /// Opens the branch or leaf that `pointer` names by the read rule: the log first, by what its index remembers; else the
    /// page file, by the seal in the pointer.
    pub fn open_page(&self, pointer: &PagePointer) -> Result<PlainPage, Box<Finding>> {
        self.open_page_as(PageUse::Node, pointer)
    }

    /// As [`AtRest::open_page`], for a page that must be what `asked` says: `PAGE-KIND` when it is not.
    pub fn open_page_as(&self, asked: PageUse, pointer: &PagePointer) -> Result<PlainPage, Box<Finding>> {
        let keys = self.keys().map_err(|finding| Box::new(finding.clone()))?;
        let found = self.newest_page(pointer.page).map_err(|error| self.read_error(error, pointer.page))?;
        let plain = open_expected(keys, &found.bytes, &self.resolve(pointer), self.place(&found))?;
        match kind_of(&plain) {
            kind if holds(Defence::WalkAskedKind, asked.is(kind)) => Ok(plain),
            kind => Err(Box::new(asked.refuse(kind, pointer.page, self.place(&found), found.bytes.len()))),
        }
    }

    /// Opens the newest form of the page by its own header, whatever a pointer says.
    pub fn open_any(&self, page: PageNo) -> Result<PlainPage, Box<Finding>> {
        let found = self.newest_page(page).map_err(|error| self.read_error(error, page))?;
        self.open_bytes(page, &found)
    }

    /// Opens sealed bytes by their own header, as page `page` or as whatever page they are.
    pub fn open_bytes(&self, page: PageNo, found: &PageBytes) -> Result<PlainPage, Box<Finding>> {
        let keys = self.keys().map_err(|finding| Box::new(finding.clone()))?;
        open_authentic(keys, &found.bytes, page, self.place(found))
    }

    /// Every page that is reached from the root of the main tree of the newest vouched state; when nothing is vouched for,
    /// why. See [`AtRest::catalog_tree`], [`AtRest::named_tree`] and [`AtRest::free_list`] for the rest.
    pub fn tree(&self) -> Result<Tree, &Finding> {
        self.state().map(|state| Tree::of(self, state, TreeHome::main(state)))
    }

    /// What each byte of superblock slot `slot` is.
    pub fn annotate_superblock(&self, slot: u8) -> Vec<Annotation> {
        annotate::superblock(self.slot_bytes(slot))
    }

    /// What each byte of the page is, as it stands in the page file.
    pub fn annotate_page_sealed(&self, page: PageNo) -> Result<Vec<Annotation>> {
        Ok(annotate::sealed_page(&self.sealed_page(page)?))
    }

    /// What each byte of the newest plain form of the page is, opened by its own header.
    pub fn annotate_page_plain(&self, page: PageNo) -> Result<Vec<Annotation>, Box<Finding>> {
        Ok(annotate::plain_page(&self.open_any(page)?))
    }

    /// What each byte of the log is; nothing when there is no log.
    pub fn annotate_log(&self) -> Result<Vec<Annotation>> {
        let (Some(file), Some(length)) = (&self.log.file, self.log.length) else { return Ok(Vec::new()) };
        if length > LOG_BYTES_ANNOTATED_MAX {
            return Err(Error::LimitExceeded {
                what: "log to annotate",
                limit: LOG_BYTES_ANNOTATED_MAX,
                value: length,
            });
        }
        let bytes = read_at_most(&**file, &self.log.name, 0, length as usize)?;
        Ok(annotate::log_file(&bytes, self.known_page_size()?))
    }

    /// What each byte of one record of the log is.
    pub fn annotate_record(&self, record: &RecordPlace) -> Result<Vec<Annotation>> {
        let bytes = self.log_bytes(record.offset, (record.end - record.offset) as usize)?;
        Ok(annotate::log_record(&bytes, self.record_shape()?))
    }

    /// Bytes of the page file; fewer where it ends.
    pub fn file_bytes(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        read_at_most(&*self.file, &self.name, offset, count)
    }

    /// Bytes of the log; fewer where it ends, none when there is no log.
    pub fn log_bytes(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        match &self.log.file {
            Some(file) => read_at_most(&**file, &self.log.name, offset, count),
            None => Ok(Vec::new()),
        }
    }

    /// The file and the offset that a finding about these bytes names.
    pub(crate) fn place<'a>(&'a self, found: &PageBytes) -> Place<'a> {
        match found.source {
            ByteSource::Log { offset } => Place { file: &self.log.name, offset },
            ByteSource::File { offset } => Place { file: &self.name, offset },
        }
    }

    /// A page that the operating system could not read, as a finding.
    pub(crate) fn read_error(&self, error: Error, page: PageNo) -> Box<Finding> {
        let finding = Finding::new(Code::FileReadError, format!("Page {page} could not be read: {error}."))
            .page(page)
            .lost("Nothing is known to be lost; the page was not seen.")
            .next("Copy the file to another disk and look at the copy.");
        Box::new(match (self.page_size(), page.is_none()) {
            (Some(page_size), false) => {
                let start = page_size.offset_of(page);
                finding.at(&self.name, start..start + page_size.bytes() as u64)
            }
            _ => finding,
        })
    }

    /// Checks that an opened page is sound and of the kind that its sealed header names.
    pub(crate) fn check_node(&self, plain: &[u8], found: &PageBytes, page: PageNo) -> Result<(), Box<Finding>> {
        match crate::format::page::SealedView::new(&found.bytes) {
            Some(view) => check_structure(plain, &view, page, self.place(found)),
            None => Ok(()),
        }
    }

    /// What the records of the log look like, by its own header; by the superblock when that does not read.
    pub(crate) fn record_shape(&self) -> Result<LogShape> {
        let page_size = self.known_page_size()?;
        let by_superblock = self.chosen.as_ref().map_or(FORMAT, |chosen| chosen.superblock.format);
        let format = self.log.header.as_ref().map_or(by_superblock, |header| header.format);
        Ok(LogShape { format, page_size })
    }

    fn log_frame(&self, page: PageNo) -> Option<FramePlace> {
        self.log.index.lookup(page, self.commit()?)
    }

    fn log_page(&self, frame: FramePlace) -> Result<PageBytes> {
        let page_size = self.known_page_size()?;
        let file = self.log.file.as_ref().expect("invariant: a log with frames in its index has a file");
        let mut bytes = vec![0; page_size.bytes()];
        read_exact_at(&**file, frame.offset, &mut bytes).map_err(|source| Error::io("read", &self.log.name, source))?;
        Ok(PageBytes { bytes, source: ByteSource::Log { offset: frame.offset } })
    }

    fn known_page_size(&self) -> Result<PageSize> {
        let unknown = || match &self.chosen {
            Err(finding) => Error::Damage(finding.clone()),
            Ok(_) => Error::Misuse { why: "the page size is not known".to_owned() },
        };
        self.page_size().ok_or_else(unknown)
    }
}

/// Pages of the page file that were read together.
pub(crate) struct PageRun<'a> {
    /// The file.
    pub file: &'a AtRest,
    offset: u64,
    bytes: Vec<u8>,
}

impl PageRun<'_> {
    /// As [`AtRest::file_page`].
    pub fn file_page(&self, page: PageNo) -> Result<PageBytes> {
        let whole = self.file.page_size().filter(|_| !page.is_none()).and_then(|page_size| {
            let offset = page_size.offset_of(page);
            let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
            let bytes = self.bytes.get(start..start.checked_add(page_size.bytes())?)?;
            Some(PageBytes { bytes: bytes.to_vec(), source: ByteSource::File { offset } })
        });
        whole.map_or_else(|| self.file.file_page(page), Ok)
    }

    /// As [`AtRest::newest_page`].
    pub fn newest_page(&self, page: PageNo) -> Result<PageBytes> {
        if self.file.is_in_log(page) { self.file.newest_page(page) } else { self.file_page(page) }
    }
}

impl LogAtRest {
    /// The log itself, for whoever looks through its bytes.
    pub(crate) fn bytes(&self) -> Option<&dyn VfsFile> {
        self.file.as_deref()
    }

    fn read(vfs: &dyn Vfs, path: &Path, trusted: Option<(&ChosenSlot, &Keys)>) -> Result<LogAtRest> {
        let name = file_name(path);
        let mut log = LogAtRest {
            name: name.clone(),
            length: None,
            head: Vec::new(),
            header: None,
            standing: None,
            scan: None,
            damage: None,
            file: None,
            index: LogIndex::default(),
        };
        match vfs.open(path, OpenMode::Read) {
            Ok(file) => {
                log.length = Some(file.len().map_err(|source| Error::io("length", &name, source))?);
                log.head = read_at_most(&*file, &name, 0, LOG_HEADER_BYTES)?;
                log.header = LogHeader::decode(&log.head).ok();
                log.file = Some(file);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::io("open", &name, source)),
        }
        if let Some((chosen, keys)) = trusted {
            log.judge(chosen, keys)?;
        }
        Ok(log)
    }

    fn judge(&mut self, chosen: &ChosenSlot, keys: &Keys) -> Result<()> {
        let superblock = &chosen.superblock;
        let standing = match judge(superblock, keys, &self.head, &self.name) {
            Ok(standing) => Ok(standing),
            Err(finding) => Err(damage_of(explain_missing(finding, chosen))?),
        };
        if let Err(finding) = &standing {
            self.damage = Some(finding.clone());
        }
        if let (Ok(LogStanding::Continues(header)), Some(file)) = (&standing, &self.file) {
            let scan = scan(&**file, &self.name, header, keys, superblock.commit, superblock.fingerprint)?;
            if let Err(error) = check_kept(&scan, superblock, &self.name) {
                self.damage = Some(damage_of(error)?);
            }
            self.index = index_of(&scan);
            self.scan = Some(scan);
        }
        self.standing = Some(standing);
        Ok(())
    }
}

/// The places of the pages in the kept part of a log.
fn index_of(scan: &LogScan) -> LogIndex {
    let mut index = LogIndex::default();
    for record in scan.records.iter().filter(|record| record.end <= scan.kept_end) {
        if let FrameRecord::Page { page, seal } = record.record {
            let offset = record.offset + RECORD_HEADER_BYTES as u64;
            index.insert(page, FramePlace { commit: record.commit, seal, offset });
        }
    }
    index
}

/// The finding of an error that is one; other errors stay errors.
fn damage_of(error: Error) -> Result<Box<Finding>> {
    match error {
        Error::Damage(finding) => Ok(finding),
        other => Err(other),
    }
}

fn open_keys(chosen: &Result<ChosenSlot, Box<Finding>>, unlock: &Unlock, name: &str) -> Result<Unlocked> {
    match chosen {
        Err(finding) => Ok(Err(finding.clone())),
        Ok(chosen) => match unlock_keys(&chosen.superblock, unlock, name) {
            Ok((keys, dek, slot)) => {
                Ok(Ok(Opened { keys, ring: InheritedKeys::new(&chosen.superblock, Arc::new(dek)), slot }))
            }
            Err(error) => damage_of(error).map(Err),
        },
    }
}

/// Whether what opened the earlier superblock's key slots opens these.
fn has_same_keys(earlier: &Result<ChosenSlot, Box<Finding>>, now: &Result<ChosenSlot, Box<Finding>>) -> bool {
    match (earlier, now) {
        (Ok(earlier), Ok(now)) => {
            key_context(&earlier.superblock) == key_context(&now.superblock)
                && earlier.superblock.key_slots == now.superblock.key_slots
        }
        _ => false,
    }
}

/// The MACs of the slots that read; of one that is said to be another database's, nothing can be told by this one's keys.
fn check_macs(
    slots: &[Result<Superblock, Box<Finding>>; 2],
    chosen: &Chosen,
    keys: &Keys,
    head: &[u8],
    name: &str,
) -> Vec<Finding> {
    let is_accused = |slot: u8| chosen.as_ref().is_ok_and(|chosen| chosen.slot != slot && chosen.other.is_err());
    (0u8..)
        .zip(slots)
        .filter(|(number, slot)| slot.is_ok() && !is_accused(*number))
        .filter_map(|(slot, _)| authenticate_slot(slot, keys, head, name).err())
        .map(|finding| *finding)
        .collect()
}

/// The chosen slot and the keys, when the slot's MAC is right.
fn trusted<'a>(
    chosen: &'a Result<ChosenSlot, Box<Finding>>,
    keys: &'a Unlocked,
    mac_findings: &'a [Finding],
) -> Result<(&'a ChosenSlot, &'a Keys), &'a Finding> {
    let chosen = chosen.as_ref().map_err(|finding| &**finding)?;
    let keys = &keys.as_ref().map_err(|finding| &**finding)?.keys;
    let start = u64::from(chosen.slot) * crate::limits::SUPERBLOCK_BYTES as u64;
    match mac_findings.iter().find(|finding| finding.byte_start == Some(start)) {
        Some(forged) => Err(forged),
        None => Ok((chosen, keys)),
    }
}

fn newest_state(chosen: &ChosenSlot, log: &LogAtRest) -> VouchedState {
    match log.scan.as_ref().and_then(|scan| scan.commits.last()) {
        Some(last) => VouchedState::of_commit(last.commit, &last.body),
        None => VouchedState::of_superblock(&chosen.superblock, chosen.slot),
    }
}

/// Up to `count` bytes at `offset`; fewer where the file ends.
fn read_at_most(file: &dyn VfsFile, name: &str, offset: u64, count: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    let read = read_up_to(file, offset, &mut bytes).map_err(|source| Error::io("read", name, source))?;
    bytes.truncate(read);
    Ok(bytes)
}
