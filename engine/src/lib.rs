//! tosumu: an embedded storage engine that can be watched at work.

pub mod crypto;
pub mod escape;
pub mod format;
pub mod limits;
pub mod script;
pub mod trace;
pub mod types;
pub mod vfs;

mod btree;
mod db;
mod error;
mod finding;
pub mod inspect;
pub mod pager;
mod txn;
pub mod verify;
pub mod wal;

pub use error::{Error, ErrorKind, Result};
pub use finding::{Code, Finding, Severity};

pub use crypto::{KdfProfile, Unlock};
pub use db::{CheckpointOutcome, Database, Options, Stats};
pub use txn::{Range, ReadTxn, Record, Value, WriteTxn};
pub use types::{CommitNo, PageNo, PageSize};
