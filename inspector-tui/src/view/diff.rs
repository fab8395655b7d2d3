//! Two states beside each other: what differs of records, pages, superblock and log.

use super::{line_of, wrapped};
use crate::{
    describe::diff::{self as facts, Change},
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};
use tosumu::types::PageNo;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let diff = facts::diff(model);
    match diff.is_same() {
        true => "nothing differs".into(),
        false if diff.is_slots => "one file's two slots".into(),
        false => format!(
            "{}, {}",
            crate::describe::plural(diff.records_total, "record"),
            crate::describe::plural(diff.pages_total, "page")
        ),
    }
}

/// How many rows there are to choose from.
pub fn rows(model: &Model) -> usize {
    let diff = facts::diff(model);
    if diff.is_same() { 0 } else { diff.lines().len() }
}

/// The page that a row is about.
pub fn page_of_row(model: &Model, row: usize) -> Option<PageNo> {
    facts::diff(model).lines().get(row).and_then(|line| line.page)
}

fn remark_lines(diff: &facts::DiffFacts, area: Rect) -> Vec<String> {
    let room = usize::from(area.width.saturating_sub(2));
    diff.remark.as_ref().map_or_else(Vec::new, |remark| text::wrap(remark, room))
}

/// Where the differences stand: under the names and the remark.
fn below_head(diff: &facts::DiffFacts, area: Rect) -> Rect {
    let top = 1 + remark_lines(diff, area).len() as u16;
    Rect { y: area.y + top.min(area.height), height: area.height.saturating_sub(top), ..area }
}

/// The chosen line stands whole at the bottom when it is wider than the screen: its lines, and how many the foot takes.
fn foot(words: &str, below: Rect) -> (Vec<String>, usize) {
    let whole = text::wrap(words, usize::from(below.width.saturating_sub(3)));
    let foot = if whole.len() > 1 && usize::from(below.height) > whole.len() + 4 { whole.len() + 1 } else { 0 };
    (whole, foot)
}

/// The row that stands in a line of the area.
pub fn row_at(model: &Model, line: u16, area: Rect) -> Option<usize> {
    let diff = facts::diff(model);
    let lines = diff.lines();
    if diff.is_same() || lines.is_empty() {
        return None;
    }
    let below = below_head(&diff, area);
    let selected = model.selected_row.min(lines.len() - 1);
    let (_, foot) = foot(&lines[selected].words, below);
    let shown = text::window(lines.len(), selected, usize::from(below.height) - foot);
    let at = shown.start + usize::from((area.y + line).checked_sub(below.y)?);
    shown.contains(&at).then_some(at)
}

/// Draws the names, the differences, and the whole of the chosen line at the bottom.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let diff = facts::diff(model);
    let names = format!("- {}   + {}", diff.left, diff.right);
    line_of(buffer, area, 0, &names, theme.style(Family::Title));
    for (at, line) in remark_lines(&diff, area).iter().enumerate() {
        line_of(buffer, area, 1 + at as u16, line, theme.style(Family::Quiet));
    }
    let below = below_head(&diff, area);
    if diff.is_same() {
        return wrapped(buffer, below, "Nothing differs.", theme.style(Family::Good));
    }
    let lines = diff.lines();
    let selected = model.selected_row.min(lines.len().saturating_sub(1));
    let (whole, foot) = foot(&lines[selected].words, below);
    let height = usize::from(below.height) - foot;
    let shown = text::window(lines.len(), selected, height);
    for (at, index) in shown.clone().enumerate() {
        let line = &lines[index];
        let family = match line.change {
            None => Family::Title,
            Some(Change::Added) => Family::Fresh,
            Some(Change::Removed) => Family::Bad,
            Some(Change::Changed) => Family::Changed,
        };
        let indent = if line.change.is_none() { "" } else { "  " };
        let mut style = theme.style(family).remove_modifier(Modifier::UNDERLINED);
        if index == selected {
            style = style.add_modifier(Modifier::REVERSED);
        }
        line_of(buffer, below, at as u16, &format!("{indent}{}", line.words), style);
    }
    let hidden = lines.len() - shown.len();
    if hidden > 0 {
        let words = format!(" rows {} to {} of {}", shown.start + 1, shown.end, lines.len());
        let column = area.right().saturating_sub(text::width(&words) as u16 + 1);
        buffer.set_string(column, area.y, words, theme.style(Family::Quiet));
    }
    for (at, line) in whole.iter().take(foot.saturating_sub(1)).enumerate() {
        line_of(buffer, below, (height + 1 + at) as u16, line, theme.style(Family::Plain));
    }
}
