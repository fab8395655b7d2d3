//! Lines of text of which some can be chosen: where such a line leads, which one is under the cursor, and drawing them so that what
//! does not fit is counted.

use super::line_of;
use crate::{
    looking::{Goal, Told},
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};
use tosumu::trace::Event;

/// Bytes of a superblock slot: A begins the page file, B follows.
const SUPERBLOCK_BYTES: u64 = 4096;

/// A line of a view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// What it says.
    pub words: String,
    /// Its colour.
    pub family: Family,
    /// Where it leads; none of a line that cannot be chosen.
    pub goal: Option<Goal>,
}

impl Row {
    /// A line that leads nowhere.
    pub fn text(words: impl Into<String>, family: Family) -> Row {
        Row { words: words.into(), family, goal: None }
    }

    /// A line that leads somewhere, when `goal` says where.
    pub fn to(words: impl Into<String>, family: Family, goal: Option<Goal>) -> Row {
        Row { words: words.into(), family, goal }
    }

    /// Words over as many lines as they need; only the first of them is chosen.
    pub fn wrapped(words: &str, room: usize, family: Family, goal: Option<Goal>) -> Vec<Row> {
        let lines = text::wrap(words, room).into_iter().enumerate();
        lines.map(|(at, line)| Row::to(line, family, if at == 0 { goal.clone() } else { None })).collect()
    }
}

/// The last event up to the present one that tells of `what`, or why there is none.
pub fn last_told(model: &Model, what: &Told) -> Result<usize, String> {
    let Some(timeline) = model.timeline() else { return Err(at_rest(what)) };
    let happened = &timeline.events()[..model.at.min(timeline.len())];
    let last = happened.iter().rposition(|event| tells(event, what));
    last.ok_or_else(|| "No event up to here speaks of it: it was there before the first one.".to_owned())
}

/// Where a file without a timeline says the same.
fn at_rest(what: &Told) -> String {
    match what {
        Told::KeySlot(_) => {
            "A key slot stands in both superblocks: `tosumu inspect keys FILE` says all of it.".to_owned()
        }
        Told::Superblock(_) => "`tosumu inspect superblock FILE` says every field of both superblock slots.".to_owned(),
        Told::Commit(commit) => format!("Commit {commit} stands in the page file: its log was folded and is gone."),
        Told::Snapshot(_) | Told::Transaction => "A file at rest has no readers and no writer.".to_owned(),
    }
}

fn tells(event: &Event, what: &Told) -> bool {
    match (what, event) {
        (Told::KeySlot(wanted), Event::KeySlotOpened { slot, .. })
        | (Told::KeySlot(wanted), Event::KeySlotAdded { slot, .. })
        | (Told::KeySlot(wanted), Event::KeySlotRewrapped { slot, .. }) => usize::from(*slot) == *wanted,
        (Told::KeySlot(wanted), Event::DatabaseCreated { .. }) => *wanted == 0,
        (Told::Superblock(wanted), Event::SuperblockChosen { slot, .. }) => {
            wanted == if *slot == 0 { "A" } else { "B" }
        }
        (Told::Superblock(wanted), Event::FileWritten { file, offset, bytes, .. }) => {
            let slot = if *offset < SUPERBLOCK_BYTES { "A" } else { "B" };
            !file.ends_with("-wal") && *bytes > 0 && wanted == slot && *offset < 2 * SUPERBLOCK_BYTES
        }
        (Told::Commit(wanted), Event::TransactionCommitted { commit, .. })
        | (Told::Commit(wanted), Event::SealTransactionCommitted { commit, .. }) => commit.0 == *wanted,
        (Told::Snapshot(wanted), Event::SnapshotTaken { name, .. }) => name == wanted,
        (Told::Transaction, Event::TransactionStarted { .. }) => true,
        _ => false,
    }
}

/// How many of the lines can be chosen.
pub fn count(rows: &[Row]) -> usize {
    rows.iter().filter(|row| row.goal.is_some()).count()
}

/// Where the line leads that is the one numbered `chosen` of those that can be chosen, from 0.
pub fn goal(rows: &[Row], chosen: usize) -> Option<Goal> {
    rows.iter().filter_map(|row| row.goal.clone()).nth(chosen)
}

/// The line that the one numbered `chosen` stands in.
fn line(rows: &[Row], chosen: usize) -> Option<usize> {
    rows.iter().enumerate().filter(|(_, row)| row.goal.is_some()).map(|(line, _)| line).nth(chosen)
}

/// The one that stands in a line of the area.
pub fn row_at(model: &Model, rows: &[Row], line: u16, area: Rect) -> Option<usize> {
    let (top, shown) = seen(model, rows.len(), area);
    let at = top + usize::from(line);
    let row = rows.get(at).filter(|_| usize::from(line) < shown)?;
    row.goal.is_some().then(|| count(&rows[..at]))
}

/// First line to be seen so that the one under the cursor is, and as little as possible moves.
pub fn scroll_to_cursor(model: &Model, rows: &[Row], area: Rect) -> usize {
    let height = usize::from(area.height);
    let last = rows.len().saturating_sub(height);
    let Some(at) = line(rows, model.selected_row) else { return model.scroll.min(last) };
    // The line that counts what does not fit takes one.
    let lowest = (at + 2).saturating_sub(height).min(last);
    model.scroll.clamp(lowest, at.max(lowest)).min(last)
}

/// First line seen, and how many are.
fn seen(model: &Model, total: usize, area: Rect) -> (usize, usize) {
    let height = usize::from(area.height);
    let top = model.scroll.min(total.saturating_sub(height));
    let left = total - top;
    (top, if left <= height { left } else { height.saturating_sub(1) })
}

/// Draws the lines from `model.scroll` on, the one under the cursor marked.
pub fn draw(model: &Model, rows: &[Row], area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let (top, shown) = seen(model, rows.len(), area);
    let cursor = line(rows, model.selected_row);
    for (at, row) in rows[top..top + shown].iter().enumerate() {
        let chosen = cursor == Some(top + at);
        let style = if chosen { theme.selected(row.family) } else { theme.style(row.family) };
        line_of(buffer, area, at as u16, &row.words, style);
        if chosen {
            buffer.set_string(area.x, area.y + at as u16, ">", theme.style(Family::Title));
        }
    }
    let left = rows.len() - top;
    if shown < left {
        let words = format!("+{} more lines: PgDn", left - shown);
        line_of(buffer, area, shown as u16, &words, theme.style(Family::Quiet));
    }
}
