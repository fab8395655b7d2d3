//! What each view says, as facts: the one source of a view's picture, its plain text and its JSON.
//!
//! A fact is a field of a plain struct. Nothing here knows a widget's size or a colour.

pub mod branches;
pub mod closed;
pub mod diff;
pub mod disk;
pub mod events;
pub mod grid;
pub mod help;
pub mod home;
pub mod lesson;
pub mod life;
pub mod log;
pub mod map;
pub mod marks;
pub mod matrix;
pub mod page;
pub mod receipt;
pub mod schema;
pub mod seals;
pub mod snapshots;
pub mod space;
pub mod tamper;
pub mod tree;
pub mod twin;
pub mod verify;

use crate::model::{Model, View};
use crate::timeline::Mark;
use schemars::JsonSchema;
use serde::Serialize;

/// A view by its word on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The tree.
    Tree,
    /// One page.
    Page,
    /// The whole file, a cell a page.
    Map,
    /// The log.
    Log,
    /// What each place holds.
    Disk,
    /// The chain of trust.
    Seals,
    /// Snapshots, savepoints, key slots.
    Snapshots,
    /// Findings.
    Verify,
    /// What an operation cost.
    Receipt,
    /// Every event.
    Events,
    /// Two states compared.
    Diff,
    /// Every version of a page.
    Life,
    /// The branches of time.
    Branches,
    /// What can be done.
    Help,
    /// The home screen.
    Home,
    /// The whole lab.
    Lab,
    /// The crash grid.
    Grid,
    /// The tamper lab.
    Tamper,
    /// The kinds of moments one can jump to.
    Marks,
    /// The twin run.
    Twin,
}

impl Subject {
    /// Every view there is, with its word.
    pub const ALL: [(&'static str, Subject); 20] = [
        ("tree", Subject::Tree),
        ("page", Subject::Page),
        ("map", Subject::Map),
        ("log", Subject::Log),
        ("disk", Subject::Disk),
        ("seals", Subject::Seals),
        ("snapshots", Subject::Snapshots),
        ("verify", Subject::Verify),
        ("receipt", Subject::Receipt),
        ("events", Subject::Events),
        ("diff", Subject::Diff),
        ("life", Subject::Life),
        ("branches", Subject::Branches),
        ("help", Subject::Help),
        ("grid", Subject::Grid),
        ("tamper", Subject::Tamper),
        ("marks", Subject::Marks),
        ("twin", Subject::Twin),
        ("home", Subject::Home),
        ("lab", Subject::Lab),
    ];

    /// The view called `word`.
    pub fn named(word: &str) -> Option<Subject> {
        Subject::ALL.iter().find(|(name, _)| *name == word).map(|(_, subject)| *subject)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        Subject::ALL.iter().find(|(_, subject)| *subject == self).map_or("", |(word, _)| word)
    }

    /// The view it is; none of a whole screen.
    pub fn view(self) -> Option<View> {
        View::named(self.word())
    }
}

/// The facts of a view.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "view", rename_all = "lowercase")]
pub enum Facts {
    /// The tree.
    Tree(tree::TreeFacts),
    /// One page.
    Page(Box<page::PageFacts>),
    /// The whole file, a cell a page.
    Map(map::MapFacts),
    /// The log.
    Log(log::LogFacts),
    /// What each place holds.
    Disk(disk::DiskFacts),
    /// The chain of trust.
    Seals(Box<seals::SealsFacts>),
    /// Snapshots, savepoints, key slots.
    Snapshots(snapshots::SnapshotsFacts),
    /// Findings.
    Verify(verify::VerifyFacts),
    /// What an operation cost.
    Receipt(Box<receipt::ReceiptFacts>),
    /// Every event.
    Events(events::EventsFacts),
    /// Two states compared.
    Diff(Box<diff::DiffFacts>),
    /// Every version of a page.
    Life(life::LifeFacts),
    /// The branches of time.
    Branches(branches::BranchesFacts),
    /// What can be done.
    Help(help::HelpFacts),
    /// The home screen.
    Home(home::HomeFacts),
    /// The whole lab.
    Lab(Box<LabFacts>),
    /// The crash grid.
    Grid(grid::GridFacts),
    /// The tamper lab.
    Tamper(tamper::TamperFacts),
    /// The kinds of moments one can jump to.
    Marks(marks::MarksFacts),
    /// The twin run.
    Twin(Box<twin::TwinFacts>),
}

/// Everything the lab shows at one instant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct LabFacts {
    /// What is looked at.
    pub title: String,
    /// The event, and how many there are.
    pub at: usize,
    /// How many events there are.
    pub total: usize,
    /// What just happened.
    pub story: String,
    /// The marks of the whole timeline, kind by kind: what the strip of all events shows.
    pub marks: Vec<MarkFacts>,
    /// The breakpoints that are set.
    pub breakpoints: Vec<String>,
    /// The tree.
    pub tree: tree::TreeFacts,
    /// The page shown.
    pub page: page::PageFacts,
    /// What each place holds.
    pub disk: disk::DiskFacts,
    /// The log.
    pub log: log::LogFacts,
    /// What was found, when something was checked.
    pub verify: Option<verify::VerifyFacts>,
    /// The lesson that is taken.
    pub lesson: Option<lesson::LessonFacts>,
}

/// Where the moments of a kind stand in a timeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct MarkFacts {
    /// The kind.
    pub mark: String,
    /// The numbers of the events, from 1.
    pub events: Vec<usize>,
}

/// The kinds of moments that happened, each with its events.
fn marks_of(model: &Model) -> Vec<MarkFacts> {
    let Some(timeline) = model.timeline() else { return Vec::new() };
    let marks = Mark::ALL.into_iter().map(|mark| MarkFacts {
        mark: mark.word().to_owned(),
        events: timeline.marks(mark).iter().map(|event| event + 1).collect(),
    });
    marks.filter(|facts| !facts.events.is_empty()).collect()
}

impl MarkFacts {
    fn plain(&self) -> String {
        let numbers: Vec<String> = self.events.iter().map(usize::to_string).collect();
        format!("{} at {}", self.mark, numbers.join(", "))
    }
}

/// What `subject` says of `model`.
pub fn facts(model: &Model, subject: Subject) -> Facts {
    match subject {
        Subject::Tree => Facts::Tree(tree::tree(model)),
        Subject::Page => Facts::Page(Box::new(page::page(model))),
        Subject::Map => Facts::Map(map::map(model)),
        Subject::Log => Facts::Log((*log::log(model)).clone()),
        Subject::Disk => Facts::Disk(disk::disk(model)),
        Subject::Seals => Facts::Seals(Box::new(seals::seals(model))),
        Subject::Snapshots => Facts::Snapshots(snapshots::snapshots(model)),
        Subject::Verify => Facts::Verify(verify::verify(model)),
        Subject::Receipt => Facts::Receipt(Box::new(receipt::receipt(model))),
        Subject::Events => Facts::Events(events::events(model)),
        Subject::Diff => Facts::Diff(Box::new((*diff::diff(model)).clone())),
        Subject::Life => Facts::Life(life::life(model)),
        Subject::Branches => Facts::Branches(branches::branches(model)),
        Subject::Help => Facts::Help(help::help(model)),
        Subject::Home => Facts::Home(home::home(model)),
        Subject::Lab => Facts::Lab(Box::new(lab(model))),
        Subject::Grid => Facts::Grid(grid::grid(model)),
        Subject::Tamper => Facts::Tamper(tamper::tamper(model)),
        Subject::Marks => Facts::Marks(marks::marks(model)),
        Subject::Twin => Facts::Twin(Box::new(twin::twin(model))),
    }
}

fn lab(model: &Model) -> LabFacts {
    let checked = !model.world.facts.checked.is_empty() || !model.world.facts.findings.is_empty();
    LabFacts {
        title: model.title.clone(),
        at: model.at,
        total: model.timeline().map_or(0, |timeline| timeline.len()),
        story: crate::view::story::story(model, usize::MAX, usize::MAX),
        marks: marks_of(model),
        breakpoints: model.travel.breakpoints.set.iter().map(|known| known.at.words()).collect(),
        tree: tree::tree(model),
        page: page::page(model),
        disk: disk::disk(model),
        log: (*log::log(model)).clone(),
        verify: checked.then(|| verify::verify(model)),
        lesson: lesson::lesson(model),
    }
}

impl Facts {
    /// The facts as lines of text, without boxes or columns.
    pub fn plain(&self) -> String {
        match self {
            Facts::Tree(facts) => facts.plain(),
            Facts::Page(facts) => facts.plain(),
            Facts::Map(facts) => facts.plain(),
            Facts::Log(facts) => facts.plain(),
            Facts::Disk(facts) => facts.plain(),
            Facts::Seals(facts) => facts.plain(),
            Facts::Snapshots(facts) => facts.plain(),
            Facts::Verify(facts) => facts.plain(),
            Facts::Receipt(facts) => facts.plain(),
            Facts::Events(facts) => facts.plain(),
            Facts::Diff(facts) => facts.plain(),
            Facts::Life(facts) => facts.plain(),
            Facts::Branches(facts) => facts.plain(),
            Facts::Help(facts) => facts.plain(),
            Facts::Home(facts) => facts.plain(),
            Facts::Lab(facts) => facts.plain(),
            Facts::Grid(facts) => facts.plain(),
            Facts::Tamper(facts) => facts.plain(),
            Facts::Marks(facts) => facts.plain(),
            Facts::Twin(facts) => facts.plain(),
        }
    }

    /// The facts as one object.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("invariant: facts are numbers, texts and lists of them") + "\n"
    }
}

impl LabFacts {
    fn plain(&self) -> String {
        let mut text = format!("{}\nEvent {} of {}.\n{}\n", self.title, self.at, self.total, self.story);
        if !self.marks.is_empty() {
            let marks: Vec<String> = self.marks.iter().map(MarkFacts::plain).collect();
            text.push_str(&format!("Marks: {}.\n", marks.join("; ")));
        }
        if !self.breakpoints.is_empty() {
            text.push_str(&format!("Breakpoints: {}.\n", self.breakpoints.join("; ")));
        }
        text.push('\n');
        if let Some(lesson) = &self.lesson {
            text.push_str(&format!("{}\n", lesson.plain()));
        }
        let verify = self.verify.as_ref().map(verify::VerifyFacts::plain);
        let parts = [self.tree.plain(), self.page.plain(), self.disk.plain(), self.log.plain()];
        text.push_str(&parts.into_iter().chain(verify).collect::<Vec<_>>().join("\n"));
        text
    }
}

/// An operation in at most so many columns. Its line holds its own escapes already; only a foreign trace could hold more.
pub fn operation_words(line: &str, columns: usize) -> String {
    let plain: String = line.trim_end().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    crate::widget::text::clip(&plain, columns).into_owned()
}

/// `1 page`, `3 pages`.
pub fn plural(count: usize, word: &str) -> String {
    let number = crate::widget::text::grouped(count as u64);
    if count == 1 { format!("{number} {word}") } else { format!("{number} {word}s") }
}
