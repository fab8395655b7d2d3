//! Hands the engine's events to the `tracing` crate, for programs that collect what they do by it. With the feature `tracing`.
//!
//! It asks for outlines, so that no key, no value and no page of a database reaches a log. It never filters by itself: the
//! subscriber does, by the target `tosumu`.

use super::{Event, Level, Sink};
use std::sync::Arc;

/// The target of every event.
pub const TARGET: &str = "tosumu";

/// A sink that emits each event of the engine as one of `tracing`: target `tosumu`, level `DEBUG` (a finding, a handle that can
/// no longer write: `WARN`), and the fields `name` (`page-split`), `sentence`, and `page` and `commit` where the event has them. Nothing
/// is made of an event that no subscriber wants.
///
/// ```
/// use tosumu::trace::tracing_adapter::TracingSink;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("notes.tsm");
/// let db = tosumu::Options::new().create(true).sink(TracingSink::new()).open(&path)?;
/// db.write(|tx| tx.put(b"greeting", b"hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct TracingSink;

impl TracingSink {
    /// A sink for [`Options::sink`](crate::Options::sink).
    pub fn new() -> Arc<TracingSink> {
        Arc::new(TracingSink)
    }
}

impl Sink for TracingSink {
    fn level(&self) -> Level {
        Level::Outline
    }

    fn take(&self, event: Event) {
        match event {
            Event::FindingReported { .. } | Event::Poisoned { .. } => {
                if tracing::enabled!(target: TARGET, tracing::Level::WARN) {
                    let Told { name, sentence, page, commit } = Told::of(&event);
                    tracing::warn!(target: TARGET, name, sentence, page, commit);
                }
            }
            _ => {
                if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
                    let Told { name, sentence, page, commit } = Told::of(&event);
                    tracing::debug!(target: TARGET, name, sentence, page, commit);
                }
            }
        }
    }
}

/// What is told of an event.
struct Told {
    name: String,
    sentence: String,
    page: Option<u32>,
    commit: Option<u64>,
}

impl Told {
    fn of(event: &Event) -> Told {
        let sentence = match event {
            // Its path would name separators, which are pieces of keys.
            Event::FindingReported { finding } => format!("Found: {}. {}", finding.code, finding.code.meaning()),
            _ => event.sentence(),
        };
        let page = event.page().map(|page| page.0);
        Told { name: event.name(), sentence, page, commit: commit_of(event) }
    }
}

fn commit_of(event: &Event) -> Option<u64> {
    match event {
        Event::TransactionCommitted { commit, .. }
        | Event::PageSealed { commit, .. }
        | Event::PageOpened { commit, .. }
        | Event::CheckpointStarted { commit, .. }
        | Event::SealTransactionCommitted { commit, .. }
        | Event::CheckpointDeferred { commit, .. }
        | Event::CheckpointEnded { commit, .. }
        | Event::SuperblockChosen { commit, .. }
        | Event::WitnessCompared { commit, .. }
        | Event::WitnessAppended { commit, .. }
        | Event::LogRecordAccepted { commit, .. }
        | Event::LogReplayed { commit, .. }
        | Event::Opened { commit, .. } => Some(commit.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::MemoryVfs;
    use std::fmt::Debug;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};
    use tracing::field::{Field, Visit};
    use tracing::span;

    /// A subscriber that keeps each event as `field=value` texts.
    #[derive(Default)]
    struct Kept {
        events: Arc<Mutex<Vec<String>>>,
        spans: AtomicU64,
    }

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.0.push_str(&format!("{}={value:?} ", field.name()));
        }
    }

    impl tracing::Subscriber for Kept {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target() == TARGET
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1 + self.spans.fetch_add(1, Ordering::Relaxed))
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            let mut fields = Fields(format!("{} ", event.metadata().level()));
            event.record(&mut fields);
            self.events.lock().unwrap().push(fields.0);
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn events_are_handed_on_with_their_fields_and_without_keys_or_values() {
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = Kept { events: events.clone(), ..Kept::default() };
        tracing::subscriber::with_default(kept, || {
            let options = crate::Options::new().vfs(Arc::new(MemoryVfs::new())).create(true);
            let db = options.sink(TracingSink::new()).open("a.tsm").unwrap();
            db.write(|tx| tx.put(b"secret-key", b"secret-value")).unwrap();
            db.read().get(b"secret-key").unwrap();
        });
        let events = events.lock().unwrap();
        let committed = events.iter().find(|event| event.contains("name=\"transaction-committed\""));
        let committed = committed.unwrap_or_else(|| panic!("{events:#?}"));
        assert!(committed.starts_with("DEBUG ") && committed.contains("commit=1 "), "{committed}");
        assert!(committed.contains("sentence=\"") && !committed.contains("page="), "{committed}");
        assert!(events.iter().any(|event| event.contains("page=1 ")), "{events:#?}");
        assert!(events.iter().all(|event| !event.contains("secret")), "{events:#?}");
    }
}
