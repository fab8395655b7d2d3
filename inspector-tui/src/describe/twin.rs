//! What the twin run says: two engines that ran one script with one difference, their trees and their bills side by side, and
//! one sentence of what the difference did. Every figure of it is counted; the sentence is made from the figures.

use super::plural;
use super::receipt::{ROWS, Row};
use crate::labs::twin::{Answer, Asked, Difference, Side, Twin};
use crate::model::Model;
use crate::widget::text::grouped;
use schemars::JsonSchema;
use serde::Serialize;
use std::cmp::Ordering;

/// The twin run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct TwinFacts {
    /// The difference, as it is typed behind `twin`; none while one is chosen.
    pub difference: Option<String>,
    /// What there is to choose from.
    pub choices: Vec<ChoiceFacts>,
    /// The question that is open.
    pub question: Option<QuestionFacts>,
    /// What was guessed, when it was.
    pub guess: Option<String>,
    /// What came of it, once it may be shown.
    pub told: Option<ToldFacts>,
    /// Right guesses.
    pub right: usize,
    /// Guesses.
    pub guessed: usize,
    /// What the whole says.
    pub summary: String,
}

/// A difference to choose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct ChoiceFacts {
    /// As it is typed behind `twin`.
    pub typed: String,
    /// What the two run.
    pub does: String,
}

/// A question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct QuestionFacts {
    /// What is asked.
    pub text: String,
    /// What can be answered.
    pub answers: Vec<String>,
}

/// What came of the run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct ToldFacts {
    /// What the difference did.
    pub sentence: String,
    /// The right answer to the question.
    pub answer: String,
    /// Whether both hold the same records at the end; none when one of them is not open.
    pub same_records: Option<bool>,
    /// The left one.
    pub left: SideFacts,
    /// The right one.
    pub right: SideFacts,
    /// The figures.
    pub figures: Vec<FigureFacts>,
}

/// One of the two.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct SideFacts {
    /// What it is called.
    pub name: String,
    /// Its page size, in bytes.
    pub page_size: u32,
    /// Operations that were run.
    pub operations: usize,
    /// Records at the end.
    pub records: u64,
    /// The name of the tree that is measured, when it is a named one.
    pub tree: Option<String>,
    /// How full its leaves are on average, in percent.
    pub leaf_fill_percent: u64,
    /// Its nodes, level by level from the root.
    pub levels: Vec<Vec<NodeFacts>>,
    /// The first operation that failed, with what it said.
    pub failed: Option<String>,
}

/// A node of a tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct NodeFacts {
    /// Its page.
    pub page: u32,
    /// How full it is, in percent; of branches none.
    pub fill_percent: Option<u8>,
}

/// A figure of both.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FigureFacts {
    /// What is counted.
    pub what: String,
    /// Of the left one.
    pub left: Option<u64>,
    /// Of the right one.
    pub right: Option<u64>,
    /// Which has more, by its name; `same` when neither has.
    pub more: String,
    /// The greater one for a hundred of the lesser one; none when the lesser one is nought.
    pub per_hundred: Option<u64>,
}

/// The twins of `model`.
pub fn twin(model: &Model) -> TwinFacts {
    let lab = &model.labs.twin;
    let page_size = model.world.facts.page_size;
    let choices = Difference::choices(page_size)
        .map(|difference| ChoiceFacts { typed: difference.typed(), does: does(difference, page_size.get()) });
    let names = |difference: Difference| difference.names(page_size);
    TwinFacts {
        difference: lab.difference.map(Difference::typed),
        choices: if lab.difference.is_none() { choices.to_vec() } else { Vec::new() },
        question: lab.difference.filter(|_| lab.is_asking()).map(|difference| QuestionFacts {
            text: question(difference).to_owned(),
            answers: Answer::ALL.map(|answer| answer_words(answer, &names(difference))).to_vec(),
        }),
        guess: lab.difference.zip(lab.guess()).map(|(difference, guess)| answer_words(guess, &names(difference))),
        told: lab.told().map(told),
        right: lab.right,
        guessed: lab.guessed,
        summary: summary(model),
    }
}

/// What the two run.
pub fn does(difference: Difference, page_size: u32) -> String {
    match difference {
        Difference::Order(seed) => {
            format!("the same records, once with their keys ascending and once shuffled (seed {seed})")
        }
        Difference::Commits => {
            "the same changes, once each as a commit of its own and once as many in one commit as can be".to_owned()
        }
        Difference::PageSize(other) => {
            format!("the same operations, once on {page_size}-byte pages and once on {}-byte pages", other.get())
        }
    }
}

/// What is asked before anything is shown.
pub fn question(difference: Difference) -> &'static str {
    match difference.asked() {
        Asked::Pages => "Which of the two will need more pages for its tree?",
        Asked::Syncs => "Which of the two will sync its files more often?",
        Asked::LogBytes => "Which of the two will write more bytes to its log?",
    }
}

/// An answer: the name of one of the two, or that there is no difference.
pub fn answer_words(answer: Answer, names: &[String; 2]) -> String {
    match answer {
        Answer::Left => names[0].clone(),
        Answer::Right => names[1].clone(),
        Answer::Same => "both the same".to_owned(),
    }
}

/// What came of the run.
fn told(twin: &Twin) -> ToldFacts {
    let [left, right] = [0, 1].map(|at| side(&twin.sides[at]));
    let names = [left.name.clone(), right.name.clone()];
    ToldFacts {
        sentence: sentence(twin),
        answer: answer_words(twin.answer(), &names),
        same_records: twin.same_records,
        left,
        right,
        figures: figures(twin),
    }
}

fn side(side: &Side) -> SideFacts {
    let node = |node: &crate::labs::twin::Node| NodeFacts { page: node.page, fill_percent: node.fill_percent };
    SideFacts {
        name: side.name.clone(),
        page_size: side.page_size,
        operations: side.operations,
        records: side.records,
        tree: side.tree.name.as_deref().map(|name| tosumu::escape::escape(name.as_bytes())),
        leaf_fill_percent: percent(side.tree.leaf_fill),
        levels: side.tree.levels.iter().map(|level| level.iter().map(node).collect()).collect(),
        failed: side.failed.clone(),
    }
}

/// The bill's lines that stand before all others: what one looks for first.
const FIRST: [&str; 3] = ["file syncs", "log bytes", "pages sealed"];

/// Every figure that is not nought on both sides, likeliest first.
pub fn figures(twin: &Twin) -> Vec<FigureFacts> {
    let of = |what: &str, figure: &dyn Fn(&Side) -> Option<u64>| {
        let [left, right] = [figure(&twin.sides[0]), figure(&twin.sides[1])];
        let (one, other) = (left.unwrap_or(0), right.unwrap_or(0));
        let more = match one.cmp(&other) {
            Ordering::Greater => twin.sides[0].name.clone(),
            Ordering::Less => twin.sides[1].name.clone(),
            Ordering::Equal => "same".to_owned(),
        };
        let least = one.min(other);
        let per_hundred = (least > 0).then(|| one.max(other) * 100 / least);
        FigureFacts { what: what.to_owned(), left, right, more, per_hundred }
    };
    let mut figures = vec![
        of("tree height", &|side| Some(side.tree.height())),
        of("tree pages", &|side| Some(side.tree.pages())),
        of("leaves", &|side| Some(side.tree.leaves())),
        of("leaf fill, %", &|side| Some(percent(side.tree.leaf_fill))),
        of("commits", &|side| Some(side.commits)),
    ];
    let bill = |row: &Row| of(row.0, &|side| (row.2)(&side.bill));
    figures.extend(FIRST.iter().filter_map(|first| ROWS.iter().find(|row| row.0 == *first)).map(bill));
    figures.push(of("bytes per 100 given", &written_per_hundred));
    figures.push(of("pages of the store", &|side| Some(side.pages.into())));
    figures.extend(ROWS.iter().filter(|row| !FIRST.contains(&row.0)).map(bill));
    figures.retain(|figure| figure.left.unwrap_or(0) > 0 || figure.right.unwrap_or(0) > 0);
    figures
}

/// Hundredths of a percent, rounded.
fn percent(hundredths: u32) -> u64 {
    u64::from(hundredths + 50) / 100
}

/// Bytes written to all files for a hundred bytes of keys and values given.
fn written_per_hundred(side: &Side) -> Option<u64> {
    let bill = &side.bill;
    let written = [bill.log_bytes, bill.page_file_bytes, bill.other_bytes].into_iter().flatten().sum::<u64>();
    let given = bill.bytes_given.filter(|given| *given > 0)?;
    Some(written * 100 / given)
}

/// What the difference did: made from the figures, with its reason where they bear it out.
pub fn sentence(twin: &Twin) -> String {
    let [left, right] = &twin.sides;
    let mut words = match twin.difference {
        Difference::Order(_) => of_order(twin),
        Difference::Commits => of_commits(twin),
        Difference::PageSize(_) => of_page_size(twin),
    };
    for side in [left, right] {
        if let Some(failed) = &side.failed {
            words.push_str(&format!(" With {} an operation failed: {}.", side.name, failed.trim_end_matches('.')));
        }
    }
    if twin.same_records == Some(false) {
        words.push_str(" At the end they do NOT hold the same records.");
    }
    words
}

fn of_order(twin: &Twin) -> String {
    let [left, right] = &twin.sides;
    let (one, other) = (percent(left.tree.leaf_fill), percent(right.tree.leaf_fill));
    let full = format!("With keys in order the leaves are {one} % full, in random order {other} %");
    let (few, many) = (left.tree.pages(), right.tree.pages());
    if few == many {
        return format!("{full}: {} need {} either way.", count(left.records, "record"), count(few, "page"));
    }
    let why = match one > other {
        true => {
            " A full leaf at the right edge of the tree stays full and the next record begins a new one; anywhere else \
             it gives to a neighbour that has room, or is halved."
        }
        false => "",
    };
    let records = count(left.records, "record");
    format!("{full}: the same {records} stand in {} against {}.{why}", count(few, "page"), grouped(many))
}

fn of_commits(twin: &Twin) -> String {
    let figures = |side: &Side| {
        let [syncs, bytes] = [side.bill.file_syncs, side.bill.log_bytes].map(|figure| figure.unwrap_or(0));
        (side.commits, syncs, bytes)
    };
    let [one, other] = [0, 1].map(|at| figures(&twin.sides[at]));
    let said = |(commits, syncs, bytes): (u64, u64, u64)| {
        format!("{} {} and {} of log", count(commits, "commit"), takes(commits, syncs), count(bytes, "byte"))
    };
    let why = match one.2.checked_div(other.2) {
        Some(_) if one.2 > other.2 => {
            let times = one.2 * 10 / other.2;
            format!(
                " That is {}.{} times the log: a page that one commit changes often is sealed and logged once.",
                times / 10,
                times % 10
            )
        }
        _ => String::new(),
    };
    format!("Singly {}; together {}.{why}", said(one), said(other))
}

fn takes(commits: u64, syncs: u64) -> String {
    format!("{} {}", if commits == 1 { "takes" } else { "take" }, count(syncs, "sync"))
}

fn of_page_size(twin: &Twin) -> String {
    let said = |side: &Side| {
        let written = written_per_hundred(side).unwrap_or(0);
        format!(
            "{}-byte pages the tree has {} and {}.{:02} bytes are written for each byte given",
            side.page_size,
            count(side.tree.height(), "level"),
            grouped(written / 100),
            written % 100
        )
    };
    let [left, right] = &twin.sides;
    let (small, large) = if left.page_size < right.page_size { (left, right) } else { (right, left) };
    let why = match large.bill.log_bytes > small.bill.log_bytes {
        true => " A commit logs whole pages, however little of each it changed.",
        false => "",
    };
    format!("With {}; with {}.{why}", said(left), said(right))
}

fn count(number: u64, word: &str) -> String {
    plural(usize::try_from(number).unwrap_or(usize::MAX), word)
}

fn summary(model: &Model) -> String {
    let lab = &model.labs.twin;
    let score = match lab.guessed {
        0 => String::new(),
        guessed => format!(" {} of {guessed} guessed right.", lab.right),
    };
    let Some(difference) = lab.difference else {
        let operations = model.timeline().map_or(0, |timeline| timeline.operations().len());
        let lines = plural(operations, "operation");
        return format!("Two new engines run the {lines} of this branch, with one difference. Which?{score}");
    };
    match (lab.told(), lab.twin.is_some(), lab.progress) {
        (Some(twin), ..) => {
            let same = match twin.same_records {
                Some(true) => format!("Both hold the same {} at the end.", count(twin.sides[0].records, "record")),
                Some(false) => "They do NOT hold the same records at the end.".to_owned(),
                None => "One of the stores is not open at the end.".to_owned(),
            };
            let touched = match difference {
                Difference::Order(seed) => {
                    format!("{} changed places, by seed {seed} on the right.", count(twin.touched as u64, "record"))
                }
                Difference::Commits => format!("{} share commits on the right.", count(twin.touched as u64, "change")),
                Difference::PageSize(_) => format!("Both ran {}.", count(twin.touched as u64, "operation")),
            };
            format!("{touched} {same}{score}")
        }
        (None, true, _) => format!("Both engines are done.{score}"),
        (None, false, Some(progress)) => {
            format!("{} of {} operations are run.{score}", grouped(progress.done as u64), grouped(progress.of as u64))
        }
        (None, false, None) => format!("Both engines run.{score}"),
    }
}

/// How the guess stands to what came of it; empty when none was made.
pub fn judged(model: &Model) -> String {
    let lab = &model.labs.twin;
    let (Some(twin), Some(guess)) = (lab.told(), lab.guess()) else { return String::new() };
    let names = [0, 1].map(|at| twin.sides[at].name.clone());
    let asked = question(twin.difference).trim_end_matches('?').to_lowercase();
    match guess == twin.answer() {
        true => format!("You guessed right ({asked}: {}).", answer_words(guess, &names)),
        false => {
            format!("You guessed {}; {asked}: {}.", answer_words(guess, &names), answer_words(twin.answer(), &names))
        }
    }
}

impl FigureFacts {
    /// `1.38 x shuffled`; `=` when neither has more.
    pub fn more_words(&self) -> String {
        match (self.more.as_str(), self.per_hundred) {
            ("same", _) => "=".to_owned(),
            (name, Some(hundredths)) => format!("{}.{:02} x {name}", grouped(hundredths / 100), hundredths % 100),
            (name, None) => format!("only {name}"),
        }
    }
}

impl SideFacts {
    /// `ascending: 9 pages, leaves 71 % full`.
    pub fn title(&self) -> String {
        let pages = self.levels.iter().map(Vec::len).sum();
        let tree = self.tree.as_ref().map_or(String::new(), |name| format!(", tree {name}"));
        format!("{}{tree}: {}, leaves {} % full", self.name, plural(pages, "page"), self.leaf_fill_percent)
    }
}

impl TwinFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = format!("{}\n", self.summary);
        for choice in &self.choices {
            text.push_str(&format!("twin {}: {}.\n", choice.typed, choice.does));
        }
        if let Some(question) = &self.question {
            text.push_str(&format!("{}\n", question.text));
            for (number, answer) in (1..).zip(&question.answers) {
                text.push_str(&format!("{number} {answer}\n"));
            }
        }
        let Some(told) = &self.told else { return text };
        text.push_str(&format!("{}\n", told.sentence));
        for side in [&told.left, &told.right] {
            text.push_str(&format!("{}.\n", side.title()));
            for (height, level) in side.levels.iter().rev().enumerate().rev() {
                let fills: Vec<String> =
                    level.iter().filter_map(|node| node.fill_percent).map(|fill| fill.to_string()).collect();
                let fills =
                    if fills.is_empty() { String::new() } else { format!(", in percent full: {}", fills.join(" ")) };
                let name = if height == 0 { "leaves".to_owned() } else { format!("level {height}") };
                text.push_str(&format!("  {name}: {}{fills}\n", plural(level.len(), "page")));
            }
        }
        for figure in &told.figures {
            let [left, right] = [figure.left, figure.right].map(|figure| figure.map_or("unknown".to_owned(), grouped));
            let more = match figure.more.as_str() {
                "same" => "the same".to_owned(),
                _ => format!("more: {}", figure.more_words()),
            };
            text.push_str(&format!("{}: {left} against {right}; {more}\n", figure.what));
        }
        text
    }
}
