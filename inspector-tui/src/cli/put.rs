//! `tosumu put`: one record, one commit.

use super::common::{KeyOptions, Outcome, Status, TextOptions, TreeOptions};
use super::common::{note_witness, open_to_write, tree_failure};
use clap::Args;
use std::path::PathBuf;

/// Put a record, replacing the value the key had; a named tree that is not there is created
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
    tree: TreeOptions,
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
        let done = db.write(|transaction| match self.tree.or_created(transaction)? {
            Some(mut tree) => tree.put(&key, &value),
            None => transaction.put(&key, &value),
        });
        done.map_err(|error| tree_failure(&self.file, error))?;
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}
