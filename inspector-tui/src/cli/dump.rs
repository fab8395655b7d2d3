//! `tosumu dump`: every record. Reads through a log and never writes.

use super::common::{
    Failure, KeyOptions, Outcome, Status, TextOptions, TreeOptions, note, open_source, shown_path, tree_failure,
};
use super::scan::print_records;
use crate::describe::plural;
use clap::Args;
use std::path::PathBuf;

/// Print every record, key TAB value, in key order; stops at damage with exit 2
///
/// Every page is held against the seal in its pointer, so what is printed is what was written. Keys out of order, and more or fewer
/// records than are counted, are told when all is printed, with exit 2. Everything else that can be wrong with a file, `verify`
/// tells: pages that two pointers name, free pages in use, an older copy put back.
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
        let stored = tree.as_ref().map_or_else(|| snapshot.record_count(), |tree| tree.info().record_count);
        let mut printed = Printed::default();
        let records = records.inspect(|record| record.iter().for_each(|record| printed.take(record.key())));
        print_records(records, self.text.form(), &self.file)?;
        printed.check(stored, &shown_path(&self.file))?;
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

/// What can be told of the records by printing them.
#[derive(Default)]
struct Printed {
    count: u64,
    last: Vec<u8>,
    is_out_of_order: bool,
}

impl Printed {
    fn take(&mut self, key: &[u8]) {
        self.is_out_of_order |= self.count > 0 && key <= &self.last[..];
        self.count += 1;
        self.last.clear();
        self.last.extend_from_slice(key);
    }

    fn check(&self, stored: u64, file: &str) -> Result<(), Failure> {
        let (code, why) = match (self.is_out_of_order, self.count == stored) {
            (true, _) => ("TREE-RANGE", "keys are out of order".to_owned()),
            (false, false) => {
                let printed = plural(usize::try_from(self.count).unwrap_or(usize::MAX), "record");
                ("TREE-COUNT", format!("{printed} were found where {stored} are counted"))
            }
            (false, true) => return Ok(()),
        };
        let next = format!("do not rely on what was printed: `tosumu verify {file} --level deep` tells what is wrong");
        Err(Failure::new(Status::Damage, code, format!("{file}: {why}; {next}")))
    }
}
