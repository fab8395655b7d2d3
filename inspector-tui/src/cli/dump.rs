//! `tosumu dump`: every record. Reads through a log and never writes.

use super::common::{KeyOptions, Outcome, Status, TextOptions, open_source};
use super::scan::print_records;
use clap::Args;
use std::path::PathBuf;

/// Print every record, key TAB value, in key order; stops at damage with exit 2
#[derive(Args)]
pub struct Dump {
    /// The database
    file: PathBuf,
    #[command(flatten)]
    text: TextOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Dump {
    /// Prints the records.
    pub fn run(self) -> Outcome {
        let db = open_source(&self.file, &self.keys)?;
        let snapshot = db.read();
        print_records(snapshot.range::<[u8]>(..), self.text.form(), &self.file)?;
        Ok(Status::Done)
    }
}
