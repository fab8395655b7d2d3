//! What the labs find out by letting the real engine run: nothing here knows a screen.
//!
//! A lab's result is plain data. It is computed from the events of a timeline, in memory, so that the worker, `shot` and the
//! tests get the same.

pub mod grid;
pub mod matrix;
pub mod tamper;
pub mod twin;

use crate::model::{Model, View};
use grid::{Grid, Subject};
use std::ops::ControlFlow;
use tamper::{Lie, Verdict};
use tosumu::script::RunnerOptions;
use twin::{Difference, TwinLab};

/// What the screens remember of the labs.
#[derive(Default)]
pub struct Labs {
    /// The crash grid in front; computed column by column.
    pub grid: Option<Grid>,
    /// Its cell under the cursor: column and row.
    pub cell: (usize, usize),
    /// The lies of the tamper lab.
    pub tamper: TamperLab,
    /// The twins.
    pub twin: TwinLab,
    /// The view that gave way to a lab.
    pub before: Option<View>,
}

/// The lies told so far, and what was guessed.
#[derive(Default)]
pub struct TamperLab {
    /// The branch and the instant they were told at.
    pub instant: Option<(usize, usize)>,
    /// The lies.
    pub lies: Vec<Lie>,
    /// The one under the cursor.
    pub row: usize,
    /// The cell of the matrix under the cursor, attack and defence, while the matrix is in front.
    pub matrix: Option<(usize, usize)>,
    /// For each lie that was looked at the guess, none when none was made.
    looked_at: Vec<Option<Option<Verdict>>>,
}

impl TamperLab {
    /// No lie told yet, at an instant of a branch.
    pub fn at(branch: usize, at: usize) -> TamperLab {
        TamperLab { instant: Some((branch, at)), ..TamperLab::default() }
    }

    /// What was guessed of a lie.
    pub fn guess(&self, row: usize) -> Option<Verdict> {
        self.looked_at.get(row).copied().flatten().flatten()
    }

    /// Whether what came of a lie is shown.
    pub fn is_told(&self, row: usize) -> bool {
        self.looked_at.get(row).is_some_and(Option::is_some)
    }

    /// Shows what came of a lie, once; `guess` is what was guessed before.
    pub fn tell(&mut self, row: usize, guess: Option<Verdict>) {
        if row < self.lies.len() && !self.is_told(row) {
            self.looked_at.resize(self.looked_at.len().max(row + 1), None);
            self.looked_at[row] = Some(guess);
        }
    }

    /// How many guesses were made.
    pub fn guessed(&self) -> usize {
        (0..self.lies.len()).filter(|row| self.guess(*row).is_some()).count()
    }

    /// How many of them were right.
    pub fn right(&self) -> usize {
        self.lies.iter().enumerate().filter(|(row, lie)| self.guess(*row) == Some(lie.verdict())).count()
    }
}

/// The crash grid of the operation at the present instant of `model`, computed here and now.
pub fn grid_now(model: &Model, options: &RunnerOptions) -> Result<Grid, String> {
    let (Some(timeline), Some(operation)) = (model.timeline(), model.operation()) else {
        return Err("no operation was run here: the grid cuts the power in one".to_owned());
    };
    let subject = Subject { branch: model.branch, events: timeline.events(), operation, options };
    grid::compute(&subject, &mut |_| ControlFlow::Continue(()))
}

/// The tamper lab at the present instant of `model`, every lie told and nothing left to guess.
pub fn lies_now(model: &Model, options: &RunnerOptions) -> Result<TamperLab, String> {
    let Some(timeline) = model.timeline() else { return Err("only a script's run can be lied about".to_owned()) };
    let instant = tamper::Instant { events: &timeline.events()[..model.at], options };
    let lies = tamper::compute(&instant, &mut |_| ControlFlow::Continue(()))?;
    let mut lab = TamperLab { lies, ..TamperLab::at(model.branch, model.at) };
    (0..lab.lies.len()).for_each(|row| lab.tell(row, None));
    Ok(lab)
}

/// The twins of the branch of `model` in front, run here and now, with nothing left to guess.
pub fn twins_now(model: &Model, options: &RunnerOptions, difference: Difference) -> Result<TwinLab, String> {
    let Some(timeline) = model.timeline() else { return Err("only a script's run can be twinned".to_owned()) };
    let lines = crate::update::lines_of(timeline);
    let subject = twin::Subject { lines: &lines, options };
    let mut lab = TwinLab::default();
    lab.begin(difference);
    lab.look(None);
    if let Some(twin) = twin::compute(&subject, difference, &mut |_| ControlFlow::Continue(()))? {
        lab.finish(Box::new(twin));
    }
    Ok(lab)
}
