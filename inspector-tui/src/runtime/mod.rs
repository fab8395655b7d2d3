//! The only impure room: the thread that owns the engine, and the files.

mod worker;

pub use worker::Worker;
