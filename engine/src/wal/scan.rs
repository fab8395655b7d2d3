//! Reading a log: which records stand in it, up to where it holds, and why it ends there.
//!
//! After the first record that does not hold, the scan goes on at every 8-byte boundary. A record found there that is
//! authentic by itself and says that the bad one had been synced (`durable_sequence`) proves rot: stop, change nothing.
//! Otherwise the bad record is the tail of a commit that was never finished, and is not kept.

use crate::crypto::Keys;
use crate::defence::{Defence, holds, is_off};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::log::{CommitBody, LOG_HEADER_BYTES, LogHeader, RecordKind, RecordView};
use crate::format::log::{LogShape, fingerprint_input, padded_end, record_place};
use crate::format::page::SealedView;
use crate::limits::LOG_FALSE_HEADS_MAX;
use crate::types::{CommitNo, PageNo, Seal};
use crate::vfs::{VfsFile, read_up_to};

/// One record that holds: length, checksum, MAC, place in the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordPlace {
    /// First byte in the log.
    pub offset: u64,
    /// The byte behind it.
    pub end: u64,
    /// Its sequence number.
    pub sequence: u64,
    /// Its commit.
    pub commit: CommitNo,
    /// What it is.
    pub record: FrameRecord,
}

/// What a record holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FrameRecord {
    /// A sealed page.
    Page {
        /// The page.
        page: PageNo,
        /// Its seal.
        seal: Seal,
    },
    /// The end of a commit.
    Commit(Box<CommitBody>),
}

/// One finished commit in a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitPlace {
    /// Its number.
    pub commit: CommitNo,
    /// The sequence number of its commit record.
    pub sequence: u64,
    /// The byte behind its padding: where the next commit begins.
    pub end: u64,
    /// What it says.
    pub body: CommitBody,
}

/// Why the scan ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScanEnd {
    /// The log ends behind its last commit: with the file, with zeros, or with records of an older generation.
    Clean,
    /// Behind the last commit stand this many bytes of one that was never finished.
    TornTail {
        /// Bytes that are not kept.
        bytes: u64,
    },
    /// The log is damaged or was changed: it must not be used.
    Damage(Box<Finding>),
}

/// What a scan found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogScan {
    /// Records that hold, in order; those behind the last commit are of an unfinished one.
    pub records: Vec<RecordPlace>,
    /// Finished commits, in order.
    pub commits: Vec<CommitPlace>,
    /// Everything before this byte is kept.
    pub kept_end: u64,
    /// The MAC of the last kept commit record, or the seed: what the next record goes on from.
    pub last_mac: [u8; 16],
    /// Why it ended.
    pub end: ScanEnd,
}

/// Reads the log whose header is `header`; `base` and `base_fingerprint` are the superblock's.
pub fn scan(
    file: &dyn VfsFile,
    file_name: &str,
    header: &LogHeader,
    keys: &Keys,
    base: CommitNo,
    base_fingerprint: [u8; 16],
) -> Result<LogScan> {
    scan_on(file, file_name, header, keys, &ScanPoint::start(header, base, base_fingerprint))
}

/// Where a scan begins: at the first record, or behind a commit that was kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanPoint {
    /// The byte where the next commit begins.
    pub end: u64,
    /// The sequence number and the MAC of the record before it; of the first, 0 and the seed.
    pub sequence: u64,
    pub mac: [u8; 16],
    /// The newest commit, and its fingerprint.
    pub commit: CommitNo,
    pub fingerprint: [u8; 16],
}

impl ScanPoint {
    /// The first record of the log whose header is `header`.
    pub fn start(header: &LogHeader, base: CommitNo, base_fingerprint: [u8; 16]) -> ScanPoint {
        ScanPoint {
            end: LOG_HEADER_BYTES as u64,
            sequence: 0,
            mac: header.seed,
            commit: base,
            fingerprint: base_fingerprint,
        }
    }

    /// Where a scan would begin if there were a log.
    pub fn nowhere(base: CommitNo, base_fingerprint: [u8; 16]) -> ScanPoint {
        ScanPoint {
            end: LOG_HEADER_BYTES as u64,
            sequence: 0,
            mac: [0; 16],
            commit: base,
            fingerprint: base_fingerprint,
        }
    }
}

/// Reads on from a point that an earlier scan of the same log came to; what is found is behind it.
pub(crate) fn scan_on(
    file: &dyn VfsFile,
    file_name: &str,
    header: &LogHeader,
    keys: &Keys,
    from: &ScanPoint,
) -> Result<LogScan> {
    let length = file.len().map_err(|source| Error::io("length", file_name, source))?;
    let window = Window { file, file_name, length, start: 0, bytes: Vec::new(), zeros_start: length };
    let scan = LogScan {
        records: Vec::new(),
        commits: Vec::new(),
        kept_end: from.end,
        last_mac: from.mac,
        end: ScanEnd::Clean,
    };
    Scanner { window, header, keys, scan, commit: from.commit, fingerprint: from.fingerprint }.run(from.sequence)
}

/// A record that is authentic by itself, whatever stands before it.
pub(crate) struct SoundRecord {
    pub place: RecordPlace,
    /// The MAC of the record before it: of the first, the seed.
    pub previous: [u8; 16],
    pub mac: [u8; 16],
}

/// Every record of the log whose header is `header` that is authentic by itself, wherever it stands and whatever is missing
/// between: for salvage, which says of each what it is worth. Tells too whether all of the log was looked at: bytes made to
/// look like records everywhere would take long, and are left after some times their length was judged.
pub(crate) fn sound_records(
    file: &dyn VfsFile,
    file_name: &str,
    header: &LogHeader,
    keys: &Keys,
) -> Result<(Vec<SoundRecord>, bool)> {
    let length = file.len().map_err(|source| Error::io("length", file_name, source))?;
    let mut window = Window { file, file_name, length, start: 0, bytes: Vec::new(), zeros_start: length };
    let shape = RecordShape { log: header.shape(), generation: header.log_generation };
    let (mut at, mut records) = (LOG_HEADER_BYTES as u64, Vec::new());
    let mut judged_max = length.saturating_mul(SOUND_TIMES_MAX).saturating_add(WINDOW_BYTES as u64);
    loop {
        let bytes = window.at(at, WITNESS_STRIDE_BYTES)?;
        let is_last = bytes.len() < WITNESS_STRIDE_BYTES;
        let Some((found, record_bytes)) = shape.find(bytes, |_| true) else {
            if is_last {
                return Ok((records, true));
            }
            at += RecordShape::bytes_done(WITNESS_STRIDE_BYTES) as u64;
            continue;
        };
        at += found as u64;
        if judged_max < record_bytes {
            return Ok((records, false));
        }
        judged_max -= record_bytes;
        let Candidate::Authentic(parsed) = parse(window.at(at, shape.log.record_bytes_max())?, header, keys) else {
            at += 8;
            continue;
        };
        let end = at + parsed.bytes;
        let (sequence, commit, record) = (parsed.sequence, parsed.commit, parsed.record);
        let place = RecordPlace { offset: at, end, sequence, commit, record };
        records.push(SoundRecord { place, previous: parsed.previous, mac: parsed.mac });
        at = end;
    }
}

/// How many times the length of a log is judged at most, in bytes of what looks like records.
const SOUND_TIMES_MAX: u64 = 16;

struct Scanner<'a> {
    window: Window<'a>,
    header: &'a LogHeader,
    keys: &'a Keys,
    scan: LogScan,
    /// The newest finished commit, and its fingerprint.
    commit: CommitNo,
    fingerprint: [u8; 16],
}

/// What stands at an offset of the log.
enum Candidate {
    /// A record of this log that is authentic by itself, wherever it belongs.
    Authentic(Parsed),
    /// Anything else; `is_older` when it is a whole record of another generation.
    Other { is_older: bool, why: String },
}

struct Parsed {
    sequence: u64,
    commit: CommitNo,
    durable_sequence: u64,
    previous: [u8; 16],
    mac: [u8; 16],
    bytes: u64,
    record: FrameRecord,
    /// The commit body as it stands there, which is what its fingerprint is over; empty in a page frame.
    commit_body: Vec<u8>,
}

impl Scanner<'_> {
    fn run(mut self, last_sequence: u64) -> Result<LogScan> {
        let mut offset = self.scan.kept_end;
        let mut previous = self.scan.last_mac;
        let mut sequence = last_sequence + 1;
        let mut frames = 0;
        loop {
            let parsed = match self.candidate(offset)? {
                Candidate::Authentic(parsed) => parsed,
                Candidate::Other { is_older, why } => return self.stop(offset, sequence, is_older, &why),
            };
            if let Some(finding) = self.misplacement(offset, &parsed, sequence, &previous, frames) {
                self.scan.end = ScanEnd::Damage(Box::new(finding));
                return Ok(self.scan);
            }
            previous = parsed.mac;
            sequence += 1;
            frames += 1;
            let end = offset + parsed.bytes;
            let commit_body = match &parsed.record {
                FrameRecord::Commit(body) => Some((**body).clone()),
                FrameRecord::Page { .. } => None,
            };
            self.scan.records.push(RecordPlace {
                offset,
                end,
                sequence: parsed.sequence,
                commit: parsed.commit,
                record: parsed.record,
            });
            offset = end;
            if let Some(body) = commit_body {
                offset = padded_end(end);
                if let Some(finding) = self.padding(end, offset)? {
                    self.scan.end = ScanEnd::Damage(Box::new(finding));
                    return Ok(self.scan);
                }
                self.commit = parsed.commit;
                self.fingerprint = body.fingerprint;
                self.scan.last_mac = previous;
                self.scan.kept_end = offset;
                self.scan.commits.push(CommitPlace {
                    commit: parsed.commit,
                    sequence: parsed.sequence,
                    end: offset,
                    body,
                });
                frames = 0;
            }
        }
    }

    fn candidate(&mut self, offset: u64) -> Result<Candidate> {
        let bytes_max = self.header.shape().record_bytes_max();
        let (header, keys) = (self.header, self.keys);
        let bytes = self.window.at(offset, bytes_max)?;
        Ok(parse(bytes, header, keys))
    }

    /// A record that is authentic by itself but does not stand where it belongs.
    fn misplacement(
        &self,
        offset: u64,
        parsed: &Parsed,
        sequence: u64,
        previous: &[u8; 16],
        frames: u32,
    ) -> Option<Finding> {
        let damage = |code, why: &str, expected: String, found: String| {
            let finding = Finding::new(code, why)
                .at(self.window.file_name, offset..offset + parsed.bytes)
                .expected(expected, found)
                .lost("Commits from here on cannot be vouched for.")
                .next("Keep a copy of both files. Restore a backup.");
            Some(finding)
        };
        if !holds(Defence::RecordGap, parsed.sequence <= sequence) {
            return damage(
                Code::LogGap,
                "A log record is authentic, but records before it are gone.",
                format!("sequence {sequence}"),
                format!("sequence {}", parsed.sequence),
            );
        }
        let follows = holds(Defence::RecordSequence, parsed.sequence == sequence)
            && holds(Defence::RecordChain, parsed.previous == *previous);
        if !follows {
            return damage(
                Code::LogChain,
                "A log record is authentic, but it does not follow the one before it.",
                format!("sequence {sequence} after mac {}", hex::encode(previous)),
                format!("sequence {} after mac {}", parsed.sequence, hex::encode(parsed.previous)),
            );
        }
        if !holds(Defence::CommitNumber, parsed.commit == self.commit.next()) {
            return damage(
                Code::LogRecord,
                "A log record carries a commit number that cannot come next.",
                format!("commit {}", self.commit.next()),
                format!("commit {}", parsed.commit),
            );
        }
        let FrameRecord::Commit(body) = &parsed.record else { return None };
        if !holds(Defence::FrameCount, body.page_frames == frames) {
            return damage(
                Code::LogRecord,
                "A commit record counts other frames than stand before it.",
                format!("{frames} frames"),
                format!("{} frames", body.page_frames),
            );
        }
        let fingerprint =
            self.keys.next_fingerprint(&self.fingerprint, parsed.commit, fingerprint_input(&parsed.commit_body));
        (!holds(Defence::FingerprintChain, fingerprint == body.fingerprint))
            .then(|| {
                damage(
                    Code::LogRecord,
                    "A commit record's fingerprint does not follow from the one before.",
                    hex::encode(fingerprint),
                    hex::encode(body.fingerprint),
                )
            })
            .flatten()
    }

    fn padding(&mut self, start: u64, end: u64) -> Result<Option<Finding>> {
        let bytes = self.window.at(start, (end - start) as usize)?;
        if holds(Defence::PaddingIsZero, bytes.iter().all(|&byte| byte == 0)) {
            return Ok(None);
        }
        let finding = Finding::new(Code::LogRecord, "The padding behind a commit record is not zero.")
            .at(self.window.file_name, start..end)
            .expected("zeros", "other bytes")
            .lost("Nothing: the commit before it is authentic. But somebody, or the disk, changed bytes of the log.")
            .next("Keep a copy of both files. Restore a backup, or export what can be read.");
        Ok(Some(finding))
    }

    /// The record at `offset`, which would have been `sequence`, does not hold: rot, a torn tail or the plain end?
    fn stop(mut self, offset: u64, sequence: u64, is_older: bool, why: &str) -> Result<LogScan> {
        let witness = match self.durable_witness(offset, sequence)? {
            Search::TooManyFalseHeads { end } => {
                self.scan.end = ScanEnd::Damage(Box::new(self.false_heads(offset..end)));
                return Ok(self.scan);
            }
            Search::Nothing => None,
            Search::Found(witness) => Some(witness),
        };
        if let Some(witness) = witness.filter(|_| !is_off(Defence::RotWitness)) {
            let said = format!("A log record that had been synced no longer holds: {}.", why.trim_end_matches('.'));
            let finding = Finding::new(Code::LogRot, said)
                .at(self.window.file_name, offset..witness.offset)
                .expected(
                    format!(
                        "record {sequence}, durable according to record {} at byte {}",
                        witness.sequence, witness.offset
                    ),
                    why.to_owned(),
                )
                .lost(format!("Commits after {} cannot be vouched for.", self.commit))
                .next("Nothing was changed. Keep a copy of both files; restore a backup.");
            self.scan.end = ScanEnd::Damage(Box::new(finding));
            return Ok(self.scan);
        }
        let unfinished = self.scan.records.last().is_some_and(|record| record.end > self.scan.kept_end);
        // Zeros, or a whole record of an older log, are where a log ends; anything else was to be a commit. But over an older
        // log, which a new one overwrites bit by bit, a record of the old one may begin anywhere or be cut: there only what
        // bears this log's generation was to be a commit.
        let unfinished_end = match self.header.log_generation {
            0 | 1 => (unfinished || !(is_older || self.is_zero_from(offset)?)).then_some(self.window.length),
            _ => self.own_end(offset)?.or(unfinished.then_some(offset)),
        };
        if let Some(end) = unfinished_end {
            self.scan.end = ScanEnd::TornTail { bytes: end.saturating_sub(self.scan.kept_end) };
        }
        Ok(self.scan)
    }

    /// Where the last record ends behind `offset` whose head says that it is of this log, whether or not it holds.
    fn own_end(&mut self, offset: u64) -> Result<Option<u64>> {
        let shape = RecordShape { log: self.header.shape(), generation: self.header.log_generation };
        let (mut at, mut end) = (offset, None);
        loop {
            let is_last_but_zeros = at >= self.window.zeros_start;
            let bytes = self.window.at(at, WITNESS_STRIDE_BYTES)?;
            let is_last = is_last_but_zeros || bytes.len() < WITNESS_STRIDE_BYTES;
            match shape.find(bytes, |_| true) {
                Some((found, length)) => {
                    at += found as u64 + 8;
                    end = Some((at - 8 + length).min(self.window.length));
                }
                None if is_last => return Ok(end),
                None => at += RecordShape::bytes_done(WITNESS_STRIDE_BYTES) as u64,
            }
        }
    }

    fn is_zero_from(&mut self, offset: u64) -> Result<bool> {
        let mut at = offset;
        while at < self.window.zeros_start {
            let bytes = self.window.at(at, WITNESS_STRIDE_BYTES)?;
            if bytes.is_empty() || !is_zero(bytes) {
                return Ok(bytes.is_empty());
            }
            at += bytes.len() as u64;
        }
        Ok(true)
    }

    /// Every boundary of eight bytes behind `offset` is looked at; only the checksums and MACs that are tried are counted, for
    /// whoever has no key can write a head at every few bytes.
    fn durable_witness(&mut self, offset: u64, sequence: u64) -> Result<Search> {
        let shape = WitnessShape { log: self.header.shape(), generation: self.header.log_generation, sequence };
        let (mut at, mut false_heads, mut zeros_start) = (offset, 0, offset);
        loop {
            let bytes = self.window.at(at, WITNESS_STRIDE_BYTES)?;
            let is_last = bytes.len() < WITNESS_STRIDE_BYTES;
            if !is_zero(bytes) {
                zeros_start = at + bytes.len() as u64;
            }
            let Some(found) = shape.find(bytes) else {
                if is_last {
                    // Whoever looks through the rest again stops there.
                    self.window.zeros_start = zeros_start;
                    return Ok(Search::Nothing);
                }
                at += WitnessShape::bytes_done(WITNESS_STRIDE_BYTES) as u64;
                continue;
            };
            at += found as u64;
            match self.candidate(at)? {
                Candidate::Authentic(parsed) if parsed.durable_sequence >= sequence => {
                    return Ok(Search::Found(Witness { offset: at, sequence: parsed.sequence }));
                }
                _ => at += 8,
            }
            false_heads += 1;
            if false_heads > LOG_FALSE_HEADS_MAX {
                return Ok(Search::TooManyFalseHeads { end: at });
            }
        }
    }

    /// No crash leaves so many: the search ends here, and with it the hope to tell a torn tail from rot.
    fn false_heads(&self, bytes: std::ops::Range<u64>) -> Finding {
        let why = "Behind the last record that holds stand more heads of records that are none than any crash leaves.";
        Finding::new(Code::LogRot, why)
            .at(self.window.file_name, bytes)
            .expected(format!("at most {LOG_FALSE_HEADS_MAX} heads of records that do not hold"), "more of them")
            .lost(format!("Commits after {} cannot be vouched for.", self.commit))
            .next("Nothing was changed. Keep a copy of both files; restore a backup.")
    }
}

/// What came of looking for a witness.
enum Search {
    Found(Witness),
    Nothing,
    TooManyFalseHeads { end: u64 },
}

/// How many bytes are looked through at a time for a witness.
const WITNESS_STRIDE_BYTES: usize = 64 << 10;

/// What the head of a record of one log looks like.
struct RecordShape {
    log: LogShape,
    generation: u64,
}

impl RecordShape {
    /// The first multiple of eight in `bytes` where such a head stands whole and is `wanted`, and the length it says.
    fn find(&self, bytes: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Option<(usize, u64)> {
        let starts = [RecordKind::Page, RecordKind::Commit]
            .map(|kind| self.log.record_bytes(kind) as u64 | (kind as u64) << (8 * record_place::KIND.offset));
        // A log may have a hole of gigabytes: no head begins in zeros.
        let places = if is_zero(bytes) { 0 } else { Self::bytes_done(bytes.len()) };
        (0..places).step_by(8).find_map(|at| {
            let start = word(bytes, at);
            let is_one = starts.contains(&start)
                && record_place::GENERATION.u64(&bytes[at..]) == self.generation
                && wanted(&bytes[at..]);
            is_one.then_some((at, start & u64::from(u32::MAX)))
        })
    }

    /// Of `length` bytes looked through, how many may be left behind: a head may begin in the rest and end behind it.
    fn bytes_done(length: usize) -> usize {
        (length / 8 * 8 + 8).saturating_sub(record_place::DURABLE_SEQUENCE.end())
    }
}

/// What the head of a record must look like to be worth a checksum and a MAC: one that says that record `sequence` of the log
/// of this generation had been synced. A log may be gigabytes of zeros or of somebody's bytes; this looks at eight of them
/// at a time and is wrong only in one direction.
pub(crate) struct WitnessShape {
    pub log: LogShape,
    pub generation: u64,
    pub sequence: u64,
}

impl WitnessShape {
    /// The first multiple of eight in `bytes` where such a head stands whole.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        let shape = RecordShape { log: self.log, generation: self.generation };
        shape.find(bytes, |head| self.fits(head)).map(|(at, _)| at)
    }

    /// Of `length` bytes looked through, how many may be left behind: a head may begin in the rest and end behind it.
    pub fn bytes_done(length: usize) -> usize {
        RecordShape::bytes_done(length)
    }

    fn fits(&self, head: &[u8]) -> bool {
        let durable_sequence = record_place::DURABLE_SEQUENCE.u64(head);
        durable_sequence >= self.sequence && durable_sequence < record_place::SEQUENCE.u64(head)
    }
}

/// By comparing pieces, which is as quick as reading them.
fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|piece| *piece == ZEROS[..piece.len()])
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("invariant: a whole head stands at every place looked at"))
}

struct Witness {
    offset: u64,
    sequence: u64,
}

/// Reads one record, trusting nothing: shape, checksum, generation, then the MAC, which covers the salt.
fn parse(bytes: &[u8], header: &LogHeader, keys: &Keys) -> Candidate {
    let view = match RecordView::decode(bytes, header.shape()) {
        Ok(view) => view,
        Err(error) => {
            return Candidate::Other { is_older: false, why: error.why };
        }
    };
    let fields = view.fields();
    if !holds(Defence::RecordGeneration, fields.generation == header.log_generation) {
        return Candidate::Other { is_older: true, why: format!("it is of log generation {}", fields.generation) };
    }
    if !holds(Defence::RecordMac, keys.record_mac(&header.salt, &view.mac_parts()) == *view.mac()) {
        return Candidate::Other { is_older: false, why: "its MAC is wrong".to_owned() };
    }
    let commit_body = if fields.kind == RecordKind::Commit { view.body().to_vec() } else { Vec::new() };
    let record = match fields.kind {
        RecordKind::Page => match SealedView::new(view.body()) {
            Some(page) if holds(Defence::FrameNamesItsPage, names(&page, fields.page, fields.commit)) => {
                FrameRecord::Page { page: fields.page, seal: page.seal() }
            }
            _ => {
                return Candidate::Other {
                    is_older: false,
                    why: "its page is not the one its header names".to_owned(),
                };
            }
        },
        RecordKind::Commit => match CommitBody::decode(view.body()) {
            Ok(body) => FrameRecord::Commit(Box::new(body)),
            Err(error) => return Candidate::Other { is_older: false, why: error.why },
        },
    };
    Candidate::Authentic(Parsed {
        sequence: fields.sequence,
        commit: fields.commit,
        durable_sequence: fields.durable_sequence,
        previous: fields.previous,
        mac: *view.mac(),
        bytes: view.len() as u64,
        record,
        commit_body,
    })
}

fn names(page: &SealedView<'_>, number: PageNo, commit: CommitNo) -> bool {
    !number.is_none() && matches!(page.header(), Ok(header) if header.page == number && header.commit == commit)
}

/// A piece of the log in memory, so that a log of any length is read in bounded memory.
struct Window<'a> {
    file: &'a dyn VfsFile,
    file_name: &'a str,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
    /// From here on there are zeros alone, as far as that is known.
    zeros_start: u64,
}

const WINDOW_BYTES: usize = 1 << 20;

impl Window<'_> {
    /// Up to `count` bytes at `offset`; fewer at the end of the log.
    fn at(&mut self, offset: u64, count: usize) -> Result<&[u8]> {
        let wanted_end = (offset + count as u64).min(self.length);
        let inside = offset >= self.start && wanted_end <= self.start + self.bytes.len() as u64;
        if !inside && offset < self.length {
            self.bytes.resize(WINDOW_BYTES.max(count), 0);
            let read = read_up_to(self.file, offset, &mut self.bytes)
                .map_err(|source| Error::io("read", self.file_name, source))?;
            self.bytes.truncate(read);
            self.start = offset;
        }
        let from = (offset.saturating_sub(self.start) as usize).min(self.bytes.len());
        let to = (from + count).min(self.bytes.len());
        Ok(if offset >= self.length { &[] } else { &self.bytes[from..to] })
    }
}

impl LogHeader {
    /// Bytes a page frame takes in this log.
    pub fn frame_bytes(&self) -> usize {
        self.shape().record_bytes(RecordKind::Page)
    }
}
