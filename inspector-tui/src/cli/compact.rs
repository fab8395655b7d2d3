//! `tosumu compact`: writes a database into a new file without gaps, in the newest format.

use super::common::{
    KeyOptions, Outcome, Output, Status, copy_failure, note_witness, open_source, print_copy, shown_path,
};
use clap::Args;
use std::path::PathBuf;

/// Write the database into a new file that takes no more room than its records need
///
/// The old file is not changed. Also the way from an older format to the newest.
#[derive(Args)]
pub struct Compact {
    /// The database
    source: PathBuf,
    /// The file to create
    target: PathBuf,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Compact {
    /// Writes the file and says what it holds.
    pub fn run(self) -> Outcome {
        let db = open_source(&self.source, &self.keys)?;
        let report = db.compact_to(&self.target).map_err(|error| copy_failure(&self.source, &self.target, error))?;
        note_witness(&db, &self.keys);
        let mut output = Output::new();
        output.line(format!("{}: compact of {}", shown_path(&self.target), shown_path(&self.source)))?;
        print_copy(&mut output, &report)?;
        output.finish()?;
        Ok(Status::Done)
    }
}
