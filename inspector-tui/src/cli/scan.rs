//! `tosumu scan`: the records of a range. Reads through a log and never writes.

use super::common::{Failure, KeyOptions, Outcome, Output, Status, TextForm, TextOptions, TreeOptions};
use super::common::{open_source, tree_failure};
use clap::Args;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use tosumu::Record;

/// Print the records of a range, key TAB value, in key order
#[derive(Args)]
pub struct Scan {
    /// The database
    file: PathBuf,
    /// Only keys that begin with this
    #[arg(long, value_name = "P", allow_hyphen_values = true)]
    prefix: Option<String>,
    /// The first key, included
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    from: Option<String>,
    /// The key to stop before
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    to: Option<String>,
    /// At most so many records
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// From the last key to the first
    #[arg(long)]
    reverse: bool,
    #[command(flatten)]
    tree: TreeOptions,
    #[command(flatten)]
    text: TextOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Scan {
    /// Prints the records.
    pub fn run(self) -> Outcome {
        let form = self.text.form();
        let bounds = self.bounds(form)?;
        let db = open_source(&self.file, &self.keys)?;
        let snapshot = db.read();
        let limit = usize::try_from(self.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        // A range that ends before it begins holds nothing.
        let limit = if bounds.is_empty() { 0 } else { limit };
        let tree = self.tree.in_snapshot(&snapshot).map_err(|error| tree_failure(&self.file, error))?;
        let range = match &tree {
            Some(tree) => tree.range::<Vec<u8>>(bounds.ends()),
            None => snapshot.range::<Vec<u8>>(bounds.ends()),
        };
        match self.reverse {
            false => print_records(range.take(limit), form, &self.file)?,
            true => print_records(range.rev().take(limit), form, &self.file)?,
        }
        Ok(Status::Done)
    }

    fn bounds(&self, form: TextForm) -> Result<Bounds, Failure> {
        let read = |what, text: &Option<String>| text.as_ref().map(|text| form.read(what, text.as_bytes())).transpose();
        let prefix = read("--prefix", &self.prefix)?.unwrap_or_default();
        let from = read("--from", &self.from)?.unwrap_or_default();
        let to = read("--to", &self.to)?;
        let ends = [to, end_of_prefix(&prefix)];
        Ok(Bounds { from: from.max(prefix), to: ends.into_iter().flatten().min() })
    }
}

/// The keys that are meant: the prefix and the ends, joined.
struct Bounds {
    from: Vec<u8>,
    to: Option<Vec<u8>>,
}

impl Bounds {
    fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }

    fn ends(&self) -> (Bound<&Vec<u8>>, Bound<&Vec<u8>>) {
        (Bound::Included(&self.from), self.to.as_ref().map_or(Bound::Unbounded, Bound::Excluded))
    }
}

/// The lowest key behind every key that begins with `prefix`; none when it is all 0xff, or empty.
fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Prints records until they end or damage is met; what came before the damage is printed first.
pub fn print_records<'a>(
    records: impl Iterator<Item = tosumu::Result<Record<'a>>>,
    form: TextForm,
    file: &Path,
) -> Result<(), Failure> {
    let mut output = Output::new();
    for record in records {
        match record {
            Ok(record) => {
                output.bytes(form.write(record.key()).as_bytes())?;
                output.bytes(b"\t")?;
                output.line(form.write(record.value()))?;
            }
            Err(error) => {
                output.finish()?;
                return Err(Failure::engine(file, error));
            }
        }
    }
    output.finish()
}
