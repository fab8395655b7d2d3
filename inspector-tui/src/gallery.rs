//! The gallery: sound and damaged files, each with the recipe that makes it, its story, and what verify must find in it.
//!
//! The bytes stand in `fixtures/` and are compiled in; a recipe is a script, so they can be made again and compared.
//! `fixtures/manifest.json` tells the rest. To add one is to write a recipe and an entry there, and to run
//! `tosumu fixture make`: the tables of files are made when this is built.

mod unnamed;

pub use unnamed::WhatHappened;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tosumu::crypto::parse_fingerprint;
use tosumu::inspect::{AtRest, Beside};
use tosumu::script::{Runner, RunnerOptions, Script};
use tosumu::verify::{Level, Report, VerifyOptions, verify};
use tosumu::vfs::{MemoryVfs, OpenMode, Vfs, write_all_at};
use tosumu::{Code, Error, PageNo, Severity, Unlock};

/// What the manifest says of one fixture.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// Its name: the page file is `NAME.tsm`. No story needs it, so that a file can be shown without its name.
    pub name: String,
    /// `good` or `damaged`: the folder it stands in.
    pub folder: String,
    /// What sort of thing happened to it.
    pub group: Group,
    /// What happened to it, in a sentence.
    pub story: String,
    /// What is lost.
    pub lost: String,
    /// What to do about it.
    pub remedy: String,
    /// The passphrase that opens it; none: its key stands in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<String>,
    /// The key that verify is given when it is not the right one: `none`, or `passphrase WORD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// A fingerprint that was kept elsewhere, for verify to hold the file against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// Another database that its recipe makes, which is kept beside it as `NAME.OTHER.tsm` and named to verify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// How much verify looks at, when it is not `seal`, or `anchored` with a fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The exit status of `verify`.
    pub exit: u8,
    /// All that verify finds, in its order.
    pub findings: Vec<ExpectedFinding>,
}

/// What sort of thing happened to a file; the order of the list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Nothing: it is sound.
    Good,
    /// What a crash leaves: nothing acknowledged is lost.
    Crash,
    /// A disk or a copy changed bytes.
    Rot,
    /// Somebody without the key put real things in wrong places.
    Lies,
    /// The whole file is of another time.
    Rollback,
    /// Keys and key slots.
    Keys,
    /// A writer with the key wrote what cannot be.
    Writer,
    /// It is not ours.
    Strangers,
}

impl Group {
    /// Every group, in the order of the list.
    pub const ALL: [Group; 8] = [
        Group::Good,
        Group::Crash,
        Group::Rot,
        Group::Lies,
        Group::Rollback,
        Group::Keys,
        Group::Writer,
        Group::Strangers,
    ];

    /// The heading over its files.
    pub fn heading(self) -> &'static str {
        match self {
            Group::Good => "Sound files",
            Group::Crash => "What a crash leaves",
            Group::Rot => "Rot",
            Group::Lies => "Lies told without the key",
            Group::Rollback => "The whole file of another time",
            Group::Keys => "Keys and key slots",
            Group::Writer => "A writer's defects",
            Group::Strangers => "Not ours",
        }
    }
}

/// Which of a fixture's files a place is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The page file.
    Pages,
    /// The log.
    Log,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Part>,
    /// The page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<PageNo>,
    /// First byte of the place, and the byte behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<[u64; 2]>,
}

/// Files by name: the page file and, when it holds anything, the log.
pub type Files = BTreeMap<String, Vec<u8>>;

const MANIFEST: &str = include_str!("../../fixtures/manifest.json");

// `BYTES`, the bytes of every fixture by folder and name, and `RECIPES`, the scripts by name.
include!(concat!(env!("OUT_DIR"), "/gallery.rs"));

/// Every fixture, in the order of the manifest. That it can be read is proved by a test.
pub fn all() -> &'static [Fixture] {
    static ALL: LazyLock<Vec<Fixture>> = LazyLock::new(|| serde_json::from_str(MANIFEST).unwrap_or_default());
    &ALL
}

/// The fixture called `name`.
pub fn named(name: &str) -> Option<&'static Fixture> {
    all().iter().find(|fixture| fixture.name == name)
}

/// The names that `name` may have been meant for, the likeliest first.
pub fn like(name: &str) -> Vec<&'static str> {
    let words: Vec<&str> = name.split(['-', '_', ' ', '.']).filter(|word| word.len() > 2).collect();
    let mut scored: Vec<(usize, &str)> = all()
        .iter()
        .filter_map(|fixture| {
            let joined = fixture.name.replace('-', "");
            let holds = |word: &&&str| fixture.name.contains(**word) || joined.contains(**word);
            let shared = words.iter().filter(holds).count();
            let far = distance(name, &fixture.name);
            // Far from it altogether and without a word in common, it was not meant.
            let near = far <= name.len().max(4) / 2 || 2 * shared > words.len();
            near.then(|| (far.saturating_sub(4 * shared), fixture.name.as_str()))
        })
        .collect();
    scored.sort();
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

/// What opens the files that need more than themselves: passphrases, fingerprints, files to compare with. Written beside them.
pub fn notes(fixtures: &[Fixture]) -> String {
    let mut notes = String::from(
        "# Keys of the gallery\n\nThese files hold nothing real: their randomness is seeded, their passphrases stand here.\n\n",
    );
    for fixture in fixtures {
        let passphrase = fixture.passphrase.as_ref().map(|word| format!("passphrase `{word}`"));
        let needs_more = fixture.anchor.is_some() || fixture.beside.is_some();
        let command = needs_more.then(|| format!("`{}`", fixture.verify_command()));
        let told: Vec<String> = passphrase.into_iter().chain(command).collect();
        if !told.is_empty() {
            notes.push_str(&format!("- {}: {}\n", fixture.name, told.join("; ")));
        }
    }
    notes
}

/// How many letters must be put in, taken out or changed to make `to` of `from`.
pub(crate) fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (down, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], down + 1);
        for across in 0..to.len() {
            let changed = diagonal + usize::from(to[across] != letter);
            diagonal = row[across + 1];
            row[across + 1] = changed.min(row[across] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

impl Fixture {
    /// The name of its page file.
    pub fn file(&self) -> String {
        format!("{}.tsm", self.name)
    }

    /// The name of its log.
    pub fn log(&self) -> String {
        format!("{}.tsm-wal", self.name)
    }

    /// The name of the page file kept beside it.
    pub fn beside_file(&self) -> Option<String> {
        self.beside.as_ref().map(|other| format!("{}.{other}.tsm", self.name))
    }

    /// The script that makes it.
    pub fn recipe(&self) -> Option<&'static str> {
        RECIPES.iter().find(|(recipe, _)| *recipe == self.name).map(|(_, text)| *text)
    }

    /// Its files, as they are kept.
    pub fn kept(&self) -> Files {
        let beside = self.beside_file().map(|file| [format!("{file}-wal"), file]);
        let names = [self.file(), self.log()].into_iter().chain(beside.into_iter().flatten());
        let kept = |name: String| {
            let place = format!("{}/{name}", self.folder);
            BYTES.iter().find(|(kept, _)| *kept == place).map(|(_, bytes)| (name, bytes.to_vec()))
        };
        names.filter_map(kept).collect()
    }

    /// Its files, made anew from the recipe.
    pub fn made(&self) -> Result<Files, String> {
        self.made_by(self.recipe().ok_or_else(|| format!("{} has no recipe", self.name))?)
    }

    fn made_by(&self, recipe: &str) -> Result<Files, String> {
        let runner = run_recipe(&self.file(), recipe)?;
        let mut files = files_of(&runner, &self.file(), &self.file());
        if let (Some(other), Some(name)) = (&self.beside, self.beside_file()) {
            let other = runner.beside(other).ok_or_else(|| format!("the recipe makes no database `{other}` beside"))?;
            files.extend(files_of(other, &self.file(), &name));
        }
        Ok(files)
    }

    /// A disk in memory that holds the fixture, at its file name.
    pub fn disk(&self) -> Arc<dyn Vfs> {
        disk_of(&self.kept())
    }

    /// The key that is given for it.
    pub fn unlock(&self) -> Option<Unlock> {
        let word = match self.given.as_deref() {
            Some("none") => None,
            Some(given) => given.strip_prefix("passphrase "),
            None => self.passphrase.as_deref(),
        };
        word.map(|word| Unlock::Passphrase(word.into()))
    }

    /// The fixture as a file at rest.
    pub fn at_rest(&self) -> Result<AtRest, Error> {
        AtRest::open(self.disk(), Path::new(&self.file()), self.unlock().as_ref())
    }

    /// What it is to be verified with.
    pub fn verify_options(&self) -> VerifyOptions {
        self.options_on(&self.disk())
    }

    fn options_on(&self, disk: &Arc<dyn Vfs>) -> VerifyOptions {
        let anchor = self.anchor.as_deref().and_then(parse_fingerprint);
        let usual = if anchor.is_some() { Level::Anchored } else { Level::Seal };
        let level = self.level.as_deref().and_then(Level::parse).unwrap_or(usual);
        // One that cannot be opened is not compared with, and `check` says that its finding is missing.
        let open = |file: String| Beside::open(disk.clone(), file, self.unlock().as_ref()).ok();
        let beside = self.beside_file().and_then(open).into_iter().collect();
        VerifyOptions { level, anchor, beside, ..VerifyOptions::default() }
    }

    /// What verify says of it.
    pub fn report(&self) -> Result<Report, Error> {
        self.report_on(self.disk())
    }

    fn report_on(&self, disk: Arc<dyn Vfs>) -> Result<Report, Error> {
        let options = self.options_on(&disk);
        verify(&AtRest::open(disk, Path::new(&self.file()), self.unlock().as_ref())?, &options)
    }

    /// The command that says the same of the files that `make` wrote.
    pub fn verify_command(&self) -> String {
        let mut command = format!("tosumu verify {}", self.file());
        if let Some(level) = &self.level {
            command.push_str(&format!(" --level {level}"));
        }
        if let Some(beside) = self.beside_file() {
            command.push_str(&format!(" --beside {beside}"));
        }
        if let Some(anchor) = &self.anchor {
            command.push_str(&format!(" --anchor '{anchor}'"));
        }
        command
    }

    /// Everything that is not as the manifest says, a line each; empty when all is.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        match self.made() {
            Ok(made) => wrong.extend(different_bytes(&made, &self.kept())),
            Err(error) => wrong.push(format!("the recipe fails: {error}")),
        }
        match self.report() {
            Ok(report) => wrong.extend(self.compare(&report)),
            Err(error) => wrong.push(format!("it cannot be opened: {error}")),
        }
        wrong
    }

    fn compare(&self, report: &Report) -> Vec<String> {
        let found = self.found(report);
        let mut wrong = Vec::new();
        if report.exit() != self.exit {
            wrong.push(format!("verify ends with {}, the manifest says {}", report.exit(), self.exit));
        }
        let missing = self.findings.iter().filter(|expected| !found.contains(expected));
        wrong.extend(missing.map(|expected| format!("verify does not find {expected}")));
        let unexpected = found.iter().filter(|found| !self.findings.contains(found));
        wrong.extend(unexpected.map(|found| format!("the manifest does not name {found}")));
        if wrong.is_empty() && found != self.findings {
            wrong.push("verify finds the same in another order".to_owned());
        }
        wrong
    }

    /// The findings of a report, as the manifest states them.
    pub fn found(&self, report: &Report) -> Vec<ExpectedFinding> {
        let part = |name: &String| if *name == self.log() { Part::Log } else { Part::Pages };
        let stated = |finding: &tosumu::Finding| ExpectedFinding {
            code: finding.code,
            severity: finding.severity,
            file: finding.file.as_ref().map(part),
            page: finding.page,
            bytes: finding.byte_start.zip(finding.byte_end).map(|(start, end)| [start, end]),
        };
        report.findings.iter().map(stated).collect()
    }
}

impl std::fmt::Display for ExpectedFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.severity)?;
        match self.file {
            Some(Part::Pages) => f.write_str(", page file")?,
            Some(Part::Log) => f.write_str(", log")?,
            None => {}
        }
        if let Some(page) = self.page {
            write!(f, ", page {page}")?;
        }
        match self.bytes {
            Some([start, end]) if start < end => write!(f, ", bytes {start}-{}", end - 1),
            _ => Ok(()),
        }
    }
}

/// In which files the made bytes differ from the kept ones, and where first.
fn different_bytes(made: &Files, kept: &Files) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = made.keys().chain(kept.keys()).collect();
    let differs = |name: &String| match (made.get(name), kept.get(name)) {
        (Some(made), Some(kept)) if made == kept => None,
        (Some(made), Some(kept)) => {
            let first =
                made.iter().zip(kept).position(|(made, kept)| made != kept).unwrap_or(made.len().min(kept.len()));
            let lengths = format!("{} bytes made, {} kept", made.len(), kept.len());
            Some(format!(
                "{name}: the recipe makes other bytes from byte {first} on ({lengths}); `fixture make` writes them"
            ))
        }
        (Some(_), None) => Some(format!("{name} is not kept; `fixture make` writes it")),
        (None, _) => Some(format!("{name} is kept, and the recipe does not make it")),
    };
    names.into_iter().filter_map(differs).collect()
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

/// Runs a recipe; an operation that fails ends it, and so does one that prints something else than stands under it.
fn run_recipe(file: &str, recipe: &str) -> Result<Runner, String> {
    let script = Script::parse(recipe).map_err(|error| error.to_string())?;
    let mut runner = Runner::new(script.options(RunnerOptions { file: file.to_owned(), ..RunnerOptions::default() }));
    for line in &script.lines {
        let outcome = runner.run(&line.op);
        let expected = line.expected.as_ref().map(|lines| lines.join("\n"));
        if outcome.failed || expected.is_some_and(|expected| expected != outcome.text) {
            return Err(format!("`{}`: {}", line.text, outcome.text));
        }
    }
    runner.finish();
    Ok(runner)
}

/// The files of a runner whose database is called `file`, under the name `kept`. An empty log is left out: it was folded.
pub(crate) fn files_of(runner: &Runner, file: &str, kept: &str) -> Files {
    let files = runner.disk().files().into_iter().map(|file| (file.file, file.bytes.to_vec()));
    let renamed = |name: String| name.replacen(file, kept, 1);
    files
        .filter(|(name, bytes)| name == file || !bytes.is_empty())
        .map(|(name, bytes)| (renamed(name), bytes))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tosumu::REMEDY;

    /// Findings that no file can give, each with what shows it instead.
    const NOT_IN_A_FILE: &[(Code, &str)] = &[
        (Code::FileReadError, "a failing disk cannot be kept in a file: engine/tests/faults.rs"),
        (Code::DrillDiffers, "nothing in a file makes an export differ from itself: engine/tests/transfer.rs"),
    ];

    #[test]
    fn every_fixture_is_as_its_recipe_makes_it_and_verify_finds_what_the_manifest_says() {
        if std::env::var_os("TOSUMU_REWRITE").is_some() {
            return rewrite();
        }
        let fixtures: Vec<Fixture> = serde_json::from_str(MANIFEST).unwrap();
        assert!(!fixtures.is_empty());
        let wrong: Vec<String> = fixtures
            .iter()
            .flat_map(|fixture| fixture.check().into_iter().map(|why| format!("{}: {why}", fixture.name)))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Makes the files anew and writes what verify finds in them into the manifest: to be looked at before it is believed.
    fn rewrite() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let mut fixtures: Vec<Fixture> = serde_json::from_str(&read("manifest.json")).unwrap();
        for fixture in fixtures.iter_mut() {
            let recipe = read(&format!("recipes/{}.script", fixture.name));
            let made = fixture.made_by(&recipe).unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
            made.iter().for_each(|(name, bytes)| fs::write(folder.join(&fixture.folder).join(name), bytes).unwrap());
            let report = fixture.report_on(disk_of(&made));
            let report = report.unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
            (fixture.exit, fixture.findings) = (report.exit(), fixture.found(&report));
        }
        fs::write(folder.join("manifest.json"), manifest_text(&fixtures)).unwrap();
        fs::write(folder.join("KEYS.md"), notes(&fixtures)).unwrap();
    }

    /// The manifest as it is written: a line for each field and each finding.
    fn manifest_text(fixtures: &[Fixture]) -> String {
        let entry = |fixture: &Fixture| {
            let head = Fixture { findings: Vec::new(), ..fixture.clone() };
            let head = serde_json::to_string_pretty(&head).unwrap().replace("\n", "\n  ");
            let findings: Vec<String> = fixture
                .findings
                .iter()
                .map(|finding| format!("\n      {}", serde_json::to_string(finding).unwrap()))
                .collect();
            match findings.is_empty() {
                true => format!("  {head}"),
                false => format!("  {}", head.replace("[]", &format!("[{}\n    ]", findings.join(",")))),
            }
        };
        format!("[\n{}\n]\n", fixtures.iter().map(entry).collect::<Vec<_>>().join(",\n"))
    }

    #[test]
    fn every_code_is_found_in_a_file_of_the_gallery_or_the_reason_why_not_is_given() {
        let found: Vec<Code> = all().iter().flat_map(|fixture| &fixture.findings).map(|finding| finding.code).collect();
        let excused = |code: &Code| NOT_IN_A_FILE.iter().any(|(other, _)| other == code);
        let missing: Vec<Code> =
            Code::ALL.iter().copied().filter(|code| !found.contains(code) && !excused(code)).collect();
        assert_eq!(missing, [], "no fixture has these findings");
        let both: Vec<&Code> = found.iter().filter(|code| excused(code)).collect();
        assert!(both.is_empty(), "excused, and found after all: {both:?}");
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
        for (name, _) in RECIPES {
            assert!(named(name).is_some(), "the recipe {name} belongs to no fixture");
        }
    }

    #[test]
    fn the_list_is_in_the_order_of_its_groups_and_no_story_gives_a_name_away() {
        assert!(all().is_sorted_by_key(|fixture| fixture.group));
        for fixture in all() {
            assert_eq!(fixture.folder == "good", fixture.group == Group::Good, "{}", fixture.name);
            for text in [&fixture.story, &fixture.lost, &fixture.remedy] {
                assert!(!text.contains(&fixture.name) && text.ends_with('.'), "{}: {text}", fixture.name);
            }
        }
    }

    #[test]
    fn where_pages_or_commits_are_lost_the_remedy_is_the_one_that_findings_name() {
        const OF_RECORDS: [&str; 5] = ["PAGE-", "TREE-", "OVF-", "LOG-", "FILE-"];
        for fixture in all() {
            let is_lost = !["Nothing", "No record"].iter().any(|words| fixture.lost.starts_with(words));
            let of_records = |code: Code| OF_RECORDS.iter().any(|group| code.as_str().starts_with(group));
            if is_lost && fixture.exit == 2 && fixture.findings.iter().any(|finding| of_records(finding.code)) {
                assert!(fixture.remedy.contains(&REMEDY[1..]), "{}: {}", fixture.name, fixture.remedy);
            }
        }
    }

    #[test]
    fn a_fixture_that_changed_is_noticed() {
        let mut fixture = named("bit-flip-in-a-leaf").unwrap().clone();
        fixture.findings[0].bytes = Some([0, 512]);
        assert_eq!(fixture.check().len(), 2);
        fixture.name = "two-pages-swapped".to_owned();
        assert!(!fixture.check().is_empty());
        let (made, mut kept) = (fixture.kept(), fixture.kept());
        kept.get_mut("two-pages-swapped.tsm").unwrap()[77] ^= 1;
        assert!(different_bytes(&made, &kept)[0].contains("from byte 77 on"));
    }

    #[test]
    fn a_name_that_is_nearly_right_is_understood() {
        assert_eq!(like("bitflip-in-a-leaf")[0], "bit-flip-in-a-leaf");
        assert_eq!(like("swapped")[0], "two-pages-swapped");
        assert!(like("bitflip").iter().all(|name| name.starts_with("bit-flip")));
        assert!(like("qqqqqqqqqqqqqqqqqq").is_empty());
    }
}
