//! `tosumu fixture`: the gallery of sound and damaged files.

use super::common::{Failure, Outcome, Output, Status};
use super::screen;
use crate::command::Command;
use crate::gallery::{self, Fixture};
use crate::model::Model;
use crate::runtime::Worker;
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
    /// Name every fixture and what happened to it
    List,
    /// Tell one fixture's story, recipe, findings, loss and remedy
    Show {
        /// Its name
        name: String,
    },
    /// Open one in the inspector
    Open {
        /// Its name
        name: String,
    },
    /// Make the files anew from their recipes
    Make {
        /// The folder that holds `good`, `damaged` and `recipes`
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
            Act::List => list(),
            Act::Show { name } => show(find(&name)?),
            Act::Open { name } => open(find(&name)?),
            Act::Make { folder } => make(&folder),
            Act::Check => check(),
        }
    }
}

fn find(name: &str) -> Result<&'static Fixture, Failure> {
    gallery::named(name).ok_or_else(|| {
        let names: Vec<_> = gallery::all().iter().map(|fixture| fixture.name.as_str()).collect();
        Failure::new(
            Status::Cannot,
            "NOT-FOUND",
            format!("there is no fixture `{name}`; there is: {}", names.join(", ")),
        )
    })
}

fn list() -> Outcome {
    let mut output = Output::new();
    for fixture in gallery::all() {
        output.line(format!("{:<24} {}", fixture.name, fixture.story))?;
    }
    output.finish()?;
    Ok(Status::Done)
}

fn show(fixture: &Fixture) -> Outcome {
    let mut output = Output::new();
    output.line(format!("{}\n", fixture.name))?;
    output.line(format!("Story     {}", fixture.story))?;
    let report = fixture.report().map_err(|error| Failure::engine(Path::new(&fixture.file()), error))?;
    for finding in &report.findings {
        output.line(format!("Finding   {finding}"))?;
    }
    if report.findings.is_empty() {
        output.line("Finding   none")?;
    }
    output.line(format!("Lost      {}", fixture.lost))?;
    output.line(format!("Remedy    {}", fixture.remedy))?;
    output.line("\nRecipe")?;
    let (recipe, other) = fixture.recipes();
    for text in recipe.into_iter().chain(other) {
        text.lines().try_for_each(|line| output.line(format!("  {line}")))?;
    }
    output.finish()?;
    Ok(Status::Done)
}

fn open(fixture: &Fixture) -> Outcome {
    let place = gallery::all().iter().position(|other| other.name == fixture.name);
    screen::show(Model::nothing(), Worker::new(), place.map(Command::LoadFixture))?;
    Ok(Status::Done)
}

fn make(folder: &Path) -> Outcome {
    let mut output = Output::new();
    for fixture in gallery::all() {
        let files = fixture
            .made()
            .map_err(|why| Failure::new(Status::Nothing, "FIXTURE", format!("{}: {why}", fixture.name)))?;
        for (name, bytes) in files {
            let path = folder.join(&fixture.folder).join(name);
            let failed = |source| Failure::io(&path.to_string_lossy(), source);
            path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
            std::fs::write(&path, &bytes).map_err(failed)?;
            output.line(format!("{} bytes  {}", bytes.len(), path.display()))?;
        }
    }
    output.finish()?;
    Ok(Status::Done)
}

fn check() -> Outcome {
    let mut output = Output::new();
    let mut status = Status::Done;
    for fixture in gallery::all() {
        let wrong = fixture.check();
        if wrong.is_empty() {
            output.line(format!(
                "ok      {}: bytes as the recipe makes them, {} findings as told",
                fixture.name,
                fixture.findings.len()
            ))?;
        } else {
            status = Status::Nothing;
        }
        wrong.iter().try_for_each(|why| output.line(format!("FAILED  {}: {why}", fixture.name)))?;
    }
    output.finish()?;
    Ok(status)
}
