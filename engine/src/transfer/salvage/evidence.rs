//! What is left of a database: its two files, the key, the state that something authentic vouches for, and where a page may be
//! found.
//!
//! Opening stops at the first thing that does not fit; here each is noted as a [`Choice`] and the best that is authentic is
//! taken: the newest superblock slot with a right MAC, the log that continues it as far as its chain holds, or a newer log
//! whose chain stands by itself. Nothing is believed that did not authenticate.

use super::catalogue::{Catalogue, FileOf, Spot};
use super::mend::{Mending, Source};
use super::report::Choice;
use crate::crypto::{Keys, PlainPage, Unlock};
use crate::db::{InheritedKeys, check_kept, explain_missing, unlock_keys};
use crate::defence::{Defence, holds};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::log::{LOG_HEADER_BYTES, LogHeader, RECORD_HEADER_BYTES};
use crate::format::superblock::Superblock;
use crate::inspect::{Beside, VouchedState};
use crate::limits::{PAGES_START_BYTES, SUPERBLOCK_BYTES};
use crate::pager::check::{PageUse, Place, kind_of, open_expected};
use crate::pager::read_head;
use crate::pager::slots::{ChosenSlot, authenticate_slot, read_slots, slot_bytes, slot_letter};
use crate::types::{CommitNo, FileId, PageNo, PagePointer, PageSize};
use crate::vfs::{LockKind, OpenMode, Vfs, VfsFile, file_name, read_up_to};
use crate::wal::{FramePlace, FrameRecord, LogIndex, LogStanding, SoundRecord, judge, log_path, scan, sound_records};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A file that is read.
#[derive(Clone)]
pub(super) struct FileRead {
    pub file: Arc<dyn VfsFile>,
    pub name: String,
    pub bytes: u64,
}

impl FileRead {
    fn new(file: Arc<dyn VfsFile>, name: String) -> Result<FileRead> {
        let bytes = file.len().map_err(|source| Error::io("length", &name, source))?;
        Ok(FileRead { file, name, bytes })
    }

    /// Where to look on for a page of so many bytes when all before `offset` is zeros: if a hole begins there, shortly before its
    /// end, for a page may begin with zeros.
    pub fn behind_zeros(&self, offset: u64, page_bytes: u64) -> u64 {
        let data = self.file.next_data(offset).min(self.bytes);
        offset.max(data.saturating_sub(page_bytes) / page_bytes * page_bytes)
    }

    /// Up to `count` bytes at `offset`; fewer where the file ends.
    pub fn at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        let left = usize::try_from(self.bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; count.min(left)];
        let read =
            read_up_to(&*self.file, offset, &mut bytes).map_err(|source| Error::io("read", &self.name, source))?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// What is left.
pub(super) struct Evidence {
    pub pages: FileRead,
    pub log: Option<FileRead>,
    pub page_size: PageSize,
    pub file_id: FileId,
    pub keys: Keys,
    pub ring: InheritedKeys,
    /// The newest state that is vouched for.
    pub state: Option<VouchedState>,
    pub choices: Vec<Choice>,
    /// What the log has of pages, up to the state.
    index: LogIndex,
    /// Commits whose record stands in the log and is authentic by itself; `None` when no header tells whose log it is.
    pub finished: Option<BTreeSet<CommitNo>>,
    /// Of the log, when not all of it was judged.
    pub log_cut_short: bool,
    pub mending: Mending,
    catalogue: OnceCell<Result<Catalogue>>,
}

/// How a pointer is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rule {
    /// By the read rule: the log first.
    Current,
    /// To exactly the version that it names.
    Exact,
}

/// A page that was opened.
pub(super) struct Opened {
    pub plain: PlainPage,
    /// What vouched for it.
    pub pointer: PagePointer,
    /// Where it was found instead, and what is wrong with its own place.
    pub recovered: Option<(Source, Box<Finding>)>,
}

impl Evidence {
    /// Reads superblocks and log; lost pages are looked for in the files `beside` too. Fails when there is no such file, when it
    /// is not ours or of a newer format, and without a key.
    pub fn open(vfs: &dyn Vfs, path: &Path, unlock: &Unlock, beside: &[Beside]) -> Result<Evidence> {
        let pages = open_page_file(vfs, path)?;
        let head = read_head(&*pages.file, &pages.name)?;
        let slots = head.told(read_slots(&head.bytes, &pages.name));
        let head = head.bytes;
        refuse_newer(&slots)?;
        let log = open_log(vfs, path);
        let of = |slots: &Slots| {
            let log = log.as_ref().map(Clone::clone).map_err(Error::again);
            Evidence::of(pages.clone(), log, &head, slots, unlock, beside)
        };
        let newest = of(&slots);
        let Some(others) = without_newest(&slots, &pages.name) else { return newest };
        // Two superblocks of two databases: that one counts whose key opens pages.
        let opens = |evidence: &Evidence| evidence.catalogue().is_ok_and(|catalogue| !catalogue.is_empty());
        match newest {
            Err(Error::Damage(refused)) => of(&others).ok().filter(opens).ok_or(Error::Damage(refused)),
            Ok(newest) if !opens(&newest) => Ok(of(&others).ok().filter(opens).unwrap_or(newest)),
            newest => newest,
        }
    }

    fn of(
        pages: FileRead,
        log: Result<Option<FileRead>>,
        head: &[u8],
        slots: &Slots,
        unlock: &Unlock,
        beside: &[Beside],
    ) -> Result<Evidence> {
        let Unlocked { superblock, keys, ring, mut choices } = unlock_any(&pages, head, slots, unlock)?;
        let base = base_slot(slots, &keys, head, &pages.name, &mut choices);
        let page_size = superblock.page_size;
        let (log, unopened) = match log {
            Ok(log) => (log, None),
            Err(error) => (None, Some(error)),
        };
        let mut evidence = Evidence {
            pages,
            log,
            page_size,
            file_id: superblock.file_id,
            keys,
            ring,
            state: base.as_ref().map(|base| VouchedState::of_superblock(&base.superblock, base.slot)),
            choices,
            index: LogIndex::default(),
            finished: None,
            log_cut_short: false,
            mending: Mending::new(beside),
            catalogue: OnceCell::new(),
        };
        let read = unopened.map_or_else(|| evidence.read_log(base.as_ref(), &superblock), Err);
        match read {
            Err(Error::Io { file, source, .. }) => evidence.note_unread_log(&file, &source),
            other => other?,
        }
        if base.is_none() && evidence.state.is_none() {
            evidence.check_key_fits()?;
        }
        Ok(evidence)
    }

    /// What the log adds to the state.
    fn read_log(&mut self, base: Option<&ChosenSlot>, ours: &Superblock) -> Result<()> {
        let name = self.log.as_ref().map_or_else(|| format!("{}-wal", self.pages.name), |log| log.name.clone());
        let head = self.log.as_ref().map_or(Ok(Vec::new()), |log| log.at(0, LOG_HEADER_BYTES))?;
        let header = LogHeader::decode(&head).ok();
        let own = header.filter(|header| {
            header.file_id == ours.file_id && header.page_size == ours.page_size && header.format == ours.format
        });
        let sound = match (&own, &self.log) {
            (Some(header), Some(log)) => {
                let (sound, is_all) = sound_records(&*log.file, &log.name, header, &self.keys)?;
                self.log_cut_short = !is_all;
                self.finished = Some(sound.iter().filter(is_commit).map(commit_of).collect());
                sound
            }
            _ => Vec::new(),
        };
        let Some(base) = base else {
            self.take_chain(own.as_ref(), &sound);
            return Ok(());
        };
        match judge(&base.superblock, &self.keys, &head, &name) {
            Ok(LogStanding::Continues(header)) => self.take_continuing(base, &header),
            Ok(LogStanding::Absent { .. } | LogStanding::Stale { .. }) => Ok(()),
            Err(finding) => {
                let finding = damage_of(explain_missing(finding, base))?;
                let before = self.state.as_ref().map(|state| state.commit);
                if finding.code == Code::FreshMainOlder {
                    self.take_chain(own.as_ref(), &sound);
                }
                let goes_on = self.state.as_ref().map(|state| state.commit) != before;
                self.note_refused_log(finding, base, goes_on);
                Ok(())
            }
        }
    }

    /// The log goes on where the chosen slot ends: all of it that opening would keep, and before rot what stands there.
    fn take_continuing(&mut self, base: &ChosenSlot, header: &LogHeader) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        let superblock = &base.superblock;
        let found = scan(&*log.file, &log.name, header, &self.keys, superblock.commit, superblock.fingerprint)?;
        let kept = found.records.iter().filter(|record| record.end <= found.kept_end);
        for record in kept {
            if let FrameRecord::Page { page, seal } = record.record {
                let offset = record.offset + RECORD_HEADER_BYTES as u64;
                self.index.insert(page, FramePlace { commit: record.commit, seal, offset });
            }
        }
        if let Some(last) = found.commits.last() {
            self.state = Some(VouchedState::of_commit(last.commit, &last.body));
        }
        if let Err(error) = check_kept(&found, superblock, &log.name) {
            let finding = damage_of(error)?;
            let at = self.state.as_ref().map_or(CommitNo(0), |state| state.commit);
            let last = self.finished.as_ref().and_then(BTreeSet::last).filter(|last| **last > at);
            let later = match last {
                Some(last) => format!("Commits {} to {last} at least were made behind it.", at.next()),
                None => "How many commits were made behind it, nothing tells.".to_owned(),
            };
            self.choices.push(Choice {
                finding: *finding,
                instead: format!("The log is used up to where it holds, which is commit {at}."),
                may_lose: Some(format!("What changed after commit {at}. {later}")),
            });
        }
        Ok(())
    }

    /// The log by itself, without a superblock that it continues: as far as it is one chain from its first record on. Its
    /// commit records carry whole pointers under their MAC, and every page that changed since its beginning stands in it.
    fn take_chain(&mut self, header: Option<&LogHeader>, sound: &[SoundRecord]) {
        let Some(header) = header else { return };
        let (mut previous, mut sequence) = (header.seed, 1);
        let mut waiting = Vec::new();
        for record in sound {
            let follows = record.previous == previous && record.place.sequence == sequence;
            if !holds(Defence::SalvageLogChain, follows) {
                break;
            }
            (previous, sequence) = (record.mac, sequence + 1);
            match &record.place.record {
                FrameRecord::Page { page, seal } => {
                    let offset = record.place.offset + RECORD_HEADER_BYTES as u64;
                    waiting.push((*page, FramePlace { commit: record.place.commit, seal: *seal, offset }));
                }
                FrameRecord::Commit(body) => {
                    waiting.drain(..).for_each(|(page, frame)| self.index.insert(page, frame));
                    self.state = Some(VouchedState::of_commit(record.place.commit, body));
                }
            }
        }
    }

    fn note_refused_log(&mut self, finding: Box<Finding>, base: &ChosenSlot, goes_on: bool) {
        let (instead, may_lose) = match goes_on {
            true => (
                "The log is newer than the page file and whole by itself: its last commit is used, and of the page file those pages that it still names.",
                "What the log names and the page file does not hold.".to_owned(),
            ),
            false => (
                "The page file is used alone, as of its last checkpoint.",
                format!("What changed after commit {}.", base.superblock.commit),
            ),
        };
        self.choices.push(Choice { finding: *finding, instead: instead.to_owned(), may_lose: Some(may_lose) });
    }

    fn note_unread_log(&mut self, file: &str, source: &io::Error) {
        let at = self.commit();
        let finding = Finding::new(Code::FileReadError, format!("The log could not be read: {source}."))
            .at(file, 0..self.log.as_ref().map_or(0, |log| log.bytes))
            .next("Make the log readable or put it back where it was, and salvage again; where the disk is failing, copy both files to another one, as far as they can be read, and salvage the copy.");
        self.choices.push(Choice {
            finding,
            instead: "The page file is used alone, as of its last checkpoint.".to_owned(),
            may_lose: Some(format!("What changed after commit {at}.")),
        });
    }

    /// Without anything that a MAC vouches for, a page that opens is what shows that the key is this file's.
    fn check_key_fits(&mut self) -> Result<()> {
        if self.catalogue()?.is_empty() {
            let why = "Neither superblock holds, no commit of the log does, and not one page opens under the key that was made of what is left.";
            let finding = Finding::new(Code::PageUnauthentic, why)
                .at(&self.pages.name, 0..self.pages.bytes)
                .expected("a page that authenticates", "none")
                .lost("Everything, as far as these files tell.")
                .next("Keep a copy of both files. Restore a backup, or a commit from the archive: nothing can be saved from these.");
            return Err(finding.into());
        }
        Ok(())
    }

    /// Every authentic version of every page that stands anywhere in the two files. The first call looks for them.
    pub fn catalogue(&self) -> Result<&Catalogue> {
        let made = self.catalogue.get_or_init(|| Catalogue::of(self));
        made.as_ref().map_err(Error::again)
    }

    /// The catalogue, when one was made.
    pub fn searched(&self) -> Option<&Catalogue> {
        self.catalogue.get().and_then(|made| made.as_ref().ok())
    }

    /// The newest commit that is vouched for.
    pub fn commit(&self) -> CommitNo {
        self.state.as_ref().map_or(CommitNo(0), |state| state.commit)
    }

    /// Where the newest form of `page` belongs.
    pub fn own_spot(&self, page: PageNo) -> Spot {
        match self.index.lookup(page, self.commit()) {
            Some(frame) => Spot { file: FileOf::Log, offset: frame.offset },
            None => Spot { file: FileOf::Pages, offset: self.page_size.offset_of(page) },
        }
    }

    /// The pointer that vouches for the page: the log's, when the log has a newer version.
    pub fn resolve(&self, pointer: &PagePointer) -> PagePointer {
        let frame = self.index.lookup(pointer.page, self.commit());
        frame.map_or(*pointer, |frame| PagePointer { page: pointer.page, commit: frame.commit, seal: frame.seal })
    }

    /// The file that a spot is in.
    pub fn file(&self, file: FileOf) -> &FileRead {
        match file {
            FileOf::Pages => &self.pages,
            FileOf::Log => self.log.as_ref().unwrap_or(&self.pages),
        }
    }

    /// Opens the page that `pointer` names: in its place, or from wherever else exactly that version can be had. What is wrong
    /// with its place is the finding. A page of the wrong kind is one that does not hold.
    pub fn open_page(&self, asked: PageUse, pointer: &PagePointer, rule: Rule) -> Result<Opened, Box<Finding>> {
        if pointer.page.is_none() {
            let finding = Finding::new(Code::TreeSlot, "A pointer names no page.");
            return Err(Box::new(finding.expected("a page", "page 0")));
        }
        let wanted = if rule == Rule::Current { self.resolve(pointer) } else { *pointer };
        let spot = self.own_spot(pointer.page);
        let first = match self.open_at(asked, &wanted, spot) {
            Ok(plain) => return Ok(Opened { plain, pointer: wanted, recovered: None }),
            Err(finding) => finding,
        };
        match self.recover(asked, &wanted, spot) {
            Some((plain, source)) => Ok(Opened { plain, pointer: wanted, recovered: Some((source, first)) }),
            None => Err(first),
        }
    }

    /// Opens what stands at `spot` as exactly the page that `wanted` names.
    pub fn open_at(&self, asked: PageUse, wanted: &PagePointer, spot: Spot) -> Result<PlainPage, Box<Finding>> {
        let file = self.file(spot.file);
        let bytes = file.at(spot.offset, self.page_size.bytes()).map_err(|error| {
            let why = format!("Page {} could not be read: {error}.", wanted.page);
            let end = spot.offset + self.page_size.bytes() as u64;
            Box::new(Finding::new(Code::FileReadError, why).page(wanted.page).at(&file.name, spot.offset..end))
        })?;
        let place = Place { file: &file.name, offset: spot.offset };
        let plain = open_expected(&self.keys, &bytes, wanted, place)?;
        match kind_of(&plain) {
            kind if asked.is(kind) => Ok(plain),
            kind => Err(Box::new(asked.refuse(kind, wanted.page, place, bytes.len()))),
        }
    }
}

fn is_commit(record: &&SoundRecord) -> bool {
    matches!(record.place.record, FrameRecord::Commit(_))
}

fn commit_of(record: &SoundRecord) -> CommitNo {
    record.place.commit
}

fn open_page_file(vfs: &dyn Vfs, path: &Path) -> Result<FileRead> {
    let name = file_name(path);
    let file = vfs.open(path, OpenMode::Read).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound { file: name.clone() },
        _ => Error::io("open", &name, source),
    })?;
    match file.try_lock(LockKind::Shared) {
        Ok(true) => FileRead::new(file, name),
        Ok(false) => Err(Error::InUse { file: name, holder: file.lock_holder() }),
        Err(source) => Err(Error::io("locking", &name, source)),
    }
}

fn open_log(vfs: &dyn Vfs, path: &Path) -> Result<Option<FileRead>> {
    let path = log_path(path);
    let name = file_name(&path);
    match vfs.open(&path, OpenMode::Read) {
        Ok(file) => FileRead::new(file, name).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::io("open", &name, source)),
    }
}

type Slots = [Result<Superblock, Box<Finding>>; 2];

/// Where both slots read and are of two databases: the slots as they are when the newer one is passed over.
fn without_newest(slots: &Slots, file: &str) -> Option<Slots> {
    let [Ok(a), Ok(b)] = slots else { return None };
    if (a.file_id, a.key_set) == (b.file_id, b.key_set) {
        return None;
    }
    let newest = u8::from(b.slot_generation > a.slot_generation);
    let start = u64::from(newest) * SUPERBLOCK_BYTES as u64;
    let why = format!(
        "The two superblocks are of two databases, and no page opens under the key of superblock {}.",
        slot_letter(newest)
    );
    let (ours, other) = if newest == 0 { (b, a) } else { (a, b) };
    let finding = Finding::new(Code::HdrSlotsDisagree, why)
        .at(file, start..start + SUPERBLOCK_BYTES as u64)
        .expected(format!("file id {}", ours.file_id), format!("file id {}", other.file_id));
    let mut others = slots.clone();
    others[usize::from(newest)] = Err(Box::new(finding));
    Some(others)
}

/// What a newer program wrote is not ours to take apart.
fn refuse_newer(slots: &Slots) -> Result<()> {
    for finding in slots.iter().filter_map(|slot| slot.as_ref().err()) {
        if matches!(finding.code, Code::HdrVersion | Code::HdrFeature) {
            return Err(Error::Damage(finding.clone()));
        }
    }
    Ok(())
}

struct Unlocked {
    superblock: Superblock,
    keys: Keys,
    ring: InheritedKeys,
    choices: Vec<Choice>,
}

/// Opens a key slot: of the newest superblock that reads, and of no other, for an older one may hold keys that were taken
/// back. Where neither reads, of what is left of both.
fn unlock_any(pages: &FileRead, head: &[u8], slots: &Slots, unlock: &Unlock) -> Result<Unlocked> {
    let newest = slots.iter().flatten().max_by_key(|superblock| superblock.slot_generation);
    if let Some(superblock) = newest {
        let (keys, dek, _) = unlock_keys(superblock, unlock, &pages.name)?;
        let ring = InheritedKeys::new(superblock, Arc::new(dek));
        // A slot that was tampered with may name another file id or page size: then what the other one names gives the subkeys.
        for (slot, other) in (0u8..).zip(slots) {
            let Ok(other) = other else { continue };
            let subkeys = ring.subkeys(other);
            if authenticate_slot(slot, &subkeys, head, &pages.name).is_ok() {
                return Ok(Unlocked { superblock: other.clone(), keys: subkeys, ring, choices: Vec::new() });
            }
        }
        return Ok(Unlocked { superblock: superblock.clone(), keys, ring, choices: Vec::new() });
    }
    let damaged: Vec<Finding> =
        slots.iter().filter_map(|slot| slot.as_ref().err()).map(|found| (**found).clone()).collect();
    let mut refused = None;
    for superblock in remains(head) {
        match unlock_keys(&superblock, unlock, &pages.name) {
            Ok((keys, dek, _)) => {
                let ring = InheritedKeys::new(&superblock, Arc::new(dek));
                let choices = damaged.into_iter().map(|finding| Choice {
                    finding,
                    instead:
                        "A key slot was opened in what is left of the superblocks; nothing else of them is believed."
                            .to_owned(),
                    may_lose: Some("Which commit was the newest, unless the log tells.".to_owned()),
                });
                return Ok(Unlocked { superblock, keys, ring, choices: choices.collect() });
            }
            Err(Error::Damage(finding)) => refused = refused.or(Some(finding)),
            Err(other) => return Err(other),
        }
    }
    Err(no_key_left(damaged, refused, &pages.name))
}

/// What the two slots say of keys, each by itself, then the names of one with the key slots of the other.
fn remains(head: &[u8]) -> Vec<Superblock> {
    let whole: Vec<Superblock> =
        [0, 1].into_iter().filter_map(|slot| Superblock::remains(slot_bytes(head, slot))).collect();
    let mut all = whole.clone();
    if let [a, b] = &whole[..] {
        all.push(Superblock { key_slots: b.key_slots.clone(), ..a.clone() });
        all.push(Superblock { key_slots: a.key_slots.clone(), ..b.clone() });
    }
    all
}

const OLDER_HEAD: &str = "Any older copy of this database, even of its first 8192 bytes alone, holds the same key slots: put those 8192 bytes at the head of a copy of this file and salvage that. Else restore a backup.";

/// Both superblocks are gone, and with them the only copies of the data key.
fn no_key_left(damaged: Vec<Finding>, refused: Option<Box<Finding>>, file: &str) -> Error {
    let is_ours = damaged.iter().any(|finding| finding.code != Code::HdrMagic) || refused.is_some();
    let Some(mut finding) = damaged.into_iter().max_by_key(|finding| finding.code != Code::HdrMagic) else {
        return Error::Misuse { why: format!("{file}: has two slots that read") };
    };
    if !is_ours {
        finding.next = Some(format!(
            "If this was a tosumu database, both superblocks were overwritten, and with them every key slot. {OLDER_HEAD}"
        ));
    } else {
        let of_slots = refused.map_or_else(
            || "no key slot can be read in either".to_owned(),
            |refused| format!("of the key slots left in them none opened ({})", refused.why.trim_end_matches('.')),
        );
        finding.why = format!("Both superblocks are damaged, and {of_slots}.");
        finding.expected = Some("one key slot of 256 bytes and the first 256 bytes of a superblock, whole".to_owned());
        finding.lost =
            Some("Everything: the data key stood in the key slots alone, and no page opens without it.".to_owned());
        finding.next = Some(format!("Keep the files. {OLDER_HEAD}"));
    }
    finding.into()
}

/// The newest slot that the key vouches for.
fn base_slot(slots: &Slots, keys: &Keys, head: &[u8], file: &str, choices: &mut Vec<Choice>) -> Option<ChosenSlot> {
    let mut good: [Result<Superblock, Box<Finding>>; 2] = slots.clone();
    for (number, slot) in (0u8..).zip(&mut good) {
        if slot.is_ok()
            && let Err(forged) = authenticate_slot(number, keys, head, file)
        {
            *slot = Err(forged);
        }
    }
    let [a, b] = good;
    let taken = match (&a, &b) {
        (Ok(a), Ok(b)) => u8::from(b.slot_generation > a.slot_generation),
        (Err(_), Err(_)) => return None,
        (a, _) => u8::from(a.is_err()),
    };
    let (superblock, other) = if taken == 0 { (a, b) } else { (b, a) };
    let superblock = superblock.ok()?;
    let letter = slot_letter(taken);
    match &other {
        Ok(other) if superblock.slot_generation - other.slot_generation != 1 => choices.push(Choice {
            finding: Finding::new(
                Code::HdrSlotsDisagree,
                "Both superblock slots are authentic, but their generations are not neighbours.",
            )
            .at(file, 0..PAGES_START_BYTES)
            .expected(
                "generations that differ by 1",
                format!("{} and {}", superblock.slot_generation, other.slot_generation),
            ),
            instead: format!("Superblock {letter} is used, which has the higher generation."),
            may_lose: Some(
                "One of them was put there from another time; a newer state may have stood in its place.".to_owned(),
            ),
        }),
        Ok(_) => {}
        // A torn slot is what a crash leaves, and the log says whether it was the newest, as of one that the disk does not give.
        // Anything else is no crash's work.
        Err(bad) => choices.push(Choice {
            finding: (**bad).clone(),
            instead: format!("Superblock {letter} is used."),
            may_lose: (!matches!(bad.code, Code::HdrCrc | Code::HdrMagic | Code::FileReadError))
                .then(|| "A newer state may have stood in its place.".to_owned()),
        }),
    }
    Some(ChosenSlot { slot: taken, superblock, other })
}

fn damage_of(error: Error) -> Result<Box<Finding>> {
    match error {
        Error::Damage(finding) => Ok(finding),
        other => Err(other),
    }
}
