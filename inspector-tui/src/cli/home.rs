//! What `tosumu` says when it is given no verb: a short guide.

use super::common::{Outcome, Output, Status};
use clap::CommandFactory;

/// Prints the guide.
pub fn run() -> Outcome {
    let command = super::Cli::command();
    let mut output = Output::new();
    output.line("tosumu: a small authenticated storage engine that can be watched at work")?;
    output.line("")?;
    for verb in command.get_subcommands() {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        output.line(format!("  tosumu {:<12} {about}", verb.get_name()))?;
    }
    output.line("")?;
    output.line("Begin with:")?;
    output.line("  tosumu init notes.tsm")?;
    output.line("  tosumu put notes.tsm greeting hello")?;
    output.line("  tosumu get notes.tsm greeting")?;
    output.line("`tosumu VERB --help` says more.")?;
    output.finish()?;
    Ok(Status::Done)
}
