//! `tosumu verify`: is everything in the file what was written, and is all of it there?

use super::common::{
    Failure, KeyOptions, Outcome, Output, Status, name_commands, open_beside, open_with_key, print_json, shown_path,
    witness_anchor,
};
use super::progress::Progress;
use clap::Args;
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tosumu::crypto::{Anchor, parse_fingerprint};
use tosumu::inspect::AtRest;
use tosumu::trace::Tracer;
use tosumu::transfer::drill;
use tosumu::verify::{Level, RankedCause, Report, VerifyOptions, verify};
use tosumu::{Error, Finding, Severity};

/// The checks that a report names, in its order; the last one at level drill alone.
const CHECKS: [&str; 9] = [
    "superblocks",
    "key slots",
    "log",
    "pages (seals)",
    "page authenticity",
    "key order and accounting",
    "file length",
    "freshness",
    "drill",
];

/// Check a database and say what is wrong, where, what is lost by it and what to do; changes nothing
///
/// Levels, each reading more: identify and scan (no key), auth (every page authentic), seal (every page the current one),
/// deep (keys in order, everything counted), anchored (not older than a fingerprint), drill (deep, and all of it comes out and goes
/// in again, in memory, up to 64 MiB). Exit status: 0 nothing found, or
/// info; 1 warnings; 2 errors; 3 cannot judge.
#[derive(Args)]
pub struct Verify {
    /// The database
    file: PathBuf,
    /// How much to check [default: seal; anchored with --anchor]
    #[arg(long, value_name = "L", value_parser = parse_level)]
    level: Option<Level>,
    /// A line that `fingerprint` printed, or a file whose last such line counts: a witness file as it is
    #[arg(long, value_name = "TEXT|FILE")]
    anchor: Option<String>,
    /// Another file that bad pages may come from: a copy, an older copy, or a stranger's; may be given more than once
    #[arg(long, value_name = "FILE")]
    beside: Vec<PathBuf>,
    /// Say also what each code means and what can bring it about
    #[arg(long)]
    explain: bool,
    /// Print one JSON object: level, checks, exit, findings
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Verify {
    /// Verifies, and prints the report.
    pub fn run(self) -> Outcome {
        let anchor = match (&self.anchor, self.keys.witness()) {
            (Some(_), Some(_)) => return Err(Failure::misuse("--anchor and --witness: give one of them")),
            (Some(text), None) => Some(read_anchor(text)?),
            (None, _) => witness_anchor(&self.keys)?,
        };
        let usual = if anchor.is_some() { Level::Anchored } else { Level::Seal };
        let mut options = VerifyOptions { level: self.level.unwrap_or(usual), anchor, ..VerifyOptions::default() };
        let unlock = self.keys.unlock()?;
        let file = match open_with_key(&self.file, unlock.as_ref()) {
            Ok(file) => file,
            Err(failure) if self.json => return self.print_unopened(options.level, failure),
            Err(failure) => return Err(failure),
        };
        options.beside = open_beside(&self.beside, unlock.as_ref())?;
        if let Some(progress) = Progress::for_a_person(&shown_path(&self.file)) {
            options.tracer = Tracer::new(progress);
        }
        let mut report = self.judge(file, &options)?;
        report.findings.iter_mut().for_each(|finding| name_commands(&self.file, finding));
        match self.json {
            true => print_json(&report)?,
            false => self.print(&report)?,
        }
        Ok(match report.exit() {
            0 => Status::Done,
            1 => Status::Nothing,
            2 => Status::Damage,
            _ => Status::Cannot,
        })
    }

    /// Verifies, anew when another process folded the file meanwhile.
    fn judge(&self, mut file: AtRest, options: &VerifyOptions) -> Result<Report, Failure> {
        const ATTEMPTS_MAX: u32 = 100;
        for _ in 1..ATTEMPTS_MAX {
            match check(&file, options) {
                Err(Error::SnapshotOvertaken { .. }) => {
                    file = file.look_again().map_err(|error| Failure::engine(&self.file, error))?;
                }
                outcome => return outcome.map_err(|error| wrong_use(&self.file, error)),
            }
        }
        check(&file, options).map_err(|error| wrong_use(&self.file, error))
    }

    /// A file that cannot even be opened is a report too: no check ran, and the one finding says why.
    fn print_unopened(&self, level: Level, failure: Failure) -> Outcome {
        let Failure::Told { status, code, message } = &failure else { return Err(failure) };
        let check = |name| json!({ "name": name, "ran": false, "why_not": message, "note": null });
        let is_asked = |name: &&str| *name != "drill" || level == Level::Drill;
        print_json(&json!({
            "level": level.as_str(),
            "checks": CHECKS.into_iter().filter(is_asked).map(check).collect::<Vec<_>>(),
            "exit": *status as u8,
            "findings": [{
                "code": code, "severity": Severity::Fatal, "file": shown_path(&self.file), "page": null,
                "byte_start": null, "byte_end": null, "path": null, "expected": null, "found": null,
                "why": message, "lost": null, "next": null,
            }],
        }))?;
        Err(failure)
    }

    fn print(&self, report: &Report) -> Result<(), Failure> {
        let mut output = Output::new();
        for finding in &report.findings {
            output.line(heading(finding))?;
            for (label, text) in self.lines(finding, report) {
                output.bytes(wrapped(label, &text).as_bytes())?;
            }
            output.line("")?;
        }
        output.line(format!("{}: {}", shown_path(&self.file), verdict(report)))?;
        output.bytes(wrapped("", &report.summary()).as_bytes())?;
        output.finish()
    }

    /// The card of a finding, as on the inspector's screen.
    fn lines(&self, finding: &Finding, report: &Report) -> Vec<(&'static str, String)> {
        let explain = |text: &str| self.explain.then(|| text.to_owned());
        let compared = match (&finding.expected, &finding.found) {
            (Some(expected), Some(found)) => Some(format!("expected {expected}; found {found}")),
            _ => None,
        };
        [
            ("What", explain(finding.code.meaning())),
            ("Why", Some(finding.why.clone())),
            ("Found", compared),
            ("Path", finding.path.clone()),
            ("Lost", finding.lost.clone()),
            ("Causes", self.explain.then(|| causes_text(finding, report))),
            ("Next", finding.next.clone()),
        ]
        .into_iter()
        .filter_map(|(label, text)| Some((label, text?)))
        .collect()
    }
}

fn parse_level(text: &str) -> Result<Level, String> {
    let names = || Level::ALL.map(Level::as_str).join(", ");
    Level::parse(text).ok_or_else(|| format!("a level is one of {}", names()))
}

/// The anchor that `text` is, or the last in the file it names.
fn read_anchor(text: &str) -> Result<Anchor, Failure> {
    if let Some(anchor) = parse_fingerprint(text) {
        return Ok(anchor);
    }
    let path = Path::new(text);
    let content = std::fs::read(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => Failure::misuse(format!(
            "--anchor: `{}` is neither a line that `fingerprint` printed nor a file",
            shown_path(path)
        )),
        _ => Failure::io(&shown_path(path), source),
    })?;
    let last = String::from_utf8_lossy(&content).lines().rev().find_map(parse_fingerprint);
    last.ok_or_else(|| {
        Failure::misuse(format!("--anchor: {} has no line that `fingerprint` printed", shown_path(path)))
    })
}

/// The report of the level that is asked for.
fn check(file: &AtRest, options: &VerifyOptions) -> tosumu::Result<Report> {
    match options.level {
        Level::Drill => drill(file, options),
        _ => verify(file, options),
    }
}

fn wrong_use(file: &Path, error: Error) -> Failure {
    match error {
        Error::Misuse { why } => Failure::misuse(why),
        other => Failure::engine(file, other),
    }
}

/// What can have brought a finding about, the likeliest first: a line each, with what speaks for it here or would anywhere.
fn causes_text(finding: &Finding, report: &Report) -> String {
    let line = |(number, cause): (usize, RankedCause)| match cause.evidence.is_empty() {
        true => format!("{}. {}; it would be seen by this: {}.", number + 1, cause.cause.what, cause.cause.sign),
        false => format!("{}. {}; here speaks for it: {}.", number + 1, cause.cause.what, cause.evidence.join("; ")),
    };
    report.ranked_causes(finding).into_iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// `PAGE-STALE   error   page 2   bytes 8704-9215 of notes.tsm`.
fn heading(finding: &Finding) -> String {
    let mut parts = vec![finding.code.to_string(), finding.severity.to_string()];
    parts.extend(finding.page.map(|page| format!("page {page}")));
    match (finding.byte_start, finding.byte_end, &finding.file) {
        (Some(start), Some(end), Some(file)) if start < end => {
            parts.push(format!("bytes {start}-{} of {}", end - 1, shown_path(Path::new(file))));
        }
        (_, _, Some(file)) => parts.push(shown_path(Path::new(file))),
        _ => {}
    }
    parts.join("   ")
}

fn verdict(report: &Report) -> String {
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let counted: Vec<String> = [Severity::Fatal, Severity::Error, Severity::Warning, Severity::Info]
        .into_iter()
        .map(|severity| (severity, count(severity)))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| counted_text(severity, count))
        .collect();
    let more = match report.findings_unlisted {
        0 => String::new(),
        more => format!(", {more} more not listed"),
    };
    match counted.is_empty() {
        true => format!("nothing found at level {}", report.level),
        false => format!("{}{more} at level {}", counted.join(", "), report.level),
    }
}

fn counted_text(severity: Severity, count: usize) -> String {
    match (severity, count) {
        (Severity::Error | Severity::Warning, 2..) => format!("{count} {severity}s"),
        _ => format!("{count} {severity}"),
    }
}

const WIDTH: usize = 80;
const INDENT: usize = 9;

/// A label and its text, folded at blanks. What stands between backquotes is for copying and is never cut.
fn wrapped(label: &str, text: &str) -> String {
    let indent = if label.is_empty() { 0 } else { INDENT };
    let mut folded = String::new();
    for (number, paragraph) in text.lines().enumerate() {
        let mut line = format!("{:indent$}", if number == 0 { label } else { "" });
        let mut is_fresh = true;
        for word in words(paragraph) {
            if !is_fresh && line.chars().count() + 1 + word.chars().count() > WIDTH {
                folded.push_str(line.trim_end());
                folded.push('\n');
                line = " ".repeat(indent);
                is_fresh = true;
            }
            if !is_fresh {
                line.push(' ');
            }
            line.push_str(word);
            is_fresh = false;
        }
        folded.push_str(line.trim_end());
        folded.push('\n');
    }
    folded
}

/// The words of a text; what stands between backquotes is one.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (place, letter) in text.char_indices() {
        match letter {
            '`' => quoted = !quoted,
            ' ' if !quoted => {
                words.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_folded_but_never_inside_a_command() {
        let text = format!("{} `tosumu scan notes.tsm --to l` and so on.", "word ".repeat(12));
        let folded = wrapped("Next", &text);
        assert!(folded.lines().all(|line| line.len() <= WIDTH));
        assert!(folded.contains("`tosumu scan notes.tsm --to l`"));
        assert!(folded.starts_with("Next     word"));
        assert_eq!(folded.lines().nth(1).map(|line| line.starts_with("         ")), Some(true));
    }

    #[test]
    fn an_anchor_is_a_line_or_the_last_such_line_of_a_file() {
        let line = "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM";
        assert_eq!(read_anchor(line).unwrap().commit.0, 1042);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchors");
        std::fs::write(&path, format!("# kept\n{line}\n{}\nend\n", line.replace("1042", "1050"))).unwrap();
        assert_eq!(read_anchor(path.to_str().unwrap()).unwrap().commit.0, 1050);
        std::fs::write(&path, "nothing\n").unwrap();
        assert!(read_anchor(path.to_str().unwrap()).is_err());
        assert!(read_anchor("no such thing").is_err());
    }
}
