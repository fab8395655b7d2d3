//! Every screen, drawn from the model alone: `&Model` in, a `Buffer` of cells out.
//!
//! A view reads no file, runs no engine and changes nothing. What it shows comes from [`crate::describe`], the same facts
//! that are printed as text and JSON. This file decides which regions stand where; a file beside it draws each.

mod arrange;
pub mod disk;
pub mod events;
pub mod help;
pub mod hints;
pub mod home;
pub mod log;
pub mod page;
pub mod snapshots;
pub mod story;
pub mod strip;
mod title;
pub mod tree;
pub mod verify;

pub use arrange::{Pane, Placed, place};

use crate::{
    describe::Subject,
    model::{Model, Screen, View},
    picture,
    widget::{Family, Focus, Frame, Section, Title, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget};

/// The smallest screen that anything is drawn on.
pub const SIZE_MIN: (u16, u16) = (60, 16);

/// From this width on a whole note fits beside the tabs.
const NOTE_COLUMNS: u16 = 72;

/// Draws what is in front.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let area = buffer.area;
    if area.width < SIZE_MIN.0 || area.height < SIZE_MIN.1 {
        draw_too_small(model, area, buffer);
    } else {
        match model.screen {
            Screen::Home => home::draw(model, area, buffer),
            Screen::Lab | Screen::File => draw_store(model, area, buffer),
        }
    }
    finish(model, buffer);
}

/// Draws one view alone, in a frame of its own.
pub fn draw_alone(model: &Model, subject: Subject, buffer: &mut Buffer) {
    let area = buffer.area;
    match subject {
        Subject::Home | Subject::Lab => return draw(model, buffer),
        _ if area.width < 20 || area.height < 4 => draw_too_small(model, area, buffer),
        _ => {
            let panes = arrange::alone(model, subject, area);
            draw_column(model, &panes, area, buffer);
        }
    }
    finish(model, buffer);
}

fn draw_too_small(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (width, height) = SIZE_MIN;
    let words = format!("tosumu wants {width}x{height} or more; this is {}x{}.", area.width, area.height);
    wrapped(buffer, area, &words, model.style.theme.style(Family::Plain));
}

/// The plainer forms of a finished screen.
fn finish(model: &Model, buffer: &mut Buffer) {
    if model.style.ascii {
        picture::ascii(buffer);
    }
    if !model.style.colour {
        picture::colourless(buffer);
    }
}

fn draw_store(model: &Model, area: Rect, buffer: &mut Buffer) {
    let plan = arrange::plan(model, area);
    title::draw(model, Rect { height: 1, ..area }, buffer);
    for column in &plan.columns {
        draw_column(model, &column.panes, column.area, buffer);
    }
    if let Some(area) = plan.story {
        story::draw(model, area, buffer);
    }
    if let Some(area) = plan.strip {
        strip::draw(model, area, buffer);
    }
    if let Some(area) = plan.checked {
        let room = usize::from(area.width.saturating_sub(2));
        let (words, family) = match &model.note {
            Some(note) => (note.text.clone(), if note.bad { Family::Bad } else { Family::Title }),
            None if model.verifying.is_some() => ("What is found stands here as it comes.".to_owned(), Family::Quiet),
            None => (crate::describe::verify::verify(model).last_line(room), Family::Plain),
        };
        line_of(buffer, area, 0, &words, model.style.theme.style(family));
    }
    hints::draw_command(model, plan.command, buffer);
    hints::draw(model, plan.hints, buffer);
}

/// Panes one above the other in a shared frame.
fn draw_column(model: &Model, panes: &[Placed], area: Rect, buffer: &mut Buffer) {
    let sections: Vec<Section> = panes.iter().map(|placed| section(model, placed, area.width)).collect();
    let frame = Frame { sections: &sections, theme: &model.style.theme };
    frame.render(area, buffer);
    for (placed, inner) in panes.iter().zip(frame.inner(area)) {
        draw_pane(model, placed.pane, inner, buffer);
    }
}

fn section(model: &Model, placed: &Placed, width: u16) -> Section {
    let (title, note) = heading(model, placed.pane);
    let title = if placed.tabs { tabs(model) } else { Title::Text(title) };
    let note = match placed.pane {
        Pane::Map => verify::map_note(model),
        _ if placed.tabs && model.view == View::Verify => verify::note(model),
        Pane::Page if placed.tabs => page::short_note(model),
        _ if placed.tabs && width < NOTE_COLUMNS + snapshots_columns(model) => short_note(model, placed.pane, note),
        _ => note,
    };
    let focus = if placed.focused { Focus::Here } else { Focus::Elsewhere };
    Section { title, note, height: placed.height, focus }
}

/// What one more tab takes.
fn snapshots_columns(model: &Model) -> u16 {
    if shows_snapshots_tab(model) { 14 } else { 0 }
}

fn shows_snapshots_tab(model: &Model) -> bool {
    model.screen == Screen::Lab && (model.view == View::Snapshots || !model.world.facts.snapshots.is_empty())
}

/// A note that fits beside the tabs on the narrowest screen.
fn short_note(model: &Model, pane: Pane, note: String) -> String {
    match pane {
        Pane::Tree => tree::short_note(model),
        Pane::Log => log::short_note(model),
        Pane::Disk => disk::short_note(model),
        _ => note,
    }
}

/// The heading of a pane that has no tabs, and what stands at its right.
fn heading(model: &Model, pane: Pane) -> (String, String) {
    match pane {
        Pane::Tree => ("1 tree".into(), tree::note(model)),
        Pane::PageBrief | Pane::Page => (page::title(model), page::note(model)),
        Pane::Card => (page::card_title(model), String::new()),
        Pane::Log => ("4 log".into(), log::note(model)),
        Pane::Disk => ("5 disk".into(), disk::note(model)),
        Pane::Snapshots => ("6 snapshots".into(), snapshots::note(model)),
        Pane::Events => ("0 events".into(), events::note(model)),
        Pane::Map => ("8 verify".into(), verify::map_note(model)),
        Pane::Finding => (verify::card_title(model), String::new()),
        Pane::Help => ("help".into(), help::note(model)),
        Pane::Story => (story::title(model), story::note(model)),
    }
}

fn draw_pane(model: &Model, pane: Pane, area: Rect, buffer: &mut Buffer) {
    match pane {
        Pane::Tree => tree::draw(model, area, buffer),
        Pane::PageBrief => page::draw_brief(model, area, buffer),
        Pane::Page => page::draw_full(model, area, buffer),
        Pane::Card => page::draw_card(model, area, buffer),
        Pane::Log => log::draw(model, area, buffer),
        Pane::Disk => disk::draw(model, area, buffer),
        Pane::Snapshots => snapshots::draw(model, area, buffer),
        Pane::Events => events::draw(model, area, buffer),
        Pane::Map => verify::draw_map(model, area, buffer),
        Pane::Finding => verify::draw_card(model, area, buffer),
        Pane::Help => help::draw(model, area, buffer),
        Pane::Story => story::draw(model, area, buffer),
    }
}

/// The views that can stand in front, each with the digit that brings it there.
fn tabs(model: &Model) -> Title {
    let findings = if model.findings().is_empty() { "8 verify" } else { "8 findings" };
    let mut views = vec![(View::Tree, "1 tree"), (View::Page, "2 page"), (View::Log, "4 log")];
    match model.screen {
        Screen::File => views.push((View::Verify, findings)),
        _ => {
            views.push((View::Disk, "5 disk"));
            if shows_snapshots_tab(model) {
                views.push((View::Snapshots, "6 snapshots"));
            }
            if model.view == View::Verify || !model.findings().is_empty() {
                views.push((View::Verify, findings));
            }
            views.push((View::Events, "0 events"));
        }
    }
    if model.view == View::Help {
        views.push((View::Help, "? help"));
    }
    if !views.iter().any(|(view, _)| *view == model.view) {
        views.push((model.view, model.view.word()));
    }
    let present = views.iter().position(|(view, _)| *view == model.view).unwrap_or(0);
    Title::Tabs { names: views.into_iter().map(|(_, name)| name.to_string()).collect(), present }
}

/// Writes one line, a column in from the left; what does not fit ends in `…`.
pub(crate) fn line_of(buffer: &mut Buffer, area: Rect, line: u16, words: &str, style: Style) {
    let area = area.intersection(buffer.area);
    if line >= area.height || area.width < 3 {
        return;
    }
    let room = usize::from(area.width - 2);
    buffer.set_stringn(area.x + 1, area.y + line, text::clip(words, room), room, Style::reset().patch(style));
}

/// Writes words over as many lines as they need; lines that do not fit are counted.
pub(crate) fn wrapped(buffer: &mut Buffer, area: Rect, words: &str, style: Style) {
    let lines = text::wrap(words, usize::from(area.width.saturating_sub(2)));
    let room = usize::from(area.height);
    let shown = if lines.len() <= room { lines.len() } else { room.saturating_sub(1) };
    for (at, line) in lines.iter().take(shown).enumerate() {
        line_of(buffer, area, at as u16, line, style);
    }
    let hidden = lines.len() - shown;
    if hidden > 0 {
        let plural = if hidden == 1 { "" } else { "s" };
        line_of(buffer, area, shown as u16, &format!("+{hidden} more line{plural}"), style);
    }
}
