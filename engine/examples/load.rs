//! Puts records of 16 + 100 bytes in one transaction and folds the log, for measuring how long and how much memory that takes.
//!
//! `cargo build --release --example load; /usr/bin/time -v target/release/examples/load FILE [RECORDS] [ascending|random]`

use tosumu::{CheckpointMode, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which file?")?;
    let records: u64 = arguments.next().map_or(Ok(5_000_000), |count| count.parse())?;
    let random = arguments.next().as_deref() == Some("random");
    let db = Options::new().create_new(&file)?;
    db.write(|tx| {
        let value = [b'v'; 100];
        (0..records).try_for_each(|number| {
            let number = if random { scatter(number) } else { number };
            tx.put(format!("{number:016x}").as_bytes(), &value)
        })
    })?;
    db.checkpoint(CheckpointMode::Passive)?;
    let snapshot = db.read();
    println!("{} records in {} pages", snapshot.record_count(), snapshot.page_count());
    Ok(())
}

/// Each number once, in an order that looks like none.
fn scatter(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
