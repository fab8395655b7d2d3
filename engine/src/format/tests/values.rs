//! Overflow pages, free-list trunks, catalog entries, and leaf cells whose value lies elsewhere.

use super::{for_every_damage, samples, spans_inside};
use crate::finding::Code;
use crate::format::catalog::TreeEntry;
use crate::format::free_list::{FreeTrunk, FreeTrunkView, free_trunk_capacity};
use crate::format::node::{CellValue, Node, NodeView, key_bytes_max, value_is_inline};
use crate::format::overflow::{OverflowView, encode_overflow, overflow_data_bytes};
use crate::format::page::PageKind;
use crate::types::{PageNo, PagePointer, PageSize};

const PLAIN: usize = 456;

#[test]
fn an_overflow_page_survives_the_round_trip() {
    assert_eq!(overflow_data_bytes(PageSize::TOY), PLAIN - 48);
    let full = vec![7; PLAIN - 48];
    let plain = encode_overflow(PLAIN, &full, 1000, &samples::pointer(4));
    let page = OverflowView::new(&plain).unwrap();
    assert_eq!((page.data(), page.remaining(), page.next()), (&full[..], 1000, Some(samples::pointer(4))));
    let plain = samples::overflow_page();
    let last = OverflowView::new(&plain).unwrap();
    assert_eq!((last.data(), last.remaining(), last.next()), (&b"end"[..], 3, None));
    assert!(!format!("{last:?}").contains("end"));
}

#[test]
fn an_overflow_page_says_what_of_it_cannot_be() {
    let code = |at: usize, bytes: &[u8]| {
        let mut plain = samples::overflow_page();
        plain[at..at + bytes.len()].copy_from_slice(bytes);
        OverflowView::new(&plain).unwrap_err().code
    };
    assert_eq!(code(0, &[2]), Code::PageKind);
    assert_eq!(code(1, &[1]), Code::TreeSlot);
    assert_eq!(code(4, &[0]), Code::TreeSlot, "a page without data");
    assert_eq!(code(4, &[4]), Code::TreeSlot, "more data than the value has left");
    assert_eq!(code(4, &[0xff; 4]), Code::TreeSlot);
    assert_eq!(code(8, &[4]), Code::OvfShort, "the value goes on and the chain does not");
    assert_eq!(code(15, &[1]), Code::TreeSlot, "longer than any value");
    assert_eq!(code(16, &[9]), Code::OvfLong, "the chain goes on and the value does not");
    assert_eq!(code(20, &[1]), Code::TreeSlot, "a null pointer with a commit");
    assert_eq!(code(51, &[1]), Code::TreeSlot, "bytes behind the value's end");
    let mut half = encode_overflow(PLAIN, &vec![7; PLAIN - 48], 1000, &samples::pointer(4));
    half[4..8].copy_from_slice(&100u32.to_le_bytes());
    assert_eq!(OverflowView::new(&half).unwrap_err().code, Code::TreeSlot, "only the last page is not full");
}

#[test]
fn a_trunk_is_a_stack_of_page_numbers() {
    let mut trunk = FreeTrunk::new(PLAIN, &PagePointer::NULL);
    assert_eq!((trunk.pop(), trunk.next()), (None, None));
    let capacity = free_trunk_capacity(PageSize::TOY);
    assert_eq!(capacity, 102);
    (1..=capacity as u32).for_each(|page| trunk.push(PageNo(page)));
    assert!(trunk.is_full());
    let again = FreeTrunk::from_plain(trunk.as_bytes().to_vec()).unwrap();
    assert!(again.view().pages().eq((1..=102).map(PageNo)));
    (1..=102).rev().for_each(|page| assert_eq!(trunk.pop(), Some(PageNo(page))));
    assert_eq!(trunk, FreeTrunk::new(PLAIN, &PagePointer::NULL), "what was taken leaves zeros");
    assert_eq!(samples::free_trunk().next(), Some(samples::pointer(9)));
}

#[test]
fn a_trunk_says_what_of_it_cannot_be() {
    let code = |at: usize, bytes: &[u8]| {
        let mut plain = samples::free_trunk().into_bytes();
        plain[at..at + bytes.len()].copy_from_slice(bytes);
        FreeTrunkView::new(&plain).unwrap_err().code
    };
    assert_eq!(code(0, &[3]), Code::PageKind);
    assert_eq!(code(4, &[103]), Code::FreeCount);
    assert_eq!(code(4, &[0xff; 4]), Code::FreeCount);
    assert_eq!(code(4, &[1]), Code::TreeSlot, "an entry that is not counted");
    assert_eq!(code(4, &[3]), Code::TreeSlot, "an entry that names no page");
    assert_eq!(code(8, &[1]), Code::TreeSlot);
    assert_eq!(code(16, &[0]), Code::TreeSlot, "a null pointer with a commit");
}

#[test]
fn a_catalog_entry_survives_the_round_trip_and_its_counts_are_bounded() {
    let entry = samples::tree_entry();
    let bytes = entry.encode();
    assert_eq!(TreeEntry::decode(&bytes), Ok(entry));
    let code = |at: usize, with: &[u8]| {
        let mut changed = bytes;
        changed[at..at + with.len()].copy_from_slice(with);
        TreeEntry::decode(&changed).unwrap_err().code
    };
    assert_eq!(code(0, &[0; 4]), Code::TreeSlot);
    assert_eq!(code(28, &[0; 4]), Code::TreeCount);
    assert_eq!(code(32, &[0xff; 8]), Code::TreeCount);
    assert_eq!(TreeEntry::decode(&bytes[..39]).unwrap_err().code, Code::TreeSlot);
}

#[test]
fn no_damage_of_them_makes_a_decoder_panic() {
    let visible = |bytes: &[u8], result: Result<(), crate::format::DecodeError>| {
        if let Err(error) = result {
            spans_inside(bytes, &error);
        }
    };
    let overflow =
        |bytes: &[u8]| OverflowView::new(bytes).map(|page| assert!(page.data().len() as u64 <= page.remaining()));
    let trunk =
        |bytes: &[u8]| FreeTrunkView::new(bytes).map(|trunk| assert!(trunk.pages().all(|page| !page.is_none())));
    for_every_damage(&samples::overflow_page(), overflow, visible);
    for_every_damage(samples::free_trunk().as_bytes(), trunk, visible);
    for_every_damage(&samples::tree_entry().encode(), |bytes| TreeEntry::decode(bytes).map(|_| ()), visible);
    for_every_damage(
        samples::leaf_with_a_long_value().as_bytes(),
        |bytes| {
            NodeView::new(bytes).map(|node| {
                for slot in 0..if node.kind() == PageKind::Leaf { node.slot_count() } else { 0 } {
                    let _ = node.cell_value(slot);
                }
            })
        },
        visible,
    );
}

#[test]
fn a_value_is_inline_when_a_quarter_page_holds_it_with_its_key_or_its_pointer_would_not_be_shorter() {
    let quarter = PLAIN / 4;
    assert!(value_is_inline(PageSize::TOY, 14, quarter - 14));
    assert!(!value_is_inline(PageSize::TOY, 14, quarter - 13));
    assert!(value_is_inline(PageSize::TOY, quarter, 28));
    assert!(!value_is_inline(PageSize::TOY, quarter, 29));
}

#[test]
fn a_leaf_always_holds_two_records() {
    for size in [512, 1024, 4096, 65536] {
        let size = PageSize::new(size).unwrap();
        let mut leaf = Node::new(PageKind::Leaf, 0, size.plain_bytes());
        let key = vec![b'k'; key_bytes_max(size)];
        leaf.insert_overflow_record(0, &key, 1 << 30, &samples::pointer(6));
        leaf.insert_record(0, &key[1..], &[0; 28]);
        assert_eq!(NodeView::new(leaf.as_bytes()).unwrap().slot_count(), 2);
    }
}

#[test]
fn a_long_value_stays_where_it_is_through_every_change_of_its_leaf() {
    let mut leaf = samples::leaf_with_a_long_value();
    let expected = CellValue::Overflow { length: 1000, first: samples::pointer(6) };
    assert_eq!((leaf.view().cell_value(0), expected.len()), (expected, 1000));
    leaf.insert_record(1, b"l", b"short");
    leaf.insert_record(0, b"a", b"gone");
    leaf.remove(0);
    leaf.compact();
    assert_eq!(leaf.view().cell_value(0), expected);
    assert_eq!(leaf.view().cell_value(1), CellValue::Inline(b"short"));
    let mut right = Node::new(PageKind::Leaf, 0, PLAIN);
    leaf.move_tail_to(0, &mut right);
    assert_eq!(NodeView::new(right.as_bytes()).unwrap().cell_value(0), expected);
}

#[test]
fn a_long_value_that_could_stand_inline_or_leads_nowhere_is_refused() {
    let refused = |length: u32, first: &PagePointer| {
        let mut leaf = Node::new(PageKind::Leaf, 0, PLAIN);
        leaf.insert_overflow_record(0, b"k", length, first);
        NodeView::new(leaf.as_bytes()).map(|_| ()).map_err(|error| (error.code, error.span))
    };
    assert_eq!(refused(113, &samples::pointer(6)), Err((Code::TreeSlot, 423..427)));
    assert_eq!(refused(114, &samples::pointer(6)), Ok(()));
    assert_eq!(refused(1 << 30, &samples::pointer(6)), Ok(()));
    assert_eq!(refused(1000, &PagePointer::NULL), Err((Code::TreeSlot, 428..432)));
    let mut over = samples::leaf_with_a_long_value().into_bytes();
    over[423..427].copy_from_slice(&(((1u32 << 30) + 1) | (1 << 31)).to_le_bytes());
    assert_eq!(NodeView::new(&over).unwrap_err().span, 423..427);
}
