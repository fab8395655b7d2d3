use super::samples;
use crate::format::annotate::{self, Annotation, Family};
use crate::format::key_slot::{KeySlot, KeySlotKind};
use crate::format::log::LogShape;
use crate::types::PageSize;
use proptest::collection::vec;
use proptest::prelude::*;

type Annotate = fn(&[u8]) -> Vec<Annotation>;

/// Each function with one sound structure for it.
fn all() -> Vec<(&'static str, Annotate, Vec<u8>)> {
    let log = samples::log_file();
    vec![
        ("superblock", annotate::superblock, samples::superblock().encode(|_| [1; 32])),
        ("key slot", annotate::key_slot, samples::key_slot(KeySlotKind::Keyless).bytes.to_vec()),
        ("empty key slot", annotate::key_slot, KeySlot::EMPTY.bytes.to_vec()),
        ("sealed page", annotate::sealed_page, samples::sealed_page()),
        ("leaf", annotate::node, samples::leaf().into_bytes()),
        ("branch", annotate::node, samples::branch().into_bytes()),
        ("leaf with a long value", annotate::node, samples::leaf_with_a_long_value().into_bytes()),
        ("overflow page", annotate::plain_page, samples::overflow_page()),
        ("free-list trunk", annotate::plain_page, samples::free_trunk().into_bytes()),
        ("catalog entry", annotate::tree_entry, samples::tree_entry().encode().to_vec()),
        ("superblock of format 1", annotate::superblock, samples::superblock_format_1().encode(|_| [1; 32])),
        ("commit body of format 1", annotate::commit_body, samples::commit_body_format_1()),
        ("log file of format 1", |bytes| annotate::log_file(bytes, PageSize::TOY), samples::log_file_format_1()),
        ("log header", annotate::log_header, log[..512].to_vec()),
        ("page frame", |bytes| annotate::log_record(bytes, LogShape::newest(PageSize::TOY)), log[512..1104].to_vec()),
        (
            "commit record",
            |bytes| annotate::log_record(bytes, LogShape::newest(PageSize::TOY)),
            log[1104..1328].to_vec(),
        ),
        ("commit body", annotate::commit_body, samples::commit_body().encode().to_vec()),
        ("log file", |bytes| annotate::log_file(bytes, PageSize::TOY), log),
    ]
}

fn assert_tiles(name: &str, bytes: &[u8], annotations: &[Annotation]) {
    let mut end = 0;
    for annotation in annotations {
        assert_eq!(annotation.span.start, end, "{name}: {annotation:?}");
        assert!(!annotation.span.is_empty(), "{name}: {annotation:?}");
        let texts = [annotation.name.as_str(), &annotation.value, annotation.meaning, annotation.guarded_by];
        assert!(texts.iter().all(|text| !text.chars().any(char::is_control)), "{name}: {annotation:?}");
        assert!(!annotation.meaning.is_empty() || annotation.family == Family::Free, "{name}: {annotation:?}");
        end = annotation.span.end;
    }
    assert_eq!(end, bytes.len(), "{name}");
}

fn lines(annotations: &[Annotation]) -> Vec<String> {
    let line = |a: &Annotation| format!("{}..{} {}: {}", a.span.start, a.span.end, a.name, a.value);
    annotations.iter().map(line).collect()
}

#[test]
fn sound_structures_are_tiled_and_every_byte_is_told() {
    for (name, annotate, bytes) in all() {
        let annotations = annotate(&bytes);
        assert_tiles(name, &bytes, &annotations);
        for annotation in annotations {
            assert!(!annotation.value.contains("not decodable"), "{name}: {annotation:?}");
            assert!(!annotation.value.contains("expected"), "{name}: {annotation:?}");
        }
    }
}

#[test]
fn every_truncation_and_every_changed_byte_is_tiled() {
    for (name, annotate, bytes) in all() {
        let step = if bytes.len() > 1000 { 7 } else { 1 };
        for length in (0..bytes.len()).step_by(step) {
            assert_tiles(name, &bytes[..length], &annotate(&bytes[..length]));
        }
        let mut changed = bytes.clone();
        for at in (0..bytes.len()).step_by(step) {
            changed[at] ^= 0xff;
            assert_tiles(name, &changed, &annotate(&changed));
            changed[at] = bytes[at];
        }
        let longer = [bytes.as_slice(), b"more"].concat();
        assert_tiles(name, &longer, &annotate(&longer));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_tiled(noise in vec(any::<u8>(), 0..1500), places in vec((any::<usize>(), any::<u8>()), 0..12)) {
        for (name, annotate, sound) in all() {
            assert_tiles(name, &noise, &annotate(&noise));
            let mut changed = sound;
            for (at, byte) in &places {
                let length = changed.len();
                changed[at % length] = *byte;
            }
            assert_tiles(name, &changed, &annotate(&changed));
        }
    }
}

#[test]
fn a_leaf_is_told_part_by_part() {
    let wanted = [
        "0..1 kind: 2 leaf",
        "1..2 level: 0",
        "2..4 slot_count: 3",
        "4..6 cells_start: 349",
        "6..8 free_bytes: 335",
        "8..16 zero: 8 zeros",
        "16..24 slot 0: cell at 391, key of 1 bytes, head `l`",
        "24..32 slot 1: cell at 349, key of 1 bytes, head `m`",
        "32..40 slot 2: cell at 356, key of 5 bytes, head `pppp`",
        "40..349 free: 309 zeros",
        "349..353 cell m: value length: 2",
        "353..354 cell m: key: m",
        "354..356 cell m: value: 13",
        "356..360 cell ppppp: value length: 0",
        "360..365 cell ppppp: key: ppppp",
        "365..391 hole: 26 zeros",
        "391..395 cell l: value length: 60",
        "395..396 cell l: key: l",
        "396..456 cell l: value: ............................................................",
    ];
    let annotations = annotate::node(samples::leaf().as_bytes());
    assert_eq!(lines(&annotations), wanted);
    assert_eq!(annotations[7].slot, Some(1));
    assert_eq!(annotations[12].slot, Some(1));
}

#[test]
fn a_branch_names_its_children() {
    let lines = lines(&annotate::node(samples::branch().as_bytes()));
    assert!(lines.contains(&"365..369 cell longer: pgno: 2".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"428..432 cell (empty key): pgno: 1".to_owned()), "{lines:#?}");
}

#[test]
fn long_values_free_pages_and_named_trees_are_told_part_by_part() {
    let has = |lines: Vec<String>, wanted: &[&str]| {
        wanted.iter().for_each(|wanted| assert!(lines.contains(&(*wanted).to_owned()), "{wanted} in {lines:#?}"));
    };
    let leaf = lines(&annotate::node(samples::leaf_with_a_long_value().as_bytes()));
    has(leaf, &["423..427 cell k: value length: 1000, in an overflow chain", "428..432 cell k: overflow: pgno: 6"]);
    let overflow = lines(&annotate::plain_page(&samples::overflow_page()));
    has(overflow, &["4..8 data_bytes: 3", "8..16 remaining_bytes: 3", "16..20 next: pgno: 0 none", "48..51 data: end"]);
    let trunk = lines(&annotate::plain_page(samples::free_trunk().as_bytes()));
    has(trunk, &["0..1 kind: 4 free list", "48..52 entry 0: 8", "52..56 entry 1: 5", "56..456 free: 400 zeros"]);
    let entry = lines(&annotate::tree_entry(&samples::tree_entry().encode()));
    has(entry, &["0..4 root: pgno: 4", "28..32 page_count: 3", "32..40 record_count: 17"]);
}

#[test]
fn a_file_of_format_1_is_told_by_its_own_tables() {
    let superblock = lines(&annotate::superblock(&samples::superblock_format_1().encode(|_| [1; 32])));
    assert!(superblock.contains(&"176..256 zero: 80 zeros".to_owned()), "{superblock:#?}");
    assert!(!superblock.iter().any(|line| line.contains("key_set") || line.contains("catalog")), "{superblock:#?}");
    let body = lines(&annotate::commit_body(&samples::commit_body_format_1()));
    assert_eq!(body.last().unwrap(), "96..112 fingerprint: 02020202020202020202020202020202");
    let log = lines(&annotate::log_file(&samples::log_file_format_1(), PageSize::TOY));
    assert!(log.contains(&"1296..1536 padding: 240 zeros".to_owned()), "{log:#?}");
}

#[test]
fn the_parts_of_a_log_are_named_by_record() {
    let lines = lines(&annotate::log_file(&samples::log_file(), PageSize::TOY));
    for wanted in [
        "0..8 header: magic: TOSULOG\\x0a",
        "516..517 record 1: kind: 1 page frame",
        "620..624 record 1: page: pgno: 2",
        "1108..1109 record 2: kind: 2 commit",
        "1192..1196 record 2: body: root: pgno: 3",
        "1264..1268 record 2: body: catalog: pgno: 2",
        "1328..1536 padding: 208 zeros",
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{wanted} in {lines:#?}");
    }
}

#[test]
fn damage_is_told_where_it_stands() {
    let mut log = samples::log_file();
    log[700] ^= 1;
    log[1400] = 7;
    log.extend_from_slice(b"torn");
    let shown = lines(&annotate::log_file(&log, PageSize::TOY)).join("\n");
    assert!(shown.contains("record 1: crc32") && shown.contains("but the bytes give"), "{shown}");
    assert!(shown.contains("padding: ") && shown.contains("but must be zero"), "{shown}");
    assert!(shown.contains("1536..1540 tail: not decodable: The log record takes 80 bytes."), "{shown}");

    let mut leaf = samples::leaf().into_bytes();
    leaf[24..26].copy_from_slice(&[0xff, 0xff]);
    let shown = lines(&annotate::node(&leaf)).join("\n");
    assert!(shown.contains("24..32 slot 1: cell at 65535"), "{shown}");
    assert!(shown.contains("cells: not decodable: Slot 1 names a cell that is not inside the page."), "{shown}");

    let zeros = lines(&annotate::superblock(&[0; 4096])).join("\n");
    assert_eq!(
        zeros,
        "0..4096 superblock: not decodable: The bytes do not begin with tosumu's mark; they look like zeros."
    );
}

#[test]
fn a_wrong_field_says_what_was_expected_once() {
    let mut branch = samples::branch().into_bytes();
    branch[428..432].fill(0);
    let shown = lines(&annotate::node(&branch)).join("\n");
    assert!(
        shown.contains("cell (empty key): pgno: 0; expected a page: Slot 0 of a branch leads to no page."),
        "{shown}"
    );

    let mut superblock = samples::superblock().encode(|_| [1; 32]);
    superblock[256 + 8] = 1;
    let crc = crc32fast::hash(&superblock[..4092]);
    superblock[4092..].copy_from_slice(&crc.to_le_bytes());
    let shown = lines(&annotate::superblock(&superblock)).join("\n");
    assert_eq!(shown.matches("Only a passphrase slot has Argon2id parameters.").count(), 1, "{shown}");
}

#[test]
fn a_key_in_the_clear_is_never_shown() {
    let superblock = samples::superblock().encode(|_| [1; 32]);
    let shown = lines(&annotate::superblock(&superblock)).join("\n");
    assert!(shown.contains("key slot 0: stored_key: 32 bytes, not shown"), "{shown}");
    assert!(!shown.contains("5a5a") && !shown.contains("ZZ"), "{shown}");
}
