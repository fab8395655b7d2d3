//! Many readers beside one writer: money moves between accounts, and every snapshot adds up.
//!
//! `cargo run --release --example concurrent_readers`

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tosumu::{Database, Options, ReadTxn, Result};

const ACCOUNTS: u32 = 1_000;
const START: i64 = 100;
const TRANSFERS: u32 = 2_000;

fn main() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = Options::new().create(true).open(folder.path().join("bank.tsm"))?;
    db.write(|tx| (0..ACCOUNTS).try_for_each(|account| tx.put(&key(account), &START.to_le_bytes())))?;

    let (ended, audits) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    while !ended.load(Ordering::Relaxed) {
                        // A snapshot is one commit, whole: no transfer is ever seen half done.
                        let total = total(&db.read())?;
                        assert_eq!(total, i64::from(ACCOUNTS) * START, "money appeared or vanished");
                        audits.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        let written = transfers(&db);
        ended.store(true, Ordering::Relaxed);
        readers.into_iter().try_for_each(|reader| reader.join().expect("a reader"))?;
        written
    })?;
    println!("{TRANSFERS} transfers, {} audits meanwhile, every one right", audits.load(Ordering::Relaxed));
    Ok(())
}

fn transfers(db: &Database) -> Result<()> {
    for step in 0..TRANSFERS {
        let (from, to) = (step * 7 % ACCOUNTS, step * 13 % ACCOUNTS);
        db.write(|tx| {
            let mut moved = |account, change: i64| {
                let held = tx.get(&key(account))?.map_or(0, |value| balance(&value));
                tx.put(&key(account), &(held + change).to_le_bytes())
            };
            moved(from, -1)?;
            moved(to, 1)
        })?;
    }
    Ok(())
}

fn total(snapshot: &ReadTxn) -> Result<i64> {
    snapshot.range::<[u8]>(..).map(|record| record.map(|record| balance(record.value()))).sum()
}

fn key(account: u32) -> [u8; 4] {
    account.to_be_bytes()
}

fn balance(value: &[u8]) -> i64 {
    value.try_into().map_or(0, i64::from_le_bytes)
}
