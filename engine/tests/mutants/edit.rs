//! One change of a file set, made without the key.

use super::draw::Draw;
use super::world::{LOG, PATH, World};
use std::ops::Range;
use tosumu::forge::{Files, mend_checksums};
use tosumu::format::log::{LOG_HEADER_BYTES, RECORD_HEADER_BYTES};
use tosumu::limits::{PAGES_START_BYTES, SUPERBLOCK_BYTES};

/// Where the key slots begin in a superblock, and how long one is.
const KEY_SLOTS_START: usize = 256;
const KEY_SLOT: usize = 256;

/// Whether checksums are made right behind the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mended {
    /// As the change left them.
    No,
    /// All of the file's.
    Yes,
}

/// A change.
#[derive(Clone, PartialEq, Debug)]
pub enum Edit {
    /// One bit.
    Flip { file: &'static str, at: usize, bit: u32, mended: Mended },
    /// A run of bytes of one value.
    Fill { file: &'static str, at: usize, length: usize, byte: u8, mended: Mended },
    /// A number of 1, 2, 4 or 8 bytes.
    Number { file: &'static str, at: usize, size: usize, number: u64, mended: Mended },
    /// Two pages change places.
    SwapPages(usize, usize),
    /// A page stands in a second place too.
    CopyPage { from: usize, to: usize },
    /// Pages as they were in another state: one, or several of the same.
    PagesBack { pages: Vec<usize>, state: usize },
    /// Sectors of 512 bytes as they were in another state: torn pages.
    SectorsBack { file: &'static str, first: usize, count: usize, state: usize },
    /// A page of another database.
    ForeignPage { page: usize, from: usize },
    /// The file ends here.
    Truncate { file: &'static str, length: usize },
    /// The file goes on.
    Extend { file: &'static str, count: usize, byte: u8 },
    /// A superblock slot as it was in another state, or of another database.
    SlotBack { slot: usize, state: Option<usize> },
    /// The superblock slots change places.
    SwapSlots,
    /// One superblock slot over the other.
    CopySlot { from: usize },
    /// A number in a superblock.
    HeaderField { slots: Range<usize>, at: usize, size: usize, number: u64, mended: Mended },
    /// A key slot as it was in another state, or of another database, in one or both superblocks.
    KeySlotBack { slots: Range<usize>, number: usize, state: Option<usize>, mended: Mended },
    /// A record of the log is gone, and what is behind it moves up.
    RecordDropped(usize),
    /// Two records change places.
    RecordsSwapped(usize, usize),
    /// A record stands there twice.
    RecordRepeated(usize),
    /// A record of another state's log, or of another database's.
    RecordSpliced { at: usize, from: usize, state: Option<usize> },
    /// The log ends behind this record.
    LogCut(usize),
    /// The log ends anywhere.
    LogGone,
    /// The log as it was in another state, or of another database.
    LogBack(Option<usize>),
    /// The page file as it was in another state.
    PageFileBack(usize),
    /// Everything as it was in another state.
    AllBack(usize),
}

impl Edit {
    /// What it is counted under.
    pub fn kind(&self) -> &'static str {
        match self {
            Edit::Flip { .. } => "bit flip",
            Edit::Fill { .. } | Edit::Number { .. } => "byte run",
            Edit::SwapPages(..) | Edit::CopyPage { .. } => "page swap or copy",
            Edit::PagesBack { pages, .. } if pages.len() == 1 => "single rollback",
            Edit::PagesBack { .. } => "consistent rollback",
            Edit::SectorsBack { .. } => "torn: sectors rolled back",
            Edit::ForeignPage { .. } => "page of another file",
            Edit::Truncate { .. } => "truncation",
            Edit::Extend { .. } => "extension",
            Edit::SlotBack { .. } | Edit::SwapSlots | Edit::CopySlot { .. } => "superblock slot put back",
            Edit::HeaderField { .. } => "header edit",
            Edit::KeySlotBack { .. } => "key slot put back",
            Edit::RecordDropped(_) => "log record dropped",
            Edit::RecordsSwapped(..) => "log records swapped",
            Edit::RecordRepeated(_) => "log record repeated",
            Edit::RecordSpliced { .. } => "log record spliced in",
            Edit::LogCut(_) => "log cut",
            Edit::LogGone => "log removed",
            Edit::LogBack(_) => "log put back",
            Edit::PageFileBack(_) => "page file put back",
            Edit::AllBack(_) => "everything put back",
        }
    }

    /// A change of state number `state` of the world.
    pub fn draw(world: &World, state: usize, draw: &mut Draw) -> Edit {
        let files = &world.states[state].files;
        let file = *draw.one(&[PATH, PATH, LOG]);
        let length = files.get(file).map_or(0, Vec::len);
        let pages = files[PATH].len().saturating_sub(PAGES_START_BYTES as usize) / world.page;
        let older = draw.below(state.max(1));
        let back = if draw.below(5) == 0 { None } else { Some(older) };
        let record = |draw: &mut Draw| draw.below(records(files.get(LOG).map_or(&[], Vec::as_slice)).len() + 1);
        let mended = *draw.one(&[Mended::No, Mended::Yes]);
        match draw.below(26) {
            0 | 1 => Edit::Flip { file, at: draw.below(length), bit: draw.below(8) as u32, mended },
            2 => {
                let count = *draw.one(&[1, 4, 16, 80, 512, world.page]);
                Edit::Fill { file, at: draw.below(length), length: count, byte: *draw.one(&[0, 0xff, 0x5a]), mended }
            }
            3 => {
                let size = *draw.one(&[1, 2, 4, 8]);
                Edit::Number { file, at: draw.below(length) / 4 * 4, size, number: draw.odd(), mended }
            }
            4 => Edit::SwapPages(draw.below(pages), draw.below(pages)),
            5 => Edit::CopyPage { from: draw.below(pages), to: draw.below(pages) },
            6 | 7 => Edit::PagesBack { pages: vec![draw.below(pages)], state: older },
            8 | 9 => {
                let count = 2 + draw.below(pages);
                Edit::PagesBack { pages: (0..count).map(|_| draw.below(pages)).collect(), state: older }
            }
            10 => Edit::SectorsBack {
                file,
                first: draw.below(length / 512),
                count: 1 + draw.below(world.page / 512),
                state: older,
            },
            11 => Edit::ForeignPage { page: draw.below(pages), from: draw.below(pages) },
            12 => {
                let unit = *draw.one(&[1, 512, world.page]);
                Edit::Truncate { file, length: draw.below(length / unit + 1) * unit }
            }
            13 => Edit::Extend { file, count: *draw.one(&[1, 80, 512, world.page, 5000]), byte: *draw.one(&[0, 0xff]) },
            14 => Edit::SlotBack { slot: draw.below(2), state: back },
            15 if draw.below(2) == 0 => Edit::SwapSlots,
            15 => Edit::CopySlot { from: draw.below(2) },
            16 => {
                let (at, size) = *draw.one(HEADER_FIELDS);
                let first = draw.below(2);
                let slots = if draw.below(2) == 0 { 0..2 } else { first..first + 1 };
                Edit::HeaderField { slots, at, size, number: draw.odd(), mended }
            }
            17 => {
                let first = draw.below(2);
                let slots = if draw.below(2) == 0 { 0..2 } else { first..first + 1 };
                Edit::KeySlotBack { slots, number: draw.below(3), state: back, mended }
            }
            18 => Edit::RecordDropped(record(draw)),
            19 => Edit::RecordsSwapped(record(draw), record(draw)),
            20 => Edit::RecordRepeated(record(draw)),
            21 => Edit::RecordSpliced { at: record(draw), from: draw.below(20), state: back },
            22 => Edit::LogCut(record(draw)),
            23 if draw.below(3) == 0 => Edit::LogGone,
            23 => Edit::LogBack(back),
            24 => Edit::PageFileBack(older),
            _ => Edit::AllBack(older),
        }
    }

    /// Makes the change. Where there is nothing to change, nothing is changed.
    pub fn apply(&self, files: &mut Files, world: &World) {
        match self {
            Edit::Flip { file, at, bit, mended } => {
                change(files, file, *mended, |bytes| {
                    if let Some(byte) = bytes.get_mut(*at) {
                        *byte ^= 1 << bit;
                    }
                });
            }
            Edit::Fill { file, at, length, byte, mended } => change(files, file, *mended, |bytes| {
                let range = (*at).min(bytes.len())..(at + length).min(bytes.len());
                bytes[range].fill(*byte);
            }),
            Edit::Number { file, at, size, number, mended } => {
                change(files, file, *mended, |bytes| put_number(bytes, *at, *size, *number));
            }
            Edit::SwapPages(a, b) => change(files, PATH, Mended::No, |bytes| {
                let (Some(first), Some(second)) = (page_of(bytes, world, *a), page_of(bytes, world, *b)) else {
                    return;
                };
                put_page(bytes, world, *a, &second);
                put_page(bytes, world, *b, &first);
            }),
            Edit::CopyPage { from, to } => change(files, PATH, Mended::No, |bytes| {
                if let Some(page) = page_of(bytes, world, *from) {
                    put_page(bytes, world, *to, &page);
                }
            }),
            Edit::PagesBack { pages, state } => {
                let old = &world.states[*state].files[PATH];
                change(files, PATH, Mended::No, |bytes| {
                    for &page in pages {
                        if let Some(content) = page_of(old, world, page) {
                            put_page(bytes, world, page, &content);
                        }
                    }
                });
            }
            Edit::SectorsBack { file, first, count, state } => {
                let Some(old) = world.states[*state].files.get(*file) else { return };
                change(files, file, Mended::No, |bytes| {
                    let range = first * 512..((first + count) * 512).min(bytes.len()).min(old.len());
                    if let (Some(new), Some(old)) = (bytes.get_mut(range.clone()), old.get(range)) {
                        new.copy_from_slice(old);
                    }
                });
            }
            Edit::ForeignPage { page, from } => {
                if let Some(content) = page_of(&world.foreign[PATH], world, *from) {
                    change(files, PATH, Mended::No, |bytes| put_page(bytes, world, *page, &content));
                }
            }
            Edit::Truncate { file, length } => change(files, file, Mended::No, |bytes| bytes.truncate(*length)),
            Edit::Extend { file, count, byte } => {
                change(files, file, Mended::No, |bytes| bytes.resize(bytes.len() + count, *byte));
            }
            Edit::LogGone => drop(files.remove(LOG)),
            Edit::LogBack(state) => match source(world, *state).get(LOG) {
                Some(log) => drop(files.insert(LOG.to_owned(), log.clone())),
                None => drop(files.remove(LOG)),
            },
            Edit::PageFileBack(state) => {
                files.insert(PATH.to_owned(), world.states[*state].files[PATH].clone());
            }
            Edit::AllBack(state) => files.clone_from(&world.states[*state].files),
            _ if self.is_of_superblock() => change(files, PATH, self.mended(), |bytes| self.change_slots(bytes, world)),
            _ => change(files, LOG, Mended::No, |bytes| self.change_records(bytes, world)),
        }
    }

    fn is_of_superblock(&self) -> bool {
        matches!(
            self,
            Edit::SlotBack { .. }
                | Edit::SwapSlots
                | Edit::CopySlot { .. }
                | Edit::HeaderField { .. }
                | Edit::KeySlotBack { .. }
        )
    }

    fn mended(&self) -> Mended {
        match self {
            Edit::HeaderField { mended, .. } | Edit::KeySlotBack { mended, .. } => *mended,
            _ => Mended::No,
        }
    }

    fn change_slots(&self, bytes: &mut [u8], world: &World) {
        let Some(head) = bytes.get_mut(..2 * SUPERBLOCK_BYTES) else { return };
        let (a, b) = head.split_at_mut(SUPERBLOCK_BYTES);
        match self {
            Edit::SlotBack { slot, state } => {
                let start = slot * SUPERBLOCK_BYTES;
                let old = &source(world, *state)[PATH][start..start + SUPERBLOCK_BYTES];
                head[start..start + SUPERBLOCK_BYTES].copy_from_slice(old);
            }
            Edit::SwapSlots => a.swap_with_slice(b),
            Edit::CopySlot { from: 0 } => b.copy_from_slice(a),
            Edit::CopySlot { .. } => a.copy_from_slice(b),
            Edit::HeaderField { slots, at, size, number, .. } => {
                for slot in slots.clone() {
                    put_number(head, slot * SUPERBLOCK_BYTES + at, *size, *number);
                }
            }
            Edit::KeySlotBack { slots, number, state, .. } => {
                for slot in slots.clone() {
                    let start = slot * SUPERBLOCK_BYTES + KEY_SLOTS_START + number * KEY_SLOT;
                    let old = &source(world, *state)[PATH][start..start + KEY_SLOT];
                    head[start..start + KEY_SLOT].copy_from_slice(old);
                }
            }
            _ => {}
        }
    }

    fn change_records(&self, log: &mut Vec<u8>, world: &World) {
        let places = records(log);
        let mut parts: Vec<Vec<u8>> = places.iter().map(|place| log[place.clone()].to_vec()).collect();
        let tail = log.split_off(places.last().map_or(log.len().min(LOG_HEADER_BYTES), |place| place.end));
        match self {
            Edit::RecordDropped(at) if *at < parts.len() => drop(parts.remove(*at)),
            Edit::RecordsSwapped(a, b) if *a < parts.len() && *b < parts.len() => parts.swap(*a, *b),
            Edit::RecordRepeated(at) if *at < parts.len() => parts.insert(*at, parts[*at].clone()),
            Edit::RecordSpliced { at, from, state } if *at <= parts.len() => {
                let Some(other) = source(world, *state).get(LOG) else { return log.extend(tail) };
                if let Some(place) = records(other).get(*from) {
                    parts.insert(*at, other[place.clone()].to_vec());
                }
            }
            Edit::LogCut(at) => {
                parts.truncate(*at);
                log.truncate(LOG_HEADER_BYTES);
                return log.extend(parts.concat());
            }
            _ => {}
        }
        log.truncate(LOG_HEADER_BYTES);
        log.extend(parts.concat());
        log.extend(tail);
    }
}

/// Numbers of a superblock: format, features, page size, generations, log expected, counts, commit, root, key slots' counter,
/// fingerprint, catalog; of the first key slots kind, generation and parameters.
const HEADER_FIELDS: &[(usize, usize)] = &[
    (8, 4),
    (12, 4),
    (24, 4),
    (32, 4),
    (36, 4),
    (56, 8),
    (64, 8),
    (72, 1),
    (73, 1),
    (76, 4),
    (80, 8),
    (88, 4),
    (92, 8),
    (116, 4),
    (144, 4),
    (148, 4),
    (152, 8),
    (160, 8),
    (176, 4),
    (204, 4),
    (256, 1),
    (260, 4),
    (264, 4),
    (268, 4),
    (272, 4),
    (512, 1),
];

fn change(files: &mut Files, file: &str, mended: Mended, change: impl FnOnce(&mut Vec<u8>)) {
    let Some(bytes) = files.get_mut(file) else { return };
    change(bytes);
    if mended == Mended::Yes {
        mend_checksums(files, file);
    }
}

/// The files of a state, or of the other database.
fn source(world: &World, state: Option<usize>) -> &Files {
    state.map_or(&world.foreign, |state| &world.states[state].files)
}

fn put_number(bytes: &mut [u8], at: usize, size: usize, number: u64) {
    if let Some(place) = bytes.get_mut(at..at + size) {
        place.copy_from_slice(&number.to_le_bytes()[..size]);
    }
}

fn page_place(world: &World, page: usize) -> Range<usize> {
    let start = PAGES_START_BYTES as usize + page * world.page;
    start..start + world.page
}

fn page_of(bytes: &[u8], world: &World, page: usize) -> Option<Vec<u8>> {
    bytes.get(page_place(world, page)).map(<[u8]>::to_vec)
}

fn put_page(bytes: &mut [u8], world: &World, page: usize, content: &[u8]) {
    if let Some(place) = bytes.get_mut(page_place(world, page)) {
        place.copy_from_slice(content);
    }
}

/// Where the records of a log stand, commits with the padding behind them: by their lengths alone.
fn records(log: &[u8]) -> Vec<Range<usize>> {
    let (mut at, mut places) = (LOG_HEADER_BYTES, Vec::new());
    while let Some(head) = log.get(at..at + RECORD_HEADER_BYTES) {
        let length = u32::from_le_bytes(head[..4].try_into().expect("four bytes")) as usize;
        if !(RECORD_HEADER_BYTES..=log.len() - at).contains(&length) {
            break;
        }
        let end = if head[4] == 2 { (at + length).next_multiple_of(512).min(log.len()) } else { at + length };
        places.push(at..end);
        at = end;
    }
    places
}

/// Most memory that a key slot may ask for here, in KiB, and most passes.
const WORK_MAX: [(usize, u32, u32); 3] = [(8, 1 << 20, 1024), (12, 16, 2), (16, 16, 4)];

/// Makes parameters of key slots small that are large but allowed: a mutant must not take a second because it asks for that.
pub fn bound_work(files: &mut Files) {
    let Some(bytes) = files.get_mut(PATH) else { return };
    let mut changed = false;
    for superblock in [0, SUPERBLOCK_BYTES] {
        for slot in 0..8 {
            for (at, ceiling, most) in WORK_MAX {
                let at = superblock + KEY_SLOTS_START + slot * KEY_SLOT + at;
                let Some(place) = bytes.get_mut(at..at + 4) else { continue };
                let asked = u32::from_le_bytes(place.try_into().expect("four bytes"));
                if asked > most && asked <= ceiling {
                    place.copy_from_slice(&most.to_le_bytes());
                    changed = true;
                }
            }
        }
    }
    if changed {
        mend_checksums(files, PATH);
    }
}
