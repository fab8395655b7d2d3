//! What verification costs beside the cipher it cannot do without: a file is made, verified at the levels that read every page,
//! on one thread and on two, and the same pages' worth of bytes is opened by the cipher alone.
//!
//! `cargo run --release -p tosumu --example verify_rate -- FOLDER [RECORDS]`. Times are of the processor, as the system counts
//! them for the process and for the thread that judges, so that a busy machine changes them little; Linux only.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::{Dek, InsecureSeededEntropy, KeyContext, Keys};
use tosumu::inspect::AtRest;
use tosumu::limits::PAGE_OVERHEAD_BYTES;
use tosumu::types::FileId;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::OsVfs;
use tosumu::{CheckpointMode, CheckpointOutcome, Options, Severity};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const PAGE_BYTES: usize = 4096;
const ROUNDS: usize = 3;
/// Verifications of one round: the process's time is counted in hundredths of a second.
const TIMES: usize = 20;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let records: u64 = arguments.next().map_or(Ok(500_000), |count| count.parse())?;
    let path = Path::new(&folder).join("verify_rate.tsm");
    if !path.exists() {
        make(&path, records)?;
    }
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let cipher = megabytes / cipher_alone(megabytes)?;
    println!("{megabytes:.0} MB; the cipher alone opens {cipher:.0} MB a second of one processor");
    for level in [Level::Auth, Level::Seal, Level::Deep] {
        let (one, _) = least(|| verified(&path, level, 1))?;
        let (two, judge) = least(|| verified(&path, level, 2))?;
        println!(
            "{level}: {:.0} MB a second, {:.0} % of the cipher's; on two threads {:.2} times the processor time, of which the \
             busier thread has {:.0} %: at best {:.2} times as fast",
            megabytes / one,
            100.0 * megabytes / one / cipher,
            two / one,
            100.0 * judge.max(two - judge) / two,
            one / judge.max(two - judge)
        );
    }
    Ok(())
}

fn make(path: &Path, records: u64) -> Outcome {
    let db = Options::new().create_new(path)?;
    db.write(|tx| {
        (0..records).try_for_each(|number| {
            tx.put(format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).as_bytes(), &[b'v'; 100])
        })
    })?;
    match db.checkpoint(CheckpointMode::Passive)? {
        // A thread of the handle's own may have folded it already.
        CheckpointOutcome::Folded { .. } | CheckpointOutcome::NothingToFold => Ok(()),
        other => Err(format!("no checkpoint: {other:?}").into()),
    }
}

/// Seconds of the processor that the process, and the judging thread alone, take for a verification.
fn verified(path: &Path, level: Level, threads: usize) -> Outcome<(f64, f64)> {
    let file = AtRest::open(Arc::new(OsVfs), path, None)?;
    let times = TIMES as f64;
    let (process, thread) = (process_seconds()?, thread_seconds()?);
    let options = VerifyOptions { level, threads: NonZeroUsize::new(threads), ..VerifyOptions::default() };
    for _ in 0..TIMES {
        let report = verify(&file, &options)?;
        if report.findings.iter().any(|finding| finding.severity > Severity::Info) {
            return Err(report.summary().into());
        }
    }
    Ok(((process_seconds()? - process) / times, (thread_seconds()? - thread) / times))
}

/// Seconds that the cipher takes to open so many megabytes of pages.
fn cipher_alone(megabytes: f64) -> Outcome<f64> {
    let (file_id, page_size) = (FileId([7; 16]), PAGE_BYTES as u32);
    let context = KeyContext { format: 2, cipher_suite: 1, page_size, file_id, dek_generation: 1 };
    let keys = Keys::derive(&Dek::generate(&InsecureSeededEntropy::new(1))?, &context);
    let sealed = keys.seal_page([2; 16], &[b'v'; PAGE_BYTES - PAGE_OVERHEAD_BYTES], [5; 24]);
    let pages = (megabytes * 1e6) as usize / PAGE_BYTES;
    let (seconds, _) = least(|| {
        let before = thread_seconds()?;
        let opened = (0..pages).filter(|_| keys.open_page(std::hint::black_box(&sealed)).is_some()).count();
        assert_eq!(opened, pages);
        Ok((thread_seconds()? - before, 0.0))
    })?;
    Ok(seconds)
}

/// The round that took least.
fn least(mut round: impl FnMut() -> Outcome<(f64, f64)>) -> Outcome<(f64, f64)> {
    let mut best = round()?;
    for _ in 1..ROUNDS {
        let this = round()?;
        if this.0 < best.0 {
            best = this;
        }
    }
    Ok(best)
}

fn thread_seconds() -> Outcome<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

/// Of all threads, also those that have ended; counted in hundredths of a second.
fn process_seconds() -> Outcome<f64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = behind_name.split_whitespace().skip(11).take(2).flat_map(str::parse::<f64>).sum();
    Ok(ticks / 100.0)
}
