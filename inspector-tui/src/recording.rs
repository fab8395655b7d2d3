//! A trace that somebody's process left, as a timeline to be stepped through. It may come from anybody: what it holds is
//! bounded by the fold, and its texts lose what would steer a terminal before anything else sees them.

use crate::model::{Model, Note};
use crate::timeline::Timeline;
use crate::travel::Recording;
use serde_json::Value;
use std::io::{self, BufRead};
use std::sync::Arc;
use tosumu::PageSize;
use tosumu::limits::PAGE_OVERHEAD_BYTES;
use tosumu::trace::{Event, read_trace_prefix};

/// What could be read of a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The events before the first line that is wrong.
    pub events: Vec<Arc<Event>>,
    /// What is wrong with that line, the line's number first.
    pub broken: Option<String>,
}

/// Reads as much of a trace as is right. The error says why it is no trace at all.
pub fn read(input: &mut dyn BufRead) -> io::Result<Recorded> {
    let (trace, broken) = read_trace_prefix(input)?;
    let events = trace.events.into_iter().map(cleaned).collect();
    Ok(Recorded { events, broken: broken.map(|why| harmless(&why.to_string())) })
}

/// The event with harmless texts; keys, values and bytes are escaped wherever they are shown.
fn cleaned(event: Arc<Event>) -> Arc<Event> {
    if !event.images().is_empty() || matches!(*event, Event::PageSealed { .. }) {
        return event;
    }
    let Ok(mut value) = serde_json::to_value(&*event) else { return event };
    if !clean(&mut value) {
        return event;
    }
    serde_json::from_value(value).map(Arc::new).unwrap_or(event)
}

/// Makes every text in `value` harmless; whether one was not.
fn clean(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text.chars().any(steers) => {
            *text = harmless(text);
            true
        }
        Value::Array(values) => values.iter_mut().map(clean).filter(|changed| *changed).count() > 0,
        Value::Object(values) => values.values_mut().map(clean).filter(|changed| *changed).count() > 0,
        _ => false,
    }
}

/// Whether a terminal would do something else with `letter` than show it. What an operation printed has lines.
fn steers(letter: char) -> bool {
    letter.is_control() && letter != '\n'
}

fn harmless(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars() {
        match steers(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown
}

/// The timeline of a trace: its file and page size are those that its events tell of.
pub fn timeline(events: Vec<Arc<Event>>) -> Timeline {
    let file = events.iter().find_map(|event| match &**event {
        Event::DatabaseCreated { file, .. } | Event::OpenStarted { file } => Some(file.clone()),
        _ => None,
    });
    let mut timeline = Timeline::new(file.as_deref().unwrap_or("store.tsm"), page_size(&events));
    timeline.extend(events);
    timeline
}

fn page_size(events: &[Arc<Event>]) -> PageSize {
    let told = events.iter().find_map(|event| match &**event {
        Event::DatabaseCreated { page_size, .. } => PageSize::new(*page_size),
        event => {
            let plain = event.images().first()?.plain.len();
            PageSize::new(u32::try_from(plain + PAGE_OVERHEAD_BYTES).ok()?)
        }
    });
    told.unwrap_or(PageSize::DEFAULT)
}

/// The screen of a trace: all the time travel, at its first event, and nothing that could be done to it.
pub fn model(name: &str, recorded: Recorded) -> Model {
    let Recorded { events, broken } = recorded;
    let mut model = Model::lab(timeline(events), name);
    let count = model.at;
    model.kept.made_by = model.timeline().map(|timeline| (timeline.operations().len(), timeline.len()));
    crate::recorded::seek(&mut model, count.min(1));
    let text = match &broken {
        Some(why) => format!("The trace is good for {count} events; then {why}. They are shown."),
        None => format!("{count} events were recorded: step with the arrow keys, Space plays, ? lists every key."),
    };
    model.note = Some(Note { text, bad: false });
    if broken.is_some() {
        model.title = format!("{name}, cut short");
    }
    model.travel.recording = Some(Recording { name: name.to_owned(), broken });
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;
    use tosumu::trace::{Level, write_trace};

    fn written(lines: &[&str]) -> (Vec<u8>, Vec<Arc<Event>>) {
        let events = recorded::sample_store(lines).recorder().events_from(0);
        let mut bytes = Vec::new();
        write_trace(&mut bytes, Level::Full, &events).unwrap();
        (bytes, events)
    }

    #[test]
    fn a_trace_shows_at_every_instant_what_the_sandbox_shows() {
        let lines = ["put m 13", "crash before wal-sync", "put o 15", "reopen", "verify"];
        let (bytes, events) = written(&lines);
        let recorded = read(&mut bytes.as_slice()).unwrap();
        assert_eq!(recorded, Recorded { events, broken: None });
        let replayed = timeline(recorded.events);
        let lab = recorded::timeline(&recorded::sample_store(&lines));
        assert_eq!(replayed.operations(), lab.operations());
        for count in (0..=lab.len()).step_by(9) {
            let (one, two) = (replayed.world_at(count), lab.world_at(count));
            assert_eq!(one.facts, two.facts, "after {count} events");
            assert_eq!(one.if_power_went(), two.if_power_went());
        }
    }

    #[test]
    fn texts_that_would_steer_a_terminal_are_shown_and_do_not() {
        let started = Event::OperationStarted { line: "put a \x1b[2J\u{9b}b".to_owned() };
        let ended = Event::OperationEnded {
            line: "scan".to_owned(),
            outcome: "a 1\nb\x07 2".to_owned(),
            succeeded: true,
            receipt: tosumu::trace::Receipt::default(),
        };
        let events = [started, ended, Event::FileCreated { file: "a\tb".to_owned() }].map(Arc::new);
        let mut bytes = Vec::new();
        write_trace(&mut bytes, Level::Full, &events).unwrap();
        let read = read(&mut bytes.as_slice()).unwrap().events;
        let mut text = Vec::new();
        write_trace(&mut text, Level::Full, &read).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("\\\\u{1b}[2J\\\\u{9b}b") && text.contains("a 1\\nb\\\\u{7} 2"), "{text}");
        assert!(!text.chars().any(steers), "{text}");
    }

    #[test]
    fn no_cut_or_changed_byte_of_a_trace_makes_the_screen_fail() {
        let (bytes, events) = written(&["put m 13", "checkpoint"]);
        let mut good_for = Vec::new();
        for end in (60..bytes.len()).step_by(bytes.len() / 25) {
            let recorded = read(&mut &bytes[..end]).unwrap();
            good_for.push(recorded.events.len());
            let mut model = model("x.trace", recorded);
            let last = model.timeline().unwrap().len();
            recorded::seek(&mut model, last);
            crate::describe::facts(&model, crate::describe::Subject::Lab).plain();
        }
        assert!(good_for.is_sorted() && good_for.last().unwrap() + 40 > events.len(), "{good_for:?}");
        for at in (60..bytes.len()).step_by(bytes.len() / 60) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x01;
            let mut model = model("x.trace", read(&mut changed.as_slice()).unwrap());
            let last = model.timeline().unwrap().len();
            recorded::seek(&mut model, last);
            crate::describe::facts(&model, crate::describe::Subject::Lab).plain();
        }
        assert!(read(&mut &b"no trace"[..]).is_err());
    }
}
