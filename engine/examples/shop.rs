//! A program that embeds the engine, and is slow in one place. It records what the engine tells of it, to be looked at with
//! `tosumu replay`. Lesson E1 is about it.
//!
//! ```text
//! cargo run -p tosumu --example shop -- shop.trace     # records
//! tosumu replay shop.trace                             # which of its operations is slow, and why?
//! cargo run -p tosumu --example shop -- --check        # after you have changed it
//! ```

use std::sync::Arc;
use tosumu::trace::{Event, Level, Receipt, Recorder, Sink, write_trace};
use tosumu::{Database, Options, PageSize, Result};

/// Most syncs that an operation of this shop has any need of, once its log has begun.
const SYNCS_ENOUGH: u32 = 1;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let argument = std::env::args().nth(1);
    let bills = Bills { recorder: Recorder::new() };
    run(&bills)?;
    match argument.as_deref() {
        Some("--check") => check(&bills),
        Some(file) => {
            let events = bills.recorder.events_from(0);
            let mut bytes = Vec::new();
            write_trace(&mut bytes, Level::Full, &events)?;
            std::fs::write(file, bytes)?;
            println!("{} events in {file}", events.len());
        }
        None => println!("say where the trace goes, or --check"),
    }
    Ok(())
}

/// A day in the shop.
fn run(bills: &Bills) -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options::new().create(true).page_size(PageSize::TOY).sink(bills.recorder.clone());
    let db = options.open(folder.path().join("shop.tsm"))?;
    bills.of("open the shop", || db.write(|tx| tx.put(b"open", b"yes")))?;
    for order in 1..=20 {
        bills.of(&format!("order {order}"), || place(&db, order))?;
        if order == 13 {
            bills.of("goods arrive", || goods_arrive(&db))?;
        }
    }
    Ok(())
}

fn place(db: &Database, order: u32) -> Result<()> {
    db.write(|tx| tx.put(format!("order {order:03}").as_bytes(), b"one of these, two of those"))
}

/// This is the slow one.
fn goods_arrive(db: &Database) -> Result<()> {
    for crate_number in 0..12 {
        db.write(|tx| tx.put(format!("crate {crate_number:02}").as_bytes(), b"apples"))?;
    }
    Ok(())
}

/// Says for each operation where it begins, where it ends, and what it cost: the trace has names then.
struct Bills {
    recorder: Arc<Recorder>,
}

impl Bills {
    fn of(&self, line: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let first = self.recorder.count();
        self.recorder.take(Event::OperationStarted { line: line.to_owned() });
        let done = work();
        let mut receipt = Receipt::default();
        for event in self.recorder.events_from(first) {
            match &*event {
                Event::FileSynced { .. } => receipt.syncs += 1,
                Event::FileWritten { bytes, .. } => {
                    receipt.writes += 1;
                    receipt.bytes_written += bytes;
                }
                Event::PageSealed { .. } => receipt.pages_sealed += 1,
                _ => {}
            }
        }
        let succeeded = done.is_ok();
        self.recorder.take(Event::OperationEnded { line: line.to_owned(), outcome: String::new(), succeeded, receipt });
        done
    }
}

fn check(bills: &Bills) {
    let mut slow = Vec::new();
    for event in bills.recorder.events_from(0) {
        if let Event::OperationEnded { line, receipt, .. } = &*event
            && line != "open the shop"
            && receipt.syncs > SYNCS_ENOUGH
        {
            slow.push(format!("`{line}` took {} syncs", receipt.syncs));
        }
    }
    match slow.is_empty() {
        true => println!("passed: every operation took at most {SYNCS_ENOUGH} sync"),
        false => {
            println!("not yet: {}", slow.join(", "));
            std::process::exit(1);
        }
    }
}
