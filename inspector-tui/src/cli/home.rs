//! What `tosumu` says when it is given no verb and nobody is at a terminal: the tour as text, then the verbs.

use super::common::{Outcome, Output, Status};
use crate::tour;
use clap::CommandFactory;

/// Prints the tour.
pub fn run() -> Outcome {
    print_tour()
}

fn print_tour() -> Outcome {
    let command = super::Cli::command();
    let about = |verb: &clap::Command| verb.get_about().map(ToString::to_string).unwrap_or_default();
    let verbs: Vec<(String, String)> =
        command.get_subcommands().map(|verb| (verb.get_name().to_string(), about(verb))).collect();
    let mut output = Output::new();
    output.bytes(tour::tour(&verbs).as_bytes())?;
    output.finish()?;
    Ok(Status::Done)
}
