//! The tamper lab: the lies from top to bottom, what was guessed and what came of each, and the one under the cursor in words.

use super::line_of;
use crate::{
    describe::tamper as facts,
    labs::tamper::Verdict,
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};
use std::ops::Range;

/// Columns of the verdict, and of each code.
const COLUMNS: (usize, usize) = (11, 18);
/// From this width on what `verify` says has columns of its own.
const WIDE: u16 = 100;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let lab = &model.labs.tamper;
    if lab.matrix.is_some() {
        return "attacks and defences".to_owned();
    }
    match lab.guessed() {
        0 => crate::describe::plural(lab.lies.len(), "lie"),
        guessed => format!("{} of {guessed} right", lab.right()),
    }
}

/// Draws the list, and under it the question or the answer.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    if let Some(cell) = model.labs.tamper.matrix {
        return super::matrix::draw(model, cell, area, buffer);
    }
    let style = |family| model.style.theme.style(family);
    let lab = &model.labs.tamper;
    let width = usize::from(area.width.saturating_sub(2));
    let card = card(model, width);
    line_of(buffer, area, 0, &heading(area.width), style(Family::Quiet));
    let rows = window(model, card.len(), area);
    let (first, shown) = (rows.start, rows.len());
    for (line, row) in rows.enumerate() {
        let (words, family) = line_for(model, row, area.width);
        let look = if lab.row == row { model.style.theme.selected(family) } else { style(family) };
        line_of(buffer, area, 1 + line as u16, &words, look);
    }
    let mut line = 1 + shown as u16;
    if shown < lab.lies.len() {
        let words = format!("{} to {} of {}", first + 1, first + shown, lab.lies.len());
        line_of(buffer, area, line, &words, style(Family::Quiet));
        line += 1;
    }
    line += u16::from(usize::from(area.height) > usize::from(line) + card.len());
    for (words, family) in card {
        line_of(buffer, area, line, &words, style(family));
        line += 1;
    }
}

/// The lies that are seen over a card of so many lines.
fn window(model: &Model, card: usize, area: Rect) -> Range<usize> {
    let lab = &model.labs.tamper;
    let room = usize::from(area.height).saturating_sub(card + 2);
    let shown = if lab.lies.len() <= room { lab.lies.len() } else { room.saturating_sub(1) };
    let first = lab.row.saturating_sub(shown / 2).min(lab.lies.len() - shown);
    first..first + shown
}

/// The lie that stands in a line of the area.
pub fn row_at(model: &Model, line: u16, area: Rect) -> Option<usize> {
    if model.labs.tamper.matrix.is_some() {
        return None;
    }
    let width = usize::from(area.width.saturating_sub(2));
    let rows = window(model, card(model, width).len(), area);
    let at = rows.start + usize::from(line.checked_sub(1)?);
    rows.contains(&at).then_some(at)
}

fn heading(width: u16) -> String {
    let (verdict, code) = COLUMNS;
    let does = does_columns(width);
    match width >= WIDE {
        true => format!("{:<does$}{:<verdict$}{:<code$}{:<code$}with fingerprint", "the lie", "", "owner", "verify"),
        false => format!("{:<does$}{:<verdict$}owner", "the lie", ""),
    }
}

fn does_columns(width: u16) -> usize {
    let (verdict, code) = COLUMNS;
    let codes = if width >= WIDE { 3 } else { 1 };
    usize::from(width.saturating_sub(2)).saturating_sub(verdict + code * codes).min(60)
}

fn line_for(model: &Model, row: usize, width: u16) -> (String, Family) {
    let (verdict, code) = COLUMNS;
    let does = does_columns(width);
    let lie = &model.labs.tamper.lies[row];
    let what = text::clip(&lie.does, does - 1);
    if !model.labs.tamper.is_told(row) {
        return (format!("{what:<does$}?"), Family::Plain);
    }
    let told = facts::told(lie);
    let family = match lie.verdict() {
        Verdict::Refused | Verdict::Harmless => Family::Good,
        Verdict::ToldByAnchor => Family::Warning,
        Verdict::Open => Family::Bad,
    };
    let words = match width >= WIDE {
        true => format!(
            "{what:<does$}{:<verdict$}{:<code$}{:<code$}{}",
            told.verdict, told.owner, told.verify, told.anchored
        ),
        false => format!("{what:<does$}{:<verdict$}{}", told.verdict, told.owner),
    };
    (words, family)
}

/// The question with its answers, or what came of the lie; then what the whole says.
fn card(model: &Model, width: usize) -> Vec<(String, Family)> {
    let lab = &model.labs.tamper;
    let mut lines: Vec<(String, Family)> = Vec::new();
    let mut add = |words: &str, family| lines.extend(text::wrap(words, width).into_iter().map(|line| (line, family)));
    match lab.lies.get(lab.row) {
        Some(lie) if !lab.is_told(lab.row) => {
            add(&format!("{}. What will come of it?", facts::capital(&lie.does)), Family::Title);
            for (number, verdict) in (1..).zip(Verdict::ALL) {
                add(&format!("{number}  {}", verdict.words()), Family::Plain);
            }
        }
        Some(_) => add(&facts::says(model), Family::Plain),
        None => {}
    }
    add(&facts::tamper(model).summary, Family::Quiet);
    lines
}
