//! The tree as boxes and edges.
//!
//! ```text
//!            ╔═ page 3 * branch ═══════╗
//!            ║      l       r          ║
//!            ╚══╤═══════╦═══════╤══════╝
//!     ┌─────────┘       ║       └──────────┐
//! ┌─ page 1   leaf ─┐ ╔═ page 2 * leaf ═╗ ┌─ page 4 * leaf NEW ┐
//! ```
//! Only what can be seen is laid out: a level that is too wide shows a window and says how many nodes lie at either side;
//! levels that do not fit the height become one line of page numbers. `layout` decides what stands where, `key_line` what
//! is written inside a box; this file draws.

mod key_line;
mod layout;

pub use layout::{PlacedBox, PlacedMore, TreeLayout};

use super::{
    pen::Pen,
    text,
    theme::{Family, Theme},
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    widgets::Widget,
};

/// What is to be said of one key in a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeyMark {
    /// Nothing.
    #[default]
    None,
    /// The present operation put it there; a `+` follows it.
    New,
}

/// What a check found of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NodeStatus {
    /// Nothing was checked: the title says nothing.
    #[default]
    Unchecked,
    /// Its seal is the one its parent names.
    Ok,
    /// Its seal is real but an earlier one; the edge to it is cut.
    Stale,
    /// It cannot be read; the edge to it is cut.
    Bad,
}

/// One node of the tree.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TreeNode {
    /// Its page number.
    pub page: u32,
    /// Its kind: `leaf`, `branch`.
    pub kind: String,
    /// Its keys, escaped; a branch has one less than children.
    pub keys: Vec<(String, KeyMark)>,
    /// How full it is; none leaves the bar out.
    pub fill_percent: Option<u8>,
    /// What is remarkable about it.
    pub marks: NodeMarks,
    /// What a check found.
    pub status: NodeStatus,
    /// Its children, as places in the next level.
    pub children: Vec<usize>,
}

/// What is remarkable about a node beside its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NodeMarks {
    /// Changed since the look before, in a file that is followed.
    pub anew: bool,
    /// Changed in memory: a `*` in its title.
    pub changed: bool,
    /// Made by the present operation: `NEW` in its title.
    pub new: bool,
    /// On the path of the present search: double lines.
    pub on_path: bool,
    /// No pointer leads to it yet: it has no edge.
    pub loose: bool,
}

/// The nodes of one level, or those of them that were built.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TreeLevel {
    /// How many nodes of the level lie before the first one given.
    pub before: usize,
    /// The nodes given, from left to right.
    pub nodes: Vec<TreeNode>,
    /// How many nodes of the level lie after the last one given.
    pub after: usize,
}

impl TreeLevel {
    /// A level of which every node is given.
    pub fn whole(nodes: Vec<TreeNode>) -> TreeLevel {
        TreeLevel { before: 0, nodes, after: 0 }
    }

    /// The node at a place in the level, if it is given.
    pub fn node(&self, index: usize) -> Option<&TreeNode> {
        self.nodes.get(index.checked_sub(self.before)?)
    }

    /// Number of nodes of the level, given or not.
    pub fn total(&self) -> usize {
        self.before + self.nodes.len() + self.after
    }

    fn given(&self) -> std::ops::Range<usize> {
        self.before..self.before + self.nodes.len()
    }
}

/// A node's place: the level counted from the root, and its place there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct TreePlace {
    /// The level; 0 is the root's.
    pub level: usize,
    /// The place in the level, counted from 0 over all of its nodes.
    pub index: usize,
}

/// The tree.
#[derive(Clone, Debug)]
pub struct TreeCanvas<'a> {
    /// The levels from the root to the leaves.
    pub levels: &'a [TreeLevel],
    /// The node the cursor is on; it is always among those shown. Without one, the end of the path is.
    pub selected: Option<TreePlace>,
    /// The colours.
    pub theme: &'a Theme,
}

impl TreeCanvas<'_> {
    /// What stands where in an area of this size; places count from the area's corner.
    pub fn layout(&self, width: u16, height: u16) -> TreeLayout {
        layout::lay_out(self.levels, self.selected, width, height)
    }

    fn node(&self, place: TreePlace) -> Option<&TreeNode> {
        self.levels.get(place.level)?.node(place.index)
    }
}

impl Widget for &TreeCanvas<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(area, buffer);
        if self.levels.iter().all(|level| level.total() == 0) {
            pen.put(1, 0, "The tree is empty: its root is a leaf without a record.", self.theme.style(Family::Quiet));
            return;
        }
        let layout = self.layout(pen.width(), pen.height());
        self.draw_trail(&mut pen, &layout);
        for placed in &layout.boxes {
            self.draw_box(&mut pen, placed);
        }
        self.draw_edges(&mut pen, &layout);
        for more in &layout.more {
            pen.put(more.rect.x, more.rect.y, &more.words, self.theme.style(Family::Pointer));
        }
        if let Some(line) = layout.below_line {
            let count = layout.levels_below;
            let words = format!("▾ {count} more level{} below", if count == 1 { "" } else { "s" });
            pen.put(1, line, &words, self.theme.style(Family::Quiet));
        }
        if let Some(line) = layout.legend_line {
            self.draw_legend(&mut pen, &layout, line);
        }
    }
}

impl TreeCanvas<'_> {
    /// The levels above as one line: `page 9 > page 3 >`.
    fn draw_trail(&self, pen: &mut Pen<'_>, layout: &TreeLayout) {
        if layout.trail.is_empty() {
            return;
        }
        let names: Vec<String> = layout
            .trail
            .iter()
            .map(|place| match self.node(*place) {
                Some(node) => format!("{}{}", node.name(), node.status.word_after()),
                None => "page ?".to_string(),
            })
            .collect();
        let end = if layout.boxes.is_empty() { "" } else { " >" };
        let words = format!("{}{end}", names.join(" > "));
        let room = usize::from(pen.width().saturating_sub(2));
        pen.put(1, 0, &text::clip_start(&words, room), self.theme.style(Family::Path));
    }

    fn draw_box(&self, pen: &mut Pen<'_>, placed: &PlacedBox) {
        let Some(node) = self.node(placed.place) else { return };
        let rect = placed.rect;
        let lines = Lines::of(node);
        let border = self.border_style(node);
        let (right, bottom) = (rect.right() - 1, rect.bottom() - 1);
        for line in rect.y + 1..bottom {
            pen.sign(rect.x, line, lines.vertical, border);
            pen.sign(right, line, lines.vertical, border);
        }
        for (line, [left_corner, right_corner]) in [(rect.y, lines.top), (bottom, lines.bottom)] {
            pen.fill(rect.x..right, line, lines.horizontal, border);
            pen.sign(rect.x, line, left_corner, border);
            pen.sign(right, line, right_corner, border);
        }
        self.draw_title(pen, node, placed);
        for piece in &placed.keys.pieces {
            let style = self.theme.style(piece.family);
            pen.put_within(
                rect.x + 2 + piece.offset,
                rect.y + 1,
                rect.width.saturating_sub(3 + piece.offset),
                &piece.text,
                style,
            );
        }
        if let (Some(percent), true) = (node.fill_percent, rect.height > 3) {
            self.draw_fill(pen, rect, percent);
        }
    }

    fn draw_title(&self, pen: &mut Pen<'_>, node: &TreeNode, placed: &PlacedBox) {
        let rect = placed.rect;
        let chosen = self.selected == Some(placed.place);
        let family = node.family();
        let style = if chosen { self.theme.selected(family) } else { self.theme.style(family) };
        if chosen {
            pen.sign(rect.x + 1, rect.y, '>', self.theme.style(Family::Title));
        }
        let title = format!(" {} ", node.title());
        pen.put_within(rect.x + 2, rect.y, rect.width.saturating_sub(3), &title, style);
    }

    fn draw_fill(&self, pen: &mut Pen<'_>, rect: Rect, percent: u8) {
        let line = rect.y + 2;
        let full = u16::from(percent.min(100)) / 10;
        // A node that holds anything shows at least one full sign, and one that has room at least one empty one.
        let full = full.clamp(u16::from(percent > 0), if percent < 100 { 9 } else { 10 });
        let start = rect.x + 2;
        pen.fill(start..start + full, line, '█', self.theme.style(Family::Payload));
        pen.fill(start + full..start + 10, line, '░', self.theme.style(Family::Free));
        pen.put(start + 12, line, &format!("{percent:>2} %"), self.theme.style(Family::Length));
    }

    fn border_style(&self, node: &TreeNode) -> Style {
        let family = match node.status {
            NodeStatus::Stale | NodeStatus::Bad => Family::Bad,
            _ if node.marks.on_path => Family::Path,
            _ => Family::Frame,
        };
        // A line under a frame would be read as part of it.
        self.theme.style(family).remove_modifier(Modifier::UNDERLINED)
    }

    /// Single edges first and joined where they meet, then those of the path over them, then the cuts.
    fn draw_edges(&self, pen: &mut Pen<'_>, layout: &TreeLayout) {
        let mut joints: std::collections::BTreeMap<(u16, u16), u8> = std::collections::BTreeMap::new();
        let single = self.theme.style(Family::Frame);
        for (column, line) in &layout.stubs {
            pen.sign(*column, *line, '┆', single);
        }
        for edge in layout.edges.iter().filter(|edge| !self.on_path(edge)) {
            for (column, bits) in edge.cells() {
                *joints.entry((edge.line, column)).or_default() |= bits;
            }
        }
        for ((line, column), bits) in &joints {
            pen.sign(*column, *line, joint(*bits), single);
        }
        let path = self.theme.style(Family::Path);
        for edge in layout.edges.iter().filter(|edge| self.on_path(edge)) {
            for (column, bits) in edge.cells() {
                let crossed = joints.get(&(edge.line, column)).copied().unwrap_or(0);
                pen.sign(column, edge.line, double_joint(bits, crossed), path);
            }
        }
        for edge in &layout.edges {
            self.draw_tick(pen, edge);
            if self.node(edge.child).is_some_and(|child| child.status.cuts()) {
                pen.sign(edge.to, edge.line, 'X', self.theme.style(Family::Bad));
            }
        }
    }

    /// The place in the parent's lower border that the edge leaves from.
    fn draw_tick(&self, pen: &mut Pen<'_>, edge: &layout::Edge) {
        let Some(parent) = self.node(edge.parent) else { return };
        let sign = match (parent.marks.on_path, self.on_path(edge)) {
            (true, true) => '╦',
            (true, false) => '╤',
            (false, true) => '╥',
            (false, false) => '┬',
        };
        pen.sign(edge.from, edge.line - 1, sign, self.border_style(parent));
    }

    fn on_path(&self, edge: &layout::Edge) -> bool {
        let lit = |place| self.node(place).is_some_and(|node| node.marks.on_path);
        lit(edge.parent) && lit(edge.child)
    }

    /// What the signs mean, only those that are on the picture.
    fn draw_legend(&self, pen: &mut Pen<'_>, layout: &TreeLayout, line: u16) {
        let shown: Vec<&TreeNode> = layout.boxes.iter().filter_map(|placed| self.node(placed.place)).collect();
        let any = |holds: &dyn Fn(&TreeNode) -> bool| shown.iter().any(|node| holds(node));
        let has_new_key = |node: &TreeNode| node.keys.iter().any(|(_, mark)| *mark == KeyMark::New);
        let entries = [
            (any(&|node| node.status.cuts()), "X the seal in the pointer is not the seal of the page", Family::Bad),
            (any(&|node| node.marks.on_path), "═ path of the search", Family::Path),
            (any(&|node| node.marks.changed), "* changed in memory", Family::Changed),
            (any(&|node| node.marks.anew), "* changed since the look before", Family::Changed),
            (any(&|node| node.marks.loose), "no edge: no pointer yet", Family::Changed),
            (any(&has_new_key), "+ the new record", Family::Fresh),
        ];
        let entries: Vec<_> = entries.iter().filter(|(present, ..)| *present).collect();
        let needed: usize = entries.iter().map(|(_, words, _)| text::width(words) + 4).sum();
        let narrow = needed >= usize::from(pen.width());
        let (mut column, gap) = if narrow { (1, 2) } else { (3, 4) };
        for (_, words, family) in entries {
            let words = if narrow { words.replace("the ", "") } else { (*words).to_owned() };
            // Half an explanation explains nothing.
            if usize::from(column) + text::width(&words) > usize::from(pen.width()) {
                continue;
            }
            column = pen.put(column, line, &words, self.theme.style(*family)) + gap;
        }
    }
}

impl TreeNode {
    fn name(&self) -> String {
        format!("page {}", self.page)
    }

    /// `page 3 * branch`, `page 1   leaf`, `page 2 STALE leaf`, `page 4 * leaf NEW`.
    fn title(&self) -> String {
        let mark = match (self.status, self.marks.changed || self.marks.anew) {
            (NodeStatus::Unchecked, true) => "*",
            (NodeStatus::Unchecked, false) => " ",
            (NodeStatus::Ok, true) => "ok *",
            (status, _) => status.word(),
        };
        let new = if self.marks.new { " NEW" } else { "" };
        format!("{} {mark} {}{new}", self.name(), self.kind)
    }

    fn family(&self) -> Family {
        match self.status {
            NodeStatus::Stale | NodeStatus::Bad => Family::Bad,
            _ if self.marks.new => Family::Fresh,
            _ if self.marks.changed || self.marks.anew => Family::Changed,
            _ if self.marks.on_path => Family::Path,
            NodeStatus::Ok => Family::Good,
            NodeStatus::Unchecked => Family::Title,
        }
    }
}

impl NodeStatus {
    fn word(self) -> &'static str {
        match self {
            NodeStatus::Unchecked => "",
            NodeStatus::Ok => "ok",
            NodeStatus::Stale => "STALE",
            NodeStatus::Bad => "BAD",
        }
    }

    fn word_after(self) -> String {
        if self.cuts() { format!(" {}", self.word()) } else { String::new() }
    }

    fn cuts(self) -> bool {
        matches!(self, NodeStatus::Stale | NodeStatus::Bad)
    }
}

/// The glyphs of a box.
struct Lines {
    horizontal: char,
    vertical: char,
    top: [char; 2],
    bottom: [char; 2],
}

impl Lines {
    fn of(node: &TreeNode) -> Lines {
        if node.marks.on_path {
            Lines { horizontal: '═', vertical: '║', top: ['╔', '╗'], bottom: ['╚', '╝'] }
        } else {
            Lines { horizontal: '─', vertical: '│', top: ['┌', '┐'], bottom: ['└', '┘'] }
        }
    }
}

/// Sides of a cell that a line leaves through.
pub(super) const UP: u8 = 1;
pub(super) const DOWN: u8 = 2;
pub(super) const LEFT: u8 = 4;
pub(super) const RIGHT: u8 = 8;

fn joint(bits: u8) -> char {
    const GLYPHS: [char; 16] = [' ', '│', '│', '│', '─', '┘', '┐', '┤', '─', '└', '┌', '├', '─', '┴', '┬', '┼'];
    GLYPHS[usize::from(bits) % 16]
}

/// The glyph of a path's cell, over single lines that may cross it.
fn double_joint(bits: u8, crossed: u8) -> char {
    let straight_down = bits == UP | DOWN;
    match (straight_down, crossed & (LEFT | RIGHT)) {
        (true, LEFT) => '╢',
        (true, RIGHT) => '╟',
        (true, both) if both == LEFT | RIGHT => '╫',
        (true, _) => '║',
        _ if bits == UP | LEFT => '╝',
        _ if bits == UP | RIGHT => '╚',
        _ if bits == DOWN | LEFT => '╗',
        _ if bits == DOWN | RIGHT => '╔',
        _ => match crossed & (UP | DOWN) {
            UP => '╧',
            DOWN => '╤',
            both if both == UP | DOWN => '╪',
            _ => '═',
        },
    }
}

#[cfg(test)]
mod tests;
