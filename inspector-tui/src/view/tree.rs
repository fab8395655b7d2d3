//! The tree as boxes, or what is left of it when the store is not open.

use super::line_of;
use crate::{
    describe::{
        closed,
        space::space,
        tree::{self as facts, NodeFacts, NodeState},
    },
    model::Model,
    timeline::World,
    widget::{
        Card, CardLine, Family, KeyMark, NodeMarks, NodeStatus, TreeCanvas, TreeLevel, TreeNode, TreePlace, text,
    },
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::{collections::BTreeMap, ops::Range};
use tosumu::PageNo;

/// Lines of a tree of two levels with its bars and its legend.
const TREE_LINES: u16 = 9;
/// Most lines under the tree about what stands beside it.
const BESIDE_LINES_MAX: usize = 2;
/// Nodes of a level that are built at either side of the one in focus: more than any terminal is wide.
const NODES_BUILT_ASIDE: usize = 48;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let world = &model.world;
    if let Some(file) = world.file() {
        return match (&file.locked, crate::describe::log::newest_superblock(world)) {
            (None, _) => format!("as of commit {}", world.facts.commit),
            (Some(_), Some(_)) => "locked".into(),
            (Some(_), None) => "not readable".into(),
        };
    }
    if !world.facts.open {
        return "not open".into();
    }
    match (facts::changed_pages(world).len(), facts::commit_to_come(world)) {
        (0, Some(commit)) => format!("commit {commit}, not published yet"),
        (0, None) => format!("as of commit {}", world.facts.commit),
        (1, _) => "1 page changed in memory".into(),
        (count, _) => format!("{count} pages changed in memory"),
    }
}

/// The same in few words.
pub fn short_note(model: &Model) -> String {
    match facts::changed_pages(&model.world).len() {
        0 if model.world.facts.open => format!("commit {}", model.world.facts.commit),
        0 => String::new(),
        count => format!("{count} changed"),
    }
}

/// Draws the tree.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let mut area = area;
    if let Some(remark) = closed::remark(model) {
        let lines = [CardLine::new("", remark)];
        let card = Card { lines: &lines, top: 0, theme };
        card.render(area, buffer);
        let needed = card.lines_needed(area.width) as u16;
        let gap = u16::from(area.height > needed + TREE_LINES + 1);
        let used = (needed + gap).min(area.height);
        area = Rect { y: area.y + used, height: area.height - used, ..area };
        if model.world.file().is_some() {
            return draw_sealed_pages(model, area, buffer);
        }
        if model.world.facts.root.is_none() {
            return;
        }
    }
    let beside = beside(model, area);
    let (levels, selected) = levels(model);
    let canvas = Rect { height: area.height - beside.len() as u16, ..area };
    TreeCanvas { levels: &levels, selected, theme }.render(canvas, buffer);
    for (at, words) in beside.iter().enumerate() {
        line_of(buffer, area, canvas.height + at as u16, words, theme.style(Family::Quiet));
    }
}

/// What stands under the tree: the other trees, the free list, snapshots and savepoints. No line in a store without them.
fn beside(model: &Model, area: Rect) -> Vec<String> {
    let room = usize::from(area.width.saturating_sub(2));
    let most = match area.height {
        0..=7 => 0,
        8..=10 => 1,
        _ => BESIDE_LINES_MAX,
    };
    let mut lines: Vec<String> = Vec::new();
    for remark in space(model).remarks() {
        match lines.last_mut() {
            Some(last) if text::width(last) + text::width(&remark) + 3 <= room => {
                last.push_str(&format!("   {remark}"))
            }
            _ => lines.push(remark),
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push_str("   …");
        }
    }
    lines
}

/// The pages of a locked file: what their headers tell without a key.
fn draw_sealed_pages(model: &Model, area: Rect, buffer: &mut Buffer) {
    let pages = model.world.page_numbers();
    let line = |page: &PageNo| {
        let known = model.world.page(*page);
        let kind = facts::kind_word(known.as_ref().and_then(|known| known.kind));
        let commit =
            known.and_then(|known| known.sealed_commit).map_or(String::new(), |at| format!(", as of commit {at}"));
        format!("page {page}   {}{commit}, sealed", if kind.is_empty() { "unknown" } else { kind })
    };
    let room = usize::from(area.height);
    let shown = if pages.len() <= room { pages.len() } else { room.saturating_sub(1) };
    let style = model.style.theme.style(Family::Crypto);
    for (at, page) in pages.iter().take(shown).enumerate() {
        line_of(buffer, area, at as u16, &line(page), style);
    }
    if shown < pages.len() {
        let words = format!("+{} more pages", pages.len() - shown);
        line_of(buffer, area, shown as u16, &words, model.style.theme.style(Family::Quiet));
    }
}

/// The page whose box stands at a place of the area, counted from its corner.
pub fn page_at(model: &Model, column: u16, line: u16, area: Rect) -> Option<PageNo> {
    let (levels, selected) = levels(model);
    let canvas = TreeCanvas { levels: &levels, selected, theme: &model.style.theme };
    let height = area.height - beside(model, area).len() as u16;
    let place = canvas.layout(area.width, height).place_at(column, line)?;
    facts::levels(&model.world, model.shown_root()).get(place.level)?.get(place.index).copied()
}

/// The levels with only the nodes round the focus built, and where the selected page stands.
fn levels(model: &Model) -> (Vec<TreeLevel>, Option<TreePlace>) {
    let world = &model.world;
    let pages = facts::levels(world, model.shown_root());
    let place = model.page.and_then(|page| place_of(&pages, page));
    let mut levels = Vec::with_capacity(pages.len());
    for (at, level) in pages.iter().enumerate() {
        let below = pages.get(at + 1).map_or(BTreeMap::new(), |below| places(below));
        let focus = focus_of(world, level, at, place);
        let built = window(level.len(), focus);
        let nodes = level[built.clone()].iter().map(|page| node(facts::node(world, *page), &below)).collect();
        levels.push(TreeLevel { before: built.start, nodes, after: level.len() - built.end });
    }
    (levels, place)
}

fn place_of(pages: &[Vec<PageNo>], page: PageNo) -> Option<TreePlace> {
    let find = |(level, pages): (usize, &Vec<PageNo>)| {
        pages.iter().position(|other| *other == page).map(|index| TreePlace { level, index })
    };
    pages.iter().enumerate().find_map(find)
}

fn places(level: &[PageNo]) -> BTreeMap<u32, usize> {
    level.iter().enumerate().map(|(at, page)| (page.0, at)).collect()
}

fn focus_of(world: &World, level: &[PageNo], at: usize, selected: Option<TreePlace>) -> usize {
    match selected.filter(|place| place.level == at) {
        Some(place) => place.index,
        None => level.iter().position(|page| world.facts.path.contains(page)).unwrap_or(0),
    }
}

/// All of a level that is not wide; else what lies round the focus.
fn window(total: usize, focus: usize) -> Range<usize> {
    if total <= 2 * NODES_BUILT_ASIDE {
        return 0..total;
    }
    focus.saturating_sub(NODES_BUILT_ASIDE)..(focus + NODES_BUILT_ASIDE).min(total)
}

fn node(facts: NodeFacts, below: &BTreeMap<u32, usize>) -> TreeNode {
    let mark = |at| if facts.new_keys.contains(&at) { KeyMark::New } else { KeyMark::None };
    TreeNode {
        page: facts.page,
        keys: facts.shown_keys().into_iter().enumerate().map(|(at, key)| (key, mark(at))).collect(),
        fill_percent: facts.fill_percent.filter(|_| facts.state != NodeState::Bad),
        marks: NodeMarks { changed: facts.changed, new: facts.new, on_path: facts.on_path },
        status: match facts.state {
            NodeState::Unchecked => NodeStatus::Unchecked,
            NodeState::Ok => NodeStatus::Ok,
            NodeState::Stale => NodeStatus::Stale,
            NodeState::Bad => NodeStatus::Bad,
        },
        children: facts.children.iter().filter_map(|child| below.get(child).copied()).collect(),
        kind: facts.kind,
    }
}
