//! The views at the keyboard: zooms, folds, rows that lead somewhere, what is compared, the labs.

use super::*;

#[test]
fn who_wrote_this_byte_leads_to_the_event() {
    let mut desk = Desk::put();
    desk.keys("s");
    desk.press(Key::Right);
    assert_eq!(desk.word(), "cell");
    let written = desk.model.at;
    desk.press(Key::Right);
    desk.enter("page 2");
    desk.press(Key::Enter);
    assert!(desk.model.in_bytes());
    let before = desk.model.byte;
    desk.press(Key::Right);
    assert_eq!(desk.model.byte, before.map(|byte| byte + 1));
    desk.press(Key::Left);
    desk.send(Message::SelectByte(256));
    desk.press(Key::Enter);
    assert_eq!(desk.model.at, written, "{}", desk.note());
    desk.keys("l");
    assert_eq!(desk.model.at, written + 1, "letters step time while the arrows move in bytes");
    desk.press(Key::Escape);
    assert!(!desk.model.in_bytes());
    desk.press(Key::Left);
    assert_eq!(desk.model.at, written);
}

#[test]
fn a_pointer_leads_to_the_page_it_names() {
    let mut desk = Desk::put();
    desk.enter("page 3");
    desk.press(Key::Enter);
    let child_cell = desk.model.spans_of_shown_page().into_iter().rfind(|span| span.slot == Some(1)).unwrap();
    desk.send(Message::SelectByte(child_cell.span.start));
    desk.press(Key::Enter);
    assert_eq!(desk.model.shown_page(), Some(PageNo(2)), "{}", desk.note());
}

#[test]
fn a_key_and_a_word_choose_the_tree_that_is_drawn() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    for line in ["tree people create", "tree people put ann 1970", "tree cities create"] {
        desk.enter(line);
        desk.press(Key::End);
    }
    assert_eq!(desk.model.shown_tree(), Some("cities"), "the tree that the operation is about");
    desk.enter("tree");
    assert_eq!(desk.model.shown_tree(), None);
    desk.press(Key::Char('t'));
    desk.press(Key::Char('t'));
    assert_eq!(desk.model.shown_tree(), Some("people"));
    desk.press(Key::Char('t'));
    assert_eq!(desk.model.shown_tree(), None);
    desk.enter("tree people");
    assert_eq!(desk.model.shown_tree(), Some("people"));
    desk.enter("tree nobody");
    assert!(desk.note().contains("no tree nobody"), "{}", desk.note());
    desk.enter("snapshots");
    assert_eq!(desk.model.view, View::Snapshots);
}

#[test]
fn the_tree_is_looked_at_from_nearer_and_farther_and_a_node_is_folded() {
    let mut desk = Desk::put();
    desk.keys("<");
    assert_eq!(desk.model.looking.tree_zoom, TreeZoom::Overview);
    desk.keys("<");
    assert!(desk.note().contains("whole tree"), "{}", desk.note());
    desk.keys(">>");
    assert_eq!(desk.model.looking.tree_zoom, TreeZoom::Node);
    desk.keys("<");
    desk.send(Message::SelectPage(PageNo(3)));
    desk.keys("a");
    assert!(desk.model.looking.folded.contains(&PageNo(3)));
    desk.keys("a");
    assert!(desk.model.looking.folded.is_empty());
    desk.send(Message::SelectPage(PageNo(1)));
    desk.keys("a");
    assert!(desk.note().contains("nothing to fold"), "{}", desk.note());
}

#[test]
fn the_map_moves_changes_its_layer_and_leads_to_a_page() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    desk.keys("3");
    desk.send(Message::SelectPage(PageNo(1)));
    desk.keys("jL");
    assert_eq!((desk.model.page, desk.model.looking.map_layer), (Some(PageNo(2)), MapLayer::Fill));
    desk.enter("map age");
    assert_eq!(desk.model.looking.map_layer, MapLayer::Age);
    desk.keys("<");
    assert_eq!(desk.model.looking.map_zoom, -1);
    desk.press(Key::Enter);
    assert_eq!((desk.model.view, desk.model.page), (View::Page, Some(PageNo(2))));
}

#[test]
fn a_frame_of_a_pages_life_leads_to_its_event() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    desk.enter("life 2");
    assert_eq!(desk.model.view, View::Life);
    let end = desk.model.at;
    desk.press(Key::Up);
    desk.press(Key::Up);
    desk.press(Key::Enter);
    assert!(desk.model.at < end);
    assert_eq!((desk.model.view, desk.model.page), (View::Life, Some(PageNo(2))));
}

#[test]
fn instants_operations_and_files_are_compared() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    desk.enter("diff start end");
    assert_eq!(crate::describe::diff::diff(&desk.model).records_total, 12);
    desk.keys("d");
    assert_eq!(crate::describe::diff::diff(&desk.model).records_total, 1);
    desk.enter("receipt 2");
    assert_eq!(desk.model.looking.receipt_against, Some(1));
    desk.enter("receipt 999");
    assert!(desk.note().contains("numbered from 1"), "{}", desk.note());
    let other = Desk::file();
    let mut desk = Desk::file();
    let path = other.folder.as_ref().unwrap().path().join("store.tsm");
    desk.enter(&format!("diff {}", path.display()));
    assert_eq!(desk.model.view, View::Diff);
    assert_eq!(desk.model.busy, None);
    let facts = crate::describe::diff::diff(&desk.model);
    assert!(facts.superblock.iter().any(|field| field.field == "file_id"), "{facts:?}");
    desk.enter("diff nowhere.tsm");
    assert!(desk.model.note.as_ref().is_some_and(|note| note.bad));
}

#[test]
fn a_cell_of_the_crash_grid_is_chosen_and_its_recovery_stepped() {
    let mut desk = Desk::put();
    desk.keys("X");
    assert_eq!((desk.model.view, desk.model.busy.clone()), (View::Grid, None));
    let (column, row) = desk.model.labs.cell;
    let grid = desk.model.labs.grid.clone().unwrap();
    assert_eq!((grid.columns[column].word.as_str(), row), ("write", 1), "before the sync, all of it lost");
    desk.press(Key::Right);
    desk.press(Key::Left);
    assert_eq!(desk.model.labs.cell, (column, row));
    desk.press(Key::Enter);
    assert_eq!((desk.model.view, desk.model.branches.len()), (View::Tree, 2));
    assert!(!desk.model.world.facts.open);
    desk.keys("r");
    desk.press(Key::End);
    let state = tosumu::CommitNo(desk.model.world.facts.commit.0);
    assert!(state < desk.model.branches[0].timeline.end().facts.commit, "the put is not there");
    desk.keys("bX");
    assert_eq!(desk.model.view, View::Grid);
    desk.press(Key::Escape);
    assert_eq!(desk.model.view, View::Tree);
}

#[test]
fn a_lie_is_guessed_then_shown_then_told_to_the_store() {
    let mut desk = Desk::put();
    desk.press(Key::End);
    desk.enter("tamper");
    assert_eq!(desk.model.view, View::Tamper);
    assert!(desk.model.labs.tamper.lies.len() > 10);
    assert!(crate::describe::tamper::tamper(&desk.model).lies.iter().all(|lie| lie.told.is_none()));
    desk.keys("1");
    let lab = &desk.model.labs.tamper;
    assert_eq!((lab.is_told(0), lab.guessed(), lab.right()), (true, 1, 1));
    desk.send(Message::Guess(3));
    assert_eq!(desk.model.labs.tamper.guess(0), Some(crate::labs::tamper::Verdict::Refused), "a guess stands");
    desk.press(Key::Down);
    desk.press(Key::Enter);
    assert_eq!(desk.model.labs.tamper.guessed(), 1, "shown without a guess");
    desk.press(Key::Up);
    desk.press(Key::Enter);
    assert_ne!(desk.model.view, View::Tamper);
    let end = desk.model.branches[desk.model.branch].timeline.end();
    let codes: Vec<_> = end.facts.findings.iter().map(|finding| finding.code).collect();
    let lines: Vec<_> = desk.model.branches[desk.model.branch].timeline.operations().iter().rev().take(3).collect();
    assert!(codes.contains(&tosumu::Code::PageUnauthentic), "{codes:?} {lines:?} {}", desk.note());
}

#[test]
fn rows_of_seals_and_snapshots_lead_to_what_they_speak_of() {
    let mut desk = Desk::put();
    desk.enter("t1: begin-read");
    desk.press(Key::End);
    desk.keys("6");
    let rows = desk.model.rows();
    assert!(rows >= 4, "slot, superblock, commit and the pages on the way: {rows}");
    (1..rows).for_each(|_| desk.press(Key::Down));
    desk.press(Key::Enter);
    assert_eq!(desk.model.view, View::Page);
    desk.keys("6");
    desk.press(Key::Enter);
    assert!(["key", "CREATED"].contains(&desk.word()), "{}", desk.word());
    desk.press(Key::End);
    desk.keys("67");
    desk.press(Key::Enter);
    assert_eq!(desk.word(), "COMMIT");
    desk.press(Key::End);
    desk.keys("7");
    desk.press(Key::Down);
    desk.press(Key::Enter);
    assert_eq!(desk.word(), "snapshot", "the reader's line leads to where it began");
}

/// The screen of the desk, line by line.
fn screen(desk: &Desk) -> String {
    let (width, height) = desk.model.size;
    let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
    crate::view::draw(&desk.model, &mut buffer);
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_that_a_split_has_made_is_drawn_before_anything_points_at_it() {
    let mut desk = Desk::put();
    desk.keys("s");
    let picture = screen(&desk);
    assert!(picture.contains("page 4 * leaf NEW") && picture.contains("no edge: no pointer yet"), "{picture}");
    let loose = crate::describe::tree::loose(&desk.model.world);
    assert_eq!(
        loose.iter().map(|node| (node.page, node.keys.join(" "))).collect::<Vec<_>>(),
        [(4, "r t v".to_owned())]
    );
    desk.press(Key::Right);
    desk.press(Key::Right);
    assert_eq!(desk.word(), "up");
    assert!(crate::describe::tree::loose(&desk.model.world).is_empty(), "now page 3 names it");
}

#[test]
fn a_lab_that_can_do_nothing_says_why_where_it_is_seen() {
    let mut desk = Desk::put();
    desk.enter("tamper page 1 zero");
    desk.press(Key::End);
    for (key, why) in [('A', "The store does not open as it stands"), ('W', "These operations cannot be twinned")] {
        desk.keys(&key.to_string());
        if key == 'W' {
            desk.press(Key::Enter);
        }
        assert!(screen(&desk).contains(why), "{}", screen(&desk));
        desk.press(Key::Escape);
    }
}

#[test]
fn time_stands_still_behind_a_lab() {
    let mut desk = Desk::put();
    for key in ['X', 'A', 'W'] {
        desk.keys(&key.to_string());
        let at = desk.model.at;
        for step in [Key::Right, Key::Left, Key::Char(']'), Key::Char('l'), Key::Char(' '), Key::End] {
            desk.press(step);
        }
        assert_eq!((desk.model.at, desk.model.playing), (at, None), "behind {key}");
        desk.press(Key::Escape);
    }
}
