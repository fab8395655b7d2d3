//! Attacks from top to bottom, defences from left to right, what comes of each, and the cell under the cursor in words.

use super::line_of;
use crate::{
    describe::matrix as facts,
    labs::matrix::{Cell, Matrix, Whole},
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// Columns of a cell, of what the whole engine does, and of what the store in front did.
const CELL: u16 = 2;
const WHOLE: u16 = 9;
const HERE: u16 = 10;
/// Columns of an attack's name: where there is room, and where there is little.
const NAMES: (u16, u16) = (30, 19);
/// Below this width there is little.
const NARROW: u16 = 72;
/// From so many lines on it is said what the signs mean, and what the whole says.
const LEGEND_LINES: u16 = 14;
const SUMMARY_LINES: u16 = 20;
/// Most lines of the card.
const CARD_LINES_MAX: usize = 7;

/// Draws the matrix with the cursor at a row and a column.
pub fn draw(model: &Model, (row, column): (usize, usize), area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let matrix = Matrix::known();
    let room = usize::from(area.width.saturating_sub(2));
    let card = card(model, row, column, room, area.height);
    let names = if area.width < NARROW { NAMES.1 } else { NAMES.0 };
    let cells = 1 + names + WHOLE + HERE;
    let shown = usize::from(area.width.saturating_sub(cells + 1) / CELL).clamp(1, matrix.columns.len().max(1));
    let columns = window(matrix.columns.len(), column, shown);
    let lines = usize::from(area.height).saturating_sub(card.len() + 1).max(1);
    let rows = window(matrix.rows.len(), row, lines);
    let put = |buffer: &mut Buffer, at: u16, line: u16, words: &str, style: Style| {
        if at + text::width(words) as u16 <= area.width && line < area.height {
            buffer.set_string(area.x + at, area.y + line, words, Style::reset().patch(style));
        }
    };
    let quiet = theme.style(Family::Quiet);
    put(buffer, 1, 0, "attack", quiet);
    put(buffer, 1 + names, 0, "whole", quiet);
    put(buffer, 1 + names + WHOLE, 0, "here", quiet);
    for (at, defence) in columns.clone().enumerate() {
        let family = if defence == column { Family::Title } else { Family::Quiet };
        put(buffer, cells + at as u16 * CELL, 0, &letter(defence).to_string(), theme.style(family));
    }
    for (line, at) in rows.enumerate() {
        let attack = &matrix.rows[at];
        let line = line as u16 + 1;
        let family = if at == row { Family::Title } else { Family::Plain };
        put(buffer, 1, line, &text::clip(&attack.name, usize::from(names - 1)), theme.style(family));
        let whole = match attack.whole {
            Whole::Open(_) => Family::Bad,
            Whole::Harmless(_) => Family::Quiet,
            Whole::Stopped(_) => Family::Good,
        };
        put(buffer, 1 + names, line, facts::whole_word(attack), theme.style(whole));
        put(buffer, 1 + names + WHOLE, line, facts::here_word(attack, &model.labs.tamper), quiet);
        for (place, defence) in columns.clone().enumerate() {
            let (sign, family) = sign(&attack.cell(&matrix.columns[defence].to_string()));
            let style = if (at, defence) == (row, column) { theme.selected(family) } else { theme.style(family) };
            put(buffer, cells + place as u16 * CELL, line, &sign.to_string(), style);
        }
    }
    let first = area.height.saturating_sub(card.len() as u16);
    for (at, (words, family)) in card.iter().enumerate() {
        line_of(buffer, area, first + at as u16, words, theme.style(*family));
    }
}

/// The cell in words, then what the signs mean, as far as there is room.
fn card(model: &Model, row: usize, column: usize, room: usize, height: u16) -> Vec<(String, Family)> {
    let matrix = Matrix::known();
    let mut lines: Vec<(String, Family)> = Vec::new();
    let mut add = |words: &str, family| lines.extend(text::wrap(words, room).into_iter().map(|line| (line, family)));
    let says = facts::says(row, column, &model.labs.tamper);
    let places = format!(
        "attack {} of {}, defence {} ({} of {})",
        row + 1,
        matrix.rows.len(),
        letter(column),
        column + 1,
        matrix.columns.len()
    );
    add(&says, Family::Plain);
    add(&places, Family::Quiet);
    if height >= LEGEND_LINES {
        add(
            "X open without it  x if another is out too  · caught  - harmless  a told by the anchor  O OPEN",
            Family::Quiet,
        );
    }
    if height >= SUMMARY_LINES {
        add(&facts::matrix(&model.labs.tamper).summary, Family::Quiet);
    }
    let most = if height >= LEGEND_LINES { CARD_LINES_MAX + 2 } else { CARD_LINES_MAX.min(usize::from(height / 2)) };
    if lines.len() > most {
        lines.truncate(most);
        if let Some((words, _)) = lines.last_mut() {
            *words = text::clip(&format!("{words} …"), room).into_owned();
        }
    }
    lines
}

fn sign(cell: &Cell) -> (char, Family) {
    match cell {
        Cell::Needed => ('X', Family::Warning),
        Cell::NeededWith(_) => ('x', Family::Warning),
        Cell::Caught => ('·', Family::Quiet),
        Cell::Open => ('O', Family::Bad),
        Cell::ByAnchor => ('a', Family::Pointer),
        Cell::Harmless => ('-', Family::Quiet),
    }
}

/// The letter over a column: small ones, then capitals.
fn letter(column: usize) -> char {
    let letters = (b'a'..=b'z').chain(b'A'..=b'Z').map(char::from);
    letters.cycle().nth(column).unwrap_or('?')
}

/// So many of `total` that `cursor` is among them.
fn window(total: usize, cursor: usize, shown: usize) -> std::ops::Range<usize> {
    let shown = shown.min(total);
    let first = cursor.saturating_sub(shown / 2).min(total - shown);
    first..first + shown
}
