//! The tree as boxes, or what is left of it when the store is not open.

use super::line_of;
use crate::{
    describe::{
        closed,
        space::space,
        tree::{self as facts, NodeFacts, NodeState},
    },
    looking::TreeZoom,
    model::Model,
    timeline::{Levels, World},
    widget::{
        Card, CardLine, Family, KeyMark, NodeMarks, NodeStatus, OverviewMark, TreeCanvas, TreeLevel, TreeNode,
        TreeOverview, TreePlace, text,
    },
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::{ops::Range, sync::Arc};
use tosumu::PageNo;
use tosumu::format::{node::NodeView, page::PageKind};

/// Lines of a tree of two levels with its bars and its legend.
const TREE_LINES: u16 = 9;
/// Most lines under the tree about what stands beside it.
const BESIDE_LINES_MAX: usize = 2;
/// Nodes of a level that are built at either side of the one in focus: more than any terminal is wide.
const NODES_BUILT_ASIDE: usize = 48;
/// Most changed or new pages that are looked for on the overview.
const MARKS_MAX: usize = 256;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let world = &model.world;
    if let Some(file) = world.file() {
        return match (&file.locked, crate::describe::log::newest_superblock(world)) {
            (None, _) if world.facts.root.is_none() => "no root to believe".into(),
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
    match (facts::changed_pages(&model.world).len(), facts::commit_to_come(&model.world)) {
        (0, Some(commit)) => format!("commit {commit} to come"),
        (0, None) if model.world.facts.open => format!("commit {}", model.world.facts.commit),
        (0, None) => String::new(),
        (count, _) => format!("{count} changed"),
    }
}

/// Draws the tree.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let mut area = area;
    if let Some(remark) = closed::remark(model) {
        let lines = [CardLine::new("", remark)];
        let card = Card { lines: &lines, top: 0, foot: 0, way: "", theme };
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
    let canvas = Rect { height: area.height - beside.len() as u16, ..area };
    match model.looking.tree_zoom {
        TreeZoom::Overview => draw_overview(model, canvas, buffer),
        TreeZoom::Boxes => {
            let (levels, selected) = levels(model);
            TreeCanvas { levels: &levels, selected, theme }.render(canvas, buffer);
        }
        TreeZoom::Node => draw_node(model, canvas, buffer),
    }
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

/// The pages of a file without a tree: what their headers tell without a key, and whether each opens.
fn draw_sealed_pages(model: &Model, area: Rect, buffer: &mut Buffer) {
    let pages = model.world.page_total() as usize;
    let line = |page: PageNo| {
        let known = model.world.page(page);
        let kind = facts::kind_word(known.as_ref().and_then(|known| known.kind));
        let opened = known.as_ref().is_some_and(|known| known.plain.is_some());
        let commit =
            known.and_then(|known| known.sealed_commit).map_or(String::new(), |at| format!(", as of commit {at}"));
        let state = if opened { "opens" } else { "sealed" };
        format!("page {page}   {}{commit}, {state}", if kind.is_empty() { "unknown" } else { kind })
    };
    let room = usize::from(area.height);
    let shown = if pages <= room { pages } else { room.saturating_sub(1) };
    let style = model.style.theme.style(Family::Crypto);
    for (at, page) in (1..=shown as u32).map(PageNo).enumerate() {
        line_of(buffer, area, at as u16, &line(page), style);
    }
    if shown < pages {
        let words = format!("+{} more pages: 3 shows all of them on the map", text::grouped((pages - shown) as u64));
        line_of(buffer, area, shown as u16, &words, model.style.theme.style(Family::Quiet));
    }
}

/// The page whose box stands at a place of the area, counted from its corner.
pub fn page_at(model: &Model, column: u16, line: u16, area: Rect) -> Option<PageNo> {
    let shown = shown_levels(model);
    let height = area.height - beside(model, area).len() as u16;
    let (level, index) = match model.looking.tree_zoom {
        TreeZoom::Overview => overview(model, &shown).place_at(column, line, Rect { height, ..area })?,
        TreeZoom::Boxes => {
            let (levels, selected) = levels(model);
            let canvas = TreeCanvas { levels: &levels, selected, theme: &model.style.theme };
            let place = canvas.layout(area.width, height).place_at(column, line)?;
            let built = levels.get(place.level).and_then(|level| level.node(place.index));
            if let Some(node) = built {
                return Some(PageNo(node.page));
            }
            (place.level, place.index)
        }
        TreeZoom::Node => return None,
    };
    shown.pages.get(level)?.get(index).copied()
}

/// The levels that are drawn: nothing stands below a folded node.
fn shown_levels(model: &Model) -> Arc<Levels> {
    let levels = model.world.levels(model.shown_root());
    match model.looking.folded.is_empty() {
        true => levels,
        false => Arc::new(levels.without(&model.looking.folded)),
    }
}

/// The levels with only the nodes round the focus built, and where the selected page stands.
fn levels(model: &Model) -> (Vec<TreeLevel>, Option<TreePlace>) {
    let world = &model.world;
    let whole = world.levels(model.shown_root());
    let shown = shown_levels(model);
    let place = model.page.and_then(|page| shown.place_of(page)).map(|(level, index)| TreePlace { level, index });
    let mut levels = Vec::with_capacity(shown.pages.len());
    for (at, level) in shown.pages.iter().enumerate() {
        let focus = focus_of(world, level, at, place);
        let built = window(level.len(), focus);
        let nodes = built.clone().map(|index| {
            let facts = facts::node(world, level[index]);
            let folded = model.looking.folded.contains(&level[index]).then(|| whole.place_of(level[index])).flatten();
            let hidden = folded.map(|(level, index)| whole.below(level, index));
            node(facts, shown.children(at, index), hidden)
        });
        levels.push(TreeLevel { before: built.start, nodes: nodes.collect(), after: level.len() - built.end });
    }
    let loose = add_loose(model, &mut levels);
    (levels, place.or(loose))
}

/// Puts the nodes that nothing leads to yet at the right end of their levels; the place of the selected one, when it is such.
fn add_loose(model: &Model, levels: &mut [TreeLevel]) -> Option<TreePlace> {
    let mut selected = None;
    for facts in facts::loose(&model.world) {
        let above = usize::from(facts.level.unwrap_or(0)) + 1;
        let Some(at) = levels.len().checked_sub(above) else { continue };
        // A level of which only a part is built has no right end here.
        let Some(level) = levels.get_mut(at).filter(|level| level.after == 0) else { continue };
        if model.page == Some(PageNo(facts.page)) {
            selected = Some(TreePlace { level: at, index: level.total() });
        }
        level.nodes.push(node(facts, 0..0, None));
    }
    selected
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

fn node(facts: NodeFacts, children: Range<usize>, folded: Option<usize>) -> TreeNode {
    let mark = |at| if facts.new_keys.contains(&at) { KeyMark::New } else { KeyMark::None };
    TreeNode {
        page: facts.page,
        keys: facts.shown_keys().into_iter().enumerate().map(|(at, key)| (key, mark(at))).collect(),
        fill_percent: facts.fill_percent.filter(|_| facts.state != NodeState::Bad),
        marks: NodeMarks {
            changed: facts.changed,
            new: facts.new,
            on_path: facts.on_path,
            anew: facts.anew,
            loose: facts.loose,
        },
        status: match facts.state {
            NodeState::Unchecked => NodeStatus::Unchecked,
            NodeState::Ok => NodeStatus::Ok,
            NodeState::Stale => NodeStatus::Stale,
            NodeState::Bad => NodeStatus::Bad,
        },
        children: children.collect(),
        kind: match folded {
            Some(hidden) => format!("{} +{hidden} folded", facts.kind),
            None => facts.kind,
        },
    }
}

/// The whole tree as signs. Only what stands out is looked for; how full a node is, is asked of nodes that have a sign of
/// their own.
fn overview<'a>(model: &'a Model, shown: &'a Levels) -> TreeOverview<'a> {
    let world = &model.world;
    let facts = &world.facts;
    let mut marks: Vec<(TreePlace, OverviewMark)> = Vec::new();
    let mut mark = |page: PageNo, mark| {
        if let Some((level, index)) = shown.place_of(page) {
            marks.push((TreePlace { level, index }, mark));
        }
    };
    let bad = facts.findings.iter().filter_map(|finding| finding.page);
    bad.for_each(|page| mark(page, OverviewMark::Bad));
    facts.new_pages.iter().take(MARKS_MAX).for_each(|page| mark(*page, OverviewMark::New));
    world.changed_pages().into_iter().take(MARKS_MAX).for_each(|page| mark(page, OverviewMark::Changed));
    facts.path.iter().for_each(|page| mark(*page, OverviewMark::Path));
    let selected = model.shown_page().and_then(|page| shown.place_of(page));
    TreeOverview {
        levels: shown.pages.iter().map(Vec::len).collect(),
        fill: Box::new(move |level, index| {
            let page = shown.pages.get(level).and_then(|pages| pages.get(index));
            page.and_then(|page| model.world.gist(*page).fill_percent)
        }),
        marks,
        selected: selected.map(|(level, index)| TreePlace { level, index }),
        theme: &model.style.theme,
    }
}

fn draw_overview(model: &Model, area: Rect, buffer: &mut Buffer) {
    let shown = shown_levels(model);
    overview(model, &shown).render(area, buffer);
}

/// One node with all of its keys, what they lead to, and the nodes above it.
fn draw_node(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let Some(page) = model.shown_page() else { return };
    let facts = facts::node(&model.world, page);
    let levels = model.world.levels(model.shown_root());
    let place = levels.place_of(page);
    let path: Vec<String> = model.world.reach().path(page).iter().map(|page| format!("page {page}")).collect();
    line_of(buffer, area, 0, &path.join(" > "), theme.style(Family::Path));
    let kind = if facts.kind.is_empty() { "page".to_owned() } else { facts.kind.clone() };
    let fill = facts.fill_percent.map_or(String::new(), |percent| format!(", {percent} % full"));
    let free = facts.free_bytes.map_or(String::new(), |free| format!(", {free} bytes free"));
    let stands = place.map_or(String::new(), |(level, index)| {
        format!("   node {} of {} on level {}", index + 1, levels.pages[level].len(), levels.pages.len() - 1 - level)
    });
    let head = format!("page {page}, {kind}{fill}{free}{stands}");
    line_of(buffer, area, 1, &head, theme.style(Family::Title));
    let rows = node_rows(model, &facts);
    let height = usize::from(area.height.saturating_sub(3));
    let shown = text::window(rows.len(), model.scroll, height);
    for (at, (words, is_new)) in rows[shown.clone()].iter().enumerate() {
        let family = if *is_new { Family::Fresh } else { Family::Payload };
        line_of(buffer, area, 3 + at as u16, words, theme.style(family));
    }
    let hidden = rows.len() - shown.len();
    if hidden > 0 {
        let words = format!("rows {} to {} of {}: PgUp PgDn", shown.start + 1, shown.end, rows.len());
        line_of(buffer, area, 2, &words, theme.style(Family::Quiet));
    }
}

/// How many rows the shown node has.
pub fn node_lines_total(model: &Model) -> usize {
    model.shown_page().map_or(0, |page| node_rows(model, &facts::node(&model.world, page)).len())
}

/// A row for each slot: the key, and the value's length or the page it leads to.
fn node_rows(model: &Model, facts: &NodeFacts) -> Vec<(String, bool)> {
    let plain = model.world.page(PageNo(facts.page)).and_then(|page| page.plain);
    let Some(node) = plain.as_deref().and_then(|plain| NodeView::new(plain).ok()) else {
        let why = match model.world.file() {
            Some(_) => "What it holds cannot be read without its key, or is no node of a tree.",
            None => "At this instant it is no node of a tree.",
        };
        return vec![(why.to_owned(), false)];
    };
    let is_branch = node.kind() == PageKind::Branch;
    let first_key = usize::from(is_branch);
    let row = |slot: usize| {
        let is_new = slot >= first_key && facts.new_keys.contains(&(slot - first_key));
        let key = match node.key(slot) {
            [] if is_branch => "(lowest)".to_owned(),
            key => tosumu::escape::escape(key),
        };
        let leads = match is_branch {
            true => format!("to page {}", node.child(slot).page),
            false => crate::describe::plural(node.cell_value(slot).len(), "byte"),
        };
        let plus = if is_new { " +" } else { "" };
        (format!("slot {slot:<4} {key}{plus}   {leads}"), is_new)
    };
    (0..node.slot_count()).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;

    #[test]
    fn of_a_wide_level_only_the_nodes_round_the_focus_are_built() {
        let runner = recorded::run_script("page-size 512\nbegin\nfill 3000 random value 60\ncommit\n").unwrap();
        let mut model = recorded::lab(&runner, "wide");
        let whole = model.world.levels(model.shown_root());
        for page in [None, whole.pages.last().and_then(|leaves| leaves.get(leaves.len() / 2)).copied()] {
            model.page = page;
            let (levels, place) = levels(&model);
            assert_eq!(place.is_some(), page.is_some());
            for (built, pages) in levels.iter().zip(&whole.pages) {
                assert!(built.nodes.len() <= 2 * NODES_BUILT_ASIDE);
                assert_eq!(built.total(), pages.len());
            }
        }
        assert!(whole.pages.last().is_some_and(|leaves| leaves.len() > 500), "{}", whole.nodes());
    }
}
