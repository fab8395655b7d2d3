//! `tosumu backup`: writes what a database holds at this moment into a new file.

use super::common::{
    KeyOptions, Outcome, Output, Status, copy_failure, note_witness, open_source, print_copy, shown_path,
};
use clap::Args;
use std::path::PathBuf;

/// Write a backup: what the database holds now, in a new compact file opened by the same keys
///
/// It is read back and verified before it gets its name. Keep the fingerprint of the source elsewhere, and try `restore` now and
/// then: a backup is as good as the last time it was read.
#[derive(Args)]
pub struct Backup {
    /// The database
    source: PathBuf,
    /// The file to create
    target: PathBuf,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Backup {
    /// Writes the file and says what it holds.
    pub fn run(self) -> Outcome {
        let db = open_source(&self.source, &self.keys)?;
        let report = db.backup(&self.target).map_err(|error| copy_failure(&self.source, &self.target, error))?;
        note_witness(&db, &self.keys);
        let mut output = Output::new();
        output.line(format!("{}: backup of {}", shown_path(&self.target), shown_path(&self.source)))?;
        print_copy(&mut output, &report)?;
        output.finish()?;
        Ok(Status::Done)
    }
}
