//! The first line: what is looked at, and where in time.

use crate::{
    describe::{plural, verify::VerifyFacts},
    model::{Model, Screen},
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};
use tosumu::escape::escape;

/// Draws the line: the left part gives way to the right one.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let (left, right) = match model.screen {
        Screen::File => (format!("tosumu open   {}", model.title), of_file(model)),
        _ => (of_lab(model, area.width), of_time(model, area.width)),
    };
    let width = usize::from(area.width).saturating_sub(2);
    let right = text::clip(&right, width / 2 + 10).into_owned();
    let room = width.saturating_sub(text::width(&right) + 2);
    let left = text::clip(&left, room).into_owned();
    buffer.set_stringn(area.x + 1, area.y, &left, room, theme.style(Family::Title));
    let column = area.right() - 1 - text::width(&right) as u16;
    let bad = model.screen == Screen::File && !VerifyFacts::verdict(model.findings()).is_empty();
    let family = if bad { Family::Bad } else { Family::Plain };
    buffer.set_stringn(column, area.y, &right, width, theme.style(family));
}

fn of_lab(model: &Model, width: u16) -> String {
    let mut words = format!("tosumu lab   {}", model.title);
    if width >= 100 {
        words.push_str(&format!("   commit {} durable", model.world.facts.durable_commit));
    }
    if let Some(branch) = model.branches.get(model.branch).filter(|_| model.branches.len() > 1) {
        words.push_str(&format!("   branch {}", branch.name));
    }
    words
}

/// `put m 13: event 68 of 75`.
fn of_time(model: &Model, width: u16) -> String {
    let total = model.timeline().map_or(0, |timeline| timeline.len());
    let playing = if model.playing.is_some() { "playing   " } else { "" };
    let place = format!("{playing}event {} of {total}", model.at);
    match model.operation() {
        Some(operation) => {
            let line = escape(operation.line.as_bytes());
            format!("{}: {place}", text::clip(&line, usize::from(width) / 3))
        }
        None => place,
    }
}

/// `read only   4 of 4 pages, 1 ERROR`.
fn of_file(model: &Model) -> String {
    let facts = &model.world.facts;
    let pages = model.world.page_numbers().len();
    let read = match facts.verified.len() {
        0 => plural(pages, "page"),
        checked => format!("{checked} of {}", plural(pages, "page")),
    };
    match (VerifyFacts::verdict(model.findings()), facts.verified.is_empty()) {
        (verdict, _) if !verdict.is_empty() => format!("read only   {read}, {verdict}"),
        (_, true) => format!("read only   {read}"),
        _ => format!("read only   {read}, sound"),
    }
}
