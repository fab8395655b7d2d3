//! The first line: what is looked at, and where in time.

use crate::{
    describe::{operation_words, plural, verify::VerifyFacts},
    model::{Model, Screen},
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Draws the line: the left part gives way to the right one.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let (left, right) = match model.screen {
        Screen::File => (format!("tosumu open   {}", model.title), of_file(model)),
        _ => (String::new(), of_time(model, area.width)),
    };
    let width = usize::from(area.width).saturating_sub(2);
    let right = text::clip(&right, width / 2 + 10).into_owned();
    let room = width.saturating_sub(text::width(&right) + 2);
    let left = if left.is_empty() { of_lab(model, room) } else { text::clip(&left, room).into_owned() };
    buffer.set_stringn(area.x + 1, area.y, &left, room, theme.style(Family::Title));
    let column = area.right() - 1 - text::width(&right) as u16;
    let bad = model.screen == Screen::File && !VerifyFacts::verdict(model.findings()).is_empty();
    let family = if bad { Family::Bad } else { Family::Plain };
    buffer.set_stringn(column, area.y, &right, width, theme.style(family));
}

/// The longest of its forms that fits whole: what is cut off in the middle of a word tells nothing.
fn of_lab(model: &Model, room: usize) -> String {
    let many = model.branches.len() > 1;
    let branch = model.branches.get(model.branch).filter(|_| many);
    let named = branch.map_or(String::new(), |branch| format!("   branch {}", branch.name));
    let counted =
        branch.map_or(String::new(), |_| format!("   branch {} of {}", model.branch + 1, model.branches.len()));
    let verb = if model.recording().is_some() { "replay" } else { "lab" };
    let title = format!("   {}", model.title);
    // A lesson may ask just that.
    let durable = match super::story::asks_for_it(model) {
        true => String::new(),
        false => format!("   commit {} durable", model.world.facts.durable_commit),
    };
    // Of a lesson the text says which store it is.
    let (first, second) = if model.lessons.player.is_some() { (&durable, &title) } else { (&title, &durable) };
    let forms = [
        format!("tosumu {verb}{title}{durable}{named}"),
        format!("tosumu {verb}{title}{durable}{counted}"),
        format!("tosumu {verb}{first}{counted}"),
        format!("tosumu {verb}{second}{counted}"),
        format!("tosumu {verb}{counted}"),
    ];
    let fits = forms.iter().find(|form| text::width(form) <= room);
    fits.map_or_else(|| text::clip(&format!("tosumu {verb}"), room).into_owned(), String::clone)
}

/// `put m 13: event 68 of 75`.
fn of_time(model: &Model, width: u16) -> String {
    let total = model.timeline().map_or(0, |timeline| timeline.len());
    let playing = if model.playing.is_some() { "playing   " } else { "" };
    let place = format!("{playing}event {} of {total}", model.at);
    match model.operation() {
        Some(operation) => {
            format!("{}: {place}", operation_words(&operation.line, usize::from(width) / 5))
        }
        None => place,
    }
}

/// `read only   4 of 4 pages, 1 ERROR`.
fn of_file(model: &Model) -> String {
    let pages = model.world.page_total() as usize;
    let judged = model.world.judged().0;
    let read = match judged {
        0 => plural(pages, "page"),
        checked => format!("{} of {}", text::grouped(checked as u64), plural(pages, "page")),
    };
    let goes_on: Vec<String> =
        [model.file_work.follow.words(), model.file_work.progress.and_then(|progress| progress.words())]
            .into_iter()
            .flatten()
            .collect();
    if !goes_on.is_empty() {
        let verdict = VerifyFacts::verdict(model.findings());
        let end = if verdict.is_empty() { plural(pages, "page") } else { verdict };
        return format!("read only   {}   {end}", goes_on.join("   "));
    }
    match (VerifyFacts::verdict(model.findings()), judged == 0) {
        (verdict, _) if !verdict.is_empty() => format!("read only   {read}, {verdict}"),
        (_, true) => format!("read only   {read}"),
        _ => format!("read only   {read}, sound"),
    }
}
