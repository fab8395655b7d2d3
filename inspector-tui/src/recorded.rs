//! A finished run as a timeline: what the tour, pictures of scripts and tests look at.

use crate::{
    model::{Model, Report},
    timeline::{FileWorld, Timeline},
};
use std::sync::Arc;
use tosumu::Unlock;
use tosumu::inspect::AtRest;
use tosumu::script::{Runner, RunnerOptions, SAMPLE_STORE, Script, ScriptError};
use tosumu::verify::{self, Level, VerifyOptions};

/// The words in the first line for the sample store.
pub const SAMPLE_TITLE: &str = "sample store, 512-byte pages";

/// Runs a whole script.
pub fn run_script(text: &str) -> Result<Runner, ScriptError> {
    let script = Script::parse(text)?;
    let mut runner = Runner::new(script.options(RunnerOptions::default()));
    for line in &script.lines {
        runner.run(&line.op);
    }
    Ok(runner)
}

/// The sample store, and what these lines did to it.
pub fn sample_store(lines: &[&str]) -> Runner {
    let mut runner = run_script(SAMPLE_STORE).expect("invariant: the sample store's script is right");
    for line in lines {
        runner.run_line(line);
    }
    runner
}

/// What opens the store of `runner`.
pub fn unlock(runner: &Runner) -> Unlock {
    let word = runner.options().passphrase.as_deref();
    word.map_or(Unlock::Keyless, |word| Unlock::Passphrase(word.into()))
}

/// Everything `runner` did, as a timeline.
pub fn timeline(runner: &Runner) -> Timeline {
    let options = runner.options();
    let mut timeline = Timeline::new(&options.file, options.page_size);
    timeline.extend(runner.recorder().events_from(0));
    timeline
}

/// The lab after everything `runner` did.
pub fn lab(runner: &Runner, title: &str) -> Model {
    Model::lab(timeline(runner), title)
}

/// The file that `runner` left on its disk, at rest and verified; without the right key, as far as that can be.
pub fn at_rest(runner: &Runner, unlock: Option<&Unlock>) -> tosumu::Result<Model> {
    model_of(&AtRest::open(Arc::new(runner.disk().clone()), &runner.options().file, unlock)?)
}

/// A file at rest, verified.
pub fn model_of(file: &AtRest) -> tosumu::Result<Model> {
    let at = |level| verify::verify(file, &VerifyOptions { level, ..VerifyOptions::default() });
    let report = at(Level::Seal).or_else(|_| at(Level::Scan))?;
    Ok(Model::file(FileWorld::load(file, Some(&report)), Some(Report::of(&report))))
}

/// Puts `model` at the instant after its first `count` events.
pub fn seek(model: &mut Model, count: usize) {
    if let Some(timeline) = model.timeline() {
        let count = count.min(timeline.len());
        let world = timeline.world_at(count);
        (model.world, model.at) = (world, count);
    }
}
