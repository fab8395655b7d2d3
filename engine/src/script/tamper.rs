//! What `tamper` says: where hands from outside reach, and what they do there. None of it needs the key.

use super::parse::{Parsed, Words, missing, shown, unexpected};
use crate::types::PageNo;
use std::fmt;

/// One `tamper`: `tamper PLACE CHANGE [mended]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tamper {
    /// Where.
    pub place: Place,
    /// What is done.
    pub change: Change,
    /// What becomes of the checksums over it.
    pub checksums: Checksums,
}

/// What `tamper` changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// `page N`: the sealed page in the page file.
    Page(PageNo),
    /// `superblock A`, `superblock B`: 0 or 1.
    Superblock(u8),
    /// `key-slot N`: in both superblocks, 0 to 7.
    KeySlot(u8),
    /// `record N`: the N-th record of the log, counted from 1.
    Record(u32),
    /// `log`: the whole file.
    Log,
    /// `pages`: the page file.
    Pages,
    /// `files`: both.
    Files,
}

/// What is done to a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// `byte N xor HEX`, N counted from 0 in the place.
    Xor {
        /// The first byte changed.
        byte: u64,
        /// What the bytes are xored with.
        bytes: Vec<u8>,
    },
    /// `byte N set HEX`
    Set {
        /// The first byte changed.
        byte: u64,
        /// What stands there afterwards.
        bytes: Vec<u8>,
    },
    /// `byte N copy M from NAME`: M bytes as they stand in the same place of another database.
    Copy {
        /// The first byte changed.
        byte: u64,
        /// How many.
        count: u64,
        /// The other database.
        from: String,
    },
    /// `field NAME N`, `field NAME hex HEX`: by its name in the byte tables.
    Field {
        /// Its name.
        name: String,
        /// What it holds afterwards.
        value: FieldValue,
    },
    /// `zero`: all of it.
    Zero,
    /// `from NAME`, `from NAME page M`: as it stands in another database.
    From {
        /// The other database.
        name: String,
        /// The place there, unless it is the same one.
        place: Option<Place>,
    },
    /// `truncate N`: the file ends at byte N.
    Truncate(u64),
    /// `extend N`: N zero bytes stand behind its end.
    Extend(u64),
    /// `remove`: the name is gone.
    Remove,
    /// `become sqlite|png|text|nothing`: another file stands under its name.
    Become(Stranger),
    /// `drop`: the record is gone, and those behind it move up.
    Drop,
    /// `repeat`: it stands there twice.
    Repeat,
    /// `swap M`: it and record M change places.
    Swap(u32),
    /// `cut`: it and everything behind it is gone.
    Cut,
}

/// What a field is set to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldValue {
    /// A number of the field's width, little endian.
    Number(u64),
    /// As many bytes as the field has.
    Bytes(Vec<u8>),
}

/// What becomes of the checksums over a changed place. A checksum needs no key; a MAC does and is never made right here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checksums {
    /// They stay as they are.
    Left,
    /// `mended`: they are computed anew.
    Mended,
}

/// A file that is not ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stranger {
    /// The first page of an SQLite database.
    Sqlite,
    /// A picture of one pixel.
    Png,
    /// Lines of text.
    Text,
    /// No bytes at all.
    Nothing,
}

impl Stranger {
    /// Every stranger.
    pub const ALL: [Stranger; 4] = [Stranger::Sqlite, Stranger::Png, Stranger::Text, Stranger::Nothing];

    /// The word in the script.
    pub fn word(self) -> &'static str {
        match self {
            Stranger::Sqlite => "sqlite",
            Stranger::Png => "png",
            Stranger::Text => "text",
            Stranger::Nothing => "nothing",
        }
    }
}

impl fmt::Display for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tamper {} {}", self.place, self.change)?;
        match self.checksums {
            Checksums::Left => Ok(()),
            Checksums::Mended => f.write_str(" mended"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Page(page) => write!(f, "page {page}"),
            Place::Superblock(0) => f.write_str("superblock A"),
            Place::Superblock(_) => f.write_str("superblock B"),
            Place::KeySlot(slot) => write!(f, "key-slot {slot}"),
            Place::Record(record) => write!(f, "record {record}"),
            Place::Log => f.write_str("log"),
            Place::Pages => f.write_str("pages"),
            Place::Files => f.write_str("files"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Xor { byte, bytes } => write!(f, "byte {byte} xor {}", hex::encode(bytes)),
            Change::Set { byte, bytes } => write!(f, "byte {byte} set {}", hex::encode(bytes)),
            Change::Copy { byte, count, from } => write!(f, "byte {byte} copy {count} from {from}"),
            Change::Field { name, value } => write!(f, "field {name} {value}"),
            Change::Zero => f.write_str("zero"),
            Change::From { name, place: None } => write!(f, "from {name}"),
            Change::From { name, place: Some(place) } => write!(f, "from {name} {place}"),
            Change::Truncate(length) => write!(f, "truncate {length}"),
            Change::Extend(bytes) => write!(f, "extend {bytes}"),
            Change::Remove => f.write_str("remove"),
            Change::Become(stranger) => write!(f, "become {}", stranger.word()),
            Change::Drop => f.write_str("drop"),
            Change::Repeat => f.write_str("repeat"),
            Change::Swap(other) => write!(f, "swap {other}"),
            Change::Cut => f.write_str("cut"),
        }
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldValue::Number(number) => number.fmt(f),
            FieldValue::Bytes(bytes) => write!(f, "hex {}", hex::encode(bytes)),
        }
    }
}

const FORM: &str = "tamper page N|superblock A|superblock B|key-slot N|record N|log|pages|files CHANGE [mended]";
const CHANGES: &str = "`byte N xor|set HEX`, `byte N copy M from NAME`, `field NAME N`, `field NAME hex HEX`, `zero`, \
                       `from NAME [PLACE]`; of a file also `truncate N`, `extend N`, `remove`, `become sqlite|png|text|nothing`; \
                       of a record also `drop`, `repeat`, `swap M`, `cut`";

impl Tamper {
    pub(super) fn parse(words: &mut Words<'_>) -> Parsed<Tamper> {
        let place = parse_place(words)?;
        let change = parse_change(words)?;
        check(place, &change)?;
        let checksums = match words.next() {
            None => Checksums::Left,
            Some("mended") if has_checksum(place, &change) => Checksums::Mended,
            Some("mended") => {
                return Err(format!("no checksum of ours stands over {place} alone; `mended` is too much"));
            }
            Some(other) => return Err(unexpected(other, FORM)),
        };
        Ok(Tamper { place, change, checksums })
    }
}

pub(super) fn parse_place(words: &mut Words<'_>) -> Parsed<Place> {
    Ok(match words.next() {
        Some("page") => Place::Page(words.page(FORM)?),
        Some("superblock") => match words.next() {
            Some("A" | "a") => Place::Superblock(0),
            Some("B" | "b") => Place::Superblock(1),
            _ => return Err("there are `superblock A` and `superblock B`".to_owned()),
        },
        Some("key-slot") => match words.number(FORM)? {
            slot @ 0..=7 => Place::KeySlot(slot),
            slot => return Err(format!("there is no key slot {slot}: they are 0 to 7")),
        },
        Some("record") => Place::Record(parse_record(words)?),
        Some("log") => Place::Log,
        Some("pages") => Place::Pages,
        Some("files") => Place::Files,
        Some(other) => return Err(unexpected(other, FORM)),
        None => return Err(missing(FORM)),
    })
}

fn parse_record(words: &mut Words<'_>) -> Parsed<u32> {
    match words.number(FORM)? {
        0 => Err("records are counted from 1".to_owned()),
        record => Ok(record),
    }
}

fn parse_change(words: &mut Words<'_>) -> Parsed<Change> {
    Ok(match words.next() {
        Some("byte") => parse_bytes(words)?,
        Some("field") => Change::Field { name: words.text(CHANGES)?, value: parse_field_value(words)? },
        Some("zero") => Change::Zero,
        Some("from") => {
            let name = words.name(CHANGES)?;
            let place = match words.peek() {
                None | Some("mended") => None,
                Some(_) => Some(parse_place(words)?),
            };
            Change::From { name, place }
        }
        Some("truncate") => Change::Truncate(words.number(CHANGES)?),
        Some("extend") => Change::Extend(words.positive(CHANGES)?),
        Some("remove") => Change::Remove,
        Some("become") => Change::Become(parse_stranger(words.next())?),
        Some("drop") => Change::Drop,
        Some("repeat") => Change::Repeat,
        Some("swap") => Change::Swap(parse_record(words)?),
        Some("cut") => Change::Cut,
        Some(other) => return Err(format!("`{}` is no change; there are {CHANGES}", shown(other))),
        None => return Err(format!("something is missing; there are {CHANGES}")),
    })
}

fn parse_bytes(words: &mut Words<'_>) -> Parsed<Change> {
    let byte = words.number(CHANGES)?;
    Ok(match words.next() {
        Some("xor") => Change::Xor { byte, bytes: parse_hex(words, "xor")? },
        Some("set") => Change::Set { byte, bytes: parse_hex(words, "set")? },
        Some("copy") => {
            let count = words.positive(CHANGES)?;
            words.word("from", "byte N copy M from NAME")?;
            Change::Copy { byte, count, from: words.name(CHANGES)? }
        }
        Some(other) => return Err(unexpected(other, "byte N xor|set HEX, byte N copy M from NAME")),
        None => return Err(missing("byte N xor|set HEX, byte N copy M from NAME")),
    })
}

pub(super) fn parse_field_value(words: &mut Words<'_>) -> Parsed<FieldValue> {
    match words.peek() {
        Some("hex") => {
            words.next();
            Ok(FieldValue::Bytes(parse_hex(words, "hex")?))
        }
        _ => Ok(FieldValue::Number(words.number("field NAME N, or field NAME hex HEX")?)),
    }
}

pub(super) fn parse_hex(words: &mut Words<'_>, word: &str) -> Parsed<Vec<u8>> {
    let digits = words.next().ok_or_else(|| missing(&format!("{word} HEX")))?;
    hex::decode(digits)
        .ok()
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| format!("`{word} {}`: hex digits in pairs are needed, as in `{word} 01`", shown(digits)))
}

fn parse_stranger(word: Option<&str>) -> Parsed<Stranger> {
    let found = Stranger::ALL.into_iter().find(|stranger| Some(stranger.word()) == word);
    found.ok_or_else(|| {
        format!("`{}` is no file we know to make; there are sqlite png text nothing", shown(word.unwrap_or_default()))
    })
}

/// Whether a change can be done to a place.
fn check(place: Place, change: &Change) -> Parsed<()> {
    let fits = match change {
        Change::Xor { .. } | Change::Set { .. } | Change::Copy { .. } | Change::Zero => place != Place::Files,
        Change::Field { .. } => !matches!(place, Place::Pages | Place::Files),
        Change::From { place: None, .. } => true,
        Change::From { place: Some(other), .. } => std::mem::discriminant(&place) == std::mem::discriminant(other),
        Change::Truncate(_) | Change::Extend(_) | Change::Remove | Change::Become(_) => {
            matches!(place, Place::Log | Place::Pages)
        }
        Change::Drop | Change::Repeat | Change::Swap(_) | Change::Cut => matches!(place, Place::Record(_)),
    };
    match fits {
        true => Ok(()),
        false => Err(format!("`{change}` cannot be done to `{place}`; there are {CHANGES}")),
    }
}

/// Whether a checksum stands over the place that the change may have made wrong.
fn has_checksum(place: Place, change: &Change) -> bool {
    let in_place = matches!(
        change,
        Change::Xor { .. } | Change::Set { .. } | Change::Copy { .. } | Change::Field { .. } | Change::From { .. }
    );
    in_place && matches!(place, Place::Superblock(_) | Place::KeySlot(_) | Place::Record(_) | Place::Log)
}
