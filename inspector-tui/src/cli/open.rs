//! `tosumu open`: a database file at rest, sound or broken, locked or not. It is never written to.

use super::common::{Failure, KeyOptions, LookOptions, Outcome, Status, key_failure, refuse_what_cannot_be_drawn};
use super::screen;
use crate::command::Command;
use crate::model::Model;
use crate::runtime::Worker;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use tosumu::inspect::AtRest;
use tosumu::vfs::OsVfs;
use tosumu::{Code, Unlock};

/// Look at a database file: its tree, its pages byte by byte, its log, and what is wrong with it
#[derive(Args, Debug)]
pub struct Open {
    /// The database; it is never written to
    file: PathBuf,
    #[command(flatten)]
    keys: KeyOptions,
    #[command(flatten)]
    look: LookOptions,
}

impl Open {
    /// Shows the file; off a terminal the first screen as text.
    pub fn run(self) -> Outcome {
        let unlock = self.unlock()?;
        let worker = Worker::with_key(&self.file, unlock);
        screen::show(Model::nothing(), worker, Some(Command::LoadFile(self.file)), &self.look)?;
        Ok(Status::Done)
    }

    /// The key given; asked for when the file wants a passphrase and somebody is there to type it. Without one the file is
    /// shown as far as it can be without a key.
    fn unlock(&self) -> Result<Option<Unlock>, Failure> {
        let given = self.keys.unlock()?;
        let file = AtRest::open(Arc::new(OsVfs), &self.file, given.as_ref())
            .map_err(|error| key_failure(&self.file, error))?;
        refuse_what_cannot_be_drawn(&file, &self.file, &self.keys)?;
        let locked = file.keys().err().is_some_and(|finding| finding.code == Code::KeyNoSlot);
        match given {
            None if locked => KeyOptions::prompt(&self.file),
            given => Ok(given),
        }
    }
}
