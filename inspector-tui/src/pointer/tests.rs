//! Clicks on what the screen shows, found by its words, at every size.

use super::*;
use crate::message::Sample;
use crate::runtime::Worker;
use crate::update::update;

fn lab(size: (u16, u16)) -> Model {
    let mut worker = Worker::new();
    let mut model = Model::nothing();
    let mut waiting = vec![crate::command::Command::MakeLab(Sample::Sample)];
    model.size = size;
    while let Some(command) = waiting.pop() {
        let message = worker.obey(command);
        waiting.extend(update(&mut model, message));
    }
    let commands = update(&mut model, Message::Submit);
    for command in commands {
        let message = worker.obey(command);
        update(&mut model, message);
    }
    model.command_line.active = false;
    model
}

fn text(model: &Model) -> Vec<Vec<char>> {
    let mut buffer = Buffer::empty(screen(model));
    view::draw(model, &mut buffer);
    let sign = |x, y| buffer[(x, y)].symbol().chars().next().unwrap_or(' ');
    (0..model.size.1).map(|y| (0..model.size.0).map(|x| sign(x, y)).collect()).collect()
}

/// Clicks where `words` are first written, `by` columns to the right of their beginning.
#[track_caller]
fn click(model: &mut Model, words: &str, by: u16) {
    let wanted: Vec<char> = words.chars().collect();
    let lines = text(model);
    let found = lines
        .iter()
        .enumerate()
        .find_map(|(y, line)| line.windows(wanted.len()).position(|part| part == wanted).map(|x| (x as u16, y as u16)));
    let shown = || lines.iter().map(|line| line.iter().collect::<String>() + "\n").collect::<String>();
    let (column, line) = found.unwrap_or_else(|| panic!("no {words:?} on\n{}", shown()));
    let pointer = Pointer { column: column + by, line, did: Pointed::Press };
    let message = dispatch(model, pointer).unwrap_or_else(|| panic!("nothing at {words:?} on\n{}", shown()));
    update(model, message);
}

#[test]
fn tabs_hints_boxes_bytes_slots_and_rows_are_what_their_words_say() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut model = lab(size);
        click(&mut model, "4 log", 3);
        assert_eq!(model.view, View::Log, "{size:?}");
        click(&mut model, "1 tree", 0);
        assert_eq!(model.view, View::Tree);
        click(&mut model, "page 1 ", 2);
        assert_eq!(model.page, Some(PageNo(1)));
        let before = model.at;
        click(&mut model, "→ next", 3);
        assert_eq!(model.at, before + 1);
        click(&mut model, "2 page", 4);
        click(&mut model, " 00 ", 1);
        assert!(model.byte.is_some() && model.in_bytes(), "{size:?}");
        click(&mut model, "4 log", 0);
        click(&mut model, "page 2, commit 3", 0);
        assert_eq!(model.page, Some(PageNo(2)));
    }
}

#[test]
fn a_click_on_a_byte_or_its_sign_puts_the_cursor_there() {
    let mut model = lab((120, 40));
    model.page = Some(PageNo(1));
    update(&mut model, Message::Show(View::Page));
    let lines = text(&model);
    let bytes = model.shown_bytes().unwrap();
    let line = lines.iter().position(|line| line.iter().collect::<String>().contains("   0 ")).unwrap() as u16;
    let row: String = lines[usize::from(line)].iter().collect();
    let first = row.chars().collect::<Vec<_>>().windows(3).position(|part| part == [' ', '0', ' ']).unwrap() as u16 + 3;
    for at in [0u16, 7, 8, 15] {
        let column = first + 3 * at + u16::from(at >= 8);
        let message = dispatch(&model, Pointer { column, line, did: Pointed::Press });
        let Some(Message::Pointed { then: Some(then), .. }) = message else { panic!("{at}: {message:?} on {row}") };
        assert!(matches!(*then, Message::SelectByte(byte) if byte == usize::from(at)), "{at}: {then:?}");
    }
    let signs = first + 3 * 16 + 1;
    for at in [0u16, 15] {
        let message = dispatch(&model, Pointer { column: signs + at, line, did: Pointed::Press });
        let Some(Message::Pointed { then: Some(then), .. }) = message else { panic!("{at}: {message:?}") };
        assert!(matches!(*then, Message::SelectByte(byte) if byte == usize::from(at)), "{at}: {then:?}");
    }
    assert!(bytes.len() > 16);
}

#[test]
fn a_click_on_a_byte_of_the_other_form_goes_to_the_same_byte_or_brings_that_form_to_the_front() {
    let mut model = lab((120, 40));
    model.page = Some(PageNo(1));
    update(&mut model, Message::Show(View::Page));
    let sealed = model.world.sealed(PageNo(1)).unwrap().bytes;
    let row = |from: usize| sealed[from..from + 4].iter().map(|byte| format!("{byte:02x} ")).collect::<String>();
    click(&mut model, &row(40), 3);
    assert_eq!((model.byte, model.sealed_form), (Some(1), false), "byte 41 of the sealed form is plain byte 1");
    model.byte = None;
    click(&mut model, &row(8), 0);
    assert_eq!((model.byte, model.sealed_form), (Some(8), true), "only the sealed form has a nonce");
    assert!(model.in_bytes() && model.focus == Focus::Main);
}

#[test]
fn focus_follows_the_click_and_the_wheel_moves_what_lies_under_it() {
    let mut model = lab((120, 40));
    let events = text(&model).iter().position(|line| line.iter().collect::<String>().contains("put m 13")).unwrap();
    let (column, line) = (100, events as u16 + 3);
    let message = dispatch(&model, Pointer { column, line, did: Pointed::Press }).unwrap();
    update(&mut model, message);
    assert_eq!(model.focus, Focus::Side);
    let before = model.at;
    let down = dispatch(&model, Pointer { column, line, did: Pointed::Wheel(1) }).unwrap();
    update(&mut model, down);
    assert_eq!(model.at, before + 1);
}

#[test]
fn the_strip_and_the_items_of_the_home_screen_can_be_pointed_at() {
    let mut model = lab((80, 24));
    let before = model.at;
    click(&mut model, "split", 1);
    assert!(model.at > before);
    let mut home = Model::home();
    home.size = (80, 24);
    click(&mut home, "Open the lab", 2);
    assert_eq!(home.home.selected, 1);
    let pointer = |model: &Model| {
        let line = text(model).iter().position(|line| line.iter().collect::<String>().contains("Open the lab"));
        Pointer { column: 6, line: line.unwrap() as u16, did: Pointed::Press }
    };
    assert!(matches!(dispatch(&home, pointer(&home)), Some(Message::HomeChoose)));
}

#[test]
fn no_place_of_any_screen_is_a_panic() {
    for size in [(60, 16), (120, 40), (20, 5)] {
        let model = lab(size);
        for (column, line) in (0..=size.1).flat_map(|line| (0..=size.0).step_by(13).map(move |column| (column, line))) {
            for did in [Pointed::Press, Pointed::Drag, Pointed::Wheel(1), Pointed::Wheel(-1)] {
                let _ = dispatch(&model, Pointer { column, line, did });
            }
        }
    }
}

/// Where `words` are first written on the screen.
#[track_caller]
fn find(model: &Model, words: &str) -> (u16, u16) {
    let wanted: Vec<char> = words.chars().collect();
    let lines = text(model);
    let place = |line: &Vec<char>| line.windows(wanted.len()).position(|part| part == wanted);
    let found = lines.iter().enumerate().find_map(|(y, line)| place(line).map(|x| (x as u16, y as u16)));
    found.unwrap_or_else(|| {
        panic!(
            "no {words:?} on\n{}",
            lines.iter().map(|line| line.iter().collect::<String>() + "\n").collect::<String>()
        )
    })
}

#[test]
fn a_row_of_a_list_is_chosen_by_a_click_and_followed_by_the_next() {
    let mut model = lab((80, 24));
    update(&mut model, Message::Last);
    update(&mut model, Message::Show(View::Log));
    click(&mut model, "page 4, commit 4", 2);
    let row = model.selected_row;
    assert_eq!((model.view, model.page), (View::Log, Some(PageNo(4))));
    click(&mut model, "page 4, commit 4", 2);
    assert_eq!((model.view, model.page), (View::Page, Some(PageNo(4))));
    assert!(row > 0);

    update(&mut model, Message::Show(View::Seals));
    click(&mut model, "page 3 by", 2);
    click(&mut model, "page 3 by", 2);
    assert_eq!((model.view, model.page), (View::Page, Some(PageNo(3))));

    update(&mut model, Message::Show(View::Receipt));
    click(&mut model, "splits   ", 0);
    click(&mut model, "splits   ", 0);
    assert!(
        matches!(model.present(), Some(tosumu::trace::Event::PageSplit { .. })),
        "the figure leads to what it counts"
    );
    update(&mut model, Message::Last);

    (model.size, model.zoomed) = ((200, 60), true);
    click(&mut model, "d diff", 2);
    assert_eq!(model.view, View::Diff, "a tab whose key is a letter is a tab");
    (model.size, model.zoomed) = ((80, 24), false);
    assert!(model.rows() > 2);
    click(&mut model, "page 4", 0);
    assert!(model.selected_row > 0, "a click chooses a difference");

    update(&mut model, Message::Help);
    let before = model.at;
    click(&mut model, "back   ", 0);
    assert!(model.selected_row > 0 && model.view == View::Help);
    click(&mut model, "back   ", 0);
    assert_eq!((model.at, model.view), (before - 1, View::Diff), "the second click does it");
}

#[test]
fn cells_of_the_map_marks_pictures_of_a_life_and_rulers_can_be_pointed_at() {
    let mut model = lab((120, 40));
    update(&mut model, Message::Last);
    update(&mut model, Message::Show(View::Map));
    click(&mut model, "2 leaf", 3);
    assert_eq!((model.view, model.page), (View::Map, Some(PageNo(2))));
    click(&mut model, "2 leaf", 3);
    assert_eq!(model.view, View::Page);
    click(&mut model, "nnnnnnnn", 3);
    assert!(model.in_bytes(), "a sign of the ruler is a byte");
    let (bytes, byte) = (model.shown_bytes().unwrap(), model.byte.unwrap());
    let node = NodeView::new(&bytes).unwrap();
    assert!(node.cell_span(node.search(b"n").unwrap()).contains(&byte), "byte {byte}");

    update(&mut model, Message::Back);
    update(&mut model, Message::Show(View::Life));
    let last = model.selected_row;
    click(&mut model, " v2 ", 1);
    assert!(model.selected_row < last && model.rows() > last);

    update(&mut model, Message::ListMarks);
    click(&mut model, "split      ", 0);
    click(&mut model, "split      ", 0);
    assert_eq!(model.travel.mark, Some(crate::timeline::Mark::Split));
}

#[test]
fn the_wheel_is_the_arrow_keys_of_what_lies_under_it() {
    let mut model = lab((80, 24));
    update(&mut model, Message::Last);
    for view in [View::Log, View::Seals, View::Marks, View::Help, View::Life] {
        let message = if view == View::Marks { Message::ListMarks } else { Message::Show(view) };
        update(&mut model, message);
        update(&mut model, Message::SelectRow(0));
        let wheel = |model: &Model, turns| dispatch(model, Pointer { column: 9, line: 5, did: Pointed::Wheel(turns) });
        let down = wheel(&model, 1).unwrap_or_else(|| panic!("{view:?}"));
        update(&mut model, down);
        assert!(model.selected_row > 0, "{view:?}");
        let up = wheel(&model, -1).unwrap_or_else(|| panic!("{view:?}"));
        update(&mut model, up);
        assert_eq!(model.selected_row, 0, "{view:?}");
        update(&mut model, Message::Show(View::Tree));
    }
}

#[test]
fn a_question_is_answered_by_pointing_at_the_key_or_the_page() {
    let mut model = lab((80, 24));
    update(&mut model, Message::TogglePredict);
    while model.predict.question.is_none() {
        update(&mut model, Message::StepForward);
    }
    let question = model.predict.question.clone().unwrap();
    assert!(question.text.contains("Which key goes up") && question.points.len() == question.choices.len());
    // The splitting leaf stands under the tree; the key is written in its slots and in its box.
    let (column, line) = find(&model, "l n p r t v");
    let message = dispatch(&model, Pointer { column: column + 6, line, did: Pointed::Press }).unwrap();
    update(&mut model, message);
    let answered = model.predict.question.clone().unwrap();
    assert!(answered.answered);
    assert_eq!(answered.choices[answered.chosen.unwrap()], "r");
    assert_eq!((model.predict.right, model.predict.asked), (1, 1));
    update(&mut model, Message::SkipQuestion);
    assert!(!model.in_bytes());

    while model.predict.question.is_none() {
        update(&mut model, Message::StepForward);
    }
    let question = model.predict.question.clone().unwrap();
    assert!(question.text.contains("Which pages are sealed"), "{question:?}");
    for page in ["page 2", "page 3", "page 4"] {
        let (column, line) = find(&model, page);
        let message = dispatch(&model, Pointer { column, line, did: Pointed::Press }).unwrap();
        update(&mut model, message);
    }
    let pointed = model.predict.question.clone().unwrap();
    assert_eq!(pointed.pointed.len(), 3);
    update(&mut model, Message::Answer);
    assert_eq!((model.predict.right, model.predict.asked), (2, 2), "{pointed:?}");
}
