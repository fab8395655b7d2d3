//! `tosumu del`: deletes one record in one commit.

use super::common::{Failure, KeyOptions, Outcome, Status, TextOptions, note_witness, open_to_write};
use clap::Args;
use std::path::PathBuf;

/// Delete a record; no error when it is not there
#[derive(Args)]
pub struct Del {
    /// The database
    file: PathBuf,
    /// The key
    #[arg(allow_negative_numbers = true)]
    key: String,
    #[command(flatten)]
    text: TextOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Del {
    /// Deletes the record and returns when that is durable.
    pub fn run(self) -> Outcome {
        let key = self.text.form().read("key", self.key.as_bytes())?;
        let db = open_to_write(&self.file, &self.keys)?;
        db.write(|transaction| transaction.delete(&key)).map_err(|error| Failure::engine(&self.file, error))?;
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}
