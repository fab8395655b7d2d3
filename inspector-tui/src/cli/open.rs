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
    /// Look at it again whenever another process has changed it; it is not kept from writing
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    keys: KeyOptions,
    #[command(flatten)]
    look: LookOptions,
}

impl Open {
    /// Shows the file; off a terminal the first screen as text.
    pub fn run(self) -> Outcome {
        let (file, unlock) = self.opened()?;
        let mut model = Model::nothing();
        model.file_work.follow_at_once = self.follow;
        let worker = Worker::with_file(&self.file, unlock, file);
        screen::show(model, worker, Some(Command::LoadFile(self.file)), &self.look)?;
        Ok(Status::Done)
    }

    /// The file, with the key given. A passphrase that it wants is asked for on the screen; where there is none, here, when
    /// somebody is there to type it. Without one the file is shown as far as it can be without a key.
    fn opened(&self) -> Result<(AtRest, Option<Unlock>), Failure> {
        let given = self.keys.unlock()?;
        let open = |unlock: Option<&Unlock>| {
            AtRest::open(Arc::new(OsVfs), &self.file, unlock).map_err(|error| key_failure(&self.file, error))
        };
        let file = open(given.as_ref())?;
        refuse_what_cannot_be_drawn(&file, &self.file, &self.keys)?;
        let locked = file.keys().err().is_some_and(|finding| finding.code == Code::KeyNoSlot);
        let asks_on_the_screen = screen::is_interactive() && !self.look.narrates();
        if given.is_some() || !locked || asks_on_the_screen {
            return Ok((file, given));
        }
        match KeyOptions::prompt(&self.file)? {
            Some(unlock) => Ok((open(Some(&unlock))?, Some(unlock))),
            None => Ok((file, None)),
        }
    }
}
