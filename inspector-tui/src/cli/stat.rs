//! `tosumu stat`: what a database is made of.

use super::common::{KeyOptions, Outcome, Output, Status, open_at_rest, open_to_read, print_json, retried};
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Print sizes and counts: pages, records, levels, the log
#[derive(Args)]
pub struct Stat {
    /// The database
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Stat {
    /// Prints the numbers.
    pub fn run(self) -> Outcome {
        let db = open_to_read(&self.file, &self.keys)?;
        let stats = retried(&self.file, || db.stats())?;
        // Lengths stand in the superblock of nobody: they are the files' own, and need no key.
        let rest = open_at_rest(&self.file, &KeyOptions::default())?;
        let numbers = [
            ("file", json!(rest.name())),
            ("file_id", json!(db.file_id().to_string())),
            ("fingerprint", json!(db.fingerprint())),
            ("page_size", json!(stats.page_size)),
            ("commit", json!(stats.commit)),
            ("record_count", json!(stats.record_count)),
            ("page_count", json!(stats.page_count)),
            ("free_pages", json!(stats.free_pages)),
            ("named_trees", json!(stats.named_trees)),
            ("tree_height", json!(stats.tree_height)),
            ("file_bytes", json!(rest.length())),
            ("log_bytes", json!(rest.log().length.unwrap_or(0))),
            ("log_pages", json!(stats.log_pages)),
            ("log_frames", json!(stats.log_frames)),
        ];
        if self.json {
            let object: Map<String, Value> =
                numbers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            print_json(&object)?;
            return Ok(Status::Done);
        }
        let mut output = Output::new();
        for (name, value) in numbers {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            output.line(format!("{:<13} {value}", name.replace('_', " ")))?;
        }
        output.finish()?;
        Ok(Status::Done)
    }
}
