//! The home screen: what there is to begin with. No file is needed.

use super::{hints, line_of, wrapped};
use crate::{
    describe::home::{self as facts, HomeItemFacts},
    model::Model,
    widget::{Family, Focus, Frame, Height, Section, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier, widgets::Widget};

const WHAT: &str = "A small storage engine with its lid off: watch what one put does to the bytes, take the power \
                    away, put it back, and see what is still there and why.";

/// Draws the whole screen.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    line_of(
        buffer,
        area,
        0,
        "tosumu   an embedded storage engine that can be watched at work",
        theme.style(Family::Title),
    );
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(4), ..area };
    let facts = facts::home(model);
    match (model.home.gallery, model.home.lessons) {
        (Some(at), _) => draw_gallery(model, &facts.gallery, at, ["The gallery", "What happened here?"], body, buffer),
        (_, Some(at)) => draw_gallery(model, &facts.lessons, at, ["The lessons", "What it is about"], body, buffer),
        (None, None) => draw_beginning(model, &facts.items, body, buffer),
    }
    let below = Rect { y: body.bottom(), height: 1, ..area };
    draw_input(model, below, buffer);
    hints::draw(model, Rect { y: area.bottom() - 1, height: 1, ..area }, buffer);
}

fn draw_beginning(model: &Model, items: &[HomeItemFacts], body: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let mut list = Section::text("Where to begin", Height::Share(1));
    list.focus = Focus::Here;
    let what_lines = if body.height > 12 { 3 } else { 2 };
    let sections = [Section::text("What this is", Height::Lines(what_lines)), list];
    let frame = Frame { sections: &sections, theme };
    frame.render(body, buffer);
    let inner = frame.inner(body);
    wrapped(buffer, inner[0], WHAT, theme.style(Family::Plain));
    draw_items(model, items, model.home.selected, inner[1], buffer);
}

/// The names in their groups, and what happened to the selected one.
fn draw_gallery(
    model: &Model,
    items: &[HomeItemFacts],
    selected: usize,
    [title, what]: [&str; 2],
    body: Rect,
    buffer: &mut Buffer,
) {
    let theme = &model.style.theme;
    let title = format!("{title}: {} of {}", selected + 1, items.len());
    let mut list = Section::text(&title, Height::Share(1));
    list.focus = Focus::Here;
    let story_lines = if body.height > 12 { 4 } else { 2 };
    let sections = [list, Section::text(what, Height::Lines(story_lines))];
    let frame = Frame { sections: &sections, theme };
    frame.render(body, buffer);
    let inner = frame.inner(body);
    draw_groups(model, items, selected, inner[0], buffer);
    if let Some(item) = items.get(selected) {
        let untold = model.home.gallery.is_some_and(|at| !model.home.told.contains(&at));
        let more = if untold { " Enter opens it: look round, then say what you think." } else { "" };
        wrapped(buffer, inner[1], &format!("{}{more}", item.story), theme.style(Family::Plain));
    }
}

/// A line for each heading and each name; the selected one stays in sight, in the middle where that can be.
fn draw_groups(model: &Model, items: &[HomeItemFacts], selected: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let mut lines: Vec<(Option<usize>, &str)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if at == 0 || items[at - 1].group != item.group {
            lines.push((None, item.group.as_deref().unwrap_or_default()));
        }
        lines.push((Some(at), &item.name));
    }
    let height = usize::from(area.height);
    let cursor = lines.iter().position(|(at, _)| *at == Some(selected)).unwrap_or(0);
    let first = cursor.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
    for (row, (at, words)) in (0..area.height).zip(&lines[first..]) {
        let is_selected = *at == Some(selected);
        let mut style = theme.style(if at.is_some() { Family::Plain } else { Family::Title });
        if is_selected {
            style = style.add_modifier(Modifier::REVERSED);
            line_of(buffer, area, row, "> ", theme.style(Family::Title));
        }
        let indent = if at.is_some() { 2 } else { 0 };
        let place = Rect { x: area.x + indent, width: area.width.saturating_sub(indent), ..area };
        line_of(buffer, place, row, words, style);
    }
}

/// Each item with its name, and beside or under it what it is.
fn draw_items(model: &Model, items: &[HomeItemFacts], selected: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    if items.is_empty() {
        let words = if model.busy.is_some() { "A moment: it is on its way." } else { "There is nothing here yet." };
        return line_of(buffer, area, 0, words, theme.style(Family::Quiet));
    }
    let names = items.iter().map(|item| text::width(&item.name)).max().unwrap_or(0);
    let room = usize::from(area.width).saturating_sub(names + 8);
    let lines_each: Vec<usize> = items.iter().map(|item| text::wrap(&item.story, room).len().max(1)).collect();
    let spaced = lines_each.iter().sum::<usize>() + items.len() < usize::from(area.height);
    let shown = shown(&lines_each, spaced, selected, usize::from(area.height));
    let mut line = u16::from(spaced);
    for at in shown.clone() {
        let item = &items[at];
        let mark = if at == selected { "> " } else { "  " };
        let mut style = theme.style(Family::Title);
        if at == selected {
            style = style.add_modifier(Modifier::REVERSED);
        }
        line_of(buffer, area, line, mark, theme.style(Family::Title));
        let name = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
        line_of(buffer, name, line, &item.name, style);
        let story = Rect { x: area.x + 4 + names as u16, width: room as u16 + 2, ..area };
        for (down, words) in text::wrap(&item.story, room).iter().enumerate() {
            line_of(buffer, story, line + down as u16, words, theme.style(Family::Plain));
        }
        line += lines_each[at] as u16 + u16::from(spaced);
    }
    let hidden = items.len() - shown.len();
    if hidden > 0 {
        line_of(buffer, area, area.height - 1, &format!("  +{hidden} more"), theme.style(Family::Quiet));
    }
}

/// The items that fit, the selected one among them; a line is kept for the count of the others.
fn shown(lines_each: &[usize], spaced: bool, selected: usize, height: usize) -> std::ops::Range<usize> {
    let gap = usize::from(spaced);
    let needed = |range: std::ops::Range<usize>| lines_each[range].iter().map(|lines| lines + gap).sum::<usize>();
    if needed(0..lines_each.len()) <= height {
        return 0..lines_each.len();
    }
    let selected = selected.min(lines_each.len() - 1);
    let mut range = selected..selected + 1;
    loop {
        let before = range.clone();
        if range.start > 0 && needed(range.start - 1..range.end) < height {
            range.start -= 1;
        }
        if range.end < lines_each.len() && needed(range.start..range.end + 1) < height {
            range.end += 1;
        }
        if range == before {
            return range;
        }
    }
}

fn draw_input(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    if let Some(input) = &model.home.input {
        let room = usize::from(area.width).saturating_sub(10);
        let typed = text::clip_start(&input.text, room);
        let end = line_end(buffer, area, &format!("file: {typed}"), theme.style(Family::Title));
        if end < area.right() {
            buffer[(end, area.y)].modifier.insert(Modifier::REVERSED);
        }
        return;
    }
    if let Some(note) = &model.note {
        let family = if note.bad { Family::Bad } else { Family::Plain };
        return line_of(buffer, area, 0, &note.text, theme.style(family));
    }
    if let Some(busy) = &model.busy {
        line_of(buffer, area, 0, &format!("{busy} ..."), theme.style(Family::Quiet));
    }
}

fn line_end(buffer: &mut Buffer, area: Rect, words: &str, style: ratatui::style::Style) -> u16 {
    line_of(buffer, area, 0, words, style);
    area.x + 1 + text::width(words) as u16
}
