use super::{for_every_damage, refused, samples, spans_inside};
use crate::finding::Code;
use crate::format::log::*;
use crate::types::{PagePointer, PageSize};

const SHAPE: LogShape = LogShape { format: 2, page_size: PageSize::TOY };

fn record(kind: RecordKind) -> Vec<u8> {
    let mut record = Vec::new();
    let body = match kind {
        RecordKind::Page => samples::sealed_page(),
        RecordKind::Commit => samples::commit_body().encode().to_vec(),
    };
    append_record(&mut record, &samples::fields(kind, 3), &body, |_| [0xaa; 16]);
    record
}

fn mend_crc(record: &mut [u8]) {
    let crc = crc32fast::hash(&[&record[..36], &record[40..]].concat());
    record[36..40].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn a_log_header_survives_the_round_trip() {
    let header = samples::log_header();
    let bytes = header.encode();
    assert_eq!(LogHeader::decode(&bytes), Ok(header));
    assert_eq!(seed_input(&bytes), &bytes[..56]);
}

#[test]
fn every_truncation_and_every_changed_byte_of_a_log_header_is_refused() {
    for_every_damage(&samples::log_header().encode(), LogHeader::decode, refused);
}

#[test]
fn a_record_survives_the_round_trip_with_more_behind_it() {
    for kind in [RecordKind::Page, RecordKind::Commit] {
        let mut bytes = record(kind);
        bytes.extend_from_slice(b"more");
        let view = RecordView::decode(&bytes, SHAPE).unwrap();
        assert_eq!(view.len(), SHAPE.record_bytes(kind));
        assert_eq!(view.fields(), samples::fields(kind, 3));
        assert_eq!(view.mac(), &[0xaa; 16]);
        assert_eq!(view.body(), &bytes[80..view.len()]);
    }
}

#[test]
fn the_mac_of_a_record_is_asked_for_over_the_same_parts_that_reading_hands_out() {
    for (kind, body_part) in [(RecordKind::Page, 80 + 496..80 + 512), (RecordKind::Commit, 80..224)] {
        let bytes = record(kind);
        let mut asked = Vec::new();
        let mut again = Vec::new();
        append_record(&mut again, &samples::fields(kind, 3), &bytes[80..], |parts| {
            asked = parts.concat();
            [0xaa; 16]
        });
        assert_eq!(again, bytes);
        assert_eq!(asked, RecordView::decode(&bytes, SHAPE).unwrap().mac_parts().concat());
        assert_eq!(asked, [&bytes[..36], &bytes[40..64], &bytes[body_part]].concat());
    }
}

#[test]
fn every_truncation_and_every_changed_byte_of_a_record_is_refused() {
    for kind in [RecordKind::Page, RecordKind::Commit] {
        for_every_damage(&record(kind), |bytes| RecordView::decode(bytes, SHAPE).map(|_| ()), refused);
    }
}

#[test]
fn a_torn_a_rotten_and_an_impossible_record_have_different_codes() {
    let code = |bytes: &[u8]| RecordView::decode(bytes, SHAPE).unwrap_err().code;
    let sound = record(RecordKind::Page);
    assert_eq!(code(&sound[..100]), Code::LogTornTail);
    let mut rotten = sound.clone();
    rotten[200] ^= 1;
    assert_eq!(code(&rotten), Code::LogRot);
    for (at, byte) in [(5, 1), (32, 0), (16, 0)] {
        let mut impossible = sound.clone();
        impossible[at] = byte;
        mend_crc(&mut impossible);
        assert_eq!(code(&impossible), Code::LogRecord, "byte {at}");
    }
}

#[test]
fn a_record_with_a_mended_checksum_is_an_error_or_differs() {
    let sound = record(RecordKind::Commit);
    for at in (0..36).chain(40..224) {
        let mut changed = sound.clone();
        changed[at] ^= 0x11;
        mend_crc(&mut changed);
        match RecordView::decode(&changed, SHAPE) {
            Ok(view) => assert_ne!(view.bytes(), sound),
            Err(error) => spans_inside(&changed, &error),
        }
    }
}

#[test]
fn a_commit_body_survives_the_round_trip_and_its_damage_is_an_error_or_visible() {
    let body = samples::commit_body();
    let bytes = body.encode();
    assert_eq!(CommitBody::decode(&bytes), Ok(body.clone()));
    assert_eq!(fingerprint_input(&bytes), &bytes[..128]);
    for_every_damage(&bytes, CommitBody::decode, |bytes, result| match result {
        Ok(other) => assert_ne!(other, body),
        Err(error) => spans_inside(bytes, &error),
    });
}

#[test]
fn a_commit_body_of_format_1_is_read_and_so_is_a_record_of_it() {
    let newer = samples::commit_body().encode();
    let older = [&newer[..80], &newer[112..]].concat();
    let body = CommitBody::decode(&older).unwrap();
    let expected = CommitBody { catalog: PagePointer::NULL, tree_count: 0, ..samples::commit_body() };
    assert_eq!(body, expected);
    assert_eq!(fingerprint_input(&older), &older[..96]);
    let mut record = Vec::new();
    append_record(&mut record, &samples::fields(RecordKind::Commit, 3), &older, |_| [0xaa; 16]);
    assert_eq!(record.len(), 192);
    let shape = LogShape { format: 1, ..SHAPE };
    assert_eq!(RecordView::decode(&record, shape).unwrap().body(), older);
    assert_eq!(RecordView::decode(&record, SHAPE).unwrap_err().code, Code::LogRot, "it follows from the log's format");
}

#[test]
fn a_log_of_a_newer_format_is_told_as_such() {
    let mut header = samples::log_header();
    header.format = 1;
    assert_eq!(LogHeader::decode(&header.encode()), Ok(header.clone()));
    for format in [0, 3, u32::MAX] {
        header.format = format;
        assert_eq!(LogHeader::decode(&header.encode()).unwrap_err().code, Code::HdrVersion);
    }
}

#[test]
fn padding_reaches_to_the_next_sector_and_is_zero() {
    assert_eq!([0, 1, 511, 512, 513].map(padded_end), [0, 512, 512, 512, 1024]);
    assert_eq!(check_padding(&[0; 10]), Ok(()));
    assert_eq!(check_padding(&[0, 0, 3]).unwrap_err().span, 2..3);
}
