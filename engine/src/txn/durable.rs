//! How appended commits become durable: those that wait at the same time share one sync.
//!
//! A commit is appended under the writer, which is then given back; so while one thread syncs, others append. Of the threads
//! that wait, one leads: it takes the newest appended commit as its mark, syncs the log's file, and everything up to the mark
//! is durable, published and acknowledged at once. Who was appended meanwhile is led by the next.
//!
//! A sync that failed is never tried again: what it did not write may be forgotten by the operating system. The handle is
//! poisoned, and every commit that waits is in doubt; none of them is ever published. So it is when a panic ends a sync, an append
//! or a checkpoint half way.

use super::store::{Store, View};
use crate::defence::{Defence, durable, is_off};
use crate::error::{Error, Result};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use crate::trace::Event;
use crate::types::CommitNo;
use std::io;

pub(crate) struct Commits {
    state: Mutex<State>,
    /// A sync ended, or the handle was poisoned.
    changed: Condvar,
}

struct State {
    /// The newest appended commit; none before this handle's first.
    appended: Option<Mark>,
    /// The newest commit that would survive the power going now.
    durable: CommitNo,
    /// The sequence number of its record in the present log; 0 when it is not in there. It moves only when a sync returned.
    durable_sequence: u64,
    is_syncing: bool,
    poisoned: Option<String>,
    counts: Counts,
}

/// A commit that stands in the log: whose sync makes it and all before it durable.
#[derive(Clone)]
pub(crate) struct Mark {
    pub view: View,
    pub sequence: u64,
}

/// What was done since opening.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Commits appended, seal transactions among them.
    pub commits: u64,
    /// Syncs of the log that were asked for to make commits durable.
    pub syncs: u64,
    /// Bytes written to spill files.
    pub spilled_bytes: u64,
}

/// Who publishes a commit that became durable.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publish {
    /// Whoever led its sync, before it is acknowledged.
    Leader,
    /// The caller, who holds the writer and has more to do before.
    Caller,
}

impl Commits {
    /// The newest commit of a file that was opened, and the sequence number of its record in the log.
    pub fn new(durable: CommitNo, durable_sequence: u64) -> Commits {
        let state = State {
            appended: None,
            durable,
            durable_sequence,
            is_syncing: false,
            poisoned: None,
            counts: Counts::default(),
        };
        Commits { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Says that a commit stands in the log. Only the holder of the writer calls this.
    pub fn appended(&self, mark: Mark) {
        let mut state = self.lock();
        state.appended = Some(mark);
        state.counts.commits += 1;
    }

    /// Says that the log was folded, and that the next one has nothing in it yet. Only the holder of the writer calls this, when
    /// nothing waits.
    pub fn log_ended(&self) {
        let mut state = self.lock();
        state.appended = None;
        state.durable_sequence = 0;
    }

    /// The sequence number of the last commit record known to be durable, which each record carries.
    pub fn durable_sequence(&self) -> u64 {
        let state = self.lock();
        match &state.appended {
            Some(mark) if is_off(Defence::DurableSequence) => mark.sequence,
            _ => state.durable_sequence,
        }
    }

    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// Notes that a transaction wrote so many bytes to its spill file.
    pub fn spilled(&self, bytes: u64) {
        self.lock().counts.spilled_bytes += bytes;
    }

    /// Fails when an earlier error left the log or the page file in doubt.
    pub fn check_sound(&self) -> Result<()> {
        match &self.lock().poisoned {
            Some(because) => Err(Error::Poisoned { because: because.clone() }),
            None => Ok(()),
        }
    }

    /// The handle writes no more, and whoever waits for a sync learns it.
    pub fn poison(&self, because: String) {
        self.lock().poisoned.get_or_insert(because);
        self.changed.notify_all();
    }

    /// Waits until `commit` is durable, leading a sync when nobody does.
    /// `sync` names the sync that it leads, among the defences.
    pub fn make_durable(&self, store: &Store, commit: CommitNo, publish: Publish, sync: Defence) -> Result<()> {
        let mut state = self.lock();
        loop {
            if state.durable >= commit {
                return Ok(());
            }
            if let Some(because) = &state.poisoned {
                return Err(in_doubt(store, because));
            }
            if state.is_syncing {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let mark = state.appended.clone().expect("invariant: a commit that is waited for was appended");
            state.is_syncing = true;
            state.counts.syncs += 1;
            drop(state);
            self.lead(store, &mark, publish, sync)?;
            state = self.lock();
        }
    }

    /// Takes an append that failed out of the log again by `cut`, while nobody syncs the log: that sync and the one of `cut` could
    /// each be told of the other's failure. The handle is poisoned before anybody syncs again when it failed.
    pub fn cut_back(&self, cut: impl FnOnce() -> Result<Error>) -> Result<Error> {
        let waited = self.changed.wait_while(self.lock(), |state| state.is_syncing);
        waited.unwrap_or_else(PoisonError::into_inner).is_syncing = true;
        let doubt = Doubt { commits: self, ends_a_sync: true };
        let done = cut();
        let mut state = self.lock();
        state.is_syncing = false;
        if let Err(error) = &done {
            state.poisoned.get_or_insert_with(|| error.to_string());
        }
        drop(state);
        doubt.resolved();
        self.changed.notify_all();
        done
    }

    /// Does `work`, which may leave log or superblock half written. Should a panic leave it, be it that of a sink, nothing tells how far it came:
    /// the handle is poisoned.
    pub fn or_in_doubt<T>(&self, work: impl FnOnce() -> T) -> T {
        let doubt = Doubt { commits: self, ends_a_sync: false };
        let done = work();
        doubt.resolved();
        done
    }

    fn lead(&self, store: &Store, mark: &Mark, publish: Publish, sync: Defence) -> Result<()> {
        let log = &mark.view.log;
        let file = log.file().expect("invariant: a commit that was appended stands in a file");
        let doubt = Doubt { commits: self, ends_a_sync: true };
        let synced = durable(sync, || file.sync_data());
        let mut state = self.lock();
        state.is_syncing = false;
        let first = state.durable.next();
        let last = mark.view.state.commit;
        if let Err(source) = synced {
            // Nobody may lead another sync between this one and the poison.
            let failed = Error::CommitIndeterminate { file: log.name.clone(), source };
            if is_off(Defence::PoisonAfterFailedSync) {
                drop(state);
                doubt.resolved();
                self.changed.notify_all();
                return Err(failed);
            }
            state.poisoned.get_or_insert_with(|| failed.to_string());
            drop(state);
            doubt.resolved();
            return Err(store.poison(failed));
        }
        // A sync that returned says nothing when another failed meanwhile: that one may have taken the error with it.
        let is_durable = state.poisoned.is_none();
        if is_durable {
            state.durable = last;
            state.durable_sequence = mark.sequence;
            if publish == Publish::Leader {
                store.set_durable(&mark.view.state);
                store.publish(mark.view.clone());
            }
        }
        drop(state);
        doubt.resolved();
        self.changed.notify_all();
        if is_durable && publish == Publish::Leader {
            store.note_durable();
        }
        if is_durable && first < last {
            store.tracer.emit(|_| Event::CommitsSynced { first, last });
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work under way after which, should a panic end it, nobody can tell what the files hold: then the handle is poisoned and whoever
/// waits is woken.
struct Doubt<'a> {
    commits: &'a Commits,
    /// Whether the work is the one sync that may be under way.
    ends_a_sync: bool,
}

impl Doubt<'_> {
    /// The work ended by itself, well or with an error.
    fn resolved(self) {
        std::mem::forget(self);
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        let mut state = self.commits.lock();
        state.is_syncing &= !self.ends_a_sync;
        state.poisoned.get_or_insert_with(|| "a panic left a commit or a checkpoint half way".to_owned());
        drop(state);
        self.commits.changed.notify_all();
    }
}

/// What a commit is told whose sync another led in vain.
fn in_doubt(store: &Store, because: &str) -> Error {
    let file = store.view().log.name.clone();
    Error::CommitIndeterminate { file, source: io::Error::other(because.to_owned()) }
}
