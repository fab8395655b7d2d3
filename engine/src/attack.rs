//! The attacks that the engine is held to: what faults of a disk do, and what somebody without the key can do who has every
//! byte that ever stood on it. As data, for the table of SECURITY.md, for tests and for lessons; it attacks its own [`Scene`] and
//! nothing else.
//!
//! An attack changes the files of a scene, and [`Attack::try_on`] says what came of it: the engine named the lie, or what it
//! answers is right all the same, or it answered what is not so. The last is *open*, and is shown open.
//!
//! ```
//! use tosumu::attack::{Attack, Outcome, Scene};
//! let scene = Scene::build()?;
//! let attack = Attack::named("log-cut").expect("an attack of that name");
//! assert_eq!(attack.try_on(&scene)?, Outcome::Older); // nothing inside the files can tell
//! assert_eq!(attack.held_against_the_anchor(&scene)?, Some("FRESH-ROLLBACK"));
//! # Ok::<(), tosumu::Error>(())
//! ```

mod edit;
mod list;
mod scene;

pub use scene::{Files, LOG, PAGE_FILE, Records, Scene, everything, options, owner, removed};

use crate::crypto::{Unlock, parse_fingerprint};
use crate::db::CheckpointMode;
use crate::error::{Error, Result};
use crate::finding::Severity;
use crate::inspect::AtRest;
use crate::verify::{Level, VerifyOptions, verify};
use crate::vfs::SimVfs;
use std::fmt;
use std::sync::Arc;

/// Who changes the files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Attacker {
    /// Nobody: bits rot, writes are torn, lost, or land elsewhere.
    Fault,
    /// Somebody without a key who puts back what was ever written, in any mix, and edits what needs no key.
    Mixer,
    /// Somebody without a key who puts back what belongs together.
    Restorer,
    /// Somebody who has the key.
    KeyHolder,
}

impl fmt::Display for Attacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Attacker::Fault => "fault",
            Attacker::Mixer => "mixer",
            Attacker::Restorer => "restorer",
            Attacker::KeyHolder => "key holder",
        })
    }
}

/// When the files are changed, and what the owner does then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    /// Before the database is opened and read.
    AtRest,
    /// While it is open: then it is read.
    OpenThenRead,
    /// While it is open: then the log is folded, and it is closed, opened again and read.
    OpenThenFolded,
}

/// What somebody gains when nothing notices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gain {
    /// An answer that is wrong or old.
    Answer,
    /// A key that was removed opens the database again.
    Key,
    /// The owner's machine does the work that the file asks for.
    Work,
}

/// One attack.
pub struct Attack {
    /// Its stable name.
    pub name: &'static str,
    /// Who does it.
    pub by: Attacker,
    /// What is done, in some words.
    pub does: &'static str,
    when: When,
    gain: Gain,
    change: fn(&Scene, &mut Files) -> Result<()>,
}

/// What came of an attack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The engine refused, with this code.
    Noticed(&'static str),
    /// Every answer is right all the same.
    Harmless,
    /// What the database answered at an earlier commit.
    Older,
    /// What it never answered.
    Wrong,
    /// A key opens that should not.
    Opens,
    /// The work was done.
    Works,
}

impl Outcome {
    /// Whether the attacker got what they wanted.
    pub fn is_open(self) -> bool {
        !matches!(self, Outcome::Noticed(_) | Outcome::Harmless)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Noticed(code) => return write!(f, "`{code}`"),
            Outcome::Harmless => "harmless: every answer is right",
            Outcome::Older => "**open**: an older state is accepted",
            Outcome::Wrong => "**open**: a state that never was is accepted",
            Outcome::Opens => "**open**: the removed key opens it",
            Outcome::Works => "**open**: the work is done",
        })
    }
}

impl Attack {
    /// All of them: those of faults first.
    pub const ALL: &[Attack] = list::ALL;

    /// The attack of this name.
    pub fn named(name: &str) -> Option<&'static Attack> {
        Attack::ALL.iter().find(|attack| attack.name == name)
    }

    /// The files of the scene after the attack. An error says that the scene has nothing to change.
    pub fn change(&self, scene: &Scene) -> Result<Files> {
        let mut files = scene.present.clone();
        (self.change)(scene, &mut files)?;
        Ok(files)
    }

    /// Changes the files and does what their owner does next.
    pub fn try_on(&self, scene: &Scene) -> Result<Outcome> {
        let files = self.change(scene)?;
        let unlock = if self.gain == Gain::Key { removed() } else { owner() };
        Ok(match self.answers(scene, &files, unlock) {
            Err(error) if self.gain == Gain::Work && error.code() != "KDF-BOMB" => Outcome::Works,
            Err(error) => Outcome::Noticed(error.code()),
            Ok(_) if self.gain == Gain::Key => Outcome::Opens,
            Ok(records) if records == scene.records => Outcome::Harmless,
            Ok(records) if scene.earlier.contains(&records) => Outcome::Older,
            Ok(_) => Outcome::Wrong,
        })
    }

    fn answers(&self, scene: &Scene, files: &Files, unlock: Unlock) -> Result<Records> {
        if self.when == When::AtRest {
            return everything(&options(&files.disk(), 9, unlock).open(PAGE_FILE)?);
        }
        let disk = scene.present.disk();
        let db = options(&disk, 9, unlock).open(PAGE_FILE)?;
        change_open_files(&disk, &scene.present, files)?;
        if self.when == When::OpenThenRead {
            return everything(&db);
        }
        db.checkpoint(CheckpointMode::Passive)?;
        drop(db);
        everything(&options(&disk, 10, owner()).open(PAGE_FILE)?)
    }

    /// What `verify` says of the files when it is given the fingerprint line that the owner kept: the code of the first
    /// error, or nothing.
    pub fn held_against_the_anchor(&self, scene: &Scene) -> Result<Option<&'static str>> {
        let anchor = parse_fingerprint(&scene.anchor);
        self.verified(scene, VerifyOptions { level: Level::Anchored, anchor, ..deep() }, Severity::Error)
    }

    /// Its row of SECURITY.md's table, but for the last cell: name and what is done, who does it, what happens, and what the
    /// anchor says of what is open.
    pub fn row(&self, scene: &Scene) -> Result<String> {
        let outcome = self.try_on(scene)?;
        let mut happens = outcome.to_string();
        if let (Outcome::Harmless, Some(code)) = (outcome, self.verified(scene, deep(), Severity::Warning)?) {
            happens.push_str(&format!("; `verify` names it: `{code}`"));
        }
        let anchored = match (outcome.is_open(), self.held_against_the_anchor(scene)?) {
            (false, _) => "–".to_owned(),
            (true, Some(code)) => format!("`{code}`"),
            (true, None) => "**open**".to_owned(),
        };
        Ok(format!("| `{}`: {} | {} | {happens} | {anchored} |", self.name, self.does, self.by))
    }

    /// The code of the first finding of `verify` that is at least so severe.
    fn verified(&self, scene: &Scene, options: VerifyOptions, least: Severity) -> Result<Option<&'static str>> {
        let disk: SimVfs = self.change(scene)?.disk();
        let report = AtRest::open(Arc::new(disk), PAGE_FILE, Some(&owner())).and_then(|file| verify(&file, &options));
        Ok(match report {
            Ok(report) => {
                let wrong = report.findings.iter().find(|finding| finding.severity >= least);
                wrong.map(|finding| finding.code.as_str())
            }
            Err(error) => Some(error.code()),
        })
    }
}

fn deep() -> VerifyOptions {
    VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }
}

/// Writes what differs between two states of the files to the disk of an open database.
fn change_open_files(disk: &SimVfs, before: &Files, after: &Files) -> Result<()> {
    let none = Vec::new();
    let pairs = [
        (PAGE_FILE, &before.page_file, &after.page_file),
        (LOG, before.log.as_ref().unwrap_or(&none), after.log.as_ref().unwrap_or(&none)),
    ];
    for (name, before, after) in pairs {
        let differing = |at: &usize| before.get(*at) != after.get(*at);
        for at in (0..after.len()).filter(differing) {
            disk.tamper(name, at as u64, &after[at..=at]).map_err(|source| Error::io("attacking", name, source))?;
        }
    }
    Ok(())
}
