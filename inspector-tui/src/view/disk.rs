//! What the program, the operating system and a disk after a power cut hold.

use super::line_of;
use crate::{
    describe::disk as facts,
    model::{Model, View},
    widget::{DiskCell, DiskRow, DiskTable, Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// Narrower than this the slots of the superblock are left to the view in front.
const ALL_ROWS_COLUMNS: u16 = 60;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    match model.world.pending().len() {
        _ if model.file_work.follow.on => "as the system holds it".into(),
        0 => "nothing waits for a sync".into(),
        count => format!("{} for a sync", facts::waiting(count)),
    }
}

/// The same in few words.
pub fn short_note(model: &Model) -> String {
    match model.file_work.follow.on {
        true => "as the system holds it".into(),
        false => format!("{} waiting", model.world.pending().len()),
    }
}

/// Draws the table, the sentence under it, and the waiting writes where there is room.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let disk = facts::without_rows(model);
    let theme = &model.style.theme;
    // A narrow pane leaves out the two slots, which stand last.
    let total = facts::rows_total(model) - if area.width < ALL_ROWS_COLUMNS { 2 } else { 0 };
    // Where not all rows can be seen, those round the page shown are.
    let crowded = total + 4 > usize::from(area.height);
    let focus = if crowded { model.shown_page() } else { model.page };
    let selected = match model.view {
        View::Disk => Some(model.selected_row).filter(|row| *row < total),
        _ => focus.filter(|page| model.world.has_page(*page)).map(|page| page.0 as usize - 1),
    };
    let built = text::window(total, selected.unwrap_or(0), 2 * usize::from(area.height) + 2);
    let rows: Vec<DiskRow> = facts::rows(model, built.clone()).iter().map(row).collect();
    let selected = selected.and_then(|at| at.checked_sub(built.start));
    let beside = total - rows.len();
    let waiting = waiting(&disk, area, total);
    let height = area.height - waiting.len() as u16;
    let sentence = text::wrap(&disk.if_power_went, usize::from(area.width).saturating_sub(2)).len();
    // A sentence that does not fit whole is left to the story.
    let fits = total.min(3) + sentence + 2 <= usize::from(height);
    let footer = if fits && !super::story::asks_for_it(model) { &disk.if_power_went } else { "" };
    DiskTable { rows: &rows, beside, selected, footer, theme }.render(Rect { height, ..area }, buffer);
    for (at, words) in waiting.iter().enumerate() {
        line_of(buffer, area, height + at as u16, words, theme.style(Family::Changed));
    }
}

/// The writes that wait for a sync, as many as there is room for; the rest is counted.
fn waiting(disk: &facts::DiskFacts, area: Rect, rows: usize) -> Vec<String> {
    // Heading, rows, a blank and two lines of the sentence come first.
    let room = usize::from(area.height).saturating_sub(rows + 5);
    if disk.pending.is_empty() || room < 2 {
        return Vec::new();
    }
    let mut lines = vec!["Waiting for a sync:".to_string()];
    let shown = if disk.pending.len() < room { disk.pending.len() } else { room.saturating_sub(2) };
    lines.extend(disk.pending.iter().take(shown).map(|pending| format!("  {}", pending.words())));
    let hidden = disk.pending.len() - shown;
    if hidden > 0 {
        lines.push(format!("  +{hidden} more"));
    }
    lines
}

fn row(facts: &facts::DiskRowFacts) -> DiskRow {
    let changes = |one: &str, other: &str| one != other;
    let cell = |text: &str, differs: bool| {
        let family = match text {
            "-" => Family::Quiet,
            _ if text.ends_with('*') => Family::Changed,
            _ if differs => Family::Warning,
            _ => Family::Plain,
        };
        DiskCell::new(text, family)
    };
    // What a free page holds is of no use to anybody, so nothing in its row stands out.
    let cell = |text: &str, differs: bool| match facts.kind {
        "free" => DiskCell::new(text, Family::Free),
        _ => cell(text, differs),
    };
    DiskRow {
        name: facts.title(),
        memory: cell(&facts.memory, changes(&facts.memory, &facts.system)),
        system: cell(&facts.system, changes(&facts.system, &facts.durable)),
        durable: cell(&facts.durable, false),
    }
}
