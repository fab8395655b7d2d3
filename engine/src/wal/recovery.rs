//! What a log means beside its page file: the table of cases.
//!
//! | log | log_expected | standing |
//! |---|---|---|
//! | none, empty, or its header does not read | 0 | absent |
//! | none, empty, or its header does not read | 1 | LOG-MISSING |
//! | of a newer format | any | HDR-VERSION |
//! | of another file | any | LOG-FOREIGN |
//! | generation older than the superblock's | 0 | stale: folded already |
//! | generation older than the superblock's | 1 | LOG-MISSING |
//! | generation newer than the superblock's | any | FRESH-MAIN-OLDER |
//! | same generation, wrong seed | any | LOG-UNBOUND |
//! | same generation, right seed | any | continues the page file |

use crate::crypto::Keys;
use crate::defence::{Defence, holds};
use crate::finding::{Code, Finding};
use crate::format::log::{LOG_HEADER_BYTES, LogHeader, seed_input};
use crate::format::superblock::Superblock;

/// A row of the table that lets a database be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogStanding {
    /// No log, and none is expected. `unreadable` when bytes stand there that are no log header: a crash left them.
    Absent {
        /// Bytes stand in the log that are no header.
        unreadable: bool,
    },
    /// An older log, folded into the page file before.
    Stale {
        /// Its generation.
        generation: u64,
    },
    /// It goes on where the page file ends.
    Continues(LogHeader),
}

/// Looks up the row for the log whose first bytes are `head` (at most 512; empty when there is no log).
pub fn judge(superblock: &Superblock, keys: &Keys, head: &[u8], log_file: &str) -> Result<LogStanding, Box<Finding>> {
    let standing = judge_without_key(superblock, head, log_file)?;
    let LogStanding::Continues(header) = &standing else { return Ok(standing) };
    let seed = keys.log_seed(seed_input(head), &keys.tree_mac(&superblock.tree_mac_input()));
    let same_shape = header.page_size == superblock.page_size && header.format == superblock.format;
    if !holds(Defence::LogShape, same_shape) || !holds(Defence::LogSeed, header.seed == seed) {
        let finding =
            Finding::new(Code::LogUnbound, "The log's seed does not follow from this page file's last checkpoint.")
                .at(log_file, 0..LOG_HEADER_BYTES as u64)
                .expected(hex::encode(seed), hex::encode(header.seed))
                .lost("Commits made since the last checkpoint.")
                .remedy_unless("Put the page file and the log of one moment together.");
        return Err(Box::new(finding));
    }
    Ok(standing)
}

/// As [`judge`], but for the seed, which only the key can tell: a log said to continue may still be unbound.
pub fn judge_without_key(superblock: &Superblock, head: &[u8], log_file: &str) -> Result<LogStanding, Box<Finding>> {
    let header = match LogHeader::decode(head) {
        Ok(header) => header,
        // What a newer program wrote is not taken for something that a crash left.
        Err(error) if error.code == Code::HdrVersion => return Err(Box::new(error.finding(log_file, 0))),
        Err(_) if !holds(Defence::LogExpected, !superblock.log_expected) => {
            return Err(Box::new(missing(head, log_file)));
        }
        Err(_) => return Ok(LogStanding::Absent { unreadable: !head.is_empty() }),
    };
    let at = |finding: Finding| Box::new(finding.at(log_file, 0..LOG_HEADER_BYTES as u64));
    if !holds(Defence::LogFileId, header.file_id == superblock.file_id) {
        let finding = Finding::new(Code::LogForeign, "The log carries another database's file id.")
            .expected(superblock.file_id.to_string(), header.file_id.to_string())
            .lost("Commits made since the last checkpoint, if this file's own log is gone.")
            .remedy_unless("Put this file's own log beside it.");
        return Err(at(finding));
    }
    let ours = superblock.log_generation;
    if header.log_generation < ours {
        if !holds(Defence::OlderLogStops, !superblock.log_expected) {
            return Err(at(older_than_expected(ours, header.log_generation)));
        }
        return Ok(LogStanding::Stale { generation: header.log_generation });
    }
    if !holds(Defence::NewerLogStops, header.log_generation <= ours) {
        let finding =
            Finding::new(Code::FreshMainOlder, "The log begins after a checkpoint that this page file has not seen.")
                .expected(format!("log generation {ours}"), format!("log generation {}", header.log_generation))
                .lost("What the missing checkpoints folded into the newer page file.")
                .remedy_unless("Put the newer page file back beside this log.");
        return Err(at(finding));
    }
    Ok(LogStanding::Continues(header))
}

fn missing(head: &[u8], log_file: &str) -> Finding {
    const SAID: &str = "The superblock says that acknowledged commits stand in a log";
    let (why, found, first) = match head.is_empty() {
        true => (
            format!("{SAID}, and the log is not there."),
            "no log, or an empty one",
            "Put the log back beside the page file; it was copied or restored without it.",
        ),
        false => (
            format!("{SAID}, and what stands there does not begin like one: its header does not read."),
            "bytes that are no log header",
            "Put an undamaged copy of the log beside the page file, if there is one.",
        ),
    };
    Finding::new(Code::LogMissing, why)
        .at(log_file, 0..head.len() as u64)
        .expected("the log of this generation", found)
        .lost("Every commit since the last checkpoint.")
        .remedy_unless(first)
}

fn older_than_expected(ours: u64, found: u64) -> Finding {
    Finding::new(Code::LogMissing, "An older log stands where the superblock expects one with acknowledged commits.")
        .expected(format!("log generation {ours}"), format!("log generation {found}"))
        .lost("Every commit since the last checkpoint.")
        .remedy_unless("Put the newest log back beside the page file.")
}
