//! Looking: views, regions, pages, bytes, rows, findings. None of it changes the instant, but where Enter leads to an event.

use super::{branches, line, note, note_bad, time};
use crate::command::Command;
use crate::keymap;
use crate::line_edit::LineEdit;
use crate::looking::{Goal, TreeZoom};
use crate::message::Message;
use crate::model::{Focus, Model, Screen, TreeChoice, View};
use crate::view;
use tosumu::Finding;
use tosumu::format::node::NodeView;
use tosumu::types::PageNo;

/// Bytes in a row of hex.
const ROW_BYTES: i32 = 16;
/// Rows that PgUp and PgDn move by in a page's bytes.
const PAGE_ROWS: i32 = 8;
/// Lines of a screen that no list has.
const LINES_AROUND: i32 = 8;

pub(super) fn show(model: &mut Model, view: View) {
    if view == View::Help && model.view != View::Help {
        model.view_before_help = model.view;
        model.focus_before_help = model.focus;
        model.help_now = keymap::possible_now(model);
        model.help_search = LineEdit::default();
    }
    // What a finding is about is what the other views are asked about it.
    let about =
        finding_in_front(model).and_then(|finding| finding.page).filter(|page| model.world.page(*page).is_some());
    if model.view == View::Verify && view != View::Verify {
        model.page = model.page.or(about);
    }
    model.view = view;
    model.scroll = 0;
    // A reader looks at another view beside the text, and Enter still goes on with the lesson.
    let needs_keys = matches!(view, View::Help | View::Branches | View::Marks | View::Grid | View::Tamper | View::Twin);
    let reads = model.focus == Focus::Text && !needs_keys && crate::view::stands_beside_text(model);
    model.focus = if reads { Focus::Text } else { Focus::Main };
    model.byte = None;
    if view == View::Life && model.page.is_none() {
        model.page = model.shown_page();
    }
    model.selected_row = match view {
        View::Branches => model.branch,
        _ => super::views::present_row(model),
    };
}

/// Draws the tree called `name`; without a name the main tree.
pub(super) fn show_tree(model: &mut Model, name: Option<&str>) {
    model.tree = match name {
        None => TreeChoice::Main,
        Some(name) if model.world.facts.space.trees.contains_key(name) => TreeChoice::Named(name.to_owned()),
        Some(name) => {
            let name = tosumu::escape::escape(name.as_bytes());
            return note_bad(model, format!("There is no tree {name} at this instant."));
        }
    };
    show(model, View::Tree);
}

/// Draws the next tree: the main one, then the named ones in their order.
pub(super) fn next_tree(model: &mut Model) {
    let names: Vec<&String> = model.world.facts.space.trees.keys().collect();
    let next = match model.shown_tree() {
        None => names.first().map(|name| (*name).clone()),
        Some(shown) => names.into_iter().find(|name| name.as_str() > shown).cloned(),
    };
    show_tree(model, next.as_deref());
}

pub(super) fn leave_help(model: &mut Model) {
    let (view, focus) = (model.view_before_help, model.focus_before_help);
    show(model, view);
    // In a lesson the keys belong to its text again: a question may wait there.
    if focus == Focus::Text {
        model.focus = focus;
    }
}

pub(super) fn resize(model: &mut Model, size: (u16, u16)) {
    model.size = size;
    if !keymap::regions(model).contains(&model.focus) {
        model.focus = Focus::Main;
    }
}

pub(super) fn next_region(model: &mut Model, by: isize) {
    let regions = keymap::regions(model);
    let here = regions.iter().position(|region| *region == model.focus).unwrap_or(0) as isize;
    model.focus = regions[(here + by).rem_euclid(regions.len() as isize) as usize];
    if model.focus == Focus::Card && model.view == View::Tree && model.byte.is_none() {
        model.byte = first_byte(model);
    }
}

/// Keys go where the pointer was, and what was under it is selected.
pub(super) fn pointed(model: &mut Model, focus: Option<Focus>, then: Option<Box<Message>>) -> Vec<Command> {
    if let Some(focus) = focus.filter(|focus| keymap::regions(model).contains(focus)) {
        model.focus = focus;
    }
    let before = model.page;
    let bytes = matches!(then.as_deref(), Some(Message::SelectByte(_)));
    if bytes && !matches!(model.view, View::Tree | View::Page) {
        show(model, View::Page);
    } else if bytes && model.view == View::Tree {
        model.focus = Focus::Card;
    }
    let commands = then.map_or_else(Vec::new, |message| super::happen(model, *message));
    // A list keeps its row where the page stands in it.
    if model.page != before && model.view == View::Disk {
        let row = model.page.map(|page| page.0.saturating_sub(1) as usize);
        model.selected_row = row.unwrap_or(model.selected_row);
    }
    commands
}

/// Moves what is shown of a long region.
pub(super) fn scroll(model: &mut Model, lines: i32) {
    match model.view {
        View::Seals | View::Receipt | View::Snapshots | View::Verify => super::views::scroll(model, lines),
        _ => {
            let rows = model.shown_bytes().map_or(usize::MAX, |bytes| bytes.len() / ROW_BYTES as usize + 1);
            model.scroll = moved(model.scroll, lines, rows);
        }
    }
}

pub(super) fn toggle_sealed(model: &mut Model) {
    model.sealed_form = !model.sealed_form;
    if model.sealed_form && model.shown_bytes().is_none() {
        model.sealed_form = false;
        note(model, "This page was not sealed yet: it stands in memory only.");
    }
    keep_cursor_inside(model);
}

pub(super) fn enter_bytes(model: &mut Model) {
    let byte = first_byte(model);
    if model.view != View::Page {
        show(model, View::Page);
    }
    model.byte = byte;
}

/// Where the cursor begins: at the record just written, else at the first byte.
fn first_byte(model: &Model) -> Option<usize> {
    let bytes = model.shown_bytes()?;
    let fresh = match (&model.world.facts.fresh, model.shown_page()) {
        (Some((page, key)), Some(shown)) if *page == shown && !model.shows_sealed() => {
            NodeView::new(&bytes).ok().and_then(|node| node.search(key).ok().map(|slot| node.cell_span(slot).start))
        }
        _ => None,
    };
    Some(fresh.unwrap_or(0)).filter(|byte| *byte < bytes.len())
}

pub(super) fn leave_bytes(model: &mut Model) {
    model.byte = None;
    model.focus = Focus::Main;
}

/// The cursor stays inside the bytes shown.
pub(super) fn keep_cursor_inside(model: &mut Model) {
    if let Some(byte) = model.byte {
        model.byte = model.shown_bytes().and_then(|bytes| Some(byte.min(bytes.len().checked_sub(1)?)));
    }
}

pub(super) fn move_bytes(model: &mut Model, by: i32) {
    let length = model.shown_bytes().map_or(0, |bytes| bytes.len());
    if let Some(byte) = model.byte.filter(|_| length > 0) {
        model.byte = Some((byte as i64 + i64::from(by)).clamp(0, length as i64 - 1) as usize);
    }
}

pub(super) fn move_rows(model: &mut Model, rows: i32) {
    match model.view {
        _ if model.in_bytes() => move_bytes(model, rows.saturating_mul(ROW_BYTES)),
        View::Map => super::views::move_map(model, rows),
        _ => {
            select_row(model, moved(model.selected_row, rows, model.rows()));
            let scroll =
                view::rows_in_front(model).map(|(rows, area)| view::rows::scroll_to_cursor(model, &rows, area));
            model.scroll = scroll.unwrap_or(model.scroll);
        }
    }
}

/// Puts the cursor on a row.
pub(super) fn select_row(model: &mut Model, row: usize) {
    model.selected_row = row;
    follow_row(model);
}

/// A row that names a page selects it in the other regions too.
fn follow_row(model: &mut Model) {
    let row = model.selected_row;
    let page = match model.view {
        View::Log => model.world.log_pages().get(row).copied().flatten(),
        View::Disk => u32::try_from(row + 1).ok().map(PageNo),
        _ => None,
    };
    if let Some(page) = page.filter(|page| model.world.has_page(*page)) {
        model.page = Some(page);
    }
}

pub(super) fn move_pages(model: &mut Model, pages: i32) {
    let lines = (i32::from(model.size.1) - LINES_AROUND).max(1);
    match model.view {
        _ if model.in_bytes() => move_rows(model, pages.saturating_mul(PAGE_ROWS)),
        View::Tree if model.looking.tree_zoom != TreeZoom::Node => super::views::pan(model, pages),
        View::Page => scroll(model, pages.saturating_mul(lines)),
        View::Tree | View::Seals | View::Receipt | View::Snapshots | View::Verify | View::Twin => {
            super::views::scroll(model, pages.saturating_mul(lines));
        }
        _ => move_rows(model, pages.saturating_mul(lines)),
    }
}

fn moved(at: usize, by: i32, count: usize) -> usize {
    let last = count.saturating_sub(1);
    if by < 0 { at.saturating_sub(by.unsigned_abs() as usize) } else { at.saturating_add(by as usize).min(last) }
}

pub(super) fn select_page(model: &mut Model, page: PageNo) {
    if model.world.has_page(page) {
        model.page = Some(page);
        model.byte = None;
    } else {
        note_bad(model, format!("There is no page {page} at this instant."));
    }
}

pub(super) fn next_page(model: &mut Model, by: isize) {
    let Some(shown) = model.shown_page() else { return };
    let total = i64::from(model.world.page_total()).max(1);
    let next = (i64::from(shown.0) - 1 + by as i64).rem_euclid(total) + 1;
    select_page(model, PageNo(next as u32));
}

pub(super) fn select_byte(model: &mut Model, byte: usize) {
    model.byte = Some(byte);
    keep_cursor_inside(model);
}

/// Puts the cursor on a byte of the page's other form: on the same byte in the form in front, or, where that has none, on the
/// byte itself, its form brought to the front.
pub(super) fn select_other(model: &mut Model, byte: usize) {
    match crate::view::page::byte_of_other(model, byte) {
        Some(same) => select_byte(model, same),
        None => {
            toggle_sealed(model);
            select_byte(model, byte);
        }
    }
}

/// Does what the selected thing is there for.
pub(super) fn activate(model: &mut Model) -> Vec<Command> {
    match model.view {
        _ if model.in_bytes() => follow_byte(model),
        View::Verify => show_finding(model),
        View::Events => time::seek(model, model.selected_row + 1),
        View::Map => show_page(model, model.shown_page()),
        View::Diff => {
            let page = crate::view::diff::page_of_row(model, model.selected_row);
            show_page(model, page);
        }
        View::Life => match crate::view::life::event_of_row(model, model.selected_row) {
            Some(event) => time::seek(model, event + 1),
            None => show_page(model, model.shown_page()),
        },
        View::Disk => {
            let page = PageNo(model.selected_row as u32 + 1);
            show_page(model, Some(page).filter(|page| model.world.has_page(*page)));
        }
        View::Log => {
            let page = model.world.log_pages().get(model.selected_row).copied().flatten();
            show_page(model, page);
        }
        View::Branches => branches::choose(model),
        View::Marks => super::marks::choose(model),
        View::Seals | View::Snapshots | View::Receipt => go_to_row(model),
        View::Help => return do_from_help(model),
        _ => {}
    }
    Vec::new()
}

/// Does what the row of help under the cursor is about: its key, or its command, to be completed and run.
fn do_from_help(model: &mut Model) -> Vec<Command> {
    let row = keymap::help_rows(model, &model.help_search.text).into_iter().nth(model.selected_row);
    let Some(row) = row else { return Vec::new() };
    if !row.now {
        note(model, format!("Not now: {}.", row.what));
        return Vec::new();
    }
    leave_help(model);
    match row.message {
        Some(message) => super::happen(model, message),
        None => {
            let word = row.command.split([' ', ',']).next().unwrap_or_default();
            model.command_line = LineEdit::typed(&format!("{word} "));
            note(model, format!("{}: {}.", row.command, row.what));
            Vec::new()
        }
    }
}

fn show_page(model: &mut Model, page: Option<PageNo>) {
    match page {
        Some(page) => {
            show(model, View::Page);
            select_page(model, page);
        }
        None => note(model, "This row names no page."),
    }
}

/// Goes where the line under the cursor leads.
fn go_to_row(model: &mut Model) {
    let goal = view::rows_in_front(model).and_then(|(rows, _)| view::rows::goal(&rows, model.selected_row));
    match goal {
        Some(Goal::Page(page)) => show_page(model, Some(page)),
        Some(Goal::Event(event)) => go_to_event(model, event),
        Some(Goal::Told(what)) => match view::rows::last_told(model, &what) {
            Ok(event) => go_to_event(model, event),
            Err(why) => note(model, why),
        },
        Some(Goal::LogRecord(offset)) => show_record(model, offset),
        None => {}
    }
}

fn go_to_event(model: &mut Model, event: usize) {
    if model.at == event + 1 {
        return note(model, "This is the present event.");
    }
    time::seek(model, event + 1);
    note(model, format!("Event {} is where it came from. End leads back to the last event.", event + 1));
}

/// Shows the log, the cursor on the record that begins at `offset`.
fn show_record(model: &mut Model, offset: u64) {
    show(model, View::Log);
    let log = crate::describe::log::log(model);
    let records = &log.records;
    let header = model.rows().saturating_sub(records.len());
    if let Some(at) = records.iter().position(|record| record.offset == offset) {
        model.selected_row = header + at;
    }
}

/// To the page that a pointer names, else to the event that wrote the byte.
fn follow_byte(model: &mut Model) {
    let (Some(byte), Some(page)) = (model.byte, model.shown_page()) else { return };
    if let Some(child) = model.pointer_at_cursor() {
        model.page = Some(child);
        model.byte = Some(0);
        keep_cursor_inside(model);
        return note(model, format!("The pointer in page {page} names page {child}: here it is."));
    }
    if model.timeline().is_none() {
        return note(model, "A file at rest does not tell who wrote a byte; a trace does.");
    }
    let writer = crate::describe::page::writer_of_byte(model, byte);
    let Some(writer) = writer else { return note(model, "No event on this time line wrote this byte.") };
    let line = model.timeline().and_then(|timeline| {
        timeline.operation_of(writer).map(|operation| timeline.operations()[operation].line.clone())
    });
    if model.at == writer + 1 {
        return note(model, format!("The present event wrote byte {byte} of page {page}."));
    }
    model.page = Some(page);
    time::seek(model, writer + 1);
    let by = line.map_or(String::new(), |line| format!(", part of `{line}`"));
    note(
        model,
        format!("Event {} wrote byte {byte} of page {page}{by}. End leads back to the last event.", writer + 1),
    );
}

pub(super) fn next_finding(model: &mut Model, by: isize) {
    let count = model.findings().len().max(1) as isize;
    model.finding = (model.finding as isize + by).rem_euclid(count) as usize;
    (model.page, model.scroll) = (None, 0);
    if model.view != View::Verify {
        show(model, View::Verify);
    }
}

fn finding_in_front(model: &Model) -> Option<Finding> {
    model.findings().get(model.finding).cloned()
}

/// Shows the bytes of the page a finding is about.
fn show_finding(model: &mut Model) {
    let Some(finding) = finding_in_front(model) else { return };
    let Some(page) = finding.page.filter(|page| model.world.has_page(*page)) else {
        if keymap::is_about_log(model, &finding) {
            return show_log_at(model, finding.byte_start.unwrap_or(0));
        }
        return note(model, "This finding is about no page that can be shown.");
    };
    show(model, View::Page);
    model.zoomed = false;
    model.page = Some(page);
    model.sealed_form = true;
    let start = finding.byte_start.zip(model.world.sealed(page).map(|sealed| sealed.offset));
    model.byte = Some(start.and_then(|(start, offset)| start.checked_sub(offset)).unwrap_or(0) as usize);
    keep_cursor_inside(model);
}

/// Shows the log, the cursor on the record that a byte of it is in, or on the last before it.
fn show_log_at(model: &mut Model, byte: u64) {
    show(model, View::Log);
    model.zoomed = false;
    let log = crate::describe::log::log(model);
    let records = &log.records;
    let header = model.rows().saturating_sub(records.len());
    let before = records.iter().take_while(|record| record.offset <= byte).count();
    model.selected_row = (header + before).saturating_sub(1);
    note(model, format!("Byte {byte} of the log is where it was found."));
}

/// Gives the finding the whole screen: what it means, what brings it about, what to do.
pub(super) fn explain(model: &mut Model) {
    if finding_in_front(model).is_some() {
        show(model, View::Verify);
        (model.focus, model.zoomed) = (Focus::Card, true);
    }
}

pub(super) fn verify(model: &mut Model) -> Vec<Command> {
    match model.screen {
        Screen::File => {
            model.busy = Some("verifying".to_owned());
            vec![Command::Verify]
        }
        _ => line::run(model, "verify"),
    }
}

pub(super) fn stop_verify(model: &mut Model) -> Vec<Command> {
    model.busy = Some("stopping the verification".to_owned());
    vec![Command::StopVerify]
}

/// The page that a probe would be about: the finding's in front, else the one shown.
pub fn page_to_probe(model: &Model) -> Option<PageNo> {
    match model.view {
        View::Verify => model.findings().get(model.finding).and_then(|finding| finding.page),
        _ => model.shown_page(),
    }
}

pub(super) fn probe(model: &mut Model) -> Vec<Command> {
    let Some(page) = page_to_probe(model) else { return Vec::new() };
    model.busy = Some(format!("probing page {page}"));
    vec![Command::Probe(page)]
}
