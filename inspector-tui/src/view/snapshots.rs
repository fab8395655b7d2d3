//! The snapshots that live: which commit each sees, what is kept for it, and what a checkpoint has to wait for.

use super::line_of;
use crate::{
    describe::snapshots as facts,
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Columns of the table but the last.
const COLUMNS: [usize; 2] = [12, 14];

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    crate::describe::plural(model.world.facts.snapshots.len(), "snapshot")
}

/// Draws the table, and under it what it means.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let snapshots = facts::snapshots(model);
    let room = usize::from(area.width.saturating_sub(2));
    let mut lines: Vec<(String, Family)> = Vec::new();
    if snapshots.snapshots.is_empty() {
        let words = match model.world.file() {
            Some(_) => "No snapshot lives in a file at rest.".to_owned(),
            None => "No snapshot lives. `t1: begin-read` takes one, `t1: get K` reads in it.".to_owned(),
        };
        lines.extend(text::wrap(&words, room).into_iter().map(|line| (line, Family::Quiet)));
    } else {
        lines.push((row("snapshot", "sees", "kept for it"), Family::Quiet));
    }
    for snapshot in &snapshots.snapshots {
        let family = if snapshot.holds_back { Family::Warning } else { Family::Plain };
        let kept = match snapshot.holds_back {
            true => format!("{}; a checkpoint waits", snapshot.kept()),
            false => snapshot.kept(),
        };
        lines.push((row(&snapshot.name, &format!("commit {}", snapshot.commit), &kept), family));
    }
    lines.push((String::new(), Family::Plain));
    lines.extend(text::wrap(&snapshots.checkpoint, room).into_iter().map(|line| (line, Family::Title)));
    for remark in snapshots.remarks() {
        lines.extend(text::wrap(&remark, room).into_iter().map(|line| (line, Family::Plain)));
    }
    let height = usize::from(area.height);
    let shown = if lines.len() <= height { lines.len() } else { height.saturating_sub(1) };
    for (at, (words, family)) in lines.iter().take(shown).enumerate() {
        line_of(buffer, area, at as u16, words, theme.style(*family));
    }
    if shown < lines.len() {
        let words = format!("+{} more lines", lines.len() - shown);
        line_of(buffer, area, shown as u16, &words, theme.style(Family::Quiet));
    }
}

fn row(name: &str, sees: &str, kept: &str) -> String {
    let [first, second] = COLUMNS;
    format!("{name:<first$}{sees:<second$}{kept}")
}
