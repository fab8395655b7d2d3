//! `tosumu exam`: the forensics exam. Unnamed damaged databases in a folder, a sheet to be filled in, and what it is worth.

use super::common::{Failure, Outcome, Output, Status, read_bounded, shown_path};
use crate::exam::{self, Answers, CASES, CASES_MAX, Case, Exam, From, Grade, Loss, OTHER, Salvaged, Sheet, grade};
use crate::widget::text;
use clap::{Args, Subcommand};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tosumu::Severity;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::OsVfs;

/// The sheet of answers in the folder of an exam.
const SHEET: &str = "answers.toml";
/// Most bytes of a sheet that are read.
const SHEET_BYTES_MAX: u64 = 1 << 20;
/// Columns of a line.
const WIDTH: usize = 80;
/// Seeds that nobody chose are below this, so that they are easily told.
const SEEDS: u64 = 1_000_000;

/// The forensics exam: damaged databases without names, and what you make of them
#[derive(Args)]
pub struct ExamVerb {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Make an exam: damaged databases, another one to compare with, and a sheet of answers to fill in
    ///
    /// Each case has one true cause. Nothing in the folder tells it; the seed stands in the sheet, and the same seed makes the
    /// same files.
    New {
        /// The folder to make; an empty one will do
        folder: PathBuf,
        /// What decides everything; without it another one each time
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
        seed: Option<u64>,
        /// How many cases
        #[arg(long, value_name = "N", default_value_t = CASES as u64, value_parser = clap::value_parser!(u64).range(1..=CASES_MAX as u64))]
        count: u64,
        /// Take files of the gallery, instead of making new ones
        #[arg(long)]
        gallery: bool,
    },
    /// Grade the sheet, and hold what was salvaged against what can be saved
    ///
    /// Exit status: 0 every answer is right; 1 not every one is.
    Check {
        /// The folder of the exam
        folder: PathBuf,
        /// Tell of each case what happened, what speaks for it, what is lost, what to do, and the script that made it
        #[arg(long)]
        explain: bool,
    },
}

impl ExamVerb {
    /// Does it.
    pub fn run(self) -> Outcome {
        match self.act {
            Act::New { folder, seed, count, gallery } => {
                let from = if gallery { From::Gallery } else { From::Seed };
                let seed = seed.unwrap_or_else(seed_of_now);
                new(&folder, Exam { from, seed, count: count as usize })
            }
            Act::Check { folder, explain } => check(&folder, explain),
        }
    }
}

fn seed_of_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs() ^ u64::from(since.subsec_nanos())) % SEEDS
}

fn cases_of(exam: &Exam) -> Result<Vec<Case>, Failure> {
    exam.cases().map_err(|why| Failure::new(Status::Cannot, "EXAM", format!("{why}; try another --seed")))
}

fn new(folder: &Path, exam: Exam) -> Outcome {
    refuse_used(folder)?;
    let cases = cases_of(&exam)?;
    let failed = |source| Failure::io(&shown_path(folder), source);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut bytes = 0;
    for case in &cases {
        for (name, content) in case.files.iter().chain(&case.beside) {
            let path = folder.join(name);
            // The database to compare with is the same for all cases.
            if name.starts_with(OTHER) && path.exists() {
                continue;
            }
            write_new(&path, content)?;
            bytes += content.len();
        }
    }
    write_new(&folder.join(SHEET), exam::blank(&exam, &cases).as_bytes())?;
    let shown = shown_path(folder);
    let first = cases.first().map(Case::verify_command).unwrap_or_default();
    let mut output = Output::new();
    output.line(format!("{shown}: {} cases, {bytes} bytes, seed {}", cases.len(), exam.seed))?;
    output.line(format!("look      cd {shown} && {first}"))?;
    output.line("          tosumu open case-1.tsm, tosumu inspect probe --page N case-1.tsm")?;
    output.line("save      tosumu salvage case-1.tsm case-1.salvaged.tsm")?;
    output.line(format!("answer    in {SHEET}, which says how"))?;
    output.line(format!("then      tosumu exam check {shown}"))?;
    output.finish()?;
    Ok(Status::Done)
}

/// A folder that holds anything is not touched.
fn refuse_used(folder: &Path) -> Result<(), Failure> {
    let used = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(Failure::io(&shown_path(folder), error)),
    };
    let message = || format!("{}: holds something already and was not touched; name a new folder", shown_path(folder));
    if used { Err(Failure::new(Status::Cannot, "EXISTS", message())) } else { Ok(()) }
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = fs::File::create_new(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|source| Failure::io(&shown_path(path), source))
}

fn check(folder: &Path, explain: bool) -> Outcome {
    let path = folder.join(SHEET);
    let text = read_bounded(&path, SHEET_BYTES_MAX).map_err(|source| Failure::io(&shown_path(&path), source))?;
    let sheet = Sheet::parse(&text)
        .map_err(|error| Failure::new(Status::Misuse, "SHEET", format!("{}: {error}", shown_path(&path))))?;
    let cases = cases_of(&sheet.exam)?;
    let nothing = Answers::default();
    let grades: Vec<Grade> = cases
        .iter()
        .map(|case| grade(case, sheet.answers.get(&case.number).unwrap_or(&nothing), &salvaged(folder, case)))
        .collect();
    let mut output = Output::new();
    output.line("case  cause  place  lost   salvaged  points")?;
    for (case, graded) in cases.iter().zip(&grades) {
        let (made, most) = graded.points();
        let [cause, place, lost, saved] = graded.marks().map(|mark| mark.word());
        output.line(format!("{:>4}  {cause:<6} {place:<6} {lost:<6} {saved:<9} {made} of {most}", case.number))?;
    }
    for (case, graded) in cases.iter().zip(&grades) {
        if let Some(remark) = &graded.remark {
            labelled(&mut output, &format!("case {}", case.number), &format!("{}: {remark}.", case.salvaged_file()))?;
        }
        if is_changed(folder, case) {
            let words = format!("{} is not as it was made: it is graded as it was made.", case.file());
            labelled(&mut output, &format!("case {}", case.number), &words)?;
        }
    }
    let (made, most) = grades.iter().map(Grade::points).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    output.line(format!("{made} of {most} points."))?;
    match explain {
        true => cases.iter().try_for_each(|case| tell(&mut output, case))?,
        false if made < most => output.line("`--explain` tells what happened to each, and gives everything away.")?,
        false => {}
    }
    output.finish()?;
    Ok(if made == most { Status::Done } else { Status::Nothing })
}

/// What stands in the file that was salvaged of a case: it is verified first.
fn salvaged(folder: &Path, case: &Case) -> Salvaged {
    let path = folder.join(case.salvaged_file());
    if !path.exists() {
        return Salvaged::Absent;
    }
    let unlock = case.unlock();
    let disk = Arc::new(OsVfs);
    let judged = AtRest::open(disk.clone(), &path, unlock.as_ref())
        .and_then(|file| verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }));
    match judged {
        Err(error) => return Salvaged::Unsound(format!("{}: {error}", error.code())),
        Ok(report) => {
            if let Some(finding) = report.findings.iter().find(|finding| finding.severity > Severity::Warning) {
                return Salvaged::Unsound(format!("verify finds {}: {}", finding.code, finding.why));
            }
        }
    }
    // Read from a copy in memory: looking must not write a log beside it.
    match read_copy(&path) {
        Ok(disk) => match exam::records_of(disk, Path::new(&case.salvaged_file()), unlock.as_ref()) {
            Ok(records) => Salvaged::Holds(records),
            Err(why) => Salvaged::Unsound(why),
        },
        Err(error) => Salvaged::Unsound(error.to_string()),
    }
}

/// Most bytes of a salvaged file: every case is smaller by far.
const SALVAGED_BYTES_MAX: u64 = 1 << 24;

fn read_copy(path: &Path) -> std::io::Result<Arc<dyn tosumu::vfs::Vfs>> {
    let mut files = crate::gallery::Files::new();
    let log = PathBuf::from(format!("{}-wal", path.display()));
    for path in [path.to_owned(), log] {
        let length = match fs::metadata(&path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if length > SALVAGED_BYTES_MAX {
            return Err(std::io::Error::other(format!("it has {length} bytes: no case holds that much")));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        files.insert(name, fs::read(&path)?);
    }
    Ok(crate::gallery::disk_of(&files))
}

/// Whether a case's files are not those that were made any more.
fn is_changed(folder: &Path, case: &Case) -> bool {
    case.files.iter().any(|(name, bytes)| {
        let path = folder.join(name);
        let length = fs::metadata(&path).map(|found| found.len()).unwrap_or(0);
        length != bytes.len() as u64 || fs::read(&path).map_or(true, |found| found != *bytes)
    })
}

/// Everything about a case.
fn tell(output: &mut Output, case: &Case) -> Result<(), Failure> {
    let truth = &case.truth;
    output.line(format!("\ncase {}: {}", case.number, case.happened.slug()))?;
    labelled(output, "Story", case.happened.story())?;
    labelled(output, "Place", &truth.place.to_string())?;
    if truth.findings.is_empty() {
        labelled(output, "Evidence", "verify finds nothing")?;
    }
    truth.findings.iter().try_for_each(|finding| labelled(output, "Evidence", finding))?;
    truth.probe.iter().try_for_each(|probe| labelled(output, "Probe", probe))?;
    let lost = match truth.loss {
        Loss::Newest => {
            format!("{}, {} in all, which these files do not tell", truth.loss, Loss::Records(truth.lost.len() as u64))
        }
        loss => loss.to_string(),
    };
    labelled(output, "Lost", &lost)?;
    truth.salvage.iter().try_for_each(|line| labelled(output, "Salvage", line))?;
    labelled(output, "Remedy", case.happened.remedy())?;
    labelled(output, "Verify", &case.verify_command())?;
    let lines = case.recipe.lines().enumerate();
    lines
        .into_iter()
        .try_for_each(|(at, line)| output.line(format!("{:<10}{line}", if at == 0 { "Recipe" } else { "" })))
}

fn labelled(output: &mut Output, label: &str, words: &str) -> Result<(), Failure> {
    const LABEL: usize = 10;
    for (at, line) in text::wrap(words, WIDTH - LABEL).iter().enumerate() {
        output.line(format!("{:<LABEL$}{line}", if at == 0 { label } else { "" }))?;
    }
    Ok(())
}
