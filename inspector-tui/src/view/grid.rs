//! The crash grid: instants from left to right, faults from top to bottom, and the cell under the cursor in words. With few instants there is room to write each disk call out.

use super::{line_of, wrapped};
use crate::{
    describe::grid as facts,
    labs::grid::{Fault, Grid, Outcome},
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

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
    line_of(
        buffer,
        area,
        0,
        &format!("The power goes in `{}`, behind each disk call:", grid.line),
        style(Family::Title),
    );
    draw_calls(model, grid, &columns, area, buffer);
    for (row, fault) in Fault::ALL.iter().enumerate() {
        let line = 2 + row as u16;
        let family = if model.labs.cell.1 == row { Family::Title } else { Family::Plain };
        line_of(buffer, Rect { width: HEADING + 1, ..area }, line, fault.heading(), style(family));
        for column in columns.first..columns.first + columns.count {
            let (sign, family) = sign(grid, column, row);
            let look = match model.labs.cell == (column, row) {
                true => model.style.theme.selected(family),
                false => style(family),
            };
            put(buffer, area, columns.place(column), line, &format!(" {sign} "), look);
        }
    }
    let under = 2 + Fault::ALL.len() as u16;
    let (column, row) = model.labs.cell;
    let width = usize::from(area.width.saturating_sub(2));
    let words = [(legend(grid), Family::Quiet), (facts::verdict(grid), Family::Quiet)];
    let mut lines: Vec<(String, Family)> = Vec::new();
    for (words, family) in words {
        lines.extend(text::wrap(&words, width).into_iter().map(|line| (line, family)));
    }
    if usize::from(area.height) > usize::from(under) + lines.len() + 5 {
        lines.push((String::new(), Family::Plain));
    }
    lines.extend(text::wrap(&facts::says(grid, column, row), width).into_iter().map(|line| (line, Family::Plain)));
    let room = usize::from(area.height.saturating_sub(under));
    let shown = if lines.len() <= room { lines.len() } else { room.saturating_sub(1) };
    for (at, (words, family)) in lines.iter().take(shown).enumerate() {
        line_of(buffer, area, under + at as u16, words, style(*family));
    }
    if shown < lines.len() {
        let words = format!("+{} more lines: z", lines.len() - shown);
        line_of(buffer, area, under + shown as u16, &words, style(Family::Quiet));
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
    let row = usize::from(line.checked_sub(2)?);
    let at = usize::from(column.checked_sub(HEADING)? / columns.width);
    (at < columns.count && row < Fault::ALL.len()).then_some((columns.first + at, row))
}

/// Over each column its disk call, in a word where there is room, else in a letter.
fn draw_calls(model: &Model, grid: &Grid, columns: &Columns, area: Rect, buffer: &mut Buffer) {
    let style = |family| model.style.theme.style(family);
    if columns.count < grid.columns.len() {
        let words = format!("{} to {} of {}", columns.first + 1, columns.first + columns.count, grid.columns.len());
        line_of(buffer, Rect { width: HEADING, ..area }, 1, &words, style(Family::Quiet));
    }
    for column in columns.first..columns.first + columns.count {
        let family = if model.labs.cell.0 == column { Family::Title } else { Family::Quiet };
        let word = &grid.columns[column].word;
        let words = if columns.width == CELL.1 { format!(" {word}") } else { format!(" {} ", letter(word)) };
        put(buffer, area, columns.place(column), 1, &words, style(family));
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
    words.push(named.map(|word| format!("{} {}", letter(word), word.to_lowercase())).collect::<Vec<_>>().join(", "));
    words.join("  ")
}

fn put(buffer: &mut Buffer, area: Rect, column: u16, line: u16, words: &str, style: Style) {
    if column + text::width(words) as u16 <= area.width && line < area.height {
        buffer.set_string(area.x + column, area.y + line, words, Style::reset().patch(style));
    }
}
