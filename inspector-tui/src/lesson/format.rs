//! What a lesson is made of, as plain values.

use super::store::Store;
use crate::describe::plural;
use crate::labs::grid::Fault;
use std::fmt;
use tosumu::script::{Expect, Measure};
use tosumu::types::PageSize;

/// A lesson, as its file says.
#[derive(Clone, PartialEq, Debug)]
pub struct Lesson {
    /// The file's name.
    pub file: String,
    /// `4`, `E1`.
    pub number: String,
    /// `the-split`: the file's name without number and ending.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// The chapter it belongs to; lessons of one chapter share a test.
    pub chapter: String,
    /// How long it takes.
    pub minutes: u32,
    /// The numbers of the lessons it builds on.
    pub needs: Vec<String>,
    /// The page size it begins with.
    pub page_size: PageSize,
    /// What it is made of, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a lesson.
#[derive(Clone, PartialEq, Debug)]
pub enum Block {
    /// Text to read; a heading begins another piece.
    Prose(Prose),
    /// Operations to run.
    Script(Script),
    /// A question. Where a script stands behind it, it is about what that script does.
    Predict(Predict),
    /// Views to look at, the last one in front.
    Look(Vec<Look>),
    /// Something to do.
    Task(Box<Task>),
    /// A question whose answer is folded away.
    Fold(Fold),
}

impl Block {
    /// The line of the file where it begins, from 1.
    pub fn line(&self) -> usize {
        match self {
            Block::Prose(prose) => prose.number,
            Block::Script(script) => script.number,
            Block::Predict(predict) => predict.number,
            Block::Look(looks) => looks.first().map_or(0, |look| look.number),
            Block::Task(task) => task.number,
            Block::Fold(fold) => fold.number,
        }
    }
}

/// Text to read, in Markdown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prose {
    /// The line of the file, from 1.
    pub number: usize,
    /// The text, without blank lines around it.
    pub text: String,
}

impl Prose {
    /// The heading it begins with: how deep, and its words.
    pub fn heading(&self) -> Option<(usize, &str)> {
        let first = self.text.lines().next()?;
        let depth = first.chars().take_while(|letter| *letter == '#').count();
        (depth > 0).then(|| (depth, first[depth..].trim()))
    }

    /// Whether it is a heading and nothing else: then what comes behind it is shown with it.
    pub fn is_heading_alone(&self) -> bool {
        self.heading().is_some() && self.text.trim().lines().count() == 1
    }
}

/// Operations to run.
#[derive(Clone, PartialEq, Debug)]
pub struct Script {
    /// The line of the file, from 1.
    pub number: usize,
    /// The store it begins with; none goes on with the one in front.
    pub store: Option<Store>,
    /// The operations.
    pub lines: Vec<ScriptLine>,
}

/// A line of a script and where it stands in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptLine {
    /// The line of the file, from 1.
    pub number: usize,
    /// The operation.
    pub text: String,
}

impl ScriptLine {
    /// Whether it is shown to the reader: what is expected of the engine would tell answers, and is for the check alone.
    pub fn is_shown(&self) -> bool {
        !["expect", "#", ""].contains(&self.text.split_whitespace().next().unwrap_or_default())
    }
}

/// A question, before its answer is known.
#[derive(Clone, PartialEq, Debug)]
pub struct Predict {
    /// The line of the file, from 1.
    pub number: usize,
    /// What is asked.
    pub ask: Ask,
    /// The kind of event it is about, as a trace names it: `page-split`. None: the kind that `ask` is about, or all of the script.
    pub before: Option<String>,
    /// The words of the question; none: those that belong to `ask`.
    pub words: Option<String>,
    /// What can be answered; the right answer is computed and must be among them. Empty: computed too.
    pub choices: Vec<String>,
    /// Said behind the answer; empty: what the event says of itself.
    pub why: String,
}

/// What a question asks. The answer is computed from the coming events or from the bytes, but for [`Ask::Choice`].
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// Which key goes up when a page splits.
    Separator,
    /// How many records or children move when a page splits.
    Moved,
    /// Which page is of no use after a merge.
    Emptied,
    /// Which pages a commit seals and writes.
    Pages,
    /// As which commit left it the store comes back after a power cut.
    Survives,
    /// What opening makes of the log.
    Log,
    /// As which commit left it recovery brings the store back.
    Recovered,
    /// What a verification finds first: nothing, or where.
    Verdict,
    /// The code of what a verification finds first.
    Finding,
    /// The pages that the search for a key visits, from the root.
    Path(Vec<u8>),
    /// What the last operation of the script prints.
    See,
    /// A count of the last operation, or of the store behind it.
    Count(Measure),
    /// In which order these kinds of events come first.
    Order(Vec<String>),
    /// What comes of the lie that the script tells: refused, harmless, told by an anchor alone, or open.
    Fate,
    /// What happened to a case of the exam.
    Cause,
    /// What is lost of it.
    Lost,
    /// What a recovery arrives at when the power goes in the last operation of the script: a cell of the crash grid.
    Cell {
        /// The disk call behind which it goes, in one word; `start` and `end` are the operation's own.
        call: String,
        /// Which of those with that word, from 1.
        nth: usize,
        /// What becomes of unsynced writes.
        fault: Fault,
    },
    /// Which operation of the script costs most.
    Costliest(Measure),
    /// Which bytes are a field.
    Point {
        /// The bytes to point at.
        place: Place,
        /// The field's name, as the annotated layout has it.
        field: String,
    },
    /// An answer written by hand, because nothing can compute it; what can be proved of it is.
    Choice {
        /// The right answer.
        right: String,
        /// What must hold behind the script.
        proof: Vec<Expect>,
    },
}

/// Bytes that can be pointed at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A superblock slot: 0 is A, 1 is B.
    Superblock(u8),
    /// The plain form of a page.
    Page(u32),
    /// Its sealed form.
    Sealed(u32),
    /// The log.
    Log,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Superblock(0) => f.write_str("superblock A"),
            Place::Superblock(_) => f.write_str("superblock B"),
            Place::Page(page) => write!(f, "page {page}"),
            Place::Sealed(page) => write!(f, "page {page}, sealed"),
            Place::Log => f.write_str("the log"),
        }
    }
}

/// A view to look at: `tree`, `page 3 field slot 0`, `log at file-synced`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// The line of the file, from 1.
    pub number: usize,
    /// The view's word.
    pub view: String,
    /// The page it should show.
    pub page: Option<u32>,
    /// The instant; none: the end.
    pub at: Option<At>,
    /// The byte under the cursor.
    pub byte: Option<usize>,
    /// The field under the cursor, by its name.
    pub field: Option<String>,
    /// The page's form.
    pub form: PageForm,
}

/// How a page is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PageForm {
    /// Opened.
    #[default]
    Plain,
    /// As it stands on disk.
    Sealed,
}

/// An instant of the store in front.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum At {
    /// Before the last script block.
    Start,
    /// Right behind the last event of this kind.
    Event(String),
}

/// Something to do, and how it is told that it was done.
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    /// The line of the file, from 1.
    pub number: usize,
    /// What is to be reached.
    pub goal: String,
    /// The store to do it in.
    pub store: Store,
    /// What must hold; all of it.
    pub checks: Vec<Check>,
    /// First words of operations that do not count as doing it oneself.
    pub forbid: Vec<String>,
    /// What is counted for the score.
    pub count: Option<Count>,
    /// The fewest known to be enough.
    pub par: Option<u64>,
    /// Hints, the slightest first.
    pub hints: Vec<String>,
    /// The reference solution.
    pub solution: Vec<String>,
    /// Solutions that must not pass.
    pub wrong: Vec<Vec<String>>,
}

/// A condition of a task.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// How it is said to the student.
    pub words: String,
    /// What must hold.
    pub expect: Expect,
}

/// What a task counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Count {
    /// Operations that begin with this word.
    Word(String),
    /// All operations that change something.
    Operations,
    /// Syncs.
    Syncs,
    /// Writes to files.
    Writes,
    /// Bytes of those writes.
    Bytes,
}

impl Count {
    /// So many of it: `1 operation`, `7 syncs`, `3 puts`.
    pub fn of(&self, number: u64) -> String {
        let word = match self {
            Count::Word(word) if word == "del" => "delete",
            Count::Word(word) => word,
            Count::Operations => "operation",
            Count::Syncs => "sync",
            Count::Writes => "write",
            Count::Bytes => "byte",
        };
        let counted = plural(number as usize, word);
        if *self == Count::Bytes { format!("{counted} written") } else { counted }
    }
}

/// A question whose answer is folded away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fold {
    /// The line of the file, from 1.
    pub number: usize,
    /// The question.
    pub question: String,
    /// The answer, in Markdown.
    pub answer: String,
}

/// What is wrong with a lesson, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LessonError {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 is the whole file.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.why),
            line => write!(f, "{}:{line}: {}", self.file, self.why),
        }
    }
}

impl std::error::Error for LessonError {}
