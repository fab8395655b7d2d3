//! What the disk view says: what the program, the operating system and a disk after a power cut hold of each page.

use super::{log, plural, tree};
use crate::{
    model::Model,
    timeline::{Held, Use, World},
};
use schemars::JsonSchema;
use serde::Serialize;
use tosumu::PageNo;

/// One thing in all three places.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct DiskRowFacts {
    /// `page 2`, `log to`, `superblock A`.
    pub name: String,
    /// `chain`, `trunk` or `free` for a page that is no node of a tree.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub kind: &'static str,
    /// What the program believes.
    pub memory: String,
    /// What the operating system holds.
    pub system: String,
    /// What a power cut would leave.
    pub durable: String,
}

/// A write that no sync has made safe.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct PendingFacts {
    /// The file.
    pub file: String,
    /// Where, in bytes.
    pub offset: u64,
    /// How many bytes; a change of length has none.
    pub bytes: u64,
}

/// The disk.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct DiskFacts {
    /// Pages, superblock slots, the log.
    pub rows: Vec<DiskRowFacts>,
    /// Writes that wait for a sync.
    pub pending: Vec<PendingFacts>,
    /// What a power cut now would leave, in one sentence.
    pub if_power_went: String,
}

/// The disk of `model`'s present world.
pub fn disk(model: &Model) -> DiskFacts {
    let rows = rows(model, 0..rows_total(model));
    DiskFacts { rows, ..without_rows(model) }
}

/// How many rows there are: the pages, the log, two slots of the superblock.
pub fn rows_total(model: &Model) -> usize {
    model.world.page_total() as usize + 3
}

/// The rows in a range of them: a screen never needs all.
pub fn rows(model: &Model, range: std::ops::Range<usize>) -> Vec<DiskRowFacts> {
    let world = &model.world;
    let uses = world.free_uses();
    let pages = world.page_total() as usize;
    let row_of = |at: usize| match at.checked_sub(pages) {
        None => {
            let page = PageNo(at as u32 + 1);
            let holds = world.holds(page);
            let places = [in_memory(holds.memory), words(holds.system), words(holds.durable)];
            DiskRowFacts { kind: kind(world, page, uses.get(&page)), ..row(format!("page {page}"), places) }
        }
        Some(0) => log_row(world),
        Some(slot) => superblock_row(model, slot as u8 - 1),
    };
    let known = |row: DiskRowFacts| match model.file_work.follow.on && row.durable != "-" {
        // Another process writes it: what it has synced, it alone knows.
        true => DiskRowFacts { durable: "?".into(), ..row },
        false => row,
    };
    range.map(row_of).map(known).collect()
}

/// Everything but the rows.
pub fn without_rows(model: &Model) -> DiskFacts {
    let world = &model.world;
    let pending = world.pending().into_iter().map(|line| PendingFacts {
        file: line.file,
        offset: line.offset,
        bytes: line.bytes,
    });
    let if_power_went = match model.file_work.follow.on {
        true => "The file is followed: which of these bytes wait for a sync, only the process that writes them knows."
            .into(),
        false => world.if_power_went(),
    };
    DiskFacts { rows: Vec::new(), pending: pending.collect(), if_power_went }
}

fn row(name: String, [memory, system, durable]: [String; 3]) -> DiskRowFacts {
    DiskRowFacts { name, kind: "", memory, system, durable }
}

fn kind(world: &World, page: PageNo, freed: Option<&Use>) -> &'static str {
    match freed {
        Some(Use::Free) => "free",
        Some(Use::Trunk) => "trunk",
        None => tree::beside_word(world.kind_of(page)),
    }
}

/// Memory holds a version, wherever else it stands.
fn in_memory(held: Held) -> String {
    match held {
        Held::InFile(commit) | Held::InLog(commit) => format!("commit {commit}"),
        other => words(other),
    }
}

fn words(held: Held) -> String {
    match held {
        Held::Nothing => "-".into(),
        Held::Changed => "changed*".into(),
        Held::New => "new*".into(),
        Held::InFile(commit) => format!("commit {commit}"),
        Held::InLog(commit) => format!("{commit} in log"),
    }
}

fn log_row(world: &World) -> DiskRowFacts {
    // A log file that is used again is longer than its log: what stands behind is of no generation any more.
    let system = world.log_end().min(world.log_bytes().len() as u64);
    let durable = world.log_durable_len();
    let memory = if world.facts.open { system.to_string() } else { "-".into() };
    row("log to".into(), [memory, system.to_string(), durable.to_string()])
}

fn superblock_row(model: &Model, slot: u8) -> DiskRowFacts {
    let world = &model.world;
    let name = format!("slot {}", if slot == 0 { "A" } else { "B" });
    let system = world
        .superblock_bytes(slot)
        .and_then(|bytes| tosumu::format::superblock::Superblock::decode(&bytes).ok())
        .map(|superblock| format!("commit {}", superblock.commit));
    let newest = log::newest_superblock(world);
    let in_use = newest.is_some_and(|newest| newest.slot_generation % 2 == u64::from(slot));
    let memory = if in_use && world.facts.open { "in use" } else { "-" };
    let start = u64::from(slot) * tosumu::limits::SUPERBLOCK_BYTES as u64;
    let waits = |line: &crate::timeline::PendingLine| line.file == world.facts.file && line.offset == start;
    let durable = match &system {
        None => "-".into(),
        Some(_) if world.pending().iter().any(waits) => "not yet".into(),
        Some(words) => words.clone(),
    };
    row(name, [memory.into(), system.unwrap_or_else(|| "not readable".into()), durable])
}

impl DiskRowFacts {
    /// `page 2`, `page 5 chain`.
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.kind).trim_end().to_owned()
    }
}

impl DiskFacts {
    pub(super) fn plain(&self) -> String {
        let mut text =
            String::from("What each place holds: the program's memory; the operating system; after a power cut.\n");
        for row in &self.rows {
            text.push_str(&format!("{}: {}; {}; {}\n", row.title(), row.memory, row.system, row.durable));
        }
        match self.pending.len() {
            0 => text.push_str("No write waits for a sync.\n"),
            count => text.push_str(&format!("{} for a sync:\n", waiting(count))),
        }
        for pending in &self.pending {
            text.push_str(&format!("{}\n", pending.words()));
        }
        text.push_str(&format!("{}\n", self.if_power_went));
        text
    }
}

/// `1 write waits`, `2 writes wait`.
pub fn waiting(count: usize) -> String {
    format!("{} {}", plural(count, "write"), if count == 1 { "waits" } else { "wait" })
}

impl PendingFacts {
    /// `lab.tsm-wal: 1,904 bytes at 784`.
    pub fn words(&self) -> String {
        let (file, offset) = (&self.file, crate::widget::text::grouped(self.offset));
        match self.bytes {
            0 => format!("{file}: its length, to {offset}"),
            bytes => format!("{file}: {} bytes at {offset}", crate::widget::text::grouped(bytes)),
        }
    }
}
