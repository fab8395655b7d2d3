//! `tosumu man`: the manual pages, from the same descriptions as `--help`.

use super::common::{Failure, Outcome, Output, Status, shown_path};
use clap::{Args, CommandFactory};
use clap_mangen::Man;
use std::path::{Path, PathBuf};

/// Print the manual page, or write those of all verbs into a folder
///
/// To read it: tosumu man | man -l -
#[derive(Args)]
pub struct ManVerb {
    /// Write tosumu.1 and a page for each verb into this folder, which is made when it is not there
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl ManVerb {
    /// Prints one page or writes all.
    pub fn run(self) -> Outcome {
        let mut command = super::Cli::command();
        command.build();
        match &self.folder {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(|source| Failure::io(&shown_path(folder), source))?;
                write_pages(folder, &command, "tosumu")?;
            }
            None => {
                let mut output = Output::new();
                output.bytes(&page(&command)?)?;
                output.finish()?;
            }
        }
        Ok(Status::Done)
    }
}

fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    Man::new(command.clone()).date("").render(&mut bytes).map_err(Failure::output)?;
    Ok(bytes)
}

/// The page of a verb, and those of the verbs under it: `tosumu-key-add.1`.
fn write_pages(folder: &Path, command: &clap::Command, name: &str) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, page(command)?).map_err(|source| Failure::io(&shown_path(&path), source))?;
    let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set());
    verbs.into_iter().try_for_each(|verb| write_pages(folder, verb, &format!("{name}-{}", verb.get_name())))
}
