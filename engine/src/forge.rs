//! What somebody who has the key can make: wrong files whose every seal, MAC and checksum is right.
//!
//! It exists for tests, fixtures, lessons and fuzzing: behind the seals stands code that reads structures, and only who seals
//! reaches it. It is never for repair, and nothing of the engine but scripts uses it: it changes bytes in memory, asks nothing back, and
//! what it makes is a lie by design.
//!
//! A [`Forger`] holds the files of one database. Pages are read from the page file and put back sealed under the same number
//! and commit; a pointer is found by its 28 bytes, so parents are mended even where they are lies already. The log is a list
//! of records that is written anew, each following the one before. [`mend_checksums`] is what somebody without a key can do.
//!
//! ```
//! use std::sync::Arc;
//! use tosumu::crypto::InsecureSeededEntropy;
//! use tosumu::forge::Forger;
//! use tosumu::format::node::Node;
//! use tosumu::inspect::AtRest;
//! use tosumu::verify::{Level, VerifyOptions, verify};
//! use tosumu::vfs::{DiskImage, SimVfs};
//! use tosumu::{CheckpointMode, Code, Options, PageNo, Unlock};
//!
//! let disk = SimVfs::new(1);
//! let db = Options::new().vfs(Arc::new(disk.clone())).create(true).open("a.tsm")?;
//! db.write(|tx| tx.put(b"apple", b"green"))?;
//! db.checkpoint(CheckpointMode::Passive)?;
//! drop(db);
//!
//! let files = disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
//! let mut forger = Forger::open(files, "a.tsm", &Unlock::Keyless, Arc::new(InsecureSeededEntropy::new(1)))?;
//! let mut leaf = Node::from_plain(forger.plain_page(PageNo(1))?).expect("a sound leaf");
//! leaf.remove(0);
//! forger.reseal_through_parents(PageNo(1), &leaf.into_bytes())?;
//!
//! let disk = SimVfs::from_image(DiskImage::of(forger.into_files()), 1);
//! let file = AtRest::open(Arc::new(disk), "a.tsm", None)?;
//! let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() })?;
//! assert!(report.findings.iter().any(|finding| finding.code == Code::TreeCount));
//! # Ok::<(), tosumu::Error>(())
//! ```

use crate::crypto::{Entropy, Keys, PlainPage, SealedPage, Unlock, open_slots};
use crate::error::{Error, Result};
use crate::format::key_slot::KEY_SLOT_BYTES;
use crate::format::log::{
    CommitBody, LOG_HEADER_BYTES, LogHeader, LogShape, RECORD_HEADER_BYTES, RecordFields, RecordKind, RecordView,
    append_record, body_place, fingerprint_input, header_place, padded_end, record_crc, record_place, seed_input,
};
use crate::format::page::{PAGE_HEADER_BYTES, POINTER_BYTES, PageHeader, PageKind, encode_pointer};
use crate::format::superblock::{Superblock, place};
use crate::limits::{KEY_SLOTS_COUNT, PAGES_START_BYTES, SUPERBLOCK_BYTES};
use crate::pager::check::{Place, open_authentic};
use crate::pager::slots::{key_context, read_slots};
use crate::types::{CommitNo, PageNo, PagePointer, PageSize};
use crate::wal::LOG_SUFFIX;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Files by name, as bytes in memory.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What is made right again behind an edit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mend {
    /// Nothing: rot.
    Nothing,
    /// The checksum: somebody without the key.
    Checksum,
    /// The MAC and the checksum: somebody with the key.
    Everything,
}

/// A record of a log to be written anew. Its checksum, its MAC and what it names as the record before are computed, and so is
/// the fingerprint at the end of a commit body; all else is as it stands here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogRecord {
    /// The head. `previous` is not looked at.
    pub fields: RecordFields,
    /// A sealed page, or a commit body.
    pub body: Vec<u8>,
}

/// The files of one database, and its key.
pub struct Forger {
    files: Files,
    name: String,
    log_name: String,
    keys: Keys,
    page_size: PageSize,
    entropy: Arc<dyn Entropy>,
}

impl Forger {
    /// Takes `files`, of which `name` is the page file; the log beside it may be missing. The key slots are opened as the
    /// newest superblock slot that reads has them. Nonces are drawn from `entropy`: the same source gives the same bytes.
    ///
    /// Errors: no such file, no superblock that reads, or a key that opens none of its slots.
    pub fn open(files: Files, name: &str, unlock: &Unlock, entropy: Arc<dyn Entropy>) -> Result<Forger> {
        let bytes = files.get(name).ok_or_else(|| Error::NotFound { file: name.to_owned() })?;
        let superblock = newest(bytes, name)?.1;
        let slots = superblock.key_slots.clone().map(|slot| slot.bytes);
        let (_, dek) = open_slots(&slots, superblock.key_set, unlock)?;
        let keys = Keys::derive(&dek, &key_context(&superblock));
        let log_name = format!("{name}{LOG_SUFFIX}");
        Ok(Forger { files, name: name.to_owned(), log_name, keys, page_size: superblock.page_size, entropy })
    }

    /// The files as they are now.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The files as they are now.
    pub fn into_files(self) -> Files {
        self.files
    }

    /// The files, to be changed byte by byte.
    pub fn files_mut(&mut self) -> &mut Files {
        &mut self.files
    }

    /// The subkeys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The page size.
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// The slot with the highest generation, 0 for A and 1 for B, and what stands in it.
    pub fn newest_superblock(&self) -> Result<(u8, Superblock)> {
        newest(self.page_file(), &self.name)
    }

    /// What stands in one superblock slot.
    pub fn superblock(&self, slot: u8) -> Result<Superblock> {
        let [a, b] = read_slots(self.head(), &self.name);
        if slot == 0 { a } else { b }.map_err(Error::Damage)
    }

    /// Changes the 4096 bytes of one superblock slot; see [`Superblock`] for the places. A log that continued the slot is bound
    /// to what it said before: [`Forger::bind_log`] binds it again.
    pub fn edit_superblock(&mut self, slot: u8, mend: Mend, edit: impl FnOnce(&mut [u8])) -> Result<()> {
        let start = usize::from(slot) * SUPERBLOCK_BYTES;
        let bytes = self.files.get_mut(&self.name).and_then(|bytes| bytes.get_mut(start..start + SUPERBLOCK_BYTES));
        let bytes = bytes.ok_or_else(|| misuse("the page file ends before this superblock slot"))?;
        edit(bytes);
        if mend == Mend::Everything {
            let mac = self.keys.superblock_mac(&bytes[..place::MAC.offset]);
            place::MAC.put(bytes, &mac);
        }
        if mend != Mend::Nothing {
            mend_superblock(bytes);
        }
        Ok(())
    }

    /// Changes both superblock slots in the same way.
    pub fn edit_superblocks(&mut self, mend: Mend, edit: impl Fn(&mut [u8])) -> Result<()> {
        (0..2).try_for_each(|slot| self.edit_superblock(slot, mend, &edit))
    }

    /// Changes one superblock slot by its fields, MAC and checksum mended.
    pub fn edit_fields(&mut self, slot: u8, edit: impl FnOnce(&mut Superblock)) -> Result<()> {
        let mut superblock = self.superblock(slot)?;
        edit(&mut superblock);
        let encoded = superblock.encode(|input| self.keys.superblock_mac(input));
        self.edit_superblock(slot, Mend::Nothing, |bytes| bytes.copy_from_slice(&encoded))
    }

    /// Changes the 256 bytes of key slot `number` in both superblock slots.
    pub fn edit_key_slot(&mut self, number: u8, mend: Mend, edit: impl Fn(&mut [u8])) -> Result<()> {
        if usize::from(number) >= KEY_SLOTS_COUNT {
            return Err(misuse("there are eight key slots, from 0 to 7"));
        }
        let start = place::KEY_SLOTS.offset + usize::from(number) * KEY_SLOT_BYTES;
        self.edit_superblocks(mend, |bytes| edit(&mut bytes[start..start + KEY_SLOT_BYTES]))
    }

    /// The sealed page as it stands in the page file.
    pub fn sealed_page(&self, page: PageNo) -> Result<SealedPage> {
        let bytes = self.page_file().get(self.span_of(page)?).map(<[u8]>::to_vec);
        bytes.and_then(SealedPage::adopt).ok_or_else(|| misuse("the page file ends before this page"))
    }

    /// The pointer that the page in the page file bears out: its number and commit by its own header, and its seal.
    pub fn pointer(&self, page: PageNo) -> Result<PagePointer> {
        let sealed = self.sealed_page(page)?;
        let header = PageHeader::decode(&sealed.header_bytes());
        let header = header.map_err(|error| error.finding(&self.name, self.page_size.offset_of(page)).page(page))?;
        Ok(PagePointer { page: header.page, commit: header.commit, seal: sealed.seal() })
    }

    /// The plain form of the page in the page file, opened by its own header. A newer form may stand in the log: see
    /// [`Forger::log_records`].
    pub fn plain_page(&self, page: PageNo) -> Result<Vec<u8>> {
        let sealed = self.sealed_page(page)?;
        let place = Place { file: &self.name, offset: self.page_size.offset_of(page) };
        open_authentic(&self.keys, sealed.bytes(), page, place).map(PlainPage::into_vec).map_err(Error::Damage)
    }

    /// The newest plain form of the page: the log's last, whether or not its commit was finished, else the page file's.
    pub fn newest_plain_page(&self, page: PageNo) -> Result<Vec<u8>> {
        let records = self.records().unwrap_or_default();
        let frame = records.iter().rev().find(|record| record.fields.page == page);
        let opened = frame.and_then(|frame| self.keys.open_page(&SealedPage::adopt(frame.body.clone())?));
        opened.map_or_else(|| self.plain_page(page), |plain| Ok(plain.into_vec()))
    }

    /// Seals `plain` under a header of any 16 bytes. `plain` is 56 bytes shorter than a page.
    pub fn seal_as(&self, header: [u8; PAGE_HEADER_BYTES], plain: &[u8]) -> Result<SealedPage> {
        if plain.len() != self.page_size.plain_bytes() {
            return Err(misuse("a plain form is 56 bytes shorter than a page"));
        }
        let nonces = Keys::draw_nonces(&*self.entropy, 1).map_err(|source| Error::io("draw", &self.name, source))?;
        let nonce = nonces.first().ok_or_else(|| misuse("no nonce was drawn"))?;
        Ok(self.keys.seal_page(header, plain, *nonce))
    }

    /// Seals `plain` as page `page` of `commit`. The kind is that of its first byte; a leaf's when that is none.
    pub fn seal(&self, page: PageNo, commit: CommitNo, plain: &[u8]) -> Result<SealedPage> {
        let kind = plain.first().copied().and_then(PageKind::from_byte).unwrap_or(PageKind::Leaf);
        self.seal_as(PageHeader { kind, page, commit }.encode(), plain)
    }

    /// Writes `plain` into the page file as page `page` of `commit`; the file grows when it must. Returns the pointer to it.
    pub fn write_page(&mut self, page: PageNo, commit: CommitNo, plain: &[u8]) -> Result<PagePointer> {
        let sealed = self.seal(page, commit, plain)?;
        self.put_sealed(page, &sealed)?;
        Ok(PagePointer { page, commit, seal: sealed.seal() })
    }

    /// Writes sealed bytes to the place of page `page`, whatever page they are.
    pub fn put_sealed(&mut self, page: PageNo, sealed: &SealedPage) -> Result<()> {
        let span = self.span_of(page)?;
        if sealed.len() != span.len() {
            return Err(misuse("a page of this file's page size"));
        }
        let bytes = self.files.get_mut(&self.name).expect("invariant: the page file was there when this was made");
        bytes.resize(bytes.len().max(span.end), 0);
        bytes[span].copy_from_slice(sealed.bytes());
        Ok(())
    }

    /// Puts a page back with another plain form: the same number and commit, another seal. What points to it does not know.
    pub fn reseal_page(&mut self, page: PageNo, plain: &[u8]) -> Result<PagePointer> {
        let commit = self.pointer(page)?.commit;
        self.write_page(page, commit, plain)
    }

    /// Puts a page back with another plain form and seals everything again that points to it, up to the superblocks, whose MACs
    /// are mended and to which the log is bound again: only the structure lies. Parents in the log are sealed again too. Where
    /// the page itself has a newer form in the log, readers meet that; see [`Forger::append_commit`].
    ///
    /// An error when the page is its own ancestor: its seal would have to be in it before it is sealed. In a log, where
    /// pointers need no new seals, a circle can be made.
    pub fn reseal_through_parents(&mut self, page: PageNo, plain: &[u8]) -> Result<PagePointer> {
        let was_bound = self.log_is_bound();
        let old = self.pointer(page)?;
        let new = self.reseal_page(page, plain)?;
        self.mend_pointers(&old, &new, &mut Ancestors::from([(old.page, old.commit)]))?;
        if was_bound {
            self.bind_log()?;
        }
        Ok(self.pointer(page).unwrap_or(new))
    }

    /// Replaces the pointer `old` by `new` wherever it stands, and seals again what held it.
    fn mend_pointers(&mut self, old: &PagePointer, new: &PagePointer, above: &mut Ancestors) -> Result<()> {
        let (old, new) = (encode_pointer(old), encode_pointer(new));
        for holder in (1..=self.pages_in_file()).map(PageNo) {
            let Ok(mut plain) = self.plain_page(holder) else { continue };
            if replace(&mut plain, &old, &new) {
                let before = self.pointer(holder)?;
                enter(above, &before)?;
                let after = self.reseal_page(holder, &plain)?;
                self.mend_pointers(&before, &after, above)?;
                above.remove(&(before.page, before.commit));
            }
        }
        self.mend_pointers_in_log(&old, &new, above)?;
        for slot in 0..2 {
            let start = usize::from(slot) * SUPERBLOCK_BYTES;
            let held = self.page_file().get(start..start + place::MAC.offset);
            if held.is_some_and(|bytes| find(bytes, &old).is_some()) {
                self.edit_superblock(slot, Mend::Everything, |bytes| {
                    replace(&mut bytes[..place::MAC.offset], &old, &new);
                })?;
            }
        }
        Ok(())
    }

    /// The same in the log: a parent that was changed since the last checkpoint stands there.
    fn mend_pointers_in_log(&mut self, old: &Pointer, new: &Pointer, above: &mut Ancestors) -> Result<()> {
        for number in 0..self.records().map_or(0, |records| records.len()) {
            let record = self.records()?.swap_remove(number);
            if record.fields.kind == RecordKind::Commit {
                let mut body = record.body;
                if replace(&mut body, old, new) {
                    self.log_records(|records| records[number].body = body)?;
                }
                continue;
            }
            let sealed = SealedPage::adopt(record.body);
            let Some((sealed, plain)) = sealed.and_then(|sealed| Some((sealed.clone(), self.keys.open_page(&sealed)?)))
            else {
                continue;
            };
            let mut plain = plain.into_vec();
            if replace(&mut plain, old, new) {
                let before =
                    PagePointer { page: record.fields.page, commit: record.fields.commit, seal: sealed.seal() };
                enter(above, &before)?;
                let sealed = self.seal(before.page, before.commit, &plain)?;
                let after = PagePointer { seal: sealed.seal(), ..before };
                self.log_records(|records| records[number].body = sealed.bytes().to_vec())?;
                self.mend_pointers(&before, &after, above)?;
                above.remove(&(before.page, before.commit));
            }
        }
        Ok(())
    }

    /// The header of the log.
    pub fn log_header(&self) -> Result<LogHeader> {
        let log = self.files.get(&self.log_name).ok_or_else(|| Error::NotFound { file: self.log_name.clone() })?;
        let header = LogHeader::decode(&log[..LOG_HEADER_BYTES.min(log.len())]);
        Ok(header.map_err(|error| error.finding(&self.log_name, 0))?)
    }

    /// The records of the log, in order, up to the first whose checksum is wrong or that is of another generation.
    pub fn records(&self) -> Result<Vec<LogRecord>> {
        let header = self.log_header()?;
        let log = self.files.get(&self.log_name).map_or(&[][..], Vec::as_slice);
        let (mut at, mut records) = (LOG_HEADER_BYTES, Vec::new());
        while let Ok(record) = RecordView::decode(&log[at.min(log.len())..], header.shape()) {
            let fields = record.fields();
            if fields.generation != header.log_generation {
                break;
            }
            at = record_end(at + record.len(), fields.kind);
            records.push(LogRecord { fields, body: record.body().to_vec() });
        }
        Ok(records)
    }

    /// Writes the log anew with its records changed by `edit`: each follows the one before, with the right MAC, and commits
    /// have the fingerprints that follow from one another. Numbers stay as they stand in the records; see [`renumber`].
    pub fn log_records(&mut self, edit: impl FnOnce(&mut Vec<LogRecord>)) -> Result<()> {
        let (header, mut records) = (self.log_header()?, self.records()?);
        edit(&mut records);
        self.write_log(&header, &records)
    }

    /// Binds the log to the newest superblock, as its newest generation, whatever it was bound to before, and chains its
    /// records again.
    pub fn bind_log(&mut self) -> Result<()> {
        let (mut header, mut records) = (self.log_header()?, self.records()?);
        let superblock = self.newest_superblock()?.1;
        header.log_generation = superblock.log_generation;
        header.seed = self.seed_of(&header, &superblock);
        records.iter_mut().for_each(|record| record.fields.generation = header.log_generation);
        self.write_log(&header, &records)
    }

    /// Appends a commit to the log with these pages in these plain forms: a writer that lies. Pointers to pages in a log need
    /// no new seals; those of the commit itself are made to name the new forms, and `edit` may change all of its body.
    /// A log is begun when none continues the page file. Returns the commit's number.
    pub fn append_commit(
        &mut self,
        pages: &[(PageNo, Vec<u8>)],
        edit: impl FnOnce(&mut CommitBody),
    ) -> Result<CommitNo> {
        let superblock = self.newest_superblock()?.1;
        let (header, mut records) = match self.log_is_bound() {
            true => (self.log_header()?, self.records()?),
            false => (self.new_header(&superblock)?, Vec::new()),
        };
        let last = records.iter().rposition(|record| record.fields.kind == RecordKind::Commit);
        records.truncate(last.map_or(0, |last| last + 1));
        let (commit, mut body) = match records.last() {
            // After numbers that cannot be, the same again: nothing here is in the way of a lie.
            Some(record) => (CommitNo(record.fields.commit.0.saturating_add(1)), self.body_of(record)?),
            None => (superblock.commit.next(), body_of_superblock(&superblock)),
        };
        let mut fields = RecordFields {
            kind: RecordKind::Page,
            generation: header.log_generation,
            sequence: records.last().map_or(0, |record| record.fields.sequence),
            commit,
            page: PageNo::NONE,
            durable_sequence: records.last().map_or(0, |record| record.fields.sequence),
            previous: [0; 16],
        };
        for (page, plain) in pages {
            let sealed = self.seal(*page, commit, plain)?;
            (fields.sequence, fields.page) = (fields.sequence.saturating_add(1), *page);
            let newest = PagePointer { page: *page, commit, seal: sealed.seal() };
            for pointer in [&mut body.root, &mut body.free_list, &mut body.catalog] {
                if pointer.page == *page {
                    *pointer = newest;
                }
            }
            records.push(LogRecord { fields: fields.clone(), body: sealed.bytes().to_vec() });
        }
        body.page_frames = u32::try_from(pages.len()).map_err(|_| misuse("a commit of at most 2³² pages"))?;
        body.seal_transaction = false;
        self.entropy.fill(&mut body.random).map_err(|source| Error::io("draw", &self.log_name, source))?;
        edit(&mut body);
        fields = RecordFields {
            kind: RecordKind::Commit,
            sequence: fields.sequence.saturating_add(1),
            page: PageNo::NONE,
            ..fields
        };
        records.push(LogRecord { fields, body: body.encode().to_vec() });
        self.write_log(&header, &records)?;
        Ok(commit)
    }

    /// Writes header and records, chained from the header's seed.
    fn write_log(&mut self, header: &LogHeader, records: &[LogRecord]) -> Result<()> {
        let mut log = header.encode().to_vec();
        let mut previous = header.seed;
        let mut fingerprint = self.fingerprint_before(header);
        for record in records {
            check_record(record, &header.shape())?;
            let fields = RecordFields { previous, ..record.fields.clone() };
            let mut body = record.body.clone();
            if fields.kind == RecordKind::Commit {
                fingerprint = self.keys.next_fingerprint(&fingerprint, fields.commit, fingerprint_input(&body));
                let start = body.len() - fingerprint.len();
                body[start..].copy_from_slice(&fingerprint);
            }
            let keys = &self.keys;
            previous = append_record(&mut log, &fields, &body, |parts| keys.record_mac(&header.salt, parts));
            log.resize(record_end(log.len(), fields.kind), 0);
        }
        self.files.insert(self.log_name.clone(), log);
        Ok(())
    }

    fn new_header(&self, superblock: &Superblock) -> Result<LogHeader> {
        let mut header = LogHeader {
            format: superblock.format,
            page_size: superblock.page_size,
            file_id: superblock.file_id,
            log_generation: superblock.log_generation,
            salt: [0; 16],
            seed: [0; 16],
        };
        self.entropy.fill(&mut header.salt).map_err(|source| Error::io("draw", &self.log_name, source))?;
        header.seed = self.seed_of(&header, superblock);
        Ok(header)
    }

    fn seed_of(&self, header: &LogHeader, superblock: &Superblock) -> [u8; 16] {
        self.keys.log_seed(seed_input(&header.encode()), &self.keys.tree_mac(&superblock.tree_mac_input()))
    }

    /// Whether the log continues the page file.
    pub fn log_is_bound(&self) -> bool {
        match (self.log_header(), self.newest_superblock()) {
            (Ok(header), Ok((_, superblock))) => {
                header.log_generation == superblock.log_generation && header.seed == self.seed_of(&header, &superblock)
            }
            _ => false,
        }
    }

    /// The fingerprint that the log's first commit goes on from.
    fn fingerprint_before(&self, header: &LogHeader) -> [u8; 16] {
        let slots = read_slots(self.head(), &self.name);
        let continued = slots.iter().flatten().filter(|slot| slot.log_generation == header.log_generation);
        continued.max_by_key(|slot| slot.slot_generation).map_or([0; 16], |slot| slot.fingerprint)
    }

    fn body_of(&self, record: &LogRecord) -> Result<CommitBody> {
        Ok(CommitBody::decode(&record.body).map_err(|error| error.finding(&self.log_name, 0))?)
    }

    fn page_file(&self) -> &[u8] {
        self.files.get(&self.name).map_or(&[], Vec::as_slice)
    }

    fn head(&self) -> &[u8] {
        let bytes = self.page_file();
        &bytes[..bytes.len().min(PAGES_START_BYTES as usize)]
    }

    /// How many whole pages the page file's length has room for.
    pub fn pages_in_file(&self) -> u32 {
        let pages = (self.page_file().len() as u64).saturating_sub(PAGES_START_BYTES) / self.page_size.bytes() as u64;
        u32::try_from(pages).unwrap_or(u32::MAX)
    }

    /// Where a page stands in the page file. Pages far behind its end have no place: a test makes no file of terabytes.
    fn span_of(&self, page: PageNo) -> Result<Range<usize>> {
        if page.is_none() || page.0 > self.pages_in_file().saturating_add(PAGES_AHEAD_MAX) {
            return Err(misuse("pages are counted from 1, and not far behind the end of the file"));
        }
        let start = self.page_size.offset_of(page) as usize;
        Ok(start..start + self.page_size.bytes())
    }
}

/// Whether a record can be written at all: what no reader would take for one shows nothing of what reads it.
fn check_record(record: &LogRecord, shape: &LogShape) -> Result<()> {
    let has_length = record.body.len() + RECORD_HEADER_BYTES == shape.record_bytes(record.fields.kind);
    match has_length && record.fields.page.is_none() == (record.fields.kind == RecordKind::Commit) {
        true => Ok(()),
        false => Err(misuse("a page frame names its page and holds it; a commit names none and holds a commit body")),
    }
}

/// How far behind the end of the page file a page may be written.
const PAGES_AHEAD_MAX: u32 = 1 << 12;

/// Numbers the records one after the other, and makes commit records count the frames before them: after records were taken
/// out or put in, so that only what they hold is a lie. Commit numbers stay.
pub fn renumber(records: &mut [LogRecord]) {
    let mut frames = 0u32;
    for (sequence, record) in (1u64..).zip(records) {
        record.fields.sequence = sequence;
        record.fields.durable_sequence = record.fields.durable_sequence.min(sequence - 1);
        frames += 1;
        if record.fields.kind == RecordKind::Commit {
            body_place::PAGE_FRAMES.put(&mut record.body, &(frames - 1).to_le_bytes());
            frames = 0;
        }
    }
}

/// Makes every checksum right that somebody without a key can make right: of both superblock slots when `name` is a page
/// file, of header and records when it is a log. Bytes that are no such structure are left alone.
pub fn mend_checksums(files: &mut Files, name: &str) {
    let Some(bytes) = files.get_mut(name) else { return };
    match name.ends_with(LOG_SUFFIX) {
        true => mend_log(bytes),
        false => bytes.chunks_exact_mut(SUPERBLOCK_BYTES).take(2).for_each(mend_superblock),
    }
}

fn mend_superblock(bytes: &mut [u8]) {
    let crc = crc32fast::hash(&bytes[..place::CRC32.offset]);
    place::CRC32.put(bytes, &crc.to_le_bytes());
}

fn mend_log(bytes: &mut [u8]) {
    if bytes.len() < LOG_HEADER_BYTES {
        return;
    }
    let crc = crc32fast::hash(&bytes[..header_place::CRC32.offset]);
    header_place::CRC32.put(&mut bytes[..LOG_HEADER_BYTES], &crc.to_le_bytes());
    let mut at = LOG_HEADER_BYTES;
    while let Some(head) = bytes.get(at..).filter(|rest| rest.len() >= RECORD_HEADER_BYTES) {
        let length = record_place::LENGTH.u32(head) as usize;
        let kind = RecordKind::from_byte(record_place::KIND.u8(head));
        let (Some(kind), true) = (kind, (RECORD_HEADER_BYTES..=head.len()).contains(&length)) else { return };
        let record = &mut bytes[at..at + length];
        let crc = record_crc(record);
        record_place::CRC32.put(&mut record[..RECORD_HEADER_BYTES], &crc.to_le_bytes());
        at = record_end(at + length, kind);
    }
}

/// Where the next record begins when one of `kind` ends at `end`.
fn record_end(end: usize, kind: RecordKind) -> usize {
    match kind {
        RecordKind::Page => end,
        RecordKind::Commit => padded_end(end as u64) as usize,
    }
}

/// The slot with the highest generation among those that read; when none does, what is wrong with the first.
fn newest(bytes: &[u8], name: &str) -> Result<(u8, Superblock)> {
    let [a, b] = read_slots(&bytes[..bytes.len().min(PAGES_START_BYTES as usize)], name);
    match (a, b) {
        (Ok(a), Ok(b)) if b.slot_generation > a.slot_generation => Ok((1, b)),
        (Ok(a), _) => Ok((0, a)),
        (_, Ok(b)) => Ok((1, b)),
        (Err(finding), Err(_)) => Err(Error::Damage(finding)),
    }
}

fn body_of_superblock(superblock: &Superblock) -> CommitBody {
    CommitBody {
        page_count: superblock.page_count,
        page_frames: 0,
        root: superblock.root,
        free_list: superblock.free_list,
        free_count: superblock.free_count,
        seal_transaction: false,
        record_count: superblock.record_count,
        catalog: superblock.catalog,
        tree_count: superblock.tree_count,
        random: [0; 16],
        fingerprint: [0; 16],
    }
}

/// A pointer as it is stored.
type Pointer = [u8; POINTER_BYTES];
/// The pages that are being sealed again because of one below them.
type Ancestors = BTreeSet<(PageNo, CommitNo)>;

fn enter(above: &mut Ancestors, page: &PagePointer) -> Result<()> {
    match above.insert((page.page, page.commit)) {
        true => Ok(()),
        false => Err(misuse("the page is its own ancestor: such a circle can be made in a log alone")),
    }
}

fn find(bytes: &[u8], pointer: &Pointer) -> Option<usize> {
    bytes.windows(POINTER_BYTES).position(|window| window == pointer)
}

fn replace(bytes: &mut [u8], old: &Pointer, new: &Pointer) -> bool {
    let mut found = false;
    while let Some(at) = find(bytes, old).filter(|_| old != new) {
        bytes[at..at + POINTER_BYTES].copy_from_slice(new);
        found = true;
    }
    found
}

fn misuse(why: &str) -> Error {
    Error::Misuse { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::InsecureSeededEntropy;
    use crate::format::node::Node;
    use crate::inspect::AtRest;
    use crate::verify::{Level, VerifyOptions, verify};
    use crate::vfs::{DiskImage, SimVfs};
    use crate::{CheckpointMode, Code, Database, Options, Severity};

    const NAME: &str = "f.tsm";

    fn seeded(seed: u64) -> Arc<InsecureSeededEntropy> {
        Arc::new(InsecureSeededEntropy::new(seed))
    }

    fn disk_of(files: &Files) -> SimVfs {
        SimVfs::from_image(DiskImage::of(files.clone()), 1)
    }

    fn open(disk: &SimVfs) -> Database {
        let options = Options::new().vfs(Arc::new(disk.clone())).entropy(seeded(2)).page_size(PageSize::TOY);
        options.create(true).open(NAME).unwrap()
    }

    /// Three levels of pages folded into the page file, and one commit behind it in the log.
    fn forger() -> Forger {
        let disk = SimVfs::new(1);
        let db = open(&disk);
        db.write(|tx| (0..200u32).try_for_each(|n| tx.put(format!("{n:04}").as_bytes(), &[7; 30]))).unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
        db.write(|tx| tx.put(b"0199", b"newest")).unwrap();
        // Ended as a program is killed: the log stays.
        disk.end_process();
        let files = disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
        Forger::open(files, NAME, &Unlock::Keyless, seeded(3)).unwrap()
    }

    fn wrong(files: &Files) -> Vec<Code> {
        let file = AtRest::open(Arc::new(disk_of(files)), NAME, None).unwrap();
        let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap();
        report.findings.iter().filter(|found| found.severity > Severity::Info).map(|found| found.code).collect()
    }

    fn first_leaf(forger: &Forger) -> (PageNo, Node) {
        let leaf = |page: &PageNo| {
            let node = Node::from_plain(forger.plain_page(*page).ok()?).ok()?;
            (node.view().level() == 0 && node.view().key(0) == b"0000").then_some((*page, node))
        };
        (1..=forger.pages_in_file()).map(PageNo).find_map(|page| leaf(&page)).unwrap()
    }

    #[test]
    fn a_page_put_back_through_its_parents_leaves_only_its_structure_wrong() {
        let mut forger = forger();
        assert_eq!(wrong(forger.files()), []);
        let (page, mut leaf) = first_leaf(&forger);
        leaf.remove(1);
        forger.reseal_through_parents(page, leaf.as_bytes()).unwrap();
        assert_eq!(wrong(forger.files()), [Code::TreeCount]);
        let db = open(&disk_of(forger.files()));
        assert!(db.read().get(b"0001").unwrap().is_none());
        assert_eq!(db.read().get(b"0199").unwrap().as_deref(), Some(&b"newest"[..]));
    }

    #[test]
    fn a_page_put_back_alone_is_not_what_its_parent_names() {
        let mut forger = forger();
        let (page, leaf) = first_leaf(&forger);
        forger.reseal_page(page, leaf.as_bytes()).unwrap();
        assert_eq!(wrong(forger.files()), [Code::PageStale]);
    }

    #[test]
    fn the_same_source_of_nonces_gives_the_same_bytes() {
        let made = || {
            let mut forger = forger();
            let (page, mut leaf) = first_leaf(&forger);
            leaf.remove(0);
            forger.reseal_through_parents(page, leaf.as_bytes()).unwrap();
            forger.append_commit(&[(page, leaf.into_bytes())], |body| body.record_count += 1).unwrap();
            forger.into_files()
        };
        assert!(made() == made());
    }

    #[test]
    fn a_commit_appended_is_the_newest_and_may_lie() {
        let mut forger = forger();
        let root = forger.newest_superblock().unwrap().1.root.page;
        let plain = forger.newest_plain_page(root).unwrap();
        let commit = forger.append_commit(&[(root, plain)], |body| body.record_count = 7).unwrap();
        assert_eq!(wrong(forger.files()), [Code::TreeCount]);
        let file = AtRest::open(Arc::new(disk_of(forger.files())), NAME, None).unwrap();
        assert_eq!((file.commit(), file.record_count()), (Some(commit), Some(7)));
    }

    #[test]
    fn a_log_is_begun_where_none_is() {
        let mut forger = forger();
        forger.files_mut().remove("f.tsm-wal");
        forger.edit_fields(0, |fields| fields.log_expected = false).unwrap();
        forger.edit_fields(1, |fields| fields.log_expected = false).unwrap();
        forger.append_commit(&[], |_| {}).unwrap();
        assert_eq!(wrong(forger.files()), []);
    }

    #[test]
    fn records_written_anew_follow_one_another_whatever_was_taken_out() {
        let mut forger = forger();
        forger.append_commit(&[], |_| {}).unwrap();
        forger
            .log_records(|records| {
                records.remove(0);
            })
            .unwrap();
        assert_eq!(wrong(forger.files())[0], Code::LogGap);
        forger.log_records(|records| renumber(records)).unwrap();
        // The page whose frame was taken out is the root's newest, or one below it: what is named is not there.
        assert!(!wrong(forger.files()).iter().any(|code| code.as_str().starts_with("LOG-")));
    }

    #[test]
    fn fields_of_a_superblock_are_believed_when_the_log_is_bound_again() {
        let mut forger = forger();
        let (slot, _) = forger.newest_superblock().unwrap();
        forger.edit_fields(slot, |fields| fields.record_count += 1).unwrap();
        assert_eq!(wrong(forger.files())[0], Code::LogUnbound);
        forger.bind_log().unwrap();
        assert_eq!(wrong(forger.files()), []);
    }

    #[test]
    fn who_has_no_key_mends_checksums_and_no_more() {
        let mut files = forger().into_files();
        files.get_mut(NAME).unwrap()[80] ^= 1;
        files.get_mut("f.tsm-wal").unwrap()[LOG_HEADER_BYTES + 24] ^= 1;
        mend_checksums(&mut files, NAME);
        mend_checksums(&mut files, "f.tsm-wal");
        assert_eq!(wrong(&files)[0], Code::HdrForged);
    }

    #[test]
    fn what_cannot_be_written_is_refused_and_nothing_panics() {
        let mut forger = forger();
        assert!(forger.reseal_page(PageNo(1), &[0; 3]).is_err());
        assert!(forger.write_page(PageNo(0), CommitNo(1), &[0; 456]).is_err());
        assert!(forger.write_page(PageNo(u32::MAX), CommitNo(1), &[0; 456]).is_err());
        assert!(forger.edit_key_slot(8, Mend::Everything, |_| {}).is_err());
        assert!(forger.log_records(|records| records[0].body.truncate(7)).is_err());
        forger.files_mut().get_mut(NAME).unwrap().truncate(100);
        assert!(forger.edit_superblock(0, Mend::Everything, |_| {}).is_err());
        assert!(Forger::open(forger.into_files(), NAME, &Unlock::Keyless, seeded(1)).is_err());
    }
}
