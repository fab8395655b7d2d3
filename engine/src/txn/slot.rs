//! Where the one writer rests between transactions. A transaction takes it out, owns it for as long as it lives and puts it
//! back when it ends; so a transaction borrows nothing and may be kept across calls.

use super::Writer;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

pub(crate) struct WriterSlot {
    rest: Mutex<Rest>,
    put_back: Condvar,
}

struct Rest {
    /// `None` while it is out.
    writer: Option<Box<Writer>>,
    /// Bytes of the log that counted when the writer was last here.
    log_bytes: u64,
}

impl WriterSlot {
    pub fn new(writer: Writer) -> Arc<WriterSlot> {
        let rest = Rest { log_bytes: writer.log_bytes(), writer: Some(Box::new(writer)) };
        Arc::new(WriterSlot { rest: Mutex::new(rest), put_back: Condvar::new() })
    }

    /// The writer; waits while a transaction or a checkpoint has it.
    pub fn take(self: &Arc<Self>) -> WriterGuard {
        let mut rest = self.rest();
        loop {
            if let Some(writer) = rest.writer.take() {
                return self.guard(writer);
            }
            rest = self.put_back.wait(rest).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The writer, unless somebody has it.
    pub fn try_take(self: &Arc<Self>) -> Option<WriterGuard> {
        let writer = self.rest().writer.take();
        writer.map(|writer| self.guard(writer))
    }

    /// Bytes of the log that count: of the newest commit that was put back, also while a transaction is open.
    pub fn log_bytes(&self) -> u64 {
        self.rest().log_bytes
    }

    fn guard(self: &Arc<Self>, writer: Box<Writer>) -> WriterGuard {
        WriterGuard { slot: self.clone(), writer: Some(writer) }
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        rest.log_bytes = writer.as_ref().map_or(0, |writer| writer.log_bytes());
        rest.writer = writer;
        drop(rest);
        self.slot.put_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use crate::vfs::MemoryVfs;
    use crate::{Database, Options};
    use std::sync::Arc;

    fn database() -> Database {
        Options::new().vfs(Arc::new(MemoryVfs::new())).create(true).open("slot.tsm").unwrap()
    }

    #[test]
    fn a_second_transaction_waits_or_is_refused_until_the_first_ends() {
        let db = database();
        let mut first = db.begin_write().unwrap();
        assert_eq!(db.try_begin_write().err().unwrap().code(), "MISUSE");
        let other = db.clone();
        let waiting = std::thread::spawn(move || other.write(|tx| tx.put(b"b", b"2")));
        first.put(b"a", b"1").unwrap();
        first.commit().unwrap();
        waiting.join().unwrap().unwrap();
        assert_eq!(db.read().record_count(), 2);
        db.try_begin_write().unwrap().rollback();
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
