//! What the events view says: every event in one sentence.

use crate::model::Model;
use schemars::JsonSchema;
use serde::Serialize;
use tosumu::trace::Event;

/// One event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct EventFacts {
    /// Its number, from 1.
    pub number: usize,
    /// Its word on the strip.
    pub word: String,
    /// What happened.
    pub sentence: String,
    /// The operation it belongs to.
    pub operation: Option<String>,
}

/// What is to be said where there is no timeline.
const AT_REST: &str = "No events: a file at rest has no history of its own. `tosumu run --trace F SCRIPT` and a sink of your own program \
                           record one; `tosumu replay F` shows it.";

/// What is said of a file instead of its events: of one that is followed, what each look has seen.
pub fn instead(model: &Model) -> String {
    let follow = &model.file_work.follow;
    let seen: Vec<String> = follow.looks.iter().skip(1).map(|seen| seen.sentence.clone()).collect();
    if seen.is_empty() {
        return AT_REST.to_owned();
    }
    let newest: Vec<String> = seen.into_iter().rev().take(LOOKS_TOLD).collect();
    format!(
        "A followed file tells no events, but what changed between two looks, the newest first: {}",
        newest.join(" ")
    )
}

/// Most looks that are told in place of events.
const LOOKS_TOLD: usize = 12;

/// All events of a timeline.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct EventsFacts {
    /// How many there are.
    pub total: usize,
    /// How many have happened at the instant shown.
    pub at: usize,
    /// The events.
    pub events: Vec<EventFacts>,
    /// What is to be said of a file, which has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// The events of `model`'s timeline.
pub fn events(model: &Model) -> EventsFacts {
    let Some(timeline) = model.timeline() else {
        return EventsFacts { instead: Some(instead(model)), ..EventsFacts::default() };
    };
    let events = (0..timeline.len()).map(|at| {
        let event: &Event = timeline.event(at);
        let operation = timeline.operation_of(at).and_then(|at| timeline.operations().get(at));
        EventFacts {
            number: at + 1,
            word: event.word().into(),
            sentence: event.sentence(),
            operation: operation.map(|operation| operation.line.clone()),
        }
    });
    EventsFacts { total: timeline.len(), at: model.at, events: events.collect(), instead: None }
}

impl EventsFacts {
    pub(super) fn plain(&self) -> String {
        if self.total == 0 {
            return format!("{}\n", self.instead.as_deref().unwrap_or("Nothing has happened yet."));
        }
        let mut text = format!("Event {} of {}.\n", self.at, self.total);
        for event in &self.events {
            let mark = if event.number == self.at { '>' } else { ' ' };
            text.push_str(&format!("{mark}{} {}\n", event.number, event.sentence));
        }
        text
    }
}
