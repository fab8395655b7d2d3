//! A field: a name for a place in a structure. Tables of fields are the byte tables of DESIGN.md as the compiler sees
//! them; an assertion at compile time proves that each table covers its structure without gap or overlap.

use super::error::{DecodeError, preview};
use super::{is_zero, read_u16, read_u32, read_u64};
use crate::finding::Code;
use std::fmt;
use std::ops::Range;

/// What sort of thing a field is: it decides how a view marks it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// Says what this is: magic, version, kind, number, name.
    Identity,
    /// Counts or measures: lengths, counts, offsets, limits.
    Length,
    /// Leads to another place.
    Pointer,
    /// What a user stored.
    Payload,
    /// Holds nothing: reserved, gap, hole, padding.
    Free,
    /// Nonce, tag, MAC, checksum, salt, ciphertext, wrapped key.
    Crypto,
}

/// How a field's bytes are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A little-endian number of the field's width.
    Number,
    /// Text.
    Text,
    /// Bytes that are shown as hex.
    Hex,
    /// Zero, and checked.
    Zero,
    /// A page pointer.
    Pointer,
    /// A key in the clear: never shown.
    Secret,
    /// Another structure with a table of its own.
    Nested,
}

/// One line of a structure's byte table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The name, as DESIGN.md has it.
    pub name: &'static str,
    /// Offset in the structure, in bytes.
    pub offset: usize,
    /// Size in bytes.
    pub size: usize,
    /// How the bytes are read.
    pub form: Form,
    /// What sort of thing it is.
    pub family: Family,
    /// What it means.
    pub meaning: &'static str,
}

impl Field {
    /// The field's bytes in the structure.
    pub const fn span(&self) -> Range<usize> {
        self.offset..self.end()
    }

    /// The offset behind the field.
    pub const fn end(&self) -> usize {
        self.offset + self.size
    }

    /// The field's bytes. The caller has checked the structure's length.
    pub fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.span()]
    }

    /// The field's bytes as an array. The caller has checked the structure's length.
    pub fn array<'a, const N: usize>(&self, bytes: &'a [u8]) -> &'a [u8; N] {
        assert_eq!(N, self.size, "an array as wide as the field");
        bytes[self.offset..].first_chunk().expect("invariant: the structure's length was checked")
    }

    /// The field as a number: `u8`.
    pub fn u8(&self, bytes: &[u8]) -> u8 {
        debug_assert_eq!(self.size, 1);
        bytes[self.offset]
    }

    /// The field as a number: `u16`.
    pub fn u16(&self, bytes: &[u8]) -> u16 {
        debug_assert_eq!(self.size, 2);
        read_u16(bytes, self.offset)
    }

    /// The field as a number: `u32`.
    pub fn u32(&self, bytes: &[u8]) -> u32 {
        debug_assert_eq!(self.size, 4);
        read_u32(bytes, self.offset)
    }

    /// The field as a number: `u64`.
    pub fn u64(&self, bytes: &[u8]) -> u64 {
        debug_assert_eq!(self.size, 8);
        read_u64(bytes, self.offset)
    }

    /// Writes the field. The value is exactly as wide as the field.
    pub fn put(&self, bytes: &mut [u8], value: &[u8]) {
        assert_eq!(value.len(), self.size, "a value as wide as the field");
        bytes[self.span()].copy_from_slice(value);
    }

    /// The field does not hold what it may hold.
    pub(crate) fn error(&self, code: Code, expected: impl fmt::Display, found: impl fmt::Display) -> DecodeError {
        DecodeError::new(code, self.span(), expected, found, format!("The field `{}` cannot hold this.", self.name))
    }

    /// Checks that the field holds `expected`.
    pub(crate) fn check(&self, bytes: &[u8], expected: &[u8], code: Code) -> Result<(), DecodeError> {
        match self.of(bytes) == expected {
            true => Ok(()),
            false => Err(self.error(code, preview(expected), preview(self.of(bytes)))),
        }
    }
}

/// Checks every reserved field of a table.
pub(crate) fn check_zeros(fields: &[Field], bytes: &[u8], code: Code) -> Result<(), DecodeError> {
    let reserved = fields.iter().filter(|field| field.form == Form::Zero);
    for field in reserved {
        if !is_zero(field.of(bytes)) {
            return Err(nonzero(bytes, field.span(), code, "Reserved bytes are not zero."));
        }
    }
    Ok(())
}

/// The error for bytes of `span` that should all be zero and are not: it names the first that is not.
pub(crate) fn nonzero(bytes: &[u8], span: Range<usize>, code: Code, why: &str) -> DecodeError {
    let first = bytes[span.clone()].iter().position(|&byte| byte != 0).map_or(span.start, |at| span.start + at);
    DecodeError::new(code, first..first + 1, "00", format!("{:02x}", bytes[first]), why)
}

/// True when the fields follow one another from 0 to `size` without gap or overlap.
pub(crate) const fn tile(fields: &[Field], size: usize) -> bool {
    let mut end = 0;
    let mut index = 0;
    while index < fields.len() {
        if fields[index].offset != end {
            return false;
        }
        end = fields[index].end();
        index += 1;
    }
    end == size
}

/// Writes a byte table: each line becomes a constant, all lines together become `FIELDS`, and the sizes must add up.
macro_rules! fields {
    ($bytes:expr; $(
        $constant:ident $offset:literal $size:literal $name:literal $form:ident $family:ident $meaning:literal;
    )*) => {
        $(
            #[doc = $meaning]
            pub(crate) const $constant: $crate::format::Field = $crate::format::Field {
                name: $name,
                offset: $offset,
                size: $size,
                form: $crate::format::Form::$form,
                family: $crate::format::Family::$family,
                meaning: $meaning,
            };
        )*
        /// The table.
        pub(crate) const FIELDS: &[$crate::format::Field] = &[$($constant),*];
        const _: () = assert!($crate::format::field::tile(FIELDS, $bytes), "the fields cover the structure");
    };
}
pub(crate) use fields;
