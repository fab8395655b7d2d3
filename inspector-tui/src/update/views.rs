//! How the views are looked at: zoom, folds, layers of the map, what is compared. None of it changes the instant.

use super::{look, note, note_bad};
use crate::command::Command;
use crate::looking::{Compared, MapLayer, Side, Which};
use crate::model::{Model, Screen, View};
use crate::notes::NotePlace;
use crate::timeline::{FileWorld, World};
use crate::view::{self, Pane};
use crate::widget::Grain;
use std::path::PathBuf;
use tosumu::types::PageNo;

/// Whether a page that was chosen stays so when the instant changes.
pub(super) fn keeps_page(view: View) -> bool {
    matches!(view, View::Page | View::Map | View::Seals | View::Snapshots | View::Life)
}

/// The row that a list stands on at the present instant.
pub(super) fn present_row(model: &Model) -> usize {
    match model.view {
        View::Life => view::life::present_row(model),
        View::Events => model.at.saturating_sub(1),
        View::Log => {
            let pages = model.world.log_pages();
            let of_shown = pages.iter().rposition(|page| page.is_some() && *page == model.shown_page());
            of_shown.unwrap_or(pages.len().saturating_sub(1))
        }
        View::Disk => model.shown_page().map_or(0, |page| page.0 as usize - 1),
        _ => 0,
    }
}

/// So many steps nearer, or farther with a number below 0.
pub(super) fn zoom(model: &mut Model, steps: i8) {
    if model.view == View::Map {
        return zoom_map(model, steps);
    }
    let zoom = model.looking.tree_zoom;
    match if steps > 0 { zoom.nearer() } else { zoom.farther() } {
        Some(zoom) => model.looking.tree_zoom = zoom,
        None if steps > 0 => note(model, "This is as near as it gets: 2 shows the page byte by byte."),
        None => note(model, "This is the whole tree: a sign for each node."),
    }
    model.scroll = 0;
}

fn zoom_map(model: &mut Model, steps: i8) {
    let grain = view::map::grain_in_front(model);
    match grain {
        Grain::Tile if steps > 0 => note(model, "This is as near as it gets: Enter shows the page."),
        Grain::Sign(pages) if steps < 0 && pages >= model.world.page_total() => {
            note(model, "One sign is the whole file already.");
        }
        _ => model.looking.map_zoom = model.looking.map_zoom.saturating_add(steps),
    }
}

/// Leaves out what lies below the shown node, or draws it again.
pub(super) fn fold(model: &mut Model) {
    let Some(page) = model.shown_page() else { return };
    if model.looking.folded.remove(&page) {
        return;
    }
    if model.world.children(page).is_empty() {
        return note(model, format!("Nothing lies below page {page}: there is nothing to fold."));
    }
    model.looking.folded.insert(page);
    model.page = Some(page);
}

pub(super) fn show_layer(model: &mut Model, layer: MapLayer) {
    model.looking.map_layer = layer;
    if model.view != View::Map {
        look::show(model, View::Map);
    }
}

/// One row of the map up or down.
pub(super) fn move_map(model: &mut Model, rows: i32) {
    let Some(area) = view::area_of(model, Pane::Map) else { return };
    let step = i64::from(view::map::pages_a_row(model, area)) * i64::from(rows);
    let total = i64::from(model.world.page_total());
    let Some(page) = model.shown_page().filter(|_| total > 0) else { return };
    let page = PageNo((i64::from(page.0) + step).clamp(1, total) as u32);
    look::select_page(model, page);
}

/// Along the level of the tree, a screen of boxes at a time.
pub(super) fn pan(model: &mut Model, screens: i32) {
    let levels = model.world.levels(model.shown_root());
    let place = model.shown_page().and_then(|page| levels.place_of(page));
    let Some((level, index)) = place else { return };
    let step = (i32::from(model.size.0) / 22).max(1) * screens;
    let last = levels.pages[level].len().saturating_sub(1);
    let index = index.saturating_add_signed(step as isize).min(last);
    model.page = Some(levels.pages[level][index]);
}

/// Scrolls a view of lines, and stops at its last line.
pub(super) fn scroll(model: &mut Model, by: i32) {
    let last = view::last_line(model);
    model.scroll = model.scroll.saturating_add_signed(by as isize).min(last);
}

/// Shows the receipt, compared with operation `number`, from 1.
pub(super) fn receipt_against(model: &mut Model, number: usize) {
    let count = model.timeline().map_or(0, |timeline| timeline.operations().len());
    if !(1..=count).contains(&number) {
        return note_bad(model, format!("Operations are numbered from 1 to {count} here."));
    }
    model.looking.receipt_against = Some(number - 1);
    look::show(model, View::Receipt);
}

/// Compares two states; a file is read first.
pub(super) fn diff(model: &mut Model, left: Which, right: Which) -> Vec<Command> {
    if let (_, Which::File(path)) | (Which::File(path), _) = (&left, &right) {
        model.busy = Some(format!("reading {}", path.display()));
        return vec![Command::LoadOther(path.clone())];
    }
    let Some(left) = side(model, &left) else {
        note_bad(model, "There is no such instant here.");
        return Vec::new();
    };
    let right = match right {
        Which::Present => None,
        right => side(model, &right),
    };
    compare(model, left, right);
    Vec::new()
}

/// Compares the beginning of the present operation with the present instant again; of a followed file, the look before with
/// the one shown.
pub(super) fn diff_operation(model: &mut Model) {
    let follow = &model.file_work.follow;
    let before =
        follow.at.checked_sub(1).and_then(|before| Some((follow.forgotten + before + 1, follow.looks.get(before)?)));
    let before = before.map(|(number, seen)| Side { name: format!("look {number}"), world: seen.world.clone() });
    model.looking.compared = before.map(|left| Box::new(Compared { left, right: None }));
    look::show(model, View::Diff);
}

fn compare(model: &mut Model, left: Side, right: Option<Side>) {
    model.looking.compared = Some(Box::new(Compared { left, right }));
    look::show(model, View::Diff);
}

fn side(model: &Model, which: &Which) -> Option<Side> {
    match which {
        Which::Present => Some(present(model)),
        Which::Instant { branch, at } => {
            let shown = model.branches.get(*branch)?;
            let at = (*at).min(shown.timeline.len());
            let name = match model.branches.len() {
                1 => format!("event {at}"),
                _ => format!("{}, event {at}", shown.name),
            };
            Some(Side { name, world: shown.timeline.world_at(at) })
        }
        Which::File(_) => None,
    }
}

fn present(model: &Model) -> Side {
    let name = match model.screen {
        Screen::File => model.world.facts.file.clone(),
        _ => format!("event {}", model.at),
    };
    Side { name, world: model.world.clone() }
}

/// The other file was read.
pub(super) fn other_read(model: &mut Model, other: FileWorld) {
    model.busy = None;
    let name = other.facts.file.clone();
    let left = present(model);
    let name = if name == left.name { format!("the other {name}") } else { name };
    compare(model, left, Some(Side { name, world: World::at_rest(other) }));
}

/// What a word names: `start`, `end`, `now`, an event's number, else a file.
pub(super) fn which(model: &Model, word: &str) -> Which {
    let instant = |at| Which::Instant { branch: model.branch, at };
    match (word, word.parse::<usize>()) {
        ("now", _) => Which::Present,
        ("start", _) if model.screen == Screen::Lab => instant(0),
        ("end", _) if model.screen == Screen::Lab => instant(usize::MAX),
        (_, Ok(at)) if model.screen == Screen::Lab => instant(at),
        _ => match model.kept.notes.bookmark(word) {
            Some(NotePlace::Event(at)) if model.screen == Screen::Lab => instant(at),
            _ => Which::File(PathBuf::from(word)),
        },
    }
}
