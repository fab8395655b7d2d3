//! Every event in a sentence; only those that can be seen are built.

use super::wrapped;
use crate::{
    describe::events as facts,
    model::{Model, View},
    widget::{EventList, EventRow, Family},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use tosumu::trace::Event;

/// From this width on a row holds a whole sentence.
const SENTENCE_COLUMNS: u16 = 70;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    match model.operation() {
        Some(operation) => crate::describe::operation_words(&operation.line, 24),
        None => String::new(),
    }
}

/// Draws the list round the present event, and under it the present sentence when its row cannot hold it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let Some(timeline) = model.timeline().filter(|timeline| !timeline.is_empty()) else {
        let words = match model.timeline() {
            Some(_) => "Nothing has happened yet: type an operation.".to_owned(),
            None => facts::instead(model),
        };
        return wrapped(buffer, area, &words, theme.style(Family::Quiet));
    };
    let wide = area.width >= SENTENCE_COLUMNS;
    let row = |at: usize| {
        let event = timeline.event(at);
        let text = if wide { event.sentence() } else { event.short() };
        EventRow { number: at as u64 + 1, text: indented(event, text), family: family(event) }
    };
    let present = model.at.saturating_sub(1).min(timeline.len() - 1);
    // In front the keys move a cursor over the list; at the side it stays with the present event.
    let selected = if model.view == View::Events { model.selected_row.min(timeline.len() - 1) } else { present };
    EventList { total: timeline.len(), present, selected, row: &row, theme }.render(area, buffer);
}

/// What an operation brought about stands under it.
fn indented(event: &Event, text: String) -> String {
    match event {
        Event::OperationStarted { .. } | Event::OperationEnded { .. } => text,
        _ => format!(" {text}"),
    }
}

/// The colour of an event: what makes data safe, what threatens it, what asks for it.
pub fn family(event: &Event) -> Family {
    match event {
        Event::OperationStarted { .. } | Event::OperationEnded { succeeded: true, .. } => Family::Title,
        Event::FileSynced { .. } | Event::DirectorySynced | Event::TransactionCommitted { .. } => Family::Good,
        Event::OperationEnded { .. }
        | Event::Crashed { .. }
        | Event::Tampered { .. }
        | Event::FileReplaced { .. }
        | Event::Poisoned { .. }
        | Event::WitnessFailed { .. }
        | Event::FaultInjected { .. }
        | Event::FindingReported { .. }
        | Event::PageVerified { sound: false, .. }
        | Event::Expected { instead: Some(_), .. } => Family::Bad,
        Event::PageSplit { .. }
        | Event::RootGrew { .. }
        | Event::CellsMoved { .. }
        | Event::PagesMerged { .. }
        | Event::RootShrank { .. }
        | Event::ValueWritten { .. }
        | Event::TreeCreated { .. }
        | Event::TreeDropped { .. } => Family::Changed,
        Event::PageFreed { .. } | Event::ValueFreed { .. } => Family::Quiet,
        Event::PageSealed { .. }
        | Event::KeySlotAdded { .. }
        | Event::KeySlotRemoved { .. }
        | Event::KeySlotRewrapped { .. } => Family::Crypto,
        _ => Family::Plain,
    }
}
