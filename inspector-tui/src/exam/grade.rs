//! Answers held against the truth.

use super::Case;
use super::sheet::Answers;
use super::truth::{Loss, Records, Truth};
use std::collections::BTreeSet;

/// What an answer is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// It is right.
    Right,
    /// It is not.
    Wrong,
    /// There is none.
    Empty,
    /// None is asked for.
    NotAsked,
}

impl Mark {
    /// As it stands in the table.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Right => "right",
            Mark::Wrong => "wrong",
            Mark::Empty => "-",
            Mark::NotAsked => "",
        }
    }
}

/// What became of salvaging a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Salvaged {
    /// There is no such file.
    Absent,
    /// These records stand in it.
    Holds(Records),
    /// It cannot be read, or does not verify.
    Unsound(String),
}

/// How a case was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grade {
    /// What happened.
    pub cause: Mark,
    /// Where.
    pub place: Mark,
    /// What is lost.
    pub lost: Mark,
    /// What was saved.
    pub salvaged: Mark,
    /// What is wrong with the salvaged file.
    pub remark: Option<String>,
}

impl Grade {
    /// The marks in their order.
    pub fn marks(&self) -> [Mark; 4] {
        [self.cause, self.place, self.lost, self.salvaged]
    }

    /// Points made, and points there are.
    pub fn points(&self) -> (usize, usize) {
        let right = self.marks().iter().filter(|mark| **mark == Mark::Right).count();
        (right, self.marks().iter().filter(|mark| **mark != Mark::NotAsked).count())
    }
}

/// Grades one case.
pub fn grade(case: &Case, answers: &Answers, salvaged: &Salvaged) -> Grade {
    let truth = &case.truth;
    let (saved, remark) = grade_salvaged(truth, salvaged);
    Grade {
        cause: mark(&answers.cause, |said| said == case.happened.slug()),
        place: mark(&answers.place, |said| said == truth.place.to_string().to_lowercase()),
        lost: mark(&answers.lost, |said| lost_is(truth, said)),
        salvaged: saved,
        remark,
    }
}

fn mark(answer: &str, is_right: impl FnOnce(&str) -> bool) -> Mark {
    let said = answer.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    match said.is_empty() {
        true => Mark::Empty,
        false if is_right(&said) => Mark::Right,
        false => Mark::Wrong,
    }
}

/// Whether what was said is what is lost: in a word, as a number, or as ranges of keys.
fn lost_is(truth: &Truth, said: &str) -> bool {
    let count = truth.lost.len();
    let number = said.split(' ').next().and_then(|word| word.parse::<usize>().ok());
    match said {
        "nothing" | "none" | "no record" => count == 0,
        "everything" | "all" => truth.loss == Loss::Everything,
        "newest" | "the newest commits" => truth.loss == Loss::Newest,
        _ => match number {
            Some(number) => number == count,
            None => ranges_are(truth, said),
        },
    }
}

/// Ranges of keys name what is lost when exactly the records held in them are lost; the last key may be meant or not.
fn ranges_are(truth: &Truth, said: &str) -> bool {
    let named = |last_is_meant: bool| -> Option<BTreeSet<Vec<u8>>> {
        let mut named = BTreeSet::new();
        for range in said.split(',') {
            let (tree, keys) = range.rsplit_once(':').unwrap_or(("main", range));
            let (first, last) = keys.split_once("..").unwrap_or((keys, keys));
            let key = |word: &str| [tree.trim().as_bytes(), b" ", word.trim().as_bytes()].concat();
            let (first, last) = (key(first), key(last));
            let in_range = |key: &&Vec<u8>| {
                key.starts_with(&[tree.trim().as_bytes(), b" "].concat())
                    && **key >= first
                    && (**key < last || (last_is_meant || first == last) && **key == last)
            };
            named.extend(truth.held.keys().filter(in_range).cloned());
        }
        Some(named)
    };
    !truth.lost.is_empty()
        && [true, false].into_iter().any(|meant| named(meant).is_some_and(|named| named == truth.lost))
}

fn grade_salvaged(truth: &Truth, salvaged: &Salvaged) -> (Mark, Option<String>) {
    let is_asked = truth.exit >= 2 && truth.saved.is_some();
    let saved = match (&truth.saved, salvaged) {
        (None, Salvaged::Absent) => return (Mark::NotAsked, None),
        (_, Salvaged::Absent) if is_asked => return (Mark::Empty, None),
        (_, Salvaged::Absent) => return (Mark::NotAsked, None),
        (_, Salvaged::Unsound(why)) => return (Mark::Wrong, Some(why.clone())),
        (None, Salvaged::Holds(_)) => {
            return (Mark::Wrong, Some("nothing of this case can be saved: what is this file?".to_owned()));
        }
        (Some(saved), Salvaged::Holds(theirs)) => (saved, theirs),
    };
    let (ours, theirs) = saved;
    let missing = ours.iter().filter(|(key, value)| theirs.get(*key) != Some(value)).count();
    let is_false = |key: &Vec<u8>, value: &Vec<u8>| truth.held.get(key) != Some(value) && ours.get(key) != Some(value);
    let made_up = theirs.iter().filter(|(key, value)| is_false(key, value)).count();
    let right = if is_asked { Mark::Right } else { Mark::NotAsked };
    match (missing, made_up) {
        (0, 0) => (right, None),
        (0, count) => {
            (Mark::Wrong, Some(format!("the database as it was last does not have {} of it", records(count))))
        }
        (count, _) => (
            Mark::Wrong,
            Some(format!("{} that can be saved {} not in it", records(count), if count == 1 { "is" } else { "are" })),
        ),
    }
}

fn records(count: usize) -> String {
    format!("{count} record{}", if count == 1 { "" } else { "s" })
}
