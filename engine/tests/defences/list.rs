//! `examples/sabotage.txt` names for every defence a test that fails without it. Here it is held to be whole and true: no
//! defence without a line, no line without its test; and the tests of this file are run without the defence each is for.

use std::collections::BTreeMap;
use std::path::Path;
use tosumu::defence::Defence;

const LIST: &str = include_str!("../../examples/sabotage.txt");

/// A defence, and the test that catches its removal: the file of tests, and its name there.
type Line = (&'static str, &'static str, &'static str);

fn lines() -> impl Iterator<Item = Line> {
    LIST.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [defence, file, test] = words[..] else { panic!("not three words: {line}") };
        (defence, file, test)
    })
}

/// The text of a file of tests, with its modules.
fn source_of(file: &str) -> String {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    match file {
        "lib" => read_all(&engine.join("src"), &mut text),
        file => {
            text.push_str(&std::fs::read_to_string(engine.join(format!("tests/{file}.rs"))).unwrap_or_default());
            read_all(&engine.join("tests").join(file), &mut text);
        }
    }
    text
}

fn read_all(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => read_all(&entry.path(), text),
            false => text.push_str(&std::fs::read_to_string(entry.path()).unwrap_or_default()),
        }
    }
}

#[test]
fn every_defence_has_one_line_and_every_line_names_a_defence() {
    let named: Vec<&str> = lines().map(|(defence, ..)| defence).collect();
    let defences: Vec<&str> = Defence::ALL.iter().map(|defence| defence.name()).collect();
    let without: Vec<_> = defences.iter().filter(|defence| !named.contains(defence)).collect();
    assert!(without.is_empty(), "no test is named for {without:?}: see the example `sabotage`");
    let unknown: Vec<_> = named.iter().filter(|defence| !defences.contains(defence)).collect();
    assert!(unknown.is_empty(), "there are no defences {unknown:?}");
    assert_eq!(named.len(), defences.len());
}

#[test]
fn every_line_names_a_test_that_is_there() {
    let mut sources = BTreeMap::new();
    for (defence, file, test) in lines() {
        let source = sources.entry(file).or_insert_with(|| source_of(file));
        let function = format!("fn {}(", test.rsplit("::").next().unwrap());
        assert!(source.contains(&function), "{defence}: there is no test {file}::{test}");
    }
}

/// What leaves defences out has a simulated disk: the runner of scripts, and the labs that ask about its store.
#[test]
fn defences_are_left_out_by_scripts_and_labs_alone() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [engine.join("src"), engine.join("../inspector-tui/src")] {
        files_that_leave_out(&folder, &mut found);
    }
    found.sort();
    let allowed = ["defence.rs", "grid.rs", "run.rs", "run/expect.rs", "tamper.rs"];
    assert!(found.iter().all(|file| allowed.iter().any(|allowed| file.ends_with(allowed))), "{found:?}");
    assert_eq!(found.len(), allowed.len(), "{found:?}");
}

fn files_that_leave_out(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files_that_leave_out(&path, found);
        } else if std::fs::read_to_string(&path).is_ok_and(|text| text.contains(".during(")) {
            found.push(path);
        }
    }
}

/// Every one of the 33 rules names the defences that keep it, the last thing in its row of DESIGN.md's table.
#[test]
fn every_rule_in_design_md_names_defences_that_are_there() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../DESIGN.md");
    let design = std::fs::read_to_string(path).unwrap();
    let (_, rules) = design.split_once("## The 33 rules").unwrap();
    let is_rule =
        |line: &&str| line.strip_prefix("| ").is_some_and(|row| row.starts_with(|c: char| c.is_ascii_digit()));
    let rows: Vec<&str> = rules.lines().filter(is_rule).take(33).collect();
    for (number, row) in (1..).zip(rows) {
        assert!(row.starts_with(&format!("| {number} |")), "rule {number} has no row");
        let named = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for name in named.split(", ").map(|name| name.trim_matches('`')) {
            assert!(Defence::parse(name).is_some(), "rule {number} names no defence: {name}");
        }
    }
}

/// The other files' tests are tried by the example `sabotage`, which takes minutes.
#[cfg(feature = "weaken")]
#[test]
fn the_tests_of_this_file_fail_without_the_defence_each_is_for() {
    if std::env::var_os("TOSUMU_WITHOUT").is_some() {
        return;
    }
    let mut tried = 0;
    for (defence, _, test) in lines().filter(|(_, file, _)| *file == "defences") {
        // The compiler may write blanks, and break lines, between the parts of a path.
        let function = TESTS.iter().find(|(name, _)| name.split_whitespace().collect::<String>() == test);
        let (_, function) = function.unwrap_or_else(|| panic!("{test} belongs into the list of tests here"));
        let defence = Defence::parse(defence).unwrap();
        let outcome = tosumu::defence::without(defence, || std::panic::catch_unwind(function));
        assert!(outcome.is_err(), "{test} passes without {defence}");
        tried += 1;
    }
    println!("{tried} defences");
    assert!(tried > 20);
}

#[cfg(feature = "weaken")]
macro_rules! tests {
    ($($($part:ident)::+),+ $(,)?) => {
        /// Every test of this file that is named for a defence.
        const TESTS: &[(&str, fn())] = &[$((stringify!($($part)::+), crate::$($part)::+)),+];
    };
}

#[cfg(feature = "weaken")]
tests! {
    a_backup_that_was_reported_is_there_after_a_power_cut,
    what_an_archive_was_given_is_there_after_a_power_cut,
    an_archived_log_is_whole_before_its_superblock_is_published,
    a_witness_that_was_begun_outlives_a_power_cut_and_has_every_line_after_a_close,
    a_log_that_took_the_name_of_one_that_is_still_read_keeps_it_through_a_power_cut,
    a_superblock_that_was_edited_is_a_stop_also_when_it_is_the_one_that_does_not_count,
    a_whole_superblock_of_a_newer_program_is_a_stop_and_no_reason_to_use_the_other,
    no_two_pages_that_were_ever_written_have_one_nonce,
    a_root_that_gave_way_to_a_page_of_the_page_file_is_read_after_the_database_is_opened_again,
    two_superblocks_in_each_other_s_place_are_a_stop,
    crashes::a_page_of_the_log_is_read_from_the_log_before_and_from_the_page_file_after_it_was_folded,
    crashes::of_a_log_with_one_page_that_page_is_folded,
    crashes::a_commit_behind_a_seal_transaction_is_folded_under_a_new_one,
    crashes::a_full_checkpoint_gives_up_when_an_older_snapshot_does_not_end_and_the_snapshot_reads_on,
    crashes::the_power_may_go_while_pages_go_to_their_places,
    crashes::a_first_commit_that_was_acknowledged_is_missed_when_the_power_goes_and_the_log_is_lost,
    crashes::the_power_may_go_while_the_second_superblock_with_new_keys_is_written,
    crashes::the_power_may_go_while_a_change_of_keys_that_a_kill_cut_short_is_brought_to_its_end,
    forged::commits_that_do_not_follow_each_other_by_number_are_refused,
    forged::a_commit_that_counts_other_frames_than_it_has_is_refused,
    forged::a_record_that_repeats_a_number_is_refused,
    forged::a_record_of_another_generation_ends_the_log_whatever_its_mac,
    forged::a_frame_with_another_page_than_its_record_names_is_rot,
    forged::a_fingerprint_that_does_not_follow_is_refused,
    forged::a_frame_of_an_abandoned_commit_among_the_records_of_the_one_made_after_it_is_refused,
    forged::a_log_of_another_page_size_is_none_of_this_file_also_when_it_is_bound_to_it,
    forged::a_log_header_with_something_in_its_reserved_bytes_is_no_log_header,
    forged::a_record_with_something_in_its_reserved_bytes_is_no_record,
    forged::a_key_slot_with_something_in_its_reserved_bytes_makes_a_superblock_unreadable,
    forged::a_page_with_another_number_commit_or_reserved_byte_in_its_header_is_refused_also_when_its_seal_is_the_one_named,
    salvaged::two_records_with_one_chain_give_the_value_to_the_first_alone,
    salvaged::a_chain_that_is_longer_than_its_value_is_no_value,
    salvaged::pages_that_do_not_stand_one_level_below_their_parent_are_lost,
    salvaged::records_outside_the_range_that_parents_give_are_not_certain,
    salvaged::without_a_superblock_the_log_is_believed_as_far_as_it_is_one_chain,
    salvaged::pages_of_a_commit_that_was_never_finished_are_not_saved,
    salvaged::an_older_version_of_a_lost_page_is_stale,
    salvaged::what_a_free_page_holds_is_never_more_than_stale,
    salvaged::keys_that_cannot_be_missing_are_not_looked_for,
    kept::a_log_that_is_not_in_the_archive_as_it_was_is_not_called_spent,
    kept::a_base_under_another_ones_name_is_passed_over,
    beside::a_checkpoint_waits_for_figures_that_are_being_read,
    forged::a_page_that_is_sealed_as_one_kind_and_written_as_another_is_refused,
    forged::a_page_of_an_abandoned_commit_in_the_place_of_the_one_made_after_it_is_refused,
    forged::a_page_that_does_not_stand_one_level_below_its_parent_is_not_followed,
    forged::a_free_list_with_more_trunks_than_free_pages_is_not_folded,
}
