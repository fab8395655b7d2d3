//! Eight readers, a writer, and checkpoints of both kinds for as long as is asked for: every snapshot is compared with the digest
//! that was written in the same commit.
//!
//! `TOSUMU_STRESS_SECONDS=60` makes it a long run; otherwise it takes about five seconds.

#![allow(clippy::disallowed_types, reason = "a run of so many seconds needs a clock; the engine itself reads none")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tosumu::vfs::MemoryVfs;
use tosumu::{AutoCheckpoint, CheckpointMode, CheckpointOutcome, Database, Options, PageSize, ReadTxn};

const READERS: u64 = 8;
const DIGEST: &[u8] = b"~digest";

fn seconds() -> u64 {
    std::env::var("TOSUMU_STRESS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

/// The sum of the records' hashes: it can be kept up with each change, and does not care for their order.
fn hash_of(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (key, value).hash(&mut hasher);
    hasher.finish()
}

fn key(number: u64) -> Vec<u8> {
    format!("key {number:05}").into_bytes()
}

fn commit(db: &Database, turn: u64) {
    db.write(|tx| {
        let mut digest = match tx.get(DIGEST)? {
            Some(digest) => u64::from_le_bytes(*digest.first_chunk().unwrap()),
            None => 0,
        };
        for part in 0..1 + turn % 5 {
            let key = key(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(part * 77) % 400);
            if let Some(old) = tx.get(&key)? {
                digest = digest.wrapping_sub(hash_of(&key, &old));
            }
            if (turn + part).is_multiple_of(6) {
                tx.delete(&key)?;
                continue;
            }
            let value = vec![turn as u8; (turn * 31 + part * 7) as usize % 90];
            digest = digest.wrapping_add(hash_of(&key, &value));
            tx.put(&key, &value)?;
        }
        tx.put(DIGEST, &digest.to_le_bytes())
    })
    .unwrap();
}

fn check(snapshot: &ReadTxn) {
    let (mut digest, mut said) = (0u64, 0);
    for record in snapshot.range::<[u8]>(..) {
        let record = record.unwrap();
        match record.key() {
            DIGEST => said = u64::from_le_bytes(*record.value().first_chunk().unwrap()),
            key => digest = digest.wrapping_add(hash_of(key, record.value())),
        }
    }
    assert_eq!(digest, said, "the snapshot of commit {} is not what was committed", snapshot.commit());
}

#[test]
fn every_snapshot_has_the_digest_of_its_commit_under_load() {
    let options = Options::new().vfs(Arc::new(MemoryVfs::new())).page_size(PageSize::TOY).create(true);
    let options = options.cache_bytes(20_000).checkpoints(AutoCheckpoint::Background).log_bytes_checkpoint(60_000);
    let db = options.open("stress.tsm").unwrap();
    (0..200).for_each(|turn| commit(&db, turn));
    let (done, checked) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut commits, mut folded, mut longest) = (200, 0, 0);
    std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (db, done, checked) = (db.clone(), &done, &checked);
            scope.spawn(move || {
                let mut kept = db.read();
                let mut turn = reader;
                while !done.load(Ordering::Relaxed) {
                    check(&db.read());
                    // One snapshot of each reader lives on for a while, across checkpoints.
                    if turn.is_multiple_of(7) {
                        check(&kept);
                        kept = db.read();
                    }
                    checked.fetch_add(1, Ordering::Relaxed);
                    turn += 1;
                }
            });
        }
        let end = Instant::now() + Duration::from_secs(seconds());
        while Instant::now() < end {
            commit(&db, commits);
            commits += 1;
            longest = longest.max(db.stats().unwrap().log_bytes);
            let mode = match commits % 50 {
                0 => CheckpointMode::Full { wait: Duration::from_millis(200) },
                25 => CheckpointMode::Passive,
                _ => continue,
            };
            folded += u64::from(matches!(db.checkpoint(mode).unwrap(), CheckpointOutcome::Folded { .. }));
        }
        done.store(true, Ordering::Relaxed);
    });
    check(&db.read());
    let generations = db.stats().unwrap().log_generation;
    println!(
        "{commits} commits, {checked:?} snapshots checked, {generations} generations of the log, {folded} folded by request, \
         longest log {longest} bytes"
    );
    assert!(generations > 3 && folded > 0 && checked.load(Ordering::Relaxed) > READERS);
}
