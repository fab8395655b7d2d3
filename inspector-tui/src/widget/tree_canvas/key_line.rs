//! The line of keys inside a box: as many as fit, with the number of those left out at either side (`…7 l m+ n …12`).

use super::{KeyMark, NodeStatus, TreeNode};
use crate::widget::{text, theme::Family};
use std::ops::Range;

/// Widest key shown whole.
const KEY_COLUMNS_MAX: usize = 12;

/// Distances between the keys of a branch, widest first: an edge leaves from the middle of each.
const GAPS: [usize; 4] = [7, 5, 3, 1];

/// A piece of text at an offset inside the box.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// Columns from the first one of the line.
    pub offset: u16,
    /// What stands there.
    pub text: String,
    /// Its colour.
    pub family: Family,
}

/// The line of keys, and for a branch where the edge of each child leaves.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyLine {
    /// The texts.
    pub pieces: Vec<Piece>,
    /// Which child (counted in the node) leaves at which offset.
    pub ticks: Vec<(usize, u16)>,
    /// Columns taken.
    pub width: u16,
}

impl KeyLine {
    fn push(&mut self, text: String, family: Family) {
        let offset = self.width;
        self.width += text::width(&text) as u16;
        self.pieces.push(Piece { offset, text, family });
    }

    fn push_key(&mut self, (key, mark): &(String, KeyMark)) {
        let family = if *mark == KeyMark::New { Family::Fresh } else { Family::Payload };
        self.push(shown(key, *mark), family);
    }

    fn push_cut(&mut self, text: String) {
        self.push(text, Family::Quiet);
    }

    /// Moves everything to the right.
    pub fn shift(&mut self, columns: u16) {
        self.pieces.iter_mut().for_each(|piece| piece.offset += columns);
        self.ticks.iter_mut().for_each(|(_, offset)| *offset += columns);
        self.width += columns;
    }
}

fn shown(key: &str, mark: KeyMark) -> String {
    let plus = if mark == KeyMark::New { "+" } else { "" };
    format!("{}{plus}", text::clip(key, KEY_COLUMNS_MAX))
}

fn key_width((key, mark): &(String, KeyMark)) -> usize {
    text::width(key).min(KEY_COLUMNS_MAX) + usize::from(*mark == KeyMark::New)
}

/// Columns that `…12` takes, with the blank beside it.
fn cut_width(hidden: usize) -> usize {
    if hidden == 0 { 0 } else { hidden.to_string().len() + 2 }
}

/// Grows a range of keys to both sides while the whole line stays within `room`.
fn grow(node: &TreeNode, mut range: Range<usize>, gap: usize, room: usize) -> Range<usize> {
    let count = node.keys.len();
    let needed = |range: &Range<usize>| {
        let keys: usize = node.keys[range.clone()].iter().map(|key| key_width(key) + gap).sum();
        keys + cut_width(range.start) + cut_width(count - range.end)
    };
    loop {
        let before = range.clone();
        if range.end < count && needed(&(range.start..range.end + 1)) <= room {
            range.end += 1;
        }
        if range.start > 0 && needed(&(range.start - 1..range.end)) <= room {
            range.start -= 1;
        }
        if range == before {
            return range;
        }
    }
}

/// The keys of a leaf in at most `room` columns; a marked key is always among them.
pub(super) fn of_leaf(node: &TreeNode, room: usize) -> KeyLine {
    let mut line = KeyLine::default();
    if node.keys.is_empty() {
        // A page that says not even what it is has no keys that anybody could know of.
        let unread = (node.status == NodeStatus::Bad || node.kind.is_empty()) && node.fill_percent.is_none();
        line.push_cut(if unread { "not readable" } else { "no keys" }.into());
        return line;
    }
    let marked = node.keys.iter().position(|(_, mark)| *mark != KeyMark::None);
    let start = marked.unwrap_or(0);
    let range = grow(node, start..start + 1, 1, room + 1);
    if range.start > 0 {
        line.push_cut(format!("…{} ", range.start));
    }
    for (at, key) in node.keys[range.clone()].iter().enumerate() {
        line.width += u16::from(at > 0);
        line.push_key(key);
    }
    if range.end < node.keys.len() {
        line.push_cut(format!(" …{}", node.keys.len() - range.end));
    }
    line
}

/// The keys of a branch round the edges of the children in `visible` (counted in the node), as widely spaced as `room`
/// allows.
pub(super) fn of_branch(node: &TreeNode, visible: Range<usize>, room: usize) -> KeyLine {
    let count = node.keys.len();
    let core = visible.start.min(count)..visible.end.saturating_sub(1).min(count);
    let core = if core.start > core.end { core.end..core.end } else { core };
    let gap = GAPS.into_iter().find(|gap| needed(node, &(0..count), *gap) <= room);
    let (gap, range) = match gap {
        Some(gap) => (gap, 0..count),
        None => {
            let gap = GAPS.into_iter().find(|gap| needed(node, &core, *gap) <= room).unwrap_or(1);
            (gap, grow(node, core, gap, room.saturating_sub(gap)))
        }
    };
    let mut line = KeyLine::default();
    if range.start > 0 {
        line.push_cut(format!("…{} ", range.start));
    }
    for child in range.start..=range.end {
        if visible.contains(&child) {
            line.ticks.push((child, line.width + (gap / 2) as u16));
        }
        line.width += gap as u16;
        if child < range.end {
            line.push_key(&node.keys[child]);
        }
    }
    if range.end < count {
        line.push_cut(format!(" …{}", count - range.end));
    }
    line
}

fn needed(node: &TreeNode, range: &Range<usize>, gap: usize) -> usize {
    let keys: usize = node.keys[range.clone()].iter().map(|key| key_width(key) + gap).sum();
    keys + gap + cut_width(range.start) + cut_width(node.keys.len() - range.end)
}
