//! `tosumu completions`: what a shell needs to complete the verbs and their options.

use super::common::{Outcome, Output, Status};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print what a shell needs to complete verbs and options
///
/// bash: tosumu completions bash > ~/.local/share/bash-completion/completions/tosumu
/// zsh: tosumu completions zsh > a file _tosumu in a folder of $fpath
/// fish: tosumu completions fish > ~/.config/fish/completions/tosumu.fish
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints it.
    pub fn run(self) -> Outcome {
        let mut bytes = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "tosumu", &mut bytes);
        let mut output = Output::new();
        output.bytes(&bytes)?;
        output.finish()?;
        Ok(Status::Done)
    }
}
