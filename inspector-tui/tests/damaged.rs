//! Damaged files on the command line: what the verbs that read, judge and save say of files of the gallery and of some made here.

mod common;

use common::{DAMAGE, NOTHING, Place};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tosumu::{CheckpointMode, Database, Options};

/// A file of the gallery in a place of its own.
fn fixture(place: &Place, name: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/damaged").join(name);
    place.write(name, fs::read(from).unwrap());
}

fn json(place: &Place, words: &[&str]) -> Value {
    serde_json::from_slice(&place.run(words).stdout).unwrap()
}

fn filled(place: &Place, name: &str) -> Database {
    let db = Options::new().create(true).open(place.path(name)).unwrap();
    let key = |number: u32| format!("k{number:04}").into_bytes();
    db.write(|tx| (0..1000).try_for_each(|number| tx.put(&key(number), &[b'v'; 60]))).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    db
}

/// Changes the page file of a database with 1,000 records, in a folder of its own and without its log.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Place {
    let place = Place::empty();
    drop(filled(&place, "x.tsm"));
    fs::remove_file(place.path("x.tsm-wal")).unwrap();
    fs::copy(place.path("x.tsm"), place.path("copy.tsm")).unwrap();
    let mut bytes = fs::read(place.path("x.tsm")).unwrap();
    change(&mut bytes);
    place.write("x.tsm", bytes);
    place
}

fn of_page(bytes: &mut [u8], page: usize) -> &mut [u8] {
    &mut bytes[8192 + (page - 1) * 4096..][..4096]
}

#[test]
fn salvage_turns_a_bit_back_takes_pages_from_a_copy_and_says_so() {
    let place = changed(|bytes| of_page(bytes, 5)[1030] ^= 4);
    let ran = place.run(["salvage", "x.tsm", "saved.tsm"]);
    let told = ran.text();
    assert_eq!(ran.status, NOTHING, "{told}");
    assert!(told.contains("recovered page 5: with bit 2 of byte 1030 turned back it is whole"), "{told}");
    assert_eq!(place.run(["dump", "saved.tsm"]).text().lines().count(), 1000);

    let place = changed(|bytes| of_page(bytes, 5).fill(9));
    assert_eq!(place.run(["salvage", "x.tsm", "less.tsm"]).status, DAMAGE);
    let report = json(&place, &["salvage", "x.tsm", "saved.tsm", "--beside", "copy.tsm", "--json"]);
    assert_eq!((&report["exit"], &report["totals"]["certain"]), (&1.into(), &1000.into()));
    let found = &report["recovered"][0];
    assert_eq!(
        (&found["page"], &found["file"], &found["how"]["by"]),
        (&5.into(), &"copy.tsm".into(), &"beside".into())
    );
}

#[test]
fn salvage_of_the_superblock_of_another_file_saves_what_the_other_key_opens() {
    let place = Place::empty();
    fixture(&place, "superblock-of-another-file.tsm");
    let report = json(&place, &["salvage", "superblock-of-another-file.tsm", "saved.tsm", "--json"]);
    assert_eq!(report["totals"]["certain"], 1, "{report}");
    assert_eq!(report["choices"][0]["finding"]["code"], "HDR-SLOTS-DISAGREE");
}

#[test]
fn a_folder_in_the_place_of_the_log_keeps_nobody_from_salvage_and_is_told_with_what_to_do() {
    let place = changed(|_| {});
    fs::create_dir(place.path("x.tsm-wal")).unwrap();
    let told = place.run(["dump", "x.tsm"]);
    assert!(told.fails(DAMAGE, "NOT-A-FILE").contains("tosumu salvage"));
    let report = json(&place, &["salvage", "x.tsm", "saved.tsm", "--json"]);
    assert_eq!(report["totals"]["certain"], 1000);
    assert_eq!(report["choices"][0]["finding"]["code"], "FILE-READ-ERROR");
    assert!(place.run(["dump", "."]).fails(DAMAGE, "NOT-A-FILE").contains("name the file"));
}

#[test]
fn a_file_that_was_cut_is_not_grown_by_a_writer() {
    let place = changed(|bytes| bytes.truncate(8192 + 3 * 4096 + 100));
    let before = fs::read(place.path("x.tsm")).unwrap();
    place.run(["put", "x.tsm", "k", "v"]).fails(DAMAGE, "FILE-TRUNCATED");
    place.run_with(["feed", "x.tsm"], "put k v\ncheckpoint\n").fails(DAMAGE, "FILE-TRUNCATED");
    assert!(fs::read(place.path("x.tsm")).unwrap() == before && !place.path("x.tsm-wal").exists());
    assert!(place.run(["get", "x.tsm", "k0000"]).status <= DAMAGE);
}

#[test]
fn what_to_do_is_the_same_in_text_and_in_json_of_every_verb() {
    let place = changed(|bytes| of_page(bytes, 5).fill(9));
    fs::create_dir(place.path("sub")).unwrap();
    fs::rename(place.path("x.tsm"), place.path("sub/x.tsm")).unwrap();
    let scan = "`tosumu scan sub/x.tsm --";
    let report = json(&place, &["verify", "sub/x.tsm", "--json"]);
    assert!(report["findings"][0]["next"].as_str().unwrap().contains(scan), "{report}");
    for words in [["verify", "sub/x.tsm"].as_slice(), &["inspect", "page", "5", "sub/x.tsm"]] {
        let text = place.run(words).text();
        assert!(text.contains(scan), "{text}");
    }
    let told = place.run(["dump", "sub/x.tsm"]).stderr;
    assert!(!told.contains("`scan "), "{told}");
}

#[test]
fn a_page_is_one_thing_to_verify_to_the_probe_to_inspect_and_to_hex() {
    let place = changed(|bytes| of_page(bytes, 5)[1024..2048].fill(0));
    let code = |words: &[&str]| json(&place, words)["findings"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(code(&["verify", "x.tsm", "--json"]), "PAGE-TORN");
    assert_eq!(code(&["inspect", "probe", "--page", "5", "x.tsm", "--json"]), "PAGE-TORN");
    assert_eq!(code(&["inspect", "page", "5", "x.tsm", "--json"]), "PAGE-TORN");
    place.run(["hex", "x.tsm", "--page", "5", "--opened"]).fails(DAMAGE, "PAGE-TORN");
    let of = |words: &[&str]| json(&place, words)["findings"][0].clone();
    let (verified, probed) =
        (of(&["verify", "x.tsm", "--json"]), of(&["inspect", "probe", "--page", "5", "x.tsm", "--json"]));
    assert_eq!(verified["lost"], probed["lost"], "the keys that are lost, not pages below a leaf");
    let found = probed["found"].as_str().unwrap();
    assert!(found.starts_with("sector") && !found.contains("; Sector"), "{found}");
}

#[test]
fn dump_tells_keys_out_of_order_and_records_that_are_not_those_counted() {
    let place = Place::empty();
    for name in ["one-page-named-twice.tsm", "key-out-of-range.tsm", "keys-out-of-order.tsm"] {
        fixture(&place, name);
        let ran = place.run(["dump", name]);
        assert_eq!(ran.status, DAMAGE, "{name}: {}", ran.text());
        assert!(ran.stderr.starts_with("tosumu: TREE-"), "{name}: {}", ran.stderr);
    }
}

#[test]
fn stat_names_the_file_as_it_was_named() {
    let place = Place::empty();
    fs::create_dir(place.path("ro")).unwrap();
    drop(filled(&place, "ro/c"));
    assert!(place.run(["stat", "ro/c"]).text().starts_with("file              ro/c\n"));
}
