//! `tosumu checkpoint`: folds the log into the page file.

use super::common::{ArchiveOptions, Failure, KeyOptions, Outcome, Output, Status};
use super::common::{note_witness, open_with, options, shown_path};
use clap::Args;
use std::path::PathBuf;
use tosumu::{CheckpointMode, CheckpointOutcome};

/// Fold the log into the page file
#[derive(Args)]
pub struct Checkpoint {
    /// The database
    file: PathBuf,
    #[command(flatten)]
    archive: ArchiveOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Checkpoint {
    /// Folds the log and says what was done.
    pub fn run(self) -> Outcome {
        let db = open_with(&self.file, &self.keys, self.archive.add_to(options()))?;
        let outcome = db.checkpoint(CheckpointMode::Passive).map_err(|error| Failure::engine(&self.file, error))?;
        let file = shown_path(&self.file);
        let mut output = Output::new();
        output.line(match outcome {
            CheckpointOutcome::Folded { pages, commit } => {
                format!("{file}: {pages} pages written in place; the page file is at commit {commit}")
            }
            CheckpointOutcome::NothingToFold => format!("{file}: the log holds nothing to fold"),
            CheckpointOutcome::Deferred { snapshots } => {
                format!("{file}: nothing done, {snapshots} snapshots stand in the way")
            }
            CheckpointOutcome::Pinned => {
                format!("{file}: nothing done, a reader in another process has pinned the log")
            }
            other => format!("{file}: {other:?}"),
        })?;
        output.finish()?;
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}
