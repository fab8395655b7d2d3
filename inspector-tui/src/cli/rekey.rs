//! `tosumu rekey`: the same records in a new file under a new data key. It is what revokes a key.

use super::common::{KdfOptions, KeyOptions, NewKeyOptions, Outcome, Output, Status};
use super::common::{copy_failure, note, options, print_copy, shown_path, with_unlock};
use clap::Args;
use std::path::PathBuf;

/// Write a new file with a new data key, so that old keys and old copies open nothing of it
///
/// The key that opens the old file opens the new one too, unless a --new-… option names another. No other key slot comes along,
/// for its secret is not at hand: `key add` adds them. The old file stays as it is.
#[derive(Args)]
pub struct Rekey {
    /// The database
    source: PathBuf,
    /// The file to create
    target: PathBuf,
    #[command(flatten)]
    kdf: KdfOptions,
    #[command(flatten)]
    new: NewKeyOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Rekey {
    /// Writes the file, and says which key slots stayed behind.
    pub fn run(self) -> Outcome {
        let options = self.keys.witnessed(options().read_only(true));
        let (db, opened_with) = with_unlock(&self.source, &self.keys, |unlock| {
            Ok((options.clone().unlock(unlock.clone()).open(&self.source)?, unlock))
        })?;
        let mut output = Output::new();
        let unlock = match self.new.is_given() {
            true => {
                let new = self.new.read(&self.target)?;
                new.show(&mut output)?;
                new.warn(&self.target);
                new.unlock
            }
            false => opened_with,
        };
        let report = db
            .rekey_to(&self.target, unlock.clone(), self.kdf.profile())
            .map_err(|error| copy_failure(&self.source, &self.target, error))?;
        let (source, target) = (shown_path(&self.source), shown_path(&self.target));
        output.line(format!("{target}: {source} under a new data key, key slot 0: {}", unlock.kind()))?;
        print_copy(&mut output, &report)?;
        output.finish()?;
        for slot in db.key_slots().iter().filter(|slot| self.new.is_given() || !slot.is_opened) {
            note(format!(
                "key slot {} ({}) did not come along: its secret is not at hand; see `key add`",
                slot.slot, slot.kind
            ));
        }
        note(format!("{source} and its copies still open with the keys they have: destroy what must not be read"));
        Ok(Status::Done)
    }
}
