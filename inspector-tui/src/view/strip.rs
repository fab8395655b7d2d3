//! The strip: the events of the present operation, a word each.

use super::events::family;
use crate::{
    model::Model,
    widget::{Family, Strip, StripMark},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::ops::Range;
use tosumu::trace::Event;

/// The events on the strip: those of the present operation, or all of the timeline between two.
pub fn events(model: &Model) -> Range<usize> {
    let total = model.timeline().map_or(0, |timeline| timeline.len());
    match model.operation() {
        Some(operation) if model.at > 0 => operation.first..(operation.last + 1).min(total),
        _ => 0..total,
    }
}

/// Draws the strip. It keeps a column free at either side.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(timeline) = model.timeline() else { return };
    let events = events(model);
    let mark = |at: usize| {
        let event = timeline.event(events.start + at);
        StripMark { word: word(event), family: if loud(event) { Family::Title } else { family(event) } }
    };
    let present = model.at.saturating_sub(1).saturating_sub(events.start).min(events.len().saturating_sub(1));
    let strip = Strip { total: events.len(), present, mark: &mark, theme: &model.style.theme };
    strip.render(inset(area), buffer);
}

/// The event under a column of the strip's area.
pub fn event_at(model: &Model, column: u16, area: Rect) -> Option<usize> {
    let events = events(model);
    let timeline = model.timeline()?;
    let mark = |at: usize| StripMark { word: word(timeline.event(events.start + at)), family: Family::Plain };
    let present = model.at.saturating_sub(1).saturating_sub(events.start).min(events.len().saturating_sub(1));
    let strip = Strip { total: events.len(), present, mark: &mark, theme: &model.style.theme };
    strip.event_at(column.checked_sub(1)?, inset(area).width).map(|at| events.start + at)
}

fn inset(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// The first event of an operation is named by the operation's own word.
fn word(event: &Event) -> String {
    match event {
        Event::OperationStarted { line } => {
            let first = line.split_whitespace().next().unwrap_or("ask");
            tosumu::escape::escape(first.as_bytes()).chars().take(10).collect()
        }
        _ => event.word().into(),
    }
}

fn loud(event: &Event) -> bool {
    matches!(event, Event::FileSynced { .. } | Event::DirectorySynced | Event::TransactionCommitted { .. })
}
