//! The forensics exam: damaged databases without names, made from a seed, each with one true cause. The cause is chosen and the
//! place drawn; what `verify` finds first, what can be saved and what is lost are computed from the bytes.
//!
//! `cause` lists what can have happened, `recipe` draws a script that does it, `truth` finds out what came of it, `sheet` is the
//! file of answers, `grade` holds answers against the truth. Nothing here knows a screen or touches a file. The same seed gives
//! the same bytes.

mod cause;
mod dice;
mod grade;
mod recipe;
mod sheet;
mod truth;

pub use cause::Cause;
pub use grade::{Grade, Mark, Salvaged, grade};
pub use sheet::{Answers, Sheet, SheetError, blank};
pub use truth::{Loss, Records, Truth, records_of};

use crate::gallery::{self, Files, Fixture, Group};
use dice::Dice;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tosumu::Unlock;
use tosumu::crypto::parse_fingerprint;
use tosumu::inspect::Beside;
use tosumu::script::{Found, RunnerOptions, Script};
use tosumu::types::PageSize;
use tosumu::verify::{Level, VerifyOptions};
use tosumu::vfs::Vfs;

/// Cases of an exam when nobody says how many.
pub const CASES: usize = 8;
/// Most cases of an exam.
pub const CASES_MAX: usize = 99;
/// The other database that lies in every folder of an exam.
pub const OTHER: &str = "other.tsm";
/// Draws of one case that may come to nothing before that counts as a defect.
const DRAWS_MAX: u64 = 64;

/// Where the cases come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    /// They are made.
    Seed,
    /// They are files of the gallery.
    Gallery,
}

/// An exam as a value: all else follows from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exam {
    /// Where its cases come from.
    pub from: From,
    /// What decides everything.
    pub seed: u64,
    /// How many cases it has.
    pub count: usize,
}

/// What happened to a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happened {
    /// One of the causes that are drawn.
    Drawn(Cause),
    /// What happened to a file of the gallery.
    Kept(&'static Fixture),
}

/// One damaged database.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its number, from 1.
    pub number: usize,
    /// What happened to it.
    pub happened: Happened,
    /// The script that made it.
    pub recipe: String,
    /// Its files, by their names in the exam: `case-3.tsm` and, where it has one, its log. Not what lies beside.
    pub files: Files,
    /// Another database to compare it with; its names are `other.tsm…` or `case-3.beside.tsm…`.
    pub beside: Files,
    /// What its owner noted of it before anything happened.
    pub fingerprint: Option<String>,
    /// The passphrase it is opened with; none: its key stands in the clear.
    pub passphrase: Option<String>,
    /// How deep it is verified when that is not usual.
    pub level: Option<Level>,
    /// What came of it.
    pub truth: Truth,
}

impl Exam {
    /// All cases; an error is a defect of this program.
    pub fn cases(&self) -> Result<Vec<Case>, String> {
        match self.from {
            From::Seed => draw(self.seed, self.count),
            From::Gallery => from_gallery(self.seed, self.count),
        }
    }
}

/// Makes `count` cases. Three quarters of them and more have different causes; now and then one comes twice, so that none can be
/// told by elimination.
pub fn draw(seed: u64, count: usize) -> Result<Vec<Case>, String> {
    causes(seed, count).into_iter().zip(1..).map(|(cause, number)| Case::drawn(number, cause, seed)).collect()
}

fn causes(seed: u64, count: usize) -> Vec<Cause> {
    let mut dice = Dice::of(seed);
    let deck = dice.shuffled(Cause::ALL.to_vec());
    let mut causes: Vec<Cause> = Vec::new();
    for number in 0..count {
        let twice = number - causes.iter().collect::<BTreeSet<_>>().len();
        let repeats = number > 3 && twice < number / 4 && dice.below(6) == 0;
        let again = dice.one(&causes).copied().filter(|_| repeats);
        causes.push(again.unwrap_or(deck[number % deck.len()]));
    }
    causes
}

/// Takes `count` damaged files of the gallery, no two the same.
pub fn from_gallery(seed: u64, count: usize) -> Result<Vec<Case>, String> {
    let damaged = gallery::all().iter().filter(|fixture| fixture.group != Group::Good).collect();
    let drawn = Dice::of(seed).shuffled::<&'static Fixture>(damaged);
    drawn.into_iter().take(count).zip(1..).map(|(fixture, number)| Case::kept(number, fixture)).collect()
}

/// The case of this number alone, as `draw` makes it. What was made once in this program is kept.
pub fn draw_one(seed: u64, count: usize, number: usize) -> Result<Arc<Case>, String> {
    type Made = BTreeMap<(u64, usize, usize), Arc<Case>>;
    static MADE: Mutex<Made> = Mutex::new(Made::new());
    let cause = number.checked_sub(1).and_then(|at| causes(seed, count).get(at).copied());
    let cause = cause.ok_or_else(|| format!("cases are numbered from 1 to {count}"))?;
    let known = |made: &Made| made.get(&(seed, count, number)).cloned();
    if let Some(case) = MADE.lock().ok().and_then(|made| known(&made)) {
        return Ok(case);
    }
    let case = Arc::new(Case::drawn(number, cause, seed)?);
    if let Ok(mut made) = MADE.lock() {
        made.insert((seed, count, number), case.clone());
    }
    Ok(case)
}

impl Case {
    /// A case with this cause; the place is drawn. A draw that did not come to what the cause claims is drawn again.
    pub fn drawn(number: usize, cause: Cause, seed: u64) -> Result<Case, String> {
        let mut why = String::new();
        for attempt in 0..DRAWS_MAX {
            let mut dice = Dice::of(seed ^ (number as u64) << 40 ^ attempt << 56);
            match Case::attempted(number, cause, &mut dice, seed) {
                Ok(case) if cause.claims(&case.truth) => return Ok(case),
                Ok(case) => why = format!("verify finds {}", case.truth.finding_words()),
                Err(error) => why = error,
            }
        }
        Err(format!("case {number} ({}, seed {seed}) cannot be drawn: {why}", cause.slug()))
    }

    fn attempted(number: usize, cause: Cause, dice: &mut Dice, seed: u64) -> Result<Case, String> {
        let recipe = recipe::draw(cause, dice, seed)?;
        let file = file_name(number);
        let made = truth::make(&file, &recipe)?;
        let beside = recipe::other(seed)?;
        let mut case = Case {
            number,
            happened: Happened::Drawn(cause),
            recipe,
            files: made.files,
            beside,
            fingerprint: made.fingerprint,
            passphrase: None,
            level: None,
            truth: Truth::default(),
        };
        case.truth = truth::find(&case, &made.held)?;
        Ok(case)
    }

    /// A file of the gallery as a case.
    pub fn kept(number: usize, fixture: &'static Fixture) -> Result<Case, String> {
        let recipe = fixture.recipe().ok_or_else(|| format!("{} has no recipe", fixture.name))?;
        let made = truth::make(&fixture.file(), recipe)?;
        let renamed = |(name, bytes): (String, Vec<u8>), to: &str| (name.replacen(&fixture.name, to, 1), bytes);
        let name = format!("case-{number}");
        let own = [fixture.file(), fixture.log()];
        let (files, beside): (Files, Files) = fixture.kept().into_iter().partition(|(name, _)| own.contains(name));
        let other = fixture.beside.clone().unwrap_or_default();
        let beside = beside.into_iter().map(|file| renamed(file, &name));
        let mut case = Case {
            number,
            happened: Happened::Kept(fixture),
            recipe: recipe.to_owned(),
            files: files.into_iter().map(|file| renamed(file, &name)).collect(),
            beside: beside.map(|(name, bytes)| (name.replacen(&format!(".{other}."), ".beside.", 1), bytes)).collect(),
            fingerprint: fixture.anchor.clone(),
            passphrase: match fixture.given.as_deref() {
                Some(given) => given.strip_prefix("passphrase ").map(str::to_owned),
                None => fixture.passphrase.clone(),
            },
            level: fixture.level.as_deref().and_then(Level::parse),
            truth: Truth::default(),
        };
        case.truth = truth::find(&case, &made.held)?;
        Ok(case)
    }

    /// The name of its page file.
    pub fn file(&self) -> String {
        file_name(self.number)
    }

    /// The name of the file that what was salvaged of it is put into.
    pub fn salvaged_file(&self) -> String {
        format!("case-{}.salvaged.tsm", self.number)
    }

    /// The name of the page file to compare it with.
    pub fn beside_file(&self) -> Option<&str> {
        self.beside.keys().map(String::as_str).find(|name| name.ends_with(".tsm"))
    }

    /// What opens it.
    pub fn unlock(&self) -> Option<Unlock> {
        self.passphrase.as_deref().map(|word| Unlock::Passphrase(word.into()))
    }

    /// What a script begins with that is about it.
    pub fn options(&self) -> RunnerOptions {
        let script = Script::parse(&self.recipe).map(|script| script.options(RunnerOptions::default()));
        let page_size = script.map_or(PageSize::TOY, |options| options.page_size);
        let files = self.files.iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
        let found = Found { files, fingerprint: self.fingerprint.clone() };
        RunnerOptions {
            page_size,
            file: self.file(),
            passphrase: self.passphrase.clone(),
            found: Some(Arc::new(found)),
            ..RunnerOptions::default()
        }
    }

    /// A disk in memory with its files and those beside it.
    pub fn disk(&self) -> Arc<dyn Vfs> {
        let files = self.files.iter().chain(&self.beside);
        gallery::disk_of(&files.map(|(name, bytes)| (name.clone(), bytes.clone())).collect())
    }

    /// What it is verified with.
    pub fn verify_options(&self) -> VerifyOptions {
        let anchor = self.fingerprint.as_deref().and_then(parse_fingerprint);
        let usual = if anchor.is_some() { Level::Anchored } else { Level::Seal };
        let unlock = self.unlock();
        let open = |file: &str| Beside::open(self.disk(), file, unlock.as_ref()).ok();
        VerifyOptions {
            level: self.level.unwrap_or(usual),
            anchor,
            beside: self.beside_file().and_then(open).into_iter().collect(),
            ..VerifyOptions::default()
        }
    }

    /// How `verify` is called.
    pub fn verify_command(&self) -> String {
        let mut command = format!("tosumu verify {}", self.file());
        if let Some(level) = self.level {
            command.push_str(&format!(" --level {level}"));
        }
        if let Some(beside) = self.beside_file() {
            command.push_str(&format!(" --beside {beside}"));
        }
        if let Some(fingerprint) = &self.fingerprint {
            command.push_str(&format!(" --anchor '{fingerprint}'"));
        }
        command
    }
}

fn file_name(number: usize) -> String {
    format!("case-{number}.tsm")
}

impl Happened {
    /// The word that stands for it in a sheet of answers.
    pub fn slug(self) -> &'static str {
        match self {
            Happened::Drawn(cause) => cause.slug(),
            Happened::Kept(fixture) => fixture.group.word(),
        }
    }

    /// What happened, in a sentence.
    pub fn story(self) -> &'static str {
        match self {
            Happened::Drawn(cause) => cause.story(),
            Happened::Kept(fixture) => &fixture.story,
        }
    }

    /// What to do.
    pub fn remedy(self) -> &'static str {
        match self {
            Happened::Drawn(cause) => cause.remedy(),
            Happened::Kept(fixture) => &fixture.remedy,
        }
    }
}

#[cfg(test)]
mod tests;
