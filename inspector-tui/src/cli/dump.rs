//! `tosumu dump`: every record. Reads through a log and never writes.

use super::common::{
    KeyOptions, Outcome, Status, TextOptions, TreeOptions, note, open_source, shown_path, tree_failure,
};
use super::scan::print_records;
use crate::describe::plural;
use clap::Args;
use std::path::PathBuf;

/// Print every record, key TAB value, in key order; stops at damage with exit 2
#[derive(Args)]
pub struct Dump {
    /// The database
    file: PathBuf,
    #[command(flatten)]
    tree: TreeOptions,
    #[command(flatten)]
    text: TextOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Dump {
    /// Prints the records.
    pub fn run(self) -> Outcome {
        let db = open_source(&self.file, &self.keys)?;
        let snapshot = db.read();
        let tree = self.tree.in_snapshot(&snapshot).map_err(|error| tree_failure(&self.file, error))?;
        let records = match &tree {
            Some(tree) => tree.range::<[u8]>(..),
            None => snapshot.range::<[u8]>(..),
        };
        print_records(records, self.text.form(), &self.file)?;
        if self.tree.is_main() {
            let named = snapshot.trees().map_err(|error| tree_failure(&self.file, error))?.len();
            if named > 0 {
                let file = shown_path(&self.file);
                let trees = plural(named, "named tree");
                note(format!("{file}: {trees} not shown; `tree list` names them, --tree NAME shows one"));
            }
        }
        Ok(Status::Done)
    }
}
