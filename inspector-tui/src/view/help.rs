//! Everything that can be done now, searchable: the same table that keys are looked up in.

use super::line_of;
use crate::{
    describe::help as facts,
    model::Model,
    widget::{Family, HelpList, HelpRow, text},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// Lines for the row under the cursor.
const FOOT_LINES: u16 = 2;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let help = facts::help(model);
    format!("{} now", help.rows.iter().filter(|row| row.now).count())
}

/// Where the list stands, and how many lines are left under it.
fn list(area: Rect) -> (Rect, u16) {
    let foot = if area.height > 10 { 1 + FOOT_LINES } else { 0 };
    (Rect { y: area.y + 1, height: area.height.saturating_sub(1 + foot), ..area }, foot)
}

/// The row that stands in a line of the area.
pub fn row_at(model: &Model, line: u16, area: Rect) -> Option<usize> {
    let (list, _) = list(area);
    let shown = text::window(model.rows(), model.selected_row, usize::from(list.height));
    let at = shown.start + usize::from(line.checked_sub(1)?);
    shown.contains(&at).then_some(at)
}

/// Draws the search line and the table.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let help = facts::help(model);
    let theme = &model.style.theme;
    let words = match model.help_search.text.as_str() {
        "" => "search: press / and type a word".to_string(),
        search => format!("search: {}", tosumu::escape::escape(search.as_bytes())),
    };
    line_of(buffer, area, 0, &words, theme.style(Family::Quiet));
    let rows: Vec<HelpRow> = help
        .rows
        .into_iter()
        .map(|row| {
            let what = if row.now { row.what } else { format!("{} (not now)", row.what) };
            HelpRow { key: row.key, command: row.command, what }
        })
        .collect();
    // The row under the cursor stands whole at the bottom, where its line has no room for all of it.
    let selected = model.selected_row.min(rows.len().saturating_sub(1));
    let room = usize::from(area.width.saturating_sub(2));
    let whole = rows.get(selected).map_or(String::new(), HelpRow::whole);
    let whole = text::wrap(&whole, room);
    let (list, foot) = list(area);
    HelpList { rows: &rows, search: "", selected, theme }.render(list, buffer);
    for (at, line) in whole.iter().take(usize::from(foot.saturating_sub(1))).enumerate() {
        line_of(buffer, area, area.height - FOOT_LINES + at as u16, line, theme.style(Family::Title));
    }
}
