//! Lessons on the screen, from keystrokes: going on, answering, the task, what is remembered; and how it looks at four sizes.

mod common;

use common::desk::Desk;
use common::student::ended;
use tosumu_inspector::{
    command::Command,
    keep::Ask,
    keymap::Key,
    lesson::{self, Block, Lesson, Way},
    model::{Focus, Model, Screen},
    runtime::{Keep, ProgressFile},
};

fn split() -> &'static Lesson {
    lesson::named("4").expect("lesson 4")
}

#[test]
fn a_lesson_is_chosen_at_home_taken_to_its_end_and_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let file = ProgressFile::at(folder.path().join("lessons.json"));
    let mut desk = Desk::new(Model::home(), Keep::default().with_progress(Some(file.clone())));
    desk.obey(Command::Keep(Ask::ReadProgress));
    desk.press(Key::Down);
    desk.press(Key::Down);
    desk.press(Key::Enter);
    assert!(desk.text().contains("The lessons"), "{}", desk.text());
    let at = lesson::all().iter().position(|lesson| lesson.number == "4").unwrap();
    while desk.model.home.lessons != Some(at) {
        desk.press(Key::Down);
    }
    desk.press(Key::Enter);
    assert_eq!(desk.model.screen, Screen::Lab);
    assert!(desk.text().contains("Lesson 4: The split"), "{}", desk.text());
    desk.on_to(|desk| desk.task().is_some());
    let task = desk.task().unwrap();
    assert!(desk.text().contains("TASK"), "{}", desk.text());
    for line in &task.solution {
        desk.enter(line);
    }
    assert!(desk.text().contains("DONE"), "{}", desk.text());
    desk.on_to(ended);
    let read = file.read().unwrap();
    let kept = read.of(split());
    assert!(kept.done && kept.right == kept.asked && kept.asked >= 4, "{kept:?}");
    assert_eq!(Some(kept.tasks[&1].used), task.par);
    desk.keys("q");
    assert_eq!(desk.model.screen, Screen::Home);
    let home = desk.text();
    assert!(home.lines().any(|line| line.contains("The split") && line.contains("done")), "{home}");
}

#[test]
fn what_a_question_asks_about_is_kept_back_until_it_is_answered() {
    let mut desk = Desk::lesson(split());
    desk.on_to(|desk| desk.question().is_some());
    let before = desk.model.timeline().unwrap().len();
    let at = desk.at();
    let has_split =
        |desk: &Desk| desk.model.timeline().unwrap().events().iter().any(|event| event.name() == "page-split");
    assert!(!has_split(&desk));
    desk.press(Key::Tab);
    assert_eq!(desk.model.focus, Focus::Main, "the views can be looked at meanwhile");
    desk.keys("]");
    desk.enter("put x 1");
    assert!(desk.model.note.as_ref().unwrap().text.contains("answer it first"), "{:?}", desk.model.note);
    assert_eq!((desk.model.timeline().unwrap().len(), desk.at()), (before, at));
    desk.press(Key::BackTab);
    desk.press(Key::Escape);
    assert!(desk.text().contains("skipped"), "{}", desk.text());
    desk.on_to(|desk| has_split(desk));
}

#[test]
fn a_task_gives_hints_its_solution_and_a_new_beginning_and_refuses_what_does_it_for_one() {
    let mut desk = Desk::lesson(split());
    desk.on_to(|desk| desk.task().is_some());
    let task = desk.task().unwrap();
    desk.press(Key::Enter);
    assert!(desk.task().is_some() && desk.model.note.as_ref().unwrap().text.contains("H gives a hint"));
    desk.enter("fill 20 ascending");
    assert!(desk.model.note.as_ref().unwrap().text.contains("not allowed"));
    desk.enter("put a 1");
    desk.press(Key::BackTab);
    desk.keys("H");
    assert!(desk.text().contains("Hint 1"), "{}", desk.text());
    desk.keys("HHH");
    assert!(desk.model.note.as_ref().unwrap().text.contains("no more hints"));
    desk.keys("E");
    let tried = desk.model.lessons.player.as_ref().unwrap().tried.clone().unwrap();
    assert!(tried.solution_shown && tried.hints == 3);
    desk.keys("R");
    assert_eq!(desk.model.world.facts.commit.0, 0, "the store is as at the beginning");
    desk.enter(&task.solution[0]);
    assert_eq!(desk.model.world.facts.commit.0, 1, "what came of it is shown at once");
    desk.keys("u");
    desk.press(Key::BackTab);
    desk.keys("J");
    assert!(desk.task().is_none());
    desk.press(Key::Backspace);
    assert!(desk.task().is_some(), "and back");
}

#[test]
fn every_lesson_can_be_taken_from_beginning_to_end_on_a_small_and_on_a_larger_screen() {
    for chosen in lesson::all() {
        for size in [(80, 24), (100, 30)] {
            let mut desk = Desk::lesson(chosen);
            desk.model.size = size;
            let tasks = chosen.blocks.iter().filter(|block| matches!(block, Block::Task(_))).count();
            for _ in 0..tasks {
                desk.on_to(|desk| {
                    let open =
                        |player: &&lesson::Player| player.tried.as_ref().is_some_and(|tried| tried.passed.is_none());
                    desk.model.lessons.player.as_deref().filter(open).is_some()
                });
                for line in desk.task().unwrap().solution {
                    desk.enter(&line);
                }
                let note = desk.model.note.clone().map(|note| note.text);
                assert!(
                    note.as_ref().is_some_and(|note| note.starts_with("Done")),
                    "{}: {note:?}\n{}",
                    chosen.file,
                    desk.text()
                );
            }
            desk.on_to(ended);
            assert!(desk.model.note.as_ref().is_none_or(|note| !note.bad), "{}: {:?}", chosen.file, desk.model.note);
            assert!(desk.model.lessons.progress.of(chosen).done, "{}", chosen.file);
        }
    }
}

const KINDS: &str = r#"---
lesson: 16
title: Kinds
chapter: Test
minutes: 5
page-size: 512
---

# Kinds

Typing and pointing.

```predict
ask: count writes
```

```script
put a 1
```

```predict
ask: point superblock A field page_size
```

## The end

Nothing more.
"#;

#[test]
fn answers_are_typed_and_pointed_at() {
    let lesson = Lesson::parse("16-kinds.md", KINDS).unwrap();
    let mut desk = Desk::lesson(&lesson);
    desk.press(Key::Enter);
    assert!(matches!(desk.question(), Some(Way::Type { .. })), "{}", desk.text());
    desk.press(Key::Enter);
    assert!(desk.model.note.as_ref().unwrap().text.contains("Esc goes on without an answer"));
    desk.keys("q99");
    assert!(desk.text().contains("> q99"), "{}", desk.text());
    desk.press(Key::Enter);
    assert!(desk.text().contains("Not so"), "{}", desk.text());
    desk.press(Key::Enter);
    assert!(matches!(desk.question(), Some(Way::Point { .. })), "{}", desk.text());
    assert!(desk.text().contains("The bytes of superblock A"), "{}", desk.text());
    desk.answer();
    assert!(desk.text().contains("Right: bytes"), "{}", desk.text());
    desk.on_to(ended);
}

#[test]
fn the_text_says_the_same_as_a_picture_and_as_facts() {
    let mut desk = Desk::lesson(split());
    desk.on_to(|desk| desk.question().is_some());
    let facts = tosumu_inspector::describe::facts(&desk.model, tosumu_inspector::describe::Subject::Lab);
    let (plain, json) = (facts.plain(), facts.json());
    for part in ["Lesson 4: The split", "Which key goes up"] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
    assert!(json.contains("\"piece\": \"question\""), "{json}");
}

#[test]
fn a_lesson_at_every_size() {
    let mut pictures = String::new();
    let mut desk = Desk::lesson(split());
    for (name, is_there) in [
        ("text", (|_: &Desk| true) as fn(&Desk) -> bool),
        ("question", |desk| desk.question().is_some()),
        ("task", |desk| desk.task().is_some()),
    ] {
        desk.model.size = (100, 30);
        desk.on_to(is_there);
        for size in [(60, 16), (80, 24), (120, 40), (200, 60)] {
            desk.model.size = size;
            pictures.push_str(&format!("{name} {}x{}\n{}\n", size.0, size.1, desk.text()));
        }
    }
    insta::assert_snapshot!("a_lesson_at_every_size", pictures);
}
