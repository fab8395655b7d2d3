//! Bytes to values and back: no input or output, no keys.
//!
//! One file for each structure on disk. A structure is one table of [`Field`]s; its encoder, its decoder and
//! [`annotate`] read through that table, so that a place is written down once. A decoder trusts nothing: it bounds,
//! then reads, and what it refuses it refuses with the place ([`DecodeError`]). Whether bytes are authentic is not told
//! here: a MAC's input is handed out, its value is taken in.
//!
//! Start reading at [`superblock`], then [`page`], [`node`] and [`log`]; [`overflow`], [`free_list`] and [`catalog`] are the
//! rest of what pages hold. A file says in its superblock which format it has ([`superblock::FORMAT`] is the newest); where
//! an older one differs, its own table stands beside the newest.

pub mod annotate;
pub mod catalog;
mod error;
mod field;
pub mod free_list;
pub mod key_slot;
pub mod log;
pub(crate) mod looks_like;
pub mod node;
pub mod overflow;
pub mod page;
pub mod superblock;

#[cfg(test)]
mod tests;

pub use error::DecodeError;
pub use field::{Family, Field, Form};
pub use looks_like::looks_like;

/// The two bytes at `offset` as a number. The caller has bounded `offset`.
pub fn read_u16(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(read_array(bytes, offset))
}

/// The four bytes at `offset` as a number. The caller has bounded `offset`.
pub fn read_u32(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(read_array(bytes, offset))
}

/// The eight bytes at `offset` as a number. The caller has bounded `offset`.
pub fn read_u64(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(read_array(bytes, offset))
}

/// A copy of the `N` bytes at `offset`. The caller has bounded `offset`.
pub fn read_array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[offset..offset + N]);
    array
}

/// True when every byte is zero.
pub fn is_zero(bytes: &[u8]) -> bool {
    // By comparing pieces, which is as quick as reading them.
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|piece| *piece == ZEROS[..piece.len()])
}
