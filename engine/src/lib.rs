//! tosumu: an embedded storage engine that can be watched at work.
//!
//! Sorted records in a B+ tree of sealed pages, one file with a write-ahead log beside it, a single writer, snapshots that never
//! change, one sync a commit, and damage that is noticed at the first read that meets it.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("notes.tsm");
//! let db = tosumu::Options::new().create(true).open(&path)?;
//! db.write(|tx| tx.put(b"greeting", b"hello"))?;
//! assert_eq!(db.read().get(b"greeting")?.as_deref(), Some(&b"hello"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where to begin: [`Options`] and [`Database`] to store things; [`trace`] to watch it work; [`verify`] and [`inspect`] to look at a file
//! at rest; [`script`] to run operations on a simulated disk ([`vfs::SimVfs`]) that crashes on demand; [`mod@format`] for the bytes.
//!
//! It has not been audited: not for real secrets.

pub mod crypto;
pub mod escape;
pub mod format;
pub mod inspect;
pub mod limits;
pub mod pager;
pub mod script;
pub mod trace;
pub mod transfer;
pub mod types;
pub mod verify;
pub mod vfs;
pub mod wal;

mod btree;
mod db;
mod error;
mod finding;
mod txn;

pub use crypto::{KdfProfile, Unlock};
pub use db::{
    AutoCheckpoint, CheckpointMode, CheckpointOnClose, CheckpointOutcome, Database, KeySlotInfo, Options, Pin, Stats,
};
pub use error::{Error, ErrorKind, Result};
pub use finding::{Code, Finding, Severity};
pub use format::key_slot::KeySlotKind;
pub use txn::{Busy, Durability, Keys, Range, ReadTxn, Record, Savepoint, Swap, Tree, TreeInfo, TreeMut};
pub use txn::{Value, ValueReader, WriteTxn, read_witness};
pub use types::{CommitNo, PageNo, PageSize};

/// The program in README.md is run by the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
