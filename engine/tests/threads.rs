//! Readers on several threads beside a writer that commits and checkpoints: every snapshot is one commit, whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tosumu::vfs::MemoryVfs;
use tosumu::{AutoCheckpoint, CheckpointMode, CheckpointOutcome, Database, Options, PageSize, Result};

const ACCOUNTS: u32 = 200;
const TOTAL: u64 = ACCOUNTS as u64 * 1000;
const READERS: u64 = 3;
/// The writer goes on until so much has happened, and never for longer than so many commits.
const COMMITS_LEAST: u64 = 600;
const COMMITS_MOST: u64 = 20_000;
const CHECKPOINTS_LEAST: u64 = 40;
const LOOKS_LEAST: u64 = 300;

fn account(number: u32) -> Vec<u8> {
    format!("account {number:04}").into_bytes()
}

fn money(value: &[u8]) -> u64 {
    u64::from_le_bytes(*value.first_chunk().unwrap())
}

/// A value that is long and says its sum first, so that transfers split pages and move cells.
fn value(sum: u64, turn: u64) -> Vec<u8> {
    let mut value = sum.to_le_bytes().to_vec();
    value.resize(8 + (turn % 60) as usize, turn as u8);
    value
}

fn transfer(db: &Database, turn: u64) -> Result<()> {
    db.write(|tx| {
        let number = |salt: u64| ((turn.wrapping_mul(2654435761).wrapping_add(salt)) % u64::from(ACCOUNTS)) as u32;
        let (from, to) = (account(number(0)), account(number(1 + turn % 7)));
        let rich = money(&tx.get(&from)?.unwrap());
        let poor = money(&tx.get(&to)?.unwrap());
        let sum = rich.min(turn % 50);
        tx.put(&from, &value(rich - sum, turn))?;
        tx.put(&to, &value(poor + sum, turn))
    })
}

/// The sum over a snapshot from one end or from both, and again one by one.
fn look(db: &Database, turn: u64) {
    let snapshot = db.read();
    let mut records = snapshot.range::<[u8]>(..);
    let (mut sum, mut count) = (0, 0);
    while let Some(record) = if turn & (1 << (count % 8)) == 0 { records.next() } else { records.next_back() } {
        sum += money(record.unwrap().value());
        count += 1;
    }
    assert_eq!((sum, count), (TOTAL, ACCOUNTS), "commit {}", snapshot.commit());
    let again: u64 = (0..ACCOUNTS).map(|number| money(&snapshot.get(&account(number)).unwrap().unwrap())).sum();
    assert_eq!(again, TOTAL, "commit {}", snapshot.commit());
    assert_eq!(snapshot.record_count(), u64::from(ACCOUNTS));
}

#[test]
fn every_snapshot_is_one_commit_whole_while_another_thread_commits_and_checkpoints() {
    let options = Options::new().vfs(Arc::new(MemoryVfs::new())).page_size(PageSize::TOY).create(true);
    let options = options.checkpoints(AutoCheckpoint::Inline);
    // The smallest cache there is, so that pages are read from both files again and again.
    let db = options.cache_bytes(0).log_bytes_checkpoint(100_000).open("threads.tsm").unwrap();
    db.write(|tx| (0..ACCOUNTS).try_for_each(|number| tx.put(&account(number), &value(1000, 0)))).unwrap();
    let (done, looks, mut folded, mut commits) = (AtomicBool::new(false), AtomicU64::new(0), 0, 0);
    std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (db, done, looks) = (db.clone(), &done, &looks);
            scope.spawn(move || {
                let mut turn = reader;
                while !done.load(Ordering::Relaxed) {
                    look(&db, turn.wrapping_mul(37));
                    looks.fetch_add(1, Ordering::Relaxed);
                    turn += 1;
                    // No snapshot lives in the pause, so that checkpoints come in between.
                    std::thread::sleep(std::time::Duration::from_micros(300 * (1 + turn % 5)));
                }
            });
        }
        let (counting, done_too) = (db.clone(), &done);
        scope.spawn(move || {
            while !done_too.load(Ordering::Relaxed) {
                assert_eq!(counting.stats().unwrap().record_count, u64::from(ACCOUNTS));
            }
        });
        let is_enough = |commits, folded| {
            commits >= COMMITS_LEAST && folded >= CHECKPOINTS_LEAST && looks.load(Ordering::Relaxed) >= LOOKS_LEAST
        };
        while !is_enough(commits, folded) && commits < COMMITS_MOST {
            transfer(&db, commits).unwrap();
            commits += 1;
            if commits % 3 == 0 {
                folded += u64::from(matches!(
                    db.checkpoint(CheckpointMode::Passive).unwrap(),
                    CheckpointOutcome::Folded { .. }
                ));
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(matches!(
        db.checkpoint(CheckpointMode::Passive).unwrap(),
        CheckpointOutcome::Folded { .. } | CheckpointOutcome::NothingToFold
    ));
    look(&db, 0);
    println!("{commits} commits, {looks:?} snapshots looked through, {folded} checkpoints between them");
    assert!(folded > 0);
}

#[test]
fn a_thread_may_read_while_it_writes_and_count_while_it_reads() {
    let db = Options::new().vfs(Arc::new(MemoryVfs::new())).create(true).open("one.tsm").unwrap();
    let mut open = db.begin_write().unwrap();
    open.put(b"a", b"1").unwrap();
    let before = db.read();
    assert!(before.get(b"a").unwrap().is_none());
    assert_eq!(db.stats().unwrap().snapshots, 1);
    open.commit().unwrap();
    assert!(before.get(b"a").unwrap().is_none());
    assert_eq!(db.checkpoint(CheckpointMode::Passive).unwrap(), CheckpointOutcome::Deferred { snapshots: 1 });
    let after = db.read();
    drop(before);
    assert_eq!(&*after.get(b"a").unwrap().unwrap(), b"1");
}
