//! Transactions: snapshots that never change, and the one writer.
//!
//! [`ReadTxn`] sees the database as of one commit for as long as it lives. [`WriteTxn`] collects changed pages in memory;
//! nothing of them reaches a file before its commit. What both share is the store.

mod alloc;
mod bell;
mod durable;
mod keyring;
mod overflow;
mod pages;
mod read;
mod savepoint;
mod seal;
mod slot;
mod spill;
mod store;
mod trees;
mod witness;
mod write;
mod writer;

pub use overflow::ValueReader;
pub use read::{Keys, Range, ReadTxn, Record, Value};
pub use savepoint::Savepoint;
pub use slot::Busy;
pub use store::Durability;
pub use trees::{Tree, TreeInfo, TreeMut};
pub use witness::read_witness;
pub use write::{Swap, WriteTxn};

pub(crate) use bell::Bell;
pub(crate) use durable::Commits;
pub(crate) use keyring::Keyring;
pub(crate) use read::EntryValue;
pub(crate) use seal::{NonceDraw, SealedPages};
pub(crate) use slot::{WriterGuard, WriterSlot};
pub(crate) use spill::remove_spill_leftover;
pub(crate) use store::{Following, Published, RootHolder, Store, View};
pub(crate) use witness::Witness;
pub(crate) use writer::{CommitKind, Prepared, Writer};
