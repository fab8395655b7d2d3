//! tosumu: an embedded storage engine that can be watched at work.
//!
//! Sorted records in a B+ tree of sealed pages, one file with a write-ahead log beside it: one writer at a time, snapshots that
//! never change, commits that a power cut takes whole or not at all, and damage that is noticed at the first read that meets it.
//! Keys and values are bytes. There is no server, no unsafe code and no C. It has not been audited: not for real secrets.
//!
//! - [A first program](#a-first-program)
//! - [Transactions and snapshots](#transactions-and-snapshots)
//! - [Durability, and what a crash may take](#durability-and-what-a-crash-may-take)
//! - [Checkpoints](#checkpoints)
//! - [Keys](#keys)
//! - [An older copy put back](#an-older-copy-put-back)
//! - [Named trees](#named-trees)
//! - [Long values](#long-values)
//! - [Moving data](#moving-data)
//! - [Watching it work](#watching-it-work)
//! - [Errors](#errors)
//! - [Limits](#limits)
//! - [Platforms](#platforms)
//!
//! # A first program
//!
//! ```
//! use tosumu::Options;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("notes.tsm");
//! let db = Options::new().create(true).open(&path)?;
//! db.write(|tx| {
//!     tx.put(b"apple", b"green")?;
//!     tx.put(b"plum", b"blue")
//! })?; // here both are durable, or neither is there
//!
//! let snapshot = db.read();
//! assert_eq!(snapshot.get(b"plum")?.as_deref(), Some(&b"blue"[..]));
//! for record in snapshot.range(&b"b"[..]..) {
//!     assert_eq!(record?.key(), b"plum");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Options`] says how a database is opened; [`Database`] is the handle: clone it freely, to other threads too. The folder
//! `engine/examples` holds whole programs.
//!
//! # Transactions and snapshots
//!
//! [`Database::read`] gives a [`ReadTxn`]: the database as of one commit, for as long as the value lives. Snapshots are cheap,
//! never wait and never make anybody wait but a checkpoint. [`ReadTxn::get`] hands out the bytes where they stand in the cached
//! page; [`ReadTxn::range`] and [`ReadTxn::prefix`] walk from either end.
//!
//! [`Database::write`] runs a closure in a [`WriteTxn`] and commits when it returns `Ok`; [`Database::begin_write`] gives the
//! transaction by itself. There is one at a time; the next waits as long as [`Options::busy`] says and then is told
//! [`Error::Busy`]. A transaction reads its own changes, may go back to a [`Savepoint`], and may be larger than memory: what is
//! over [`Options::transaction_bytes`] waits, sealed, in a file `NAME-spill`.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
//! use tosumu::Swap;
//! let before = db.read();
//! let mut tx = db.begin_write()?;
//! let savepoint = tx.savepoint();
//! tx.put(b"seat 12", b"bob")?;
//! tx.rollback_to(&savepoint)?;
//! assert_eq!(tx.compare_and_swap(b"seat 12", None, Some(b"ann"))?, Swap::Swapped);
//! tx.commit()?;
//! assert!(before.get(b"seat 12")?.is_none());
//! assert_eq!(&*db.read().get(b"seat 12")?.unwrap(), b"ann");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Other processes read beside the writer without a lock, by [`Options::read_only`]: each snapshot begins on the newest commit in the
//! log, which may not be synced yet. When the writer folds the log, a page may be gone from under a snapshot that is older; the
//! read that needs it is [`Error::SnapshotOvertaken`], and a new snapshot goes on. [`Options::pin`] keeps that from happening, and the
//! writer's log growing meanwhile. Within the writer's process no snapshot is ever overtaken.
//!
//! # Durability, and what a crash may take
//!
//! | | a killed program takes | a power cut takes |
//! |---|---|---|
//! | [`Durability::Full`], unless set | nothing that was acknowledged | nothing that was acknowledged |
//! | [`Durability::Relaxed`] | nothing that was acknowledged | the newest commits back to the last [`Database::sync`] or checkpoint, each whole |
//!
//! A commit is one `fdatasync`; commits that wait at the same time share one. The next opening for writing recovers by reading
//! the log through; nothing has to be called. A log that was damaged in its committed middle is told from one whose end was
//! cut off by the crash: the first is refused, the second is the normal case.
//!
//! A failed sync is never tried again. The commit is [`Error::CommitIndeterminate`], the handle writes no more
//! ([`Error::Poisoned`]) and reads on; open the database again to see whether the commit is there.
//!
//! # Checkpoints
//!
//! The log grows with each commit until a checkpoint folds it into the page file. By default a thread of the handle's own does
//! that when the log has passed [`Options::log_bytes_checkpoint`]; [`AutoCheckpoint`] turns that off or makes it deterministic,
//! and [`Database::checkpoint`] does it now. Snapshots begin and read meanwhile, but one that is older than the newest commit
//! keeps its log alive: [`Stats::oldest_snapshot`] says which. Keep snapshots short, or the log grows.
//!
//! # Keys
//!
//! Every database is encrypted and authenticated; [`Unlock`] says with what: a passphrase, a keyfile, a recovery key, or
//! `Keyless`, where the key stands in the file and only faults and careless edits are found. Eight key slots open one file:
//! [`Database::add_key`], [`Database::rewrap_key`], [`Database::remove_key`]. A removed key still opens old copies;
//! [`Database::rekey_to`] writes a file with a new data key, which is what revokes. What is and is not protected, from whom, stands in
//! SECURITY.md.
//!
//! # An older copy put back
//!
//! Every page is checked against the pointer it was reached by, so a page, a log or a superblock put back from an older copy is
//! found. All files put back together are not, unless something outside remembers: the line of [`Database::fingerprint`], given
//! to [`verify`], or a file that [`Options::witness`] keeps on another disk and compares at each opening.
//!
//! # Named trees
//!
//! Beside the records of the database itself stand any number of trees of their own keys, changed in the same transactions:
//! [`WriteTxn::create_tree`], [`WriteTxn::tree`], [`ReadTxn::tree`].
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
//! db.write(|tx| {
//!     tx.create_tree("people")?;
//!     tx.create_tree("by year")?;
//!     tx.tree("people")?.expect("created above").put(b"ann", b"1970")?;
//!     tx.tree("by year")?.expect("created above").put(b"1970 ann", b"")
//! })?;
//! assert_eq!(db.read().trees()?.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Long values
//!
//! A value of up to 1 GiB may be put; what does not fit a quarter of a page lies in a chain of pages of its own.
//! [`WriteTxn::put_from`] and [`ReadTxn::reader`] move it in pieces, [`Range::keys`] walks past it without reading it.
//!
//! # Moving data
//!
//! [`Database::backup`] and [`Database::compact_to`] write a new file while others write on, read it back, verify it and only then give
//! it its name. With [`Options::archive`] every finished log is kept, and [`transfer::Restore`] brings back any commit.
//! [`transfer::export`] and [`transfer::Import`] are JSON Lines, for any other program.
//!
//! # Watching it work
//!
//! [`Options::sink`] hands every [`trace::Event`] to your code: each a fact, told once, after it is so; [`trace::Event::sentence`]
//! says it in words. [`trace::Recorder`] keeps them, and [`trace::Fold`] rebuilds disk and pages from them.
//! [`vfs::SimVfs`] is a disk that crashes, tears and fails on demand, and [`script`] runs operations on it. [`inspect`] and [`verify`] look
//! at files without opening them as a database; [`mod@format`] names every byte.
//!
//! # Errors
//!
//! One enum, [`Error`]. [`Error::code`] is stable and short, for programs and for searching; [`Error::kind`] says what a caller
//! can do, and is what the command line's exit status follows: damage (2), not possible now (3), wrong use (64). Damage is
//! [`Error::Damage`] with a [`Finding`]: what, in which file, page and bytes, why, and what to do. Nothing here panics on
//! bytes of a file, ends the process or writes to standard error.
//!
//! ```
//! use tosumu::{ErrorKind, Options};
//! let error = Options::new().open("no such file.tsm").unwrap_err();
//! assert_eq!((error.code(), error.kind()), ("NOT-FOUND", ErrorKind::Cannot));
//! ```
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | page size | 512 to 65,536 bytes, chosen at creation ([`PageSize`]); 4,096 unless set |
//! | key | a quarter of a page's room: 1,010 bytes at 4,096 ([`format::node::key_bytes_max`]) |
//! | value | 1 GiB |
//! | pages | 2³² − 2: 16 TiB at 4,096 bytes a page |
//! | a transaction | as many changes as the disk holds; memory by [`Options::transaction_bytes`] (16 MiB) |
//! | cache | [`Options::cache_bytes`] (64 MiB) |
//! | writers | one transaction at a time, in one process |
//!
//! All numbers stand in [`limits`]. Going over one is `LIMIT`, and changes nothing.
//!
//! # Platforms
//!
//! Linux is what the tests run on. The code for macOS and Windows is there and is neither built nor tested by this project;
//! what is known to differ: on Windows a folder cannot be synced, so a new name lasts when the file system makes it last; on
//! macOS the standard library's sync is the full one (`F_FULLFSYNC`), and slow; a lock of Windows keeps readers out too, so
//! that there only the writer's process reads while it has the file open; the process that holds a file is named on Linux alone,
//! elsewhere it is "another process". File systems on a network are only as good as their locks and syncs.

pub mod attack;
pub mod crypto;
pub mod defence;
pub mod escape;
pub mod forge;
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
mod sync;
mod txn;

pub use crypto::{KdfProfile, Unlock};
pub use db::{
    AutoCheckpoint, CheckpointMode, CheckpointOnClose, CheckpointOutcome, Database, KeySlotInfo, Options, Pin, Stats,
};
pub use error::{Error, ErrorKind, Result};
pub use finding::{Cause, Code, Finding, REMEDY, Severity};
pub use format::key_slot::KeySlotKind;
pub use txn::{Busy, Durability, Keys, Range, ReadTxn, Record, Savepoint, Swap, Tree, TreeInfo, TreeMut};
pub use txn::{Value, ValueReader, WriteTxn, read_witness};
pub use types::{CommitNo, PageNo, PageSize};

/// The program in README.md is run by the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
