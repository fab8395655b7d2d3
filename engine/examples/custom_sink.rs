//! Watching the engine at work: a sink of one's own that counts what a workload costs and tells of every split.
//!
//! `cargo run --example custom_sink`

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tosumu::trace::{Event, Level, Sink};
use tosumu::{Options, PageSize, Result};

#[derive(Default)]
struct Counter {
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Sink for Counter {
    /// `outline`: no keys, no values, no page images. What this sink sees may be shown to anybody.
    fn level(&self) -> Level {
        Level::Outline
    }

    fn take(&self, event: Event) {
        if matches!(event, Event::PageSplit { .. } | Event::RootGrew { .. }) {
            println!("{}", event.sentence());
        }
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(event.name()).or_default() += 1;
    }
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let counter = Arc::new(Counter::default());
    let db = Options::new()
        .create(true)
        .page_size(PageSize::TOY)
        .sink(counter.clone())
        .open(folder.path().join("watched.tsm"))?;
    for number in 0..40_u32 {
        db.write(|tx| tx.put(format!("key {number:03}").as_bytes(), b"a value of some length"))?;
    }
    println!("\nwhat forty puts cost:");
    for (name, count) in &*counter.counts.lock().unwrap_or_else(PoisonError::into_inner) {
        println!("{count:>6}  {name}");
    }
    Ok(())
}
