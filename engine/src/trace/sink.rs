//! Where events go: nowhere (one test of an `Option`), a recorder, or whatever an embedding program hands over.

use super::{Event, PageImage};
use crate::types::{Bytes, PageNo};
use std::sync::{Arc, Mutex, PoisonError};

/// How much an event carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// No keys, no values, no page images: safe to hand to somebody else.
    Outline,
    /// Everything: contains the data.
    Full,
}

/// Takes events, in order. Called from the thread that did the work, so it should be quick.
pub trait Sink: Send + Sync {
    /// How much the events should carry.
    fn level(&self) -> Level;
    /// Takes one event.
    fn take(&self, event: Event);
}

/// A sink that keeps every event in memory.
#[derive(Default)]
pub struct Recorder {
    events: Mutex<Vec<Arc<Event>>>,
}

impl Recorder {
    /// An empty recorder.
    pub fn new() -> Arc<Recorder> {
        Arc::default()
    }

    /// A recorder that goes on behind `events`: how a branch of a timeline begins.
    pub fn continuing(events: Vec<Arc<Event>>) -> Arc<Recorder> {
        Arc::new(Recorder { events: Mutex::new(events) })
    }

    /// How many events were taken.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The events from number `first` (from 0) on.
    pub fn events_from(&self, first: usize) -> Vec<Arc<Event>> {
        self.lock().get(first..).unwrap_or_default().to_vec()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Event>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Recorder {
    fn level(&self) -> Level {
        Level::Full
    }

    fn take(&self, event: Event) {
        self.lock().push(Arc::new(event));
    }
}

/// The engine's end of a sink: cheap to clone, and nothing but an `Option` when there is no sink.
#[derive(Clone, Default)]
pub struct Tracer {
    sink: Option<Arc<dyn Sink>>,
}

impl Tracer {
    /// A tracer that sends to `sink`.
    pub fn new(sink: Arc<dyn Sink>) -> Tracer {
        Tracer { sink: Some(sink) }
    }

    /// A tracer that sends nowhere.
    pub fn off() -> Tracer {
        Tracer::default()
    }

    /// Whether anybody listens.
    pub fn is_on(&self) -> bool {
        self.sink.is_some()
    }

    /// Emits an event; it is only built when somebody listens.
    pub fn emit(&self, event: impl FnOnce(Detail) -> Event) {
        if let Some(sink) = &self.sink {
            sink.take(event(Detail { level: sink.level() }));
        }
    }
}

/// Turns data into what the sink's level lets an event carry.
#[derive(Clone, Copy)]
pub struct Detail {
    level: Level,
}

impl Detail {
    /// A key, or nothing at level `outline`.
    pub fn key(self, key: &[u8]) -> Bytes {
        match self.level {
            Level::Full => key.into(),
            Level::Outline => Bytes::default(),
        }
    }

    /// Bytes of a file, or nothing at level `outline`.
    pub fn data(self, data: &[u8]) -> Option<Bytes> {
        (self.level == Level::Full).then(|| data.into())
    }

    /// The plain form of one page, or nothing at level `outline`.
    pub fn image(self, page: PageNo, plain: &[u8]) -> Vec<PageImage> {
        self.images(&[(page, plain)])
    }

    /// The plain forms of several pages, or nothing at level `outline`.
    pub fn images(self, pages: &[(PageNo, &[u8])]) -> Vec<PageImage> {
        match self.level {
            Level::Full => pages.iter().map(|&(page, plain)| PageImage { page, plain: plain.into() }).collect(),
            Level::Outline => Vec::new(),
        }
    }
}
