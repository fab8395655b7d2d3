//! What the views say of recorded moments, in figures: receipts, seals, versions, maps and differences.

use tosumu::script::Runner;
use tosumu::trace::Event;
use tosumu::{Code, PageNo, Unlock, crypto::Secret};
use tosumu_inspector::describe::{Subject, diff, life, map, page, receipt, seals, snapshots};
use tosumu_inspector::model::{Model, View};
use tosumu_inspector::recorded;

fn lab(lines: &[&str]) -> Model {
    recorded::lab(&recorded::sample_store(lines), recorded::SAMPLE_TITLE)
}

fn file(lines: &[&str], unlock: Option<&Unlock>) -> Model {
    let mut runner: Runner = recorded::sample_store(lines);
    runner.finish();
    recorded::at_rest(&runner, unlock).unwrap()
}

/// The index of the last operation that begins with `word`, and the model standing on its end.
fn at_end_of(lines: &[&str], word: &str) -> Model {
    let mut model = lab(lines);
    let timeline = model.timeline().unwrap();
    let operation = timeline.operations().iter().rfind(|operation| operation.line.starts_with(word)).unwrap();
    let end = operation.last + 1;
    recorded::seek(&mut model, end);
    model
}

#[test]
fn a_put_of_one_record_into_a_leaf_with_room_is_billed_to_the_byte() {
    // 512-byte pages: a frame is 592 bytes, a commit record 224, and zeros fill up to a multiple of 512.
    let model = at_end_of(&["put m 13", "put s 1"], "put s");
    let receipt = receipt::receipt(&model);
    let of = receipt.of.unwrap();
    let bill = &of.bill;
    assert_eq!((bill.bytes_given, bill.records_written, bill.records_removed), (Some(2), Some(1), Some(0)));
    assert_eq!((bill.nodes_searched, bill.found_in_memory), (Some(2), Some(2)));
    assert_eq!((bill.opened_from_file, bill.opened_from_log), (Some(0), Some(0)));
    assert_eq!((bill.pages_changed, bill.pages_taken, bill.splits, bill.merges), (Some(1), Some(0), Some(0), Some(0)));
    assert_eq!((bill.pages_sealed, bill.log_frames, bill.log_commits), (Some(1), Some(1), Some(1)));
    assert_eq!((bill.log_bytes, bill.page_file_bytes, bill.other_bytes), (Some(1024), Some(0), Some(0)));
    assert_eq!((bill.writes, bill.file_syncs, bill.folder_syncs), (Some(1), Some(1), Some(0)));
    assert_eq!(of.written_for_100_given, Some(51_200));
    let against = receipt.against.unwrap();
    assert_eq!((against.what.as_str(), against.bill.log_frames, against.bill.splits), ("put m 13", Some(3), Some(1)));
}

#[test]
fn the_bill_of_every_operation_is_the_receipt_that_the_engine_gives() {
    let mut model =
        lab(&["put m 13", "del b", "blob big 1300", "checkpoint", "get d", "del big", "fill 40 random value 60"]);
    let operations = model.timeline().unwrap().operations().to_vec();
    for operation in operations {
        recorded::seek(&mut model, operation.last + 1);
        let Some(Event::OperationEnded { receipt: given, line, .. }) = model.present().cloned() else { continue };
        let bill = receipt::receipt(&model).of.unwrap().bill;
        let opened = bill.opened_from_file.unwrap() + bill.opened_from_log.unwrap() + bill.opened_from_spill.unwrap();
        let bytes = bill.log_bytes.unwrap() + bill.page_file_bytes.unwrap() + bill.other_bytes.unwrap();
        let counted = (bill.writes.unwrap(), bytes, bill.pages_sealed.unwrap(), opened);
        let told = (
            u64::from(given.writes),
            given.bytes_written,
            u64::from(given.pages_sealed),
            u64::from(given.pages_opened),
        );
        assert_eq!(counted, told, "{line}");
    }
}

#[test]
fn a_transaction_of_several_operations_has_a_bill_of_its_own() {
    let model = at_end_of(&["begin", "put x 1", "put y 22", "commit"], "commit");
    let receipt = receipt::receipt(&model);
    let mut inside = model;
    let at = inside.at - 1;
    recorded::seek(&mut inside, at);
    let transaction = receipt::receipt(&inside).transaction.or(receipt.transaction).unwrap();
    assert_eq!((transaction.bill.records_written, transaction.bill.bytes_given), (Some(2), Some(5)));
}

#[test]
fn the_chain_of_trust_holds_down_to_a_page_and_the_log_vouches_for_newer_ones() {
    let mut model = lab(&[]);
    model.page = Some(PageNo(2));
    let chain = seals::seals(&model);
    assert_eq!(chain.cut, None);
    assert_eq!(chain.superblock_link, seals::Link::Holds);
    let links: Vec<seals::Link> = chain.steps.iter().map(|step| step.link).collect();
    assert_eq!(links, [seals::Link::Holds, seals::Link::Vouched]);
    assert!(chain.steps[1].named_by.starts_with("page 3, slot 1"), "{:?}", chain.steps[1]);
    model.page = Some(PageNo(1));
    assert!(seals::seals(&model).steps.iter().all(|step| step.link == seals::Link::Holds));
}

#[test]
fn the_chain_is_cut_where_an_old_page_was_put_back_and_says_why() {
    let mut model = file(&["put m 13", "checkpoint", "put-back page 2 from commit 1"], None);
    model.page = Some(PageNo(2));
    let chain = seals::seals(&model);
    let last = chain.steps.last().unwrap();
    assert_eq!(last.link, seals::Link::Cut);
    assert_ne!(last.named_seal, last.found_seal);
    assert!(chain.cut.unwrap().starts_with("Cut between page 3, slot 1 (l) and page 2"));
}

#[test]
fn without_the_key_the_chain_ends_at_the_key_and_no_secret_is_told() {
    let wrong = Unlock::Passphrase(Secret::from("not this one".to_string()));
    let model = file(&["put m 13"], Some(&wrong));
    let chain = seals::seals(&model);
    assert_eq!(chain.data_key, seals::Link::Cut);
    assert!(chain.cut.unwrap().starts_with("Cut at the key"));
    // The key that stands open in a keyless slot is shown nowhere.
    let superblock = tosumu_inspector::describe::log::newest_superblock(&model.world).unwrap();
    let stored = hex::encode(superblock.key_slots[0].stored_key());
    let told = tosumu_inspector::describe::facts(&model, Subject::Seals);
    for text in [told.plain(), told.json()] {
        assert!(!text.replace(' ', "").contains(&stored[..16]), "{text}");
    }
}

#[test]
fn a_page_has_a_version_for_every_change_and_each_is_sealed_logged_and_made_durable() {
    let mut model = lab(&["put m 13", "checkpoint"]);
    model.page = Some(PageNo(2));
    let life = life::life(&model);
    let put: Vec<&str> = life
        .frames
        .iter()
        .filter(|frame| frame.operation.as_deref() == Some("put m 13"))
        .map(|frame| frame.what.as_str())
        .collect();
    assert_eq!(put, ["changed", "changed", "sealed", "logged", "durable"]);
    let folded = life.frames.iter().rfind(|frame| frame.operation.as_deref() == Some("checkpoint")).unwrap();
    assert_eq!(folded.what, "durable");
    assert!(life.frames.windows(2).all(|pair| pair[0].version <= pair[1].version && pair[0].event < pair[1].event));
    assert_eq!(life.versions, life.frames.last().unwrap().version);
}

#[test]
fn a_file_at_rest_shows_the_versions_that_still_exist() {
    let mut model = file(&["put m 13", "put m 14"], None);
    model.page = Some(PageNo(2));
    let life = life::life(&model);
    let places: Vec<&str> = life.frames.iter().map(|frame| frame.what.as_str()).collect();
    assert_eq!(places, ["page file", "log", "log", "log"]);
    assert_eq!(life.frames.last().unwrap().records, Some(4), "{life:?}");
}

#[test]
fn the_map_knows_every_page_of_a_store_and_what_leads_to_none() {
    let mut model = lab(&["blob big 1300", "del big"]);
    let map = map::map(&model);
    assert_eq!(map.cells.len(), map.pages as usize);
    let count = |holds| map.cells.iter().filter(|cell| cell.holds == holds).count();
    let free = model.world.facts.space.free_count as usize;
    assert_eq!(count(map::Holds::Free) + count(map::Holds::Trunk), free);
    assert_eq!((count(map::Holds::Branch), count(map::Holds::Unreached), count(map::Holds::Unknown)), (1, 0, 0));
    model.view = View::Map;
    model.page = Some(PageNo(1));
    assert!(map::map(&model).cursor_line.starts_with("page 1: leaf, 84 % full"), "{}", map::map(&model).cursor_line);
}

#[test]
fn two_instants_differ_by_records_pages_and_log() {
    let model = at_end_of(&["put m 13"], "put m");
    let facts = diff::diff(&model);
    assert_eq!(facts.records.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["m"]);
    assert_eq!(facts.pages.iter().map(|page| page.page).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(facts.superblock.is_empty());
    assert!(facts.log.iter().any(|field| field.field == "commits kept"), "{facts:?}");
    let start = model.timeline().unwrap().world_at(0);
    let same = diff::of_worlds(("one", &model.world), ("other", &model.world));
    assert!(same.is_same());
    let all = diff::of_worlds(("nothing", &start), ("now", &model.world));
    assert_eq!(all.records_total, 12);
}

#[test]
fn two_files_differ_by_what_they_hold_and_not_by_where_it_lies() {
    let (one, other) =
        (file(&["put m 13", "checkpoint"], None), file(&["put m 14", "del b", "put q 1", "checkpoint"], None));
    let facts = diff::of_worlds(("one", &one.world), ("other", &other.world));
    let changes: Vec<String> =
        facts.records.iter().map(|record| format!("{}{}", record.change.sign(), record.key)).collect();
    assert_eq!(changes, ["-b", "~m", "+q"]);
}

#[test]
fn readers_and_the_writer_each_see_their_version_of_a_page() {
    let mut model = lab(&["t1: begin-read", "put m 13", "begin", "put n 1"]);
    model.page = Some(PageNo(2));
    let facts = snapshots::snapshots(&model);
    let seen: Vec<(u64, Vec<String>)> =
        facts.versions.iter().map(|version| (version.commit, version.seen_by.clone())).collect();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    assert_eq!(seen.last().unwrap().1, names(&["the writer"]));
    assert!(seen.iter().any(|(_, by)| *by == names(&["t1"])), "{seen:?}");
    assert!(seen.iter().any(|(_, by)| *by == names(&["new"])), "{seen:?}");
    assert!(facts.checkpoint.contains("A transaction is open"));
}

#[test]
fn who_wrote_a_byte_is_told_of_both_forms_and_in_text() {
    let mut model = at_end_of(&["put m 13"], "put m");
    (model.page, model.byte) = (Some(PageNo(2)), Some(258));
    let plain = page::page(&model);
    let cursor = plain.cursor.clone().unwrap();
    assert_eq!(cursor.writer.unwrap().operation.as_deref(), Some("put m 13"));
    let told = tosumu_inspector::describe::facts(&model, Subject::Page).plain();
    assert!(told.contains("Byte 258, ") && told.contains("written by event "), "{told}");
    (model.sealed_form, model.byte) = (true, Some(500));
    let writer = page::page(&model).cursor.unwrap().writer.unwrap();
    assert_eq!((writer.word.as_str(), writer.operation.as_deref()), ("seal", Some("put m 13")));
}

#[test]
fn every_file_of_the_gallery_is_told_of_in_every_view_and_its_chain_is_cut_where_a_seal_is_wrong() {
    let mut cuts = 0;
    for fixture in tosumu_inspector::gallery::all() {
        let Ok(mut model) = fixture.at_rest().and_then(|file| recorded::model_of(&file)) else { continue };
        for (word, subject) in Subject::ALL {
            let facts = tosumu_inspector::describe::facts(&model, subject);
            let (plain, json) = (facts.plain(), facts.json());
            assert!(!json.is_empty(), "{word}");
            assert!(plain.chars().all(|sign| sign == '\n' || !sign.is_control()), "{}: {word}: {plain}", fixture.name);
        }
        let wrong: Vec<PageNo> = model
            .findings()
            .iter()
            .filter(|finding| matches!(finding.code, Code::PageStale | Code::PageUnauthentic))
            .filter_map(|finding| finding.page)
            .collect();
        for page in wrong {
            model.page = Some(page).filter(|page| model.world.page(*page).is_some());
            let chain = seals::seals(&model);
            let leads_there = chain.steps.last().is_some_and(|step| step.page == page.0 && step.named_seal.is_some());
            if model.page.is_some() && leads_there {
                assert!(chain.cut.is_some(), "{}: page {page}: {chain:?}", fixture.name);
                cuts += 1;
            }
        }
    }
    assert!(cuts > 3, "{cuts}");
}
