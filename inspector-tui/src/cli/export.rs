//! `tosumu export`: every record as JSON Lines, for other programs. Reads through a log and never writes.

use super::common::{Failure, KeyOptions, Outcome, Status, open_source};
use clap::Args;
use std::io::{self, BufWriter, ErrorKind};
use std::path::PathBuf;
use tosumu::Error;
use tosumu::transfer::export;

/// Print everything as JSON Lines, keys and values in base64, a count and a digest at the end; this is plain text
#[derive(Args)]
pub struct Export {
    /// The database
    file: PathBuf,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Export {
    /// Prints the lines.
    pub fn run(self) -> Outcome {
        let db = open_source(&self.file, &self.keys)?;
        let mut stdout = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        match export(&db.read(), db.page_size(), &mut stdout) {
            Ok(_) => Ok(Status::Done),
            Err(Error::Io { doing: "write", source, .. }) => {
                // What is still in the buffer has nowhere to go.
                let _ = stdout.into_parts();
                Err(match source.kind() {
                    ErrorKind::BrokenPipe => Failure::BrokenPipe,
                    _ => Failure::io("standard output", source),
                })
            }
            Err(error) => {
                drop(stdout);
                Err(Failure::engine(&self.file, error))
            }
        }
    }
}
