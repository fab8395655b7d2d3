//! Comparing what is with what a script expects.

use super::{Failure, Outcome, Records, Runner, value_text};
use crate::Options;
use crate::crypto::InsecureSeededEntropy;
use crate::format::node::{HEADER_BYTES, NodeView};
use crate::script::show::walk;
use crate::script::{Expect, Measure, PageMeasure};
use crate::trace::{Event, Sink};
use crate::txn::ReadTxn;
use crate::types::PageNo;
use crate::verify::Level;
use crate::vfs::SimVfs;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Runner {
    /// Leaves one event, `Expected`; what it reads on the way is not told.
    pub(super) fn expect(&mut self, expect: &Expect) -> Outcome {
        let instead = self.holds(expect).err();
        let line = expect.to_string();
        let outcome = match &instead {
            None => Outcome::done(""),
            Some(instead) => Outcome::failed(format!("not as expected: {instead}")),
        };
        self.recorder.take(Event::Expected { line, instead });
        outcome
    }

    /// Whether `expect` holds now; else what was found instead. It leaves no event.
    pub fn holds(&mut self, expect: &Expect) -> Result<(), String> {
        self.gate.muted.store(true, Ordering::Relaxed);
        let instead = self.options.without.during(|| self.compare(expect));
        let instead = instead.unwrap_or_else(|failure| Some(failure.text()));
        self.gate.muted.store(false, Ordering::Relaxed);
        instead.map_or(Ok(()), Err)
    }

    /// What an `expect` would count now; else why it cannot be counted. It leaves no event.
    pub fn measured(&mut self, measure: Measure) -> Result<u64, String> {
        self.gate.muted.store(true, Ordering::Relaxed);
        let found = self.options.without.during(|| self.measure(measure)).map_err(|failure| failure.text());
        self.gate.muted.store(false, Ordering::Relaxed);
        found
    }

    /// What was found instead, when it differs.
    fn compare(&mut self, expect: &Expect) -> Result<Option<String>, Failure> {
        Ok(match expect {
            Expect::Value { key, value } => match self.view()?.value(key)? {
                Some(found) if *found == value[..] => None,
                Some(found) => Some(value_text(&found)),
                None => Some("no such key".to_owned()),
            },
            Expect::NoKey { key } => self.view()?.value(key)?.map(|found| value_text(&found)),
            Expect::ReaderValue { reader, key, value } => match self.reader(reader)?.get(key)? {
                Some(found) if *found == value[..] => None,
                Some(found) => Some(value_text(&found)),
                None => Some("no such key".to_owned()),
            },
            Expect::ReaderNoKey { reader, key } => self.reader(reader)?.get(key)?.map(|found| value_text(&found)),
            Expect::Page { page, measure, relation, number } => {
                let found = self.page_measure(*page, *measure)?;
                (!relation.holds(found, *number)).then(|| format!("{} {found}", measure.word()))
            }
            Expect::Seen { name } => self.unseen(name),
            Expect::Only { code, page } => self.beside_finding(*code, *page)?,
            Expect::Count { measure, relation, number } => {
                let found = self.measure(*measure)?;
                (!relation.holds(found, *number)).then(|| format!("{} {found}", measure.word()))
            }
            Expect::Event { name } => self.missing_event(name),
            Expect::Fails { code } => self.other_code(code, self.last_failure.clone(), "it did not fail"),
            Expect::OpenFails { code } => self.other_code(code, self.open_copy(), "it opens"),
            Expect::Finding { code, page } => self.missing_finding(Level::Deep, *code, *page)?,
            Expect::Cause { code, words } => self.other_cause(*code, words)?,
            Expect::Clean => self.unclean(Level::Deep)?,
            Expect::AnchoredClean => self.unclean(Level::Anchored)?,
            Expect::Anchored { code } => self.missing_finding(Level::Anchored, *code, None)?,
        })
    }

    fn measure(&self, measure: Measure) -> Result<u64, Failure> {
        let events = || {
            let count = self.last.end - self.last.start;
            self.recorder.events_from(self.last.start).into_iter().take(count)
        };
        let receipt = || super::receipt(&events().collect::<Vec<_>>());
        Ok(match measure {
            Measure::Records => self.view()?.record_count(),
            Measure::Height => self.view()?.height()?,
            Measure::Pages => self.view()?.page_count().into(),
            Measure::Commit => self.store()?.read().commit().0,
            Measure::Free => self.view()?.free_page_count().into(),
            Measure::Trees => self.view()?.trees()?.len() as u64,
            Measure::Fill => self.leaf_fill()?,
            Measure::KeySlots => self.store()?.key_slots().len() as u64,
            Measure::Splits => events().filter(|event| matches!(**event, Event::PageSplit { .. })).count() as u64,
            Measure::Syncs => receipt().syncs.into(),
            Measure::Writes => receipt().writes.into(),
            Measure::Bytes => receipt().bytes_written,
            Measure::Seals => receipt().pages_sealed.into(),
            Measure::Opens => receipt().pages_opened.into(),
        })
    }

    fn reader(&self, name: &str) -> Result<&ReadTxn, Failure> {
        match self.sessions().get(name) {
            Some(snapshot) => Ok(snapshot),
            None => Failure::refused(format!("{name} has no snapshot; `{name}: begin-read` takes one")),
        }
    }

    /// A count of one page of the main tree.
    fn page_measure(&self, wanted: PageNo, measure: PageMeasure) -> Result<u64, Failure> {
        let mut found = None;
        let mut look = |page: PageNo, node: &NodeView<'_>| {
            if page == wanted {
                let count = match measure {
                    PageMeasure::Free => node.free_bytes(),
                    PageMeasure::Gap => node.gap_bytes(),
                    PageMeasure::Slots => node.slot_count(),
                };
                found = Some(count as u64);
            }
        };
        self.walk_main_tree(&mut look)?;
        found.map_or_else(|| Failure::refused(format!("page {wanted} is not reached from the root")), Ok)
    }

    /// The part of the leaves' room that is used, in percent.
    fn leaf_fill(&self) -> Result<u64, Failure> {
        let (mut used, mut room) = (0_u64, 0_u64);
        let mut look = |_: PageNo, node: &NodeView<'_>| {
            if node.level() == 0 {
                let whole = node.bytes().len() - HEADER_BYTES;
                room += whole as u64;
                used += (whole - node.free_bytes()) as u64;
            }
        };
        self.walk_main_tree(&mut look)?;
        Ok(used * 100 / room.max(1))
    }

    fn walk_main_tree(&self, look: &mut dyn FnMut(PageNo, &NodeView<'_>)) -> Result<(), Failure> {
        let view = self.view()?;
        let mut failed = None;
        walk(&view, &view.root(), 0, &mut |_, page, node| match node {
            Ok(node) => look(page, &node),
            Err(error) => failed = Some(error),
        });
        failed.map_or(Ok(()), |error| Err(Failure::Engine(error)))
    }

    fn unseen(&self, name: &str) -> Option<String> {
        let events = self.recorder.events_from(0);
        let seen = events.iter().any(|event| event_name(event) == name);
        (!seen).then(|| "there was no such event".to_owned())
    }

    fn missing_event(&self, name: &str) -> Option<String> {
        let count = self.last.end - self.last.start;
        let mut names: Vec<String> = Vec::new();
        for found in self.recorder.events_from(self.last.start).iter().take(count).map(|event| event_name(event)) {
            if found == name {
                return None;
            }
            if !names.contains(&found) {
                names.push(found);
            }
        }
        Some(format!("the events {}", names.join(" ")))
    }

    fn other_code(&self, wanted: &str, found: Option<String>, otherwise: &str) -> Option<String> {
        match found {
            Some(found) if found == wanted => None,
            Some(found) => Some(found),
            None => Some(otherwise.to_owned()),
        }
    }

    /// The code with which opening a copy of the disk fails.
    fn open_copy(&self) -> Option<String> {
        let copy = SimVfs::from_image(self.disk.image(), self.options.seed);
        let entropy = Arc::new(InsecureSeededEntropy::new(self.options.seed));
        let options = Options::new().vfs(Arc::new(copy)).entropy(entropy);
        let options = match self.unlock() {
            Some(unlock) => options.unlock(unlock),
            None => options,
        };
        options.open(&self.options.file).err().map(|error| error.code().to_owned())
    }
}

/// The name an event has in a trace: `page-split`.
fn event_name(event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap_or_default();
    value.get("event").and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}
