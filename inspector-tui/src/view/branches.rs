//! The branches of time, one of them chosen; under them what was done on it.

use super::{line_of, wrapped};
use crate::{
    describe::branches as facts,
    model::Model,
    widget::{EventList, EventRow, Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// From this width on a row says in full where a branch comes from.
const ROOMY_COLUMNS: u16 = 76;
/// Most columns of a name.
const NAME_COLUMNS_MAX: usize = 28;
/// Most deeds that are told of a branch.
const DEEDS_MAX: usize = 40;
/// Lines for what was done on the branch that is chosen.
const DEEDS_LINES: u16 = 3;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    match model.branches.len() {
        0 => String::new(),
        1 => "1 branch".to_owned(),
        count => format!("{count} branches"),
    }
}

fn deeds_lines(area: Rect) -> u16 {
    if area.height > DEEDS_LINES + 2 { DEEDS_LINES } else { 0 }
}

/// The row that stands in a line of the area.
pub fn row_at(model: &Model, line: u16, area: Rect) -> Option<usize> {
    let height = area.height - deeds_lines(area);
    let shown = text::window(model.branches.len(), model.selected_row, usize::from(height));
    let at = shown.start + usize::from(line);
    shown.contains(&at).then_some(at)
}

/// Draws the list and, where there is room, what was done on the branch under the cursor.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let facts = facts::without_deeds(model).branches;
    if facts.is_empty() {
        return line_of(
            buffer,
            area,
            0,
            "No branches: a file at rest has no time of its own.",
            theme.style(Family::Quiet),
        );
    }
    let name_columns = facts.iter().map(|branch| text::width(&branch.name)).max().unwrap_or(0).min(NAME_COLUMNS_MAX);
    let origin = |branch: &facts::BranchFacts| match area.width {
        ROOMY_COLUMNS.. => branch.origin(),
        _ => branch.short_origin(),
    };
    let row = |at: usize| {
        let branch = &facts[at];
        let name = text::clip(&branch.name, name_columns);
        let pad = " ".repeat(name_columns - text::width(&name));
        let here = if branch.here { "here" } else { "    " };
        let text = format!("{here} {name}{pad}  {}", origin(branch));
        EventRow { number: branch.number as u64, text, family: if branch.here { Family::Good } else { Family::Plain } }
    };
    let present = model.selected_row.min(facts.len() - 1);
    let deeds = deeds_lines(area);
    let list = Rect { height: area.height - deeds, ..area };
    EventList { total: facts.len(), present, selected: present, row: &row, theme }.render(list, buffer);
    let below = Rect { y: list.bottom(), height: deeds, ..area };
    let (first, more) = facts::first_deeds(model, present, DEEDS_MAX);
    let done = match (first.is_empty(), more) {
        (true, _) => "nothing yet".to_owned(),
        (false, 0) => first.join(", "),
        (false, more) => format!("{}, and {} more", first.join(", "), text::grouped(more as u64)),
    };
    let words = format!("Done on branch {}: {done}.", present + 1);
    wrapped(buffer, below, &words, theme.style(Family::Quiet));
}
