//! What `forge` says: wrong things that somebody who has the key writes. Every seal, MAC and checksum over them is right, so
//! that only what is said is a lie: a writer's defect.

use super::parse::{Parsed, Words, missing, unexpected};
use super::tamper::{FieldValue, parse_field_value, parse_hex};
use crate::escape::escape_word;
use crate::types::PageNo;
use std::fmt;

/// One `forge`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Forge {
    /// `page N EDIT`: the plain form of a page. It is sealed anew with everything that points to it; one whose newest form
    /// stands in the log is written there by one more commit.
    Page {
        /// The page.
        page: PageNo,
        /// What is written into it.
        edit: PageEdit,
    },
    /// `superblock A|B field NAME N`, `superblocks field NAME N`: MAC and checksum are right again.
    Superblock {
        /// 0 or 1; none means both.
        slot: Option<u8>,
        /// The field's name.
        name: String,
        /// What it holds afterwards.
        value: FieldValue,
    },
    /// `record N field NAME N`: of the log, and the records behind it follow it again.
    Record {
        /// Counted from 1.
        record: u32,
        /// The field's name: of the record or of its commit body.
        name: String,
        /// What it holds afterwards.
        value: FieldValue,
    },
}

/// What is written into the plain form of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PageEdit {
    /// `byte N xor HEX`
    Xor {
        /// The first byte changed.
        byte: usize,
        /// What the bytes are xored with.
        bytes: Vec<u8>,
    },
    /// `byte N set HEX`
    Set {
        /// The first byte changed.
        byte: usize,
        /// What stands there afterwards.
        bytes: Vec<u8>,
    },
    /// `field NAME N`: of the page's head.
    Field {
        /// Its name.
        name: String,
        /// What it holds afterwards.
        value: FieldValue,
    },
    /// `swap A B`: two slots of a branch or leaf change places.
    SwapSlots(usize, usize),
    /// `slot S key K`: another key, as long as the one that stands there.
    Key {
        /// The slot.
        slot: usize,
        /// The key.
        key: Vec<u8>,
    },
    /// `slot S length N`: the length that a leaf says its value has.
    Length {
        /// The slot.
        slot: usize,
        /// The length, in bytes.
        length: u32,
    },
    /// `slot S page M`: the pointer of a branch, or to a value or tree that a leaf names.
    Pointer {
        /// The slot.
        slot: usize,
        /// What it points to, under the seal that this page has.
        page: PageNo,
    },
    /// `next M`: the page behind this one in a chain or in the free list; 0 is none.
    Next(PageNo),
    /// `entry I page M`: a page number in a trunk of the free list.
    Entry {
        /// Counted from 0.
        entry: usize,
        /// The page.
        page: PageNo,
    },
}

impl fmt::Display for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Forge::Page { page, edit } => write!(f, "forge page {page} {edit}"),
            Forge::Superblock { slot, name, value } => {
                let place = match slot {
                    None => "superblocks",
                    Some(0) => "superblock A",
                    Some(_) => "superblock B",
                };
                write!(f, "forge {place} field {name} {value}")
            }
            Forge::Record { record, name, value } => write!(f, "forge record {record} field {name} {value}"),
        }
    }
}

impl fmt::Display for PageEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PageEdit::Xor { byte, bytes } => write!(f, "byte {byte} xor {}", hex::encode(bytes)),
            PageEdit::Set { byte, bytes } => write!(f, "byte {byte} set {}", hex::encode(bytes)),
            PageEdit::Field { name, value } => write!(f, "field {name} {value}"),
            PageEdit::SwapSlots(first, second) => write!(f, "swap {first} {second}"),
            PageEdit::Key { slot, key } => write!(f, "slot {slot} key {}", escape_word(key)),
            PageEdit::Length { slot, length } => write!(f, "slot {slot} length {length}"),
            PageEdit::Pointer { slot, page } => write!(f, "slot {slot} page {page}"),
            PageEdit::Next(page) => write!(f, "next {page}"),
            PageEdit::Entry { entry, page } => write!(f, "entry {entry} page {page}"),
        }
    }
}

const FORM: &str = "forge page N EDIT, forge superblock A|B field NAME N, forge superblocks field NAME N, or \
                    forge record N field NAME N";
const EDITS: &str = "byte N xor|set HEX, field NAME N, swap A B, slot S key K, slot S length N, slot S page M, next M, \
                     entry I page M";

impl Forge {
    pub(super) fn parse(words: &mut Words<'_>) -> Parsed<Forge> {
        let slot = match words.next() {
            Some("page") => {
                let page = words.page(FORM)?;
                return Ok(Forge::Page { page, edit: parse_edit(words)? });
            }
            Some("record") => {
                let record = u32::try_from(words.positive(FORM)?).map_err(|_| "no log has that record".to_owned())?;
                let (name, value) = parse_field(words)?;
                return Ok(Forge::Record { record, name, value });
            }
            Some("superblocks") => None,
            Some("superblock") => match words.next() {
                Some("A" | "a") => Some(0),
                Some("B" | "b") => Some(1),
                _ => return Err("there are `superblock A` and `superblock B`, and both are `superblocks`".to_owned()),
            },
            Some(other) => return Err(unexpected(other, FORM)),
            None => return Err(missing(FORM)),
        };
        let (name, value) = parse_field(words)?;
        Ok(Forge::Superblock { slot, name, value })
    }
}

fn parse_field(words: &mut Words<'_>) -> Parsed<(String, FieldValue)> {
    words.word("field", FORM)?;
    Ok((words.text(FORM)?, parse_field_value(words)?))
}

fn parse_edit(words: &mut Words<'_>) -> Parsed<PageEdit> {
    Ok(match words.next() {
        Some("byte") => {
            let byte = words.number(EDITS)?;
            match words.next() {
                Some("xor") => PageEdit::Xor { byte, bytes: parse_hex(words, "xor")? },
                Some("set") => PageEdit::Set { byte, bytes: parse_hex(words, "set")? },
                Some(other) => return Err(unexpected(other, EDITS)),
                None => return Err(missing(EDITS)),
            }
        }
        Some("field") => PageEdit::Field { name: words.text(EDITS)?, value: parse_field_value(words)? },
        Some("swap") => PageEdit::SwapSlots(words.number(EDITS)?, words.number(EDITS)?),
        Some("slot") => {
            let slot = words.number(EDITS)?;
            match words.next() {
                Some("key") => PageEdit::Key { slot, key: words.key(EDITS)? },
                Some("length") => PageEdit::Length { slot, length: words.number(EDITS)? },
                Some("page") => PageEdit::Pointer { slot, page: words.page(EDITS)? },
                Some(other) => return Err(unexpected(other, EDITS)),
                None => return Err(missing(EDITS)),
            }
        }
        Some("next") => PageEdit::Next(PageNo(words.number(EDITS)?)),
        Some("entry") => {
            let entry = words.number(EDITS)?;
            words.word("page", EDITS)?;
            PageEdit::Entry { entry, page: PageNo(words.number(EDITS)?) }
        }
        Some(other) => return Err(unexpected(other, EDITS)),
        None => return Err(missing(EDITS)),
    })
}
