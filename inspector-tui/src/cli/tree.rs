//! `tosumu tree`: the named trees of a database, listed, created, dropped.

use super::common::{Failure, print_json, retried, shown_path};
use super::common::{KeyOptions, Outcome, Output, Status, note, note_witness, open_to_read, open_to_write};
use crate::describe::plural;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

/// List, create or drop the named trees of a database
#[derive(Args)]
pub struct TreeVerb {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Print each named tree with its records and pages
    List(List),
    /// Create a named tree, empty; exit 3 when it is there already
    Create(Named),
    /// Drop a named tree with all its records; exit 1 when there is none of that name
    Drop(Named),
}

#[derive(Args)]
struct List {
    /// The database
    file: PathBuf,
    /// As one JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyOptions,
}

#[derive(Args)]
struct Named {
    /// The database
    file: PathBuf,
    /// The tree's name
    name: String,
    #[command(flatten)]
    keys: KeyOptions,
}

impl TreeVerb {
    /// Does what was asked for.
    pub fn run(self) -> Outcome {
        match self.act {
            Act::List(list) => list.run(),
            Act::Create(named) => named.create(),
            Act::Drop(named) => named.drop(),
        }
    }
}

impl List {
    fn run(self) -> Outcome {
        let db = open_to_read(&self.file, &self.keys)?;
        let trees = retried(&self.file, || db.read().trees())?;
        if self.json {
            let rows = trees
                .iter()
                .map(|tree| json!({ "name": tree.name, "records": tree.record_count, "pages": tree.page_count }));
            print_json(&serde_json::Value::Array(rows.collect()))?;
            return Ok(Status::Done);
        }
        let mut output = Output::new();
        for tree in &trees {
            let name = tosumu::escape::escape(tree.name.as_bytes());
            let records = plural(tree.record_count as usize, "record");
            output.line(format!("{name}\t{records}\t{}", plural(tree.page_count as usize, "page")))?;
        }
        output.finish()?;
        if trees.is_empty() {
            note(format!("{}: no named trees", shown_path(&self.file)));
        }
        Ok(Status::Done)
    }
}

impl Named {
    fn create(self) -> Outcome {
        let db = open_to_write(&self.file, &self.keys)?;
        let created = db.write(|transaction| transaction.create_tree(&self.name));
        if !created.map_err(|error| Failure::engine(&self.file, error))? {
            let place = shown_path(&self.file);
            let message = format!("{place}: a tree of this name is there already; it was not touched");
            return Err(Failure::new(Status::Cannot, "EXISTS", message));
        }
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }

    fn drop(self) -> Outcome {
        let db = open_to_write(&self.file, &self.keys)?;
        let dropped = db.write(|transaction| transaction.drop_tree(&self.name));
        let dropped = dropped.map_err(|error| Failure::engine(&self.file, error))?;
        note_witness(&db, &self.keys);
        Ok(if dropped { Status::Done } else { Status::Nothing })
    }
}
