//! The sheet of answers: a TOML file with a section for each case, to be filled in.

use super::{CASES_MAX, Case, Cause, Exam, From};
use crate::gallery::Group;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// What somebody answered for one case; empty: nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// What happened: a word of the list.
    #[serde(default)]
    pub cause: String,
    /// Where what `verify` finds first stands: `page 5`, `log`, `superblock A`, `key slot`, `file`, `none`.
    #[serde(default)]
    pub place: String,
    /// What is lost: `nothing`, a number of records, ranges of keys, `newest`, `everything`.
    #[serde(default)]
    pub lost: String,
}

/// A sheet that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// The exam it belongs to.
    pub exam: Exam,
    /// The answers by the numbers of the cases.
    pub answers: BTreeMap<usize, Answers>,
}

/// Why a sheet cannot be read: the line, and what would be right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SheetError {
    /// The line, from 1; 0: the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for SheetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.why),
            line => write!(f, "line {line}: {}", self.why),
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    seed: u64,
    count: usize,
    from: String,
    #[serde(flatten)]
    cases: BTreeMap<String, Answers>,
}

impl Sheet {
    /// Reads a sheet.
    pub fn parse(text: &str) -> Result<Sheet, SheetError> {
        let raw: Raw = toml::from_str(text).map_err(|error| SheetError {
            line: error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1)),
            why: error.message().to_owned(),
        })?;
        let wrong = |why: String| SheetError { line: 0, why };
        let from = match raw.from.as_str() {
            "seed" => From::Seed,
            "gallery" => From::Gallery,
            other => return Err(wrong(format!("`from` is `seed` or `gallery`, not `{other}`"))),
        };
        if raw.count == 0 || raw.count > CASES_MAX {
            return Err(wrong(format!("`count` is a number from 1 to {CASES_MAX}")));
        }
        let exam = Exam { from, seed: raw.seed, count: raw.count };
        let mut answers = BTreeMap::new();
        for (name, given) in raw.cases {
            let number = name.strip_prefix("case-").and_then(|number| number.parse().ok());
            match number.filter(|number| (1..=raw.count).contains(number)) {
                Some(number) => answers.insert(number, given),
                None => {
                    return Err(wrong(format!("there is no section `{name}`: they are case-1 to case-{}", raw.count)));
                }
            };
        }
        Ok(Sheet { exam, answers })
    }
}

const HOW: &str = "\
# What happened to each of these files? Look first:
#
#   tosumu open case-1.tsm          tosumu inspect probe --page N case-1.tsm
#   tosumu salvage case-1.tsm case-1.salvaged.tsm
#
# and as it stands over each case, with `verify`: it holds the file against what its owner noted of it before, and against
# another database of the same disk. Fill in, in words of the list below; what you leave empty is not counted as wrong:
#
#   cause   what happened
#   place   where what `verify` names first is: page N, log, superblock A, superblock B, key slot, file, or none
#   lost    nothing, a number of records, keys as k0004..k0009 (several with commas; of a named tree: people: k0001..k0003),
#           newest (what was committed last, and these files do not say how much), or everything
#
# What you salvage is compared with what can be saved. `tosumu exam check .` says how you did, with --explain also why.
";

/// A sheet to be filled in. It tells nothing of what happened.
pub fn blank(exam: &Exam, cases: &[Case]) -> String {
    let from = match exam.from {
        From::Seed => "seed",
        From::Gallery => "gallery",
    };
    let mut text = format!("{HOW}#\n# Causes:\n#\n");
    match exam.from {
        From::Seed => {
            let width = Cause::ALL.iter().map(|cause| cause.slug().len()).max().unwrap_or(0);
            Cause::ALL
                .iter()
                .for_each(|cause| text.push_str(&format!("#   {:<width$}  {}\n", cause.slug(), cause.words())));
        }
        From::Gallery => {
            let groups = Group::ALL.iter().filter(|group| **group != Group::Good);
            groups.for_each(|group| {
                text.push_str(&format!("#   {:<8}  {}\n", group.word(), group.heading().to_lowercase()))
            });
        }
    }
    text.push_str(&format!("\nseed = {}\ncount = {}\nfrom = \"{from}\"\n", exam.seed, exam.count));
    for case in cases {
        text.push_str(&format!("\n# {}\n", case.verify_command()));
        if let Some(word) = &case.passphrase {
            text.push_str(&format!("# passphrase: {word}\n"));
        }
        text.push_str(&format!("[case-{}]\ncause = \"\"\nplace = \"\"\nlost = \"\"\n", case.number));
    }
    text
}
