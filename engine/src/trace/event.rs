//! The one list of events.

use crate::finding::Finding;
use crate::types::{Bytes, CommitNo, PageNo, PagePointer, Seal};
use serde::{Deserialize, Serialize};

/// The plain form of a page after an event, recorded at level `full` only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PageImage {
    /// The page.
    pub page: PageNo,
    /// Its plain form: page size - 56 bytes.
    pub plain: Bytes,
}

/// Where an opened page was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageSource {
    /// A frame of the log: the log index vouched for it.
    Log,
    /// The page file: the seal in the pointer vouched for it.
    File,
    /// Set aside, sealed, by the transaction that is open.
    Spill,
}

/// What a log record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordKind {
    /// A sealed page.
    Page,
    /// The end of a transaction.
    Commit,
}

/// How opening judged the log: the rows of the table of cases in DESIGN.md.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogVerdict {
    /// There is none and none is expected.
    Absent,
    /// It was folded into the page file before; ignored.
    Stale,
    /// It continues the page file.
    Continues,
}

/// One file's bytes, as they were after a crash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileBytes {
    /// The file's name.
    pub file: String,
    /// All of its bytes.
    pub bytes: Bytes,
}

/// What became of the writes that were not yet synced when the power went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrashSummary {
    /// Writes waiting for a sync.
    pub pending: u32,
    /// Of those, lost whole.
    pub lost: u32,
    /// Of those, written in part.
    pub torn: u32,
}

/// The bill of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Syncs of files asked for.
    pub syncs: u32,
    /// Writes handed to the operating system.
    pub writes: u32,
    /// Bytes of those writes.
    pub bytes_written: u64,
    /// Pages sealed.
    pub pages_sealed: u32,
    /// Pages opened.
    pub pages_opened: u32,
}

/// A fact about the engine's work. Each is emitted once, by the room that did it, after it is so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    // The script: what a person asked for.
    /// An operation was asked for.
    OperationStarted {
        /// The line as it was written.
        line: String,
    },
    /// It ended.
    OperationEnded {
        /// The line as it was written.
        line: String,
        /// What it printed, or the error it ended with.
        outcome: String,
        /// False when it failed.
        succeeded: bool,
        /// What it cost.
        receipt: Receipt,
    },
    /// An `expect` was compared.
    Expected {
        /// What was expected.
        line: String,
        /// What was found instead, when it differed.
        instead: Option<String>,
    },

    /// A snapshot with a name was taken.
    SnapshotTaken {
        /// Its name.
        name: String,
        /// The commit it sees for as long as it lives.
        commit: CommitNo,
    },
    /// It was given up.
    SnapshotEnded {
        /// Its name.
        name: String,
    },

    // Transactions.
    /// A write transaction began.
    TransactionStarted {
        /// Counted from 1 in this handle.
        transaction: u64,
        /// The commit it builds on.
        base: CommitNo,
    },
    /// A write transaction's pages are durable and readers see them: it is acknowledged.
    TransactionCommitted {
        /// The transaction.
        transaction: u64,
        /// The commit it became.
        commit: CommitNo,
        /// Pages it changed.
        pages: u32,
    },
    /// Several commits became durable by one sync; a commit that had a sync to itself is not told of.
    CommitsSynced {
        /// The oldest of them.
        first: CommitNo,
        /// The newest.
        last: CommitNo,
    },
    /// A write transaction was given up.
    TransactionRolledBack {
        /// The transaction.
        transaction: u64,
        /// Pages whose changes were dropped.
        pages: u32,
    },
    /// A savepoint was set in the open transaction.
    SavepointSet {
        /// The transaction.
        transaction: u64,
        /// Counted from 1 in the transaction.
        savepoint: u32,
    },
    /// The open transaction is again what it was at a savepoint; those set after it are passed over.
    SavepointRestored {
        /// The transaction.
        transaction: u64,
        /// The savepoint.
        savepoint: u32,
        /// The root as it was there.
        root: PageNo,
    },

    // The tree.
    /// A branch was searched for a key.
    BranchSearched {
        /// The branch.
        page: PageNo,
        /// Levels above the leaves.
        level: u8,
        /// The key sought.
        key: Bytes,
        /// The slot taken.
        slot: u16,
        /// The separator in that slot; empty in slot 0.
        separator: Bytes,
        /// The page it leads to.
        child: PageNo,
    },
    /// A leaf was searched for a key.
    LeafSearched {
        /// The leaf.
        page: PageNo,
        /// The key sought.
        key: Bytes,
        /// Where it stands, or would stand.
        slot: u16,
        /// Whether it is there.
        found: bool,
    },
    /// A new page was taken into use, in memory.
    PageAllocated {
        /// The page.
        page: PageNo,
        /// Levels above the leaves.
        level: u8,
        /// Its first, empty form.
        after: Vec<PageImage>,
    },
    /// A record was written into a leaf, in memory.
    RecordWritten {
        /// The leaf.
        page: PageNo,
        /// Its slot.
        slot: u16,
        /// Its key.
        key: Bytes,
        /// Length of its value, in bytes.
        value_bytes: u32,
        /// Length of the value it replaced, in bytes.
        replaced_bytes: Option<u32>,
        /// Bytes of the plain page the cell takes.
        cell_start: u32,
        /// The byte behind the cell.
        cell_end: u32,
        /// Free bytes of the page afterwards.
        free_bytes: u32,
        /// The page afterwards.
        after: Vec<PageImage>,
    },
    /// A record was removed from a leaf, in memory.
    RecordRemoved {
        /// The leaf.
        page: PageNo,
        /// The slot it had.
        slot: u16,
        /// Its key.
        key: Bytes,
        /// Free bytes of the page afterwards.
        free_bytes: u32,
        /// The page afterwards.
        after: Vec<PageImage>,
    },
    /// The cells of a page were moved together so that its free bytes are in one piece.
    PageCompacted {
        /// The page.
        page: PageNo,
        /// Free bytes before in the piece between slots and cells.
        gap_before: u32,
        /// Free bytes in that piece now.
        gap_after: u32,
        /// The page afterwards.
        after: Vec<PageImage>,
    },
    /// A page was too full and its upper part went to a new page, in memory.
    PageSplit {
        /// The page that was too full.
        page: PageNo,
        /// Levels above the leaves.
        level: u8,
        /// Bytes the new cell and its slot need.
        needed_bytes: u32,
        /// Bytes that were free.
        free_bytes: u32,
        /// The new page.
        new_page: PageNo,
        /// Keys that went to the new page, lowest first.
        moved: Vec<Bytes>,
        /// The key that goes up to the parent.
        separator: Bytes,
        /// Both pages afterwards.
        after: Vec<PageImage>,
    },
    /// A separator was written into a branch, in memory.
    SeparatorWritten {
        /// The branch.
        page: PageNo,
        /// Levels above the leaves.
        level: u8,
        /// Its slot.
        slot: u16,
        /// The separator.
        key: Bytes,
        /// The page it leads to.
        child: PageNo,
        /// Free bytes of the page afterwards.
        free_bytes: u32,
        /// The page afterwards.
        after: Vec<PageImage>,
    },
    /// The root was too full: a new root stands above the old one, in memory.
    RootGrew {
        /// The new root.
        new_root: PageNo,
        /// The root until now.
        old_root: PageNo,
        /// Levels of the new root above the leaves.
        level: u8,
        /// The new root, with one child.
        after: Vec<PageImage>,
    },

    /// Cells moved over the border between two neighbours, in memory: one was too full, or too empty.
    CellsMoved {
        /// The page they left.
        from: PageNo,
        /// Its neighbour that has them now.
        to: PageNo,
        /// Levels of both above the leaves.
        level: u8,
        /// Their keys, lowest first.
        moved: Vec<Bytes>,
        /// Both pages afterwards.
        after: Vec<PageImage>,
    },
    /// A page took in all cells of its right neighbour, in memory; what leads there is removed next.
    PagesMerged {
        /// The page that has them all.
        page: PageNo,
        /// Its neighbour, of no use any more.
        emptied: PageNo,
        /// Levels of both above the leaves.
        level: u8,
        /// The keys that came over, lowest first; in a branch the separator between both came down first.
        moved: Vec<Bytes>,
        /// Free bytes of the page afterwards.
        free_bytes: u32,
        /// The page afterwards.
        after: Vec<PageImage>,
    },
    /// A separator was replaced in a branch, in memory: the border between two of its children moved.
    SeparatorReplaced {
        /// The branch.
        page: PageNo,
        /// Levels above the leaves.
        level: u8,
        /// Its slot.
        slot: u16,
        /// The separator until now.
        old: Bytes,
        /// The separator.
        key: Bytes,
        /// The page it leads to.
        child: PageNo,
        /// Free bytes of the page afterwards.
        free_bytes: u32,
        /// The page afterwards.
        after: Vec<PageImage>,
    },
    /// A separator was taken out of a branch, in memory.
    SeparatorRemoved {
        /// The branch.
        page: PageNo,
        /// Levels above the leaves.
        level: u8,
        /// The slot it had.
        slot: u16,
        /// The separator.
        key: Bytes,
        /// The page it led to.
        child: PageNo,
        /// Free bytes of the page afterwards.
        free_bytes: u32,
        /// The page afterwards.
        after: Vec<PageImage>,
    },
    /// The root had one child left and gave way to it, in memory.
    RootShrank {
        /// The root until now.
        old_root: PageNo,
        /// Its child, the root from now on.
        new_root: PageNo,
        /// Levels of the new root above the leaves.
        level: u8,
    },
    /// A page went out of use, in memory: nothing leads to it any more, and the free list has it.
    PageFreed {
        /// The page.
        page: PageNo,
        /// The head of the free list now: the trunk that lists the page, or the page itself.
        trunk: PageNo,
        /// Free pages now.
        free_count: u32,
        /// That trunk afterwards.
        after: Vec<PageImage>,
    },
    /// A page was taken from the free list, to be used again, in memory.
    PageTaken {
        /// The page.
        page: PageNo,
        /// The head of the free list now; 0 when nothing is free any more.
        trunk: PageNo,
        /// Free pages now.
        free_count: u32,
        /// That trunk afterwards, when it was changed.
        after: Vec<PageImage>,
    },

    // Long values.
    /// A page of a long value was written, in memory; it never changes again.
    OverflowWritten {
        /// The page.
        page: PageNo,
        /// Bytes of the value in it.
        data_bytes: u32,
        /// Bytes of the value from its first on.
        remaining_bytes: u64,
        /// The next page; 0 in the last.
        next: PageNo,
        /// The page.
        after: Vec<PageImage>,
    },
    /// All pages of a long value were written.
    ValueWritten {
        /// The first.
        first: PageNo,
        /// How many.
        pages: u32,
        /// The value's length.
        bytes: u64,
    },
    /// A long value was read whole.
    ValueRead {
        /// Its first page.
        first: PageNo,
        /// How many pages.
        pages: u32,
        /// Its length in bytes.
        bytes: u64,
    },
    /// The pages of a long value that no record has any more were given back.
    ValueFreed {
        /// The first.
        first: PageNo,
        /// How many.
        pages: u32,
    },

    // Named trees.
    /// An empty tree was created, in memory.
    TreeCreated {
        /// Its name.
        name: String,
        /// Its root.
        root: PageNo,
    },
    /// A tree was removed with all its pages, in memory.
    TreeDropped {
        /// Its name.
        name: String,
        /// Pages that were given back.
        pages: u32,
    },

    /// A changed page was sealed and set aside until the commit: the transaction has more than fits in memory.
    PageSpilled {
        /// The page.
        page: PageNo,
        /// Its slot in the spill file.
        slot: u32,
    },

    // Pages and seals.
    /// A branch's pointers were given the newest seals of its children, in memory.
    PointersRefreshed {
        /// The branch.
        page: PageNo,
        /// The children whose seals it now carries.
        children: Vec<PageNo>,
        /// The page afterwards.
        after: Vec<PageImage>,
    },
    /// A page was sealed, in memory.
    PageSealed {
        /// The page.
        page: PageNo,
        /// Levels above the leaves.
        level: u8,
        /// The commit it was sealed for.
        commit: CommitNo,
        /// Its seal.
        seal: Seal,
        /// The sealed form, nonce to tag, at level `full`.
        sealed: Option<Bytes>,
    },
    /// A sealed page was read, checked and opened.
    PageOpened {
        /// The page.
        page: PageNo,
        /// The version that was read.
        commit: CommitNo,
        /// Its seal.
        seal: Seal,
        /// Where it was read.
        source: PageSource,
        /// Where in that file, in bytes.
        offset: u64,
        /// The plain form.
        after: Vec<PageImage>,
    },

    // Checkpoint.
    /// Folding the log into the page file began.
    CheckpointStarted {
        /// The newest commit in the log.
        commit: CommitNo,
        /// Pages in the log index.
        pages: u32,
    },
    /// The parents' pointers carry the newest seals up to the root, and this is durable in the log.
    SealTransactionCommitted {
        /// Its commit number.
        commit: CommitNo,
        /// Pages sealed again.
        pages: u32,
        /// The root as the next superblock will name it.
        root: PagePointer,
    },
    /// The checkpoint gave up: snapshots still read what its pages would overwrite. Its seal transaction stays in the log.
    CheckpointDeferred {
        /// The seal transaction's commit.
        commit: CommitNo,
        /// Snapshots that are older.
        snapshots: u32,
        /// The oldest commit that one of them sees.
        oldest: CommitNo,
    },
    /// The page file vouches for itself again and the log is spent.
    CheckpointEnded {
        /// The commit the page file is at.
        commit: CommitNo,
        /// Pages copied in place.
        pages: u32,
        /// The log generation the next commit will begin.
        log_generation: u64,
    },

    // Opening and recovery.
    /// Opening a database began.
    OpenStarted {
        /// The file.
        file: String,
    },
    /// Both superblock slots were read and one was taken.
    SuperblockChosen {
        /// 0 for A, 1 for B.
        slot: u8,
        /// Its generation.
        generation: u64,
        /// The commit the page file is at.
        commit: CommitNo,
        /// The other slot: its generation when it is good.
        other_generation: Option<u64>,
    },
    /// A key slot gave the data key, and the superblock's MAC is right.
    KeySlotOpened {
        /// The slot, from 0.
        slot: u8,
        /// `keyless`, `passphrase`, …
        kind: String,
    },
    /// A key slot was filled; both superblocks say so.
    KeySlotAdded {
        /// The slot, from 0.
        slot: u8,
        /// `keyless`, `passphrase`, …
        kind: String,
        /// How often key slots were changed, this time included.
        counter: u32,
    },
    /// A key slot was emptied; both superblocks say so.
    KeySlotRemoved {
        /// The slot, from 0.
        slot: u8,
        /// What stood in it: `keyless`, `passphrase`, …
        kind: String,
        /// How often key slots were changed, this time included.
        counter: u32,
    },
    /// A key slot was filled with another key; both superblocks say so.
    KeySlotRewrapped {
        /// The slot, from 0.
        slot: u8,
        /// What stands in it now: `keyless`, `passphrase`, …
        kind: String,
        /// How often key slots were changed, this time included.
        counter: u32,
    },
    /// There was no witness file; a new one was begun, so nothing could be compared.
    WitnessCreated {
        /// The witness file.
        file: String,
    },
    /// The database is not older than the last line of its witness file.
    WitnessCompared {
        /// The witness file.
        file: String,
        /// The commit of its last line.
        commit: CommitNo,
    },
    /// A line was added to the witness file, for a commit that is durable.
    WitnessAppended {
        /// The witness file.
        file: String,
        /// The commit.
        commit: CommitNo,
    },
    /// The witness file could not be written: it stays behind the database, which harms nothing.
    WitnessFailed {
        /// The witness file.
        file: String,
        /// What the operating system said.
        because: String,
    },
    /// The log was looked at and a row of the table of cases taken.
    LogExamined {
        /// The row.
        verdict: LogVerdict,
        /// The log's generation, when it has a readable header.
        generation: Option<u64>,
    },
    /// A log record was read and is right: length, checksum, MAC, place in the chain.
    LogRecordAccepted {
        /// Where it stands in the log, in bytes.
        offset: u64,
        /// Its sequence number.
        sequence: u64,
        /// What it is.
        kind: RecordKind,
        /// Its commit.
        commit: CommitNo,
        /// Its page; 0 for a commit record.
        page: PageNo,
    },
    /// Reading the log ended.
    LogReplayed {
        /// Commits kept.
        commits: u32,
        /// The newest commit.
        commit: CommitNo,
        /// The log is kept up to here, in bytes.
        kept_bytes: u64,
        /// Bytes behind it that were not kept because their commit was never finished.
        torn_bytes: u64,
    },
    /// The database is open.
    Opened {
        /// The newest commit.
        commit: CommitNo,
        /// Pages.
        pages: u32,
        /// The root.
        root: PageNo,
    },
    /// A new database stands in the file.
    DatabaseCreated {
        /// The file.
        file: String,
        /// Page size in bytes.
        page_size: u32,
    },
    /// The handle can no longer write.
    Poisoned {
        /// Why.
        because: String,
    },

    // The disk: told by the traced decorator, and by the simulated disk.
    /// A file was created.
    FileCreated {
        /// The file.
        file: String,
    },
    /// Bytes were handed to the operating system. They are not durable yet.
    FileWritten {
        /// The file.
        file: String,
        /// Where, in bytes.
        offset: u64,
        /// How many bytes.
        bytes: u64,
        /// The bytes, at level `full`.
        data: Option<Bytes>,
    },
    /// A file's length was set.
    FileLengthSet {
        /// The file.
        file: String,
        /// The length in bytes.
        length: u64,
    },
    /// A file's bytes became durable.
    FileSynced {
        /// The file.
        file: String,
    },
    /// A file got a further name.
    FileLinked {
        /// Its name.
        from: String,
        /// Its further name.
        to: String,
    },
    /// A file got another name; a file of that name is gone.
    FileRenamed {
        /// Its old name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// A name was removed.
    FileRemoved {
        /// The name.
        file: String,
    },
    /// The names of all files became durable.
    DirectorySynced,
    /// The simulated disk failed a call on purpose.
    FaultInjected {
        /// The call, counted from 1.
        call: u64,
        /// What it was told.
        what: String,
    },

    // Things done to the store from outside.
    /// The power went. What follows is what the disk held when it came back.
    Crashed {
        /// Where it struck.
        place: String,
        /// What became of the unsynced writes.
        summary: CrashSummary,
        /// Every file's bytes that survived.
        files: Vec<FileBytes>,
    },
    /// The program ended without the power going: the operating system kept what it held.
    HandleDropped,
    /// Somebody changed the file from outside.
    Tampered {
        /// The line that did it.
        what: String,
        /// The file.
        file: String,
        /// Where, in bytes.
        offset: u64,
        /// The new bytes.
        data: Bytes,
    },
    /// Somebody put another file in the place of one, or took it away.
    FileReplaced {
        /// The line that did it.
        what: String,
        /// The file.
        file: String,
        /// Its bytes now; none when the name is gone.
        data: Option<Bytes>,
    },

    // Verification.
    /// Verification began.
    VerifyStarted {
        /// The level.
        level: String,
        /// About how many pages there are to look at; 0 when nobody can tell.
        #[serde(default)]
        pages: u32,
    },
    /// A page was checked.
    PageVerified {
        /// The page.
        page: PageNo,
        /// False when a finding names it.
        sound: bool,
    },
    /// Something was found.
    FindingReported {
        /// What.
        finding: Box<Finding>,
    },
    /// Verification ended.
    VerifyEnded {
        /// Pages checked.
        pages: u32,
        /// Findings worse than info.
        findings: u32,
    },
}

impl Event {
    /// Every word that [`Event::word`] gives.
    pub const WORDS: &[&str] = &[
        "ask", "end", "expect", "snapshot", "unshot", "begin", "COMMIT", "shared", "rollback", "mark", "back", "look",
        "new", "cell", "remove", "compact", "split", "up", "root", "move", "merge", "border", "down", "shrink", "free",
        "take", "part", "value", "whole", "unvalue", "plant", "fell", "spill", "point", "seal", "open", "fold",
        "SEALS", "put off", "FOLDED", "start", "slot", "key", "KEY+", "KEY-", "KEY=", "witness", "fresh", "note",
        "unnoted", "log", "record", "replayed", "opened", "CREATED", "POISON", "create", "write", "length", "SYNC",
        "link", "rename", "unlink", "DIRSYNC", "FAULT", "CRASH", "drop", "TAMPER", "verify", "page", "FINDING",
        "verified",
    ];

    /// Whether a program asked a disk for something that changes it: bytes, lengths, names, and making them durable.
    pub fn is_disk_call(&self) -> bool {
        matches!(
            self,
            Event::FileCreated { .. }
                | Event::FileWritten { .. }
                | Event::FileLengthSet { .. }
                | Event::FileSynced { .. }
                | Event::FileLinked { .. }
                | Event::FileRenamed { .. }
                | Event::FileRemoved { .. }
                | Event::DirectorySynced
        )
    }

    /// The page images that the event carries (none at level `outline`).
    pub fn images(&self) -> &[PageImage] {
        match self {
            Event::PageAllocated { after, .. }
            | Event::RecordWritten { after, .. }
            | Event::RecordRemoved { after, .. }
            | Event::PageCompacted { after, .. }
            | Event::PageSplit { after, .. }
            | Event::SeparatorWritten { after, .. }
            | Event::RootGrew { after, .. }
            | Event::CellsMoved { after, .. }
            | Event::PagesMerged { after, .. }
            | Event::SeparatorReplaced { after, .. }
            | Event::SeparatorRemoved { after, .. }
            | Event::PageFreed { after, .. }
            | Event::PageTaken { after, .. }
            | Event::OverflowWritten { after, .. }
            | Event::PointersRefreshed { after, .. }
            | Event::PageOpened { after, .. } => after,
            _ => &[],
        }
    }

    /// The page the event is about, if it is about one.
    pub fn page(&self) -> Option<PageNo> {
        match self {
            Event::BranchSearched { page, .. }
            | Event::LeafSearched { page, .. }
            | Event::PageAllocated { page, .. }
            | Event::RecordWritten { page, .. }
            | Event::RecordRemoved { page, .. }
            | Event::PageCompacted { page, .. }
            | Event::PageSplit { page, .. }
            | Event::SeparatorWritten { page, .. }
            | Event::PagesMerged { page, .. }
            | Event::SeparatorReplaced { page, .. }
            | Event::SeparatorRemoved { page, .. }
            | Event::PageFreed { page, .. }
            | Event::PageTaken { page, .. }
            | Event::OverflowWritten { page, .. }
            | Event::PageSpilled { page, .. }
            | Event::PointersRefreshed { page, .. }
            | Event::PageSealed { page, .. }
            | Event::PageOpened { page, .. }
            | Event::PageVerified { page, .. } => Some(*page),
            Event::RootGrew { new_root, .. } | Event::RootShrank { new_root, .. } => Some(*new_root),
            Event::CellsMoved { to, .. } => Some(*to),
            Event::FindingReported { finding } => finding.page,
            _ => None,
        }
    }

    /// Its name in a trace: `page-split`.
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("event").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    }

    /// One word for the strip of events; syncs and commits in capitals.
    pub fn word(&self) -> &'static str {
        match self {
            Event::OperationStarted { .. } => "ask",
            Event::OperationEnded { .. } => "end",
            Event::Expected { .. } => "expect",
            Event::SnapshotTaken { .. } => "snapshot",
            Event::SnapshotEnded { .. } => "unshot",
            Event::TransactionStarted { .. } => "begin",
            Event::TransactionCommitted { .. } => "COMMIT",
            Event::CommitsSynced { .. } => "shared",
            Event::TransactionRolledBack { .. } => "rollback",
            Event::SavepointSet { .. } => "mark",
            Event::SavepointRestored { .. } => "back",
            Event::BranchSearched { .. } | Event::LeafSearched { .. } => "look",
            Event::PageAllocated { .. } => "new",
            Event::RecordWritten { .. } => "cell",
            Event::RecordRemoved { .. } => "remove",
            Event::PageCompacted { .. } => "compact",
            Event::PageSplit { .. } => "split",
            Event::SeparatorWritten { .. } => "up",
            Event::RootGrew { .. } => "root",
            Event::CellsMoved { .. } => "move",
            Event::PagesMerged { .. } => "merge",
            Event::SeparatorReplaced { .. } => "border",
            Event::SeparatorRemoved { .. } => "down",
            Event::RootShrank { .. } => "shrink",
            Event::PageFreed { .. } => "free",
            Event::PageTaken { .. } => "take",
            Event::OverflowWritten { .. } => "part",
            Event::ValueWritten { .. } => "value",
            Event::ValueRead { .. } => "whole",
            Event::ValueFreed { .. } => "unvalue",
            Event::TreeCreated { .. } => "plant",
            Event::TreeDropped { .. } => "fell",
            Event::PageSpilled { .. } => "spill",
            Event::PointersRefreshed { .. } => "point",
            Event::PageSealed { .. } => "seal",
            Event::PageOpened { .. } => "open",
            Event::CheckpointStarted { .. } => "fold",
            Event::SealTransactionCommitted { .. } => "SEALS",
            Event::CheckpointDeferred { .. } => "put off",
            Event::CheckpointEnded { .. } => "FOLDED",
            Event::OpenStarted { .. } => "start",
            Event::SuperblockChosen { .. } => "slot",
            Event::KeySlotOpened { .. } => "key",
            Event::KeySlotAdded { .. } => "KEY+",
            Event::KeySlotRemoved { .. } => "KEY-",
            Event::KeySlotRewrapped { .. } => "KEY=",
            Event::WitnessCreated { .. } => "witness",
            Event::WitnessCompared { .. } => "fresh",
            Event::WitnessAppended { .. } => "note",
            Event::WitnessFailed { .. } => "unnoted",
            Event::LogExamined { .. } => "log",
            Event::LogRecordAccepted { .. } => "record",
            Event::LogReplayed { .. } => "replayed",
            Event::Opened { .. } => "opened",
            Event::DatabaseCreated { .. } => "CREATED",
            Event::Poisoned { .. } => "POISON",
            Event::FileCreated { .. } => "create",
            Event::FileWritten { .. } => "write",
            Event::FileLengthSet { .. } => "length",
            Event::FileSynced { .. } => "SYNC",
            Event::FileLinked { .. } => "link",
            Event::FileRenamed { .. } => "rename",
            Event::FileRemoved { .. } => "unlink",
            Event::DirectorySynced => "DIRSYNC",
            Event::FaultInjected { .. } => "FAULT",
            Event::Crashed { .. } => "CRASH",
            Event::HandleDropped => "drop",
            Event::FileReplaced { what, .. } if what.is_empty() => "found",
            Event::Tampered { .. } | Event::FileReplaced { .. } => "TAMPER",
            Event::VerifyStarted { .. } => "verify",
            Event::PageVerified { .. } => "page",
            Event::FindingReported { .. } => "FINDING",
            Event::VerifyEnded { .. } => "verified",
        }
    }
}
