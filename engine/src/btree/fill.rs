//! How full a node is, and the bounds by which neighbours are evened out and merged.
//!
//! The bounds fit one another. A record or separator takes at most about a third of a page's room, so a cut between two
//! neighbours that hold more than [`merged_bytes_max`] together can be as even as a quarter in each: what is not merged can
//! be evened out to [`least_bytes`] and more. And what was merged has an eighth free, so the next put does not split it.

use crate::format::node::{HEADER_BYTES, NodeView};

/// The bytes a node has for slots and cells.
pub(super) fn room_bytes(node: NodeView<'_>) -> usize {
    node.bytes().len() - HEADER_BYTES
}

/// The bytes its slots and cells take.
pub(super) fn used_bytes(node: NodeView<'_>) -> usize {
    room_bytes(node) - node.free_bytes()
}

/// A node that uses less than this, a quarter of its room, is merged or filled up when something was taken out of it.
pub(super) fn least_bytes(room: usize) -> usize {
    room / 4
}

/// Neighbours are merged when they use no more than this together, seven eighths of the room of one.
pub(super) fn merged_bytes_max(room: usize) -> usize {
    room - room / 8
}

/// A neighbour takes over cells of a page that is too full when at least this, a quarter of its room, is free.
pub(super) fn helping_bytes_min(room: usize) -> usize {
    room / 4
}

pub(super) fn is_underfull(node: NodeView<'_>) -> bool {
    used_bytes(node) < least_bytes(room_bytes(node))
}
