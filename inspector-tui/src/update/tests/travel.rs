//! Time at the keyboard: breakpoints, branches, undo, marks, scripts, bookmarks.

use super::*;

#[test]
fn a_run_stops_at_breakpoints_in_both_directions_and_says_which_and_why() {
    let mut desk = Desk::put();
    desk.keys(".");
    assert!(desk.note().contains("`:break split`"), "{}", desk.note());
    desk.enter("break split");
    assert_eq!(desk.note(), "Breakpoint 1: split. A run (.) and playing stop there.");
    desk.enter("break key m");
    desk.enter("break page 4");
    desk.enter("break tx 99");
    let mut met = Vec::new();
    loop {
        let at = desk.model.at;
        desk.keys(".");
        if desk.model.at == at {
            break;
        }
        met.push(desk.note());
    }
    assert_eq!(met[0], "Breakpoint 2, key m: it is looked for in page 2.");
    assert!(
        met.iter().any(|told| told.starts_with("Breakpoint 1: split.") && told.contains("page 4 changes")),
        "{met:?}"
    );
    assert!(desk.note().starts_with("No later event meets a breakpoint"), "{}", desk.note());
    let last = desk.model.at;
    desk.keys(",");
    assert!(desk.model.at < last && desk.note().starts_with("Breakpoint "));
    desk.enter("breaks");
    assert_eq!(desk.note(), "Breakpoints: 1 split; 2 key m; 3 page 4; 4 tx 99. `unbreak N` takes one away.");
    desk.enter("unbreak 2");
    desk.enter("unbreak 2");
    assert!(desk.model.note.as_ref().unwrap().bad);
    desk.enter("unbreak all");
    assert_eq!(desk.note(), "3 breakpoints gone.");
    desk.enter("break moon");
    assert!(desk.note().contains("commit sync split merge"));
}

#[test]
fn playing_stops_at_a_breakpoint_and_at_a_question() {
    let mut desk = Desk::put();
    desk.keys("s");
    desk.keys("K");
    assert_eq!(desk.note(), "Breakpoint 1: split. A run (.) and playing stop there.");
    let split = desk.model.at;
    desk.keys("[");
    desk.keys(" ");
    for _ in 0..100 {
        desk.send(Message::Tick);
    }
    assert_eq!((desk.model.at, desk.model.playing), (split, None));
    assert_eq!(desk.note(), "Breakpoint 1: split.");
    desk.keys("K");
    assert_eq!(desk.note(), "Breakpoint 1 is gone: nothing stops at split any more.");
    desk.keys("[");
    desk.keys("p");
    desk.keys(" ");
    for _ in 0..100 {
        desk.send(Message::Tick);
    }
    assert!(desk.model.predict.question.is_some() && desk.model.playing.is_none());
    assert_eq!(desk.model.at, split - 1, "before the split");
}

#[test]
fn whatever_was_done_in_the_lab_is_taken_back_and_done_again_without_the_engine() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    desk.enter("checkpoint");
    desk.press(Key::End);
    desk.enter("tamper page 2 byte 99 xor 01");
    desk.press(Key::End);
    desk.enter("reopen");
    desk.press(Key::Home);
    desk.keys("}");
    desk.keys("x");
    let acts = ["put m 13", "checkpoint", "tamper page 2 byte 99 xor 01", "reopen"];
    let ends: Vec<usize> = desk.model.branches.iter().map(|branch| branch.timeline.len()).collect();
    assert_eq!((desk.model.branch, ends.len()), (1, 2));
    desk.keys("u");
    assert!(desk.note().starts_with("Taken back: power cut behind event "), "{}", desk.note());
    assert_eq!((desk.model.branch, desk.model.branches.len()), (0, 1));
    for act in acts.iter().rev() {
        desk.keys("u");
        assert!(desk.note().starts_with(&format!("Taken back: {act} (")), "{}", desk.note());
    }
    assert_eq!(desk.model.timeline().unwrap().len(), Desk::lab().model.timeline().unwrap().len());
    assert_eq!(desk.model.world.facts, Desk::lab().model.world.facts);
    desk.keys("u");
    assert!(desk.note().starts_with("Nothing was done here"), "{}", desk.note());
    for act in acts {
        desk.keys("U");
        assert_eq!(desk.note(), format!("Done again: {act}. u takes it back."));
    }
    desk.keys("U");
    let again: Vec<usize> = desk.model.branches.iter().map(|branch| branch.timeline.len()).collect();
    assert_eq!((again, desk.word()), (ends, "CRASH"));
    desk.keys("r");
    assert_eq!(desk.word(), "ask", "the branch that came back has its engine still");
}

#[test]
fn what_is_done_after_an_undo_goes_on_from_the_instant_that_undo_led_to() {
    let mut desk = Desk::put();
    desk.enter("undo");
    desk.enter("put q 1");
    assert_eq!(desk.model.branches.len(), 1, "nothing is left to branch from");
    desk.press(Key::End);
    desk.enter("get m");
    assert_eq!(desk.note(), "no such key");
    desk.enter("get q");
    assert_eq!(desk.note(), "1");
    desk.keys("U");
    assert!(desk.note().starts_with("Nothing was taken back"), "{}", desk.note());
    let events = desk.model.timeline().unwrap().events().to_vec();
    let mut straight = crate::recorded::sample_store(&["put q 1", "get m", "get q"]).recorder().events_from(0);
    straight.truncate(events.len());
    assert!(events == straight, "as if the first put had never been");
}

#[test]
fn branches_are_named_listed_chosen_compared_and_found_where_they_were_left() {
    let mut desk = Desk::put();
    desk.keys("s");
    let split = desk.model.at;
    desk.keys("x");
    desk.enter("name without m");
    assert_eq!(desk.model.branches[1].name, "without m");
    desk.enter("name 7");
    assert!(desk.model.note.as_ref().unwrap().bad);
    desk.enter("branch main");
    assert_eq!((desk.model.branch, desk.model.at), (0, split), "where it was left");
    desk.keys("B");
    assert_eq!((desk.model.view, desk.model.selected_row), (View::Branches, 0));
    desk.press(Key::Down);
    desk.press(Key::Enter);
    assert_eq!((desk.model.branch, desk.model.view), (1, View::Tree));
    desk.keys("B");
    desk.press(Key::Escape);
    assert_eq!(desk.model.view, View::Tree);
    desk.enter("compare main");
    let told = desk.note();
    assert_eq!(told, format!("The ends of without m and main: they share {split} events."));
    assert_eq!(desk.model.view, View::Diff);
    let facts = crate::describe::facts(&desk.model, crate::describe::Subject::Diff).plain();
    assert!(facts.contains("+ m: 2 bytes"), "{facts}");
    desk.enter("compare nobody");
    assert!(desk.model.note.as_ref().unwrap().bad);
    desk.enter("name main");
    assert!(desk.note().contains("Another branch"), "{}", desk.note());
}

#[test]
fn marks_of_every_kind_are_reached_by_their_words() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    desk.enter("checkpoint");
    desk.press(Key::Home);
    for kind in ["commit", "sync", "split", "checkpoint"] {
        desk.enter("first");
        desk.enter(&format!("next {kind}"));
        assert!(crate::timeline::Mark::named(kind).unwrap().is(desk.model.present().unwrap()), "{kind}");
    }
    desk.enter("seek 12");
    assert_eq!(desk.model.at, 12);
    desk.enter("seek end");
    desk.enter("prev split");
    assert_eq!(desk.word(), "split");
    desk.enter("next crash");
    assert_eq!(desk.note(), "There is no later crash on this branch.");
    desk.enter("next moon");
    assert!(desk.note().contains("checkpoint crash finding"), "{}", desk.note());
}

#[test]
fn a_saved_branch_plays_to_the_same_end_power_cuts_in_the_middle_included() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.script").display().to_string();
    let mut desk = Desk::put();
    desk.keys("s");
    desk.keys("x");
    desk.keys("r");
    desk.press(Key::End);
    desk.enter("put q 1");
    desk.enter("expect no m");
    desk.press(Key::End);
    desk.keys("x");
    desk.keys("r");
    desk.press(Key::End);
    desk.enter("fill 5 random");
    desk.enter(&format!("save {path}"));
    assert!(desk.note().ends_with("plays it."), "{}", desk.note());
    let script = std::fs::read_to_string(&path).unwrap();
    assert_eq!(script.matches("\ncut behind event ").count(), 2, "{script}");
    let runner = crate::recorded::run_script(&script).unwrap();
    let played = crate::recorded::timeline(&runner);
    assert!(played.events() == desk.model.timeline().unwrap().events(), "{script}");
    desk.enter(&format!("save {path}"));
    assert!(desk.note().contains("is there already"), "{}", desk.note());
    desk.enter(&format!("save! {path}"));
    assert!(desk.note().ends_with("plays it."), "{}", desk.note());

    let mut other = Desk::lab();
    other.enter("put z 9");
    let before = other.model.timeline().unwrap().len();
    other.enter(&format!("run {path}"));
    assert_eq!(other.model.branches.len(), 2, "a script that takes events back begins a branch: {}", other.note());
    assert!(other.model.branches[1].timeline.len() > before);
    other.enter("run /no/such/script");
    assert!(other.model.note.as_ref().unwrap().bad);
}

#[test]
fn several_pasted_lines_are_run_in_order_and_a_wrong_one_is_named() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    let before = desk.model.timeline().unwrap().len();
    desk.send(Message::Paste("# mine\r\nput x 1\r\nput y 2\r\n\r\nexpect get x 1\r\n".to_owned()));
    assert_eq!(desk.note(), "3 operations ran. This is the first event; End leads to the last.");
    assert_eq!((desk.model.at, desk.model.branches.len()), (before + 1, 1));
    desk.keys("u");
    assert!(desk.note().starts_with("Taken back: put x 1 and 2 more ("), "{}", desk.note());
    assert_eq!(desk.model.timeline().unwrap().len(), before);
    desk.send(Message::Paste("put x 1\nputt y 2\n".to_owned()));
    assert!(desk.note().starts_with("Nothing was run: line 2: `putt` is no operation"), "{}", desk.note());
    desk.send(Message::Paste("put x 1\nexpect get x 2\nrollback\n".to_owned()));
    assert!(
        desk.note().starts_with("3 operations ran. 2 went wrong. The first: line 2, `expect get x 2`"),
        "{}",
        desk.note()
    );
    desk.send(Message::Paste("get x\n".to_owned()));
    assert_eq!(desk.model.command_line.text, "get x", "one line waits to be read first");
}

#[test]
fn with_questions_on_a_power_cut_by_hand_is_asked_about_first() {
    let mut desk = Desk::put();
    desk.keys("p");
    while desk.word() != "cell" {
        desk.press(Key::Right);
        desk.press(Key::Escape);
    }
    desk.keys("x");
    let question = desk.model.predict.question.clone().expect("a question before the crash");
    assert!(question.text.starts_with("The power goes now."), "{question:?}");
    let wrong = (question.answer + 1) % question.choices.len();
    desk.keys(&(wrong + 1).to_string());
    assert_eq!((desk.model.predict.right, desk.model.predict.asked), (0, 1));
    desk.press(Key::Right);
    assert_eq!(desk.word(), "CRASH");
}

#[test]
fn a_recording_is_stepped_through_and_says_why_nothing_can_be_done_to_it() {
    let events = Desk::put().model.timeline().unwrap().events().to_vec();
    let recorded = crate::recording::Recorded { events, broken: Some("line 90: cut".to_owned()) };
    let mut desk = Desk::new(crate::recording::model("x.trace", recorded), Worker::new());
    assert_eq!(desk.model.at, 1);
    assert!(desk.note().contains("line 90: cut"));
    desk.keys("s");
    assert_eq!(desk.word(), "split");
    desk.enter("break commit");
    desk.keys(".");
    assert_eq!(desk.word(), "COMMIT");
    for key in "xrvuU".chars() {
        let at = desk.model.at;
        desk.press(Key::Char(key));
        assert!(desk.note().starts_with("This is a recording"), "{key}: {}", desk.note());
        assert_eq!((desk.model.at, desk.model.busy.clone()), (at, None));
    }
    desk.enter("put a 1");
    assert!(desk.note().starts_with("A recording is only looked at."), "{}", desk.note());
    desk.send(Message::Paste("put a 1\nput b 2".to_owned()));
    assert!(desk.note().starts_with("A recording is only looked at."), "{}", desk.note());
    desk.enter("crash");
    assert!(desk.model.note.as_ref().unwrap().bad);
    assert_eq!(desk.model.branches.len(), 1);
}

#[test]
fn a_bookmark_is_set_visited_sought_compared_with_and_taken_away() {
    let mut desk = Desk::put();
    let first = desk.model.at;
    desk.enter("mark begun");
    assert_eq!(desk.model.kept.notes.bookmarks().collect::<Vec<_>>(), ["begun"]);
    desk.keys("s");
    let split = desk.model.at;
    desk.enter("mark cut");
    desk.press(Key::End);
    desk.enter("seek begun");
    assert_eq!(desk.model.at, first);
    desk.keys("'");
    assert_eq!((desk.model.at, desk.note()), (split, format!("event {split}: marked cut")));
    desk.keys("'");
    assert_eq!(desk.model.at, first, "behind the last one comes the first");
    desk.enter("diff begun cut");
    assert_eq!(desk.model.view, View::Diff);
    desk.enter("unmark begun");
    desk.enter("seek begun");
    assert!(desk.model.note.as_ref().unwrap().bad);
    desk.enter("mark 12");
    assert!(desk.model.note.as_ref().unwrap().bad, "a number is an instant already");
}

#[test]
fn the_history_is_searched_for_what_was_typed() {
    let mut desk = Desk::put();
    desk.model.history = ["put apple 1", "get pear", "put plum 2", "scan"].map(str::to_owned).to_vec();
    desk.keys(":put");
    desk.press(Key::Control('r'));
    assert_eq!(desk.model.command_line.text, "put plum 2");
    desk.press(Key::Control('r'));
    assert_eq!(desk.model.command_line.text, "put apple 1");
    desk.press(Key::Control('r'));
    assert_eq!(
        (desk.model.command_line.text.as_str(), desk.note()),
        ("put apple 1", "No older line has `put` in it.".into())
    );
    desk.press(Key::Control('u'));
    desk.keys("ear");
    desk.press(Key::Control('r'));
    assert_eq!(desk.model.command_line.text, "get pear");
    desk.press(Key::Control('u'));
    desk.press(Key::Control('r'));
    assert_eq!(desk.model.command_line.text, "scan", "with nothing typed the last line");
}

#[test]
fn jumps_go_to_the_kind_that_was_chosen_from_the_list_or_named() {
    let mut desk = Desk::put();
    let begun = desk.model.at;
    desk.keys(")");
    let any = desk.model.at;
    assert!(any > begun, "with nothing chosen any mark will do");
    desk.keys("J");
    assert_eq!(desk.model.view, View::Marks);
    let sync = crate::travel::mark_kinds().position(|kind| kind == Some(crate::timeline::Mark::Sync)).unwrap();
    (0..sync).for_each(|_| desk.press(Key::Down));
    desk.press(Key::Enter);
    assert_eq!((desk.model.view, desk.word()), (View::Tree, "SYNC"));
    let here = desk.model.at;
    desk.keys("(");
    assert!(desk.model.at < here && desk.word() == "SYNC");
    desk.enter("next split");
    assert_eq!(desk.word(), "split");
    desk.keys(")");
    assert!(desk.note().contains("no later mark"), "{}", desk.note());
    desk.enter("next crash");
    assert!(desk.note().starts_with("There is no later crash"), "{}", desk.note());
    desk.enter("prev mark");
    desk.keys("J");
    assert_eq!(desk.model.selected_row, 0, "any kind is chosen again");
    desk.press(Key::Escape);
    assert_eq!(desk.model.view, View::Tree);
}

#[test]
fn an_operation_asked_for_in_the_middle_of_another_says_that_it_stands_behind_it() {
    let mut desk = Desk::put();
    desk.keys("s");
    desk.enter("put o 15");
    assert_eq!(desk.note(), "`put m 13` comes to its end first; this begins behind it. [ leads back.");
    desk.press(Key::End);
    desk.enter("put q 15");
    assert_eq!(desk.note(), "", "at the end there is nothing to say");
}

#[test]
fn a_session_left_in_help_or_in_a_lab_is_gone_on_with_in_the_view_before() {
    for (keys, word) in [("5?", "disk"), ("4A", "log"), ("6X?", "seals")] {
        let mut desk = Desk::put();
        desk.keys(keys);
        let text = crate::session::to_text(&desk.model).unwrap();
        assert!(text.contains(&format!("\nview {word}\n")), "{keys}: {text}");
    }
}
