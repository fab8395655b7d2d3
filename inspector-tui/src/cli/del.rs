//! `tosumu del`: deletes one record in one commit.

use super::common::{KeyOptions, Outcome, Status, TextOptions, TreeOptions};
use super::common::{note_witness, open_to_write, tree_failure};
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
    tree: TreeOptions,
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
        let done = db.write(|transaction| match self.tree.in_transaction(transaction)? {
            Some(mut tree) => tree.delete(&key),
            None => transaction.delete(&key),
        });
        done.map_err(|error| tree_failure(&self.file, error))?;
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}
