//! The command line: a file a verb, what they share in `common`.
//!
//! Data goes to standard output, everything else to standard error as `tosumu: CODE: message`. A verb never prints by
//! `println!`, which panics on a broken pipe, never ends the process by itself, and never takes a secret as an argument.

mod common;

mod backup;
mod checkpoint;
mod compact;
mod completions;
mod config;
mod del;
mod dump;
mod exam;
mod export;
mod feed;
mod fingerprint;
mod fixture;
mod get;
mod hex;
mod home;
mod import;
mod init;
mod inspect;
mod key;
mod lab;
mod learn;
mod man;
mod narrate;
mod open;
mod probe;
mod progress;
mod put;
mod rekey;
mod replay;
mod restore;
mod run;
mod salvage;
mod scan;
mod screen;
mod shot;
mod stat;
mod tree;
mod verify;

use clap::{Parser, Subcommand};
use common::{Failure, LookOptions, Outcome, Output, Status};
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Keys and values are text with the escapes \\xNN \\t \\n \\\\ (or hex digits with --hex).
Exit status: 0 done; 1 nothing found; 2 damage met, or a file that is not ours; 3 cannot; 64 wrong use.";

#[derive(Parser)]
#[command(name = "tosumu", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
/// A small authenticated storage engine that can be watched at work
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    look: LookOptions,
}

/// Every verb there is. A new one is a file with an `Args` struct and its `run`, a variant and a line below.
#[derive(Subcommand)]
enum Verb {
    Init(init::Init),
    Put(put::Put),
    Get(get::Get),
    Del(del::Del),
    Scan(scan::Scan),
    Feed(feed::Feed),
    Dump(dump::Dump),
    Checkpoint(checkpoint::Checkpoint),
    Compact(compact::Compact),
    Backup(backup::Backup),
    Restore(restore::RestoreVerb),
    Salvage(salvage::SalvageVerb),
    Export(export::Export),
    Import(import::ImportVerb),
    Lab(lab::Lab),
    Open(open::Open),
    Run(run::Run),
    Replay(replay::Replay),
    Verify(verify::Verify),
    Inspect(inspect::Inspect),
    Hex(hex::Hex),
    Fingerprint(fingerprint::Fingerprint),
    Key(key::Key),
    Rekey(rekey::Rekey),
    Tree(tree::TreeVerb),
    Stat(stat::Stat),
    Shot(shot::Shot),
    Learn(learn::Learn),
    Fixture(fixture::FixtureVerb),
    Exam(exam::ExamVerb),
    Config(config::Config),
    Completions(completions::Completions),
    Man(man::ManVerb),
}

impl Verb {
    fn run(self) -> Outcome {
        match self {
            Verb::Init(verb) => verb.run(),
            Verb::Put(verb) => verb.run(),
            Verb::Get(verb) => verb.run(),
            Verb::Del(verb) => verb.run(),
            Verb::Scan(verb) => verb.run(),
            Verb::Feed(verb) => verb.run(),
            Verb::Dump(verb) => verb.run(),
            Verb::Checkpoint(verb) => verb.run(),
            Verb::Compact(verb) => verb.run(),
            Verb::Backup(verb) => verb.run(),
            Verb::Restore(verb) => verb.run(),
            Verb::Salvage(verb) => verb.run(),
            Verb::Export(verb) => verb.run(),
            Verb::Import(verb) => verb.run(),
            Verb::Lab(verb) => verb.run(),
            Verb::Open(verb) => verb.run(),
            Verb::Run(verb) => verb.run(),
            Verb::Replay(verb) => verb.run(),
            Verb::Verify(verb) => verb.run(),
            Verb::Inspect(verb) => verb.run(),
            Verb::Hex(verb) => verb.run(),
            Verb::Fingerprint(verb) => verb.run(),
            Verb::Key(verb) => verb.run(),
            Verb::Rekey(verb) => verb.run(),
            Verb::Tree(verb) => verb.run(),
            Verb::Stat(verb) => verb.run(),
            Verb::Shot(verb) => verb.run(),
            Verb::Learn(verb) => verb.run(),
            Verb::Fixture(verb) => verb.run(),
            Verb::Exam(verb) => verb.run(),
            Verb::Config(verb) => verb.run(),
            Verb::Completions(verb) => verb.run(),
            Verb::Man(verb) => verb.run(),
        }
    }
}

/// Runs the verb that the process was started with, and tells how it ended.
pub fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(Cli { verb: Some(verb), .. }) => verb.run(),
        Ok(Cli { verb: None, look }) => home::run(&look),
        Err(answer) => answer_of_parser(answer),
    };
    let status = outcome.unwrap_or_else(|failure| failure.report());
    ExitCode::from(status as u8)
}

/// Help and version are data; everything else the parser says is wrong use, and its own status 2 would read as damage.
fn answer_of_parser(answer: clap::Error) -> Outcome {
    let text = answer.render().to_string();
    if answer.use_stderr() {
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        return Err(Failure::misuse(text.trim_end()));
    }
    let mut output = Output::new();
    output.bytes(text.as_bytes())?;
    output.finish()?;
    Ok(Status::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_parser_finds_no_fault_in_any_verb() {
        Cli::command().debug_assert();
    }
}
