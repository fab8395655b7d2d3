//! Reads random keys that are all in the cache, on two threads, with no sink and with one that takes outlines and drops them, by
//! turns: what listening costs, and what it costs that one could listen.
//!
//! `cargo run --release --example warm_gets`

#![allow(clippy::disallowed_types, reason = "what is measured here is time; the engine itself reads no clock")]

use std::sync::Arc;
use std::time::{Duration, Instant};
use tosumu::trace::{Event, Level, Sink};
use tosumu::vfs::MemoryVfs;
use tosumu::{Database, Options, Result};

const RECORDS: u64 = 200_000;
const GETS: u64 = 400_000;
const THREADS: u64 = 2;

struct Nothing;

impl Sink for Nothing {
    fn level(&self) -> Level {
        Level::Outline
    }

    fn take(&self, _: Event) {}
}

fn main() -> Result<()> {
    let silent = filled(Options::new())?;
    let heard = filled(Options::new().sink(Arc::new(Nothing)))?;
    for round in 0..4 {
        let (without, with) = (gets(&silent, round)?, gets(&heard, round)?);
        let each = |time: Duration| time.as_nanos() as f64 / GETS as f64;
        let ratio = each(with) / each(without);
        println!(
            "no sink {:.0} ns, a sink that drops {:.0} ns a get and thread; {ratio:.2}",
            each(without),
            each(with)
        );
    }
    Ok(())
}

fn filled(options: Options) -> Result<Database> {
    let db = options.vfs(Arc::new(MemoryVfs::new())).create(true).open("warm.tsm")?;
    db.write(|tx| (0..RECORDS).try_for_each(|number| tx.put(&number.to_be_bytes(), &[7; 100])))?;
    gets(&db, 9)?;
    Ok(db)
}

/// The time of the slower thread.
fn gets(db: &Database, seed: u64) -> Result<Duration> {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || run(db, seed * THREADS + thread + 1))).collect();
        let times = threads.into_iter().map(|thread| thread.join().expect("a reader does not panic"));
        times.collect::<Result<Vec<_>>>().map(|times| times.into_iter().max().unwrap_or_default())
    })
}

fn run(db: &Database, seed: u64) -> Result<Duration> {
    let snapshot = db.read();
    let (begun, busy) = (Instant::now(), busy_time());
    let mut number = seed;
    for _ in 0..GETS {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        assert!(snapshot.get(&(number % RECORDS).to_be_bytes())?.is_some());
    }
    Ok(busy.and_then(|before| busy_time()?.checked_sub(before)).unwrap_or_else(|| begun.elapsed()))
}

/// The time that this thread had a core, where the system tells: on a busy machine the clock on the wall says little.
fn busy_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}
