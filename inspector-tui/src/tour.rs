//! The tour as text, for a pipe: one put that splits a page, a power cut before its sync, recovery, and a damaged file.
//!
//! Nothing here is made up: a real engine runs on a simulated disk, the sentences are its events', and the pictures are the
//! inspector's. It knows no terminal and reads no file.

use crate::{describe::Subject, model::Model, picture, recorded, view, widget::text};
use ratatui::{buffer::Buffer, layout::Rect};
use std::ops::Range;
use tosumu::{script::Runner, trace::Event};

/// Columns of a line.
const COLUMNS: u16 = 80;

/// The whole tour; `commands` are the verbs of the program, each with what it does.
pub fn tour(commands: &[(String, String)]) -> String {
    let mut tour = Tour::default();
    tour.prose(
        "tosumu is a small embedded storage engine with its lid off. This tour runs the real engine on a simulated disk: \
         every sentence below is one of its events, every picture is drawn from what it did. Run `tosumu` on a terminal to \
         take these steps one by one, forward and back.",
    );
    let runner = recorded::sample_store(&["put m 13"]);
    tour.before(&runner);
    tour.split(&runner);
    tour.durability(&runner);
    tour.power_cut();
    tour.damage();
    tour.guide(commands);
    tour.text
}

#[derive(Default)]
struct Tour {
    text: String,
}

impl Tour {
    fn heading(&mut self, words: &str) {
        self.text.push_str(&format!("\n== {words} ==\n"));
    }

    fn prose(&mut self, words: &str) {
        for line in text::wrap(words, usize::from(COLUMNS)) {
            self.text.push_str(&format!("{line}\n"));
        }
    }

    /// One view at the present instant of `model`, its trailing empty lines left out.
    fn picture(&mut self, model: &Model, subject: Subject, lines: u16) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, COLUMNS, lines));
        view::draw_alone(model, subject, &mut buffer);
        self.text.push_str(&picture::to_text(&buffer));
    }

    /// The sentences of these events, each under its number.
    fn events(&mut self, model: &Model, events: Range<usize>) {
        self.events_that(model, events, |_| true);
    }

    fn events_that(&mut self, model: &Model, events: Range<usize>, told: impl Fn(&Event) -> bool) {
        let Some(timeline) = model.timeline() else { return };
        for at in (events.start..events.end.min(timeline.len())).filter(|at| told(timeline.event(*at))) {
            let sentence = timeline.event(at).sentence();
            for (line, words) in text::wrap(&sentence, usize::from(COLUMNS) - 6).into_iter().enumerate() {
                let number = if line == 0 { (at + 1).to_string() } else { String::new() };
                self.text.push_str(&format!("{number:>5} {words}\n"));
            }
        }
    }

    fn before(&mut self, runner: &Runner) {
        let model = at_operation(runner, "put m 13", 0);
        self.heading("A store of three pages");
        self.prose(
            "Page 3 leads to two leaves, and the leaves hold the records: eleven of them, b to v. Leaf 2 is nearly full. \
             The last commit is not in the page file yet; it is in the log.",
        );
        self.picture(&model, Subject::Tree, 10);
    }

    fn split(&mut self, runner: &Runner) {
        let model = recorded::lab(runner, recorded::SAMPLE_TITLE);
        let up = find(&model, |event| matches!(event, Event::SeparatorWritten { .. }));
        let first = operation(&model, "put m 13").start;
        self.heading("put m 13: one more record, and the leaf splits");
        self.events(&model, first..up + 1);
        let mut model = at(runner, up + 1);
        self.picture(&model, Subject::Tree, 11);
        model.page = model.world.facts.fresh.as_ref().map(|(page, _)| *page);
        self.prose("Leaf 2 byte by byte, a sign for eight of them; then what would happen if the power went now:");
        self.picture(&model, Subject::Page, 6);
        self.prose(&model.world.if_power_went());
    }

    fn durability(&mut self, runner: &Runner) {
        let model = recorded::lab(runner, recorded::SAMPLE_TITLE);
        let events = operation(&model, "put m 13");
        let sealed = find(&model, |event| matches!(event, Event::PageSealed { .. }));
        let written = find(&model, |event| matches!(event, Event::FileWritten { .. }));
        self.heading("Sealed, written, synced: only the sync makes it safe");
        self.events(&model, sealed..written + 1);
        self.picture(&at(runner, written + 1), Subject::Disk, 13);
        self.events(&model, written + 1..events.end);
        self.picture(&at(runner, events.end), Subject::Log, 14);
    }

    fn power_cut(&mut self) {
        let runner = recorded::sample_store(&["crash before wal-sync", "put m 13", "reopen", "get m"]);
        let model = recorded::lab(&runner, recorded::SAMPLE_TITLE);
        let crash = find(&model, |event| matches!(event, Event::Crashed { .. }));
        self.heading("The same put again, but the power goes before the sync");
        self.events(&model, crash..crash + 1);
        self.prose("Now the store is opened again, and recovery looks at what is there:");
        let told = |event: &Event| tells_of_recovery(event);
        self.events_that(&model, operation(&model, "reopen"), told);
        let get = operation(&model, "get m");
        self.picture(&at(&runner, get.end), Subject::Tree, 10);
        self.prose("The store is as it was before the put, whole: nobody had been told that m was stored.");
    }

    fn damage(&mut self) {
        let mut runner = recorded::sample_store(&["put m 13", "checkpoint", "put-back page 2 from commit 1"]);
        runner.finish();
        let model = recorded::at_rest(&runner, None).expect("invariant: the simulated disk holds the sample store");
        self.heading("A damaged file: an old copy of one page was put back");
        let lines = view::verify::lines_needed(&model, COLUMNS - 2) + 12;
        self.picture(&model, Subject::Verify, lines);
    }

    fn guide(&mut self, commands: &[(String, String)]) {
        self.heading("What it can do");
        for (name, about) in commands {
            let room = usize::from(COLUMNS) - 15;
            let about = about.split(';').next().unwrap_or(about);
            for (line, words) in text::wrap(about, room).into_iter().enumerate() {
                let name = if line == 0 { name.as_str() } else { "" };
                self.text.push_str(&format!("  {name:<12} {words}\n"));
            }
        }
        self.prose("\n`tosumu VERB --help` says more.");
    }
}

/// What opening does to the disk beside reading it is left to the inspector.
fn tells_of_recovery(event: &Event) -> bool {
    matches!(
        event,
        Event::SuperblockChosen { .. }
            | Event::KeySlotOpened { .. }
            | Event::LogExamined { .. }
            | Event::LogRecordAccepted { .. }
            | Event::LogReplayed { .. }
            | Event::Opened { .. }
    )
}

/// The events of the last operation that was asked for by `line`.
fn operation(model: &Model, line: &str) -> Range<usize> {
    let operations = model.timeline().map_or(&[][..], |timeline| timeline.operations());
    let found = operations.iter().rev().find(|operation| operation.line == line);
    found.map_or(0..0, |operation| operation.first..operation.last + 1)
}

/// The first event that `is` holds for, of the last put on.
fn find(model: &Model, is: impl Fn(&Event) -> bool) -> usize {
    let Some(timeline) = model.timeline() else { return 0 };
    let first = operation(model, "put m 13").start;
    (first..timeline.len()).find(|at| is(timeline.event(*at))).unwrap_or(first)
}

fn at(runner: &Runner, count: usize) -> Model {
    let mut model = recorded::lab(runner, recorded::SAMPLE_TITLE);
    recorded::seek(&mut model, count);
    model
}

/// The instant so many events into an operation.
fn at_operation(runner: &Runner, line: &str, events: usize) -> Model {
    let first = operation(&recorded::lab(runner, recorded::SAMPLE_TITLE), line).start;
    at(runner, first + events)
}
