//! What the log view says: the records that stand in the log, how far a sync has made them safe, and where recovery would
//! stop reading and why.
//!
//! Checksums, places in the chain and finished commits are judged here as recovery does; a MAC needs the key and is not.

use super::{plural, tree};
use crate::{
    model::Model,
    timeline::{Held, World},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use tosumu::format::{
    is_zero,
    log::{
        CommitBody, LOG_HEADER_BYTES, LogHeader, LogShape, RecordKind, RecordView, is_left_of_an_older_log, padded_end,
    },
    page::SealedView,
    superblock::Superblock,
};
use tosumu::types::PageNo;

/// One record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct LogRecordFacts {
    /// Its first byte in the log.
    pub offset: u64,
    /// The byte behind it.
    pub end: u64,
    /// Its number in this log, from 1.
    pub sequence: u64,
    /// The page it holds; none in a commit record.
    pub page: Option<u32>,
    /// `chain` or `trunk` when that page is no node of a tree.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub kind: &'static str,
    /// Whether it is the commit of a checkpoint's seals.
    #[serde(skip)]
    pub seals: bool,
    /// The commit it belongs to.
    pub commit: u64,
    /// Whether a sync has made it safe.
    pub durable: bool,
    /// Whether recovery would keep it: its commit was finished.
    pub kept: bool,
}

/// The log.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct LogFacts {
    /// The file's name.
    pub file: String,
    /// How many bytes the operating system holds.
    pub bytes: u64,
    /// The byte up to which a power cut would spare it.
    pub durable_to: u64,
    /// Its generation.
    pub generation: Option<u64>,
    /// Its salt, drawn at random: no record of another log fits under it.
    pub salt: Option<String>,
    /// The seed of its chain of MACs, made from the superblock it continues.
    pub seed: Option<String>,
    /// The generation the superblock goes on with.
    pub expected_generation: Option<u64>,
    /// The commit the page file is at, as its newest superblock says.
    pub page_file_commit: u64,
    /// Bytes of one page in the log.
    pub page_record_bytes: u64,
    /// Bytes of a commit record.
    pub commit_record_bytes: u64,
    /// The records.
    pub records: Vec<LogRecordFacts>,
    /// Where recovery would stop.
    pub recovery_stops_at: u64,
    /// Why there.
    pub because: String,
    /// What the open transaction will write here.
    pub to_come: Option<String>,
}

/// The log of `model`'s present world.
pub fn log(model: &Model) -> Arc<LogFacts> {
    of_world(&model.world)
}

/// What the records of a world's log look like, or would.
pub fn shape_of(world: &World) -> LogShape {
    shape(world, newest_superblock(world).as_ref())
}

/// The log of `world`: read once for an instant.
pub fn of_world(world: &World) -> Arc<LogFacts> {
    world.memo("log", 0, || read(world))
}

fn read(world: &World) -> LogFacts {
    let newest = newest_superblock(world);
    let shape = shape(world, newest.as_ref());
    let mut facts = LogFacts {
        file: world.facts.log_file.clone(),
        durable_to: world.log_durable_len(),
        expected_generation: newest.as_ref().map(|superblock| superblock.log_generation),
        page_file_commit: newest.map_or(0, |superblock| superblock.commit.0),
        page_record_bytes: shape.record_bytes(RecordKind::Page) as u64,
        commit_record_bytes: shape.record_bytes(RecordKind::Commit) as u64,
        to_come: to_come(world),
        ..LogFacts::default()
    };
    let bytes = world.log_bytes();
    facts.bytes = bytes.len() as u64;
    facts.read(&bytes);
    facts
}

/// What the log's records look like, or would: the page file's format says it.
fn shape(world: &World, newest: Option<&Superblock>) -> LogShape {
    let page_size = world.facts.page_size;
    newest.map_or(LogShape::newest(page_size), |superblock| LogShape { format: superblock.format, page_size })
}

/// The superblock with the highest generation among the readable ones.
pub fn newest_superblock(world: &World) -> Option<Superblock> {
    let slots = [0, 1].into_iter().filter_map(|slot| world.superblock_bytes(slot));
    slots.filter_map(|bytes| Superblock::decode(&bytes).ok()).max_by_key(|superblock| superblock.slot_generation)
}

fn to_come(world: &World) -> Option<String> {
    let coming = world.facts.commit.next();
    let is_written = |page: &PageNo| world.holds(*page).system == Held::InLog(coming);
    let pages = tree::coming_pages(world).into_iter().filter(|page| !is_written(page));
    let pages: Vec<String> = pages.map(|page| page.to_string()).collect();
    if pages.is_empty() {
        return None;
    }
    let word = if pages.len() == 1 { "page" } else { "pages" };
    Some(format!("to come: {word} {}, commit {coming}", pages.join(" ")))
}

/// What a sealed page is when it is no node, as its header tells without a key.
fn kind_of(sealed: &[u8]) -> &'static str {
    let header = SealedView::new(sealed).and_then(|sealed| sealed.header().ok());
    tree::beside_word(header.map(|header| header.kind))
}

impl LogFacts {
    fn read(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.because = "there is no log".into();
            return;
        }
        let header = bytes.get(..LOG_HEADER_BYTES).map(LogHeader::decode);
        let Some(Ok(header)) = header else {
            self.because = "the header of the log cannot be read".into();
            return;
        };
        self.generation = Some(header.log_generation);
        self.salt = Some(hex::encode(header.salt));
        self.seed = Some(hex::encode(header.seed));
        self.recovery_stops_at = LOG_HEADER_BYTES as u64;
        if self.expected_generation.is_some_and(|expected| header.log_generation < expected) {
            self.because = "this log was folded into the page file already, so recovery ignores it".into();
            return;
        }
        self.because = self.read_records(bytes, &header);
        self.judge();
    }

    /// Takes in every record that follows the one before it; gives the reason for stopping.
    fn read_records(&mut self, bytes: &[u8], header: &LogHeader) -> String {
        let (mut at, mut previous, mut sequence) = (LOG_HEADER_BYTES, header.seed, 1);
        loop {
            let rest = &bytes[at.min(bytes.len())..];
            if rest.is_empty() {
                return "the log ends there".into();
            }
            if is_zero(rest) {
                return "only zeros follow, where nothing was written yet".into();
            }
            let record = match RecordView::decode(rest, header.shape()) {
                Ok(record) => record,
                Err(_) if is_left_of_an_older_log(rest, header.log_generation) => {
                    return "what follows is left of an older log".into();
                }
                Err(error) => return format!("what follows is no whole record: {}", error.why.trim_end_matches('.')),
            };
            let fields = record.fields();
            if fields.generation != header.log_generation {
                return format!("what follows is left from log {}", fields.generation);
            }
            if fields.sequence != sequence || fields.previous != previous {
                return "what follows does not continue the chain".into();
            }
            let end = at + record.len();
            self.records.push(LogRecordFacts {
                offset: at as u64,
                end: end as u64,
                sequence,
                page: (fields.kind == RecordKind::Page).then_some(fields.page.0),
                kind: if fields.kind == RecordKind::Page { kind_of(record.body()) } else { "" },
                seals: fields.kind == RecordKind::Commit
                    && CommitBody::decode(record.body()).is_ok_and(|body| body.seal_transaction),
                commit: fields.commit.0,
                durable: end as u64 <= self.durable_to,
                kept: false,
            });
            at = if fields.kind == RecordKind::Commit { padded_end(end as u64) as usize } else { end };
            (previous, sequence) = (*record.mac(), sequence + 1);
        }
    }

    /// Everything up to the last commit record is kept.
    fn judge(&mut self) {
        let kept = self.records.iter().rposition(|record| record.page.is_none()).map_or(0, |last| last + 1);
        self.records[..kept].iter_mut().for_each(|record| record.kept = true);
        if let Some(last) = self.records[..kept].last() {
            self.recovery_stops_at = padded_end(last.end);
        }
        let unfinished = self.records.len() - kept;
        if unfinished > 0 {
            self.because =
                format!("the {} behind it belong to a commit without its record", plural(unfinished, "page"));
        }
    }

    /// The commits that recovery would keep.
    pub fn kept_commits(&self) -> Vec<u64> {
        self.records.iter().filter(|record| record.kept && record.page.is_none()).map(|record| record.commit).collect()
    }

    /// Up to where a checkpoint has folded it.
    pub fn checkpoint_mark(&self) -> String {
        format!("Commits up to {} are folded into the page file: the log begins behind them.", self.page_file_commit)
    }

    /// What recovery would do with it, in one sentence.
    pub fn recovery(&self) -> String {
        if self.bytes == 0 {
            return "There is no log: the page file is all there is.".into();
        }
        let commits = self.kept_commits();
        let kept = match &commits[..] {
            [] => "keep no commit".to_string(),
            [only] => format!("keep commit {only}"),
            [first, .., last] => format!("keep commits {first} to {last}"),
        };
        let stop = crate::widget::text::grouped(self.recovery_stops_at);
        format!("Recovery would {kept} and stop at {stop}: {}.", self.because)
    }

    pub(super) fn plain(&self) -> String {
        let mut text =
            format!("Log {}: {}, durable up to {}.\n", self.file, plural(self.bytes as usize, "byte"), self.durable_to);
        if let Some(generation) = self.generation {
            let expected = self.expected_generation.map_or("unknown".into(), |expected| expected.to_string());
            text.push_str(&format!(
                "0: header, generation {generation}; the superblock goes on with generation {expected}\n"
            ));
            if let (Some(salt), Some(seed)) = (&self.salt, &self.seed) {
                text.push_str(&format!("Salt {salt}, seed of the chain {seed}.\n"));
            }
            text.push_str(&format!("{}\n", self.checkpoint_mark()));
        }
        for record in &self.records {
            let safe = if record.durable { "durable" } else { "a power cut can take it" };
            let kept = if record.kept { "" } else { "; its commit is not finished" };
            text.push_str(&format!("{}: {}; {safe}{kept}\n", record.offset, record.what()));
        }
        if let Some(to_come) = &self.to_come {
            text.push_str(&format!("{to_come}\n"));
        }
        text.push_str(&format!("{}\n", self.recovery()));
        text.push_str(&format!(
            "A page takes {} bytes here, a commit record {}.\n",
            self.page_record_bytes, self.commit_record_bytes
        ));
        text
    }
}

impl LogRecordFacts {
    /// `page 2, commit 3` or `commit 3`.
    pub fn what(&self) -> String {
        match self.page {
            Some(page) if self.kind.is_empty() => format!("page {page}, commit {}", self.commit),
            Some(page) => format!("page {page} ({}), commit {}", self.kind, self.commit),
            None => format!("commit {}", self.commit),
        }
    }
}
