//! Bytes to values and back: no input or output, no keys.

pub mod node;
