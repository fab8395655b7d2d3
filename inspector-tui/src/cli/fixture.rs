//! `tosumu fixture`: the gallery of sound and damaged files.

use super::common::{Failure, LookOptions, Outcome, Output, Status};
use super::screen;
use crate::command::Command;
use crate::gallery::{self, Fixture, Group};
use crate::model::Model;
use crate::runtime::Worker;
use crate::widget::text;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// Look at the gallery of sound and damaged files, make them anew, or check them
#[derive(Args)]
pub struct FixtureVerb {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Name every fixture, in groups, and what verify finds in it
    List {
        /// Tell what happened to each instead
        #[arg(long)]
        stories: bool,
    },
    /// Tell one fixture's story, findings and their places, what is lost, what to do, and how to open it
    Show {
        /// Its name
        name: String,
        /// Print the script that makes it, and nothing else
        #[arg(long)]
        recipe: bool,
    },
    /// Open one in the inspector
    Open {
        /// Its name
        name: String,
        #[command(flatten)]
        look: LookOptions,
    },
    /// Make the files anew from their recipes
    Make {
        /// The folder to write into: `good`, `damaged`, and notes of passphrases and fingerprints
        #[arg(default_value = "fixtures")]
        folder: PathBuf,
    },
    /// Make every fixture anew in memory, compare the bytes, and compare what verify finds
    Check,
}

impl FixtureVerb {
    /// Does it.
    pub fn run(self) -> Outcome {
        match self.act {
            Act::List { stories: true } => list(stories_of),
            Act::List { stories: false } => list(codes_of),
            Act::Show { name, recipe: true } => print_recipe(find(&name)?),
            Act::Show { name, recipe: false } => show(find(&name)?),
            Act::Open { name, look } => open(find(&name)?, &look),
            Act::Make { folder } => make(&folder),
            Act::Check => check(),
        }
    }
}

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns of the labels of `show`.
const LABEL: usize = 10;

fn find(name: &str) -> Result<&'static Fixture, Failure> {
    gallery::named(name).ok_or_else(|| {
        let meant = match gallery::like(name)[..] {
            [] => "`tosumu fixture list` names them all".to_owned(),
            ref like => format!("did you mean {}?", like.join(", or ")),
        };
        Failure::new(Status::Cannot, "NOT-FOUND", format!("there is no fixture `{name}`; {meant}"))
    })
}

/// What stands beside a name in the list.
type Told = fn(&Fixture) -> String;

fn stories_of(fixture: &Fixture) -> String {
    fixture.story.clone()
}

/// Each code once.
fn codes_of(fixture: &Fixture) -> String {
    let mut codes: Vec<&str> = fixture.findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.dedup();
    if codes.is_empty() { "nothing found".to_owned() } else { codes.join(" ") }
}

fn list(told: Told) -> Outcome {
    let mut output = Output::new();
    let names = gallery::all().iter().map(|fixture| fixture.name.len()).max().unwrap_or(0) + 4;
    for group in Group::ALL {
        let mut fixtures = gallery::all().iter().filter(|fixture| fixture.group == group).peekable();
        if fixtures.peek().is_some() {
            output.line(group.heading())?;
        }
        for fixture in fixtures {
            let name = format!("  {}", fixture.name);
            for (at, words) in text::wrap(&told(fixture), WIDTH - names).iter().enumerate() {
                output.line(format!("{:<names$}{words}", if at == 0 { name.as_str() } else { "" }))?;
            }
        }
    }
    output.line("\n`tosumu fixture show NAME` tells more, `open NAME` looks inside.")?;
    output.finish()?;
    Ok(Status::Done)
}

fn show(fixture: &Fixture) -> Outcome {
    let mut output = Output::new();
    output.line(format!("{}  ({})\n", fixture.name, fixture.group.heading().to_lowercase()))?;
    labelled(&mut output, "Story", &fixture.story)?;
    let report = fixture.report().map_err(|error| Failure::engine(Path::new(&fixture.file()), error))?;
    if report.findings.is_empty() {
        labelled(&mut output, "Finding", "none")?;
    }
    for (finding, stated) in report.findings.iter().zip(fixture.found(&report)) {
        labelled(&mut output, "Finding", &stated.to_string())?;
        labelled(&mut output, "", &finding.why)?;
    }
    labelled(&mut output, "Lost", &fixture.lost)?;
    labelled(&mut output, "Remedy", &fixture.remedy)?;
    if let Some(passphrase) = &fixture.passphrase {
        labelled(&mut output, "Key", &format!("passphrase `{passphrase}`"))?;
    }
    if let Some(given) = &fixture.given {
        labelled(&mut output, "", &format!("verify is given: {given}"))?;
    }
    output.line("")?;
    labelled(&mut output, "Look", &format!("tosumu fixture open {}", fixture.name))?;
    labelled(&mut output, "Try", "tosumu fixture make DIR")?;
    output.line(format!("{:LABEL$}cd DIR/{} && {}", "", fixture.folder, fixture.verify_command()))?;
    labelled(&mut output, "Recipe", &format!("tosumu fixture show {} --recipe", fixture.name))?;
    output.finish()?;
    Ok(Status::Done)
}

fn labelled(output: &mut Output, label: &str, words: &str) -> Result<(), Failure> {
    for (at, line) in text::wrap(words, WIDTH - LABEL).iter().enumerate() {
        output.line(format!("{:<LABEL$}{line}", if at == 0 { label } else { "" }))?;
    }
    Ok(())
}

fn print_recipe(fixture: &Fixture) -> Outcome {
    let mut output = Output::new();
    output.bytes(fixture.recipe().unwrap_or_default().as_bytes())?;
    output.finish()?;
    Ok(Status::Done)
}

fn open(fixture: &Fixture, look: &LookOptions) -> Outcome {
    let place = gallery::all().iter().position(|other| other.name == fixture.name);
    screen::show(Model::nothing(), Worker::new(), place.map(Command::LoadFixture), look)?;
    Ok(Status::Done)
}

fn make(folder: &Path) -> Outcome {
    let mut output = Output::new();
    let mut write = |path: PathBuf, bytes: &[u8]| {
        let failed = |source| Failure::io(&path.to_string_lossy(), source);
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        std::fs::write(&path, bytes).map_err(failed)?;
        output.line(format!("{:>6} bytes  {}", bytes.len(), path.display()))
    };
    for fixture in gallery::all() {
        let files = fixture
            .made()
            .map_err(|why| Failure::new(Status::Nothing, "FIXTURE", format!("{}: {why}", fixture.name)))?;
        for (name, bytes) in files {
            write(folder.join(&fixture.folder).join(name), &bytes)?;
        }
    }
    write(folder.join("KEYS.md"), gallery::notes(gallery::all()).as_bytes())?;
    output.finish()?;
    Ok(Status::Done)
}

fn check() -> Outcome {
    let mut output = Output::new();
    let (mut sound, mut bad) = (0, 0);
    for fixture in gallery::all() {
        let wrong = fixture.check();
        match wrong.is_empty() {
            true => sound += 1,
            false => bad += 1,
        }
        wrong.iter().try_for_each(|why| output.line(format!("FAILED  {}: {why}", fixture.name)))?;
    }
    output.line(match bad {
        0 => {
            format!("{sound} fixtures are as their recipes make them, and verify finds in each what the manifest says.")
        }
        _ => format!("{bad} fixtures are not as they must be; {sound} are."),
    })?;
    output.finish()?;
    Ok(if bad == 0 { Status::Done } else { Status::Nothing })
}
