//! `tosumu lab`: a real engine on a simulated disk, to be stepped through.

use super::common::{Failure, LookOptions, Outcome, Status, shown_path};
use super::screen;
use crate::command::Command;
use crate::keep::{About, LastSession};
use crate::message::Sample;
use crate::model::Model;
use crate::runtime::Worker;
use clap::Args;
use std::path::PathBuf;
use tosumu::PageSize;
use tosumu::script::Script;

/// Open the lab: run operations on a simulated disk, step through them, cut the power
#[derive(Args, Debug)]
pub struct Lab {
    /// Begin with the store that a script makes instead of the sample store
    #[arg(long, value_name = "F")]
    script: Option<PathBuf>,
    /// Page size in bytes; without a script the lab then begins with an empty store
    #[arg(long, value_name = "N", value_parser = parse_page_size)]
    page_size: Option<PageSize>,
    /// Begin anew: do not go on with the last session
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    look: LookOptions,
}

fn parse_page_size(text: &str) -> Result<PageSize, String> {
    text.parse()
        .ok()
        .and_then(PageSize::new)
        .ok_or_else(|| "a page size is a power of two from 512 to 65536".to_owned())
}

impl Lab {
    /// Shows the lab; off a terminal its first screen as text.
    pub fn run(self) -> Outcome {
        let (worker, sample) = match (&self.script, self.page_size) {
            (None, None) => (Worker::new(), Sample::Sample),
            (None, size) => (Worker::with_script(parsed("")?, "empty store", size), Sample::Own),
            (Some(path), size) => {
                let text = std::fs::read_to_string(path).map_err(|source| Failure::io(&shown_path(path), source))?;
                let name = path.file_name().map_or_else(String::new, |name| shown_path(name.as_ref()));
                (Worker::with_script(parsed(&text)?, &name, size), Sample::Own)
            }
        };
        let mut model = Model::nothing();
        model.kept.store = match &self.script {
            Some(path) => About::Script(path.clone()),
            None if sample == Sample::Sample => About::Lab,
            None => About::Nothing,
        };
        if model.kept.store != About::Nothing && !self.fresh && screen::is_interactive() {
            model.kept.last_session = LastSession::GoOn;
        }
        screen::show(model, worker, Some(Command::MakeLab(sample)), &self.look)?;
        Ok(Status::Done)
    }
}

fn parsed(text: &str) -> Result<Script, Failure> {
    Script::parse(text).map_err(|error| Failure::misuse(error.to_string()))
}
