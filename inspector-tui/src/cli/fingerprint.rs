//! `tosumu fingerprint`: the line to keep elsewhere, with which `verify --anchor` tells an older copy of the whole file.

use super::common::{KeyOptions, Outcome, Output, Status, open_to_read};
use clap::Args;
use std::path::PathBuf;

/// Print one line that names the newest commit; keep it elsewhere, and `verify --anchor` compares
#[derive(Args)]
pub struct Fingerprint {
    /// The database
    file: PathBuf,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Fingerprint {
    /// Prints the line.
    pub fn run(self) -> Outcome {
        let db = open_to_read(&self.file, &self.keys)?;
        let mut output = Output::new();
        output.line(db.fingerprint())?;
        output.finish()?;
        Ok(Status::Done)
    }
}
