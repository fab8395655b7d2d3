//! What `tamper` does to the files: a new content is made of the old one, and what differs is put on the disk.

use super::log_edit::LogEdit;
use super::{Done, Failure, Runner, counted};
use crate::format::Field;
use crate::format::key_slot::{self, KEY_SLOT_BYTES};
use crate::format::log::{RecordKind, body_fields, header_place, record_crc, record_place};
use crate::format::page::{NONCE_BYTES, header_place as page_place};
use crate::format::superblock;
use crate::limits::SUPERBLOCK_BYTES;
use crate::script::{Change, Checksums, FieldValue, Place, Stranger, Tamper};
use crate::trace::{Event, Sink};
use std::ops::Range;

/// Bytes that stay the same between two changed ones and are told with them.
const RUN_GAP_BYTES: usize = 8;
/// Changed runs of bytes that are named one by one.
const RUNS_SHOWN_MAX: usize = 4;
/// Bytes of a run that are printed.
const BYTES_SHOWN_MAX: usize = 16;
/// Longest file that `extend` makes, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 26;

impl Runner {
    pub(super) fn tamper(&mut self, tamper: &Tamper, line: &str) -> Done {
        let Tamper { place, change, checksums } = tamper;
        match (place, change) {
            (_, Change::Remove) => self.put_file(*place, None, line),
            (_, Change::Truncate(_) | Change::Extend(_)) => {
                let bytes = resized(self.file_of(*place)?, change)?;
                self.put_file(*place, Some(bytes), line)
            }
            (_, Change::Become(stranger)) => self.put_file(*place, Some(stranger.bytes()), line),
            (Place::Files, _) => {
                let said = [Place::Pages, Place::Log].map(|file| self.put_from(file, change, line));
                said.into_iter().collect::<Result<Vec<_>, _>>().map(|said| said.join("\n"))
            }
            (Place::Pages | Place::Log, Change::From { .. }) => self.put_from(*place, change, line),
            (Place::Record(record), Change::Drop | Change::Repeat | Change::Swap(_) | Change::Cut) => {
                let mut log = self.log_edit()?;
                log.rearrange(*record, change)?;
                self.put_file(Place::Log, Some(log.into_bytes()), line)
            }
            (Place::Record(record), Change::From { name, place: other }) => {
                let other = self.beside_named(name)?.place_bytes(other.unwrap_or(*place))?;
                let mut log = self.log_edit()?;
                log.put(*record, other)?;
                self.put_file(Place::Log, Some(log.into_bytes()), line)
            }
            _ => self.tamper_bytes(*place, change, *checksums, line),
        }
    }

    /// A change that leaves every length as it is.
    fn tamper_bytes(&mut self, place: Place, change: &Change, checksums: Checksums, line: &str) -> Done {
        let (range, new) = self.changed(place, change)?;
        let file = if is_in_log(place) { Place::Log } else { Place::Pages };
        let mut bytes = self.file_of(file)?;
        for start in self.starts(place)? {
            // A file cut short may hold one copy of the place alone.
            let Some(copy) = bytes.get_mut(start + range.start..start + range.end) else { continue };
            copy.copy_from_slice(&new);
            if checksums == Checksums::Mended {
                self.mend_checksum(place, start, &mut bytes);
            }
        }
        self.put_file(file, Some(bytes), line)
    }

    /// Which bytes of the place change, and what they become.
    fn changed(&self, place: Place, change: &Change) -> Result<(Range<usize>, Vec<u8>), Failure> {
        let old = self.place_bytes(place)?;
        let part = |byte: u64, count: u64| {
            let end = byte.checked_add(count).filter(|&end| end <= old.len() as u64);
            match end {
                Some(end) => Ok(byte as usize..end as usize),
                None => Failure::refused(format!("{place} has {} bytes, counted from 0", old.len())),
            }
        };
        Ok(match change {
            Change::Xor { byte, bytes } => {
                let range = part(*byte, bytes.len() as u64)?;
                let new = old[range.clone()].iter().zip(bytes).map(|(old, xor)| old ^ xor).collect();
                (range, new)
            }
            Change::Set { byte, bytes } => (part(*byte, bytes.len() as u64)?, bytes.clone()),
            Change::Copy { byte, count, from } => {
                let range = part(*byte, *count)?;
                match self.beside_named(from)?.place_bytes(place)?.get(range.clone()) {
                    Some(bytes) => (range, bytes.to_vec()),
                    None => return Failure::refused(format!("{place} is shorter in {from}")),
                }
            }
            Change::Field { name, value } => {
                let field = field_named(place, name, &old)?;
                (field.clone(), field_bytes(name, value, field.len())?)
            }
            Change::Zero => (0..old.len(), vec![0; old.len()]),
            Change::From { name, place: other } => {
                let bytes = self.beside_named(name)?.place_bytes(other.unwrap_or(place))?;
                match bytes.len() == old.len() {
                    true => (0..old.len(), bytes),
                    false => return Failure::refused(format!("{place} has {} bytes in {name}", bytes.len())),
                }
            }
            // Everything else changes a length and is done to the whole file.
            _ => return Failure::refused("this is done to a whole file"),
        })
    }

    fn put_from(&mut self, place: Place, change: &Change, line: &str) -> Done {
        let Change::From { name, .. } = change else {
            return Failure::refused("both files can only be taken `from` another database");
        };
        let file = self.file_name(place);
        let bytes = self.beside_named(name)?.file_bytes(&file).map(|bytes| bytes.to_vec());
        if bytes.as_deref() == self.file_bytes(&file).as_deref() {
            return Ok(format!("{file} is the same in {name}"));
        }
        self.put_file(place, bytes, line)
    }

    /// The bytes of a place; of a key slot those in superblock A.
    pub(super) fn place_bytes(&self, place: Place) -> Result<Vec<u8>, Failure> {
        let file = self.file_of(if is_in_log(place) { Place::Log } else { Place::Pages })?;
        let length = self.length(place)?;
        let start = self.starts(place)?.first().copied().unwrap_or(0);
        match file.get(start..start + length.unwrap_or(file.len())) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => Failure::refused(format!("the file ends before {place} does")),
        }
    }

    /// Where the place starts in its file; a key slot stands in both superblocks.
    fn starts(&self, place: Place) -> Result<Vec<usize>, Failure> {
        Ok(match place {
            Place::Page(page) => {
                self.page_bytes(page)?;
                vec![self.options.page_size.offset_of(page) as usize]
            }
            Place::Superblock(slot) => vec![usize::from(slot) * SUPERBLOCK_BYTES],
            Place::KeySlot(slot) => {
                let start = superblock::place::KEY_SLOTS.offset + usize::from(slot) * KEY_SLOT_BYTES;
                vec![start, SUPERBLOCK_BYTES + start]
            }
            Place::Record(record) => vec![self.log_edit()?.span(record)?.start],
            Place::Log | Place::Pages | Place::Files => vec![0],
        })
    }

    /// How long the place is; none means to the end of the file.
    fn length(&self, place: Place) -> Result<Option<usize>, Failure> {
        Ok(match place {
            Place::Page(_) => Some(self.options.page_size.bytes()),
            Place::Superblock(_) => Some(SUPERBLOCK_BYTES),
            Place::KeySlot(_) => Some(KEY_SLOT_BYTES),
            Place::Record(record) => Some(self.log_edit()?.span(record)?.len()),
            Place::Log | Place::Pages | Place::Files => None,
        })
    }

    fn mend_checksum(&self, place: Place, start: usize, bytes: &mut [u8]) {
        let mut mend = |structure: Range<usize>, field: &Field| {
            if let Some(bytes) = bytes.get_mut(structure) {
                let crc = crc32fast::hash(&bytes[..field.offset]);
                field.put(bytes, &crc.to_le_bytes());
            }
        };
        match place {
            Place::Superblock(_) | Place::KeySlot(_) => {
                let slot = start - start % SUPERBLOCK_BYTES;
                mend(slot..slot + SUPERBLOCK_BYTES, &superblock::place::CRC32);
            }
            Place::Log => mend(0..crate::format::log::LOG_HEADER_BYTES, &header_place::CRC32),
            Place::Record(record) => {
                if let Ok(span) = self.log_edit().and_then(|log| log.span(record)) {
                    let record = &mut bytes[span];
                    let crc = record_crc(record);
                    record_place::CRC32.put(record, &crc.to_le_bytes());
                }
            }
            Place::Page(_) | Place::Pages | Place::Files => {}
        }
    }

    fn file_name(&self, place: Place) -> String {
        if is_in_log(place) { self.log_name() } else { self.options.file.clone() }
    }

    /// The whole file that a place is in.
    fn file_of(&self, place: Place) -> Result<Vec<u8>, Failure> {
        match self.file_bytes(&self.file_name(place)) {
            Some(bytes) => Ok(bytes.to_vec()),
            None if is_in_log(place) => Failure::refused("there is no log"),
            None => Failure::refused("there is no page file"),
        }
    }

    fn log_edit(&self) -> Result<LogEdit, Failure> {
        LogEdit::read(self.file_of(Place::Log)?)
    }

    /// Puts a file's new content on the disk: only what differs when it is as long as before. Says what became of it.
    pub(super) fn put_file(&mut self, place: Place, bytes: Option<Vec<u8>>, line: &str) -> Done {
        let file = self.file_name(place);
        let old = self.file_bytes(&file);
        match (old, bytes) {
            (None, None) => Failure::refused(format!("there is no {file}")),
            (Some(old), Some(new)) if old.len() == new.len() => self.put_differences(&file, &old, &new, line),
            (old, new) => {
                let before = old.map_or("it was not there".to_owned(), |old| counted(old.len() as u64, "byte"));
                let said = match &new {
                    Some(new) => format!("{file}: {} now, {before} before", counted(new.len() as u64, "byte")),
                    None => format!("{file} is gone"),
                };
                self.disk.replace(&file, new.clone()).map_err(|source| crate::Error::io("replace", &file, source))?;
                let data = new.map(Into::into);
                self.recorder.take(Event::FileReplaced { what: line.to_owned(), file, data });
                Ok(said)
            }
        }
    }

    fn put_differences(&mut self, file: &str, old: &[u8], new: &[u8], line: &str) -> Done {
        let runs = different_runs(old, new);
        if runs.is_empty() {
            return Failure::refused("nothing changed: these bytes stand there already");
        }
        let mut said = Vec::new();
        for run in &runs {
            self.overwrite(file, run.start as u64, new[run.clone()].to_vec(), line)?;
            let shown = |bytes: &[u8]| hex::encode(&bytes[..bytes.len().min(BYTES_SHOWN_MAX)]);
            let more = if run.len() > BYTES_SHOWN_MAX { format!(" … {} bytes", run.len()) } else { String::new() };
            let (old, new) = (shown(&old[run.clone()]), shown(&new[run.clone()]));
            said.push(format!("{file} byte {}: {old} became {new}{more}", run.start));
        }
        if said.len() > RUNS_SHOWN_MAX {
            let rest = said.len() - (RUNS_SHOWN_MAX - 1);
            said.truncate(RUNS_SHOWN_MAX - 1);
            said.push(format!("and {rest} more places"));
        }
        Ok(said.join("\n"))
    }
}

fn is_in_log(place: Place) -> bool {
    matches!(place, Place::Log | Place::Record(_))
}

/// Where the two differ; runs with few equal bytes between them are one.
fn different_runs(old: &[u8], new: &[u8]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..new.len()).filter(|&at| old[at] != new[at]) {
        match runs.last_mut() {
            Some(last) if at < last.end + RUN_GAP_BYTES => last.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

fn resized(mut bytes: Vec<u8>, change: &Change) -> Result<Vec<u8>, Failure> {
    let length = bytes.len() as u64;
    match change {
        Change::Truncate(end) if *end < length => bytes.truncate(*end as usize),
        Change::Truncate(_) => {
            return Failure::refused(format!("the file has {length} bytes; it can only be cut shorter"));
        }
        Change::Extend(more) if length.saturating_add(*more) <= FILE_BYTES_MAX => {
            bytes.resize((length + more) as usize, 0);
        }
        _ => return Failure::refused(format!("a file of a script has at most {FILE_BYTES_MAX} bytes")),
    }
    Ok(bytes)
}

/// The bytes of a field in its place.
fn field_named(place: Place, name: &str, bytes: &[u8]) -> Result<Range<usize>, Failure> {
    let find = |fields: &[Field], start: usize| {
        fields.iter().find(|field| field.name == name).map(|field| field.offset + start..field.end() + start)
    };
    let found = match place {
        Place::Superblock(_) => find(superblock::place::FIELDS, 0),
        Place::KeySlot(_) => find(key_slot::place::FIELDS, 0),
        Place::Page(_) => find(page_place::FIELDS, NONCE_BYTES),
        Place::Log => find(header_place::FIELDS, 0),
        Place::Record(_) => find(record_place::FIELDS, 0).or_else(|| {
            let is_commit = record_place::KIND.u8(bytes) == RecordKind::Commit as u8;
            let body = bytes.len() - crate::format::log::RECORD_HEADER_BYTES;
            is_commit.then(|| find(body_fields(body), crate::format::log::RECORD_HEADER_BYTES)).flatten()
        }),
        Place::Pages | Place::Files => None,
    };
    match found.filter(|range| range.end <= bytes.len()) {
        Some(range) => Ok(range),
        None => Failure::refused(format!("{place} has no field `{name}`; DESIGN.md has the byte tables")),
    }
}

/// What a field is set to, as wide as the field.
pub(super) fn field_bytes(name: &str, value: &FieldValue, width: usize) -> Result<Vec<u8>, Failure> {
    match value {
        FieldValue::Bytes(bytes) if bytes.len() == width => Ok(bytes.clone()),
        FieldValue::Bytes(bytes) => Failure::refused(format!("{name} has {width} bytes, not {}", bytes.len())),
        FieldValue::Number(number) => {
            let wide = number.to_le_bytes();
            match width <= wide.len() && wide[width..].iter().all(|&byte| byte == 0) {
                true => Ok(wide[..width].to_vec()),
                false => Failure::refused(format!("{number} does not fit {name}, which has {width} bytes")),
            }
        }
    }
}

impl Stranger {
    /// The file, made here from what is published of its format; always the same.
    fn bytes(self) -> Vec<u8> {
        match self {
            Stranger::Sqlite => sqlite(),
            Stranger::Png => png(),
            Stranger::Text => b"This is no database. It is a letter that was given the wrong name.\n".to_vec(),
            Stranger::Nothing => Vec::new(),
        }
    }
}

/// One page of an SQLite database without a table: its header of 100 bytes and an empty leaf.
fn sqlite() -> Vec<u8> {
    const PAGE_BYTES: u16 = 4096;
    let mut bytes = vec![0; PAGE_BYTES.into()];
    bytes[..16].copy_from_slice(b"SQLite format 3\0");
    bytes[16..18].copy_from_slice(&PAGE_BYTES.to_be_bytes());
    // Versions 1 for writing and reading, no reserved bytes, the payload fractions that the format fixes.
    bytes[18..24].copy_from_slice(&[1, 1, 0, 64, 32, 32]);
    // Changed once, one page, schema format 4, UTF-8.
    for (at, number) in [(24, 1u32), (28, 1), (44, 4), (56, 1), (92, 1)] {
        bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
    }
    // A table leaf with no cells, whose content area begins at the page's end.
    bytes[100] = 13;
    bytes[105..107].copy_from_slice(&PAGE_BYTES.to_be_bytes());
    bytes
}

/// A picture of one grey pixel.
fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        let typed = [&kind[..], data].concat();
        bytes.extend_from_slice(&(data.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&typed);
        bytes.extend_from_slice(&crc32fast::hash(&typed).to_be_bytes());
    };
    // One pixel by one, 8 bits of grey.
    chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    // Stored, not compressed: a filter byte and the pixel, with their Adler-32.
    chunk(b"IDAT", &[0x78, 0x01, 0x01, 2, 0, 0xfd, 0xff, 0, 0x80, 0, 0x82, 0, 0x81]);
    chunk(b"IEND", &[]);
    bytes
}
