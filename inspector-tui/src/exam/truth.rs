//! What came of a case: what verify finds first, what was held, what can be saved, what is lost. All of it computed.

use super::Case;
use crate::gallery::{self, Files};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tosumu::attack::everything;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::escape::escape_word;
use tosumu::inspect::AtRest;
use tosumu::limits::{PAGES_START_BYTES, SUPERBLOCK_BYTES};
use tosumu::script::{Op, Runner, RunnerOptions, Script, Show};
use tosumu::transfer::{LossReport, Salvage, Status, TreeOf};
use tosumu::verify::verify;
use tosumu::vfs::Vfs;
use tosumu::{AutoCheckpoint, CheckpointOnClose, Code, Finding, Options, PageNo, Unlock};

/// What a database answers: every record of every tree, each key behind the name of its tree and a space; the main tree is `main`.
pub type Records = tosumu::attack::Records;

/// Trees that salvage makes of what is not certain.
const SALVAGE_TREES: &[u8] = b"salvage/";

/// Where what was found first stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Place {
    /// Nothing was found.
    #[default]
    Nowhere,
    /// In this page.
    Page(PageNo),
    /// In the log.
    Log,
    /// In superblock A or B.
    Superblock(char),
    /// In a key slot.
    KeySlot,
    /// In the file as a whole.
    File,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Nowhere => f.write_str("none"),
            Place::Page(page) => write!(f, "page {page}"),
            Place::Log => f.write_str("log"),
            Place::Superblock(slot) => write!(f, "superblock {slot}"),
            Place::KeySlot => f.write_str("key slot"),
            Place::File => f.write_str("file"),
        }
    }
}

/// What is lost, as far as these files can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Loss {
    /// No record.
    #[default]
    Nothing,
    /// So many records, which salvage names or counts.
    Records(u64),
    /// What was committed last: older states are whole, and how much is missing these files do not tell.
    Newest,
    /// Every record.
    Everything,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Nothing => f.write_str("nothing"),
            Loss::Records(1) => f.write_str("1 record"),
            Loss::Records(count) => write!(f, "{count} records"),
            Loss::Newest => f.write_str("the newest commits"),
            Loss::Everything => f.write_str("everything"),
        }
    }
}

/// What came of a case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Truth {
    /// The code that verify finds first; none: it finds nothing.
    pub code: Option<Code>,
    /// Where that is.
    pub place: Place,
    /// How verify ends: 0 sound, 1 warnings, 2 errors, 3 it cannot judge.
    pub exit: u8,
    /// What verify finds, a line each.
    pub findings: Vec<String>,
    /// What the probe says of the page, when there is one.
    pub probe: Option<String>,
    /// What is lost.
    pub loss: Loss,
    /// The keys of the records that are lost, each behind its tree.
    pub lost: BTreeSet<Vec<u8>>,
    /// What the database held.
    pub held: Records,
    /// What can be saved with certainty; none when nothing can be.
    pub saved: Option<Records>,
    /// What salvage says, in some lines.
    pub salvage: Vec<String>,
}

impl Truth {
    /// The first finding, in some words.
    pub fn finding_words(&self) -> String {
        match self.code {
            Some(code) => format!("{code}, {}", self.place),
            None => "nothing".to_owned(),
        }
    }
}

/// What a recipe makes.
pub(super) struct Made {
    pub files: Files,
    pub held: Records,
    pub fingerprint: Option<String>,
}

/// Runs a recipe. What the database held is what it answers before the first thing that happens to it from outside; what its
/// owner noted is what `show fingerprint` printed last.
pub(super) fn make(file: &str, recipe: &str) -> Result<Made, String> {
    let script = Script::parse(recipe).map_err(|error| error.to_string())?;
    let mut runner = Runner::new(script.options(RunnerOptions { file: file.to_owned(), ..RunnerOptions::default() }));
    let mut held: Option<Records> = None;
    let mut fingerprint = None;
    for line in &script.lines {
        if held.is_none() && happens_from_outside(&line.op) {
            held = Some(answered(&runner)?);
        }
        let outcome = runner.run(&line.op);
        if outcome.failed && !matches!(line.op, Op::Expect(_)) {
            return Err(format!("`{}`: {}", line.text, outcome.text));
        }
        if matches!(line.op, Op::Show(Show::Fingerprint)) {
            fingerprint = Some(outcome.text.lines().next().unwrap_or_default().to_owned());
        }
    }
    let held = match held {
        Some(held) => held,
        None => answered(&runner)?,
    };
    runner.finish();
    Ok(Made { files: gallery::files_of(&runner, file, file), held, fingerprint })
}

/// The database that a recipe makes beside its own, under the name `kept`.
pub(super) fn beside(recipe: &str, name: &str, kept: &str) -> Result<Files, String> {
    let script = Script::parse(recipe).map_err(|error| error.to_string())?;
    let mut runner = Runner::new(script.options(RunnerOptions::default()));
    for line in &script.lines {
        let outcome = runner.run(&line.op);
        if outcome.failed {
            return Err(format!("`{}`: {}", line.text, outcome.text));
        }
    }
    let own = runner.options().file.clone();
    let other = runner.beside(name).ok_or_else(|| format!("the recipe makes no database `{name}` beside"))?;
    Ok(gallery::files_of(other, &own, kept))
}

fn happens_from_outside(op: &Op) -> bool {
    matches!(op, Op::Tamper(_) | Op::Forge(_) | Op::Swap(..) | Op::PutBack { .. } | Op::Crash(_) | Op::Cut { .. })
}

/// All that the store of a runner answers, from a copy of its files.
fn answered(runner: &Runner) -> Result<Records, String> {
    let files: Files = runner.disk().files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
    let word = runner.options().passphrase.as_deref();
    let unlock = word.map(|word| Unlock::Passphrase(word.into()));
    records_of(gallery::disk_of(&files), Path::new(&runner.options().file), unlock.as_ref())
}

/// All records of the database at `file`, but for those that salvage set aside; an error says why it cannot be read.
pub fn records_of(disk: Arc<dyn Vfs>, file: &Path, unlock: Option<&Unlock>) -> Result<Records, String> {
    let options = Options::new().vfs(disk).entropy(Arc::new(InsecureSeededEntropy::new(1)));
    let options = options.checkpoints(AutoCheckpoint::Off).checkpoint_on_close(CheckpointOnClose::No);
    let options = match unlock {
        Some(unlock) => options.unlock(unlock.clone()),
        None => options,
    };
    let opened = options.open(file).and_then(|db| everything(&db));
    let mut records = opened.map_err(|error| format!("{}: {error}", error.code()))?;
    records.retain(|key, _| !key.starts_with(SALVAGE_TREES));
    Ok(records)
}

/// What came of a case that held these records.
pub(super) fn find(case: &Case, held: &Records) -> Result<Truth, String> {
    let unlock = case.unlock();
    let file =
        AtRest::open(case.disk(), Path::new(&case.file()), unlock.as_ref()).map_err(|error| error.to_string())?;
    let options = case.verify_options();
    let report = verify(&file, &options).map_err(|error| error.to_string())?;
    let first = report.findings.first();
    let mut truth = Truth {
        code: first.map(|finding| finding.code),
        place: first.map_or(Place::Nowhere, |finding| place_of(finding, case)),
        exit: report.exit(),
        findings: report.findings.iter().map(finding_line).collect(),
        held: held.clone(),
        ..Truth::default()
    };
    if let Place::Page(page) = truth.place
        && let Ok(probe) = file.probe(page, &options.beside)
    {
        truth.probe = Some(format!("{}: {}", probe.verdict, probe.summary));
    }
    weigh(&mut truth, salvaged(case, unlock.as_ref()));
    Ok(truth)
}

fn finding_line(finding: &Finding) -> String {
    let page = finding.page.map_or(String::new(), |page| format!(" page {page}"));
    format!("{} {}{page}: {}", finding.code, finding.severity, finding.why)
}

fn place_of(finding: &Finding, case: &Case) -> Place {
    let log = format!("{}-wal", case.file());
    match (finding.page, finding.file.as_deref(), finding.byte_start) {
        (Some(page), _, _) => Place::Page(page),
        (None, Some(file), _) if file == log => Place::Log,
        _ if finding.code.as_str().starts_with('K') => Place::KeySlot,
        (None, Some(_), Some(byte)) if byte < SUPERBLOCK_BYTES as u64 => Place::Superblock('A'),
        (None, Some(_), Some(byte)) if byte < PAGES_START_BYTES => Place::Superblock('B'),
        _ => Place::File,
    }
}

/// What salvage makes of a case: its report, and the records of the new file.
fn salvaged(case: &Case, unlock: Option<&Unlock>) -> Result<(LossReport, Records), String> {
    const SAVED: &str = "saved.tsm";
    let disk = case.disk();
    let salvage = Salvage::new().vfs(disk.clone()).entropy(Arc::new(InsecureSeededEntropy::new(1)));
    let salvage = match unlock {
        Some(unlock) => salvage.unlock(unlock.clone()),
        None => salvage,
    };
    let report = salvage.run(case.file(), SAVED).map_err(|error| format!("{}: {error}", error.code()))?;
    let records = records_of(disk, Path::new(SAVED), unlock)?;
    Ok((report, records))
}

/// What is lost: held, and not saved as it was.
fn weigh(truth: &mut Truth, salvaged: Result<(LossReport, Records), String>) {
    let saved = match salvaged {
        Err(why) => {
            truth.loss = if truth.held.is_empty() { Loss::Nothing } else { Loss::Everything };
            truth.lost = truth.held.keys().cloned().collect();
            truth.salvage = vec![format!("Salvage makes no file: {why}")];
            return;
        }
        Ok((report, saved)) => {
            let held = truth.held.iter();
            truth.lost =
                held.filter(|(key, value)| saved.get(*key) != Some(value)).map(|(key, _)| key.clone()).collect();
            truth.loss = loss(&truth.lost, truth.held.len(), &report);
            truth.salvage = salvage_lines(&report);
            saved
        }
    };
    truth.saved = Some(saved);
}

fn loss(lost: &BTreeSet<Vec<u8>>, held: usize, report: &LossReport) -> Loss {
    let told = report.totals.lost_records.map(|records| records + report.totals.values_lost);
    let is_named = |key: &Vec<u8>| {
        let in_range = |range: &tosumu::transfer::LostRange| match in_tree(key, &range.tree) {
            Some(key) => range.has(key),
            None => range.tree == TreeOf::Catalog,
        };
        let others = report.others.iter().filter(|fate| fate.status == Status::ValueLost);
        report.lost_ranges.iter().any(in_range)
            || others.into_iter().any(|fate| in_tree(key, &fate.tree) == Some(&fate.key))
    };
    match lost.len() {
        0 => Loss::Nothing,
        count if count == held => Loss::Everything,
        count if lost.iter().all(is_named) || told == Some(count as u64) => Loss::Records(count as u64),
        _ => Loss::Newest,
    }
}

/// The key without its tree, when it is of that tree.
fn in_tree<'k>(key: &'k [u8], tree: &TreeOf) -> Option<&'k [u8]> {
    let name: &[u8] = match tree {
        TreeOf::Main => b"main",
        TreeOf::Named(name) => name,
        _ => return None,
    };
    key.strip_prefix(name)?.strip_prefix(b" ")
}

fn salvage_lines(report: &LossReport) -> Vec<String> {
    let mut lines = vec![format!("{} records saved, certain.", report.totals.certain)];
    lines.extend(
        report.lost_ranges.iter().map(|range| format!("Lost: {range}: page {}, {}.", range.page, range.finding.code)),
    );
    let values = report.others.iter().filter(|fate| fate.status == Status::ValueLost);
    lines.extend(values.map(|fate| format!("Lost: the value of {} of {}.", escape_word(&fate.key), fate.tree)));
    lines.extend(report.recovered.iter().map(|page| format!("Recovered: page {}: {}.", page.page, page.how)));
    lines.extend(report.choices.iter().map(|choice| {
        let may_lose = choice.may_lose.as_deref().map_or(String::new(), |lost| format!(" May be missing: {lost}"));
        format!("{}: {}{may_lose}", choice.finding.code, choice.instead)
    }));
    lines
}
