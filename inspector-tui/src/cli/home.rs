//! What `tosumu` does when it is given no verb: the home screen; off a terminal the tour as text, then the verbs.

use super::common::{LookOptions, Outcome, Output, Status};
use super::screen;
use crate::model::Model;
use crate::runtime::Worker;
use crate::tour;
use clap::CommandFactory;

/// Shows the home screen, or prints the tour.
pub fn run(look: &LookOptions) -> Outcome {
    if screen::is_interactive() || look.narrates() {
        screen::show(Model::home(), Worker::new(), None, look)?;
        return Ok(Status::Done);
    }
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
