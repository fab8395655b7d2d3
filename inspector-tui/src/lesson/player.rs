//! Where somebody stands in a lesson: plain data. `update/lesson.rs` changes it, `describe/lesson.rs` tells it.

use super::ask::{Asked, Given};
use super::format::{Block, Lesson, Look, Task};
use super::progress::{Progress, Score};
use super::store::Store;
use crate::line_edit::LineEdit;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use tosumu::trace::Event;
use tosumu::types::PageSize;

/// Somebody in a lesson.
#[derive(Clone, Debug)]
pub struct Player {
    /// The lesson.
    pub lesson: Lesson,
    /// The piece in front, from 0.
    pub at: usize,
    /// What is waited for.
    pub waiting: Waiting,
    /// Questions that are still to be put, in order.
    pub questions: VecDeque<Asked>,
    /// The question on the screen.
    pub open: Option<Open>,
    /// A question that was answered by pointing, as long as its bytes are still shown.
    pub pointed: Option<Box<Open>>,
    /// Questions that were put, by the line of the file.
    pub put: BTreeMap<usize, Entry>,
    /// Events of the script that is shown which are kept back until the question before them is answered.
    pub held: Vec<Arc<Event>>,
    /// How many events had happened before the script that is shown.
    pub first: usize,
    /// The task in front, while it is.
    pub tried: Option<Tried>,
    /// Pieces whose folded answer is shown.
    pub unfolded: BTreeSet<usize>,
    /// The first line shown of the text; none: as far down as the piece in front wants.
    pub scroll: Option<usize>,
    /// Whether the end was reached.
    pub ended: bool,
}

/// What the player waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Waiting {
    /// Nothing.
    #[default]
    Nothing,
    /// The engine plays the script of the piece in front; then it goes on.
    Script,
    /// The store is made as the piece in front finds it.
    Store,
    /// The store of a task is made.
    Task,
}

/// A question on the screen.
#[derive(Clone, Debug)]
pub struct Open {
    /// The question.
    pub asked: Asked,
    /// The choice under the cursor; none before the first move, so that nobody answers by pressing on.
    pub chosen: Option<usize>,
    /// The byte under the cursor.
    pub byte: usize,
    /// Whether that cursor was moved.
    pub moved: bool,
    /// The number of a byte, as far as it is typed.
    pub number: Option<usize>,
    /// The words typed.
    pub typed: LineEdit,
}

impl Open {
    /// A question that was just put.
    pub fn of(asked: Asked) -> Open {
        Open { asked, chosen: None, byte: 0, moved: false, number: None, typed: LineEdit::typed("") }
    }
}

/// A question that was put.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The question.
    pub asked: Asked,
    /// What was answered; none when it was skipped.
    pub given: Option<Given>,
}

/// A task that is tried.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tried {
    /// How many events its store has before anything is done.
    pub first: usize,
    /// For each check what is found instead; empty before the first look.
    pub missing: Vec<Option<String>>,
    /// Hints shown.
    pub hints: usize,
    /// Whether the reference solution is shown.
    pub solution_shown: bool,
    /// How it was passed.
    pub passed: Option<Score>,
    /// How that is said.
    pub score: String,
}

/// What makes the store that a piece of a lesson finds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// What it begins with.
    pub store: Store,
    /// What was done to it since, one operation a line.
    pub before: Vec<String>,
}

impl Player {
    /// At the beginning.
    pub fn new(lesson: Lesson) -> Player {
        Player {
            lesson,
            at: 0,
            waiting: Waiting::Nothing,
            questions: VecDeque::new(),
            open: None,
            pointed: None,
            put: BTreeMap::new(),
            held: Vec::new(),
            first: 0,
            tried: None,
            unfolded: BTreeSet::new(),
            scroll: None,
            ended: false,
        }
    }

    /// The piece in front.
    pub fn block(&self) -> Option<&Block> {
        self.lesson.blocks.get(self.at)
    }

    /// The task in front.
    pub fn task(&self) -> Option<&Task> {
        match self.block() {
            Some(Block::Task(task)) => Some(task),
            _ => None,
        }
    }

    /// The number of the task in front among those of the lesson, from 1.
    pub fn task_number(&self) -> usize {
        self.lesson.blocks[..=self.at.min(self.lesson.blocks.len().saturating_sub(1))]
            .iter()
            .filter(|block| matches!(block, Block::Task(_)))
            .count()
    }

    /// Whether play stops at a piece until its reader goes on.
    pub fn is_stop(&self, at: usize) -> bool {
        match self.lesson.blocks.get(at) {
            Some(Block::Prose(prose)) => !prose.is_heading_alone(),
            Some(Block::Task(_) | Block::Fold(_)) => true,
            _ => false,
        }
    }

    /// How many times play has stopped for its reader up to a piece: at a text, a question or a task.
    pub fn stops_up_to(&self, at: usize) -> usize {
        let blocks = self.lesson.blocks.iter().enumerate().take(at.saturating_add(1));
        blocks.filter(|(at, block)| self.is_stop(*at) || matches!(block, Block::Predict(_))).count()
    }

    /// The stop before the piece in front.
    pub fn stop_before(&self) -> Option<usize> {
        (0..self.at).rev().find(|at| self.is_stop(*at))
    }

    /// The piece that the section in front begins with: the last heading.
    pub fn section(&self) -> usize {
        let is_heading = |at: &usize| match self.lesson.blocks.get(*at) {
            Some(Block::Prose(prose)) => prose.heading().is_some(),
            _ => false,
        };
        (0..=self.at).rev().find(is_heading).unwrap_or(0)
    }

    /// The store as a piece finds it, before anything of its own.
    pub fn standing(&self, at: usize) -> Standing {
        let mut standing = Standing { store: Store::empty(self.lesson.page_size), before: Vec::new() };
        for block in self.lesson.blocks.iter().take(at) {
            let Block::Script(script) = block else { continue };
            if let Some(store) = &script.store {
                standing = Standing { store: store.clone(), before: Vec::new() };
            }
            standing.before.extend(script.lines.iter().map(|line| line.text.clone()));
        }
        standing
    }

    /// The views that a piece finds in front: those of the last look before it.
    pub fn looks_before(&self, at: usize) -> &[Look] {
        let before = self.lesson.blocks.iter().take(at).rev();
        let mut looks = before.filter_map(|block| match block {
            Block::Look(looks) => Some(&looks[..]),
            _ => None,
        });
        looks.next().unwrap_or_default()
    }

    /// The views that a task is tried beside: those of the look in its own section, when it has one.
    pub fn looks_of_task(&self) -> &[Look] {
        let section = self.section().min(self.at);
        let looks = self.lesson.blocks[section..self.at].iter().rev().find_map(|block| match block {
            Block::Look(looks) => Some(&looks[..]),
            _ => None,
        });
        looks.unwrap_or_default()
    }

    /// The page size of the store in front.
    pub fn page_size(&self) -> PageSize {
        self.standing(self.at).store.options.page_size
    }

    /// Whether the task in front was passed, or its solution shown.
    pub fn may_pass_task(&self) -> bool {
        self.tried.as_ref().is_none_or(|tried| tried.passed.is_some() || tried.solution_shown)
    }
}

/// The lessons as the program holds them: what is remembered, and who is in one.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Somebody in a lesson.
    pub player: Option<Box<Player>>,
    /// What is remembered.
    pub progress: Progress,
    /// Why it cannot be read, when it cannot: then it is not written either.
    pub broken: Option<String>,
}
