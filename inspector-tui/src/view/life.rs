//! The life of a page as a film strip: its versions as pictures side by side, and what became of each as a list.

use super::{line_of, wrapped};
use crate::{
    describe::life::{self as facts, FrameFacts},
    model::Model,
    widget::{Family, FilmFrame, FilmStrip, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier, widgets::Widget};
use tosumu::types::PageNo;

/// Lines of the strip with its holes.
const STRIP_LINES: u16 = 8;
/// Least lines of the list under it.
const LIST_LINES_MIN: u16 = 3;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let Some(page) = model.shown_page() else { return "no page".into() };
    match model.timeline() {
        Some(_) => {
            let versions = facts::moments(model, page).last().map_or(0, |moment| moment.version);
            format!("page {page}, {}", crate::describe::plural(versions, "version"))
        }
        None => format!("page {page}"),
    }
}

/// How many rows the list has.
pub fn rows(model: &Model) -> usize {
    match model.timeline() {
        Some(_) => model.shown_page().map_or(0, |page| facts::moments(model, page).len()),
        None => facts::life(model).frames.len(),
    }
}

/// The event that a row is about, from 0.
pub fn event_of_row(model: &Model, row: usize) -> Option<usize> {
    model.shown_page().and_then(|page| facts::moments(model, page).get(row).map(|moment| moment.event))
}

/// The row of the present instant.
pub fn present_row(model: &Model) -> usize {
    let moments = model.shown_page().map(|page| facts::moments(model, page)).unwrap_or_default();
    facts::present(model, &moments).unwrap_or(0)
}

/// Draws strip and list.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let Some(page) = model.shown_page() else {
        return wrapped(buffer, area, "No page is shown: the store has none yet.", theme.style(Family::Quiet));
    };
    let film = match model.timeline() {
        Some(_) => Film::of_timeline(model, page),
        None => Film::at_rest(model),
    };
    if film.total == 0 {
        let words = facts::life(model).remark.unwrap_or_default();
        return wrapped(buffer, area, &words, theme.style(Family::Quiet));
    }
    let strip_lines = strip_lines(area);
    if strip_lines > 0 {
        draw_strip(model, &film, Rect { height: strip_lines, ..area }, buffer);
    }
    let list = Rect { y: area.y + strip_lines, height: area.height - strip_lines, ..area };
    draw_list(model, &film, list, buffer);
}

fn strip_lines(area: Rect) -> u16 {
    if area.height >= STRIP_LINES + LIST_LINES_MIN { STRIP_LINES } else { 0 }
}

/// The row under a place of the area: of the list, or the first one of a version's picture on the strip.
pub fn row_at(model: &Model, column: u16, line: u16, area: Rect) -> Option<usize> {
    let page = model.shown_page()?;
    let film = match model.timeline() {
        Some(_) => Film::of_timeline(model, page),
        None => Film::at_rest(model),
    };
    let strip_lines = strip_lines(area);
    if line < strip_lines {
        let frame = |_| FilmFrame::default();
        let strip = FilmStrip {
            total: film.versions.len(),
            selected: film.version_of(film.selected),
            present: None,
            frame: &frame,
            theme: &model.style.theme,
        };
        return strip.frame_at(column, area.width).and_then(|version| film.versions.get(version).copied());
    }
    let shown = text::window(film.total, film.selected, usize::from(area.height - strip_lines));
    let at = shown.start + usize::from(line - strip_lines);
    shown.contains(&at).then_some(at)
}

/// The frames, built only where they are seen.
struct Film<'a> {
    total: usize,
    /// The row under the cursor, and the one that has happened last.
    selected: usize,
    present: Option<usize>,
    frame: Box<dyn Fn(usize) -> FrameFacts + 'a>,
    /// For each version its first row.
    versions: Vec<usize>,
}

impl<'a> Film<'a> {
    fn of_timeline(model: &'a Model, page: PageNo) -> Film<'a> {
        let moments = facts::moments(model, page);
        let mut versions: Vec<usize> = Vec::new();
        for (at, moment) in moments.iter().enumerate() {
            if at == 0 || moments[at - 1].version != moment.version {
                versions.push(at);
            }
        }
        let total = moments.len();
        Film {
            total,
            selected: model.selected_row.min(total.saturating_sub(1)),
            present: facts::present(model, &moments),
            frame: Box::new(move |at| facts::frame(model, page, &moments[at])),
            versions,
        }
    }

    fn at_rest(model: &'a Model) -> Film<'a> {
        let life = facts::life(model);
        let total = life.frames.len();
        Film {
            total,
            selected: model.selected_row.min(total.saturating_sub(1)),
            present: None,
            frame: Box::new(move |at| life.frames[at].clone()),
            versions: (0..total).collect(),
        }
    }

    /// The place in `versions` of the version that a row belongs to.
    fn version_of(&self, row: usize) -> usize {
        self.versions.partition_point(|first| *first <= row).saturating_sub(1)
    }
}

fn draw_strip(model: &Model, film: &Film<'_>, area: Rect, buffer: &mut Buffer) {
    let frame = |version: usize| {
        let first = film.versions[version];
        let last = film.versions.get(version + 1).copied().unwrap_or(film.total);
        let begins = (film.frame)(first);
        // The last of the version tells how far it came.
        let ends = (film.frame)(last - 1);
        let commit = ends.commit.map_or("not sealed".into(), |commit| format!("commit {commit}"));
        let event = begins.event.map_or(begins.what.clone(), |event| format!("event {event}"));
        let records = ends.records.map_or(String::new(), |records| match ends.kind.as_str() {
            "branch" => crate::describe::plural(records, "slot"),
            _ => crate::describe::plural(records, "record"),
        });
        let came = if begins.event.is_some() { ends.what.clone() } else { String::new() };
        FilmFrame {
            title: format!("v{}", begins.version),
            lines: [event, ends.kind.clone(), records, commit],
            fill_percent: ends.fill_percent,
            foot: came,
        }
    };
    let shown = film.version_of(film.selected);
    let present = film.present.map(|row| film.version_of(row));
    let strip =
        FilmStrip { total: film.versions.len(), selected: shown, present, frame: &frame, theme: &model.style.theme };
    (&strip).render(area, buffer);
}

fn draw_list(model: &Model, film: &Film<'_>, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let height = usize::from(area.height);
    let shown = text::window(film.total, film.selected, height);
    for (line, at) in shown.clone().enumerate() {
        let frame = (film.frame)(at);
        let number = frame.event.map_or(String::new(), |event| event.to_string());
        let commit = frame.commit.map_or(String::new(), |commit| format!(" c{commit}"));
        let operation =
            frame.operation.as_ref().filter(|_| area.width >= 90).map_or(String::new(), |line| format!("   ({line})"));
        let words =
            format!("{number:>6}  v{:<3} {:<12}{commit:<5} {}{operation}", frame.version, frame.what, frame.why);
        let is_future =
            film.present.is_some_and(|present| at > present) || (film.present.is_none() && frame.event.is_some());
        let family = if is_future { Family::Quiet } else { family(&frame.what) };
        let mut style = theme.style(family);
        if at == film.selected {
            style = style.add_modifier(Modifier::REVERSED);
        }
        let mark = if film.present == Some(at) { ">" } else { " " };
        let place = Rect { y: area.y + line as u16, height: 1, ..area };
        buffer.set_string(area.x, place.y, mark, theme.style(Family::Title));
        line_of(buffer, place, 0, &words, style);
    }
    let hidden = [shown.start, film.total - shown.end];
    for (line, sign, count) in [(0, '▴', hidden[0]), (area.height.saturating_sub(1), '▾', hidden[1])] {
        if count > 0 && area.height > 0 {
            let words = format!(" {sign} {count} more");
            let column = area.right().saturating_sub(text::width(&words) as u16);
            buffer.set_string(column, area.y + line, words, theme.style(Family::Quiet));
        }
    }
}

fn family(what: &str) -> Family {
    match what {
        "changed" | "taken" | "taken again" => Family::Changed,
        "sealed" => Family::Crypto,
        "durable" | "checked" => Family::Good,
        "tampered" | "replaced" | "found bad" | "power cut" => Family::Bad,
        "freed" | "emptied" | "dropped" | "undone" => Family::Quiet,
        _ => Family::Plain,
    }
}
