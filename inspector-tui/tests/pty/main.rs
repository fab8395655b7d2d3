//! The inspector as a person has it: on a terminal, from the first key to the shell, and whatever ends it.

#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;
mod lessons;
mod seat;

use seat::{Seat, Start};
use tempfile::TempDir;

const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";
const LEFT: &str = "\x1b[D";
const END: &str = "\x1b[F";
const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const CONTROL_C: &str = "\x03";
const CONTROL_L: &str = "\x0c";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The lab on a terminal, its first screen drawn.
fn lab(folder: &TempDir) -> Seat {
    let seat = Seat::take(folder, &Start::with(&["lab"]));
    seat.sees("Leaf 2 is nearly full");
    seat
}

#[test]
fn from_the_home_screen_through_a_split_a_power_cut_and_recovery_back_to_the_shell() {
    let folder = folder();
    let mut seat = Seat::take(&folder, &Start::with(&[]));
    seat.sees("Where to begin");
    seat.types(DOWN);
    seat.types(ENTER);
    seat.sees("Leaf 2 is nearly full. Press Enter");
    seat.sees(": put m 13");
    seat.types(ENTER);
    seat.sees("`put m 13` was asked for");
    for event in ["[BEGIN]", "[LOOK]"] {
        seat.types(RIGHT);
        seat.sees(event);
    }
    seat.types("s");
    seat.sees("[SPLIT]");
    seat.types("x");
    seat.sees("r open the store again");
    seat.types("r");
    seat.sees("reopen: event");
    seat.types("]");
    seat.sees("as of commit 3");
    seat.types("q");
    seat.sees("Where to begin");
    seat.types("q");
    let (status, _) = seat.ends();
    assert!(status.success());
}

#[test]
fn a_damaged_file_shows_its_finding_first_and_enter_leads_to_the_bytes() {
    let folder = folder();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/damaged/one-page-rolled-back.tsm");
    let mut seat = Seat::take(&folder, &Start::with(&["open", fixtures]));
    seat.sees("PAGE-STALE");
    seat.sees("Enter show these bytes");
    seat.types(ENTER);
    seat.sees("Field: nonce");
    seat.sees("nonce");
    seat.types("q");
    assert!(seat.ends().0.success());
}

#[test]
fn every_size_is_drawn_whole_and_a_smaller_one_says_what_is_wanted() {
    let folder = folder();
    let mut seat = lab(&folder);
    seat.resize((60, 16));
    seat.sees("Enter run it   Esc leave the line");
    seat.resize((59, 16));
    seat.sees("tosumu wants 60x16 or more; this is 59x16.");
    seat.resize((120, 40));
    seat.sees("5 disk");
    seat.sees("0 events");
    seat.types(CONTROL_C);
    assert!(seat.ends().0.success());
}

#[test]
fn a_signal_that_ends_it_gives_the_terminal_back() {
    for signal in ["TERM", "INT", "HUP"] {
        let folder = folder();
        let seat = lab(&folder);
        seat.signal(signal);
        seat.ends();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn while_it_is_suspended_the_terminal_is_the_shells_and_then_the_screen_comes_back() {
    let folder = folder();
    let mut seat = lab(&folder);
    seat.signal("TSTP");
    seat.is_stopped();
    seat.terminal_is_given_back();
    seat.signal("CONT");
    seat.sees("Leaf 2 is nearly full");
    // Ctrl-Z is a key like others to a terminal that was taken.
    seat.types("\x1a");
    seat.is_stopped();
    seat.terminal_is_given_back();
    seat.signal("CONT");
    seat.sees("Leaf 2 is nearly full");
    seat.types(CONTROL_C);
    seat.ends();
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_speaks() {
    let folder = folder();
    let environment = [("TOSUMU_DEBUG_PANIC", "screen")];
    let mut seat = Seat::take(&folder, &Start { environment: &environment, ..Start::with(&["lab"]) });
    seat.sees("Leaf 2 is nearly full");
    seat.types(CONTROL_L);
    let (status, written) = seat.ends();
    assert!(!status.success());
    let (before, after) = written.split_once("asked for by TOSUMU_DEBUG_PANIC").expect("it speaks");
    assert!(before.contains("\x1b[?1049l") && !after.contains("\x1b[?1049h"));
}

#[test]
fn without_colour_no_escape_sets_one() {
    let folder = folder();
    let environment = [("NO_COLOR", "1")];
    let mut seat = Seat::take(&folder, &Start { environment: &environment, ..Start::with(&["lab"]) });
    seat.sees("Leaf 2 is nearly full");
    seat.types(ENTER);
    seat.sees("`put m 13` was asked for");
    seat.types(CONTROL_C);
    let (_, written) = seat.ends();
    let styles = written.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m').map(|(codes, _)| codes));
    let codes = styles.filter(|codes| codes.chars().all(|sign| sign.is_ascii_digit() || sign == ';'));
    for code in codes.flat_map(|codes| codes.split(';')) {
        // 39 and 49 are what the terminal has anyway.
        assert!(!matches!(code.parse::<u32>(), Ok(30..=38 | 40..=48 | 90..=107)), "{code}");
    }
}

#[test]
fn tabs_boxes_and_hints_can_be_clicked_and_the_mouse_can_be_left_to_the_terminal() {
    let folder = folder();
    let mut seat = lab(&folder);
    seat.types(ENTER);
    seat.sees("`put m 13` was asked for");
    seat.clicks("next");
    seat.sees("[BEGIN]");
    seat.clicks("4 log");
    seat.sees("4 LOG");
    seat.clicks("2 page");
    seat.sees("2 PAGE");
    seat.types("\x1b[<65;10;10M");
    seat.types(CONTROL_C);
    seat.ends();
    let mut seat = Seat::take(&folder, &Start::with(&["lab", "--no-mouse", "--fresh"]));
    seat.sees("Leaf 2 is nearly full");
    seat.types(CONTROL_C);
    let (_, written) = seat.ends();
    assert!(!written.contains("\x1b[?1000h"));
}

#[test]
fn a_pasted_text_is_one_line_and_escape_leaves_it() {
    let folder = folder();
    let mut seat = lab(&folder);
    seat.types("\x15\x1b[200~put o 15\x1b[201~");
    seat.sees(": put o 15");
    seat.types(ESCAPE);
    seat.sees("type an operation");
    seat.types(CONTROL_C);
    seat.ends();
}

#[test]
fn a_line_is_completed_and_is_there_in_the_next_run_as_is_what_was_done() {
    let folder = folder();
    let mut seat = lab(&folder);
    seat.types("\x15chec\t");
    seat.sees(": checkpoint ");
    seat.types("\x15put \t");
    seat.sees("b  d  f  h  j  l  n  p  r  t  v");
    seat.types("\x15put q 9\r");
    seat.sees("`put q 9` was asked for");
    seat.types("x");
    seat.sees("branch 2 of 2");
    seat.types("4");
    seat.sees("4 LOG");
    seat.types("q");
    seat.sees("Where to begin");
    seat.types("q");
    assert!(seat.ends().0.success());
    let mut seat = Seat::take(&folder, &Start::with(&["lab"]));
    seat.sees("This is where you left the lab.");
    seat.sees("branch 2 of 2");
    seat.sees("4 LOG");
    seat.types(CONTROL_C);
    seat.ends();
    let mut seat = Seat::take(&folder, &Start::with(&["lab", "--fresh"]));
    seat.sees("Leaf 2 is nearly full");
    seat.types("\x15put\x1b[A");
    seat.sees(": put q 9");
    seat.types(CONTROL_C);
    seat.ends();
}

#[test]
fn a_note_stands_beside_the_file_and_at_its_page_and_the_file_is_as_it_was() {
    let folder = folder();
    let path = folder.path().join("old.tsm");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/damaged/one-page-rolled-back.tsm"), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let mut seat = Seat::take(&folder, &Start::with(&["open", "old.tsm"]));
    seat.sees("PAGE-STALE");
    seat.types(ENTER);
    seat.sees("Field: nonce");
    seat.sees("Esc leave the bytes");
    seat.types(ESCAPE);
    seat.sees_no_more("Esc leave the bytes");
    seat.types("inot my page\r");
    seat.sees("Written: old.tsm.notes.");
    seat.types("q");
    seat.ends();
    let notes = std::fs::read_to_string(folder.path().join("old.tsm.notes")).unwrap();
    assert_eq!(notes, "page 2: not my page\n");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let mut seat = Seat::take(&folder, &Start::with(&["open", "old.tsm"]));
    seat.sees("PAGE-STALE");
    seat.types("'");
    seat.sees("your note");
    seat.sees("not my page");
    seat.types("y");
    seat.sees("Written: page-2.svg.");
    seat.types("q");
    seat.ends();
}

#[test]
fn a_lab_begun_from_a_script_and_a_trace_are_gone_on_with_where_they_were_left() {
    let folder = folder();
    std::fs::write(folder.path().join("mine.script"), "put a 1\nput b 2\n").unwrap();
    let mut seat = Seat::take(&folder, &Start::with(&["lab", "--script", "mine.script"]));
    seat.sees("mine.script");
    seat.types(":put c 3\r");
    seat.sees("`put c 3` was asked for");
    seat.types("4");
    seat.sees("4 LOG");
    seat.types("q");
    seat.sees("Where to begin");
    seat.types("q");
    seat.ends();
    let mut seat = Seat::take(&folder, &Start::with(&["lab", "--script", "mine.script"]));
    seat.sees("This is where you left the lab.");
    seat.sees("4 LOG");
    seat.sees("put c 3: event");
    seat.types(CONTROL_C);
    seat.ends();
    std::fs::write(folder.path().join("mine.script"), "put z 9\n").unwrap();
    let mut seat = Seat::take(&folder, &Start::with(&["lab", "--script", "mine.script"]));
    seat.sees("began with another store");
    seat.types(CONTROL_C);
    seat.ends();

    let run = std::process::Command::new(env!("CARGO_BIN_EXE_tosumu"))
        .args(["run", "mine.script", "--trace", "mine.trace"])
        .current_dir(folder.path())
        .output();
    assert!(run.unwrap().status.success());
    let mut seat = Seat::take(&folder, &Start::with(&["replay", "mine.trace"]));
    seat.sees("events were recorded");
    seat.types("]]");
    seat.types(":mark here\r");
    seat.sees("is called here now");
    seat.types("5");
    seat.sees("5 DISK");
    seat.types("q");
    seat.ends();
    let notes = std::fs::read_to_string(folder.path().join("mine.trace.notes")).unwrap();
    let event = notes.strip_prefix("mark here: event ").unwrap().trim().to_owned();
    let mut seat = Seat::take(&folder, &Start::with(&["replay", "mine.trace"]));
    seat.sees("This is where you left the trace.");
    seat.sees("5 DISK");
    seat.types("\x1b[H'");
    seat.sees("marked here");
    seat.sees(&format!("event {event} of"));
    seat.types(":\x12");
    seat.sees(": mark here");
    seat.types(CONTROL_C);
    seat.ends();
}

#[test]
fn a_file_that_another_process_writes_while_it_is_open_is_followed_and_its_looks_are_kept() {
    let folder = folder();
    writes(&folder, &["init", "store.tsm"]);
    writes(&folder, &["put", "store.tsm", "ant", "1"]);
    let mut seat = Seat::take(&folder, &Start::with(&["open", "store.tsm", "--follow"]));
    seat.sees("following");
    seat.sees("ant");
    for (look, key) in [(2, "bee"), (3, "cow")] {
        writes(&folder, &["put", "store.tsm", key, "2"]);
        seat.sees(key);
        seat.sees(&format!("look {look} of {look}"));
    }
    seat.sees("Commit 2 → 3: page 1 changed.");

    seat.types("d");
    seat.sees("look 2");
    seat.sees("+ cow");
    seat.types("5");
    seat.sees("The file is followed: which of these bytes wait for a sync");
    seat.types("1");
    seat.types(LEFT);
    seat.sees("look 2 of 3");
    seat.sees_no_more("cow");

    // Who looks at an earlier look stays there, and is told that there is more.
    writes(&folder, &["put", "store.tsm", "dog", "3"]);
    seat.sees("look 2 of 4");
    seat.types(END);
    seat.sees("dog");
    seat.types("q");
    assert!(seat.ends().0.success());
}

/// Another process writes, and ends.
fn writes(folder: &TempDir, arguments: &[&str]) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tosumu"));
    let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn whoever_stops_reading_ends_it_quietly() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tosumu"));
    command.args(["lab"]).stdin(std::process::Stdio::null());
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()), (Some(0), String::new()));
}

#[test]
fn a_lesson_asks_before_it_shows_and_remembers_where_it_was_left() {
    let folder = folder();
    let arguments = ["learn", "the-split", "--progress", "lessons.json"];
    let mut seat = Seat::take(&folder, &Start { size: (100, 30), ..Start::with(&arguments) });
    seat.sees("Lesson 4: The split");
    seat.types(ENTER);
    seat.sees("A leaf fills up");
    for words in ["One page, one level", "Now we put l", "Page 1 is about to split."] {
        seat.types(ENTER);
        seat.sees(words);
    }
    seat.types(DOWN);
    seat.types(ENTER);
    seat.sees("the answer is: l.");
    seat.types("q");
    let (status, _) = seat.ends();
    assert!(status.success());
    let kept = std::fs::read_to_string(folder.path().join("lessons.json")).unwrap();
    assert!(kept.contains("\"the-split\"") && kept.contains("\"asked\": 1"), "{kept}");
}
