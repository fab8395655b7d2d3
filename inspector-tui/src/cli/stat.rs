//! `tosumu stat`: what a database is made of.

use super::common::{KeyOptions, Outcome, Output, Status, open_at_rest, open_to_read, print_json, retried, shown_path};
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use tosumu::escape::escape;

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
        let trees = retried(&self.file, || db.read().trees())?;
        // Lengths stand in the superblock of nobody: they are the files' own, and need no key.
        let rest = open_at_rest(&self.file, &KeyOptions::default())?;
        let lines = [
            ("file", json!(shown_path(&self.file)), ""),
            ("file_id", json!(db.file_id().to_string()), ""),
            ("fingerprint", json!(db.fingerprint()), ""),
            ("page_size", json!(stats.page_size), "bytes"),
            ("commit", json!(stats.commit), ""),
            ("record_count", json!(stats.record_count), ""),
            ("page_count", json!(stats.page_count), ""),
            ("free_pages", json!(stats.free_pages), ""),
            ("named_trees", json!(stats.named_trees), ""),
            ("tree_height", json!(stats.tree_height), ""),
            ("file_bytes", json!(rest.length()), "bytes"),
            ("log_bytes", json!(rest.log().length.unwrap_or(0)), "bytes"),
            ("log_generation", json!(stats.log_generation), ""),
            ("log_pages", json!(stats.log_pages), ""),
            ("log_frames", json!(stats.log_frames), ""),
            ("checkpoint_commit", json!(stats.checkpoint_commit), ""),
        ];
        if self.json {
            let numbers = lines.into_iter().map(|(name, value, _)| (name.to_owned(), value));
            let object: Map<String, Value> = numbers.chain([("trees".to_owned(), json!(trees))]).collect();
            print_json(&object)?;
            return Ok(Status::Done);
        }
        let mut output = Output::new();
        for (name, value, unit) in lines {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let name = name.trim_end_matches("_bytes").replace('_', " ");
            output.line(format!("{name:<17} {value} {unit}").trim_end())?;
        }
        for tree in trees {
            let (name, records, pages) = (escape(tree.name.as_bytes()), tree.record_count, tree.page_count);
            output.line(format!("{:<17} {name}, {records} records, {pages} pages", "named tree"))?;
        }
        output.finish()?;
        Ok(Status::Done)
    }
}
