//! Three lessons taken from beginning to end on a terminal. Beside the program the same keys are pressed without one, and behind
//! every step the terminal must show that very screen.

use super::common::desk::Desk;
use super::common::student::ended;
use super::seat::{Seat, Start};
use super::{DOWN, ENTER, ESCAPE, RIGHT, folder};
use tosumu_inspector::keymap::Key;
use tosumu_inspector::lesson;

fn typed(key: &Key) -> String {
    match key {
        Key::Char(letter) => letter.to_string(),
        Key::Enter => ENTER.to_owned(),
        Key::Down => DOWN.to_owned(),
        Key::Right => RIGHT.to_owned(),
        Key::Escape => ESCAPE.to_owned(),
        other => panic!("no lesson needs {other:?}"),
    }
}

/// Types what was pressed at the desk since the last time, and waits for its screen.
fn follow(seat: &mut Seat, desk: &mut Desk) {
    desk.pressed.drain(..).for_each(|key| seat.types(&typed(&key)));
    seat.shows(&desk.text());
}

fn take(name: &str) {
    let lesson = lesson::named(name).unwrap();
    let folder = folder();
    let mut seat =
        Seat::take(&folder, &Start { size: (100, 30), ..Start::with(&["learn", name, "--progress", "kept.json"]) });
    let mut desk = Desk::lesson(lesson);
    follow(&mut seat, &mut desk);
    let mut questions = 0;
    while !ended(&desk) {
        if desk.question().is_some() {
            desk.answer();
            questions += 1;
        } else if let Some(task) = desk.task().filter(|_| !desk.has_passed()) {
            for line in &task.solution {
                desk.enter(line);
                follow(&mut seat, &mut desk);
            }
            assert!(desk.has_passed(), "{}", desk.text());
        } else {
            desk.press(Key::Enter);
        }
        follow(&mut seat, &mut desk);
    }
    assert!(questions >= 4, "{questions}");
    seat.types("q");
    assert!(seat.ends().0.success());
    let kept = std::fs::read_to_string(folder.path().join("kept.json")).unwrap();
    assert!(kept.contains("\"done\": true"), "{kept}");
}

#[test]
fn the_first_lesson_is_taken_by_pointing_at_bytes() {
    take("1");
}

#[test]
fn the_lesson_of_the_split_is_taken_by_choosing_and_doing() {
    take("4");
}

#[test]
fn the_lesson_of_the_log_is_taken_through_two_power_cuts() {
    take("8");
}

#[test]
fn a_question_of_a_lesson_is_answered_by_clicks_too() {
    let folder = folder();
    let mut seat = Seat::take(&folder, &Start { size: (100, 30), ..Start::with(&["learn", "1"]) });
    for words in
        ["1: A file made of pages", "Something to look at", "The picture is the whole store", "Before anybody can cut"]
    {
        seat.sees(words);
        seat.types(ENTER);
    }
    seat.sees("The cursor is on byte 0.");
    seat.clicks("00 02 00 00 01 00 00 00   ");
    seat.sees("The cursor is on byte 32.");
    seat.types(ENTER);
    seat.sees("Right: bytes 32 to 35.");
    seat.types("q");
    assert!(seat.ends().0.success());
    let mut seat = Seat::take(&folder, &Start { size: (100, 30), ..Start::with(&["learn", "4"]) });
    for words in ["Lesson 4: The split", "A leaf fills up", "One page, one level", "Now we put l"] {
        seat.sees(words);
        seat.types(ENTER);
    }
    seat.sees("Page 1 is about to split.");
    seat.clicks(" 2 d");
    seat.sees(">2 d");
    seat.clicks(">2 d");
    seat.sees("Not so: the answer is: l.");
    seat.types("q");
    assert!(seat.ends().0.success());
}
