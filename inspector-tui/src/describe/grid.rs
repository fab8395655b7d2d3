//! What the crash grid says: for each instant of an operation and each fault, the state that recovery arrived at.

use super::plural;
use crate::labs::grid::{Fault, Grid, Outcome};
use crate::model::Model;
use schemars::JsonSchema;
use serde::Serialize;

/// The crash grid of an operation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct GridFacts {
    /// The operation that the power is cut in; none while none was chosen.
    pub operation: Option<String>,
    /// How many commits the operation makes.
    pub commits: usize,
    /// The instants, each with what came of every fault there.
    pub columns: Vec<ColumnFacts>,
    /// Disk calls behind the last instant shown.
    pub left_out: usize,
    /// Cells by what came of them.
    pub totals: Totals,
    /// The cell under the cursor, in a sentence or three.
    pub selected: String,
    /// What the whole says.
    pub verdict: String,
}

/// Cells by what came of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Totals {
    /// The state before the operation.
    pub before: usize,
    /// The state after it; of an operation that commits nothing, every sound one.
    pub after: usize,
    /// The state behind one of its commits but the last.
    pub between: usize,
    /// The engine refused.
    pub refused: usize,
    /// Damage that nobody noticed.
    pub wrong: usize,
}

/// One instant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct ColumnFacts {
    /// So many events have happened.
    pub event: usize,
    /// The disk call just done; `start`, `end`.
    pub call: String,
    /// The operation's commits acknowledged by then.
    pub acknowledged: usize,
    /// Writes, lengths and names that no sync has made safe.
    pub pending: usize,
    /// What came of each fault that has something to strike.
    pub cells: Vec<CellFacts>,
}

/// One cell.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct CellFacts {
    /// The fault.
    pub fault: String,
    /// What recovery arrived at.
    pub outcome: String,
}

/// The grid of `model`.
pub fn grid(model: &Model) -> GridFacts {
    let Some(grid) = &model.labs.grid else {
        let selected = match model.operation() {
            Some(operation) => format!("X cuts the power behind every disk call of `{}`.", operation.line),
            None => "Run an operation first: X cuts the power behind every disk call of it.".to_owned(),
        };
        return GridFacts { selected, ..GridFacts::default() };
    };
    let columns = grid.columns.iter().zip(&grid.cells).map(|(column, cells)| ColumnFacts {
        event: column.events,
        call: column.word.clone(),
        acknowledged: column.acknowledged,
        pending: column.pending,
        cells: cells_of(grid, cells),
    });
    let (column, row) = model.labs.cell;
    GridFacts {
        operation: Some(grid.line.clone()),
        commits: grid.commits,
        columns: columns.collect(),
        left_out: grid.left_out,
        totals: totals(grid),
        selected: says(grid, column, row),
        verdict: verdict(grid),
    }
}

fn cells_of(grid: &Grid, cells: &[Option<Outcome>]) -> Vec<CellFacts> {
    let struck = Fault::ALL.iter().zip(cells).filter_map(|(fault, outcome)| {
        Some(CellFacts { fault: fault.heading().to_owned(), outcome: state(grid, outcome.as_ref()?) })
    });
    struck.collect()
}

/// Cells by what came of them.
pub fn totals(grid: &Grid) -> Totals {
    let last = grid.commits;
    Totals {
        before: grid.count(|outcome| *outcome == Outcome::State(0) && last > 0),
        after: grid.count(|outcome| *outcome == Outcome::State(last)),
        between: grid.count(|outcome| matches!(outcome, Outcome::State(state) if *state > 0 && *state < last)),
        refused: grid.count(|outcome| matches!(outcome, Outcome::Refused(_))),
        wrong: grid.count(|outcome| matches!(outcome, Outcome::Wrong(_))),
    }
}

fn state(grid: &Grid, outcome: &Outcome) -> String {
    match outcome {
        Outcome::State(0) if grid.commits == 0 => "nothing changed".to_owned(),
        Outcome::State(0) => "as before".to_owned(),
        Outcome::State(state) if *state == grid.commits => "as after".to_owned(),
        Outcome::State(state) => format!("commit {state} of {}", grid.commits),
        Outcome::Refused(code) => format!("refused: {code}"),
        Outcome::Wrong(why) => format!("WRONG: {why}"),
    }
}

/// What happened in one cell.
pub fn says(grid: &Grid, column: usize, row: usize) -> String {
    let Some(instant) = grid.columns.get(column) else { return String::new() };
    let Some(fault) = Fault::ALL.get(row) else { return String::new() };
    let place = match instant.word.as_str() {
        "start" => format!("Before the first disk call of `{}`", grid.line),
        "end" => format!("When `{}` is done", grid.line),
        word => format!("Behind event {} ({word})", instant.events),
    };
    let waiting = match instant.pending {
        0 => "nothing waits for a sync".to_owned(),
        count => {
            format!("{} for a sync", if count == 1 { "1 change waits".into() } else { format!("{count} changes wait") })
        }
    };
    let Some(outcome) = grid.outcome(column, row) else {
        let why = if column < grid.cells.len() {
            "so this fault has nothing to strike"
        } else {
            "and this is not computed yet"
        };
        return format!("{place} {waiting}, {why}.");
    };
    if let Outcome::Wrong(_) = outcome {
        return format!("{place} {waiting}. {}. {}", fault.sentence(), recovered(grid, outcome));
    }
    let promise = match (grid.commits, instant.acknowledged) {
        (0, _) => "It commits nothing, so nothing may change.".to_owned(),
        (commits, acknowledged) if acknowledged == commits => {
            "It was acknowledged by then, so it has to be there.".to_owned()
        }
        (1, _) => "It was not acknowledged yet: both states are right, and nothing in between.".to_owned(),
        (_, acknowledged) => {
            format!(
                "{} acknowledged by then: those have to be there, and at most one more.",
                plural(acknowledged, "commit")
            )
        }
    };
    format!("{place} {waiting}. {}. {} {promise}", fault.sentence(), recovered(grid, outcome))
}

fn recovered(grid: &Grid, outcome: &Outcome) -> String {
    match outcome {
        Outcome::State(0) if grid.commits == 0 => "Recovery finds the store unchanged.".to_owned(),
        Outcome::State(0) => "Recovery finds the store as it was before.".to_owned(),
        Outcome::State(state) if *state == grid.commits => "Recovery finds the store as it is afterwards.".to_owned(),
        Outcome::State(state) => format!("Recovery finds {state} of its {} commits.", grid.commits),
        Outcome::Refused(code) => format!("The engine refuses to open it: {code}."),
        Outcome::Wrong(why) => format!("THIS MUST NOT BE: {why}."),
    }
}

/// What the whole grid says.
pub fn verdict(grid: &Grid) -> String {
    let cells = grid.cells.iter().flatten().flatten().count();
    let totals = totals(grid);
    let found = match (totals.wrong, totals.refused) {
        (0, 0) => "nothing acknowledged is lost".to_owned(),
        (0, refused) => format!("{refused} refused, none silently wrong"),
        (wrong, _) => format!("{wrong} WRONG: a defect of the engine"),
    };
    let so_far = if grid.is_complete() { "" } else { " so far" };
    format!("{} opened, read and verified{so_far}: {found}.", plural(cells, "disk"))
}

impl GridFacts {
    pub(super) fn plain(&self) -> String {
        let Some(operation) = &self.operation else { return format!("{}\n", self.selected) };
        let mut text = format!("The power goes in `{operation}`.\n{}\n", self.verdict);
        for column in &self.columns {
            text.push_str(&format!(
                "Behind event {} ({}), {} acknowledged, {} pending:\n",
                column.event, column.call, column.acknowledged, column.pending
            ));
            for cell in &column.cells {
                text.push_str(&format!("  {}: {}\n", cell.fault, cell.outcome));
            }
        }
        if self.left_out > 0 {
            text.push_str(&format!("{} more are not shown.\n", plural(self.left_out, "disk call")));
        }
        let Totals { before, after, between, refused, wrong } = self.totals;
        text.push_str(&format!(
            "As before {before}, as after {after}, between {between}, refused {refused}, wrong {wrong}.\n"
        ));
        text
    }
}
