//! Messages in, model out: every key, every hint, and the story of the lab from the first put to the recovery.

mod labs;
mod travel;
mod views;

use super::*;
use crate::keymap::{self, Key};
use crate::looking::{MapLayer, TreeZoom};
use crate::message::Sample;
use crate::model::{Focus, HomeItem};
use crate::runtime::Worker;
use tosumu::trace::Event;
use tosumu::types::PageNo;

/// A model and the worker it would have, driven without a terminal.
struct Desk {
    model: Model,
    worker: Worker,
    /// Where its file stands, when it has one.
    folder: Option<tempfile::TempDir>,
}

impl Desk {
    fn new(model: Model, worker: Worker) -> Desk {
        Desk { model, worker, folder: None }
    }

    fn lab() -> Desk {
        let mut desk = Desk::new(Model::nothing(), Worker::new());
        desk.obey(Command::MakeLab(Sample::Sample));
        desk
    }

    /// The lab with the put already run, standing on its first event.
    fn put() -> Desk {
        let mut desk = Desk::lab();
        desk.press(Key::Enter);
        desk
    }

    fn file() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.tsm");
        let database = tosumu::Options::new().page_size(tosumu::PageSize::TOY).create_new(&path).unwrap();
        database.write(|tx| tx.put(b"key", b"value")).unwrap();
        database.checkpoint(tosumu::CheckpointMode::Passive).unwrap();
        drop(database);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[8192 + 100] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let mut desk = Desk::new(Model::nothing(), Worker::new());
        desk.obey(Command::LoadFile(path));
        desk.folder = Some(folder);
        desk
    }

    fn obey(&mut self, command: Command) {
        if command.is_for_the_worker() {
            let message = self.worker.obey(command);
            self.send(message);
        }
    }

    fn send(&mut self, message: Message) {
        for command in update(&mut self.model, message) {
            self.obey(command);
        }
    }

    fn press(&mut self, key: Key) {
        if let Some(message) = keymap::dispatch(&self.model, key) {
            self.send(message);
        }
    }

    fn keys(&mut self, letters: &str) {
        letters.chars().for_each(|letter| self.press(Key::Char(letter)));
    }

    fn enter(&mut self, line: &str) {
        self.keys(":");
        self.keys(line);
        self.press(Key::Enter);
    }

    fn word(&self) -> &'static str {
        self.model.present().map_or("", Event::word)
    }

    fn note(&self) -> String {
        self.model.note.as_ref().map_or(String::new(), |note| note.text.clone())
    }

    /// Everything a person could see change.
    fn seen(&self) -> String {
        let model = &self.model;
        format!(
            "{:?} {:?} {} {} {:?} {} {:?} {:?} {:?} {} {} {} {:?} {:?} {:?} {:?} {} {:?} {:?} {:?} {} {} {:?} {:?} {}",
            model.screen,
            model.home,
            model.branch,
            model.at,
            model.view,
            model.zoomed,
            model.focus,
            model.page,
            model.byte,
            model.sealed_form,
            model.scroll,
            model.selected_row,
            model.command_line,
            model.help_search,
            model.playing,
            model.predict,
            model.finding,
            model.note,
            model.busy,
            model.size,
            model.branches.len(),
            model.world.facts.file,
            model.labs.cell,
            (model.labs.tamper.row, model.labs.tamper.matrix, model.labs.twin.row),
            model.labs.tamper.is_told(0),
        )
    }
}

#[test]
fn the_lab_opens_with_a_put_typed_and_a_sentence_that_says_what_to_do() {
    let desk = Desk::lab();
    assert_eq!(desk.model.hints()[0], ("Enter".to_owned(), "run it".to_owned()));
    assert_eq!(desk.model.command_line.text, "put m 13");
    assert!(desk.model.command_line.active);
    assert_eq!(desk.model.at, desk.model.timeline().unwrap().len());
    assert!(desk.model.welcome.unwrap().starts_with("Leaf 2 is nearly full. Press Enter"));
}

#[test]
fn enter_runs_the_put_and_the_view_stands_on_its_first_event_with_the_arrow_as_the_first_hint() {
    let desk = Desk::put();
    assert!(matches!(desk.model.present(), Some(Event::OperationStarted { line }) if line == "put m 13"));
    assert!(!desk.model.is_typing());
    let hints = desk.model.hints();
    assert_eq!(hints[0], ("→".to_owned(), "next".to_owned()));
    assert!(hints.contains(&("]".to_owned(), "to the end of the put".to_owned())));
    assert_eq!(hints.iter().position(|(key, _)| key == "?"), Some(4));
}

#[test]
fn stepping_back_and_forth_shows_the_same_instants() {
    let mut desk = Desk::put();
    desk.keys("s");
    assert_eq!(desk.word(), "split");
    let split = desk.model.at;
    assert_eq!(desk.model.shown_page(), Some(PageNo(2)));
    let keys = |desk: &Desk| desk.model.shown_bytes().unwrap();
    let after = keys(&desk);
    desk.press(Key::Left);
    assert_ne!(desk.model.shown_page(), None);
    desk.press(Key::Right);
    assert_eq!((desk.model.at, keys(&desk)), (split, after));
    desk.press(Key::Home);
    assert_eq!(desk.model.at, 1);
    desk.press(Key::End);
    assert_eq!(desk.word(), "end");
    desk.keys("S");
    assert_eq!(desk.model.at, split);
}

#[test]
fn brackets_and_braces_go_by_operations_and_transactions() {
    let mut desk = Desk::put();
    let first = desk.model.at;
    desk.keys("]");
    assert_eq!(desk.word(), "end");
    desk.keys("[");
    assert_eq!(desk.model.at, first);
    desk.keys("[");
    assert!(desk.model.at < first && desk.word() == "ask");
    desk.keys("}");
    assert_eq!(desk.word(), "begin");
    desk.keys("{");
    assert_eq!(desk.word(), "begin");
    desk.keys("cC");
    assert_eq!(desk.word(), "COMMIT");
}

#[test]
fn the_power_goes_before_the_sync_and_recovery_brings_the_old_state_back() {
    let mut desk = Desk::put();
    while desk.word() != "write" {
        desk.press(Key::Right);
    }
    assert!(desk.model.world.if_power_went().contains("without m"));
    desk.keys("x");
    assert_eq!(desk.word(), "CRASH");
    assert_eq!((desk.model.branches.len(), desk.model.branch), (2, 1));
    assert!(!desk.model.world.facts.open);
    assert_eq!(desk.model.hints()[0].0, "r");
    desk.keys("r");
    assert!(matches!(desk.model.present(), Some(Event::OperationStarted { line }) if line == "reopen"));
    let steps = desk.model.timeline().unwrap().len() - desk.model.at;
    (0..steps).for_each(|_| desk.press(Key::Right));
    assert_eq!(desk.word(), "end");
    assert!(desk.model.world.facts.open);
    assert_eq!(desk.model.world.children(PageNo(3)), [PageNo(1), PageNo(2)]);
    desk.enter("get m");
    assert_eq!(desk.note(), "no such key");
    desk.keys("b");
    assert_eq!(desk.model.branch, 0);
    assert_eq!(desk.model.world.children(PageNo(3)).len(), 3, "on the first branch the power stayed on");
}

#[test]
fn an_operation_in_the_past_begins_a_branch_that_shares_what_was_before() {
    let mut desk = Desk::put();
    desk.keys("[");
    let shared = desk.model.operation().unwrap().last + 1;
    desk.enter("put q 1");
    assert_eq!(desk.model.branches.len(), 2);
    let (main, other) = (&desk.model.branches[0].timeline, &desk.model.branches[1].timeline);
    assert_eq!(main.events()[..shared], other.events()[..shared], "the same script leaves the same trace");
    assert_eq!(desk.model.at, shared + 1);
    assert!(matches!(desk.model.present(), Some(Event::OperationStarted { line }) if line == "put q 1"));
}

#[test]
fn an_operation_behind_a_crash_is_replayed_behind_the_same_crash() {
    let mut desk = Desk::put();
    desk.keys("s");
    desk.keys("x");
    desk.keys("r");
    desk.enter("put q 1");
    desk.keys("[");
    assert!(matches!(desk.model.present(), Some(Event::OperationStarted { line }) if line == "reopen"));
    let shared = desk.model.operation().unwrap().last + 1;
    desk.enter("put w 2");
    assert_eq!(desk.model.branches.len(), 3);
    let (one, two) = (&desk.model.branches[1].timeline, &desk.model.branches[2].timeline);
    assert_eq!(one.events()[..shared], two.events()[..shared]);
    assert_eq!(desk.note(), "");
}

#[test]
fn a_question_about_the_split_is_answered_from_the_engine_s_own_event() {
    let mut desk = Desk::put();
    desk.keys("p");
    for _ in 0..10 {
        if desk.model.predict.question.is_none() {
            desk.press(Key::Right);
        }
    }
    let question = desk.model.predict.question.clone().unwrap();
    assert_eq!(question.text, "Page 2 is about to split. Which key goes up, to tell it from page 4?");
    assert_eq!(question.choices[question.answer], "r");
    desk.keys(&(question.answer + 1).to_string());
    assert_eq!((desk.model.predict.right, desk.model.predict.asked), (1, 1));
    desk.press(Key::Right);
    assert_eq!(desk.word(), "split");
    desk.keys("S");
    desk.press(Key::Left);
    desk.press(Key::Right);
    desk.press(Key::Escape);
    assert_eq!(desk.word(), "split", "a question can be skipped");
    assert_eq!(desk.model.predict.asked, 1);
}

#[test]
fn playing_steps_by_the_clock_and_stops_at_the_end_and_at_any_step_by_hand() {
    let mut desk = Desk::put();
    desk.keys(" ");
    assert!(desk.model.playing.is_some());
    let at = desk.model.at;
    desk.send(Message::Tick);
    assert_eq!(desk.model.at, at + 1);
    let speed = desk.model.playing;
    desk.keys("+");
    assert!(desk.model.playing.unwrap().milliseconds() < speed.unwrap().milliseconds());
    desk.keys("-");
    assert_eq!(desk.model.playing, speed);
    desk.press(Key::Left);
    assert_eq!(desk.model.playing, None);
    desk.keys(" ");
    for _ in 0..100 {
        desk.send(Message::Tick);
    }
    assert_eq!((desk.word(), desk.model.playing), ("end", None));
}

#[test]
fn the_command_line_knows_views_history_and_says_what_it_cannot() {
    let mut desk = Desk::put();
    desk.enter("show page 2");
    assert_eq!((desk.model.view, desk.model.page), (View::Page, Some(PageNo(2))));
    desk.enter("disk");
    assert_eq!(desk.model.view, View::Disk);
    desk.enter("show tree");
    assert_eq!(desk.model.view, View::Tree);
    desk.enter("page 99");
    assert!(desk.model.note.as_ref().unwrap().bad);
    desk.enter("frobnicate");
    assert!(desk.model.note.as_ref().unwrap().bad);
    desk.enter("event 5");
    assert_eq!(desk.model.at, 5);
    desk.enter("branches");
    assert_eq!(desk.model.view, View::Branches);
    desk.keys(":");
    desk.press(Key::Up);
    desk.press(Key::Up);
    assert_eq!(desk.model.command_line.text, "event 5");
    desk.press(Key::Down);
    assert_eq!(desk.model.command_line.text, "branches");
    desk.press(Key::Control('u'));
    desk.keys("xy");
    desk.press(Key::Home);
    desk.press(Key::Delete);
    desk.press(Key::End);
    desk.press(Key::Backspace);
    assert_eq!(desk.model.command_line.text, "");
    desk.press(Key::Escape);
    assert!(!desk.model.is_typing());
}

#[test]
fn views_regions_zoom_and_help_come_and_go() {
    let mut desk = Desk::put();
    for (key, view) in
        [('2', View::Page), ('4', View::Log), ('5', View::Disk), ('8', View::Verify), ('0', View::Events)]
    {
        desk.keys(&key.to_string());
        assert_eq!(desk.model.view, view);
    }
    desk.press(Key::Up);
    desk.press(Key::Enter);
    assert_eq!(desk.model.at, desk.model.selected_row + 1);
    desk.keys("1");
    desk.press(Key::Tab);
    assert_eq!(desk.model.focus, Focus::Card);
    assert!(desk.model.in_bytes(), "the card under the tree holds the page's bytes");
    desk.press(Key::BackTab);
    assert_eq!(desk.model.focus, Focus::Main);
    desk.keys("z");
    assert!(desk.model.zoomed);
    desk.press(Key::Escape);
    assert!(!desk.model.zoomed);
    desk.keys("f");
    assert!(desk.model.sealed_form);
    desk.keys("?");
    assert_eq!(desk.model.view, View::Help);
    assert!(keymap::help_rows(&desk.model, "").iter().filter(|row| row.now).count() > 15);
    desk.keys("/crash");
    assert_eq!(desk.model.help_search.text, "crash");
    let found = keymap::help_rows(&desk.model, "crash");
    assert!(found.iter().any(|row| row.keys == "x") && found.len() < 16, "{found:?}");
    desk.press(Key::Enter);
    desk.keys("?");
    assert_eq!(desk.model.view, View::Tree);
}

#[test]
fn a_damaged_file_shows_its_finding_first_and_leads_to_the_bytes() {
    let mut desk = Desk::file();
    assert_eq!((desk.model.screen, desk.model.view), (Screen::File, View::Verify));
    assert_eq!(desk.model.findings().len(), 1, "{:?}", desk.model.findings());
    desk.keys("e");
    assert!(desk.model.zoomed && desk.model.focus == Focus::Card, "the finding has the whole screen");
    desk.press(Key::Escape);
    assert!(!desk.model.zoomed);
    desk.press(Key::Enter);
    assert_eq!((desk.model.view, desk.model.page, desk.model.byte), (View::Page, Some(PageNo(1)), Some(0)));
    desk.enter("put a b");
    assert!(desk.model.note.as_ref().unwrap().bad, "a file at rest is never written to");
    desk.press(Key::Escape);
    desk.keys("v");
    assert!(desk.folder.is_some());
    assert_eq!(desk.note(), "Verified again.");
}

#[test]
fn the_tour_runs_to_its_end_with_one_key() {
    let mut desk = Desk::new(Model::home(), Worker::new());
    assert_eq!(desk.model.home.items[0], HomeItem::Tour);
    desk.press(Key::Enter);
    let mut told = vec![desk.note()];
    while desk.model.tour.is_some() {
        assert_eq!(desk.model.hints()[0].0, "→", "{told:?}");
        desk.press(Key::Right);
        told.push(desk.note());
    }
    assert_eq!(told.len(), crate::guide::TOUR.len() + 1);
    assert!(told.iter().all(|text| !text.is_empty()), "{told:?}");
    assert!(desk.model.world.facts.open);
    assert_eq!(desk.model.world.children(PageNo(3)).len(), 2, "the half split is gone");
}

#[test]
fn quitting_leads_home_and_then_out() {
    let mut desk = Desk::put();
    desk.keys("q");
    assert_eq!(desk.model.screen, Screen::Home);
    assert_eq!(update(&mut desk.model, Message::Quit), [Command::Quit]);
    assert_eq!(update(&mut Desk::file().model, Message::Quit), [Command::Quit]);
    assert_eq!(update(&mut Desk::lab().model, Message::QuitNow), [Command::Quit]);
}

#[test]
fn a_path_can_be_typed_on_the_home_screen() {
    let mut desk = Desk::new(Model::home(), Worker::new());
    while desk.model.home.items[desk.model.home.selected] != HomeItem::OpenFile {
        desk.press(Key::Down);
    }
    let chosen = desk.model.home.selected;
    desk.press(Key::Enter);
    desk.keys("/no/such/file");
    desk.press(Key::Enter);
    assert!(desk.model.note.as_ref().unwrap().bad);
    assert_eq!(desk.model.screen, Screen::Home);
    desk.press(Key::Up);
    assert_eq!(desk.model.home.selected, chosen - 1);
}

#[test]
fn every_file_of_the_gallery_opens_and_leads_back_to_the_gallery() {
    for index in 0..crate::gallery::all().len() {
        let mut desk = Desk::new(Model::home(), Worker::new());
        while desk.model.home.items[desk.model.home.selected] != HomeItem::Gallery {
            desk.press(Key::Down);
        }
        desk.press(Key::Enter);
        let (first, all) = (desk.model.home.gallery.unwrap(), crate::gallery::all());
        assert_eq!(all[first].group, crate::gallery::Group::Rot, "a newcomer meets damage first");
        (0..(index + all.len() - first) % all.len()).for_each(|_| desk.press(Key::Down));
        desk.press(Key::Enter);
        let fixture = &all[index];
        assert_eq!(desk.model.title, format!("{}.tsm", fixture.cover()), "its name would tell");
        let found: Vec<_> = desk.model.findings().iter().map(|finding| finding.code).collect();
        assert_eq!(found, fixture.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), "{}", fixture.name);
        desk.keys("q");
        assert_eq!((desk.model.screen, desk.model.home.gallery), (Screen::Home, Some(index)));
        desk.press(Key::Escape);
        assert_eq!(desk.model.home.gallery, None);
    }
}

#[test]
fn what_happened_to_a_file_of_the_gallery_is_told_when_it_was_looked_at_and_guessed() {
    let mut desk = Desk::new(Model::home(), Worker::new());
    while desk.model.home.items[desk.model.home.selected] != HomeItem::Gallery {
        desk.press(Key::Down);
    }
    desk.press(Key::Enter);
    let at = desk.model.home.gallery.unwrap();
    let fixture = &crate::gallery::all()[at];
    let list = crate::describe::facts(&desk.model, crate::describe::Subject::Home).plain();
    assert!(!list.contains(&fixture.name) && !list.contains(&fixture.story), "{list}");
    desk.press(Key::Enter);
    assert!(desk.note().starts_with("What happened here?"), "{}", desk.note());
    desk.keys("Q");
    let asked = desk.model.predict.question.clone().unwrap();
    assert_eq!(asked.choices.len(), 4);
    desk.press(Key::Escape);
    assert!(desk.model.predict.question.is_none() && desk.model.home.told.is_empty(), "skipping tells nothing");
    desk.keys("Q");
    desk.press(Key::Down);
    desk.press(Key::Enter);
    let told = crate::view::story::lines_asked(&desk.model, ratatui::layout::Rect::new(0, 0, 80, 24));
    assert!(told >= 3 && desk.model.predict.question.as_ref().unwrap().why.contains(&fixture.name));
    desk.press(Key::Enter);
    desk.keys("q");
    let list = crate::describe::facts(&desk.model, crate::describe::Subject::Home).plain();
    assert!(list.contains(&fixture.name) && list.contains(&fixture.remedy), "{list}");
}

/// The models a person meets first, each with a name.
fn representative() -> Vec<(&'static str, Desk)> {
    let with = |mut desk: Desk, keys: &[Key]| {
        keys.iter().for_each(|key| desk.press(*key));
        desk
    };
    vec![
        ("home", Desk::new(Model::home(), Worker::new())),
        ("lab as it opens", Desk::lab()),
        ("on the put", Desk::put()),
        ("at the end", with(Desk::put(), &[Key::End])),
        ("on the split", with(Desk::put(), &[Key::Char('s')])),
        ("after the crash", with(Desk::put(), &[Key::Char('s'), Key::Char('x')])),
        ("in recovery", with(Desk::put(), &[Key::Char('s'), Key::Char('x'), Key::Char('r'), Key::Right])),
        ("in the bytes", with(Desk::put(), &[Key::Char('2'), Key::Enter])),
        ("events", with(Desk::put(), &[Key::Char('0')])),
        ("help", with(Desk::put(), &[Key::Char('?')])),
        ("playing", with(Desk::put(), &[Key::Char(' ')])),
        ("asked", with(Desk::put(), &[Key::Char('p'), Key::Right, Key::Right, Key::Right, Key::Right, Key::Right])),
        ("on the tour", with(Desk::new(Model::home(), Worker::new()), &[Key::Enter, Key::Right, Key::Right])),
        ("on the crash grid", with(Desk::put(), &[Key::Char('X')])),
        ("in the tamper lab", with(Desk::put(), &[Key::Char('A')])),
        ("at a lie that was told", with(Desk::put(), &[Key::Char('A'), Key::Enter])),
        ("damaged file", Desk::file()),
        ("its bytes", with(Desk::file(), &[Key::Enter])),
    ]
}

#[test]
fn every_hint_does_something() {
    for (index, (name, desk)) in representative().into_iter().enumerate() {
        let hints = desk.model.hints();
        assert!(hints.len() > 1, "{name}: {hints:?}");
        for (key, words) in hints {
            let mut desk = representative().remove(index).1;
            let before = desk.seen();
            let pressed = keymap::table()
                .iter()
                .flat_map(|binding| binding.keys)
                .find(|candidate| candidate.name(false) == key)
                .copied()
                .unwrap();
            let message = keymap::dispatch(&desk.model, pressed);
            let meant = keymap::table().iter().filter(|binding| (binding.when)(&desk.model)).find(|binding| {
                let word = desk.model.operation().and_then(|operation| operation.line.split(' ').next());
                binding.hint.replace("{operation}", word.unwrap_or("operation")) == words
            });
            assert_eq!(format!("{message:?}"), format!("{:?}", meant.map(|binding| &binding.message)), "{name}: {key}");
            let quits = matches!(message, Some(Message::Quit));
            desk.press(pressed);
            assert!(quits || desk.seen() != before, "{name}: {key} {words} changed nothing");
        }
    }
}

#[test]
fn no_key_is_a_trap_anywhere() {
    let keys: Vec<Key> = keymap::table().iter().flat_map(|binding| binding.keys).copied().collect();
    for (index, _) in representative().iter().enumerate() {
        let mut desk = representative().remove(index).1;
        for key in keys.iter().filter(|key| !matches!(key, Key::Char('q') | Key::Control('c'))) {
            desk.press(*key);
            desk.model.shown_page();
            desk.model.hints();
            desk.model.spans_of_shown_page();
        }
    }
}

#[test]
fn every_view_is_reached_by_its_key_and_by_its_word() {
    let keys = [
        ('1', View::Tree),
        ('2', View::Page),
        ('3', View::Map),
        ('4', View::Log),
        ('5', View::Disk),
        ('6', View::Seals),
        ('7', View::Snapshots),
        ('8', View::Verify),
        ('9', View::Receipt),
        ('0', View::Events),
        ('d', View::Diff),
        ('w', View::Life),
        ('?', View::Help),
    ];
    let mut desk = Desk::put();
    for (key, view) in keys {
        desk.keys(&key.to_string());
        assert_eq!(desk.model.view, view, "{key}");
        desk.press(Key::Escape);
        let word = view.word();
        if view != View::Verify {
            desk.enter(word);
            assert_eq!(desk.model.view, view, "{word}");
            desk.press(Key::Escape);
        }
    }
}

#[test]
fn an_operation_of_ones_own_ends_the_tour_and_help_does_what_its_row_says() {
    let mut desk = Desk::new(Model::nothing(), Worker::new());
    desk.obey(Command::MakeLab(Sample::Tour));
    desk.press(Key::Right);
    assert!(desk.model.tour.is_some());
    desk.enter("put zebra stripes");
    assert_eq!(desk.model.tour, None);
    desk.keys("?/4 log");
    desk.keys("\u{8}");
    desk.press(Key::Control('u'));
    desk.keys("the log");
    desk.press(Key::Enter);
    let rows = keymap::help_rows(&desk.model, "the log");
    let at = rows.iter().position(|row| row.keys == "4").unwrap();
    (0..at).for_each(|_| desk.press(Key::Down));
    desk.press(Key::Enter);
    assert_eq!(desk.model.view, View::Log);
}
