//! Events in plain English: one sentence that says what just happened and why, and a short form for narrow lists.
//!
//! The sentence is the narrator's line, the event list's line and the lesson's line. A trace may come from anybody, so
//! nothing printed here holds a control character.

#[cfg(test)]
pub(super) mod samples;

use super::{CrashSummary, Event, LogVerdict, PageSource, Receipt, RecordKind};
use crate::limits::{PAGES_START_BYTES, SUPERBLOCK_BYTES};
use crate::types::{Bytes, PageNo};

/// Keys of a split that are listed before "and 3 more".
const KEYS_LISTED_MAX: usize = 8;
/// Characters of one key, line or outcome that a sentence shows.
const KEY_CHARS_MAX: usize = 32;
const LINE_CHARS_MAX: usize = 160;

/// Most letters of an operation that are repeated inside a sentence about it.
const OPERATION_CHARS_MAX: usize = 56;
/// Characters of the short form.
const SHORT_CHARS_MAX: usize = 38;

impl Event {
    /// One sentence: what just happened, and why.
    pub fn sentence(&self) -> String {
        one_line(&tell(self))
    }

    /// The same in a few words, at most 38 characters.
    pub fn short(&self) -> String {
        cut(&one_line(&tell_short(self)), SHORT_CHARS_MAX)
    }
}

fn tell(event: &Event) -> String {
    match event {
        Event::OperationStarted { line } => format!("`{}` was asked for.", asked(line)),
        Event::OperationEnded { line, outcome, succeeded, receipt } => ended(line, outcome, *succeeded, receipt),
        Event::Expected { line, instead: None } => format!("As expected: {}.", shown(line)),
        Event::Expected { line, instead: Some(instead) } => {
            format!("Not as expected: {} was expected and {} was found.", shown(line), shown(instead))
        }
        Event::TransactionStarted { transaction, base } => format!(
            "Transaction {transaction} began on top of commit {base}; until it commits, its changes are in memory only."
        ),
        Event::TransactionCommitted { commit, pages, .. } => {
            format!("Commit {commit} was published: {}, readers see it now.", count(*pages, "page"))
        }
        Event::CommitsSynced { first, last } => {
            format!("Commits {first} to {last} became durable by one sync, which each of them waited for.")
        }
        Event::TransactionRolledBack { transaction, pages } => format!(
            "Transaction {transaction} was given up: what it changed in {} was dropped, and the store is as before.",
            count(*pages, "page")
        ),
        Event::SavepointSet { transaction, savepoint } => {
            format!("Savepoint {savepoint} was set: transaction {transaction} can go back to what it is now.")
        }
        Event::SavepointRestored { transaction, savepoint, .. } => format!(
            "Transaction {transaction} went back to savepoint {savepoint}: what it changed since was dropped, in memory."
        ),
        Event::SnapshotTaken { name, commit } => {
            format!("Snapshot {} was taken: it sees commit {commit} for as long as it lives.", shown(name))
        }
        Event::SnapshotEnded { name } => format!("Snapshot {} was given up.", shown(name)),
        Event::BranchSearched { page, key, slot: 0, child, .. } => format!(
            "Branch {page} was searched for {}: no separator is at or below it, so slot 0 leads on to page {child}.",
            quoted(key)
        ),
        Event::BranchSearched { page, key, slot, separator, child, .. } => format!(
            "Branch {page} was searched for {}: separator {} in slot {slot} is the last one not above it, so the \
             search goes on to page {child}.",
            quoted(key),
            quoted(separator)
        ),
        Event::LeafSearched { page, key, slot, found: true } => {
            format!("Leaf {page} was searched for {}: it stands in slot {slot}.", quoted(key))
        }
        Event::LeafSearched { page, key, slot, .. } => {
            format!(
                "Leaf {page} was searched for {}: it is not there; slot {slot} is where it would stand.",
                quoted(key)
            )
        }
        Event::PageAllocated { page, level, .. } => {
            format!("Page {page} was taken into use as an empty {}, in memory only.", kind_of_page(*level))
        }
        Event::RecordWritten { page, slot, key, value_bytes, replaced_bytes, free_bytes, .. } => {
            let replacing =
                replaced_bytes.map_or(String::new(), |old| format!(" in place of {}", bytes(u64::from(old))));
            format!(
                "{} was written into slot {slot} of leaf {page} with a value of {}{replacing}, in memory only; {} left \
                 free.",
                quoted(key),
                bytes(u64::from(*value_bytes)),
                bytes_are(u64::from(*free_bytes))
            )
        }
        Event::RecordRemoved { page, slot, key, free_bytes, .. } => format!(
            "{} was removed from slot {slot} of leaf {page}, in memory only; {} free there now.",
            quoted(key),
            bytes_are(u64::from(*free_bytes))
        ),
        Event::PageCompacted { page, gap_before, gap_after, .. } => format!(
            "Page {page} had only {} free in one piece, so its cells were moved together; now {} free in one piece.",
            bytes(u64::from(*gap_before)),
            bytes_are(u64::from(*gap_after))
        ),
        Event::PageSplit { page, level, needed_bytes, free_bytes, new_page, moved, separator, .. } => {
            // Where the new cell comes last of all, the full page stays full.
            let divided = match moved.is_empty() {
                true => format!("nothing moved, the new page {new_page} begins with the new cell"),
                false => format!("{} moved to the new page {new_page}", key_list(moved)),
            };
            format!(
                "{} had {} and the new cell needs {}, so it split: {divided}, and {} goes up.",
                capital(&page_by_level(*page, *level)),
                counted(u64::from(*free_bytes), "free byte"),
                thousands(u64::from(*needed_bytes)),
                quoted(separator)
            )
        }
        Event::SeparatorWritten { page, slot, key, child, .. } if key.is_empty() => {
            format!("Branch {page} now names page {child}, in slot {slot}.")
        }
        Event::SeparatorWritten { page, key, child, .. } => {
            format!("{} went up: page {page} now names page {child}.", quoted(key))
        }
        Event::RootGrew { new_root, old_root, level, .. } => format!(
            "The root, page {old_root}, was too full, so page {new_root} stands above it as the new root, at level \
             {level}."
        ),
        _ => tell_of_neighbours(event),
    }
}

fn tell_of_neighbours(event: &Event) -> String {
    match event {
        Event::CellsMoved { from, to, level, moved, .. } => format!(
            "{} went from {} to its neighbour {}, so that both are about as full.",
            key_list(moved),
            page_by_level(*from, *level),
            page_by_level(*to, *level)
        ),
        Event::PagesMerged { page, emptied, level, moved, free_bytes, .. } => format!(
            "{} and {} fit one page, so they were merged: {} came over; {} left free.",
            capital(&page_by_level(*page, *level)),
            page_by_level(*emptied, *level),
            if moved.is_empty() { "nothing".to_owned() } else { key_list(moved) },
            bytes_are(u64::from(*free_bytes))
        ),
        Event::SeparatorReplaced { page, old, key, child, .. } => format!(
            "The border moved: branch {page} leads to page {child} from {} on, no longer from {} on.",
            quoted(key),
            quoted(old)
        ),
        Event::SeparatorRemoved { page, key, child, .. } => {
            format!("{} was taken out of branch {page}, which names page {child} no more.", quoted(key))
        }
        Event::RootShrank { old_root, new_root, .. } => format!(
            "The root, page {old_root}, had one child left, so page {new_root} is the root now: the tree is one level \
             lower."
        ),
        _ => tell_of_space(event),
    }
}

fn tell_of_space(event: &Event) -> String {
    match event {
        Event::PageFreed { page, trunk, free_count, .. } if page == trunk => format!(
            "Page {page} went out of use and heads the free list now, which has {}.",
            count(*free_count, "page")
        ),
        Event::PageFreed { page, trunk, free_count, .. } => format!(
            "Page {page} went out of use: trunk {trunk} of the free list, which has {}, lists it.",
            count(*free_count, "page")
        ),
        Event::PageTaken { page, free_count, .. } => {
            format!("Page {page} was taken from the free list, which has {} left.", count(*free_count, "page"))
        }
        Event::OverflowWritten { page, data_bytes, next, .. } if next.is_none() => {
            format!("Page {page} took the last {} of a long value, in memory only.", bytes(u64::from(*data_bytes)))
        }
        Event::OverflowWritten { page, data_bytes, next, .. } => format!(
            "Page {page} took {} of a long value, in memory only; it goes on in page {next}.",
            bytes(u64::from(*data_bytes))
        ),
        Event::ValueWritten { first, pages, bytes: length } => format!(
            "A value of {} is too long for a leaf: it lies in {}, of which page {first} is the first.",
            bytes(*length),
            count(*pages, "page")
        ),
        Event::ValueRead { first, pages, bytes: length } => format!(
            "A value of {} was put together from {}, of which page {first} is the first.",
            bytes(*length),
            count(*pages, "page")
        ),
        Event::ValueFreed { first, pages } => format!(
            "A long value that no record has any more gave back {}, of which page {first} was the first.",
            count(*pages, "page")
        ),
        Event::TreeCreated { name, root } => {
            format!("The tree {} was created, empty, with page {root} as its root, in memory only.", shown(name))
        }
        Event::TreeDropped { name, pages } => {
            format!("The tree {} was dropped and gave back {}.", shown(name), count(*pages, "page"))
        }
        Event::PageSpilled { page, slot } => format!(
            "Page {page} was set aside in slot {slot}, sealed, to wait for the commit: the transaction has more pages than \
             may be in memory."
        ),
        _ => tell_of_seals(event),
    }
}

fn tell_of_seals(event: &Event) -> String {
    match event {
        Event::PointersRefreshed { page, children, .. } => {
            format!("Branch {page} now carries the newest {}.", seals_of(children))
        }
        Event::PageSealed { page, commit, seal, .. } => {
            format!("Page {page} was sealed for commit {commit}: seal {}.", seal.short())
        }
        Event::PageOpened { page, commit, seal, source, offset, .. } => format!(
            "Page {page} was read from the {} at {}, checked and opened: it is the version of commit {commit}, \
             seal {}.",
            source_name(*source),
            thousands(*offset),
            seal.short()
        ),
        Event::CheckpointStarted { commit, pages } => format!(
            "A checkpoint began: the log holds {} up to commit {commit}, to be folded into the page file.",
            count(*pages, "page")
        ),
        Event::SealTransactionCommitted { commit, pages, root } => format!(
            "Commit {commit} carries the newest seals up to the root, page {}: {} sealed again, durable in the log.",
            root.page,
            count_were(*pages, "page")
        ),
        Event::CheckpointDeferred { commit, snapshots, oldest } => format!(
            "The checkpoint was put off: {} older than commit {commit} {} read still, the oldest at commit {oldest}; the page \
             file was not touched.",
            count(*snapshots, "snapshot"),
            if *snapshots == 1 { "is" } else { "are" },
        ),
        Event::CheckpointEnded { commit, pages, log_generation } => format!(
            "The checkpoint ended: {} copied in place, the page file is at commit {commit}, and the next commit begins \
             log {log_generation}.",
            count_were(*pages, "page")
        ),
        _ => tell_of_opening(event),
    }
}

fn tell_of_opening(event: &Event) -> String {
    match event {
        Event::OpenStarted { file } => format!("Opening {} began.", shown(file)),
        Event::SuperblockChosen { slot, generation, commit, other_generation } => {
            let other = other_generation.map_or_else(
                || "the other slot is not good".to_owned(),
                |other| format!("the other slot has generation {other}"),
            );
            format!(
                "Superblock slot {} was chosen: it has generation {generation} and {other}; the page file is at commit \
                 {commit}.",
                slot_name(*slot)
            )
        }
        Event::KeySlotOpened { slot, kind } => format!(
            "Key slot {slot} ({}) gave the data key, and with it the superblock proved to be authentic.",
            shown(kind)
        ),
        Event::KeySlotAdded { slot, kind, counter } => format!(
            "Key slot {slot} ({}) was added: both superblocks hold it now. Key slots have the counter {counter}.",
            shown(kind)
        ),
        Event::KeySlotRemoved { slot, kind, counter } => format!(
            "Key slot {slot} ({}) was removed from both superblocks; old copies of the file still open with its key. \
             Key slots have the counter {counter}.",
            shown(kind)
        ),
        Event::KeySlotRewrapped { slot, kind, counter } => format!(
            "Key slot {slot} has another key ({}) in both superblocks; old copies of the file still open with the old \
             one. Key slots have the counter {counter}.",
            shown(kind)
        ),
        Event::WitnessCreated { file } => {
            format!("There was no witness file {}: it was begun, and nothing could be compared.", shown(file))
        }
        Event::WitnessCompared { file, commit } => {
            format!("{} has seen commit {commit}, and the database is not older.", shown(file))
        }
        Event::WitnessAppended { file, commit } => {
            format!(
                "{} notes commit {commit}, which is durable: an older copy will not pass for this file.",
                shown(file)
            )
        }
        Event::WitnessFailed { file, because } => format!(
            "{} could not be written ({}): it stays behind the database, which harms nothing.",
            shown(file),
            shown(because)
        ),
        Event::LogExamined { verdict, generation } => log_verdict(*verdict, *generation),
        Event::LogRecordAccepted { offset, sequence, kind: RecordKind::Page, commit, page } => format!(
            "Log record {sequence} at {} is right: it holds page {page} as of commit {commit}.",
            thousands(*offset)
        ),
        Event::LogRecordAccepted { offset, sequence, commit, .. } => {
            format!("Log record {sequence} at {} is right: commit {commit} was finished here.", thousands(*offset))
        }
        Event::LogReplayed { commits, commit, kept_bytes, torn_bytes } => {
            let torn = match torn_bytes {
                0 => "nothing stands behind it".to_owned(),
                torn => format!("the {} behind it belong to a commit that was never finished", bytes(*torn)),
            };
            format!(
                "The log was read: {} found, the newest is commit {commit}; it ends at byte {}, and {torn}.",
                count_were(*commits, "commit"),
                thousands(*kept_bytes)
            )
        }
        Event::Opened { commit, pages, root } if root.is_none() => {
            format!("The database is open at commit {commit}: {}, no root yet.", count(*pages, "page"))
        }
        Event::Opened { commit, pages, root } => {
            format!("The database is open at commit {commit}: {}, and page {root} is the root.", count(*pages, "page"))
        }
        Event::DatabaseCreated { file, page_size } => {
            format!("A new database stands in {}, with pages of {}.", shown(file), bytes(u64::from(*page_size)))
        }
        Event::Poisoned { because } => {
            format!("This handle can no longer write, because {}; reopening tells what is there.", shown(because))
        }
        _ => tell_of_disk(event),
    }
}

fn tell_of_disk(event: &Event) -> String {
    match event {
        Event::FileCreated { file } => format!(
            "{}: {} was created; until the folder is synced, a power cut can take its name.",
            role(file),
            shown(file)
        ),
        Event::FileWritten { file, offset, bytes, .. } => match superblock_slot(file, *offset, *bytes) {
            Some(slot) => format!("Superblock slot {slot} was written; a power cut can still take it."),
            None => format!(
                "{}: {} handed to the operating system at {}; a power cut can still take them.",
                role(file),
                counted(*bytes, "byte"),
                thousands(*offset)
            ),
        },
        Event::FileLengthSet { file, length } => format!(
            "{}: its length was set to {}; a power cut can still undo that.",
            role(file),
            counted(*length, "byte")
        ),
        Event::FileSynced { file } => format!("{} synced: what was written to it is durable.", role(file)),
        Event::FileLinked { from, to } => {
            format!(
                "{} got the further name {}; nothing had that name, so nothing was replaced.",
                shown(from),
                shown(to)
            )
        }
        Event::FileRenamed { from, to } => {
            format!(
                "{} is called {} now; until the folder is synced, a power cut can undo that.",
                shown(from),
                shown(to)
            )
        }
        Event::FileRemoved { file } => {
            format!("The name {} was removed; until the folder is synced, a power cut can bring it back.", shown(file))
        }
        Event::DirectorySynced => "The folder was synced: the names of all files are durable.".to_owned(),
        Event::FaultInjected { call, what } => {
            format!("The simulated disk failed call {call} on purpose: {}.", shown(what))
        }
        Event::Crashed { place, summary, .. } => format!("The power went ({}): {}.", shown(place), losses(summary)),
        Event::HandleDropped => {
            "The program ended without the power going: the operating system kept what it held.".to_owned()
        }
        Event::Tampered { what, file, offset, data } => format!(
            "Somebody changed {} of the {} at {} from outside: `{}`.",
            counted(data.len() as u64, "byte"),
            role(file),
            thousands(*offset),
            shown(what)
        ),
        Event::FileReplaced { what, file, data: Some(data) } if what.is_empty() => format!(
            "A {} was found, of {}. What happened to it before, nobody told.",
            role(file),
            counted(data.len() as u64, "byte")
        ),
        Event::FileReplaced { what, file, data: Some(data) } => format!(
            "Somebody put another {} in the place of the one that stood there; it has {}: `{}`.",
            role(file),
            counted(data.len() as u64, "byte"),
            shown(what)
        ),
        Event::FileReplaced { what, file, data: None } => {
            format!("Somebody took the {} away: `{}`.", role(file), shown(what))
        }
        _ => tell_of_verification(event),
    }
}

fn tell_of_verification(event: &Event) -> String {
    match event {
        Event::VerifyStarted { level, .. } => format!("Verification began, at level {}.", shown(level)),
        Event::PageVerified { page, sound: true } => format!("Page {page} was checked and is sound."),
        Event::PageVerified { page, .. } => format!("Page {page} was checked and is not sound."),
        Event::FindingReported { finding } => format!("Found: {}", cut(&finding.to_string(), 2 * LINE_CHARS_MAX)),
        Event::VerifyEnded { pages, findings: 0 } => {
            format!("Verification ended: {} checked, nothing is wrong.", count_were(*pages, "page"))
        }
        Event::VerifyEnded { pages, findings } => {
            format!("Verification ended: {} checked, with {}.", count_were(*pages, "page"), count(*findings, "finding"))
        }
        // Every event is told above; a new one is at least named until it has its sentence.
        other => format!("{}.", other.word()),
    }
}

fn tell_short(event: &Event) -> String {
    match event {
        Event::OperationStarted { line } => shown(line),
        Event::OperationEnded { outcome, succeeded: true, .. } if outcome.is_empty() => "done".to_owned(),
        Event::OperationEnded { outcome, succeeded: true, .. } => format!("done: {}", shown(outcome)),
        Event::OperationEnded { outcome, .. } => format!("failed: {}", shown(outcome)),
        Event::SnapshotTaken { name, commit } => format!("{} sees commit {commit}", shown(name)),
        Event::SnapshotEnded { name } => format!("{} given up", shown(name)),
        Event::Expected { instead: None, .. } => "as expected".to_owned(),
        Event::Expected { instead: Some(instead), .. } => format!("not as expected: {}", shown(instead)),
        Event::TransactionStarted { transaction, base } => format!("transaction {transaction} on commit {base}"),
        Event::TransactionCommitted { commit, pages, .. } => {
            format!("commit {commit} published: {}", count(*pages, "page"))
        }
        Event::CommitsSynced { first, last } => format!("commits {first} to {last}: one sync"),
        Event::TransactionRolledBack { transaction, .. } => format!("transaction {transaction} rolled back"),
        Event::SavepointSet { savepoint, .. } => format!("savepoint {savepoint} set"),
        Event::SavepointRestored { savepoint, .. } => format!("back at savepoint {savepoint}"),
        Event::BranchSearched { page, slot, child, .. } => format!("branch {page} slot {slot} leads to page {child}"),
        Event::LeafSearched { page, slot, found: true, .. } => format!("leaf {page}: found in slot {slot}"),
        Event::LeafSearched { page, slot, .. } => format!("leaf {page}: not found, slot {slot}"),
        Event::PageAllocated { page, level, .. } => format!("page {page} is a new {}", kind_of_page(*level)),
        Event::RecordWritten { page, key, slot, .. } => format!("leaf {page}: {} in slot {slot}", brief(key)),
        Event::RecordRemoved { page, key, .. } => format!("leaf {page}: {} removed", brief(key)),
        Event::PageCompacted { page, gap_after, .. } => format!("page {page} compacted: {gap_after} free"),
        Event::PageSplit { page, level, new_page, moved, .. } => short_split(*page, *level, *new_page, moved),
        Event::SeparatorWritten { page, key, child, .. } => {
            format!("branch {page}: {} leads to page {child}", brief(key))
        }
        Event::RootGrew { new_root, old_root, .. } => format!("page {new_root} is root above page {old_root}"),
        Event::CellsMoved { from, to, moved, .. } => {
            format!("{} from page {from} to page {to}", count(moved.len() as u32, "cell"))
        }
        Event::PagesMerged { page, emptied, level, .. } => {
            format!("{} merged with page {emptied}", page_by_level(*page, *level))
        }
        Event::SeparatorReplaced { page, key, child, .. } => {
            format!("branch {page}: {} begins page {child}", brief(key))
        }
        Event::SeparatorRemoved { page, key, .. } => format!("branch {page}: {} taken out", brief(key)),
        Event::RootShrank { old_root, new_root, .. } => format!("page {new_root} is root instead of {old_root}"),
        Event::PageFreed { page, .. } => format!("page {page} is free"),
        Event::PageTaken { page, free_count, .. } => format!("page {page} taken, {free_count} left free"),
        Event::OverflowWritten { page, data_bytes, .. } => {
            format!("page {page}: {} of a value", bytes(u64::from(*data_bytes)))
        }
        Event::ValueWritten { first, pages, .. } => format!("value in {} from {first}", count(*pages, "page")),
        Event::ValueRead { first, pages, .. } => format!("value read: {} from {first}", count(*pages, "page")),
        Event::ValueFreed { first, pages } => format!("value gone: {} from {first}", count(*pages, "page")),
        Event::TreeCreated { name, root } => format!("root {root}: tree {}", shown(name)),
        Event::TreeDropped { name, .. } => format!("tree {} dropped", shown(name)),
        Event::PageSpilled { page, .. } => format!("page {page} set aside, sealed"),
        Event::PointersRefreshed { page, children, .. } => {
            format!("branch {page}: {} refreshed", count(children.len() as u32, "seal"))
        }
        Event::PageSealed { page, commit, seal, .. } => format!("page {page} sealed for {commit}: {}", seal.short()),
        Event::PageOpened { page, commit, source, .. } => {
            format!("page {page} of commit {commit} from {}", source_name(*source))
        }
        Event::CheckpointStarted { pages, .. } => format!("checkpoint of {} began", count(*pages, "page")),
        Event::SealTransactionCommitted { commit, .. } => format!("commit {commit}: seals up to the root"),
        Event::CheckpointDeferred { oldest, .. } => format!("checkpoint put off: commit {oldest} is read"),
        Event::CheckpointEnded { commit, .. } => format!("page file is at commit {commit}"),
        _ => tell_short_of_files(event),
    }
}

fn tell_short_of_files(event: &Event) -> String {
    match event {
        Event::OpenStarted { file } => format!("opening {}", shown(file)),
        Event::SuperblockChosen { slot, generation, .. } => {
            format!("superblock {}, generation {generation}", slot_name(*slot))
        }
        Event::KeySlotOpened { slot, kind } => format!("key slot {slot} opened ({})", shown(kind)),
        Event::KeySlotAdded { slot, kind, .. } => format!("key slot {slot} added ({})", shown(kind)),
        Event::KeySlotRemoved { slot, kind, .. } => format!("key slot {slot} removed ({})", shown(kind)),
        Event::KeySlotRewrapped { slot, kind, .. } => format!("key slot {slot} rewrapped ({})", shown(kind)),
        Event::WitnessCreated { .. } => "witness file begun".to_owned(),
        Event::WitnessCompared { commit, .. } => format!("witness has seen commit {commit}"),
        Event::WitnessAppended { commit, .. } => format!("witness notes commit {commit}"),
        Event::WitnessFailed { .. } => "witness could not be written".to_owned(),
        Event::LogExamined { verdict: LogVerdict::Absent, .. } => "no log, none expected".to_owned(),
        Event::LogExamined { verdict: LogVerdict::Stale, .. } => "log is stale, ignored".to_owned(),
        Event::LogExamined { verdict: LogVerdict::Continues, .. } => "log continues the page file".to_owned(),
        Event::LogRecordAccepted { sequence, kind: RecordKind::Page, page, commit, .. } => {
            format!("record {sequence}: page {page} of commit {commit}")
        }
        Event::LogRecordAccepted { sequence, commit, .. } => format!("record {sequence}: commit {commit} finished"),
        Event::LogReplayed { commits, torn_bytes, .. } => {
            format!("log: {} kept, {} torn", count(*commits, "commit"), bytes(*torn_bytes))
        }
        Event::Opened { commit, .. } => format!("open at commit {commit}"),
        Event::DatabaseCreated { file, .. } => format!("new database {}", shown(file)),
        Event::Poisoned { .. } => "handle can no longer write".to_owned(),
        Event::FileCreated { file } => format!("{} created", shown(file)),
        Event::FileWritten { file, offset, bytes, .. } => match superblock_slot(file, *offset, *bytes) {
            Some(slot) => format!("superblock slot {slot} written"),
            None => format!("{}: {} at {}", role(file), counted(*bytes, "byte"), thousands(*offset)),
        },
        Event::FileLengthSet { file, length } => format!("{}: length {}", role(file), thousands(*length)),
        Event::FileSynced { file } => format!("{} synced", role(file)),
        Event::FileLinked { from, to } => format!("{} linked as {}", shown(from), shown(to)),
        Event::FileRenamed { from, to } => format!("{} renamed {}", shown(from), shown(to)),
        Event::FileRemoved { file } => format!("{} removed", shown(file)),
        Event::DirectorySynced => "folder synced: names durable".to_owned(),
        Event::FaultInjected { call, what } => format!("call {call} failed: {}", shown(what)),
        Event::Crashed { summary, .. } => format!("power went: {} of {} lost", summary.lost, summary.pending),
        Event::HandleDropped => "program ended, power stayed".to_owned(),
        Event::Tampered { file, offset, .. } => format!("{} changed at {}", role(file), thousands(*offset)),
        Event::FileReplaced { file, data: Some(_), .. } => format!("another {} was put there", role(file)),
        Event::FileReplaced { file, .. } => format!("{} taken away", role(file)),
        Event::VerifyStarted { level, .. } => format!("verify at level {}", shown(level)),
        Event::PageVerified { page, sound: true } => format!("page {page} is sound"),
        Event::PageVerified { page, .. } => format!("page {page} is not sound"),
        Event::FindingReported { finding } => {
            let place = finding.page.map_or(String::new(), |page| format!(", page {page}"));
            format!("{}{place}", finding.code)
        }
        Event::VerifyEnded { findings, .. } => format!("verified: {}", count(*findings, "finding")),
        other => other.word().to_owned(),
    }
}

fn ended(line: &str, outcome: &str, succeeded: bool, receipt: &Receipt) -> String {
    let cost = cost(receipt);
    match (succeeded, outcome.is_empty()) {
        (true, true) => format!("`{}` is done{cost}.", asked(line)),
        (true, false) if line.trim() == "verify" => format!("`verify` is done: {}{cost}.", found(outcome)),
        (true, false) => format!("`{}` is done: {}{cost}.", asked(line), shown(outcome)),
        (false, _) => format!("`{}` failed: {}{cost}.", asked(line), shown(outcome)),
    }
}

/// The codes of what a verification found: whether there is damage comes before any remark.
fn found(outcome: &str) -> String {
    let heads = |wanted: &[&str]| -> Vec<String> {
        let head = |line: &str| {
            let mut words = line.split([' ', ',', ':']);
            let (code, severity) = (words.next()?, words.next()?);
            wanted.contains(&severity).then(|| format!("{code} {severity}"))
        };
        outcome.lines().filter_map(head).collect()
    };
    let (damage, remarks) = (heads(&["fatal", "error", "warning"]), heads(&["info"]));
    match (damage.is_empty(), remarks.is_empty()) {
        (true, true) => "no damage found".to_owned(),
        (true, false) => shown(&format!("no damage found, only {}", remarks.join(", "))),
        (false, _) => shown(&[damage, remarks].concat().join(", ")),
    }
}

fn cost(receipt: &Receipt) -> String {
    if *receipt == Receipt::default() {
        return String::new();
    }
    format!(
        "; it cost {}, {} ({}), {} sealed, {} opened",
        count(receipt.syncs, "sync"),
        count(receipt.writes, "write"),
        bytes(receipt.bytes_written),
        count(receipt.pages_sealed, "page"),
        receipt.pages_opened
    )
}

fn log_verdict(verdict: LogVerdict, generation: Option<u64>) -> String {
    let log =
        generation.map_or_else(|| "The log".to_owned(), |generation| format!("The log, generation {generation},"));
    match verdict {
        LogVerdict::Absent => "There is no log and none is expected: the page file is complete.".to_owned(),
        LogVerdict::Stale => format!("{log} was folded into the page file before, so it is ignored."),
        LogVerdict::Continues => format!("{log} continues the page file, so its records are read."),
    }
}

fn losses(summary: &CrashSummary) -> String {
    match summary {
        CrashSummary { pending: 0, .. } => "no write was waiting for a sync, so none is lost".to_owned(),
        CrashSummary { pending, lost, torn } => format!(
            "of {} waiting for a sync, {lost} {} lost and {torn} {} torn",
            count(*pending, "write"),
            was(*lost),
            was(*torn)
        ),
    }
}

fn short_split(page: PageNo, level: u8, new_page: PageNo, moved: &[Bytes]) -> String {
    let left = page_by_level(page, level);
    let keys = moved.iter().map(brief).collect::<Vec<_>>().join(" ");
    let full = format!("{left} split: {keys} go to page {new_page}");
    if moved.is_empty() || full.chars().count() > SHORT_CHARS_MAX {
        return format!("{left} split: {} to page {new_page}", count(moved.len() as u32, "key"));
    }
    full
}

fn key_list(keys: &[Bytes]) -> String {
    let listed = keys.iter().take(KEYS_LISTED_MAX).map(quoted).collect::<Vec<_>>().join(" ");
    match keys.len() {
        0 => "the upper part".to_owned(),
        many if many > KEYS_LISTED_MAX => format!("{listed} and {} more", many - KEYS_LISTED_MAX),
        _ => listed,
    }
}

fn seals_of(children: &[PageNo]) -> String {
    let listed: Vec<_> = children.iter().take(KEYS_LISTED_MAX).map(PageNo::to_string).collect();
    match (&listed[..], children.len() - listed.len()) {
        ([], _) => "seals of its children".to_owned(),
        ([only], _) => format!("seal of page {only}"),
        ([rest @ .., last], 0) => format!("seals of pages {} and {last}", rest.join(", ")),
        (all, more) => format!("seals of pages {} and {more} more", all.join(", ")),
    }
}

/// A file by what it is for, the way the reader thinks of it; a log still being made has a name for the while.
fn role(file: &str) -> &'static str {
    let name = file.strip_suffix(".tmp").unwrap_or(file);
    match name {
        _ if name.ends_with("-wal") => "log",
        _ if name.ends_with("-spill") => "spill file",
        _ => "page file",
    }
}

fn superblock_slot(file: &str, offset: u64, bytes: u64) -> Option<&'static str> {
    let slot = offset < PAGES_START_BYTES && offset.is_multiple_of(SUPERBLOCK_BYTES as u64);
    let whole = bytes == SUPERBLOCK_BYTES as u64 && role(file) == "page file";
    (slot && whole).then(|| slot_name((offset / SUPERBLOCK_BYTES as u64) as u8))
}

fn slot_name(slot: u8) -> &'static str {
    if slot == 0 { "A" } else { "B" }
}

fn source_name(source: PageSource) -> &'static str {
    match source {
        PageSource::Log => "log",
        PageSource::File => "page file",
        PageSource::Spill => "pages set aside",
    }
}

fn kind_of_page(level: u8) -> String {
    if level == 0 { "leaf".to_owned() } else { format!("branch of level {level}") }
}

fn page_by_level(page: PageNo, level: u8) -> String {
    if level == 0 { format!("leaf {page}") } else { format!("branch {page}") }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A key in backquotes; at level `outline` events carry none.
fn quoted(key: &Bytes) -> String {
    if key.is_empty() { "a key".to_owned() } else { format!("`{}`", cut(&key.to_string(), KEY_CHARS_MAX)) }
}

fn brief(key: &Bytes) -> String {
    if key.is_empty() { "a key".to_owned() } else { cut(&key.to_string(), 12) }
}

/// An operation as it was asked for; a long value must not push the rest of the sentence out of sight.
fn asked(line: &str) -> String {
    cut(line.trim_end(), OPERATION_CHARS_MAX)
}

fn shown(text: &str) -> String {
    cut(text.trim_end(), LINE_CHARS_MAX).trim_end_matches('.').to_owned()
}

fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn count(number: u32, thing: &str) -> String {
    counted(u64::from(number), thing)
}

/// `3 pages were`, as the beginning of "3 pages were sealed".
fn count_were(number: u32, thing: &str) -> String {
    format!("{} {}", count(number, thing), was(number))
}

fn was(number: u32) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

fn bytes(number: u64) -> String {
    counted(number, "byte")
}

fn bytes_are(number: u64) -> String {
    format!("{} {}", bytes(number), if number == 1 { "is" } else { "are" })
}

fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", thousands(number), if number == 1 { "" } else { "s" })
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_sentence_and_a_short_form() {
        let mut words = std::collections::BTreeSet::new();
        for event in samples::all() {
            let (sentence, short) = (event.sentence(), event.short());
            assert!(sentence.len() > 10 && sentence.ends_with('.'), "{event:?}: {sentence}");
            assert!(!short.is_empty() && short.chars().count() <= SHORT_CHARS_MAX, "{short}");
            assert_ne!(sentence, format!("{}.", event.word()), "an event without a sentence");
            assert!(!(sentence + &short).chars().any(char::is_control), "{event:?}");
            words.insert(event.word());
        }
        assert_eq!(words, Event::WORDS.iter().copied().collect(), "one sample of every word");
    }

    #[test]
    fn hostile_text_becomes_harmless() {
        let event = Event::OperationStarted { line: "a\x1b[2J\nb".repeat(1000) };
        assert!(!event.sentence().chars().any(char::is_control));
        assert!(event.sentence().chars().count() < 200);
    }

    #[test]
    fn the_sentences_read_well() {
        let told = samples::all().iter().map(Event::sentence).collect::<Vec<_>>();
        for expected in [
            "Leaf 2 had 2 free bytes and the new cell needs 15, so it split: `r` `t` `v` moved to the new page 4, and \
             `r` goes up.",
            "`r` went up: page 3 now names page 4.",
            "Page 2 was sealed for commit 3: seal 5d81 20c4.",
            "log: 2,048 bytes handed to the operating system at 512; a power cut can still take them.",
            "Superblock slot B was written; a power cut can still take it.",
            "log synced: what was written to it is durable.",
            "Commit 3 was published: 3 pages, readers see it now.",
        ] {
            assert!(told.iter().any(|sentence| sentence == expected), "{expected}\nis not among\n{}", told.join("\n"));
        }
    }

    #[test]
    fn a_split_says_its_keys_as_far_as_there_is_room() {
        let all = samples::all();
        let split = all.iter().find(|event| event.word() == "split").unwrap();
        assert_eq!(split.short(), "leaf 2 split: r t v go to page 4");
        let keys: Vec<Bytes> = (b'a'..=b'k').map(|key| vec![key].into()).collect();
        assert_eq!(key_list(&keys), "`a` `b` `c` `d` `e` `f` `g` `h` and 3 more");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
