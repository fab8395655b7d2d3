//! Who wrote this byte: the event that last gave a byte of a page the value it has.

use super::Timeline;
use std::collections::BTreeMap;
use std::ops::Range;
use tosumu::trace::Event;
use tosumu::types::{Bytes, PageNo, Seal};

/// The byte's value and who gave it, as far as the events tell.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Trail {
    value: Option<u8>,
    writer: Option<usize>,
}

impl Timeline {
    /// The event among the first `count` that gave byte `byte` of the plain form of `page` its value: the last one that
    /// changed it or wrote a cell over it. Where memory is gone, the form sealed as `shown` is asked about. None when it was
    /// there before the timeline begins.
    pub fn writer_of(&self, page: PageNo, byte: usize, count: usize, shown: Option<Seal>) -> Option<usize> {
        let mut trail = Trail::default();
        let mut before = trail;
        let mut sealed: BTreeMap<Seal, Trail> = BTreeMap::new();
        for (index, event) in self.events[..count.min(self.len())].iter().enumerate() {
            match &**event {
                Event::TransactionStarted { .. } => before = trail,
                Event::TransactionRolledBack { .. } => trail = before,
                Event::PageSealed { page: about, seal, .. } if *about == page => {
                    sealed.insert(*seal, trail);
                }
                Event::PageOpened { page: about, seal, .. } if *about == page => {
                    trail = sealed.get(seal).copied().unwrap_or_else(|| read(event, page, byte));
                }
                Event::Crashed { .. } | Event::HandleDropped => trail = Trail::default(),
                _ => write(&mut trail, event, index, page, byte),
            }
        }
        match trail.value {
            Some(_) => trail.writer,
            None => shown.and_then(|seal| sealed.get(&seal)).and_then(|trail| trail.writer),
        }
    }

    /// The event among the first `count` that made the content which was then sealed as `seal`.
    pub fn sealed_writer_of(&self, page: PageNo, seal: Seal, count: usize) -> Option<usize> {
        let events = &self.events[..count.min(self.len())];
        let is_it = |event: &Event| matches!(event, Event::PageSealed { page: about, seal: made, .. } if *about == page && *made == seal);
        let sealed = events.iter().rposition(|event| is_it(event))?;
        let writes = |event: &Event| !matches!(event, Event::PageOpened { .. }) && image_of(event, page).is_some();
        events[..sealed].iter().rposition(|event| writes(event)).or(Some(sealed))
    }
}

fn read(event: &Event, page: PageNo, byte: usize) -> Trail {
    Trail { value: image_of(event, page).and_then(|plain| plain.get(byte).copied()), writer: None }
}

fn write(trail: &mut Trail, event: &Event, index: usize, page: PageNo, byte: usize) {
    let Some(value) = image_of(event, page).and_then(|plain| plain.get(byte).copied()) else { return };
    if trail.value != Some(value) || cell_of(event).contains(&byte) {
        *trail = Trail { value: Some(value), writer: Some(index) };
    }
}

fn image_of(event: &Event, page: PageNo) -> Option<&Bytes> {
    event.images().iter().find(|image| image.page == page).map(|image| &image.plain)
}

fn cell_of(event: &Event) -> Range<usize> {
    match event {
        Event::RecordWritten { cell_start, cell_end, .. } => *cell_start as usize..*cell_end as usize,
        _ => 0..0,
    }
}
