//! A long run: records of 16 + 100 bytes put in one transaction, verified to the last page, half of them deleted, what is left
//! copied into a compact file, and that verified. It prints how long each took and how much memory the program has had so far.
//!
//! `cargo run --release -p tosumu --example load -- FOLDER [RECORDS] [ascending|random]`: FOLDER gets `load.tsm` and
//! `compact.tsm`, some 1.5 GB for five million records, and keeps them.

#![allow(clippy::disallowed_types, reason = "a measurement needs a clock; the engine itself reads none")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::OsVfs;
use tosumu::{CheckpointMode, CheckpointOutcome, Database, Options, Severity, Unlock};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const VALUE: [u8; 100] = [b'v'; 100];

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let records: u64 = arguments.next().map_or(Ok(5_000_000), |count| count.parse())?;
    let key = match arguments.next().as_deref() {
        None | Some("random") => scattered,
        Some("ascending") => ascending,
        Some(other) => return Err(format!("an order `{other}` is not known").into()),
    };
    let (loaded, compact) = (Path::new(&folder).join("load.tsm"), Path::new(&folder).join("compact.tsm"));
    let db = timed("put in one transaction", || {
        let db = Options::new().create_new(&loaded)?;
        db.write(|tx| (0..records).try_for_each(|number| tx.put(&key(number), &VALUE)))?;
        Ok(db)
    })?;
    timed("checkpoint", || fold(&db))?;
    tell(&db, &loaded)?;
    timed("verify deep", || sound(&loaded))?;
    timed("delete every other one, in one transaction", || {
        Ok(db.write(|tx| (0..records).step_by(2).try_for_each(|number| tx.delete(&key(number)).map(drop)))?)
    })?;
    timed("checkpoint", || fold(&db))?;
    tell(&db, &loaded)?;
    timed("verify deep", || sound(&loaded))?;
    let copy = timed("compact, which verifies what it wrote", || Ok(db.compact_to(&compact)?))?;
    println!("  digest {}", copy.digest);
    drop(db);
    timed("verify deep of the compact file", || sound(&compact))?;
    tell(&Database::open(&compact)?, &compact)
}

/// The keys in their order.
fn ascending(number: u64) -> Vec<u8> {
    format!("{number:016x}").into_bytes()
}

/// Each number once, in an order that looks like none.
fn scattered(number: u64) -> Vec<u8> {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ascending((mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93))
}

fn timed<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let start = Instant::now();
    let done = work()?;
    println!("{what}: {:.1} s, {}", start.elapsed().as_secs_f64(), memory());
    Ok(done)
}

/// What Linux says of the resident size: now, and the largest so far.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mebibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).map(|kibibytes| kibibytes / 1024)
    };
    match (mebibytes("VmRSS:"), mebibytes("VmHWM:")) {
        (Some(now), Some(peak)) => format!("memory {now} MiB, at most {peak} MiB so far"),
        _ => "memory unknown".to_owned(),
    }
}

fn fold(db: &Database) -> Outcome {
    match db.checkpoint(CheckpointMode::Passive)? {
        CheckpointOutcome::Folded { .. } | CheckpointOutcome::NothingToFold => Ok(()),
        other => Err(format!("no checkpoint: {other:?}").into()),
    }
}

fn tell(db: &Database, file: &Path) -> Outcome {
    let snapshot = db.read();
    println!(
        "  {} records, {} pages of which {} are free, file of {} MB",
        snapshot.record_count(),
        snapshot.page_count(),
        snapshot.free_page_count(),
        std::fs::metadata(file)?.len() / 1_000_000
    );
    Ok(())
}

/// Verifies a file and fails on anything worse than info.
fn sound(path: &Path) -> Outcome {
    let file = AtRest::open(Arc::new(OsVfs), path, Some(&Unlock::Keyless))?;
    let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() })?;
    let wrong = report.findings.iter().filter(|finding| finding.severity > Severity::Info).count();
    println!("  {} pages checked, {} findings, {wrong} worse than info", report.pages_checked, report.findings.len());
    match wrong {
        0 => Ok(()),
        _ => Err(format!("{} is not sound", path.display()).into()),
    }
}
