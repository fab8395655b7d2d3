//! How many commits a sync makes durable: one row a commit, by one thread and by eight, on a real file.
//!
//! ```text
//! cargo run --release -p tosumu --example group_commit
//! ```

#![allow(clippy::disallowed_types, reason = "what is measured here is time; the engine itself reads no clock")]

use std::time::Instant;
use tosumu::{Database, Durability, Options};

const COMMITS: u32 = 2_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    println!("{COMMITS} commits of one row each");
    let mut alone = 0.0;
    for (threads, durability) in [(1, Durability::Full), (8, Durability::Full), (1, Durability::Relaxed)] {
        let file = folder.path().join(format!("{threads}{durability:?}.tsm"));
        let db = Options::new().create(true).durability(durability).open(file)?;
        db.write(|tx| tx.put(b"first", b""))?;
        let before = db.stats()?;
        let started = Instant::now();
        commit_on(&db, threads);
        let rate = f64::from(COMMITS) / started.elapsed().as_secs_f64();
        let stats = db.stats()?;
        let (commits, syncs) = (stats.commits - before.commits, stats.commit_syncs - before.commit_syncs);
        alone = if alone == 0.0 { rate } else { alone };
        println!(
            "{threads} threads, {durability:?}: {commits} commits, {syncs} syncs, {:.1} times the commits a second of one thread",
            rate / alone
        );
    }
    Ok(())
}

fn commit_on(db: &Database, threads: u32) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for turn in 0..COMMITS / threads {
                    let key = format!("thread {thread} row {turn:06}");
                    db.write(|tx| tx.put(key.as_bytes(), &[7; 100])).expect("a commit on a disk that works");
                }
            });
        }
    });
}
