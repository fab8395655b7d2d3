//! Every screen, drawn from the model alone: `&Model` in, a `Buffer` of cells out.
//!
//! A view reads no file, runs no engine and changes nothing. What it shows comes from [`crate::describe`], the same facts
//! that are printed as text and JSON. This file decides which regions stand where; a file beside it draws each.

mod arrange;
pub mod branches;
pub mod diff;
pub mod disk;
pub mod events;
mod grid;
pub mod help;
pub mod hints;
pub mod home;
pub mod lesson;
pub mod life;
pub mod log;
pub mod map;
pub mod marks;
mod matrix;
pub mod page;
pub mod receipt;
pub mod rows;
pub mod seals;
pub mod snapshots;
pub mod story;
pub mod strip;
mod tamper;
mod title;
pub mod tree;
mod twin;
pub mod verify;

pub use grid::cell_at as grid_cell_at;
pub use tamper::row_at as lie_at;

pub use arrange::{Pane, Placed, Spot, area_of, event_at, has_bar, place, stands_beside_text, strip_area};

use crate::{
    describe::Subject,
    model::{Model, Screen, View},
    picture,
    widget::{Family, Focus, Frame, Section, Title, frame::tab_gap, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget};

/// The smallest screen that anything is drawn on.
pub const SIZE_MIN: (u16, u16) = (60, 16);

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
    if let Some(area) = plan.bar {
        strip::draw_bar(model, area, buffer);
    }
    if let Some(area) = plan.checked {
        let room = usize::from(area.width.saturating_sub(2));
        let (words, family) = match &model.note {
            Some(note) => (note.text.clone(), if note.bad { Family::Bad } else { Family::Title }),
            None if model.verifying.is_some() => ("What is found stands here as it comes.".to_owned(), Family::Quiet),
            None => (crate::describe::verify::verify(model).last_line(room), Family::Plain),
        };
        let style = model.style.theme.style(family);
        // A word to the person that is too long for its line takes the next one too, where nothing is typed or done there.
        let is_idle = !model.is_typing() && model.busy.is_none();
        if text::width(&words) > room && is_idle && model.note.is_some() {
            wrapped(buffer, Rect { height: 2, ..area }, &words, style);
            return hints::draw(model, plan.hints, buffer);
        }
        line_of(buffer, area, 0, &words, style);
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
    let row = placed.pane.row();
    let note = match placed.pane {
        _ if placed.tabs && model.view == View::Verify && placed.pane != Pane::Map => verify::note(model),
        _ => (row.note)(model),
    };
    let focus = if placed.focused { Focus::Here } else { Focus::Elsewhere };
    if !placed.tabs {
        return Section { title: Title::Text((row.title)(model)), note, height: placed.height, focus };
    }
    let tabs = Tabs::of(model);
    let note = if tabs.fit_beside(&note, width) { note } else { (row.short_note)(model, note) };
    Section { title: tabs.title(&note, width), note, height: placed.height, focus }
}

/// What is told of a pane in its upper border, and how it is drawn.
struct PaneRow {
    pane: Pane,
    /// The heading where it has no tabs.
    title: fn(&Model) -> String,
    /// What stands at its right.
    note: fn(&Model) -> String,
    /// The same in few words, beside tabs.
    short_note: fn(&Model, String) -> String,
    draw: fn(&Model, Rect, &mut Buffer),
}

macro_rules! pane {
    ($pane:ident, $title:expr, $note:expr, $draw:expr) => {
        pane!($pane, $title, $note, $draw, |_, note| note)
    };
    ($pane:ident, $title:expr, $note:expr, $draw:expr, $short:expr) => {
        PaneRow { pane: Pane::$pane, title: $title, note: $note, short_note: $short, draw: $draw }
    };
}

/// Every pane. A new one is a row here and a name in [`Pane`].
static PANES: &[PaneRow] = &[
    pane!(Tree, |_| "1 tree".into(), tree::note, tree::draw, |m, _| tree::short_note(m)),
    pane!(PageBrief, page::title, page::note, page::draw_brief, |m, _| page::short_note(m)),
    pane!(Page, page::title, page::note, page::draw_full, |m, _| page::short_note(m)),
    pane!(Card, page::card_title, |_| String::new(), page::draw_card),
    pane!(Log, |_| "4 log".into(), log::note, log::draw, |m, _| log::short_note(m)),
    pane!(Disk, |_| "5 disk".into(), disk::note, disk::draw, |m, _| disk::short_note(m)),
    pane!(Snapshots, |_| "7 snapshots".into(), snapshots::note, snapshots::draw),
    pane!(Events, |_| "0 events".into(), events::note, events::draw),
    pane!(Map, |_| "3 map".into(), map::note, map::draw),
    pane!(Seals, |_| "6 seals".into(), seals::note, seals::draw),
    pane!(Receipt, |_| "9 receipt".into(), receipt::note, receipt::draw),
    pane!(Diff, |_| "d diff".into(), diff::note, diff::draw),
    pane!(Life, |_| "w life".into(), life::note, life::draw),
    pane!(OtherForm, page::other_title, |_| String::new(), page::draw_other),
    pane!(Finding, verify::card_title, |_| String::new(), verify::draw_card),
    pane!(Help, |_| "help".into(), help::note, help::draw),
    pane!(Branches, |_| "branches".into(), branches::note, branches::draw),
    pane!(Story, story::title, story::note, story::draw),
    pane!(Grid, |_| "X crash grid".into(), grid::note, grid::draw),
    pane!(Tamper, |_| "A tamper lab".into(), tamper::note, tamper::draw),
    pane!(Lesson, lesson::title, lesson::note, lesson::draw),
    pane!(Pointing, lesson::pointing_title, |_| String::new(), lesson::draw_pointing),
    pane!(Marks, |_| "J marks".into(), marks::note, marks::draw),
    pane!(Twin, |_| "W twin run".into(), twin::note, twin::draw),
];

impl Pane {
    fn row(self) -> &'static PaneRow {
        PANES.iter().find(|row| row.pane == self).expect("invariant: every pane has its row")
    }
}

fn draw_pane(model: &Model, pane: Pane, area: Rect, buffer: &mut Buffer) {
    (pane.row().draw)(model, area, buffer);
}

/// The tab of a view: the key that shows it stands first.
struct TabRow {
    view: View,
    name: &'static str,
    /// Whether it has something to say of what is in front now.
    matters: fn(&Model) -> bool,
}

/// Every view that has a tab. A new one is a row here and in [`View::ALL`].
static TABS: &[TabRow] = &[
    TabRow { view: View::Tree, name: "1 tree", matters: |_| true },
    TabRow { view: View::Page, name: "2 page", matters: |_| true },
    TabRow { view: View::Map, name: "3 map", matters: |m| !in_the_lab(m) },
    TabRow { view: View::Log, name: "4 log", matters: |_| true },
    TabRow { view: View::Disk, name: "5 disk", matters: in_the_lab },
    TabRow { view: View::Seals, name: "6 seals", matters: |_| false },
    TabRow { view: View::Snapshots, name: "7 snapshots", matters: |m| !m.world.facts.snapshots.is_empty() },
    TabRow { view: View::Verify, name: "8 verify", matters: |m| !in_the_lab(m) || !m.findings().is_empty() },
    TabRow { view: View::Receipt, name: "9 receipt", matters: |_| false },
    TabRow { view: View::Events, name: "0 events", matters: in_the_lab },
    TabRow { view: View::Diff, name: "d diff", matters: |m| m.looking.compared.is_some() },
    TabRow { view: View::Life, name: "w life", matters: |_| false },
    TabRow { view: View::Help, name: "? help", matters: |_| false },
    TabRow { view: View::Branches, name: "B branches", matters: |_| false },
    TabRow { view: View::Grid, name: "X grid", matters: |_| false },
    TabRow { view: View::Tamper, name: "A tamper", matters: |_| false },
    TabRow { view: View::Marks, name: "J marks", matters: |_| false },
    TabRow { view: View::Twin, name: "W twin", matters: |_| false },
];

/// Views that have a tab only while they stand in front: they are none of the store.
const ASIDE: [View; 6] = [View::Help, View::Branches, View::Grid, View::Tamper, View::Marks, View::Twin];

fn in_the_lab(model: &Model) -> bool {
    model.screen == Screen::Lab
}

/// The tabs over the main region: those that matter now first, others as far as there is room; the rest is counted.
struct Tabs {
    rows: Vec<(&'static TabRow, String)>,
    /// Which of them must be seen.
    needed: Vec<bool>,
    present: View,
}

impl Tabs {
    fn of(model: &Model) -> Tabs {
        let name = |row: &TabRow| match row.view {
            View::Verify if !model.findings().is_empty() => "8 findings".to_owned(),
            _ => row.name.to_owned(),
        };
        Tabs {
            rows: TABS.iter().map(|row| (row, name(row))).collect(),
            needed: TABS.iter().map(|row| row.view == model.view || (row.matters)(model)).collect(),
            present: model.view,
        }
    }

    /// Columns of the tabs chosen, with the count of the others.
    fn columns(&self, chosen: &[bool], width: u16) -> usize {
        let names = self.rows.iter().zip(chosen).filter(|(_, chosen)| **chosen);
        let hidden = self.hidden(chosen);
        let gap = tab_gap(width);
        let more = match hidden {
            0 => 0,
            // On a narrow screen the count stands without its word.
            hidden if gap == 1 => format!("+{hidden} ").len(),
            hidden => format!(" +{hidden} more ").len(),
        };
        3 + names.map(|((_, name), _)| text::width(name) + gap).sum::<usize>() + more
    }

    /// Views of the store without a tab.
    fn hidden(&self, chosen: &[bool]) -> usize {
        let left_out = self.rows.iter().zip(chosen).filter(|(_, chosen)| !**chosen);
        left_out.filter(|((row, _), _)| !ASIDE.contains(&row.view)).count()
    }

    fn fit_beside(&self, note: &str, width: u16) -> bool {
        self.columns(&self.needed, width) + text::width(note) + 6 <= usize::from(width)
    }

    /// Those that must be seen, and as many others as there is room for beside `note`.
    fn title(self, note: &str, width: u16) -> Title {
        let room = usize::from(width).saturating_sub(text::width(note) + 6);
        let mut chosen = self.needed.clone();
        for at in 0..chosen.len() {
            let mut with = chosen.clone();
            with[at] = true;
            if !ASIDE.contains(&self.rows[at].0.view) && self.columns(&with, width) <= room {
                chosen = with;
            }
        }
        let more = self.hidden(&chosen);
        let shown: Vec<_> = self.rows.into_iter().zip(&chosen).filter(|(_, chosen)| **chosen).collect();
        let present = shown.iter().position(|((row, _), _)| row.view == self.present).unwrap_or(0);
        Title::Tabs { names: shown.into_iter().map(|((_, name), _)| name).collect(), present, more }
    }
}

/// The last line that the view in front can be scrolled to, where it is lines of text.
pub fn last_line(model: &Model) -> usize {
    let end = |pane: Pane, total: fn(&Model, Rect) -> usize| -> usize {
        let area = area_of(model, pane).unwrap_or_default();
        total(model, area).saturating_sub(usize::from(area.height))
    };
    match model.view {
        View::Seals => end(Pane::Seals, |model, area| seals::lines(model, area).len()),
        View::Receipt => end(Pane::Receipt, |model, area| receipt::lines(model, area).len()),
        View::Snapshots => end(Pane::Snapshots, |model, area| snapshots::lines(model, area).len()),
        View::Twin => end(Pane::Twin, twin::lines_total),
        View::Tree => tree::node_lines_total(model),
        View::Verify => verify::last_line(model, area_of(model, Pane::Finding).unwrap_or_default()),
        _ => 0,
    }
}

/// The lines of the view in front of which some can be chosen, and where they stand; none of another kind of view.
pub fn rows_in_front(model: &Model) -> Option<(Vec<rows::Row>, Rect)> {
    let area = |pane| area_of(model, pane).unwrap_or_default();
    let (area, lines) = match model.view {
        View::Seals => (area(Pane::Seals), seals::lines(model, area(Pane::Seals))),
        View::Snapshots => (area(Pane::Snapshots), snapshots::lines(model, area(Pane::Snapshots))),
        View::Receipt => (area(Pane::Receipt), receipt::lines(model, area(Pane::Receipt))),
        _ => return None,
    };
    Some((lines, area))
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
