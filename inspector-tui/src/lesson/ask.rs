//! Questions with their answers. Every answer but one written by hand is computed: from the events that are about to be shown,
//! from the bytes of the store, or by the real verifier.

mod case;

use super::format::{Ask, Place, Predict, ScriptLine};
use super::store::Store;
use crate::describe::operation_words;
use crate::labs::grid::{self, Fault, Outcome as GridOutcome};
use crate::labs::tamper::{self, Verdict};
use crate::predict;
use crate::timeline::{Timeline, World};
use crate::widget::text;
use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use tosumu::format::annotate::{self, Annotation};
use tosumu::script::{Measure, Op, Read, Runner};
use tosumu::trace::{Event, Receipt};
use tosumu::types::{Bytes, PageNo};
use tosumu::{Code, Finding, Severity};

/// A question with its answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Asked {
    /// The line of the file where it stands, from 1.
    pub line: usize,
    /// The question.
    pub text: String,
    /// How it is answered, and the answer.
    pub way: Way,
    /// Why that is the answer.
    pub why: String,
    /// How many events of the store have happened when it is put: the next one is what it asks about.
    pub event: usize,
}

/// How a question is answered, and the answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Way {
    /// By choosing.
    Choose {
        /// What there is to choose from.
        choices: Vec<String>,
        /// The right one.
        answer: usize,
    },
    /// By typing words, usually numbers.
    Type {
        /// What to type, as an example.
        form: String,
        /// What the numbers to type stand for, from 1; empty where they stand for themselves.
        cards: Vec<String>,
        /// The right words.
        answer: String,
    },
    /// By pointing at bytes.
    Point {
        /// What they are the bytes of.
        place: String,
        /// The bytes.
        bytes: Bytes,
        /// What each is.
        fields: Vec<Annotation>,
        /// Those that are right to point at.
        answer: Range<usize>,
    },
}

/// What somebody answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    /// The choice of this number, from 0.
    Choice(usize),
    /// These words.
    Words(String),
    /// This byte.
    Byte(usize),
}

impl Asked {
    /// Whether that is the answer.
    pub fn is_right(&self, given: &Given) -> bool {
        match (&self.way, given) {
            (Way::Choose { answer, .. }, Given::Choice(choice)) => answer == choice,
            (Way::Type { answer, .. }, Given::Words(words)) => match answer.parse::<u64>() {
                Ok(number) => number_of(words) == Some(number),
                Err(_) => words_of(answer) == words_of(words),
            },
            (Way::Point { answer, .. }, Given::Byte(byte)) => answer.contains(byte),
            _ => false,
        }
    }

    /// The right answer in words.
    pub fn answer(&self) -> String {
        match &self.way {
            Way::Choose { choices, answer } => choices[*answer].clone(),
            Way::Type { answer, .. } => answer.clone(),
            Way::Point { answer, .. } => bytes_words(answer),
        }
    }

    /// What is said to an answer.
    pub fn reply(&self, given: Option<&Given>) -> String {
        self.reply_and_why(given).trim_end().to_owned()
    }

    fn reply_and_why(&self, given: Option<&Given>) -> String {
        let answer = match self.way {
            Way::Choose { .. } => format!("the answer is: {}", self.answer()),
            Way::Type { .. } | Way::Point { .. } => format!("it is {}", self.answer()),
        };
        let Some(given) = given else { return format!("Skipped; {answer}. {}", self.why) };
        if self.is_right(given) {
            return format!("Right: {}. {}", self.answer(), self.why);
        }
        let pointed = match (&self.way, given) {
            (Way::Point { fields, .. }, Given::Byte(byte)) => {
                let field = fields.iter().find(|field| field.span.contains(byte));
                field.map(|field| format!("byte {byte} is part of `{}`", field.name))
            }
            _ => None,
        };
        match pointed {
            Some(it) => format!("Not so: {it}; right is {}. {}", self.answer(), self.why),
            None => format!("Not so: {answer}. {}", self.why),
        }
    }
}

/// Numbers and names, whatever stands between them.
fn words_of(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '_');
    parts.filter(|part| !part.is_empty() && *part != "-").map(str::to_lowercase).collect()
}

/// The number that words begin with, its thousands set apart or not: `4,608 bytes`.
fn number_of(words: &str) -> Option<u64> {
    let part_of_it = |letter: &char| letter.is_ascii_digit() || matches!(letter, ',' | '.' | '_' | '\'' | ' ');
    let digits: String = words.trim().chars().take_while(part_of_it).filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn bytes_words(bytes: &Range<usize>) -> String {
    match bytes.len() {
        0 | 1 => format!("byte {}", bytes.start),
        _ => format!("bytes {} to {}", bytes.start, bytes.end - 1),
    }
}

/// What a question is about: a script that was run.
pub(super) struct Scene<'a> {
    pub store: &'a Store,
    pub before: &'a [String],
    pub script: &'a [ScriptLine],
    pub events: &'a [Arc<Event>],
    /// How many of the events happened before the script.
    pub first: usize,
    pub runner: &'a mut Runner,
}

/// Answers a question; an error says why it cannot be put here.
pub(super) fn compute(predict: &Predict, scene: Scene) -> Result<Asked, String> {
    let asked = match &predict.ask {
        Ask::Separator | Ask::Moved => of_split(predict, &scene),
        Ask::Emptied | Ask::Pages | Ask::Survives | Ask::Log | Ask::Recovered | Ask::Verdict => {
            of_event(predict, &scene)
        }
        Ask::Finding => finding(&scene),
        Ask::Path(key) => path(key, &scene),
        Ask::See => see(predict, &scene),
        Ask::Count(measure) => {
            let found = scene.runner.measured(*measure)?;
            let text = format!("How many {} will there be?", measure.word());
            let line = operation_words(&last_line(scene.script), LINE_MAX);
            let why = format!("After `{line}`: {} {found}.", measure.word());
            Ok(typed(text, "a number", found.to_string(), why, last_operation(&scene)))
        }
        Ask::Order(kinds) => order(kinds, &scene),
        Ask::Fate => fate(&scene),
        Ask::Cause => case::cause(&scene),
        Ask::Lost => case::lost(&scene),
        Ask::Cell { call, nth, fault } => cell(call, *nth, *fault, &scene),
        Ask::Costliest(measure) => costliest(*measure, &scene),
        Ask::Point { place, field } => point(place, field, &scene),
        Ask::Choice { right, proof } => {
            for expect in proof {
                let instead = |why| format!("the proof `{expect}` does not hold: {why}");
                scene.runner.holds(expect).map_err(instead)?;
            }
            let mut choices = predict.choices.clone();
            choices.sort();
            let way = choose(choices, right)?;
            Ok(Asked { line: 0, text: String::new(), way, why: String::new(), event: scene.first })
        }
    }?;
    finish(predict, asked)
}

/// The words and choices that the lesson gives take the place of those computed.
fn finish(predict: &Predict, mut asked: Asked) -> Result<Asked, String> {
    asked.line = predict.number;
    if let Some(words) = &predict.words {
        asked.text = words.clone();
    }
    if !predict.why.is_empty() {
        asked.why = predict.why.clone();
    }
    if !predict.choices.is_empty() && !matches!(predict.ask, Ask::Choice { .. }) {
        asked.way = choose(predict.choices.clone(), &asked.answer())?;
    }
    match &asked.way {
        Way::Choose { choices, .. } if choices.len() < 2 => {
            Err(format!("there is only one thing to choose, `{}`: give lines `choice: …`", choices[0]))
        }
        _ => Ok(asked),
    }
}

fn choose(choices: Vec<String>, right: &str) -> Result<Way, String> {
    let answer = choices.iter().position(|choice| choice == right);
    let none = || format!("the answer is `{right}`, which is none of the choices: {}", choices.join(", "));
    let answer = answer.ok_or_else(none)?;
    Ok(Way::Choose { choices, answer })
}

fn typed(text: String, form: &str, answer: String, why: String, event: usize) -> Asked {
    Asked { line: 0, text, way: Way::Type { form: form.to_owned(), cards: Vec::new(), answer }, why, event }
}

/// The kinds of events that a question can be about.
fn kinds(ask: &Ask) -> &'static [&'static str] {
    match ask {
        Ask::Separator | Ask::Moved => &["page-split"],
        Ask::Emptied => &["pages-merged"],
        Ask::Pages => &["page-sealed"],
        Ask::Survives => &["crashed"],
        Ask::Log => &["log-examined"],
        Ask::Recovered => &["log-replayed"],
        Ask::Verdict => &["verify-started"],
        _ => &[],
    }
}

/// The events of the script that the question can be about.
fn candidates<'s>(predict: &Predict, scene: &'s Scene) -> Result<Vec<(usize, &'s Event)>, String> {
    let kinds = kinds(&predict.ask);
    if let Some(before) = predict.before.as_ref().filter(|before| !kinds.contains(&before.as_str())) {
        return Err(format!("this is asked before {}, not before {before}", kinds.join(" or ")));
    }
    let events = scene.events.iter().enumerate().skip(scene.first).map(|(at, event)| (at, &**event));
    let found: Vec<_> = events.filter(|(_, event)| kinds.contains(&event.name().as_str())).collect();
    if found.is_empty() {
        return Err(format!("no {} comes in the script behind this question", kinds.join(" or ")));
    }
    Ok(found)
}

fn of_split(predict: &Predict, scene: &Scene) -> Result<Asked, String> {
    let word = if predict.ask == Ask::Separator { "separator" } else { "moved" };
    let mut asked =
        candidates(predict, scene)?.into_iter().filter_map(|(at, event)| predict::question(word, event, at));
    asked.next().map(of_question).ok_or_else(|| "this split cannot be asked about".to_owned())
}

fn of_event(predict: &Predict, scene: &Scene) -> Result<Asked, String> {
    let found = candidates(predict, scene)?;
    let timeline = timeline(scene);
    let mut asked = found.into_iter().filter_map(|(at, _)| predict::coming(&timeline, &timeline.world_at(at), at));
    asked.next().map(of_question).ok_or_else(|| "nothing can be asked about the events of this script".to_owned())
}

fn of_question(question: crate::model::Question) -> Asked {
    let way = Way::Choose { choices: question.choices, answer: question.answer };
    Asked { line: 0, text: question.text, way, why: question.why, event: question.event }
}

fn timeline(scene: &Scene) -> Timeline {
    let mut timeline = Timeline::new(&scene.store.options.file, scene.store.options.page_size);
    timeline.extend(scene.events.to_vec());
    timeline
}

/// Where the last operation of the script begins.
fn last_operation(scene: &Scene) -> usize {
    let begins = |event: &Arc<Event>| matches!(**event, Event::OperationStarted { .. });
    scene.events[scene.first..].iter().rposition(begins).map_or(scene.first, |at| scene.first + at)
}

fn last_line(script: &[ScriptLine]) -> String {
    let is_operation =
        |line: &&ScriptLine| !matches!(Op::parse(&line.text), Ok(Op::Expect(_) | Op::Comment(_)) | Err(_));
    script.iter().rev().find(is_operation).map_or(String::new(), |line| line.text.trim().to_owned())
}

/// Codes that are offered beside the right one.
const CODES: [&str; 5] = ["PAGE-UNAUTHENTIC", "PAGE-STALE", "PAGE-SWAPPED", "LOG-ROT", "HDR-CRC"];

fn finding(scene: &Scene) -> Result<Asked, String> {
    let events = &scene.events[scene.first..];
    let start = events.iter().position(|event| matches!(**event, Event::VerifyStarted { .. }));
    let start = start.ok_or("no `verify` comes in the script behind this question")?;
    let found = events[start..].iter().find_map(|event| match &**event {
        Event::FindingReported { finding } if finding.severity > Severity::Info => Some(finding.clone()),
        _ => None,
    });
    let right = found.as_ref().map_or("nothing is found".to_owned(), |finding| finding.code.to_string());
    let offered: Vec<String> = CODES.iter().map(|code| (*code).to_owned()).collect();
    let mut choices: Vec<String> = offered.into_iter().filter(|code| *code != right).take(3).collect();
    choices.extend(["nothing is found".to_owned(), right.clone()]);
    let choices: BTreeSet<String> = choices.into_iter().collect();
    let way = choose(choices.into_iter().collect(), &right)?;
    let why = found.map_or("The file is sound.".to_owned(), |finding: Box<Finding>| finding.why.clone());
    let text = "The file is verified. What is found first?".to_owned();
    Ok(Asked { line: 0, text, way, why, event: scene.first + start })
}

/// Columns of an operation, or of what a field holds, in the answer to a question about it.
const LINE_MAX: usize = 30;

/// The pages that the last operation visits on its way to `key`.
fn path(key: &[u8], scene: &Scene) -> Result<Asked, String> {
    let (mut pages, mut steps) = (Vec::new(), Vec::new());
    let mut first = None;
    for (at, event) in scene.events.iter().enumerate().skip(scene.first) {
        let page = match &**event {
            Event::BranchSearched { page, key: searched, .. } if **searched == *key => page,
            Event::LeafSearched { page, key: searched, .. } if **searched == *key => page,
            _ => continue,
        };
        first = first.or(Some(at));
        pages.push(page.to_string());
        if let Event::BranchSearched { separator, child, .. } = &**event {
            let taken = match separator.is_empty() {
                true => "before its first separator".to_owned(),
                false => format!("from `{}` on", tosumu::escape::escape(separator)),
            };
            steps.push(format!("page {page} leads to page {child} {taken}"));
        }
        if matches!(**event, Event::LeafSearched { .. }) {
            break;
        }
    }
    let shown = tosumu::escape::escape(key);
    let first =
        first.ok_or_else(|| format!("no operation of the script behind this question searches for `{shown}`"))?;
    let text = format!("Which pages does the search for `{shown}` visit, from the root down?");
    let why = match steps.is_empty() {
        true => "The root is a leaf.".to_owned(),
        false => format!("For `{shown}`, {}.", steps.join("; ")),
    };
    Ok(typed(text, "page numbers, the root first", pages.join(" "), why, first))
}

/// What the last operation prints.
fn see(predict: &Predict, scene: &Scene) -> Result<Asked, String> {
    let printed = scene.events.iter().rev().find_map(|event| match &**event {
        Event::OperationEnded { outcome, .. } => Some(outcome.lines().next().unwrap_or_default().to_owned()),
        _ => None,
    });
    let printed = printed.ok_or("the script behind this question has no operation")?;
    let line = last_line(scene.script);
    let key = match Op::parse(&line)? {
        Op::Read(Read::Get { key }) => Some(key),
        Op::Session { step: tosumu::script::SessionStep::Read(Read::Get { key }), .. } => Some(key),
        _ => None,
    };
    let mut choices: BTreeSet<String> = [printed.clone(), "no such key".to_owned()].into_iter().collect();
    let ran = scene.store.lines.iter().chain(scene.before).map(String::as_str);
    for line in ran.chain(scene.script.iter().map(|line| line.text.as_str())) {
        if let Ok(Op::Put { key: put, value }) = Op::parse(line)
            && Some(&put) == key.as_ref()
        {
            choices.insert(tosumu::escape::escape(&value));
        }
    }
    let choices = if predict.choices.is_empty() { choices.into_iter().collect() } else { predict.choices.clone() };
    let text = format!("What does `{line}` answer?");
    Ok(Asked { line: 0, text, way: choose(choices, &printed)?, why: String::new(), event: last_operation(scene) })
}

fn order(kinds: &[String], scene: &Scene) -> Result<Asked, String> {
    let mut firsts = Vec::new();
    for kind in kinds {
        let at = scene.events[scene.first..].iter().position(|event| event.name() == *kind);
        let at = at.ok_or_else(|| format!("no {kind} comes in the script behind this question"))?;
        firsts.push((at, kind.clone()));
    }
    let mut listed: Vec<String> = kinds.to_vec();
    listed.sort();
    firsts.sort();
    // The cards do not lie in the right order already.
    if firsts.iter().map(|(_, kind)| kind).eq(&listed) {
        listed.rotate_left(1);
    }
    let number = |kind: &String| listed.iter().position(|listed| listed == kind).map_or(0, |at| at + 1);
    let answer: Vec<String> = firsts.iter().map(|(_, kind)| number(kind).to_string()).collect();
    // `page-compacted` is "page compacted" to a reader.
    let words = |kind: &String| kind.replace('-', " ");
    let told: Vec<String> = firsts.iter().map(|(_, kind)| words(kind)).collect();
    let way = Way::Type {
        form: "the numbers, the first one first".to_owned(),
        cards: listed.iter().map(words).collect(),
        answer: answer.join(" "),
    };
    let text = "In which order do these come?".to_owned();
    Ok(Asked { line: 0, text, way, why: format!("First {}.", told.join(", then ")), event: scene.first })
}

/// What comes of the script as a lie about the store before it.
fn fate(scene: &Scene) -> Result<Asked, String> {
    let instant = tamper::Instant { events: &scene.events[..scene.first], options: &scene.store.options };
    let mut lines: Vec<String> = Vec::new();
    for line in scene.script {
        match Op::parse(&line.text)? {
            Op::Tamper(_) | Op::Forge(_) | Op::Swap(..) | Op::PutBack { .. } | Op::Beside { .. } => {
                lines.push(line.text.clone());
            }
            Op::Expect(_)
            | Op::Comment(_)
            | Op::Verify
            | Op::VerifyAnchored
            | Op::Reopen
            | Op::Read(_)
            | Op::Show(_) => {}
            _ => {
                let line = line.text.trim();
                return Err(format!("`{line}` is no lie: the store is made by a script in front of this question"));
            }
        }
    }
    // Told to the store as its script makes it, copies beside it included, which no event tells of.
    let mut runner = scene.store.runner();
    scene.before.iter().for_each(|line| drop(runner.run_line(line)));
    for line in &lines {
        let outcome = runner.run_line(line);
        if outcome.failed {
            return Err(format!("`{line}`: {}", outcome.text));
        }
    }
    let lie = tamper::judged(&instant, lines, &runner.disk().image())?;
    let choices = Verdict::ALL.iter().map(|verdict| verdict.words().to_owned()).collect();
    let way = choose(choices, lie.verdict().words())?;
    let found = |code: &Option<String>| code.as_deref().map_or("nothing".to_owned(), with_meaning);
    let mut why = format!("`verify` finds {}.", found(&lie.verify).trim_end_matches('.'));
    if lie.anchored != lie.verify {
        let anchored = found(&lie.anchored);
        why.push_str(&format!(" With a fingerprint kept elsewhere it finds {}.", anchored.trim_end_matches('.')));
    }
    Ok(Asked { line: 0, text: "What comes of this?".to_owned(), way, why, event: scene.first })
}

/// `PAGE-STALE: ` and what that means.
fn with_meaning(code: &str) -> String {
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    known.map_or(code.to_owned(), |known| format!("{code}: {}", known.meaning()))
}

/// What the crash grid of the last operation says behind a disk call, under a fault.
fn cell(call: &str, nth: usize, fault: Fault, scene: &Scene) -> Result<Asked, String> {
    let timeline = timeline(scene);
    let operation = timeline.operations().last().ok_or("the script behind this question has no operation")?;
    let options = &scene.store.options;
    let subject = grid::Subject { branch: 0, events: timeline.events(), operation, options };
    let grid = grid::compute(&subject, &mut |_| ControlFlow::Continue(()))?;
    let mut columns = grid.columns.iter().enumerate().filter(|(_, column)| column.word == call);
    let none = || {
        let words: Vec<&str> = grid.columns.iter().map(|column| column.word.as_str()).collect();
        format!("the operation has no disk call {nth} `{call}`; there are: {}", words.join(" "))
    };
    let (at, _) = columns.nth(nth - 1).ok_or_else(none)?;
    let row = Fault::ALL.iter().position(|known| *known == fault).unwrap_or_default();
    let outcome = grid.outcome(at, row).ok_or("nothing is pending there that this fault could strike")?;
    let (before, after) = ("as it was before the operation", "as it is after the operation");
    let (refused, wrong) = ("it refuses to open", "it opens, and something acknowledged is gone");
    let (answer, why) = match outcome {
        GridOutcome::State(0) => (before, "Recovered, read and verified: none of it is there.".to_owned()),
        GridOutcome::State(state) if *state == grid.commits => {
            (after, "Recovered, read and verified: all of it is there.".to_owned())
        }
        GridOutcome::State(state) => return Err(format!("the answer is commit {state} of {}", grid.commits)),
        GridOutcome::Refused(code) => (refused, format!("Opening says {code}.")),
        GridOutcome::Wrong(what) => (wrong, format!("It opens without a word, and {what}.")),
    };
    let text = format!("{}, right behind `{call}`. What does the store come back as?", fault.sentence());
    let way = choose([before, after, refused, wrong].map(str::to_owned).to_vec(), answer)?;
    Ok(Asked { line: 0, text, way, why, event: last_operation(scene) })
}

/// Which operation of the script has the longest bill.
fn costliest(measure: Measure, scene: &Scene) -> Result<Asked, String> {
    let cost = |receipt: &Receipt| match measure {
        Measure::Syncs => u64::from(receipt.syncs),
        Measure::Writes => receipt.writes.into(),
        Measure::Bytes => receipt.bytes_written,
        Measure::Seals => receipt.pages_sealed.into(),
        _ => receipt.pages_opened.into(),
    };
    let bills = scene.events[scene.first..].iter().filter_map(|event| match &**event {
        Event::OperationEnded { line, receipt, .. } => Some((line.clone(), cost(receipt))),
        _ => None,
    });
    let bills: Vec<(String, u64)> = bills.collect();
    let most = bills.iter().map(|(_, cost)| *cost).max().ok_or("the script behind this question has no operation")?;
    let mut costly = bills.iter().filter(|(_, cost)| *cost == most);
    let (answer, _) = costly.next().ok_or("the script behind this question has no operation")?;
    if let Some((other, _)) = costly.next() {
        return Err(format!("`{answer}` and `{other}` cost the same, {most} {}", measure.word()));
    }
    let choices: BTreeSet<String> = bills.iter().map(|(line, _)| line.clone()).collect();
    let text = format!("Which of these costs most {}?", measure.word());
    let why = format!("It cost {} {}.", text::grouped(most), measure.word());
    Ok(Asked { line: 0, text, way: choose(choices.into_iter().collect(), answer)?, why, event: scene.first })
}

fn point(place: &Place, field: &str, scene: &Scene) -> Result<Asked, String> {
    let timeline = timeline(scene);
    let (bytes, fields) = bytes_of(place, timeline.end()).ok_or_else(|| format!("there is no {place} here"))?;
    let group = format!("{field}: ");
    let mut spans =
        fields.iter().filter(|known| known.name == field || known.name.starts_with(&group)).map(|f| f.span.clone());
    let known = || {
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        format!("{place} has no field `{field}`; there are: {}", names.join(", "))
    };
    let first = spans.next().ok_or_else(known)?;
    let answer = spans.fold(first, |all, span| all.start.min(span.start)..all.end.max(span.end));
    let it = fields.iter().find(|known| known.name == field);
    let why = it.map_or(String::new(), |it| {
        let holds = if answer.len() == 1 { "It holds" } else { "They hold" };
        format!("{holds} {}: {}.", text::clip(&it.value, LINE_MAX), it.meaning)
    });
    let text = format!("Point at `{field}` in the bytes of {place}.");
    let way = Way::Point { place: place.to_string(), bytes, fields, answer };
    Ok(Asked { line: 0, text, way, why, event: scene.events.len() })
}

/// The bytes of a place, and what each of them is.
fn bytes_of(place: &Place, world: &World) -> Option<(Bytes, Vec<Annotation>)> {
    let (bytes, fields) = match place {
        Place::Superblock(slot) => {
            let bytes = world.superblock_bytes(*slot)?;
            let fields = annotate::superblock(&bytes);
            (bytes, fields)
        }
        Place::Page(page) => {
            let bytes = world.page(PageNo(*page))?.plain?;
            let fields = annotate::plain_page(&bytes);
            (bytes, fields)
        }
        Place::Sealed(page) => {
            let bytes = world.sealed(PageNo(*page))?.bytes;
            let fields = annotate::sealed_page(&bytes);
            (bytes, fields)
        }
        Place::Log => {
            let bytes = world.log_bytes();
            let fields = annotate::log_file(&bytes, world.facts.page_size);
            (bytes, fields)
        }
    };
    (!bytes.is_empty()).then_some((bytes, fields))
}
