//! `tosumu import`: an export, read from standard input.

use super::common::{
    Failure, KdfOptions, KeyOptions, Outcome, Output, Status, is_new_witness, key_failure, note, note_witness,
    open_with, raw_stdin, shown_path, told_of_new_witness,
};
use clap::Args;
use std::io::BufReader;
use std::path::PathBuf;
use tosumu::Error;
use tosumu::transfer::{Existing, Import, ImportFailure};

/// Read an export from standard input; creates the file when there is none, with the page size of the export
///
/// Run it again after it was cut short: records that are there with the same value are passed over.
#[derive(Args)]
pub struct ImportVerb {
    /// The database
    file: PathBuf,
    /// Keep records that the export does not have, and replace values that differ
    #[arg(long)]
    merge: bool,
    #[command(flatten)]
    kdf: KdfOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl ImportVerb {
    /// Reads the export and says what was put.
    pub fn run(self) -> Outcome {
        // The passphrase, when it comes by standard input too, is its first line: it is read before the export.
        let unlock = self.keys.unlock()?;
        let input = BufReader::with_capacity(1 << 16, raw_stdin()?);
        let import = Import::begin(input).map_err(of_input)?;
        let options = self.keys.witnessed(self.kdf.options().page_size(import.page_size()).create(true));
        let is_new = is_new_witness(&self.keys);
        let db = match unlock {
            Some(unlock) => options.unlock(unlock).open(&self.file).map_err(|error| key_failure(&self.file, error))?,
            None => open_with(&self.file, &KeyOptions::default(), options)?,
        };
        told_of_new_witness(&self.keys, is_new);
        let existing = if self.merge { Existing::Merge } else { Existing::MustAgree };
        let imported = import.run(&db, existing);
        note_witness(&db, &self.keys);
        let report = imported.map_err(|failure| self.failure(failure))?;
        let mut output = Output::new();
        output.line(format!(
            "{}: {} records put, {} were there with the same value",
            shown_path(&self.file),
            report.put,
            report.passed_over
        ))?;
        if report.trees > 0 {
            output.line(format!("trees     {} named ones", report.trees))?;
        }
        output.line(format!("digest    {}", report.digest))?;
        output.finish()?;
        Ok(Status::Done)
    }

    fn failure(&self, failure: ImportFailure) -> Failure {
        let ImportFailure { error, line, committed } = failure;
        note(format!(
            "tosumu: {}: {committed} records were put and stay; mend the cause and run the same import again",
            shown_path(&self.file)
        ));
        match &error {
            Error::BadExport { .. } => of_input(error),
            Error::Io { file, .. } if file == "import" => of_input(error),
            Error::Conflict { .. } => Failure::engine(&self.file, error),
            _ => Failure::engine(&self.file, error).at_line(line),
        }
    }
}

fn of_input(error: Error) -> Failure {
    match error {
        Error::Io { source, .. } => Failure::io("standard input", source),
        error => Failure::new(Status::Damage, error.code(), format!("standard input: {error}")),
    }
}
