//! How a commit tells the thread that makes checkpoints that the log has grown past its bound.

use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(crate) struct Bell {
    ring: Mutex<Ring>,
    rung: Condvar,
}

#[derive(Default)]
struct Ring {
    is_due: bool,
    is_closing: bool,
}

impl Bell {
    /// There is a log to be folded. Rung by a commit; nobody need listen.
    pub fn ring(&self) {
        self.ring_locked().is_due = true;
        self.rung.notify_all();
    }

    /// The handle is being closed: whoever listens goes home.
    pub fn close(&self) {
        self.ring_locked().is_closing = true;
        self.rung.notify_all();
    }

    pub fn is_closing(&self) -> bool {
        self.ring_locked().is_closing
    }

    /// Waits for the next ring; false when the handle is being closed.
    pub fn listen(&self) -> bool {
        let waited = self.rung.wait_while(self.ring_locked(), |ring| !ring.is_due && !ring.is_closing);
        let mut ring = waited.unwrap_or_else(PoisonError::into_inner);
        ring.is_due = false;
        !ring.is_closing
    }

    fn ring_locked(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
