//! What `forge` writes: the files are taken into memory, changed with the key, and put back on the disk.

use super::tamper::field_bytes;
use super::{Done, Failure, Runner};
use crate::crypto::{SealedPage, Unlock};
use crate::forge::{Forger, LogRecord, Mend};
use crate::format::Field;
use crate::format::free_list::{self, TRUNK_ENTRY_BYTES, TRUNK_HEADER_BYTES};
use crate::format::log::{RecordKind, body_fields, record_place};
use crate::format::node::{self, HEADER_BYTES, LEAF_CELL_BYTES, OVERFLOW_BIT, SLOT_BYTES};
use crate::format::overflow;
use crate::format::page::{PageKind, encode_pointer};
use crate::format::superblock;
use crate::script::{FieldValue, Forge, PageEdit, Place};
use crate::types::{CommitNo, PageNo, PagePointer};
use std::ops::Range;

impl Runner {
    pub(super) fn forge(&mut self, forge: &Forge, line: &str) -> Done {
        let mut forger = self.forger()?;
        let said = match forge {
            Forge::Page { page, edit } => forge_page(&mut forger, *page, edit)?,
            Forge::Superblock { slot, name, value } => {
                let slots = slot.map_or(0..2, |slot| slot..slot + 1);
                let bytes = field_of(superblock::place::FIELDS, name, value)?;
                for slot in slots {
                    forger.edit_superblock(slot, Mend::Everything, |content| {
                        content[bytes.0.clone()].copy_from_slice(&bytes.1);
                    })?;
                }
                format!("{name} says {value}, and the MAC is right for it")
            }
            Forge::Record { record, name, value } => forge_record(&mut forger, *record, name, value)?,
        };
        let mut files = forger.into_files();
        for (place, name) in [(Place::Pages, self.options.file.clone()), (Place::Log, self.log_name())] {
            let bytes = files.remove(&name);
            if bytes.as_deref() != self.file_bytes(&name).as_deref() {
                self.put_file(place, bytes, line)?;
            }
        }
        Ok(said)
    }

    fn forger(&self) -> Result<Forger, Failure> {
        let files = self.disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
        let unlock = self.unlock().unwrap_or(Unlock::Keyless);
        Ok(Forger::open(files, &self.options.file, &unlock, self.entropy.clone())?)
    }
}

fn forge_page(forger: &mut Forger, page: PageNo, edit: &PageEdit) -> Done {
    let is_in_log = newest_frame(forger, page).is_some();
    let mut plain = if is_in_log { forger.newest_plain_page(page)? } else { forger.plain_page(page)? };
    edit_plain(forger, &mut plain, edit)?;
    if is_in_log {
        let commit = forger.append_commit(&[(page, plain)], |_| ())?;
        return Ok(format!("page {page}: {edit}, written into the log as commit {commit}"));
    }
    let pointer = forger.reseal_through_parents(page, &plain)?;
    Ok(format!("page {page}: {edit}, sealed anew as {} with all that points to it", pointer.seal.short()))
}

fn edit_plain(forger: &Forger, plain: &mut [u8], edit: &PageEdit) -> Result<(), Failure> {
    let kind = plain.first().copied().and_then(PageKind::from_byte);
    let (at, bytes) = match edit {
        PageEdit::Xor { byte, bytes } => {
            let old = part(plain, *byte, bytes.len())?;
            (*byte, plain[old].iter().zip(bytes).map(|(old, xor)| old ^ xor).collect())
        }
        PageEdit::Set { byte, bytes } => (*byte, bytes.clone()),
        PageEdit::Field { name, value } => {
            let (range, bytes) = field_of(fields_of(kind), name, value)?;
            (range.start, bytes)
        }
        PageEdit::SwapSlots(first, second) => {
            let (first, second) = (slot(plain, *first)?, slot(plain, *second)?);
            let (a, b) = (plain[first.clone()].to_vec(), plain[second.clone()].to_vec());
            plain[first].copy_from_slice(&b);
            plain[second].copy_from_slice(&a);
            return Ok(());
        }
        PageEdit::Key { slot: number, key } => {
            let slot = slot(plain, *number)?;
            let place = key_place(plain, slot.clone(), kind)?;
            if place.len() != key.len() {
                return Failure::refused(format!(
                    "the key in slot {number} has {} bytes, and so must this",
                    place.len()
                ));
            }
            // The slot repeats the first four bytes of the key.
            let head: Vec<u8> = key.iter().copied().chain([0; 4]).take(node::slot_place::HEAD.size).collect();
            plain[slot.start + node::slot_place::HEAD.offset..slot.end].copy_from_slice(&head);
            (place.start, key.clone())
        }
        PageEdit::Length { slot: number, length } => {
            let cell = cell(plain, slot(plain, *number)?)?;
            let old = u32::from_le_bytes(*part_of(plain, cell, LEAF_CELL_BYTES)?);
            (cell, (length & !OVERFLOW_BIT | old & OVERFLOW_BIT).to_le_bytes().to_vec())
        }
        PageEdit::Pointer { slot: number, page } => {
            let slot = slot(plain, *number)?;
            let at = match kind {
                Some(PageKind::Branch) => cell(plain, slot)?,
                _ => key_place(plain, slot, kind)?.end,
            };
            (at, encode_pointer(&pointer_to(forger, *page)?).to_vec())
        }
        PageEdit::Next(page) => {
            let place = if kind == Some(PageKind::Overflow) { overflow::place::NEXT } else { free_list::place::NEXT };
            let pointer = if page.is_none() { PagePointer::NULL } else { pointer_to(forger, *page)? };
            (place.offset, encode_pointer(&pointer).to_vec())
        }
        PageEdit::Entry { entry, page } => {
            let at = entry.saturating_mul(TRUNK_ENTRY_BYTES).saturating_add(TRUNK_HEADER_BYTES);
            (at, page.0.to_le_bytes().to_vec())
        }
    };
    let range = part(plain, at, bytes.len())?;
    plain[range].copy_from_slice(&bytes);
    Ok(())
}

/// The newest form of a page that stands in the log, unless the log was folded.
fn newest_frame(forger: &Forger, page: PageNo) -> Option<LogRecord> {
    let records = if forger.log_is_bound() { forger.records().unwrap_or_default() } else { Vec::new() };
    records.into_iter().rev().find(|record| record.fields.page == page)
}

/// The pointer that names the newest form of a page.
fn pointer_to(forger: &Forger, page: PageNo) -> Result<PagePointer, Failure> {
    let Some(frame) = newest_frame(forger, page) else {
        return Ok(forger.pointer(page)?);
    };
    match SealedPage::adopt(frame.body) {
        Some(sealed) => Ok(PagePointer { page, commit: frame.fields.commit, seal: sealed.seal() }),
        None => Failure::refused(format!("the log's page {page} is none")),
    }
}

fn fields_of(kind: Option<PageKind>) -> &'static [Field] {
    match kind {
        Some(PageKind::Overflow) => overflow::place::FIELDS,
        Some(PageKind::FreeList) => free_list::place::FIELDS,
        _ => node::header_place::FIELDS,
    }
}

/// Where a field stands and what it is to hold.
fn field_of(fields: &[Field], name: &str, value: &FieldValue) -> Result<(Range<usize>, Vec<u8>), Failure> {
    match fields.iter().find(|field| field.name == name) {
        Some(field) => Ok((field.span(), field_bytes(name, value, field.size)?)),
        None => Failure::refused(format!("there is no field `{name}` here; DESIGN.md has the byte tables")),
    }
}

fn part(plain: &[u8], at: usize, count: usize) -> Result<Range<usize>, Failure> {
    match at.checked_add(count).filter(|&end| end <= plain.len()) {
        Some(end) => Ok(at..end),
        None => Failure::refused(format!("the page has {} bytes, counted from 0", plain.len())),
    }
}

fn part_of<const N: usize>(plain: &[u8], at: usize, count: usize) -> Result<&[u8; N], Failure> {
    let range = part(plain, at, count)?;
    match plain[range].first_chunk() {
        Some(bytes) => Ok(bytes),
        None => Failure::refused("the page ends there"),
    }
}

/// Where a slot stands.
fn slot(plain: &[u8], number: usize) -> Result<Range<usize>, Failure> {
    part(plain, number.saturating_mul(SLOT_BYTES).saturating_add(HEADER_BYTES), SLOT_BYTES)
}

/// Where the cell of a slot starts.
fn cell(plain: &[u8], slot: Range<usize>) -> Result<usize, Failure> {
    let at = usize::from(node::slot_place::OFFSET.u16(&plain[slot]));
    part(plain, at, LEAF_CELL_BYTES).map(|part| part.start)
}

/// Where the key of a slot's cell stands.
fn key_place(plain: &[u8], slot: Range<usize>, kind: Option<PageKind>) -> Result<Range<usize>, Failure> {
    let before = if kind == Some(PageKind::Branch) { node::BRANCH_CELL_BYTES } else { LEAF_CELL_BYTES };
    let length = usize::from(node::slot_place::KEY_LENGTH.u16(&plain[slot.clone()]));
    part(plain, cell(plain, slot)? + before, length)
}

fn forge_record(forger: &mut Forger, record: u32, name: &str, value: &FieldValue) -> Done {
    let records = forger.records()?;
    let Some(found) = (record as usize).checked_sub(1).and_then(|index| records.get(index)) else {
        return Failure::refused(format!("the log has {} records, counted from 1", records.len()));
    };
    let mut edited = found.clone();
    match set_head(&mut edited, name, value)? {
        true => {}
        false if edited.fields.kind == RecordKind::Commit => {
            let (range, bytes) = field_of(body_fields(edited.body.len()), name, value)?;
            edited.body[range].copy_from_slice(&bytes);
        }
        false => return Failure::refused(format!("a page frame has no field `{name}`")),
    }
    forger.log_records(|records| records[record as usize - 1] = edited)?;
    Ok(format!("record {record} says {name} {value}, and the log follows from it"))
}

/// Sets a field of a record's head; false when it has none of this name that is not computed.
fn set_head(record: &mut LogRecord, name: &str, value: &FieldValue) -> Result<bool, Failure> {
    let Some(field) = record_place::FIELDS.iter().find(|field| field.name == name && field.size <= 8) else {
        return Ok(false);
    };
    let mut wide = [0; 8];
    wide[..field.size].copy_from_slice(&field_bytes(name, value, field.size)?);
    let number = u64::from_le_bytes(wide);
    let fields = &mut record.fields;
    match name {
        "generation" => fields.generation = number,
        "sequence" => fields.sequence = number,
        "commit" => fields.commit = CommitNo(number),
        "pgno" => fields.page = PageNo(number as u32),
        "durable_sequence" => fields.durable_sequence = number,
        _ => return Failure::refused(format!("{name} is computed; `tamper record` writes it over")),
    }
    Ok(true)
}
