//! The shortest whole program: create, write, read, walk a range.
//!
//! `cargo run --example hello [FILE]`; without a file it works in a temporary folder.

use tosumu::{Options, Result};

fn main() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = std::env::args_os().nth(1).map_or_else(|| folder.path().join("hello.tsm"), Into::into);
    let db = Options::new().create(true).open(&path)?;

    // Everything in the closure is one transaction: all of it is there after a crash, or nothing.
    db.write(|tx| {
        tx.put(b"apple", b"red")?;
        tx.put(b"banana", b"yellow")?;
        tx.put(b"cherry", b"dark red")
    })?;

    // A snapshot never changes, whatever is written meanwhile. A value stands in its page: nothing is copied.
    let snapshot = db.read();
    if let Some(colour) = snapshot.get(b"banana")? {
        println!("banana is {}", String::from_utf8_lossy(&colour));
    }
    for record in snapshot.range(&b"b"[..]..) {
        let record = record?;
        println!("{} = {}", String::from_utf8_lossy(record.key()), String::from_utf8_lossy(record.value()));
    }
    println!("{} records in commit {}", snapshot.record_count(), snapshot.commit());
    Ok(())
}
