//! `tosumu init`: creates an empty database.

use super::common::{CreateOptions, KeyOptions, Outcome, Output, Status};
use super::common::{is_new_witness, note, shown_path, told_of_new_witness, with_unlock};
use clap::Args;
use std::path::PathBuf;
use tosumu::Unlock;

/// Create an empty database
#[derive(Args)]
pub struct Init {
    /// The file to create
    file: PathBuf,
    #[command(flatten)]
    create: CreateOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Init {
    /// Creates the file; one that is there is not touched.
    pub fn run(self) -> Outcome {
        let is_new = is_new_witness(&self.keys);
        let (page_size, kind) = with_unlock(&self.file, &self.keys, |unlock: Unlock| {
            let kind = unlock.kind();
            let db = self.keys.witnessed(self.create.options()).unlock(unlock).create_new(&self.file)?;
            Ok((db.page_size(), kind))
        })?;
        told_of_new_witness(&self.keys, is_new);
        let shown = shown_path(&self.file);
        let mut output = Output::new();
        output.line(format!("created {shown}: pages of {} bytes, key slot 0: {kind}", page_size.get()))?;
        output.finish()?;
        if kind == Unlock::Keyless.kind() {
            note(format!(
                "{shown} is authenticated, not secret: the key stands in the file, so whoever has the file can read it"
            ));
        }
        Ok(Status::Done)
    }
}
