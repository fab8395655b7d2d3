//! `tosumu put`: one record, one commit.

use super::common::{Failure, KeyOptions, Outcome, Status, TextOptions, note_witness, open_to_write};
use clap::Args;
use std::path::PathBuf;

/// Put a record, replacing the value the key had
#[derive(Args)]
pub struct Put {
    /// The database
    file: PathBuf,
    /// The key
    #[arg(allow_negative_numbers = true)]
    key: String,
    /// The value
    #[arg(allow_hyphen_values = true)]
    value: String,
    #[command(flatten)]
    text: TextOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Put {
    /// Puts the record and returns when it is durable.
    pub fn run(self) -> Outcome {
        let form = self.text.form();
        let key = form.read("key", self.key.as_bytes())?;
        let value = form.read("value", self.value.as_bytes())?;
        let db = open_to_write(&self.file, &self.keys)?;
        db.write(|transaction| transaction.put(&key, &value)).map_err(|error| Failure::engine(&self.file, error))?;
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}
