//! The labs at the keyboard.

use super::*;
use crate::labs::grid::{Fault, Outcome};
use crate::labs::twin::Answer;

/// Goes to every cell of the grid of the operation in front, steps its recovery to the end and holds the store against what the
/// cell says. Returns how many cells of each row there were.
fn step_every_cell(desk: &mut Desk, is_there: fn(usize) -> bool) -> [usize; Fault::ALL.len()] {
    desk.keys("X");
    let grid = desk.model.labs.grid.clone().unwrap();
    let mut stepped = [0; Fault::ALL.len()];
    for (column, row) in (0..grid.columns.len()).flat_map(|column| (0..Fault::ALL.len()).map(move |row| (column, row)))
    {
        if desk.model.view != View::Grid {
            desk.keys("X");
        }
        let branches = desk.model.branches.len();
        desk.model.labs.cell = (column, row);
        desk.press(Key::Enter);
        let Some(outcome) = grid.outcome(column, row) else {
            assert_eq!(desk.model.branches.len(), branches, "nothing to strike, and nothing happens");
            assert!(desk.note().contains("no crash to step"), "{}", desk.note());
            continue;
        };
        assert_eq!((desk.model.branches.len(), desk.model.world.facts.open), (branches + 1, false));
        let name = desk.model.branches[desk.model.branch].name.clone();
        let left = grid.left(column, row).filter(|_| row > 0).map(|left| left.to_string()).unwrap_or_default();
        let place = format!("event {}{left}", grid.columns[column].events);
        assert!(name.ends_with(&place), "{name}, not {place}");
        desk.press(Key::End);
        desk.enter("reopen");
        let Outcome::State(commits) = outcome else { panic!("{outcome:?}") };
        for line in [if is_there(*commits) { "expect get m 13" } else { "expect no m" }, "expect clean"] {
            desk.enter(line);
            assert!(!desk.model.note.as_ref().is_some_and(|note| note.bad), "{line}, {place}: {}", desk.note());
        }
        stepped[row] += 1;
        desk.enter("branch 1");
        desk.press(Key::End);
    }
    stepped
}

#[test]
fn every_cell_of_the_crash_grid_can_be_stepped_and_comes_out_as_it_says() {
    let mut desk = Desk::put();
    let put = step_every_cell(&mut desk, |commits| commits == 1);
    assert!(put[1] > 0 && put[2] > 0 && put[6] > 0, "{put:?}");
    let mut desk = Desk::put();
    // Pages that do not stand beside each other: several writes wait for one sync.
    for line in ["fill 40 ascending value 60", "checkpoint", "put a0 1", "put k0030 2", "put z0 3", "checkpoint"] {
        desk.enter(line);
    }
    let checkpoint = step_every_cell(&mut desk, |_| true);
    assert!(checkpoint.iter().all(|cells| *cells > 0), "{checkpoint:?}");
}

#[test]
fn a_torn_cell_is_saved_as_a_script_that_plays_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    for (row, words) in [(0, " process"), (2, " torn 1"), (6, " chance ")] {
        let mut desk = Desk::put();
        desk.keys("X");
        desk.model.labs.cell.1 = row;
        desk.press(Key::Enter);
        desk.keys("r");
        desk.enter("put q 1");
        let path = folder.path().join(format!("{row}.script")).display().to_string();
        desk.enter(&format!("save {path}"));
        let script = std::fs::read_to_string(&path).unwrap();
        assert!(script.lines().any(|line| line.starts_with("cut behind event ") && line.contains(words)), "{script}");
        let played = crate::recorded::timeline(&crate::recorded::run_script(&script).unwrap());
        assert!(played.events() == desk.model.timeline().unwrap().events(), "{script}");
    }
}

#[test]
fn an_operation_in_the_past_of_a_torn_branch_keeps_what_was_torn() {
    let mut desk = Desk::put();
    desk.keys("X");
    desk.model.labs.cell.1 = 2;
    desk.press(Key::Enter);
    desk.keys("r");
    desk.enter("put q 1");
    desk.enter("seek end");
    desk.keys("u");
    desk.enter("put s 2");
    desk.press(Key::End);
    let events = desk.model.timeline().unwrap().events();
    let torn = (0..events.len()).find_map(|at| tosumu::script::cut_by_hand(events, at));
    assert_eq!(torn, Some(tosumu::script::Left::Torn(1)));
}

#[test]
fn a_difference_is_chosen_guessed_and_shown_and_the_guess_is_scored() {
    let mut desk = Desk::put();
    desk.keys("W");
    assert_eq!((desk.model.view, desk.model.labs.twin.difference), (View::Twin, None));
    desk.press(Key::Down);
    desk.press(Key::Enter);
    assert!(desk.model.labs.twin.twin.is_some() && desk.model.labs.twin.told().is_none(), "asked first");
    let facts = crate::describe::twin::twin(&desk.model);
    assert!(facts.told.is_none() && facts.question.is_some_and(|question| question.answers[0] == "singly"));
    desk.keys("1");
    let lab = &desk.model.labs.twin;
    assert_eq!((lab.right, lab.guessed, lab.guess()), (1, 1, Some(Answer::Left)));
    desk.keys("2");
    assert_ne!(desk.model.view, View::Twin, "a guess stands, and 2 is the page view again");
    desk.keys("W");
    assert!(desk.model.labs.twin.told().is_some(), "what was shown is shown again");
    desk.press(Key::Enter);
    desk.press(Key::Up);
    desk.press(Key::Enter);
    desk.press(Key::Enter);
    let lab = &desk.model.labs.twin;
    assert_eq!((lab.guessed, lab.told().map(|twin| twin.touched)), (1, Some(12)), "looked at without a guess");
    desk.press(Key::Escape);
    assert_eq!(desk.model.view, View::Page);
    desk.enter("twin page-size 1024");
    assert_eq!(desk.model.labs.twin.twin.as_ref().map(|twin| twin.sides[1].page_size), Some(1024));
    desk.press(Key::Escape);
    desk.enter("put z 1");
    desk.keys("W");
    assert_eq!(desk.model.labs.twin.difference, None, "the branch has grown");
}

#[test]
fn what_cannot_be_twinned_is_refused_in_a_sentence() {
    let mut desk = Desk::put();
    for (line, why) in [
        ("twin page-size 512", "has 512-byte pages already"),
        ("twin page-size 5", "no page size"),
        ("twin peaks", "say the one difference"),
    ] {
        desk.enter(line);
        assert!(desk.note().contains(why), "{line}: {}", desk.note());
    }
    desk.enter("tamper page 2 byte 99 xor 01");
    desk.enter("twin commits");
    assert!(desk.note().contains("`tamper page 2 byte 99 xor 01`"), "{}", desk.note());
    let mut file = Desk::file();
    file.enter("twin order");
    assert!(file.note().contains("file at rest"), "{}", file.note());
}

#[test]
fn the_matrix_stands_behind_the_lies_and_tells_nothing_that_was_not_guessed_yet() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    desk.keys("A");
    desk.press(Key::Tab);
    let facts = crate::describe::tamper::tamper(&desk.model).matrix.unwrap();
    assert!(facts.rows.len() > 50 && facts.rows.iter().all(|row| row.here.is_none()), "nothing was guessed");
    assert!(facts.summary.contains("OPEN"), "{}", facts.summary);
    desk.press(Key::Right);
    desk.press(Key::Down);
    assert_eq!(desk.model.labs.tamper.matrix.map(|(_, column)| column), Some(1));
    desk.press(Key::Escape);
    assert_eq!((desk.model.view, desk.model.labs.tamper.matrix), (View::Tamper, None));
    desk.keys("1");
    desk.enter("tamper matrix");
    let facts = crate::describe::tamper::tamper(&desk.model).matrix.unwrap();
    assert_eq!(facts.rows.iter().filter(|row| row.here.is_some()).count(), 1);
    desk.press(Key::Tab);
    desk.press(Key::Escape);
    assert_ne!(desk.model.view, View::Tamper);
}
