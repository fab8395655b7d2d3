//! The crash grid: instants from left to right, faults from top to bottom, and the cell under the cursor in words. With few instants there is room to write each disk call out.

use super::{line_of, wrapped};
use crate::{
    describe::grid as facts,
    labs::grid::{Fault, Grid, Outcome},
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use std::ops::Range;

/// Columns of the headings of the rows.
const HEADING: u16 = 25;
/// Columns of the narrowest cell, a sign, and of one that has room for its disk call's word.
const CELL: (u16, u16) = (3, 9);

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    model.labs.grid.as_ref().map_or(String::new(), |grid| match grid.is_complete() {
        true => format!("{} instants", grid.columns.len()),
        false => format!("{} of {} instants", grid.cells.len(), grid.columns.len()),
    })
}

/// Draws the grid.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let style = |family| model.style.theme.style(family);
    let Some(grid) = &model.labs.grid else {
        return wrapped(buffer, area, &facts::grid(model).selected, style(Family::Quiet));
    };
    let columns = Columns::of(grid, model.labs.cell.0, area.width);
    let lines = Lines::of(model, grid, area);
    if lines.calls > 0 {
        let title = format!("The power goes in `{}`, behind each disk call:", grid.line);
        line_of(buffer, area, 0, &title, style(Family::Title));
    }
    draw_calls(
        model,
        grid,
        &columns,
        Rect { y: area.y + lines.calls, height: area.height - lines.calls, ..area },
        buffer,
    );
    if lines.rows.len() < Fault::ALL.len() && columns.count == grid.columns.len() {
        let words = format!("{} to {} of {}", lines.rows.start + 1, lines.rows.end, Fault::ALL.len());
        line_of(buffer, Rect { width: HEADING, ..area }, lines.calls, &words, style(Family::Quiet));
    }
    for (at, row) in lines.rows.clone().enumerate() {
        let line = lines.calls + 1 + at as u16;
        let family = if model.labs.cell.1 == row { Family::Title } else { Family::Plain };
        line_of(buffer, Rect { width: HEADING + 1, ..area }, line, Fault::ALL[row].heading(), style(family));
        for column in columns.first..columns.first + columns.count {
            let (sign, family) = sign(grid, column, row);
            let chosen = model.labs.cell == (column, row);
            let look = if chosen { model.style.theme.selected(family) } else { style(family) };
            // The cell under the cursor is told by its brackets too, where there are no colours.
            let cell = if chosen { format!("[{sign}]") } else { format!(" {sign} ") };
            put(buffer, area, columns.place(column), line, &cell, look);
        }
    }
    let under = lines.calls + 1 + lines.rows.len() as u16;
    for (at, (words, family)) in lines.under.iter().enumerate() {
        line_of(buffer, area, under + at as u16, words, style(*family));
    }
}

/// What stands on which line. Where not all fits, what the cell under the cursor says is kept whole, and gives way last.
struct Lines {
    /// The line of the disk calls: 1 under the title, 0 where there is no room for it.
    calls: u16,
    /// The faults that are seen, the one under the cursor among them.
    rows: Range<usize>,
    /// What stands under them.
    under: Vec<(String, Family)>,
}

/// Fewest faults that are seen.
const ROWS_MIN: usize = 3;

impl Lines {
    fn of(model: &Model, grid: &Grid, area: Rect) -> Lines {
        let (column, row) = model.labs.cell;
        let (height, width) = (usize::from(area.height), usize::from(area.width.saturating_sub(2)));
        let wrapped = |words: &str, family: Family| -> Vec<(String, Family)> {
            text::wrap(words, width).into_iter().map(|line| (line, family)).collect()
        };
        let says = wrapped(&facts::says(grid, column, row), Family::Plain);
        let mut about = wrapped(&legend(grid), Family::Quiet);
        about.extend(wrapped(&facts::verdict(grid), Family::Quiet));
        let all = Fault::ALL.len();
        let fits = |lines: usize| lines <= height;
        if fits(2 + all + about.len() + says.len()) {
            let gap = fits(2 + all + about.len() + says.len() + 5).then(|| (String::new(), Family::Plain));
            return Lines { calls: 1, rows: 0..all, under: about.into_iter().chain(gap).chain(says).collect() };
        }
        let legend = wrapped(&legend(grid), Family::Quiet);
        let under: Vec<_> = match fits(1 + ROWS_MIN + legend.len() + says.len()) {
            true => legend.into_iter().chain(says).collect(),
            false => says,
        };
        let room = height.saturating_sub(1 + under.len()).max(ROWS_MIN).min(all);
        Lines { calls: 0, rows: text::window(all, row, room), under }
    }
}

/// The instants that are seen: so that the one under the cursor is.
struct Columns {
    first: usize,
    count: usize,
    width: u16,
}

impl Columns {
    fn of(grid: &Grid, cursor: usize, width: u16) -> Columns {
        let all = grid.columns.len();
        let room = width.saturating_sub(HEADING + 1);
        let count = usize::from(room / CELL.0).clamp(1, all.max(1));
        let first = cursor.saturating_sub(count / 2).min(all.saturating_sub(count));
        let widest = u16::try_from(usize::from(room) / count.max(1)).unwrap_or(CELL.0);
        Columns { first, count: count.min(all), width: widest.clamp(CELL.0, CELL.1) }
    }

    /// Where a column begins.
    fn place(&self, column: usize) -> u16 {
        HEADING + u16::try_from(column - self.first).unwrap_or(u16::MAX).saturating_mul(self.width)
    }
}

/// The cell under a place of the area: column and row of the grid.
pub fn cell_at(model: &Model, column: u16, line: u16, area: Rect) -> Option<(usize, usize)> {
    let grid = model.labs.grid.as_ref()?;
    let columns = Columns::of(grid, model.labs.cell.0, area.width);
    let lines = Lines::of(model, grid, area);
    let row = lines.rows.start + usize::from(line.checked_sub(lines.calls + 1)?);
    let at = usize::from(column.checked_sub(HEADING)? / columns.width);
    (at < columns.count && lines.rows.contains(&row)).then_some((columns.first + at, row))
}

/// Over each column its disk call, in a word where there is room, else in a letter.
fn draw_calls(model: &Model, grid: &Grid, columns: &Columns, area: Rect, buffer: &mut Buffer) {
    let style = |family| model.style.theme.style(family);
    if columns.count < grid.columns.len() {
        let words = format!("{} to {} of {}", columns.first + 1, columns.first + columns.count, grid.columns.len());
        line_of(buffer, Rect { width: HEADING, ..area }, 0, &words, style(Family::Quiet));
    }
    for column in columns.first..columns.first + columns.count {
        let family = if model.labs.cell.0 == column { Family::Title } else { Family::Quiet };
        let word = &grid.columns[column].word;
        let words = if columns.width == CELL.1 { format!(" {word}") } else { format!(" {} ", letter(word)) };
        put(buffer, area, columns.place(column), 0, &words, style(family));
    }
}

/// A disk call in one letter; syncs in capitals.
fn letter(word: &str) -> char {
    match word {
        "start" => '<',
        "end" => '>',
        "link" => 'k',
        word => word.chars().next().unwrap_or('?'),
    }
}

fn sign(grid: &Grid, column: usize, row: usize) -> (char, Family) {
    match grid.outcome(column, row) {
        None if column >= grid.cells.len() => (' ', Family::Quiet),
        None => ('·', Family::Quiet),
        Some(Outcome::State(0)) if grid.commits == 0 => ('=', Family::Good),
        Some(Outcome::State(0)) => ('o', Family::Pointer),
        Some(Outcome::State(state)) if *state == grid.commits => ('n', Family::Good),
        Some(Outcome::State(_)) => ('+', Family::Changed),
        Some(Outcome::Refused(_)) => ('!', Family::Warning),
        Some(Outcome::Wrong(_)) => ('X', Family::Bad),
    }
}

/// What the signs and letters mean: those that occur.
fn legend(grid: &Grid) -> String {
    let totals = facts::totals(grid);
    let signs = [
        (grid.commits == 0 && totals.after > 0, "= unchanged"),
        (totals.before > 0, "o as before"),
        (grid.commits > 0 && totals.after > 0, "n as after"),
        (totals.between > 0, "+ between"),
        (totals.refused > 0, "! refused"),
        (totals.wrong > 0, "X WRONG"),
    ];
    let mut words: Vec<String> = signs.iter().filter(|(is, _)| *is).map(|(_, words)| (*words).to_owned()).collect();
    let mut calls: Vec<&str> = grid.columns.iter().map(|column| column.word.as_str()).collect();
    calls.sort_unstable();
    calls.dedup();
    let named = calls.iter().filter(|word| !matches!(**word, "start" | "end"));
    words.push("· nothing to strike".to_owned());
    words.push(named.map(|word| format!("{} {}", letter(word), word.to_lowercase())).collect::<Vec<_>>().join(", "));
    words.join("  ")
}

fn put(buffer: &mut Buffer, area: Rect, column: u16, line: u16, words: &str, style: Style) {
    if column + text::width(words) as u16 <= area.width && line < area.height {
        buffer.set_string(area.x + column, area.y + line, words, Style::reset().patch(style));
    }
}
