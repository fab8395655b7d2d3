//! Everything that can be done now, searchable: the same table that keys are looked up in.

use super::line_of;
use crate::{
    describe::help as facts,
    model::Model,
    widget::{Family, HelpList, HelpRow},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let help = facts::help(model);
    format!("{} now", help.rows.iter().filter(|row| row.now).count())
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
    let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    HelpList { rows: &rows, search: "", selected: model.selected_row, theme }.render(rest, buffer);
}
