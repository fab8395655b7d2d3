//! Which regions stand where at a size: two on a small screen, never three cut ones; six on a large one.

use super::{page, verify};
use crate::{
    describe::Subject,
    model::{Focus, Model, Screen, View},
    widget::Height,
};
use ratatui::layout::Rect;

/// From this size on there is a column at the right and a card under the page.
const WIDE: (u16, u16) = (110, 30);
/// Lines of a finding's card on a small screen, the tree above it keeping the rest.
const FINDING_LINES_MAX: u16 = 10;
/// Lines of a screen's body from which on two regions stand beside the story, and from which on the page shows its bytes.
const ROOMY_BODY: u16 = 17;
const TALL_BODY: u16 = 24;
/// Most lines that the page has under the tree on a tall screen.
const PAGE_LINES_MAX: u16 = 16;
/// Most lines of the story, while it says what did not work.
const STORY_LINES_MAX: u16 = 6;
/// Least lines that a tree of two levels is worth drawing in.
const TREE_LINES_MIN: u16 = 6;

/// What a region shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pane {
    /// The tree.
    Tree,
    /// The page's ruler and slots.
    PageBrief,
    /// The page's ruler, slots and bytes.
    Page,
    /// The card of a field.
    Card,
    /// The log.
    Log,
    /// What each place holds.
    Disk,
    /// The snapshots that live.
    Snapshots,
    /// The events.
    Events,
    /// The whole file, a cell a page; also which pages were verified, while that goes on.
    Map,
    /// The chain of trust.
    Seals,
    /// What an operation cost.
    Receipt,
    /// Two states compared.
    Diff,
    /// Every version of a page.
    Life,
    /// The page in its other form: sealed beside plain, plain beside sealed.
    OtherForm,
    /// The card of a finding.
    Finding,
    /// The branches of time.
    Branches,
    /// What can be done.
    Help,
    /// What just happened.
    Story,
    /// The crash grid.
    Grid,
    /// The tamper lab.
    Tamper,
    /// The kinds of moments one can jump to.
    Marks,
    /// The twin run.
    Twin,
    /// The text of a lesson.
    Lesson,
    /// Bytes that a lesson's question asks to point at.
    Pointing,
}

/// A region of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// What it shows.
    pub pane: Pane,
    /// Its height.
    pub height: Height,
    /// Whether the tabs stand in its border.
    pub tabs: bool,
    /// Whether keys go to it.
    pub focused: bool,
}

/// Regions one above the other.
pub(super) struct Column {
    pub area: Rect,
    pub panes: Vec<Placed>,
}

/// The whole screen but its first line.
pub(super) struct Plan {
    pub columns: Vec<Column>,
    pub story: Option<Rect>,
    pub strip: Option<Rect>,
    pub bar: Option<Rect>,
    pub checked: Option<Rect>,
    pub command: Rect,
    pub hints: Rect,
}

/// A region that was pointed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spot {
    /// What it shows.
    pub pane: Pane,
    /// The area inside its borders.
    pub inner: Rect,
    /// Whether the tabs stand in its border: it is the main one.
    pub tabs: bool,
    /// Whether it stands in the column at the right.
    pub side: bool,
}

/// The region under a place of the screen: where a click goes.
pub fn place(model: &Model, screen: Rect, column: u16, line: u16) -> Option<Spot> {
    let at = ratatui::layout::Position::new(column, line);
    for (index, shown) in plan(model, screen).columns.into_iter().enumerate() {
        let sections: Vec<_> =
            shown.panes.iter().map(|placed| super::section(model, placed, shown.area.width)).collect();
        let frame = crate::widget::Frame { sections: &sections, theme: &model.style.theme };
        let inner = frame.inner(shown.area);
        let hit = shown.panes.iter().zip(inner).find(|(_, inner)| inner.contains(at));
        if let Some((placed, inner)) = hit {
            return Some(Spot { pane: placed.pane, inner, tabs: placed.tabs, side: index > 0 });
        }
    }
    None
}

/// Where a pane stands on a screen of the model's size, inside its borders; none when it is not shown.
pub fn area_of(model: &Model, pane: Pane) -> Option<Rect> {
    let (width, height) = model.size;
    if width < super::SIZE_MIN.0 || height < super::SIZE_MIN.1 {
        return None;
    }
    for shown in plan(model, Rect::new(0, 0, width, height)).columns {
        let sections: Vec<_> =
            shown.panes.iter().map(|placed| super::section(model, placed, shown.area.width)).collect();
        let frame = crate::widget::Frame { sections: &sections, theme: &model.style.theme };
        let inner = frame.inner(shown.area);
        let found = shown.panes.iter().zip(inner).find(|(placed, _)| placed.pane == pane);
        if let Some((_, inner)) = found {
            return Some(inner);
        }
    }
    None
}

/// The event under a place of the screen: on the strip, or on the bar of the whole timeline.
pub fn event_at(model: &Model, screen: Rect, column: u16, line: u16) -> Option<usize> {
    let plan = plan(model, screen);
    let at = ratatui::layout::Position::new(column, line);
    let strip = plan.strip.filter(|area| area.contains(at));
    let bar = plan.bar.filter(|area| area.contains(at));
    strip
        .and_then(|area| super::strip::event_at(model, column, area))
        .or_else(|| bar.and_then(|area| super::strip::event_on_bar(model, column, area)))
}

/// Whether the strip of the operation and the bar of the whole timeline both have a line.
pub fn has_bar((columns, lines): (u16, u16)) -> bool {
    columns >= WIDE.0 && lines >= WIDE.1
}

/// Where the strip stands, on a screen that has one.
pub fn strip_area(model: &Model, screen: Rect) -> Option<Rect> {
    plan(model, screen).strip
}

pub(super) fn plan(model: &Model, area: Rect) -> Plan {
    let is_wide = area.width >= WIDE.0 && area.height >= WIDE.1;
    let in_lesson = model.lessons.player.is_some() && model.screen == Screen::Lab;
    let lines = |from: u16, height: u16| Rect { y: area.y + from, height, ..area };
    let hints = lines(area.height - 1, 1);
    let command = lines(area.height - 2, 1);
    let third = lines(area.height - 3, 1);
    let (strip, checked) = match model.screen {
        Screen::File => (None, Some(third)),
        _ => (Some(third), None),
    };
    let story_lines = match area.height {
        _ if model.screen == Screen::File => super::story::lines_asked(model, area).min(area.height / 2),
        _ if !is_wide || in_lesson => 0,
        height if height >= 44 => 3,
        _ => 2,
    };
    let has_bar = is_wide && model.screen != Screen::File;
    let bar = has_bar.then(|| lines(area.height - 4, 1));
    let body = lines(1, area.height - 4 - story_lines - u16::from(has_bar));
    let story = (story_lines > 0).then(|| lines(body.bottom() - area.y, story_lines));
    let columns = match (is_wide, model.zoomed) {
        (_, false) if in_lesson => taught(model, body),
        (_, true) => vec![Column { area: body, panes: zoomed(model, body, is_wide) }],
        (true, false) => wide(model, body),
        (false, false) => vec![Column { area: body, panes: compact(model, body) }],
    };
    Plan { columns, story, strip, bar, checked, command, hints }
}

/// From so many columns on a lesson's text stands beside the views; on fewer, in their place while it has the keys.
const TAUGHT_BESIDE: u16 = 96;

/// Columns of a lesson's text on a screen of so many.
pub(super) fn taught_columns(screen: u16) -> u16 {
    if screen < TAUGHT_BESIDE { screen } else { (screen * 9 / 20).clamp(44, 76) }
}

/// Whether the views have a place beside the text of a lesson.
pub fn stands_beside_text(model: &Model) -> bool {
    model.size.0 >= TAUGHT_BESIDE
}

/// A lesson: its text, and beside it the views, or the bytes to point at.
fn taught(model: &Model, body: Rect) -> Vec<Column> {
    let text = placed(model, Pane::Lesson, Height::Share(1), Focus::Text);
    let bytes = placed(model, Pane::Pointing, Height::Share(1), Focus::Side);
    let points = super::lesson::is_pointing(model);
    if model.view == View::Help && model.focus != Focus::Text {
        return vec![Column { area: body, panes: compact(model, body) }];
    }
    if body.width < TAUGHT_BESIDE {
        let panes = match (model.focus, points) {
            (Focus::Text, true) => vec![Placed { height: Height::Lines(body.height / 3), ..text }, bytes],
            (Focus::Text, false) => vec![text],
            _ => compact(model, body),
        };
        return vec![Column { area: body, panes }];
    }
    let width = taught_columns(body.width);
    let left = Rect { width, ..body };
    let right = Rect { x: left.right(), width: body.width - width, ..body };
    let beside = if points && model.focus == Focus::Text { vec![bytes] } else { compact(model, right) };
    vec![Column { area: left, panes: vec![text] }, Column { area: right, panes: beside }]
}

/// One view alone, for a picture of it.
pub(super) fn alone(model: &Model, subject: Subject, area: Rect) -> Vec<Placed> {
    let one = |pane| Placed { pane, height: Height::Share(1), tabs: false, focused: false };
    match subject {
        Subject::Page if area.height >= 18 && model.shown_page().is_some() => {
            vec![one(Pane::Page), Placed { height: Height::Lines(card_lines(model, area)), ..one(Pane::Card) }]
        }
        Subject::Page if area.height < 9 => vec![one(Pane::PageBrief)],
        Subject::Verify if tree_fits_over_finding(model, area) => {
            let card = verify::lines_needed(model, area.width - 2);
            vec![one(Pane::Tree), Placed { height: Height::Lines(card), ..one(Pane::Finding) }]
        }
        _ => vec![one(subject.view().map_or(Pane::Help, front))],
    }
}

fn tree_fits_over_finding(model: &Model, area: Rect) -> bool {
    area.height >= verify::lines_needed(model, area.width.saturating_sub(2)) + TREE_LINES_MIN + 3
}

/// What stands over the card of a finding: the tree with its marks; while a verification runs, the map of it.
fn over_finding(model: &Model) -> Pane {
    if model.verifying.is_some() { Pane::Map } else { Pane::Tree }
}

/// The pane that a view is.
fn front(view: View) -> Pane {
    match view {
        View::Tree => Pane::Tree,
        View::Page => Pane::Page,
        View::Map => Pane::Map,
        View::Log => Pane::Log,
        View::Disk => Pane::Disk,
        View::Seals => Pane::Seals,
        View::Snapshots => Pane::Snapshots,
        View::Receipt => Pane::Receipt,
        View::Diff => Pane::Diff,
        View::Life => Pane::Life,
        View::Grid => Pane::Grid,
        View::Tamper => Pane::Tamper,
        View::Marks => Pane::Marks,
        View::Twin => Pane::Twin,
        View::Events => Pane::Events,
        View::Verify => Pane::Finding,
        View::Help => Pane::Help,
        View::Branches => Pane::Branches,
    }
}

fn placed(model: &Model, pane: Pane, height: Height, focus: Focus) -> Placed {
    let tabs = focus == Focus::Main;
    Placed { pane, height, tabs, focused: model.focus == focus }
}

fn zoomed(model: &Model, area: Rect, is_wide: bool) -> Vec<Placed> {
    let lines = card_lines(model, area);
    let whole = |pane| Placed { pane, height: Height::Share(1), tabs: false, focused: true };
    match (model.focus, model.view) {
        (Focus::Text, _) => vec![whole(Pane::Lesson)],
        (Focus::Side, _) if model.screen == Screen::Lab => vec![whole(Pane::Events)],
        (Focus::Card, View::Verify) => vec![whole(Pane::Finding)],
        (Focus::Card, _) => {
            vec![whole(Pane::Page), Placed { height: Height::Lines(lines), focused: false, ..whole(Pane::Card) }]
        }
        (_, View::Verify) if is_wide => {
            let tree = Placed { tabs: true, ..whole(over_finding(model)) };
            vec![tree, Placed { height: Height::Share(1), ..whole(Pane::Finding) }]
        }
        (_, View::Page) => vec![
            Placed { tabs: true, ..whole(Pane::Page) },
            Placed { height: Height::Lines(lines), focused: false, ..whole(Pane::Card) },
        ],
        (_, view) => vec![Placed { tabs: true, ..whole(front(view)) }],
    }
}

/// One column: the view in front, what belongs to it, and the story.
fn compact(model: &Model, body: Rect) -> Vec<Placed> {
    let share = Height::Share(1);
    let main = |pane| placed(model, pane, share, Focus::Main);
    let card = |pane, lines| placed(model, pane, Height::Lines(lines), Focus::Card);
    let roomy = body.height >= ROOMY_BODY;
    let mut panes = match model.view {
        // A tall screen has room for the page's bytes, and the tree keeps enough for three levels.
        View::Tree if body.height >= TALL_BODY => {
            vec![main(Pane::Tree), card(Pane::Page, (body.height - ROOMY_BODY).min(PAGE_LINES_MAX))]
        }
        View::Tree if roomy => vec![main(Pane::Tree), card(Pane::PageBrief, 4)],
        View::Page if roomy && model.shown_page().is_some() => {
            vec![main(Pane::Page), card(Pane::Card, card_lines(model, body).min(6))]
        }
        View::Verify => return with_finding(model, body),
        View::Help | View::Grid | View::Tamper | View::Twin => {
            // A lab has the whole screen, but a word that is said to the person must be seen.
            let said = model.note.is_some() && model.screen == Screen::Lab;
            let note = said.then(|| placed(model, Pane::Story, Height::Lines(2), Focus::Side));
            return [main(front(model.view))].into_iter().chain(note).collect();
        }
        view => vec![main(front(view))],
    };
    if model.screen == Screen::Lab {
        let usual = if model.view == View::Page && roomy && model.tour.is_none() { 2 } else { 3 };
        // What did not work is said whole, for as long as it is said.
        let bad = model.note.as_ref().filter(|note| note.bad && roomy);
        let room = usize::from(body.width.saturating_sub(4)).max(1);
        let needed = bad.map_or(0, |note| crate::widget::text::wrap(&note.text, room).len() as u16);
        // Nor is anybody asked to choose between answers that are not on the screen.
        let asked = if roomy { super::story::lines_asked(model, body) } else { 0 };
        let lines = needed.max(asked).min(STORY_LINES_MAX).max(usual);
        panes.push(placed(model, Pane::Story, Height::Lines(lines), Focus::Side));
    }
    panes
}

/// The tree with its marks over the card of the finding; the card alone where both do not fit.
fn with_finding(model: &Model, body: Rect) -> Vec<Placed> {
    if model.verifying.is_some() && model.findings().is_empty() {
        return vec![placed(model, Pane::Map, Height::Share(1), Focus::Main)];
    }
    let needed = verify::lines_needed(model, body.width.saturating_sub(2));
    let room = body.height.saturating_sub(3);
    let card = needed.min(FINDING_LINES_MAX).min(room.saturating_sub(TREE_LINES_MIN));
    if card < needed.min(4) {
        return vec![placed(model, Pane::Finding, Height::Share(1), Focus::Main)];
    }
    vec![
        placed(model, over_finding(model), Height::Share(1), Focus::Main),
        placed(model, Pane::Finding, Height::Lines(card), Focus::Card),
    ]
}

/// Two columns: tree, page and card at the left; what goes on beside them at the right.
fn wide(model: &Model, body: Rect) -> Vec<Column> {
    if matches!(model.view, View::Help | View::Grid | View::Tamper | View::Twin) {
        let whole = placed(model, front(model.view), Height::Share(1), Focus::Main);
        return vec![Column { area: body, panes: vec![whole] }];
    }
    let side_width = if body.width >= 160 { body.width * 2 / 5 } else { 40 };
    let left = Rect { width: body.width - side_width, ..body };
    let right = Rect { x: left.right(), width: side_width, ..body };
    vec![
        Column { area: left, panes: left_panes(model, left) },
        Column { area: right, panes: right_panes(model, side_width) },
    ]
}

/// The lines of a field's card: as many as it needs, within bounds.
fn card_lines(model: &Model, area: Rect) -> u16 {
    page::card_lines_needed(model, area.width.saturating_sub(2)).clamp(5, 7)
}

fn left_panes(model: &Model, area: Rect) -> Vec<Placed> {
    let main = |pane, weight| placed(model, pane, Height::Share(weight), Focus::Main);
    let page = |weight| placed(model, Pane::Page, Height::Share(weight), Focus::Card);
    let lines = card_lines(model, area);
    let field = Placed { focused: false, ..placed(model, Pane::Card, Height::Lines(lines), Focus::Card) };
    match model.view {
        View::Page => vec![main(Pane::Page, 1), Placed { tabs: false, ..field }],
        View::Verify => {
            let card = verify::lines_needed(model, area.width - 2).min(area.height / 2);
            let finding = placed(model, Pane::Finding, Height::Lines(card), Focus::Card);
            vec![main(over_finding(model), 1), finding]
        }
        View::Tree => vec![main(Pane::Tree, 4), page(5), field],
        View::Seals | View::Receipt | View::Diff | View::Life => vec![main(front(model.view), 1)],
        view => vec![main(front(view), 1), page(1), field],
    }
}

fn right_panes(model: &Model, width: u16) -> Vec<Placed> {
    let side = |pane, weight| Placed {
        focused: model.focus == Focus::Side,
        ..placed(model, pane, Height::Share(weight), Focus::Side)
    };
    let mut panes = match model.screen {
        Screen::File if width >= 60 => vec![side(Pane::Page, 3), side(Pane::Log, 2)],
        Screen::File => {
            vec![Placed { height: Height::Lines(6), ..side(Pane::PageBrief, 1) }, side(Pane::Log, 1)]
        }
        _ => vec![side(Pane::Events, 14), side(Pane::Disk, 9), side(Pane::Log, 7)],
    };
    if model.view == View::Page && model.shown_page().is_some() {
        panes = match model.screen {
            Screen::File => vec![side(Pane::OtherForm, 1)],
            _ => vec![side(Pane::OtherForm, 3), side(Pane::Events, 2)],
        };
    }
    panes.retain(|placed| placed.pane != front(model.view));
    if model.screen == Screen::File && !matches!(model.view, View::Verify | View::Page) {
        panes.retain(|placed| !matches!(placed.pane, Pane::Page | Pane::PageBrief));
        panes.push(side(Pane::Finding, 2));
    }
    // Keys go to the first of them only.
    for placed in panes.iter_mut().skip(1) {
        placed.focused = false;
    }
    panes
}
