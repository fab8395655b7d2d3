//! `tosumu config`: where the configuration is read from, and the present settings as such a file.

use super::common::{LookOptions, Outcome, Output, Status, shown_path};
use crate::config;
use clap::Args;

/// Print where the configuration file is looked for, and the present settings as such a file, with comments
///
/// To begin one: tosumu config > FILE. The keys stand there commented out; each line changes one action.
#[derive(Args)]
pub struct Config {
    #[command(flatten)]
    look: LookOptions,
}

impl Config {
    /// Prints it.
    pub fn run(self) -> Outcome {
        let style = self.look.style()?;
        let mut output = Output::new();
        match self.look.config_path() {
            Some(path) => {
                let state = if path.exists() { "" } else { " (not there yet)" };
                output.line(format!("# {}{state}\n", shown_path(&path)))?;
            }
            None => output.line("# This system has no folder for it: name a file with --config.\n")?,
        }
        output.bytes(config::to_text(&style).as_bytes())?;
        output.finish()?;
        Ok(Status::Done)
    }
}
