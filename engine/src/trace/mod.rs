//! What the engine tells of its work: one list of events, a place to send them, their text, their file, and the fold
//! that rebuilds the disk and the pages from them.
//!
//! An event is a fact: past tense, plain data, no clock, no key of a cipher. The same script and seed give the same
//! trace to the byte. Start reading at [`Event`].

mod event;
mod file;
mod fold;
mod image;
mod pending;
mod sink;
mod text;
#[cfg(feature = "tracing")]
pub mod tracing_adapter;

pub use event::{CrashSummary, Event, FileBytes, LogVerdict, PageImage, PageSource, Receipt, RecordKind};
pub use file::{Trace, read_trace, read_trace_prefix, write_trace};
pub use fold::{FileState, Fold, PageState};
pub use image::SectorImage;
pub use pending::{NameChange, PendingWrite};
pub use sink::{Detail, Level, Recorder, Sink, Tracer};
