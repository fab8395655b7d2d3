//! Where locks and threads come from: the standard library, or, with the feature `shuttle`, a library that lets a test decide
//! who runs when (`tests/shuttle.rs`). The rooms whose threads wait for each other take theirs from here. What is held for a few
//! lines in which nobody waits, in the disks and in the recorder of events, is the standard library's in both.
//!
//! With the feature a wait with a time ends only when it is answered, and nothing here works outside of such a test.

#[cfg(feature = "shuttle")]
pub(crate) use shuttle::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread,
};
pub(crate) use std::sync::{Arc, PoisonError};
#[cfg(not(feature = "shuttle"))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread,
};
