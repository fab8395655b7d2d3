//! One ordinary event of every variant, and more where a sentence has more than one form.

use crate::trace::{CrashSummary, Event, FileBytes, LogVerdict, PageImage, PageSource, Receipt, RecordKind};
use crate::types::{Bytes, CommitNo, PageNo, PagePointer, Seal};
use crate::{Code, Finding};

fn key(text: &str) -> Bytes {
    text.as_bytes().into()
}

fn images(page: u32) -> Vec<PageImage> {
    vec![PageImage { page: PageNo(page), plain: key("plain") }]
}

fn seal() -> Seal {
    let mut seal = Seal([7; 16]);
    seal.0[..4].copy_from_slice(&[0x5d, 0x81, 0x20, 0xc4]);
    seal
}

/// All of them.
pub fn all() -> Vec<Event> {
    [script(), transactions(), tree(), neighbours(), seals(), opening(), disk(), outside(), verification()].concat()
}

fn script() -> Vec<Event> {
    let receipt = Receipt { syncs: 1, writes: 2, bytes_written: 2560, pages_sealed: 3, pages_opened: 1 };
    let ended = |outcome: &str, succeeded, receipt| Event::OperationEnded {
        line: "put m 13".into(),
        outcome: outcome.into(),
        succeeded,
        receipt,
    };
    vec![
        Event::OperationStarted { line: "put m 13".into() },
        ended("", true, receipt),
        ended("13\n14\n", true, Receipt::default()),
        ended("IN-USE: store.tsm: in use.", false, Receipt::default()),
        Event::SnapshotTaken { name: "t1".into(), commit: CommitNo(4) },
        Event::SnapshotEnded { name: "t1".into() },
        Event::Expected { line: "get m 13".into(), instead: None },
        Event::Expected { line: "get m 13".into(), instead: Some("nothing".into()) },
    ]
}

fn transactions() -> Vec<Event> {
    vec![
        Event::TransactionStarted { transaction: 3, base: CommitNo(2) },
        Event::TransactionCommitted { transaction: 3, commit: CommitNo(3), pages: 3 },
        Event::CommitsSynced { first: CommitNo(2), last: CommitNo(5) },
        Event::TransactionRolledBack { transaction: 4, pages: 1 },
        Event::SavepointSet { transaction: 3, savepoint: 1 },
        Event::SavepointRestored { transaction: 3, savepoint: 1, root: PageNo(3) },
    ]
}

fn tree() -> Vec<Event> {
    let branch = |slot, separator| Event::BranchSearched {
        page: PageNo(3),
        level: 1,
        key: key("m"),
        slot,
        separator: key(separator),
        child: PageNo(2),
    };
    let written = |replaced_bytes| Event::RecordWritten {
        page: PageNo(2),
        slot: 3,
        key: key("m"),
        value_bytes: 2,
        replaced_bytes,
        cell_start: 300,
        cell_end: 307,
        free_bytes: 1,
        after: images(2),
    };
    vec![
        branch(0, ""),
        branch(1, "l"),
        Event::LeafSearched { page: PageNo(2), key: key("m"), slot: 1, found: false },
        Event::LeafSearched { page: PageNo(2), key: key("\x1b"), slot: 1, found: true },
        Event::PageAllocated { page: PageNo(4), level: 0, after: images(4) },
        written(None),
        written(Some(1)),
        Event::RecordRemoved { page: PageNo(2), slot: 1, key: key("m"), free_bytes: 60, after: images(2) },
        Event::PageCompacted { page: PageNo(2), gap_before: 10, gap_after: 52, after: images(2) },
        Event::PageSplit {
            page: PageNo(2),
            level: 0,
            needed_bytes: 15,
            free_bytes: 2,
            new_page: PageNo(4),
            moved: ["r", "t", "v"].map(key).to_vec(),
            separator: key("r"),
            after: [images(2), images(4)].concat(),
        },
        Event::SeparatorWritten {
            page: PageNo(3),
            level: 1,
            slot: 2,
            key: key("r"),
            child: PageNo(4),
            free_bytes: 300,
            after: images(3),
        },
        Event::RootGrew { new_root: PageNo(3), old_root: PageNo(1), level: 1, after: images(3) },
    ]
}

fn neighbours() -> Vec<Event> {
    let merged = |moved: &[&str]| Event::PagesMerged {
        page: PageNo(2),
        emptied: PageNo(4),
        level: 0,
        moved: moved.iter().map(|text| key(text)).collect(),
        free_bytes: 120,
        after: images(2),
    };
    vec![
        Event::CellsMoved {
            from: PageNo(2),
            to: PageNo(4),
            level: 0,
            moved: ["r", "t"].map(key).to_vec(),
            after: [images(2), images(4)].concat(),
        },
        merged(&["r", "t"]),
        merged(&[]),
        Event::SeparatorReplaced {
            page: PageNo(3),
            level: 1,
            slot: 2,
            old: key("r"),
            key: key("s"),
            child: PageNo(4),
            free_bytes: 300,
            after: images(3),
        },
        Event::SeparatorRemoved {
            page: PageNo(3),
            level: 1,
            slot: 2,
            key: key("r"),
            child: PageNo(4),
            free_bytes: 337,
            after: images(3),
        },
        Event::RootShrank { old_root: PageNo(3), new_root: PageNo(1), level: 0 },
        Event::PageFreed { page: PageNo(4), trunk: PageNo(4), free_count: 1, after: images(4) },
        Event::PageFreed { page: PageNo(5), trunk: PageNo(4), free_count: 2, after: images(4) },
        Event::PageTaken { page: PageNo(5), trunk: PageNo(4), free_count: 1, after: images(4) },
        Event::OverflowWritten {
            page: PageNo(6),
            data_bytes: 92,
            remaining_bytes: 92,
            next: PageNo(0),
            after: images(6),
        },
        Event::OverflowWritten {
            page: PageNo(5),
            data_bytes: 408,
            remaining_bytes: 500,
            next: PageNo(6),
            after: images(5),
        },
        Event::ValueWritten { first: PageNo(5), pages: 2, bytes: 500 },
        Event::ValueRead { first: PageNo(5), pages: 2, bytes: 500 },
        Event::ValueFreed { first: PageNo(5), pages: 2 },
        Event::TreeCreated { name: "people".into(), root: PageNo(7) },
        Event::TreeDropped { name: "people".into(), pages: 12 },
        Event::PageSpilled { page: PageNo(8), slot: 3 },
    ]
}

fn seals() -> Vec<Event> {
    let opened = |source, offset| Event::PageOpened {
        page: PageNo(2),
        commit: CommitNo(3),
        seal: seal(),
        source,
        offset,
        after: images(2),
    };
    vec![
        Event::PointersRefreshed { page: PageNo(3), children: vec![PageNo(2), PageNo(4)], after: images(3) },
        Event::PageSealed { page: PageNo(2), level: 0, commit: CommitNo(3), seal: seal(), sealed: Some(key("sealed")) },
        opened(PageSource::Log, 512),
        opened(PageSource::File, 8704),
        Event::CheckpointStarted { commit: CommitNo(5), pages: 3 },
        Event::SealTransactionCommitted {
            commit: CommitNo(6),
            pages: 1,
            root: PagePointer { page: PageNo(3), commit: CommitNo(6), seal: seal() },
        },
        Event::CheckpointDeferred { commit: CommitNo(4), snapshots: 2, oldest: CommitNo(3) },
        Event::CheckpointEnded { commit: CommitNo(6), pages: 4, log_generation: 2 },
    ]
}

fn opening() -> Vec<Event> {
    let record = |kind, page| Event::LogRecordAccepted {
        offset: 2288,
        sequence: 4,
        kind,
        commit: CommitNo(3),
        page: PageNo(page),
    };
    let chosen =
        |slot, other_generation| Event::SuperblockChosen { slot, generation: 4, commit: CommitNo(5), other_generation };
    let replayed =
        |commits, torn_bytes| Event::LogReplayed { commits, commit: CommitNo(3), kept_bytes: 4096, torn_bytes };
    vec![
        Event::OpenStarted { file: "store.tsm".into() },
        chosen(0, Some(3)),
        chosen(1, None),
        Event::KeySlotOpened { slot: 0, kind: "passphrase".into() },
        Event::KeySlotAdded { slot: 1, kind: "recovery key".into(), counter: 2 },
        Event::KeySlotRemoved { slot: 0, kind: "keyless".into(), counter: 3 },
        Event::KeySlotRewrapped { slot: 1, kind: "keyfile".into(), counter: 4 },
        Event::WitnessCreated { file: "witness".into() },
        Event::WitnessCompared { file: "witness".into(), commit: CommitNo(3) },
        Event::WitnessAppended { file: "witness".into(), commit: CommitNo(4) },
        Event::WitnessFailed { file: "witness".into(), because: "no space left on device".into() },
        Event::LogExamined { verdict: LogVerdict::Absent, generation: None },
        Event::LogExamined { verdict: LogVerdict::Stale, generation: Some(2) },
        Event::LogExamined { verdict: LogVerdict::Continues, generation: Some(2) },
        record(RecordKind::Page, 2),
        record(RecordKind::Commit, 0),
        replayed(1, 0),
        replayed(2, 512),
        Event::Opened { commit: CommitNo(3), pages: 4, root: PageNo(3) },
        Event::Opened { commit: CommitNo(0), pages: 0, root: PageNo::NONE },
        Event::DatabaseCreated { file: "store.tsm".into(), page_size: 4096 },
        Event::Poisoned { because: "syncing the log failed".into() },
    ]
}

fn disk() -> Vec<Event> {
    let (store, log) = (|| "store.tsm".to_owned(), || "store.tsm-wal".to_owned());
    let written = |file, offset, bytes| Event::FileWritten { file, offset, bytes, data: Some(key("data")) };
    vec![
        Event::FileCreated { file: log() },
        written(log(), 512, 2048),
        written(store(), 4096, 4096),
        written(store(), 8192, 512),
        Event::FileLengthSet { file: log(), length: 0 },
        Event::FileSynced { file: log() },
        Event::FileLinked { from: "store.tsm-new".into(), to: store() },
        Event::FileRenamed { from: "store.tsm-new".into(), to: store() },
        Event::FileRemoved { file: log() },
        Event::DirectorySynced,
        Event::FaultInjected { call: 5, what: "no space left".into() },
    ]
}

fn outside() -> Vec<Event> {
    let crashed = |summary| Event::Crashed {
        place: "after wal-sync".into(),
        summary,
        files: vec![FileBytes { file: "store.tsm".into(), bytes: key("left") }],
    };
    vec![
        crashed(CrashSummary::default()),
        crashed(CrashSummary { pending: 5, lost: 2, torn: 1 }),
        Event::HandleDropped,
        Event::Tampered {
            what: "tamper page 3 byte 100 xor 01".into(),
            file: "store.tsm".into(),
            offset: 9316,
            data: key("x"),
        },
        Event::FileReplaced {
            what: "tamper log truncate 1".into(),
            file: "store.tsm-wal".into(),
            data: Some(key("x")),
        },
        Event::FileReplaced { what: "tamper log remove".into(), file: "store.tsm-wal".into(), data: None },
    ]
}

fn verification() -> Vec<Event> {
    let finding = Finding::new(Code::PageStale, "Its seal is not the one its parent names.").page(PageNo(2));
    vec![
        Event::VerifyStarted { level: "seal".into(), pages: 12 },
        Event::PageVerified { page: PageNo(2), sound: true },
        Event::PageVerified { page: PageNo(2), sound: false },
        Event::FindingReported { finding: Box::new(finding) },
        Event::VerifyEnded { pages: 4, findings: 0 },
        Event::VerifyEnded { pages: 4, findings: 1 },
    ]
}
