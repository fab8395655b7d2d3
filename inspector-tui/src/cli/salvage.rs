//! `tosumu salvage`: what can be saved of a damaged database, in a new file, with a report of what is lost.

use super::common::{
    Failure, KeyOptions, Outcome, Output, Status, copy_failure, note, open_beside, print_json, shown_path, with_unlock,
    witness_anchor,
};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::json;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tosumu::Unlock;
use tosumu::crypto::{Anchor, parse_fingerprint};
use tosumu::escape::escape_word;
use tosumu::transfer::{Choice, Fate, Include, LossReport, Salvage, Status as Worth, TreeOf, Verdict};

/// Lines of one sort that are printed for a person; the report file has all.
const PRINTED_MAX: usize = 20;

/// Save what can be saved of a damaged database into a new file, and report what is lost
///
/// The source is only read. A record is certain when every seal from a vouched root down to it is right: those go where they were.
/// A page that is not in its place as it should be is taken from wherever exactly it still is, and told as recovered: from another
/// place, from a copy (--beside), or with one bit turned back.
/// Others authenticate and have no certain place (unplaced), or stand in old versions of lost pages (stale, maybe changed or
/// deleted since): asked for, they go into named trees of their own, salvage/unplaced and salvage/stale. Exit status: 0 nothing
/// is lost; 1 no record is lost, but something beside them is damaged; 2 records are lost, or may be; 3 cannot.
#[derive(Args)]
pub struct SalvageVerb {
    /// The damaged database
    source: PathBuf,
    /// The file to create
    target: PathBuf,
    /// Put in also what is not certain, each sort in trees of its own; stale means both
    #[arg(long, value_name = "SORT")]
    include: Option<Sort>,
    /// Another file that lost pages may still stand in, an older copy or a backup; may be given more than once
    #[arg(long, value_name = "FILE")]
    beside: Vec<PathBuf>,
    /// Write what became of every record to a new file, JSON Lines: it names keys, never values
    #[arg(long, value_name = "F")]
    report: Option<PathBuf>,
    /// Print the report as one JSON object; of each list the first 10,000
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyOptions,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sort {
    Unplaced,
    Stale,
}

impl SalvageVerb {
    /// Salvages, and says what was saved, what is lost and what to do.
    pub fn run(self) -> Outcome {
        let kept = witness_anchor(&self.keys)?;
        let mut lines = self.report.as_deref().map(ReportFile::create).transpose()?;
        let saved = self.salvage(&mut lines);
        match (saved, lines) {
            (Ok(report), lines) => {
                lines.map_or(Ok(()), |lines| lines.finish(&report))?;
                match self.json {
                    true => print_json(&with_exit(&report))?,
                    false => self.print(&report)?,
                }
                Ok(worse(status_of(report.verdict), self.compare(&report, kept.as_ref())))
            }
            (Err(failure), lines) => {
                lines.map_or(Ok(()), ReportFile::discard)?;
                Err(failure)
            }
        }
    }

    fn salvage(&self, lines: &mut Option<ReportFile>) -> Result<LossReport, Failure> {
        let include = match self.include {
            None => Include::Certain,
            Some(Sort::Unplaced) => Include::Unplaced,
            Some(Sort::Stale) => Include::Stale,
        };
        // The passphrase may be asked for between two attempts; a failure of anything else but the key ends them.
        let mut told = None;
        let saved = with_unlock(&self.source, &self.keys, |unlock: Unlock| {
            let beside = match open_beside(&self.beside, Some(&unlock)) {
                Ok(beside) => beside,
                Err(failure) => {
                    told = Some(failure);
                    return Ok(None);
                }
            };
            let salvage = Salvage::new().unlock(unlock).include(include).beside(beside);
            let mut failed = None;
            let saved = salvage.run_telling(&self.source, &self.target, &mut |fate| match lines {
                None => Ok(()),
                Some(lines) => lines.fate(fate).map_err(|source| {
                    failed =
                        Some(Failure::io(&shown_path(&lines.path), io::Error::new(source.kind(), source.to_string())));
                    tosumu::Error::io("writing", "report", source)
                }),
            });
            match (saved, failed) {
                (Err(_), Some(failure)) => {
                    told = Some(failure);
                    Ok(None)
                }
                (Err(error), None) if !error.code().starts_with("KEY-") => {
                    told = Some(copy_failure(&self.source, &self.target, error));
                    Ok(None)
                }
                (saved, _) => saved.map(Some),
            }
        })?;
        match (saved, told) {
            (Some(report), _) => Ok(report),
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(Failure::misuse("nothing was salvaged")),
        }
    }

    /// Whether the state that was saved is as new as the one that the witness names.
    fn compare(&self, report: &LossReport, kept: Option<&Anchor>) -> Status {
        let (Some(kept), Some(witness)) = (kept, self.keys.witness()) else { return Status::Done };
        let saved = report.state.as_ref().and_then(|state| parse_fingerprint(&state.fingerprint));
        let told = match saved {
            None => "cannot be compared: nothing vouches for any commit".to_owned(),
            Some(saved) if saved.id != kept.id => "is of another database".to_owned(),
            Some(saved) if saved.commit < kept.commit => {
                format!("knows commit {}: what came after commit {} is not in these files", kept.commit, saved.commit)
            }
            Some(saved) if saved.commit == kept.commit && saved.text != kept.text => {
                format!("knows another commit {}: these files have another history", kept.commit)
            }
            Some(_) => return Status::Done,
        };
        note(format!("{}: {told}; {} was written all the same", shown_path(witness), shown_path(&self.target)));
        Status::Damage
    }

    fn print(&self, report: &LossReport) -> Result<(), Failure> {
        let mut prose = Prose { output: Output::new(), has_report: self.report.is_some() };
        let (source, target) = (shown_path(&self.source), shown_path(&self.target));
        prose.line("", format!("{target}: salvaged from {source}: {}", verdict_text(report.verdict)))?;
        prose.state(report)?;
        prose.saved(report)?;
        prose.lost(report)?;
        prose.strays(report, self.include, &target)?;
        prose.list("choice", report.choices.iter().map(choice_text), report.choices.len() as u64)?;
        prose.list("beside", &report.beside, report.beside.len() as u64)?;
        let found = report.recovered.iter().map(|page| {
            let at = format!("byte {} of {}", page.byte, page.file);
            format!("page {}: {} ({at}); in its own place: {}", page.page, page.how, page.finding.code)
        });
        prose.list("recovered", found, report.totals.recovered_pages)?;
        prose.list("not seen", &report.not_looked_at, report.not_looked_at.len() as u64)?;
        prose.result(report)?;
        prose.next(report, &source, &target, self.report.as_deref())?;
        prose.output.finish()
    }
}

fn status_of(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Whole => Status::Done,
        Verdict::RecordsWhole => Status::Nothing,
        _ => Status::Damage,
    }
}

fn worse(one: Status, other: Status) -> Status {
    if (other as u8) > (one as u8) { other } else { one }
}

fn with_exit(report: &LossReport) -> impl Serialize + use<'_> {
    #[derive(Serialize)]
    struct Answer<'a> {
        exit: u8,
        #[serde(flatten)]
        report: &'a LossReport,
    }
    Answer { exit: status_of(report.verdict) as u8, report }
}

fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Whole => "nothing is lost",
        Verdict::RecordsWhole => "no record is lost, though something beside them is damaged",
        _ => "records are lost, or may be",
    }
}

fn choice_text(choice: &Choice) -> String {
    let finding = &choice.finding;
    let place = finding.file.as_deref().map_or(String::new(), |file| format!(", {file}"));
    let may_lose = choice.may_lose.as_deref().map_or(String::new(), |lost| format!(" May be missing: {lost}"));
    format!("{}{place}: {} {}{may_lose}", finding.code, finding.why, choice.instead)
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What is printed for a person, a heading of one word before each line.
struct Prose {
    output: Output,
    has_report: bool,
}

impl Prose {
    fn line(&mut self, heading: &str, text: impl Display) -> Result<(), Failure> {
        match heading {
            "" => self.output.line(text.to_string()),
            _ => self.output.line(format!("{heading:<9} {text}")),
        }
    }

    /// The first lines of a list, and how many more there are.
    fn list(
        &mut self,
        heading: &str,
        lines: impl IntoIterator<Item = impl Display>,
        count: u64,
    ) -> Result<(), Failure> {
        for line in lines.into_iter().take(PRINTED_MAX) {
            self.line(heading, line)?;
        }
        match count.saturating_sub(PRINTED_MAX as u64) {
            0 => Ok(()),
            more => {
                let hint = if self.has_report { "" } else { "; `--json` and `--report F` list them" };
                self.line(heading, format!("and {more} more{hint}"))
            }
        }
    }

    fn state(&mut self, report: &LossReport) -> Result<(), Failure> {
        match &report.state {
            Some(state) => {
                let newest =
                    if state.is_newest { "the newest that these files tell of" } else { "not known to be the newest" };
                self.line("state", format!("commit {}, by {}: {newest}", state.commit, state.root_holder))?;
                self.line("", format!("          {}", state.fingerprint))
            }
            None => self.line("state", "none: no superblock holds, nor a commit of the log; no record can be certain"),
        }
    }

    fn saved(&mut self, report: &LossReport) -> Result<(), Failure> {
        let certain = counted(report.totals.certain, "record");
        self.line("saved", format!("{certain}, certain: every seal from the root down to them is right"))?;
        let named = report.trees.iter().filter(|count| count.tree != TreeOf::Main);
        let lines = named.map(|count| format!("{} of them in {}", count.certain, count.tree));
        let trees = report.trees.len().saturating_sub(1) as u64;
        self.list("", lines.map(|line| format!("          {line}")), trees)
    }

    fn lost(&mut self, report: &LossReport) -> Result<(), Failure> {
        let ranges =
            report.lost_ranges.iter().map(|range| format!("{range}: page {}, {}", range.page, range.finding.code));
        self.list("lost", ranges, report.totals.lost_ranges)?;
        match report.totals.lost_records {
            Some(0) => {}
            Some(lost) => self.line("lost", format!("{} by the stored count", counted(lost, "record")))?,
            None if report.state.is_some() => {
                self.line("lost", "how many records that is cannot be told: whole trees may be among them")?;
            }
            None => {}
        }
        let values = report.others.iter().filter(|fate| fate.status == Worth::ValueLost).map(|fate| {
            let why = fate.why.as_deref().unwrap_or_default();
            format!("the value of {} of {}, {} bytes: {why}", escape_word(&fate.key), fate.tree, fate.value_bytes)
        });
        self.list("lost", values, report.totals.values_lost)
    }

    fn strays(&mut self, report: &LossReport, include: Option<Sort>, target: &str) -> Result<(), Failure> {
        let totals = report.totals;
        let sorts = [
            (Worth::Unplaced, totals.unplaced, "authentic, but nothing certain points to them", include.is_some()),
            (
                Worth::Stale,
                totals.stale,
                "from old versions of lost pages: maybe changed or deleted since",
                matches!(include, Some(Sort::Stale)),
            ),
        ];
        for (worth, count, meaning, is_in) in sorts {
            if count == 0 {
                continue;
            }
            let end = match is_in {
                true => format!("in the trees salvage/{worth}… of {target}"),
                false => format!("left out; `--include {worth}` puts them into trees of their own"),
            };
            self.line("found", format!("{}, {worth}: {meaning}; {end}", counted(count, "record")))?;
        }
        Ok(())
    }

    fn result(&mut self, report: &LossReport) -> Result<(), Failure> {
        let result = &report.result;
        let trees = counted(result.trees.into(), "named tree");
        let records = counted(result.records, "record");
        self.line(
            "result",
            format!("{records}, {trees}, {} pages, {} bytes, {}", result.pages, result.bytes, result.fingerprint),
        )?;
        self.line("digest", result.digest)?;
        self.line("verified", "the result was read back: the same digest, and nothing found at level deep")
    }

    fn next(&mut self, report: &LossReport, source: &str, target: &str, file: Option<&Path>) -> Result<(), Failure> {
        if report.verdict == Verdict::Whole {
            return self.line("next", format!("use {target} in the place of {source}"));
        }
        if report.verdict == Verdict::RecordsWhole {
            return self.line(
                "next",
                format!("use {target} in the place of {source}, and keep {source} until you know what damaged it"),
            );
        }
        self.line("next", format!("keep {source} and its log as they are; nothing was changed in them"))?;
        self.line(
            "next",
            "if there is a backup or an archive, restore it to another file and compare the keys named above",
        )?;
        let left_out = report.totals.unplaced + report.totals.stale > 0
            && report.others.iter().any(|fate| fate.status != Worth::ValueLost && fate.put_into.is_none());
        if left_out {
            self.line(
                "next",
                "salvage again, to another name, with `--include stale`, and look through what it finds",
            )?;
        }
        if let Some(tree) = report.others.iter().find_map(|fate| fate.put_into.as_deref()) {
            self.line(
                "next",
                format!(
                    "look through it: `tosumu scan {target} --tree '{tree}'`; what you believe, put where it belongs"
                ),
            )?;
        }
        match file {
            Some(file) => self.line("next", format!("{} says what became of each record", shown_path(file))),
            None => Ok(()),
        }
    }
}

/// The file of `--report`: made anew, and gone again when salvage fails.
struct ReportFile {
    path: PathBuf,
    lines: BufWriter<File>,
}

impl ReportFile {
    fn create(path: &Path) -> Result<ReportFile, Failure> {
        match File::create_new(path) {
            Ok(file) => Ok(ReportFile { path: path.to_owned(), lines: BufWriter::new(file) }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let message =
                    format!("{}: is there already and was not touched; choose another name", shown_path(path));
                Err(Failure::new(Status::Cannot, "EXISTS", message))
            }
            Err(error) => Err(Failure::io(&shown_path(path), error)),
        }
    }

    fn fate(&mut self, fate: &Fate) -> io::Result<()> {
        self.line("record", fate)
    }

    fn line(&mut self, sort: &str, what: &impl Serialize) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'a, T: Serialize> {
            line: &'a str,
            #[serde(flatten)]
            what: &'a T,
        }
        serde_json::to_writer(&mut self.lines, &Line { line: sort, what }).map_err(io::Error::from)?;
        self.lines.write_all(b"\n")
    }

    /// What is not of one record, and the totals last: a file without them is not whole.
    fn finish(mut self, report: &LossReport) -> Result<(), Failure> {
        let mut write = || -> io::Result<()> {
            report.choices.iter().try_for_each(|choice| self.line("choice", choice))?;
            report.lost_ranges.iter().try_for_each(|range| self.line("lost-range", range))?;
            report.recovered.iter().try_for_each(|page| self.line("recovered", page))?;
            report.trees.iter().try_for_each(|count| self.line("tree", count))?;
            let end = json!({
                "source": report.source, "verdict": report.verdict, "state": report.state, "totals": report.totals,
                "not_looked_at": report.not_looked_at, "result": report.result,
            });
            self.line("end", &end)?;
            self.lines.flush()?;
            self.lines.get_ref().sync_all()
        };
        let written = write();
        written.map_err(|error| Failure::io(&shown_path(&self.path), error))
    }

    fn discard(self) -> Result<(), Failure> {
        drop(self.lines);
        fs::remove_file(&self.path).map_err(|error| Failure::io(&shown_path(&self.path), error))
    }
}
