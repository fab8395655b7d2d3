//! The kinds of moments one can jump to, one of them chosen: how often each happened, and where the nearest ones are.

use super::{line_of, wrapped};
use crate::{
    describe::marks as facts,
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// From this width on every row says what happens at such a mark; on a narrower screen only the foot does.
const ROOMY_COLUMNS: u16 = 100;
/// Lines under the list for the kind under the cursor.
const FOOT_LINES: u16 = 2;
/// Columns of what happens.
const WHAT_COLUMNS: usize = 43;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    format!("( ) go to {}", if model.travel.mark.is_some() { "the chosen kind" } else { "any mark" })
}

/// The row of the list that stands in a line of its area.
pub fn row_at(model: &Model, line: u16, area: Rect) -> Option<usize> {
    let total = crate::travel::mark_kinds().count();
    let shown = text::window(total, model.selected_row, list_lines(area));
    let at = shown.start + usize::from(line.checked_sub(1)?);
    shown.contains(&at).then_some(at)
}

/// Draws the list.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let marks = facts::marks(model).kinds;
    if marks.is_empty() {
        let words = "No marks: a file at rest has no time of its own.";
        return wrapped(buffer, area, words, theme.style(Family::Quiet));
    }
    let what = |words: &str| match area.width {
        ROOMY_COLUMNS.. => format!("{words:<WHAT_COLUMNS$} "),
        _ => String::new(),
    };
    let heading = format!("  {:<11}{:>5}  {:<5}{}nearest", "kind", "seen", "keys", what("what happens"));
    line_of(buffer, area, 0, &heading, theme.style(Family::Quiet));
    let shown = text::window(marks.len(), model.selected_row, list_lines(area));
    for (line, at) in shown.enumerate() {
        let kind = &marks[at];
        let count = text::grouped(kind.count as u64);
        let near = match (kind.before, kind.behind) {
            (None, None) if kind.count == 0 => "-".to_owned(),
            (None, None) => "here".to_owned(),
            (before, behind) => {
                let number = |event: Option<usize>| event.map_or("-".to_owned(), |event| event.to_string());
                format!("{} < {} < {}", number(before), model.at, number(behind))
            }
        };
        let mark = if kind.chosen { '>' } else { ' ' };
        let words = format!("{mark} {:<11}{count:>5}  {:<5}{}{near}", kind.kind, kind.keys, what(&kind.what));
        let family = if kind.count == 0 { Family::Quiet } else { Family::Plain };
        let style = if at == model.selected_row { theme.selected(family) } else { theme.style(family) };
        line_of(buffer, area, 1 + line as u16, &words, style);
    }
    let chosen = &marks[model.selected_row.min(marks.len() - 1)];
    let words = format!("{}: {}; {}.", chosen.kind, chosen.what, chosen.nearest());
    let foot = Rect { y: area.bottom() - 1, height: 1, ..area };
    if list_lines(area) + usize::from(FOOT_LINES) < usize::from(area.height) + 1 {
        wrapped(buffer, foot, &words, theme.style(Family::Title));
    }
}

/// Lines that the list has between its heading and its foot; on a small screen the foot gives way.
fn list_lines(area: Rect) -> usize {
    let all = crate::travel::mark_kinds().count();
    let room = usize::from(area.height.saturating_sub(1));
    if room >= all + usize::from(FOOT_LINES) { all } else { room }
}
