//! Reading a log: which records stand in it, up to where it holds, and why it ends there.
//!
//! After the first record that does not hold, the scan goes on at every 8-byte boundary. A record found there that is
//! authentic by itself and says that the bad one had been synced (`durable_sequence`) proves rot: stop, change nothing.
//! Otherwise the bad record is the tail of a commit that was never finished, and is not kept.

use crate::crypto::Keys;
use crate::defence::{Defence, holds, is_off};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::is_zero;
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
    let window = Window::new(file, file_name, length);
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
    let mut window = Window::new(file, file_name, length);
    let shape = RecordShape { log: header.shape(), generation: header.log_generation };
    let mut heads = Heads::behind(shape, LOG_HEADER_BYTES as u64);
    let mut records = Vec::new();
    let mut judged_max = length.saturating_mul(SOUND_TIMES_MAX).saturating_add(WINDOW_BYTES as u64);
    while let Some(head) = heads.next(&mut window, |_| true)? {
        let offset = head.offset;
        if judged_max < head.bytes {
            return Ok((records, false));
        }
        judged_max -= head.bytes;
        let bytes = window.at(offset, header.shape().record_bytes_max())?;
        let Candidate::Authentic(parsed) = parse(bytes, header, keys) else { continue };
        let end = offset + parsed.bytes;
        let (sequence, commit, record) = (parsed.sequence, parsed.commit, parsed.record);
        let place = RecordPlace { offset, end, sequence, commit, record };
        records.push(SoundRecord { place, previous: parsed.previous, mac: parsed.mac });
        heads.skip_to(end);
    }
    Ok((records, true))
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
                .remedy();
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
            .remedy();
        Ok(Some(finding))
    }

    /// The record at `offset`, which would have been `sequence`, does not hold: rot, a torn tail or the plain end?
    fn stop(mut self, offset: u64, sequence: u64, is_older: bool, why: &str) -> Result<LogScan> {
        let (search, rest) = self.search_behind(offset, sequence)?;
        let witness = match search {
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
                .remedy();
            self.scan.end = ScanEnd::Damage(Box::new(finding));
            return Ok(self.scan);
        }
        let unfinished = self.scan.records.last().is_some_and(|record| record.end > self.scan.kept_end);
        // Zeros, or a whole record of an older log, are where a log ends; anything else was to be a commit. But over an older
        // log, which a new one overwrites bit by bit, a record of the old one may begin anywhere or be cut: there only what
        // bears this log's generation was to be a commit.
        let unfinished_end = match self.header.log_generation {
            0 | 1 => (unfinished || !(is_older || rest.is_zero)).then_some(self.window.length),
            _ => rest.own_end.or(unfinished.then_some(offset)),
        };
        if let Some(end) = unfinished_end {
            self.scan.end = ScanEnd::TornTail { bytes: end.saturating_sub(self.scan.kept_end) };
        }
        Ok(self.scan)
    }

    /// Looks through the log behind `offset` once, at every boundary of eight bytes: for a record which says that record
    /// `sequence` had been synced, and for what else stands there. Only the checksums and MACs that are tried are counted, for
    /// whoever has no key can write a head at every few bytes.
    ///
    /// No number of bytes may end it early: a commit may be as long as the disk has room, and the one record that tells rot from
    /// a torn tail may stand behind all of it. So it costs what reading the bytes costs that the disk holds; holes it passes over.
    fn search_behind(&mut self, offset: u64, sequence: u64) -> Result<(Search, Rest)> {
        let length = self.window.length;
        let shape = RecordShape { log: self.header.shape(), generation: self.header.log_generation };
        let (mut heads, mut own_end, mut false_heads) = (Heads::behind(shape, offset), None, 0);
        let search = loop {
            let found = heads.next(&mut self.window, |head| {
                own_end = Some((head.offset + head.bytes).min(length));
                head.says_synced(sequence)
            })?;
            let Some(head) = found else { break Search::Nothing };
            if let Candidate::Authentic(parsed) = self.candidate(head.offset)?
                && parsed.durable_sequence >= sequence
            {
                break Search::Found(Witness { offset: head.offset, sequence: parsed.sequence });
            }
            false_heads += 1;
            if false_heads > LOG_FALSE_HEADS_MAX {
                break Search::TooManyFalseHeads { end: head.offset + 8 };
            }
        };
        Ok((search, Rest { own_end, is_zero: heads.is_zero() }))
    }

    /// No crash leaves so many: the search ends here, and with it the hope to tell a torn tail from rot.
    fn false_heads(&self, bytes: std::ops::Range<u64>) -> Finding {
        let why = "Behind the last record that holds stand more heads of records that are none than any crash leaves.";
        Finding::new(Code::LogRot, why)
            .at(self.window.file_name, bytes)
            .expected(format!("at most {LOG_FALSE_HEADS_MAX} heads of records that do not hold"), "more of them")
            .lost(format!("Commits after {} cannot be vouched for.", self.commit))
            .remedy()
    }
}

/// What came of looking for a witness.
enum Search {
    Found(Witness),
    Nothing,
    TooManyFalseHeads { end: u64 },
}

/// What stands behind the last record that holds, when all of it was looked through.
struct Rest {
    /// Where the last record ends whose head says that it is of this log, whether or not it holds.
    own_end: Option<u64>,
    /// Whether it is zeros alone.
    is_zero: bool,
}

/// How many bytes are looked through at a time for a head.
const STRIDE_BYTES: usize = 64 << 10;

/// What the head of a record of one log looks like. A log may be gigabytes of zeros or of somebody's bytes; this looks at eight
/// of them at a time and is wrong only in one direction: what it finds may be no record.
pub(crate) struct RecordShape {
    pub log: LogShape,
    pub generation: u64,
}

impl RecordShape {
    /// The first such head that stands whole in `bytes`, which stand at `offset`, and is `wanted`.
    fn find(&self, bytes: &[u8], offset: u64, mut wanted: impl FnMut(&Head) -> bool) -> Option<Head> {
        let starts = [RecordKind::Page, RecordKind::Commit]
            .map(|kind| self.log.record_bytes(kind) as u64 | (kind as u64) << (8 * record_place::KIND.offset));
        (0..Self::bytes_done(bytes.len())).step_by(8).find_map(|at| {
            let start = word(bytes, at);
            let place = &bytes[at..];
            if !starts.contains(&start) || record_place::GENERATION.u64(place) != self.generation {
                return None;
            }
            let head = Head {
                offset: offset + at as u64,
                bytes: start & u64::from(u32::MAX),
                sequence: record_place::SEQUENCE.u64(place),
                durable_sequence: record_place::DURABLE_SEQUENCE.u64(place),
            };
            wanted(&head).then_some(head)
        })
    }

    /// Of `length` bytes looked through, how many may be left behind: a head may begin in the rest and end behind it.
    fn bytes_done(length: usize) -> usize {
        (length / 8 * 8 + 8).saturating_sub(record_place::DURABLE_SEQUENCE.end())
    }
}

/// What looks like the beginning of a record; only its checksum and its MAC tell whether it is one.
pub(crate) struct Head {
    /// Its first byte in the log.
    pub offset: u64,
    /// How long a record of its kind is.
    pub bytes: u64,
    sequence: u64,
    durable_sequence: u64,
}

impl Head {
    /// Whether it says that record `sequence` had been synced when this one was written.
    pub fn says_synced(&self, sequence: u64) -> bool {
        self.durable_sequence >= sequence && self.durable_sequence < self.sequence
    }
}

/// The heads of records that stand behind some byte of a log, at every boundary of eight bytes to the end of the file.
pub(crate) struct Heads {
    shape: RecordShape,
    at: u64,
    is_zero: bool,
}

impl Heads {
    /// Those at `offset` and behind it.
    pub fn behind(shape: RecordShape, offset: u64) -> Heads {
        Heads { shape, at: offset, is_zero: true }
    }

    /// The next one that is `wanted`; nothing at the end of the log. Zeros hold none: behind a stride of them the disk is asked
    /// where they end.
    pub fn next(&mut self, window: &mut Window<'_>, mut wanted: impl FnMut(&Head) -> bool) -> Result<Option<Head>> {
        loop {
            let bytes = window.at(self.at, STRIDE_BYTES)?;
            let is_last = bytes.len() < STRIDE_BYTES;
            let is_hole = is_zero(bytes);
            self.is_zero &= is_hole;
            if !is_hole && let Some(head) = self.shape.find(bytes, self.at, &mut wanted) {
                self.at = head.offset + 8;
                return Ok(Some(head));
            }
            if is_last {
                return Ok(None);
            }
            self.at += RecordShape::bytes_done(STRIDE_BYTES) as u64;
            if is_hole {
                self.at = self.at.max(window.next_data(self.at) / 8 * 8);
            }
        }
    }

    /// Goes on at `offset`, behind a record that was found to be one.
    fn skip_to(&mut self, offset: u64) {
        self.at = offset;
    }

    /// Whether there were only zeros so far.
    pub fn is_zero(&self) -> bool {
        self.is_zero
    }
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
pub(crate) struct Window<'a> {
    file: &'a dyn VfsFile,
    file_name: &'a str,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

const WINDOW_BYTES: usize = 1 << 20;

impl<'a> Window<'a> {
    /// Of a log of `length` bytes: what grows behind that meanwhile is not looked at.
    pub fn new(file: &'a dyn VfsFile, file_name: &'a str, length: u64) -> Window<'a> {
        Window { file, file_name, length, start: 0, bytes: Vec::new() }
    }

    /// Where the next byte that may be other than zero stands, as far as the disk knows without reading; the log's length when
    /// there is none.
    fn next_data(&self, offset: u64) -> u64 {
        self.file.next_data(offset).min(self.length)
    }

    /// Up to `count` bytes at `offset`; fewer at the end of the log.
    pub fn at(&mut self, offset: u64, count: usize) -> Result<&[u8]> {
        let wanted_end = (offset + count as u64).min(self.length);
        let inside = offset >= self.start && wanted_end <= self.start + self.bytes.len() as u64;
        if !inside && offset < self.length {
            // Most logs are far shorter than a window, and clearing one costs more than reading them.
            let left = usize::try_from(self.length - offset).unwrap_or(usize::MAX);
            self.bytes.resize(WINDOW_BYTES.max(count).min(left), 0);
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
