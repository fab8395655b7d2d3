//! Every view at every size, of moments recorded from the real engine: what a person sees, to the cell.

use ratatui::{buffer::Buffer, layout::Rect};
use tosumu::{PageNo, Unlock, crypto::Secret, script::Runner, trace::Event};
use tosumu_inspector::{
    breakpoint::BreakAt,
    describe::{self, Subject},
    model::{Branch, Focus, Model, TreeChoice, View},
    picture, recorded, view,
};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];
/// Long values, free pages, named trees, a snapshot and a savepoint.
const BESIDE_THE_TREE: [&str; 11] = [
    "blob big 1300",
    "blob wide 700",
    "tree people create",
    "tree people fill 30 ascending",
    "tree cities create",
    "tree cities put rome old",
    "del big",
    "t1: begin-read",
    "put a 11",
    "begin",
    "savepoint one",
];
/// A script whose last commit is folded into the page file, and page 2 put back as it was at first.
const ROLLED_BACK: [&str; 3] = ["put m 13", "checkpoint", "put-back page 2 from commit 1"];

/// The sample store and then `lines`, right after the first event of the last line that `is` holds for.
fn lab_at(lines: &[&str], is: impl Fn(&Event) -> bool) -> Model {
    let mut model = recorded::lab(&recorded::sample_store(lines), recorded::SAMPLE_TITLE);
    let timeline = model.timeline().unwrap();
    let first = timeline.operations().last().unwrap().first;
    let at = (first..timeline.len()).find(|at| is(timeline.event(*at))).expect("the moment is there") + 1;
    recorded::seek(&mut model, at);
    model
}

/// The file that `runner` leaves, at rest and verified.
fn file(runner: &Runner, unlock: Option<&Unlock>) -> Model {
    recorded::at_rest(runner, unlock).unwrap()
}

fn finished(lines: &[&str]) -> Runner {
    let mut runner = recorded::sample_store(lines);
    runner.finish();
    runner
}

fn put(is: fn(&Event) -> bool) -> Model {
    lab_at(&["put m 13"], is)
}

/// Every moment that is looked at, with its name.
fn moments() -> Vec<(&'static str, Model)> {
    vec![
        ("the sample store", recorded::lab(&recorded::sample_store(&[]), recorded::SAMPLE_TITLE)),
        ("the separator has gone up", put(|event| matches!(event, Event::SeparatorWritten { .. }))),
        ("the first page is sealed", put(|event| matches!(event, Event::PageSealed { .. }))),
        ("the log is written", put(|event| matches!(event, Event::FileWritten { .. }))),
        ("the log is synced", put(|event| matches!(event, Event::FileSynced { .. }))),
        (
            "the power went before the sync",
            lab_at(&["crash before wal-sync", "put m 13"], |event| matches!(event, Event::Crashed { .. })),
        ),
        (
            "recovery has read the log",
            lab_at(&["crash before wal-sync", "put m 13", "reopen"], |event| {
                matches!(event, Event::LogReplayed { .. })
            }),
        ),
        (
            "the store is open again",
            lab_at(&["crash before wal-sync", "put m 13", "reopen"], |event| matches!(event, Event::Opened { .. })),
        ),
        (
            "a page was put back in the lab",
            recorded::lab(&recorded::sample_store(&[&ROLLED_BACK[..], &["verify"]].concat()), recorded::SAMPLE_TITLE),
        ),
        ("a damaged file", file(&finished(&ROLLED_BACK), None)),
        ("a sound file", file(&finished(&["put m 13", "checkpoint"]), None)),
        ("a locked file", {
            let passphrase = Unlock::Passphrase(Secret::from("not this one".to_string()));
            file(&finished(&["put m 13"]), Some(&passphrase))
        }),
        ("a file that is not ours", {
            let mut runner = finished(&[]);
            runner.run_line("tamper superblock A byte 0 xor ff");
            runner.run_line("tamper superblock B byte 0 xor ff");
            file(&runner, None)
        }),
        ("home", Model::home()),
    ]
}

fn buffer(model: &Model, (width, height): (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view::draw(model, &mut buffer);
    buffer
}

fn screen(model: &mut Model, size: (u16, u16)) -> String {
    model.size = size;
    picture::to_text(&buffer(model, size))
}

#[test]
fn every_moment_at_every_size() {
    for (name, mut model) in moments() {
        let screens: Vec<String> = SIZES.iter().map(|size| screen(&mut model, *size)).collect();
        insta::assert_snapshot!(name.replace(' ', "_"), screens.join("\n"));
    }
}

/// A breakpoint, a power cut in the middle of the put, and what was done behind it.
fn branches() -> Model {
    let mut model = put(|event| matches!(event, Event::PageSplit { .. }));
    let events = model.timeline().unwrap().events()[..model.at].to_vec();
    let mut crashed =
        Runner::crashed_at(&events, tosumu::vfs::CrashPlan::Lost, tosumu::script::RunnerOptions::default());
    crashed.run_line("reopen");
    crashed.run_line("put q 1");
    let name = format!("power cut behind event {}", events.len());
    let parent = Some((0, events.len()));
    model.branches.push(Branch::new(name, recorded::timeline(&crashed), parent, Some(events.len())));
    model.travel.breakpoints.add(BreakAt::Kind("seal".to_owned()));
    let events = model.timeline().unwrap().events().to_vec();
    model.travel.breakpoints.look_at(&events);
    model
}

#[test]
fn the_branches_and_the_bar_of_all_events_at_every_size() {
    let mut model = branches();
    model.travel.strip_is_whole = true;
    model.view = View::Branches;
    model.selected_row = 1;
    let mut screens: Vec<String> = SIZES.iter().map(|size| screen(&mut model, *size)).collect();
    screens.push(describe::facts(&model, Subject::Branches).plain());
    screens.push(describe::facts(&model, Subject::Branches).json());
    insta::assert_snapshot!(screens.join("\n"));
}

#[test]
fn a_click_on_the_bar_or_the_strip_finds_its_event() {
    let mut model = branches();
    for (size, whole) in [((80, 24), false), ((80, 24), true), ((120, 40), false)] {
        model.size = size;
        model.travel.strip_is_whole = whole;
        let screen = Rect::new(0, 0, size.0, size.1);
        let total = model.timeline().unwrap().len();
        let found: Vec<(u16, usize)> = (0..size.1)
            .flat_map(|line| (0..size.0).map(move |column| (column, line)))
            .filter_map(|(column, line)| Some((line, view::event_at(&model, screen, column, line)?)))
            .collect();
        assert!(found.iter().all(|(_, event)| *event < total));
        let lines: std::collections::BTreeSet<u16> = found.iter().map(|(line, _)| *line).collect();
        let expected: Vec<u16> = if size.1 == 40 { vec![36, 37] } else { vec![21] };
        assert_eq!(lines.into_iter().collect::<Vec<_>>(), expected, "{size:?}");
        let reached = found.iter().filter(|(line, _)| *line == expected[0]).map(|(_, event)| *event).min();
        assert_eq!(reached < Some(4), whole || size.1 == 40, "the bar begins with the first events");
    }
}

#[test]
fn every_view_of_the_split_at_every_size() {
    // The list of keys is the keymap's own; it is looked at by the test below.
    for (shown, _) in View::ALL.into_iter().filter(|(view, _)| *view != View::Help) {
        let mut model = put(|event| matches!(event, Event::SeparatorWritten { .. }));
        model.view = shown;
        model.page = Some(PageNo(2));
        let screens: Vec<String> = SIZES.iter().map(|size| screen(&mut model, *size)).collect();
        insta::assert_snapshot!(format!("view_{}", shown.word()), screens.join("\n"));
    }
}

#[test]
fn every_view_of_a_file_at_rest() {
    for (name, lines) in
        [("damaged", &ROLLED_BACK[..]), ("with_a_log", &["put m 13", "checkpoint", "put m 14", "put z 1"][..])]
    {
        let mut model = file(&finished(lines), None);
        model.page = Some(PageNo(2));
        for (shown, word) in View::ALL {
            if matches!(shown, View::Map | View::Seals | View::Snapshots | View::Receipt | View::Diff | View::Life) {
                model.view = shown;
                let screens: Vec<String> =
                    [(60, 16), (80, 24), (120, 40)].iter().map(|size| screen(&mut model, *size)).collect();
                insta::assert_snapshot!(format!("file_{name}_{word}"), screens.join("\n"));
            }
        }
    }
}

#[test]
fn what_stands_beside_the_tree_is_told_under_it_and_another_tree_can_be_drawn() {
    let mut model = recorded::lab(&recorded::sample_store(&BESIDE_THE_TREE), recorded::SAMPLE_TITLE);
    let mut screens = vec![screen(&mut model, (80, 24)), screen(&mut model, (120, 40))];
    model.tree = TreeChoice::Named("people".into());
    screens.push(screen(&mut model, (80, 24)));
    for shown in [View::Disk, View::Snapshots] {
        model.view = shown;
        screens.push(screen(&mut model, (80, 24)));
    }
    for subject in [Subject::Tree, Subject::Disk, Subject::Snapshots] {
        screens.push(describe::facts(&model, subject).plain());
    }
    insta::assert_snapshot!(screens.join("\n"));
}

#[test]
fn help_lists_every_key_and_a_search_narrows_it() {
    let mut model = put(|event| matches!(event, Event::SeparatorWritten { .. }));
    model.view = View::Help;
    let whole = screen(&mut model, (80, 24));
    assert!(whole.contains("? HELP") && whole.contains(" more"), "{whole}");
    model.help_search.set("crash");
    let found = screen(&mut model, (80, 24));
    assert!(found.contains("crash") && !found.contains(" more│"), "{found}");
}

#[test]
fn a_byte_selects_its_field_its_row_and_its_region() {
    let mut model = put(|event| matches!(event, Event::SeparatorWritten { .. }));
    (model.view, model.page, model.byte) = (View::Page, Some(PageNo(2)), Some(258));
    let plain = screen(&mut model, (80, 24));
    model.page = Some(PageNo(1));
    (model.sealed_form, model.byte) = (true, Some(500));
    let sealed = screen(&mut model, (80, 24));
    model.zoomed = true;
    insta::assert_snapshot!([plain, sealed, screen(&mut model, (100, 46))].join("\n"));
}

#[test]
fn a_screen_needs_no_colour_and_no_box_glyphs() {
    let mut model = put(|event| matches!(event, Event::SeparatorWritten { .. }));
    model.style.ascii = true;
    model.style.colour = false;
    let drawn = buffer(&model, (80, 24));
    assert!(picture::to_text(&drawn).is_ascii());
    assert!(!picture::to_ansi(&drawn).contains("[3"), "no colour is left");
    insta::assert_snapshot!(picture::to_text(&drawn));
}

#[test]
fn a_screen_too_small_says_so_in_one_line() {
    let mut model = put(|event| matches!(event, Event::SeparatorWritten { .. }));
    assert_eq!(screen(&mut model, (59, 16)).trim(), "tosumu wants 60x16 or more; this is 59x16.");
}

#[test]
fn every_view_alone_says_the_same_as_text_and_json() {
    let model = put(|event| matches!(event, Event::SeparatorWritten { .. }));
    let mut pictures = String::new();
    for (word, subject) in Subject::ALL {
        let facts = describe::facts(&model, subject);
        let json: serde_json::Value = serde_json::from_str(&facts.json()).unwrap();
        assert_eq!(json["view"], word);
        if !matches!(subject, Subject::Events | Subject::Help) {
            pictures.push_str(&format!("--- {word}\n{}", facts.plain()));
        }
    }
    insta::assert_snapshot!(pictures);
    let model = file(&finished(&ROLLED_BACK), None);
    insta::assert_snapshot!("verify_as_text", describe::facts(&model, Subject::Verify).plain());
}

/// A small generator with a fixed seed: the same combinations every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn any_size_event_and_view_is_drawn_without_a_panic_or_a_control_character() {
    let script = [
        "put \\x1b[31m \\x00\\x07evil",
        "fill 40 random value 60",
        "del m",
        "checkpoint",
        "tamper page 2 byte 99 xor 55",
        "verify",
    ];
    let runner = recorded::sample_store(&script);
    let mut models = vec![recorded::lab(&runner, recorded::SAMPLE_TITLE), file(&finished(&script[..5]), None)];
    models.extend(moments().into_iter().map(|(_, model)| model));
    let mut dice = Dice(7);
    for _ in 0..300 {
        let which = dice.below(models.len());
        let model = &mut models[which];
        let total = model.timeline().map_or(0, |timeline| timeline.len());
        let at = dice.below(total + 1);
        recorded::seek(model, at);
        model.view = View::ALL[dice.below(View::ALL.len())].0;
        model.zoomed = dice.below(4) == 0;
        model.focus = [Focus::Main, Focus::Card, Focus::Side][dice.below(3)];
        model.page = (dice.below(2) == 0).then(|| PageNo(1 + dice.below(14) as u32));
        model.byte = (dice.below(2) == 0).then(|| dice.below(600));
        model.sealed_form = dice.below(3) == 0;
        model.scroll = dice.below(40);
        model.style.ascii = dice.below(3) == 0;
        let size = (1 + dice.below(210) as u16, 1 + dice.below(70) as u16);
        model.size = size;
        let text = picture::to_text(&buffer(model, size));
        assert!(text.chars().all(|sign| sign == '\n' || !sign.is_control()), "{text}");
        let (_, subject) = Subject::ALL[dice.below(Subject::ALL.len())];
        let mut alone = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        view::draw_alone(model, subject, &mut alone);
        let facts = describe::facts(model, subject).plain();
        assert!(facts.chars().all(|sign| sign == '\n' || !sign.is_control()), "{facts}");
    }
}
