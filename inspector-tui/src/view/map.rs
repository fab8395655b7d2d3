//! The map of the file: a cell or a sign for every page, the legend, and what is under the cursor. While a verification runs
//! it is shown here as it goes on.

use super::{line_of, wrapped};
use crate::{
    describe::map::{self as facts, CellFacts, Census, Checked, Holds},
    looking::MapLayer,
    model::{Model, View},
    widget::{Family, Grain, MapSign, MapTile, PageMap, text},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use tosumu::types::{CommitNo, PageNo};

/// Eighths of a cell.
const FILLS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Signs of ages, the newest first; and where only letters are drawn.
const AGES: [char; 8] = ['●', '█', '▓', '▒', '░', '▪', '▫', '·'];
const AGES_ASCII: [char; 8] = ['0', '1', '2', '3', '4', '5', '6', '7'];
/// Lines under the grid.
const LINES_UNDER: u16 = 3;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    if model.verifying.is_some() {
        return verify_note(model);
    }
    let pages = crate::describe::plural(model.world.page_total() as usize, "page");
    format!("{pages}, {}", layer(model).word())
}

/// `12,345 of 200,000 pages, 2 bad`.
fn verify_note(model: &Model) -> String {
    let Some(verifying) = &model.verifying else { return String::new() };
    let count = |number: u32| text::grouped(number.into());
    format!("{} of {} pages, {} bad", count(verifying.done), count(verifying.total), count(verifying.bad))
}

/// Over a finding's card, and while a verification runs, the map tells what was checked.
fn layer(model: &Model) -> MapLayer {
    match model.view {
        View::Verify => MapLayer::Check,
        _ if model.verifying.is_some() && model.looking.map_layer == MapLayer::Kind => MapLayer::Check,
        _ => model.looking.map_layer,
    }
}

/// How near the map is in an area of this size.
fn grain(model: &Model, pages: u32, area: Rect) -> Grain {
    let fits = Grain::that_fits(pages, area.width, area.height);
    if model.view == View::Verify { fits } else { fits.nearer(model.looking.map_zoom) }
}

/// How near the map in front is.
pub fn grain_in_front(model: &Model) -> Grain {
    let area = super::area_of(model, super::Pane::Map).unwrap_or_default();
    grain(model, Census::of(model).pages, grid(area))
}

fn grid(area: Rect) -> Rect {
    Rect { height: area.height.saturating_sub(if area.height > 8 { LINES_UNDER } else { 2 }), ..area }
}

/// Pages in a row of the map in front: what a step down goes over.
pub fn pages_a_row(model: &Model, area: Rect) -> u32 {
    let pages = Census::of(model).pages;
    let grid = grid(area);
    grain(model, pages, grid).pages_a_row(pages, grid.width)
}

/// The page under a place of the area, counted from its corner.
pub fn page_at(model: &Model, column: u16, line: u16, area: Rect) -> Option<PageNo> {
    let pages = Census::of(model).pages;
    let grid = grid(area);
    let grain = grain(model, pages, grid);
    let sign = |_, _| MapSign { sign: ' ', family: Family::Plain, beside: [(' ', Family::Plain); 2] };
    let cursor = model.shown_page().map(|page| page.0);
    let tile = |_| MapTile::default();
    let map = PageMap { pages, grain, sign: &sign, tile: &tile, cursor, theme: &model.style.theme };
    map.page_at(column, line, grid).filter(|_| line < grid.height).map(PageNo)
}

/// Draws grid, legend and the line of the cursor.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let census = Census::of(model);
    if census.pages == 0 {
        return wrapped(buffer, area, "There is no page to draw a map of.", theme.style(Family::Quiet));
    }
    let grid = grid(area);
    let grain = grain(model, census.pages, grid);
    let (layer, newest) = (layer(model), model.world.facts.commit);
    let ages = if model.style.ascii { AGES_ASCII } else { AGES };
    let runs = (grain.pages() > 1).then(|| census.runs(grain.pages()));
    let run_of = |first: u32, pages: u32| {
        let at = (first - 1) / grain.pages();
        let counted = runs.as_ref().and_then(|runs| runs.get(at as usize)).filter(|run| run.page == first);
        counted.cloned().unwrap_or_else(|| census.run(PageNo(first), pages))
    };
    let sign = |first: u32, pages: u32| sign(&run_of(first, pages), layer, newest, &ages);
    let cursor = model.shown_page();
    let tile = |page: u32| tile(&census.page(PageNo(page)), layer, newest);
    let cursor_page = cursor.map(|page| page.0);
    let map = PageMap { pages: census.pages, grain, sign: &sign, tile: &tile, cursor: cursor_page, theme };
    (&map).render(grid, buffer);
    let mut line = grid.height;
    if area.height > 8 {
        let words = cursor.map_or(String::new(), |page| facts::cursor_line(model, &census, page));
        line_of(buffer, area, line, &words, theme.style(Family::Title));
        line += 1;
    }
    let scale = scale(grain);
    let whole = format!("{scale}: {}", facts::layer_words(layer));
    let words = if text::width(&whole) <= usize::from(area.width.saturating_sub(2)) { whole } else { scale };
    line_of(buffer, area, line, &words, theme.style(Family::Quiet));
    draw_legend(model, &census, (layer, grain), Rect { y: area.y + line + 1, height: 1, ..area }, buffer);
}

fn scale(grain: Grain) -> String {
    match grain {
        Grain::Tile => "a tile is a page".into(),
        Grain::Cell => "a cell is a page, with its fill and its check".into(),
        Grain::Sign(1) => "a sign is a page".into(),
        Grain::Sign(pages) => format!("a sign is {} pages", text::grouped(pages.into())),
    }
}

fn sign(cell: &CellFacts, layer: MapLayer, newest: CommitNo, ages: &[char; 8]) -> MapSign {
    let (sign, family) = match layer {
        MapLayer::Kind => kind_sign(cell),
        MapLayer::Fill => fill_sign(cell),
        MapLayer::Age => age_sign(cell, newest, ages),
        MapLayer::Check => (cell.checked.sign(), check_family(cell.checked)),
    };
    let check = match (cell.holds, cell.checked) {
        (Holds::Free, _) | (_, Checked::Unchecked) => (' ', Family::Quiet),
        _ => (cell.checked.sign(), check_family(cell.checked)),
    };
    let fill = if layer == MapLayer::Fill { age_sign(cell, newest, ages) } else { fill_sign(cell) };
    MapSign { sign, family, beside: [fill, check] }
}

/// A page with everything that is known of it.
fn tile(cell: &CellFacts, layer: MapLayer, newest: CommitNo) -> MapTile {
    let commit = match cell.commit {
        _ if cell.changed => "changed".to_owned(),
        Some(commit) if commit > newest.0 => format!("sealed for {commit}"),
        Some(commit) => format!("commit {commit}"),
        None => String::new(),
    };
    let is_ahead = cell.changed || cell.commit > Some(newest.0);
    let log = if cell.in_log && !is_ahead { " log" } else { "" };
    let (_, family) = match layer {
        MapLayer::Kind => kind_sign(cell),
        MapLayer::Fill => fill_sign(cell),
        MapLayer::Age => age_sign(cell, newest, &AGES),
        MapLayer::Check => (' ', check_family(cell.checked)),
    };
    let checked = match cell.checked {
        Checked::Unchecked => String::new(),
        checked => checked.word().to_owned(),
    };
    MapTile {
        title: format!("{} {}", cell.page, cell.holds.short()),
        fill_percent: cell.fill_percent.filter(|_| cell.holds != Holds::Free),
        foot: format!("{commit}{log}"),
        checked,
        family,
        checked_family: check_family(cell.checked),
    }
}

fn kind_sign(cell: &CellFacts) -> (char, Family) {
    let family = match cell.holds {
        _ if cell.checked == Checked::Bad => Family::Bad,
        _ if cell.changed || cell.anew => Family::Changed,
        Holds::Branch => Family::Pointer,
        Holds::Leaf => Family::Payload,
        Holds::Overflow => Family::Identity,
        Holds::Trunk => Family::Length,
        Holds::Free => Family::Free,
        Holds::Unreached => Family::Warning,
        Holds::Unknown => Family::Quiet,
    };
    let sign = match cell.holds {
        _ if cell.checked == Checked::Bad => '×',
        _ if cell.changed || cell.anew => '*',
        holds => holds.sign(),
    };
    (sign, family)
}

fn fill_sign(cell: &CellFacts) -> (char, Family) {
    match (cell.holds, cell.fill_percent) {
        (Holds::Free, _) => ('·', Family::Free),
        (_, Some(percent)) => (FILLS[usize::from(percent.min(99)) * 8 / 100], Family::Payload),
        (_, None) => ('?', Family::Quiet),
    }
}

fn age_sign(cell: &CellFacts, newest: CommitNo, ages: &[char; 8]) -> (char, Family) {
    match cell.commit {
        _ if cell.changed || cell.anew => ('*', Family::Changed),
        Some(commit) => {
            let step = facts::age_step(newest, commit);
            let family = if step == 0 { Family::Fresh } else { Family::Plain };
            (ages[usize::from(step)], family)
        }
        None => ('?', Family::Quiet),
    }
}

fn check_family(checked: Checked) -> Family {
    match checked {
        Checked::Unchecked => Family::Quiet,
        Checked::Partly | Checked::Sound => Family::Good,
        Checked::Bad => Family::Bad,
    }
}

/// What the signs mean, only those that occur where that is known.
fn draw_legend(model: &Model, census: &Census<'_>, (layer, grain): (MapLayer, Grain), area: Rect, buffer: &mut Buffer) {
    let mut entries: Vec<(String, Family)> = match layer {
        MapLayer::Kind => kinds(model, census),
        MapLayer::Fill => vec![("▁ ▂ ▃ ▄ ▅ ▆ ▇ █ full".into(), Family::Payload), ("· free".into(), Family::Free)],
        MapLayer::Age => {
            let ages = if model.style.ascii { AGES_ASCII } else { AGES };
            let steps = [1, 2, 4, 8, 16, 32, 64];
            let ago: Vec<String> = ages[1..].iter().zip(steps).map(|(sign, ago)| format!("{sign} {ago}")).collect();
            let words = format!("commits ago, from: {}", ago.join(" "));
            vec![(format!("{} newest commit", ages[0]), Family::Fresh), (words, Family::Plain)]
        }
        MapLayer::Check => {
            let all = [Checked::Sound, Checked::Partly, Checked::Bad, Checked::Unchecked];
            all.map(|checked| (format!("{} {}", checked.sign(), checked.word()), check_family(checked))).to_vec()
        }
    };
    if grain == Grain::Cell && layer == MapLayer::Kind {
        entries.push(("▁ to █ fill".into(), Family::Payload));
    }
    if grain == Grain::Cell && layer != MapLayer::Check {
        entries.push(("▓ sound".into(), Family::Good));
        entries.push(("× bad".into(), Family::Bad));
    }
    let mut column = area.x + 1;
    for (at, (words, family)) in entries.iter().enumerate() {
        let width = text::width(words) as u16;
        let left = entries.len() - at;
        if column + width + 6 > area.right() && left > 1 {
            buffer.set_string(column, area.y, format!("+{left}"), model.style.theme.style(Family::Quiet));
            return;
        }
        if column + width > area.right() {
            return;
        }
        buffer.set_string(column, area.y, words, model.style.theme.style(*family));
        column += width + 3;
    }
}

fn kinds(model: &Model, census: &Census<'_>) -> Vec<(String, Family)> {
    let sorts = facts::sorts(census);
    let mut entries: Vec<(String, Family)> = sorts
        .iter()
        .map(|sort| {
            let cell = CellFacts { holds: sort.holds, ..CellFacts::default() };
            (format!("{} {} {}", sort.sign, sort.holds.short(), text::grouped(sort.pages.into())), kind_sign(&cell).1)
        })
        .collect();
    let changed = model.world.changed_pages().len();
    if changed > 0 {
        entries.insert(0, (format!("* changed {changed}"), Family::Changed));
    }
    let anew = model.world.facts.changed_since.len();
    if anew > 0 {
        entries.insert(0, (format!("* changed since the look before {anew}"), Family::Changed));
    }
    entries
}
