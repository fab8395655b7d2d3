//! Changing bytes as somebody without the key does: pages, superblocks and records moved whole, single bytes flipped, checksums
//! mended where there is no secret in them.

use super::scene::{Files, Scene, nothing_to_change};
use crate::error::Result;
use crate::format::log::{LOG_HEADER_BYTES, LogHeader, RecordKind, RecordView, record_place};
use crate::format::log::{padded_end, record_crc};
use crate::format::superblock::place;
use crate::limits::{PAGES_START_BYTES, SUPERBLOCK_BYTES};
use std::collections::BTreeMap;
use std::ops::Range;

/// Pages of every scene have so many bytes.
const PAGE: usize = 512;
/// Where the header of a sealed page names its kind, its number and its commit.
const KIND: usize = 24;
const LEAF: u8 = 2;
pub const NUMBER: Range<usize> = 28..32;
pub const COMMIT: Range<usize> = 32..40;

/// The first byte of page `page` in a page file.
pub fn place_of(page: u32) -> usize {
    PAGES_START_BYTES as usize + (page as usize - 1) * PAGE
}

/// The bytes of page `page`.
pub fn page(files: &Files, page: u32) -> Result<&[u8]> {
    let start = place_of(page);
    files.page_file.get(start..start + PAGE).ok_or_else(|| nothing_to_change("there is no such page"))
}

/// Writes over a part of a file, which is long enough.
pub fn put(bytes: &mut [u8], at: usize, new: &[u8]) -> Result<()> {
    let place = bytes.get_mut(at..at + new.len()).ok_or_else(|| nothing_to_change("the file ends before"))?;
    place.copy_from_slice(new);
    Ok(())
}

/// The leaves that the log does not have, so that their pages in the page file count.
pub fn leaves(scene: &Scene) -> Result<Vec<u32>> {
    let logged = frames(scene)?;
    let count = (scene.present.page_file.len() - PAGES_START_BYTES as usize) / PAGE;
    let numbers = (1..=count as u32).filter(|number| !logged.contains_key(number));
    let leaves: Vec<u32> =
        numbers.filter(|&number| page(&scene.present, number).is_ok_and(|bytes| bytes[KIND] == LEAF)).collect();
    match leaves.len() {
        0 | 1 => Err(nothing_to_change("there are no leaves")),
        _ => Ok(leaves),
    }
}

/// A leaf of the page file that the second checkpoint changed.
pub fn changed_leaf(scene: &Scene) -> Result<u32> {
    let differs = |number: &u32| {
        let (now, then) = (page(&scene.present, *number), page(&scene.first, *number));
        matches!((now, then), (Ok(now), Ok(then)) if now != then && then[KIND] == LEAF)
    };
    leaves(scene)?.into_iter().find(differs).ok_or_else(|| nothing_to_change("no leaf changed"))
}

/// The bytes of one superblock.
pub fn slot(files: &Files, slot: usize) -> Result<&[u8]> {
    let bytes = files.page_file.get(slot * SUPERBLOCK_BYTES..(slot + 1) * SUPERBLOCK_BYTES);
    bytes.ok_or_else(|| nothing_to_change("there is no superblock"))
}

/// Which superblock has the higher generation.
pub fn newest_slot(files: &Files) -> Result<usize> {
    let generation = |at| slot(files, at).map(|bytes| place::SLOT_GENERATION.u64(bytes));
    Ok(usize::from(generation(1)? > generation(0)?))
}

/// Edits a superblock and mends its checksum, which needs no key.
pub fn edit_slot(files: &mut Files, which: usize, edit: impl FnOnce(&mut [u8])) -> Result<()> {
    let mut bytes = slot(files, which)?.to_vec();
    edit(&mut bytes);
    let crc = crc32fast::hash(&bytes[..place::CRC32.offset]);
    place::CRC32.put(&mut bytes, &crc.to_le_bytes());
    put(&mut files.page_file, which * SUPERBLOCK_BYTES, &bytes)
}

/// Both superblocks of another time.
pub fn put_slots_back(files: &mut Files, from: &Files) -> Result<()> {
    let slots = from.page_file.get(..PAGES_START_BYTES as usize).unwrap_or_default().to_vec();
    put(&mut files.page_file, 0, &slots)
}

/// The log, which every scene but that of a backup has.
pub fn log_of(files: &Files) -> Result<&Vec<u8>> {
    files.log.as_ref().ok_or_else(|| nothing_to_change("there is no log"))
}

/// As [`log_of`], to be changed.
pub fn log_mut(files: &mut Files) -> Result<&mut Vec<u8>> {
    files.log.as_mut().ok_or_else(|| nothing_to_change("there is no log"))
}

/// A record of a log.
#[derive(Clone)]
pub struct Place {
    /// Its bytes.
    pub span: Range<usize>,
    /// The page of a frame; 0 in a commit record.
    pub page: u32,
    /// The byte behind it and its padding.
    pub end: usize,
}

/// The records of a log's own generation, in order: what somebody sees without the key.
pub fn records(log: &[u8]) -> Result<Vec<Place>> {
    let unreadable = |_| nothing_to_change("the log does not read");
    let header = LogHeader::decode(log.get(..LOG_HEADER_BYTES).unwrap_or_default()).map_err(unreadable)?;
    let (mut places, mut at) = (Vec::new(), LOG_HEADER_BYTES);
    while let Ok(record) = RecordView::decode(log.get(at..).unwrap_or_default(), header.shape()) {
        let fields = record.fields();
        if fields.generation != header.log_generation {
            break;
        }
        let span = at..at + record.len();
        let is_commit = fields.kind == RecordKind::Commit;
        at = if is_commit { padded_end(span.end as u64) as usize } else { span.end };
        places.push(Place { span, page: fields.page.0, end: at });
    }
    Ok(places)
}

/// The commits of a log: the bytes of each, with its padding.
pub fn commits(log: &[u8]) -> Result<Vec<Range<usize>>> {
    let (mut commits, mut start) = (Vec::new(), LOG_HEADER_BYTES);
    for place in records(log)? {
        if place.page == 0 {
            commits.push(start..place.end.min(log.len()));
            start = place.end;
        }
    }
    match commits.len() {
        0..=2 => Err(nothing_to_change("the log has too few commits")),
        _ => Ok(commits),
    }
}

/// The frames of the present log, by page: the oldest first.
pub fn frames(scene: &Scene) -> Result<BTreeMap<u32, Vec<Place>>> {
    let mut frames: BTreeMap<u32, Vec<Place>> = BTreeMap::new();
    for place in records(log_of(&scene.present)?)? {
        if place.page > 0 {
            frames.entry(place.page).or_default().push(place);
        }
    }
    Ok(frames)
}

/// Mends the checksum of the record at `span`.
pub fn mend_record(log: &mut [u8], span: Range<usize>) -> Result<()> {
    let record = log.get_mut(span).ok_or_else(|| nothing_to_change("the log ends before"))?;
    let crc = record_crc(record);
    record_place::CRC32.put(record, &crc.to_le_bytes());
    Ok(())
}
