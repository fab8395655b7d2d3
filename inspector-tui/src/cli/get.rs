//! `tosumu get`: the value of one key. Reads through a log and never writes.

use super::common::{
    KeyOptions, Outcome, Output, Status, TextForm, TextOptions, TreeOptions, open_to_read, retry, tree_failure,
};
use clap::Args;
use std::path::PathBuf;

/// Print the value of a key and a newline; nothing, and exit 1, when it is not there
///
/// The bytes of the value are printed as they are; on a terminal, escaped.
#[derive(Args)]
pub struct Get {
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

impl Get {
    /// Prints the value.
    pub fn run(self) -> Outcome {
        let form = self.text.form();
        let key = form.read("key", self.key.as_bytes())?;
        let db = open_to_read(&self.file, &self.keys)?;
        let found = retry(|| {
            let snapshot = db.read();
            let value = match self.tree.in_snapshot(&snapshot)? {
                Some(tree) => tree.get(&key)?.map(|value| value.to_vec()),
                None => snapshot.get(&key)?.map(|value| value.to_vec()),
            };
            Ok(value)
        });
        let found = found.map_err(|error| tree_failure(&self.file, error))?;
        let Some(value) = found else { return Ok(Status::Nothing) };
        let mut output = Output::new();
        match form {
            TextForm::Escaped if !output.is_terminal() => output.bytes(&value)?,
            _ => output.bytes(form.write(&value).as_bytes())?,
        }
        output.bytes(b"\n")?;
        output.finish()?;
        Ok(Status::Done)
    }
}
