//! Comparing what is with what a script expects.

use super::{Failure, Outcome, Records, Runner, value_text};
use crate::Options;
use crate::crypto::InsecureSeededEntropy;
use crate::script::{Expect, Measure};
use crate::trace::{Event, Sink};
use crate::vfs::SimVfs;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Runner {
    /// Leaves one event, `Expected`; what it reads on the way is not told.
    pub(super) fn expect(&mut self, expect: &Expect) -> Outcome {
        self.gate.muted.store(true, Ordering::Relaxed);
        let instead = self.compare(expect).unwrap_or_else(|failure| Some(failure.text()));
        self.gate.muted.store(false, Ordering::Relaxed);
        let line = expect.to_string();
        let outcome = match &instead {
            None => Outcome::done(""),
            Some(instead) => Outcome::failed(format!("not as expected: {instead}")),
        };
        self.recorder.take(Event::Expected { line, instead });
        outcome
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
            Expect::Count { measure, relation, number } => {
                let found = self.measure(*measure)?;
                (!relation.holds(found, *number)).then(|| format!("{} {found}", measure.word()))
            }
            Expect::Event { name } => self.missing_event(name),
            Expect::Fails { code } => self.other_code(code, self.last_failure.clone(), "it did not fail"),
            Expect::OpenFails { code } => self.other_code(code, self.open_copy(), "it opens"),
            Expect::Finding { code, page } => self.missing_finding(*code, *page)?,
            Expect::Clean => self.unclean()?,
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
            Measure::Splits => events().filter(|event| matches!(**event, Event::PageSplit { .. })).count() as u64,
            Measure::Syncs => receipt().syncs.into(),
            Measure::Writes => receipt().writes.into(),
            Measure::Bytes => receipt().bytes_written,
            Measure::Seals => receipt().pages_sealed.into(),
            Measure::Opens => receipt().pages_opened.into(),
        })
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
