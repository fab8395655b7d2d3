//! The strip: the events of the present operation, a word each; and the bar, the whole timeline with its marks.

use super::{arrange, events::family};
use crate::{
    model::Model,
    timeline::Mark,
    widget::{Family, Scrub, ScrubMark, Strip, StripMark},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::ops::Range;
use tosumu::trace::Event;

/// Sign of an event that a run stops at.
const BREAK: char = '●';

/// Sign of an event that has a note or a name, after the key that visits them.
const NOTE: char = '\'';

/// The marks of the bar, weightiest first; breakpoints stand between what went wrong and what went well.
const BAR_MARKS: [(Mark, char, &str, Family); 7] = [
    (Mark::Crash, 'x', "crash", Family::Bad),
    (Mark::Finding, '!', "finding", Family::Bad),
    (Mark::Checkpoint, 'f', "fold", Family::Crypto),
    (Mark::Merge, 'm', "merge", Family::Changed),
    (Mark::Split, 's', "split", Family::Changed),
    (Mark::Commit, 'c', "commit", Family::Good),
    (Mark::Sync, '·', "sync", Family::Quiet),
];
/// How many of them outweigh a breakpoint.
const ABOVE_BREAKS: usize = 2;

/// The events on the strip: those of the present operation, or all of the timeline between two.
pub fn events(model: &Model) -> Range<usize> {
    let total = model.timeline().map_or(0, |timeline| timeline.len());
    match model.operation() {
        Some(operation) if model.at > 0 => operation.first..(operation.last + 1).min(total),
        _ => 0..total,
    }
}

/// Whether the strip's one line shows the whole timeline instead.
fn is_whole(model: &Model) -> bool {
    model.travel.strip_is_whole && !arrange::has_bar(model.size)
}

/// Draws the strip. It keeps a column free at either side.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    if is_whole(model) {
        return draw_bar(model, area, buffer);
    }
    with_strip(model, |strip, _| strip.render(inset(area), buffer));
}

/// Draws the bar of the whole timeline.
pub fn draw_bar(model: &Model, area: Rect, buffer: &mut Buffer) {
    with_bar(model, |bar| bar.render(inset(area), buffer));
}

/// The event under a column of the strip's area.
pub fn event_at(model: &Model, column: u16, area: Rect) -> Option<usize> {
    if is_whole(model) {
        return event_on_bar(model, column, area);
    }
    let column = column.checked_sub(area.x + 1)?;
    with_strip(model, |strip, first| strip.event_at(column, inset(area).width).map(|at| first + at))?
}

/// The event under a column of the bar's area: a mark there before anything else.
pub fn event_on_bar(model: &Model, column: u16, area: Rect) -> Option<usize> {
    let column = column.checked_sub(area.x + 1)?;
    with_bar(model, |bar| bar.event_at(column, inset(area).width))?
}

fn with_strip<T>(model: &Model, with: impl FnOnce(&Strip<'_>, usize) -> T) -> Option<T> {
    let timeline = model.timeline()?;
    let events = events(model);
    let breakpoints = &model.travel.breakpoints;
    let mark = |at: usize| {
        let index = events.start + at;
        let event = timeline.event(index);
        let word = if breakpoints.is_hit(index) { format!("{BREAK}{}", word(event)) } else { word(event) };
        StripMark { word, family: if loud(event) { Family::Title } else { family(event) } }
    };
    let present = model.at.saturating_sub(1).saturating_sub(events.start).min(events.len().saturating_sub(1));
    let strip = Strip { total: events.len(), present, mark: &mark, theme: &model.style.theme };
    Some(with(&strip, events.start))
}

fn with_bar<T>(model: &Model, with: impl FnOnce(&Scrub<'_>) -> T) -> Option<T> {
    let timeline = model.timeline()?;
    let breakpoints = &model.travel.breakpoints;
    let mark_of = |(mark, glyph, word, family): (Mark, char, &'static str, Family), events: Range<usize>| {
        timeline.mark_in(events, mark).map(|event| ScrubMark { glyph, word, family, event })
    };
    let break_in = |events: Range<usize>| {
        let hit = breakpoints.hit_from(events.start).filter(|hit| *hit < events.end);
        hit.map(|event| ScrubMark { glyph: BREAK, word: "break", family: Family::Warning, event })
    };
    let noted: Vec<usize> = model.kept.notes.events().map(|event| event - 1).collect();
    let note_in = |events: Range<usize>| {
        let first = noted.iter().copied().find(|event| events.contains(event));
        first.map(|event| ScrubMark { glyph: NOTE, word: "note", family: Family::Identity, event })
    };
    let (above, below) = BAR_MARKS.split_at(ABOVE_BREAKS);
    let weigh = |events: Range<usize>| {
        let first_of = |marks: &[_]| marks.iter().find_map(|mark| mark_of(*mark, events.clone()));
        let own = || break_in(events.clone()).or_else(|| note_in(events.clone()));
        first_of(above).or_else(own).or_else(|| first_of(below))
    };
    let all = 0..timeline.len();
    let legend_of =
        |marks: &[_]| -> Vec<ScrubMark> { marks.iter().filter_map(|mark| mark_of(*mark, all.clone())).collect() };
    let legend: Vec<ScrubMark> = legend_of(above)
        .into_iter()
        .chain(break_in(all.clone()))
        .chain(note_in(all.clone()))
        .chain(legend_of(below))
        .collect();
    let theme = &model.style.theme;
    let present = model.present_index();
    Some(with(&Scrub { total: timeline.len(), present, mark: &weigh, legend: &legend, theme }))
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
