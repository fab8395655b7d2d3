//! What stands where: which levels, which nodes of each, where their boxes lie and where the edges run.
//!
//! The work depends on the size of the area: of a level only the window round the focus is looked at. The focus of a level
//! is the selected node, its ancestor or its descendant; without a selection, the path.

use super::{
    DOWN, LEFT, RIGHT, TreeLevel, TreeNode, TreePlace, UP,
    key_line::{self, KeyLine},
};
use crate::widget::text;
use ratatui::layout::Rect;
use std::{collections::VecDeque, ops::Range};

/// Columns between boxes.
const GAP: u16 = 2;

/// The narrowest inside of a box: a fill bar with its number.
const INSIDE_MIN: usize = 17;

/// A box on the picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedBox {
    /// Whose it is.
    pub place: TreePlace,
    /// Where it lies, from the canvas's corner.
    pub rect: Rect,
    pub(super) keys: KeyLine,
}

/// A count of nodes that lie beside the window of a level; going there shows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedMore {
    /// The nearest hidden node.
    pub place: TreePlace,
    /// Where the words stand.
    pub rect: Rect,
    pub(super) words: String,
}

/// An edge from a parent's lower border to a child's upper one, in the one line between them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Edge {
    pub parent: TreePlace,
    pub child: TreePlace,
    pub line: u16,
    pub from: u16,
    pub to: u16,
}

/// The whole picture.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TreeLayout {
    /// The boxes, level by level from the top.
    pub boxes: Vec<PlacedBox>,
    /// The counts beside the levels that are cut.
    pub more: Vec<PlacedMore>,
    /// The nodes of the levels above, which stand as one line of page numbers.
    pub trail: Vec<TreePlace>,
    pub(super) edges: Vec<Edge>,
    /// Where a child's edge would begin that is left out because it would run into another parent's.
    pub(super) stubs: Vec<(u16, u16)>,
    pub(super) levels_below: usize,
    pub(super) below_line: Option<u16>,
    pub(super) legend_line: Option<u16>,
}

impl TreeLayout {
    /// The node under a place of the picture: its box, or the nearest hidden one under a count.
    pub fn place_at(&self, column: u16, line: u16) -> Option<TreePlace> {
        let at = ratatui::layout::Position::new(column, line);
        let boxed = self.boxes.iter().find(|placed| placed.rect.contains(at)).map(|placed| placed.place);
        boxed.or_else(|| self.more.iter().find(|more| more.rect.contains(at)).map(|more| more.place))
    }
}

impl Edge {
    /// The cells of its line, with the sides it leaves each through.
    pub fn cells(&self) -> impl Iterator<Item = (u16, u8)> {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        (low..=high).map(move |column| {
            let mut bits = 0;
            bits |= if column == self.from { UP } else { 0 };
            bits |= if column == self.to { DOWN } else { 0 };
            bits |= if column > low { LEFT } else { 0 };
            bits |= if column < high { RIGHT } else { 0 };
            (column, bits)
        })
    }
}

pub(super) fn lay_out(levels: &[TreeLevel], selected: Option<TreePlace>, width: u16, height: u16) -> TreeLayout {
    let focus = focus_of_levels(levels, selected);
    let Some(focus_level) = focus_level(levels, &focus, selected) else { return TreeLayout::default() };
    let plan = plan_heights(levels, &focus, focus_level, height);
    let mut layout = TreeLayout {
        trail: focus[..plan.shown.start].iter().enumerate().filter_map(|(at, index)| place(at, *index)).collect(),
        levels_below: levels.len() - plan.shown.end.max(plan.shown.start),
        ..TreeLayout::default()
    };
    if plan.shown.is_empty() {
        layout.trail = focus.iter().take(focus_level + 1).enumerate().filter_map(|(at, i)| place(at, *i)).collect();
        return layout;
    }
    let rows = place_rows(levels, &focus, &plan, width);
    (layout.edges, layout.stubs) = part_edges(edges(levels, &rows), levels);
    for row in rows {
        layout.boxes.extend(row.boxes);
        layout.more.extend(row.more);
    }
    let mut line = plan.end_line;
    if plan.shown.end < levels.len() {
        layout.below_line = Some(line);
        line += 1;
    }
    layout.legend_line = (line < height).then_some(line);
    layout
}

fn place(level: usize, index: Option<usize>) -> Option<TreePlace> {
    index.map(|index| TreePlace { level, index })
}

/// The node of each level that the picture is built round.
fn focus_of_levels(levels: &[TreeLevel], selected: Option<TreePlace>) -> Vec<Option<usize>> {
    let path = path_of_levels(levels);
    let Some(selected) = selected.filter(|at| levels.get(at.level).is_some_and(|level| level.node(at.index).is_some()))
    else {
        let end = path.iter().rposition(Option::is_some);
        return descend(levels, path, end.unwrap_or(0));
    };
    if path[selected.level] == Some(selected.index) {
        return descend(levels, path, selected.level);
    }
    let mut focus = vec![None; levels.len()];
    focus[selected.level] = Some(selected.index);
    for level in (0..selected.level).rev() {
        focus[level] = focus[level + 1].and_then(|child| parent_of(&levels[level], path[level], child));
    }
    descend(levels, focus, selected.level)
}

/// The nodes of the path from the root down, found through the children so that no level is searched as a whole.
fn path_of_levels(levels: &[TreeLevel]) -> Vec<Option<usize>> {
    let mut path = vec![None; levels.len()];
    let lit = |level: usize, index: usize| levels[level].node(index).is_some_and(|node| node.marks.on_path);
    for level in 0..levels.len() {
        path[level] = match level.checked_sub(1).and_then(|above| levels[above].node(path[above]?)) {
            Some(parent) => parent.children.iter().copied().find(|child| lit(level, *child)),
            None if level == 0 => levels[0].given().find(|index| lit(0, *index)),
            None => None,
        };
    }
    path
}

/// Fills the levels below `from` with first children, and gives the root a focus if nothing else has one.
fn descend(levels: &[TreeLevel], mut focus: Vec<Option<usize>>, from: usize) -> Vec<Option<usize>> {
    if focus.iter().all(Option::is_none)
        && let Some(first) = focus.first_mut()
    {
        *first = Some(levels[0].before);
    }
    for level in from + 1..levels.len() {
        if focus[level].is_none() {
            let parent = focus[level - 1].and_then(|index| levels[level - 1].node(index));
            focus[level] = parent.and_then(|node| node.children.first().copied());
        }
    }
    focus
}

/// The node of `level` that has `child`: the path's if it is, or else the level is searched.
fn parent_of(level: &TreeLevel, path: Option<usize>, child: usize) -> Option<usize> {
    let has = |index: &usize| level.node(*index).is_some_and(|node| node.children.contains(&child));
    path.filter(has).or_else(|| level.given().find(has))
}

fn focus_level(levels: &[TreeLevel], focus: &[Option<usize>], selected: Option<TreePlace>) -> Option<usize> {
    let chosen = selected.map(|at| at.level).filter(|level| focus.get(*level).is_some_and(Option::is_some));
    chosen.or_else(|| (0..levels.len()).rev().find(|level| focus[*level].is_some()))
}

/// Which levels are shown as boxes and on which line each begins.
struct HeightPlan {
    shown: Range<usize>,
    /// First line of each level shown, and the height of its boxes.
    lines: Vec<(u16, u16)>,
    end_line: u16,
}

fn plan_heights(levels: &[TreeLevel], focus: &[Option<usize>], focus_level: usize, height: u16) -> HeightPlan {
    let tall: Vec<u16> = (0..levels.len()).map(|at| 3 + u16::from(has_bars(&levels[at], focus[at]))).collect();
    let flat = vec![3; levels.len()];
    // Bars are given up before a level is, but never the picture of a whole level for a bar.
    for heights in [&tall, &flat] {
        let plan = plan_with(heights, 0..levels.len());
        if plan.end_line <= height {
            return plan;
        }
    }
    for heights in [&tall, &flat] {
        let shown = grow_levels(heights, focus_level, height);
        let plan = plan_with(heights, shown);
        let below = u16::from(plan.shown.end < levels.len());
        if plan.end_line + below <= height {
            return plan;
        }
    }
    HeightPlan { shown: focus_level..focus_level, lines: Vec::new(), end_line: 1 }
}

/// Parents before children: the way from the root says more than what lies below.
fn grow_levels(heights: &[u16], focus_level: usize, height: u16) -> Range<usize> {
    let mut shown = focus_level..focus_level + 1;
    let fits = |shown: &Range<usize>| {
        plan_with(heights, shown.clone()).end_line + u16::from(shown.end < heights.len()) <= height
    };
    loop {
        let before = shown.clone();
        if shown.start > 0 && fits(&(shown.start - 1..shown.end)) {
            shown.start -= 1;
        }
        if shown.end < heights.len() && fits(&(shown.start..shown.end + 1)) {
            shown.end += 1;
        }
        if shown == before {
            return shown;
        }
    }
}

fn plan_with(heights: &[u16], shown: Range<usize>) -> HeightPlan {
    let mut line = u16::from(shown.start > 0);
    let mut lines = Vec::new();
    for level in shown.clone() {
        line += u16::from(level > shown.start);
        lines.push((line, heights[level]));
        line += heights[level];
    }
    HeightPlan { shown, lines, end_line: line }
}

/// Whether a level has fill bars, judged by the nodes round its focus.
fn has_bars(level: &TreeLevel, focus: Option<usize>) -> bool {
    let at = focus.unwrap_or(level.before).saturating_sub(level.before).min(level.nodes.len());
    let near = at.saturating_sub(8)..(at + 8).min(level.nodes.len());
    level.nodes[near].iter().any(|node| node.fill_percent.is_some())
}

/// The boxes of one level, placed.
struct PlacedRow {
    boxes: Vec<PlacedBox>,
    more: Vec<PlacedMore>,
}

/// From the lowest level up, so that a parent can stand over its children.
fn place_rows(levels: &[TreeLevel], focus: &[Option<usize>], plan: &HeightPlan, width: u16) -> Vec<PlacedRow> {
    let mut rows: VecDeque<PlacedRow> = VecDeque::new();
    for (at, level) in plan.shown.clone().enumerate().rev() {
        let below = rows.front();
        let window = Window::choose(&levels[level], level, focus[level], width, below);
        let (line, height) = plan.lines[at];
        rows.push_front(window.place(&levels[level], line, height, width, below));
    }
    rows.into()
}

/// The boxes of a level that fit its width, not yet placed.
struct Window {
    level: usize,
    shown: Range<usize>,
    boxes: VecDeque<(u16, KeyLine)>,
    /// Columns kept for the count at either side.
    label: u16,
}

impl Window {
    fn choose(level: &TreeLevel, at: usize, focus: Option<usize>, width: u16, below: Option<&PlacedRow>) -> Window {
        let given = level.given();
        let focus = focus.unwrap_or(given.start).clamp(given.start, given.end.saturating_sub(1).max(given.start));
        let room_a_box = if level.total() == 1 { width.saturating_sub(6) } else { (width / 3).max(30) - 4 };
        let room_a_box = usize::from(room_a_box).max(INSIDE_MIN);
        let measure = |index: usize| level.node(index).map(|node| measure(node, room_a_box, below));
        let grow = |label: u16| {
            let mut window = Window { level: at, shown: focus..focus, boxes: VecDeque::new(), label };
            window.grow(level, width.saturating_sub(2), &measure);
            window
        };
        let whole = grow(0);
        if whole.shown.len() == level.total() {
            return whole;
        }
        grow(text::width(&words_of_more('◂', level.total())) as u16 + 1)
    }

    /// Adds neighbours at both sides in turn while they fit; the focus is added in any case.
    fn grow(&mut self, level: &TreeLevel, room: u16, measure: &dyn Fn(usize) -> Option<(u16, KeyLine)>) {
        let mut used = 0;
        let mut sides = [true, true];
        while sides.contains(&true) {
            for (side, open) in sides.iter_mut().enumerate().filter(|(_, open)| **open) {
                let forward = side == 0;
                let next = if forward { Some(self.shown.end) } else { self.shown.start.checked_sub(1) };
                let next = next.filter(|index| level.given().contains(index));
                let Some(found) = next.and_then(measure) else {
                    *open = false;
                    continue;
                };
                let gap = if self.boxes.is_empty() { 0 } else { GAP };
                let hidden_left = self.shown.start > usize::from(!forward);
                let hidden_right = self.shown.end + usize::from(forward) < level.total();
                let labels = self.label * (u16::from(hidden_left) + u16::from(hidden_right));
                *open = used + gap + found.0 + labels <= room || self.boxes.is_empty();
                if !*open {
                    continue;
                }
                used += gap + found.0;
                if forward {
                    self.boxes.push_back(found);
                    self.shown.end += 1;
                } else {
                    self.boxes.push_front(found);
                    self.shown.start -= 1;
                }
            }
        }
    }

    /// Puts the boxes on their line: each as near above its children as its neighbours allow.
    fn place(mut self, level: &TreeLevel, line: u16, height: u16, width: u16, below: Option<&PlacedRow>) -> PlacedRow {
        let widths: Vec<u16> = self.boxes.iter().map(|(own, _)| (*own).min(width_limit(self.label, width))).collect();
        let wanted: Vec<Option<u16>> = self.shown.clone().map(|index| wanted_middle(level, index, below)).collect();
        let left = 1 + if self.shown.start > 0 { self.label } else { 0 };
        let right = width.saturating_sub(1 + if self.shown.end < level.total() { self.label } else { 0 });
        let columns = spread(&widths, &wanted, left..right.max(left));
        let mut boxes = Vec::new();
        for (((index, column), box_width), (_, mut keys)) in
            self.shown.clone().zip(&columns).zip(&widths).zip(self.boxes.drain(..))
        {
            let inside = box_width.saturating_sub(4);
            let leaf = level.node(index).is_none_or(|node| node.children.is_empty());
            if !leaf {
                keys.shift(inside.saturating_sub(keys.width) / 2);
            }
            let rect = Rect { x: *column, y: line, width: *box_width, height };
            boxes.push(PlacedBox { place: TreePlace { level: self.level, index }, rect, keys });
        }
        let more = self.place_more(level, line, &boxes);
        PlacedRow { boxes, more }
    }

    fn place_more(&self, level: &TreeLevel, line: u16, boxes: &[PlacedBox]) -> Vec<PlacedMore> {
        let mut more = Vec::new();
        let (Some(first), Some(last)) = (boxes.first(), boxes.last()) else { return more };
        if self.shown.start > 0 {
            let words = words_of_more('◂', self.shown.start);
            let width = text::width(&words) as u16;
            let rect = Rect { x: first.rect.x.saturating_sub(width + 1), y: line + 1, width, height: 1 };
            more.push(PlacedMore { place: TreePlace { level: self.level, index: self.shown.start - 1 }, rect, words });
        }
        if self.shown.end < level.total() {
            let words = words_of_more('▸', level.total() - self.shown.end);
            let rect = Rect { x: last.rect.right() + 1, y: line + 1, width: text::width(&words) as u16, height: 1 };
            more.push(PlacedMore { place: TreePlace { level: self.level, index: self.shown.end }, rect, words });
        }
        more
    }
}

fn words_of_more(sign: char, count: usize) -> String {
    let count = text::grouped(count as u64);
    if sign == '◂' { format!("◂ {count} more") } else { format!("{count} more ▸") }
}

fn width_limit(label: u16, width: u16) -> u16 {
    width.saturating_sub(2 + 2 * label).max(6)
}

/// Width and keys of a node's box.
fn measure(node: &TreeNode, room: usize, below: Option<&PlacedRow>) -> (u16, KeyLine) {
    let keys = if node.children.is_empty() {
        key_line::of_leaf(node, room)
    } else {
        key_line::of_branch(node, visible_children(node, below), room)
    };
    let title = text::width(&node.title()) + 1;
    let inside = usize::from(keys.width).max(title).max(INSIDE_MIN).min(room.max(title));
    (inside as u16 + 4, keys)
}

/// Which children of a node are on the picture, counted in the node.
fn visible_children(node: &TreeNode, below: Option<&PlacedRow>) -> Range<usize> {
    let shown = |child: &usize| below.is_some_and(|row| row.boxes.iter().any(|placed| placed.place.index == *child));
    let first = node.children.iter().position(shown);
    let last = node.children.iter().rposition(shown);
    match (first, last) {
        (Some(first), Some(last)) => first..last + 1,
        _ => 0..0,
    }
}

/// The middle of the boxes of a node's children; none when no child is on the picture.
fn wanted_middle(level: &TreeLevel, index: usize, below: Option<&PlacedRow>) -> Option<u16> {
    let node = level.node(index)?;
    let mut children = below?.boxes.iter().filter(|placed| node.children.contains(&placed.place.index));
    let first = children.next()?.rect;
    let last = children.next_back().map_or(first, |placed| placed.rect);
    Some((first.x + last.right()) / 2)
}

/// Columns for boxes of these widths between two limits: near their wanted middles, in order, never overlapping. Boxes
/// that want nothing stand beside their neighbours; if none wants anything, all stand in the middle.
fn spread(widths: &[u16], wanted: &[Option<u16>], limits: Range<u16>) -> Vec<u16> {
    let total: u16 = widths.iter().sum::<u16>() + GAP * widths.len().saturating_sub(1) as u16;
    let middle = limits.start + (limits.end - limits.start).saturating_sub(total) / 2;
    let Some(known) = wanted.iter().position(Option::is_some) else {
        return pack(widths, middle);
    };
    let led: u16 = widths[..known].iter().map(|width| width + GAP).sum();
    let first = wanted[known].unwrap_or(0).saturating_sub(widths[known] / 2).saturating_sub(led).max(limits.start);
    let mut columns = Vec::with_capacity(widths.len());
    let mut free_from = first;
    for (width, wanted) in widths.iter().zip(wanted) {
        let column = wanted.map_or(free_from, |middle| middle.saturating_sub(width / 2)).max(free_from);
        columns.push(column);
        free_from = column + width + GAP;
    }
    let mut free_to = limits.end;
    for (column, width) in columns.iter_mut().zip(widths).rev() {
        *column = (*column).min(free_to.saturating_sub(*width));
        free_to = column.saturating_sub(GAP);
    }
    columns
}

fn pack(widths: &[u16], start: u16) -> Vec<u16> {
    let mut column = start;
    widths
        .iter()
        .map(|width| {
            let here = column;
            column += width + GAP;
            here
        })
        .collect()
}

/// The edges between neighbouring rows, straight down wherever the child lies under the place it leaves from.
fn edges(levels: &[TreeLevel], rows: &[PlacedRow]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for pair in rows.windows(2) {
        for parent in &pair[0].boxes {
            let node = levels[parent.place.level].node(parent.place.index);
            for (child, offset) in &parent.keys.ticks {
                let index = node.and_then(|node| node.children.get(*child));
                let placed = pair[1].boxes.iter().find(|placed| Some(&placed.place.index) == index);
                let Some(placed) = placed else { continue };
                let from = parent.rect.x + 2 + offset;
                let inside = placed.rect.x + 2..placed.rect.right().saturating_sub(2);
                let to = if inside.contains(&from) { from } else { placed.rect.x + placed.rect.width / 2 };
                edges.push(Edge { parent: parent.place, child: placed.place, line: parent.rect.bottom(), from, to });
            }
        }
    }
    edges
}

/// Edges of two parents that would run into each other in their line cannot be told apart: those of the path's parent are
/// kept, then those met first, and the others become stubs.
fn part_edges(mut edges: Vec<Edge>, levels: &[TreeLevel]) -> (Vec<Edge>, Vec<(u16, u16)>) {
    let lit = |place: TreePlace| levels[place.level].node(place.index).is_some_and(|node| node.marks.on_path);
    edges.sort_by_key(|edge| (edge.line, !lit(edge.parent)));
    let mut kept: Vec<Edge> = Vec::new();
    let mut stubs = Vec::new();
    for edge in edges {
        let meets = |other: &Edge| {
            let apart =
                edge.from.max(edge.to) < other.from.min(other.to) || other.from.max(other.to) < edge.from.min(edge.to);
            other.line == edge.line && other.parent != edge.parent && !apart
        };
        if kept.iter().any(meets) {
            stubs.push((edge.to, edge.line));
        } else {
            kept.push(edge);
        }
    }
    (kept, stubs)
}
