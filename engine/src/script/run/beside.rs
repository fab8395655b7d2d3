//! Other databases beside the script's own, each on a disk of its own: where foreign logs, old copies and forks come from.
//! What happens there leaves no events but the beginning and the end of the line.

use super::{Done, Failure, Runner};
use crate::crypto::{KdfProfile, Unlock};
use crate::script::{BesideStep, KeyStep, Op};
use crate::trace::Recorder;
use crate::vfs::{DiskImage, SimVfs};

/// Most databases beside one script.
const BESIDE_MAX: usize = 16;

impl Runner {
    /// The database that `beside NAME …` made.
    pub fn beside(&self, name: &str) -> Option<&Runner> {
        self.beside.get(name)
    }

    pub(super) fn beside_named(&self, name: &str) -> Result<&Runner, Failure> {
        match self.beside.get(name) {
            Some(other) => Ok(other),
            None => {
                Failure::refused(format!("there is no {name}; `beside {name} new` or `beside {name} copy` makes it"))
            }
        }
    }

    pub(super) fn run_beside(&mut self, name: &str, step: &BesideStep) -> Done {
        if !self.beside.contains_key(name) && self.beside.len() >= BESIDE_MAX {
            return Failure::refused(format!("there are {BESIDE_MAX} databases beside this one already"));
        }
        match step {
            BesideStep::New { seed } => {
                // Each has randomness of its own, the same whenever the script is run.
                let branch = self.beside.len() as u64 + 1;
                let seed = seed.unwrap_or(self.options.seed.wrapping_add(branch << 16));
                let other = Runner::new(super::RunnerOptions { seed, found: None, ..self.options.clone() });
                self.beside.insert(name.to_owned(), other);
                Ok(format!("{name} is another database, seed {seed}"))
            }
            BesideStep::Copy => {
                let files = self.disk.files();
                let sizes: Vec<String> = files.iter().map(|file| format!("{} bytes", file.bytes.len())).collect();
                let image = DiskImage::of(files.iter().map(|file| (file.file.clone(), file.bytes.to_vec())));
                let branch = self.beside.len() as u64 + 1;
                let disk = SimVfs::from_image(image, self.options.seed);
                let other = Runner::closed(self.options.clone(), disk, Recorder::new(), branch << 16);
                self.beside.insert(name.to_owned(), other);
                Ok(format!("{name} is a copy of the files as they are: {}", sizes.join(" and ")))
            }
            BesideStep::Do(op) => self.do_beside(name, op),
        }
    }

    fn do_beside(&mut self, name: &str, op: &Op) -> Done {
        self.beside_named(name)?;
        let Some(other) = self.beside.get_mut(name) else {
            return Failure::refused("invariant: it was found");
        };
        // A copy is closed until something is asked of it that the files alone cannot answer.
        let of_files = matches!(
            op,
            Op::Tamper(_)
                | Op::Forge(_)
                | Op::Verify
                | Op::VerifyAnchored
                | Op::Salvage
                | Op::Reopen
                | Op::Expect(_)
                | Op::Show(_)
        );
        if other.database.is_none() && !of_files {
            other.open(false)?;
        }
        let outcome = other.run(op);
        if outcome.failed { Failure::refused(outcome.text) } else { Ok(outcome.text) }
    }

    pub(super) fn change_keys(&mut self, step: &KeyStep) -> Done {
        let passphrase = |word: &str| Unlock::Passphrase(word.into());
        let store = self.store()?;
        Ok(match step {
            KeyStep::Add { passphrase: word } => {
                let slot = store.add_key(passphrase(word), KdfProfile::TEST)?;
                format!("key slot {slot} is opened by {word}")
            }
            KeyStep::Remove { slot } => {
                store.remove_key(*slot)?;
                format!("key slot {slot} is empty")
            }
            KeyStep::Rewrap { slot, passphrase: word } => {
                store.rewrap_key(*slot, passphrase(word), KdfProfile::TEST)?;
                format!("key slot {slot} is opened by {word}")
            }
        })
    }
}
