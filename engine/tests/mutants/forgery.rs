//! Changes made with the key: every MAC, seal and checksum is right, and what stands behind them is a lie.

use super::draw::Draw;
use tosumu::Error;
use tosumu::forge::{Forger, LogRecord, Mend, renumber};
use tosumu::format::free_list::FreeTrunk;
use tosumu::format::log::RecordKind;
use tosumu::format::node::Node;
use tosumu::format::overflow::encode_overflow;
use tosumu::format::page::PageKind;
use tosumu::limits::VALUE_BYTES_MAX;
use tosumu::types::{PagePointer, Seal};
use tosumu::{CommitNo, PageNo};

/// Makes one lie. What cannot be forged stays as it is.
pub fn forge(forger: &mut Forger, draw: &mut Draw) {
    let _ = match draw.below(6) {
        0 => forge_superblocks(forger, draw),
        1..=3 => forge_page(forger, draw),
        4 => forger.log_records(|records| records.iter_mut().for_each(|record| forge_record(record, draw))),
        _ => forger.log_records(|records| reorder(records, draw)),
    };
}

/// Places in a superblock whose numbers steer the reader: generations, counts, commit, root, free list, catalog.
const STEERING: [(usize, usize); 15] = [
    (56, 8),
    (64, 8),
    (72, 1),
    (76, 4),
    (80, 8),
    (88, 4),
    (92, 8),
    (116, 4),
    (120, 8),
    (144, 4),
    (148, 4),
    (152, 8),
    (160, 8),
    (176, 4),
    (204, 4),
];

fn forge_superblocks(forger: &mut Forger, draw: &mut Draw) -> Result<(), Error> {
    let (at, size) = *draw.one(&STEERING);
    let number = draw.odd().to_le_bytes();
    for slot in 0..1 + draw.below(2) as u8 {
        // Neighbours in their right places, however high.
        let generation = ((draw.odd() & !1) + u64::from(slot)).to_le_bytes();
        let field = if at == 56 { &generation[..] } else { &number[..size] };
        forger.edit_superblock(slot, Mend::Everything, |bytes| bytes[at..at + size].copy_from_slice(field))?;
    }
    if draw.below(2) == 0 { forger.bind_log() } else { Ok(()) }
}

/// The root of a tree or the head of the free list, so that what is forged is sure to be read; or any page.
fn forge_page(forger: &mut Forger, draw: &mut Draw) -> Result<(), Error> {
    let newest = forger.newest_superblock()?.1;
    let any = PageNo(1 + draw.below(forger.pages_in_file() as usize) as u32);
    let page = *draw.one(&[newest.root.page, newest.root.page, newest.free_list.page, newest.catalog.page, any, any]);
    let mut plain = other_kind_of_page(forger.newest_plain_page(page)?, draw);
    for _ in 0..draw.below(4) {
        let at = if draw.below(2) == 0 { draw.below(40) } else { draw.below(plain.len() - 8) };
        let size = *draw.one(&[1, 2, 4, 8]);
        plain[at..at + size].copy_from_slice(&draw.odd().to_le_bytes()[..size]);
    }
    match draw.below(3) {
        // The newest form, in the log.
        0 => forger.append_commit(&[(page, plain)], |_| {}).map(drop),
        _ => forger.reseal_through_parents(page, &plain).map(drop),
    }
}

/// Now and then a sound page of another kind, or a leaf with a value that lies elsewhere, in place of `plain`.
pub fn other_kind_of_page(plain: Vec<u8>, draw: &mut Draw) -> Vec<u8> {
    let page = if draw.below(2) == 0 { draw.below(30) as u32 } else { draw.odd() as u32 };
    let elsewhere = PagePointer { page: PageNo(page.max(1)), commit: CommitNo(1), seal: Seal([7; 16]) };
    match draw.below(10) {
        0 => encode_overflow(plain.len(), b"end", 3, &PagePointer::NULL),
        1 => {
            let full = vec![7; plain.len() - encode_overflow_header()];
            encode_overflow(plain.len(), &full, full.len() as u64 + 1 + draw.below(1000) as u64, &elsewhere)
        }
        2 => {
            let mut trunk = FreeTrunk::new(plain.len(), &elsewhere);
            (1..=3).for_each(|page| trunk.push(PageNo(page)));
            trunk.into_bytes()
        }
        3 => {
            let mut leaf = Node::new(PageKind::Leaf, 0, plain.len());
            leaf.insert_overflow_record(0, b"k", (draw.odd() as u32) % (VALUE_BYTES_MAX + 1), &elsewhere);
            leaf.into_bytes()
        }
        4 => {
            let mut branch = Node::new(PageKind::Branch, 1 + draw.below(25) as u8, plain.len());
            branch.insert_child(0, b"", &elsewhere);
            branch.insert_child(1, b"m", &elsewhere);
            branch.into_bytes()
        }
        _ => plain,
    }
}

/// What an overflow page holds besides its data, in bytes.
fn encode_overflow_header() -> usize {
    tosumu::format::overflow::OVERFLOW_HEADER_BYTES
}

/// Changes a field in some records.
fn forge_record(record: &mut LogRecord, draw: &mut Draw) {
    if draw.below(4) != 0 {
        return;
    }
    let (odd, fields) = (draw.odd(), &mut record.fields);
    match draw.below(5) {
        0 => fields.sequence = odd.max(1),
        1 => fields.commit = CommitNo(odd),
        2 => fields.durable_sequence = odd,
        3 if fields.kind == RecordKind::Page => fields.page = PageNo((odd as u32).max(1)),
        _ => {
            let place = *draw.one(&[0, 4, 8, 12, 36, 64, 68, 72, 80, 84, 108]);
            record.body[place..place + 4].copy_from_slice(&(odd as u32).to_le_bytes());
        }
    }
}

/// Takes out, doubles or moves a record, and half the time hides that in the numbers.
fn reorder(records: &mut Vec<LogRecord>, draw: &mut Draw) {
    if records.is_empty() {
        return;
    }
    let (a, b) = (draw.below(records.len()), draw.below(records.len()));
    match draw.below(3) {
        0 => drop(records.remove(a)),
        1 => records.insert(b, records[a].clone()),
        _ => records.swap(a, b),
    }
    if draw.below(2) == 0 {
        renumber(records);
    }
}
