//! Where the one writer rests between transactions. A transaction takes it out, owns it for as long as it lives and puts it
//! back when it ends; so a transaction borrows nothing and may be kept across calls.

use super::Writer;
use crate::error::{Error, Result};
use crate::sync::thread::{self, ThreadId};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// What is done when somebody else has what is wanted: another transaction the writer, or another process the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Busy {
    /// Fail at once.
    Fail,
    /// Wait for so long, then fail.
    Wait(Duration),
}

pub(crate) struct WriterSlot {
    rest: Mutex<Rest>,
    put_back: Condvar,
}

struct Rest {
    /// `None` while it is out.
    writer: Option<Box<Writer>>,
    /// The thread that took it, while it is out.
    taken_by: Option<ThreadId>,
    /// What the writer said when it was last here.
    standing: Standing,
}

/// What can be asked while the writer is out: how it stood after the newest commit that was put back.
#[derive(Clone, Copy, Default)]
pub(crate) struct Standing {
    /// Bytes of the log that count.
    pub log_bytes: u64,
    /// A reader in another process kept the last checkpoint from folding the log.
    pub is_pinned: bool,
}

impl WriterSlot {
    pub fn new(writer: Writer) -> Arc<WriterSlot> {
        let rest = Rest { standing: standing(&writer), writer: Some(Box::new(writer)), taken_by: None };
        Arc::new(WriterSlot { rest: Mutex::new(rest), put_back: Condvar::new() })
    }

    /// The writer, when nobody else has it or gives it back in time.
    pub fn take(self: &Arc<Self>, busy: Busy) -> Result<WriterGuard> {
        let mut rest = self.rest();
        if let (None, Busy::Wait(longest)) = (&rest.writer, busy) {
            let waited = self.put_back.wait_timeout_while(rest, longest, |rest| rest.writer.is_none());
            rest = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let this_thread = thread::current().id();
        match rest.writer.take() {
            Some(writer) => {
                rest.taken_by = Some(this_thread);
                Ok(WriterGuard { slot: self.clone(), writer: Some(writer) })
            }
            None => Err(busy_because(busy, rest.taken_by == Some(this_thread))),
        }
    }

    /// How the writer stood when it was last here, also while a transaction is open.
    pub fn standing(&self) -> Standing {
        self.rest().standing
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn standing(writer: &Writer) -> Standing {
    Standing { log_bytes: writer.log_bytes(), is_pinned: writer.is_pinned }
}

fn busy_because(busy: Busy, is_own: bool) -> Error {
    let whose = if is_own { ", begun on this very thread," } else { "" };
    let waited = match busy {
        Busy::Fail => String::new(),
        Busy::Wait(longest) => format!(" after waiting for {longest:?}"),
    };
    Error::Busy { why: format!("another write transaction or a checkpoint{whose} is still under way{waited}") }
}

/// The writer, out of its slot; dropping this puts it back.
pub(crate) struct WriterGuard {
    slot: Arc<WriterSlot>,
    /// Taken only by `drop`.
    writer: Option<Box<Writer>>,
}

const HERE: &str = "invariant: a guard has its writer until it is dropped";

impl Deref for WriterGuard {
    type Target = Writer;
    fn deref(&self) -> &Writer {
        self.writer.as_deref().expect(HERE)
    }
}

impl DerefMut for WriterGuard {
    fn deref_mut(&mut self) -> &mut Writer {
        self.writer.as_deref_mut().expect(HERE)
    }
}

impl Drop for WriterGuard {
    fn drop(&mut self) {
        let writer = self.writer.take();
        let mut rest = self.slot.rest();
        rest.standing = writer.as_deref().map(standing).unwrap_or_default();
        rest.writer = writer;
        rest.taken_by = None;
        drop(rest);
        self.slot.put_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use crate::vfs::MemoryVfs;
    use crate::{Busy, CheckpointMode, Database, Options};
    use std::sync::Arc;
    use std::time::Duration;

    fn database() -> Database {
        Options::new().vfs(Arc::new(MemoryVfs::new())).create(true).open("slot.tsm").unwrap()
    }

    #[test]
    fn a_second_transaction_waits_or_is_refused_until_the_first_ends() {
        let db = database();
        let mut first = db.begin_write().unwrap();
        assert_eq!(db.try_begin_write().err().unwrap().code(), "BUSY");
        let other = db.clone();
        let waiting = std::thread::spawn(move || other.write(|tx| tx.put(b"b", b"2")));
        first.put(b"a", b"1").unwrap();
        first.commit().unwrap();
        waiting.join().unwrap().unwrap();
        assert_eq!(db.read().record_count(), 2);
        db.try_begin_write().unwrap().rollback();
    }

    #[test]
    fn a_thread_that_waits_for_itself_is_told_so_in_the_end() {
        let busy = Busy::Wait(Duration::from_millis(20));
        let db = Options::new().vfs(Arc::new(MemoryVfs::new())).busy(busy).create(true).open("slot.tsm").unwrap();
        let open = db.begin_write().unwrap();
        for refused in [db.begin_write().map(drop), db.sync(), db.checkpoint(CheckpointMode::Passive).map(drop)] {
            let error = refused.unwrap_err();
            assert_eq!(error.code(), "BUSY");
            assert!(error.to_string().contains("this very thread"), "{error}");
        }
        drop(open);
        db.begin_write().unwrap().rollback();
    }

    #[test]
    fn counts_can_be_asked_for_while_a_transaction_is_open() {
        let db = database();
        db.write(|tx| tx.put(b"a", b"1")).unwrap();
        let logged = db.stats().unwrap().log_bytes;
        let open = db.begin_write().unwrap();
        assert_eq!(db.stats().unwrap().log_bytes, logged);
        drop(open);
        assert!(logged > 0);
    }
}
