use super::{for_every_damage, samples, spans_inside};
use crate::finding::Code;
use crate::format::page::{PageHeader, PageKind, SealedView, decode_pointer, encode_pointer};
use crate::types::{CommitNo, PageNo, PagePointer, Seal};

#[test]
fn a_page_header_survives_the_round_trip_and_is_these_bytes() {
    let header = PageHeader { kind: PageKind::Leaf, page: PageNo(0x0102), commit: CommitNo(3) };
    assert_eq!(header.encode(), [2, 0, 0, 0, 2, 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(PageHeader::decode(&header.encode()), Ok(header));
}

#[test]
fn damage_to_a_page_header_is_an_error_or_another_header() {
    let header = PageHeader { kind: PageKind::Leaf, page: PageNo(2), commit: CommitNo(3) };
    for_every_damage(&header.encode(), PageHeader::decode, |bytes, result| match result {
        Ok(other) => assert_ne!(other, header),
        Err(error) => spans_inside(bytes, &error),
    });
}

#[test]
fn a_sealed_page_is_taken_apart_without_gap_or_overlap() {
    let bytes = samples::sealed_page();
    let page = SealedView::new(&bytes).unwrap();
    assert_eq!(page.header().unwrap().page, PageNo(2));
    let joined = [page.nonce(), &page.header_bytes()[..], page.ciphertext(), &page.seal().0].concat();
    assert_eq!(joined, bytes);
    assert!(SealedView::new(&bytes[1..]).is_none());
    assert!(SealedView::new(&[]).is_none());
}

#[test]
fn a_zero_page_is_told_from_a_damaged_one() {
    assert_eq!(SealedView::new(&[0; 512]).unwrap().header().unwrap_err().code, Code::PageZero);
    let mut bytes = samples::sealed_page();
    bytes[24] = 9;
    let error = SealedView::new(&bytes).unwrap().header().unwrap_err();
    assert_eq!((error.code, error.span), (Code::PageUnauthentic, 24..25));
}

#[test]
fn a_pointer_survives_the_round_trip() {
    let pointer = PagePointer { page: PageNo(5), commit: CommitNo(6), seal: Seal([7; 16]) };
    assert_eq!(decode_pointer(&encode_pointer(&pointer)), pointer);
    assert_eq!(encode_pointer(&PagePointer::NULL), [0; 28]);
}
