//! Stub.

/// Size of a node's header, in bytes.
pub const HEADER_BYTES: usize = 16;
/// Size of a slot, in bytes.
pub const SLOT_BYTES: usize = 8;
/// What a leaf cell takes besides its key and value, in bytes.
pub const LEAF_CELL_BYTES: usize = 4;
