//! The gallery: sound and damaged files, each with the recipe that makes it, its story, and what verify must find in it.
//!
//! The bytes stand in `fixtures/` and are compiled in; a recipe is a script, so they can be made again and compared.
//! `fixtures/manifest.json` tells the rest.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tosumu::inspect::AtRest;
use tosumu::script::{Runner, RunnerOptions, Script};
use tosumu::verify::{Report, VerifyOptions, verify};
use tosumu::vfs::{MemoryVfs, OpenMode, Vfs, write_all_at};
use tosumu::{Code, PageNo, Severity};

/// What the manifest says of one fixture.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// Its name: the page file is `NAME.tsm`.
    pub name: String,
    /// `good` or `damaged`: the folder it stands in.
    pub folder: String,
    /// What happened to it, in a sentence.
    pub story: String,
    /// What is lost.
    pub lost: String,
    /// What to do about it.
    pub remedy: String,
    /// The exit status of `verify`.
    pub exit: u8,
    /// All that verify finds, in its order.
    pub findings: Vec<ExpectedFinding>,
}

/// A finding as the manifest states it: the code and the exact place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFinding {
    /// The code.
    pub code: Code,
    /// How bad it is here.
    pub severity: Severity,
    /// The file.
    pub file: Option<String>,
    /// The page.
    pub page: Option<PageNo>,
    /// First byte of the place.
    pub byte_start: Option<u64>,
    /// The byte behind it.
    pub byte_end: Option<u64>,
}

/// Files by name: the page file and, when it holds anything, the log.
pub type Files = BTreeMap<String, Vec<u8>>;

const MANIFEST: &str = include_str!("../../fixtures/manifest.json");

macro_rules! files {
    ($($folder:literal $name:literal,)*) => {
        &[$((concat!($folder, "/", $name), include_bytes!(concat!("../../fixtures/", $folder, "/", $name)))),*]
    };
}

macro_rules! recipes {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../fixtures/recipes/", $name, ".script")))),*]
    };
}

/// The bytes of every fixture, by folder and name.
const BYTES: &[(&str, &[u8])] = files![
    "good" "fresh.tsm",
    "good" "thousand-records.tsm",
    "good" "everything.tsm",
    "good" "everything.tsm-wal",
    "damaged" "torn-log-tail.tsm",
    "damaged" "torn-log-tail.tsm-wal",
    "damaged" "bit-flip-in-a-leaf.tsm",
    "damaged" "two-pages-swapped.tsm",
    "damaged" "one-page-rolled-back.tsm",
    "damaged" "five-pages-rolled-back.tsm",
    "damaged" "log-of-another-file.tsm",
    "damaged" "log-of-another-file.tsm-wal",
];

/// The recipes by name. `NAME.log` makes another database, whose log takes the place of NAME's.
const RECIPES: &[(&str, &str)] = recipes![
    "fresh",
    "thousand-records",
    "everything",
    "torn-log-tail",
    "bit-flip-in-a-leaf",
    "two-pages-swapped",
    "one-page-rolled-back",
    "five-pages-rolled-back",
    "log-of-another-file",
    "log-of-another-file.log",
];

/// Every fixture, in the order of the manifest. That it can be read is proved by a test.
pub fn all() -> &'static [Fixture] {
    static ALL: LazyLock<Vec<Fixture>> = LazyLock::new(|| serde_json::from_str(MANIFEST).unwrap_or_default());
    &ALL
}

/// The fixture called `name`.
pub fn named(name: &str) -> Option<&'static Fixture> {
    all().iter().find(|fixture| fixture.name == name)
}

impl Fixture {
    /// The name of its page file.
    pub fn file(&self) -> String {
        format!("{}.tsm", self.name)
    }

    /// The script that makes it, and the one whose log replaces its own.
    pub fn recipes(&self) -> (Option<&'static str>, Option<&'static str>) {
        let find = |name: &str| RECIPES.iter().find(|(recipe, _)| *recipe == name).map(|(_, text)| *text);
        (find(&self.name), find(&format!("{}.log", self.name)))
    }

    /// Its files, as they are kept.
    pub fn kept(&self) -> Files {
        let names = [self.file(), format!("{}-wal", self.file())];
        let kept = |name: &String| {
            let place = format!("{}/{name}", self.folder);
            BYTES.iter().find(|(kept, _)| *kept == place).map(|(_, bytes)| (name.clone(), bytes.to_vec()))
        };
        names.iter().filter_map(kept).collect()
    }

    /// Its files, made anew from the recipe.
    pub fn made(&self) -> Result<Files, String> {
        let (recipe, log_recipe) = self.recipes();
        let recipe = recipe.ok_or_else(|| format!("{} has no recipe", self.name))?;
        let mut files = run_recipe(&self.file(), recipe)?;
        if let Some(other) = log_recipe {
            let log = format!("{}-wal", self.file());
            let foreign = run_recipe(&self.file(), other)?.remove(&log);
            files.insert(log, foreign.ok_or("the other recipe leaves no log")?);
        }
        Ok(files)
    }

    /// A disk in memory that holds the fixture, at its file name.
    pub fn disk(&self) -> Arc<dyn Vfs> {
        disk_of(&self.kept())
    }

    /// The fixture as a file at rest.
    pub fn at_rest(&self) -> Result<AtRest, tosumu::Error> {
        AtRest::open(self.disk(), Path::new(&self.file()), None)
    }

    /// What verify says of it.
    pub fn report(&self) -> Result<Report, tosumu::Error> {
        verify(&self.at_rest()?, &VerifyOptions::default())
    }

    /// Everything that is not as the manifest says, a line each; empty when all is.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        match self.made() {
            Ok(made) if made == self.kept() => {}
            Ok(_) => wrong.push("the recipe makes other bytes than are kept; `fixture make` writes them".to_owned()),
            Err(error) => wrong.push(format!("the recipe fails: {error}")),
        }
        match self.report() {
            Ok(report) => wrong.extend(self.compare(&report)),
            Err(error) => wrong.push(format!("it cannot be opened: {error}")),
        }
        wrong
    }

    fn compare(&self, report: &Report) -> Vec<String> {
        let found: Vec<ExpectedFinding> = report.findings.iter().map(ExpectedFinding::from).collect();
        let mut wrong = Vec::new();
        if report.exit() != self.exit {
            wrong.push(format!("verify ends with {}, the manifest says {}", report.exit(), self.exit));
        }
        let json = |findings: &[ExpectedFinding]| serde_json::to_string(findings).unwrap_or_default();
        if found != self.findings {
            wrong.push(format!("verify finds {}, the manifest says {}", json(&found), json(&self.findings)));
        }
        wrong
    }
}

impl From<&tosumu::Finding> for ExpectedFinding {
    fn from(finding: &tosumu::Finding) -> ExpectedFinding {
        ExpectedFinding {
            code: finding.code,
            severity: finding.severity,
            file: finding.file.clone(),
            page: finding.page,
            byte_start: finding.byte_start,
            byte_end: finding.byte_end,
        }
    }
}

/// A disk in memory that holds `files`.
pub fn disk_of(files: &Files) -> Arc<dyn Vfs> {
    let disk = MemoryVfs::new();
    for (name, bytes) in files {
        // A disk in memory refuses nothing; were it to, the file would be missing and every check would say so.
        let _ = disk.open(Path::new(name), OpenMode::CreateNew).and_then(|file| write_all_at(&*file, 0, bytes));
    }
    Arc::new(disk)
}

/// Runs a recipe; an operation that fails ends it. Empty files are left out: a log that was folded holds nothing.
fn run_recipe(file: &str, recipe: &str) -> Result<Files, String> {
    let script = Script::parse(recipe).map_err(|error| error.to_string())?;
    let mut runner = Runner::new(script.options(RunnerOptions { file: file.to_owned(), ..RunnerOptions::default() }));
    for line in &script.lines {
        let outcome = runner.run(&line.op);
        if outcome.failed {
            return Err(format!("`{}`: {}", line.text, outcome.text));
        }
    }
    runner.finish();
    let files = runner.disk().files().into_iter().map(|file| (file.file, file.bytes.to_vec()));
    Ok(files.filter(|(_, bytes)| !bytes.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixture_is_as_its_recipe_makes_it_and_verify_finds_what_the_manifest_says() {
        let fixtures: Vec<Fixture> = serde_json::from_str(MANIFEST).unwrap();
        assert_eq!(fixtures.len(), 9);
        for fixture in fixtures {
            assert_eq!(fixture.check(), Vec::<String>::new(), "{}", fixture.name);
        }
    }

    #[test]
    fn every_kept_file_belongs_to_a_fixture_and_is_small() {
        for (place, bytes) in BYTES {
            let owner = all()
                .iter()
                .find(|fixture| fixture.kept().keys().any(|name| *place == format!("{}/{name}", fixture.folder)));
            assert!(owner.is_some(), "{place} belongs to no fixture");
            assert!(bytes.len() <= 64 * 1024, "{place} has {} bytes", bytes.len());
        }
    }

    #[test]
    fn a_fixture_that_changed_is_noticed() {
        let mut fixture = named("bit-flip-in-a-leaf").unwrap().clone();
        fixture.findings[0].byte_start = Some(0);
        assert_eq!(fixture.check().len(), 1);
        fixture.name = "two-pages-swapped".to_owned();
        assert!(!fixture.check().is_empty());
    }
}
