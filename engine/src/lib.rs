//! tosumu: an embedded storage engine that can be watched at work.

pub mod crypto;
pub mod escape;
pub mod format;
pub mod limits;
pub mod trace;
pub mod types;
pub mod vfs;

mod error;
mod finding;

pub use error::{Error, ErrorKind, Result};
pub use finding::{Code, Finding, Severity};
