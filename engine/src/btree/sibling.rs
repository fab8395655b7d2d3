//! Two neighbours under one parent: seen as one row of cells, cut anew where it is most even, or merged.
//!
//! Cells move whole, a child's pointer with its commit and seal. The separator between two branches belongs to the row: it
//! comes down as the key of the right one's first child, and the key of the first cell behind a new cut goes up in its place.

use super::fill::{helping_bytes_min, least_bytes, room_bytes, used_bytes};
use super::insert::{Target, emit_changed, shortest_separator};
use super::{PageWrite, Step};
use crate::error::Result;
use crate::format::node::{Node, NodeView, Room, SLOT_BYTES, child_cell_bytes};
use crate::format::page::PageKind;
use crate::trace::Event;
use crate::types::{Bytes, PagePointer};

/// Two neighbours and the branch above them, in the slot that leads to the left one.
pub(super) struct Pair {
    pub parent: Step,
    pub left: PagePointer,
    pub right: PagePointer,
    /// What divides them now.
    pub separator: Vec<u8>,
    /// Bytes the parent could give a separator in its place without being split.
    separator_bytes_max: usize,
}

impl Pair {
    /// The pairs that the child in `parent.slot` makes with its left and its right neighbour, as far as it has them.
    pub fn around<W: PageWrite>(tree: &W, parent: &Step) -> Result<Vec<Pair>> {
        let page = tree.read(&parent.pointer)?;
        let node = page.view();
        let pair = |slot: usize| {
            let separator = node.key(slot + 1).to_vec();
            Pair {
                parent: Step { slot, ..parent.clone() },
                left: node.child(slot),
                right: node.child(slot + 1),
                separator_bytes_max: node.free_bytes() + separator.len(),
                separator,
            }
        };
        let to_the_left = parent.slot.checked_sub(1);
        let to_the_right = Some(parent.slot).filter(|slot| slot + 1 < node.slot_count());
        Ok(to_the_left.into_iter().chain(to_the_right).map(pair).collect())
    }

    /// Bytes that all cells would take in one page, their slots included.
    pub fn bytes_together<W: PageWrite>(&self, tree: &W) -> Result<usize> {
        let (left, right) = (tree.read(&self.left)?, tree.read(&self.right)?);
        Ok(Row { left: left.view(), right: right.view(), separator: &self.separator, newcomer: None }.bytes_from(0))
    }

    /// The most even cut that `accept` takes. With a newcomer it counts as if it stood in the row already.
    pub fn most_even_cut<W: PageWrite>(
        &self,
        tree: &W,
        newcomer: Option<Newcomer<'_>>,
        accept: impl Fn(&Cut) -> bool,
    ) -> Result<Option<Cut>> {
        let (left, right) = (tree.read(&self.left)?, tree.read(&self.right)?);
        let row = Row { left: left.view(), right: right.view(), separator: &self.separator, newcomer };
        Ok(row.cuts().filter(accept).min_by_key(|cut| cut.left_bytes.abs_diff(cut.right_bytes)))
    }

    /// Whether the parent has room for the separator of `cut`.
    pub fn parent_has_room_for(&self, cut: &Cut) -> bool {
        cut.separator.len() <= self.separator_bytes_max
    }
}

/// A cell that waits to be put into a pair, at a place in its row.
#[derive(Clone, Copy)]
pub(super) struct Newcomer<'a> {
    pub index: usize,
    pub key: &'a [u8],
    /// Of its cell and slot.
    pub bytes: usize,
}

/// A cut through the row of a pair.
pub(super) struct Cut {
    /// Cells left of it, the newcomer counted in.
    pub at: usize,
    /// Of those, cells that stand in the pair already.
    pub kept: usize,
    pub left_bytes: usize,
    pub right_bytes: usize,
    pub separator: Vec<u8>,
}

impl Cut {
    /// Whether both pages have enough to stay.
    pub fn fills_both(&self, room: usize) -> bool {
        self.left_bytes.min(self.right_bytes) >= least_bytes(room)
    }
}

/// The cells of a pair, lowest key first.
struct Row<'a> {
    left: NodeView<'a>,
    right: NodeView<'a>,
    separator: &'a [u8],
    newcomer: Option<Newcomer<'a>>,
}

impl<'a> Row<'a> {
    fn is_of_branches(&self) -> bool {
        self.left.kind() == PageKind::Branch
    }

    fn len(&self) -> usize {
        self.left.slot_count() + self.right.slot_count() + usize::from(self.newcomer.is_some())
    }

    /// The newcomer, or the index among the cells that are there.
    fn entry(&self, index: usize) -> Result<usize, Newcomer<'a>> {
        match self.newcomer {
            Some(newcomer) if newcomer.index == index => Err(newcomer),
            Some(newcomer) if newcomer.index < index => Ok(index - 1),
            _ => Ok(index),
        }
    }

    fn key(&self, index: usize) -> &'a [u8] {
        let left_count = self.left.slot_count();
        match self.entry(index) {
            Err(newcomer) => newcomer.key,
            Ok(slot) if slot < left_count => self.left.key(slot),
            Ok(slot) if slot == left_count && self.is_of_branches() => self.separator,
            Ok(slot) => self.right.key(slot - left_count),
        }
    }

    fn bytes(&self, index: usize) -> usize {
        let left_count = self.left.slot_count();
        let cell = match self.entry(index) {
            Err(newcomer) => return newcomer.bytes,
            Ok(slot) if slot < left_count => self.left.cell_span(slot).len(),
            Ok(slot) if slot == left_count && self.is_of_branches() => child_cell_bytes(self.separator.len()),
            Ok(slot) => self.right.cell_span(slot - left_count).len(),
        };
        cell + SLOT_BYTES
    }

    fn bytes_from(&self, from: usize) -> usize {
        (from..self.len()).map(|index| self.bytes(index)).sum()
    }

    /// Every cut whose parts fit their pages. A branch keeps two children at least, so that each has a neighbour; and a
    /// child that waits never becomes the first of its branch, where it would have no separator to be written with.
    fn cuts(&self) -> impl Iterator<Item = Cut> {
        let (room, total) = (room_bytes(self.left), self.bytes_from(0));
        let is_of_branches = self.is_of_branches();
        let least = if is_of_branches { 2 } else { 1 };
        let mut left_bytes = 0;
        (1..self.len()).filter_map(move |at| {
            left_bytes += self.bytes(at - 1);
            let is_newcomer = self.entry(at).is_err();
            if at < least || self.len() - at < least || is_of_branches && is_newcomer {
                return None;
            }
            let key = self.key(at);
            let (separator, goes_up) = match is_of_branches {
                true => (key, key.len()),
                false => (shortest_separator(self.key(at - 1), key), 0),
            };
            let right_bytes = total - left_bytes - goes_up;
            let fits = left_bytes <= room && right_bytes <= room;
            let kept = self.entry(at - 1).map_or(at - 1, |slot| slot + 1);
            fits.then(|| Cut { at, kept, left_bytes, right_bytes, separator: separator.to_vec() })
        })
    }
}

/// What making room brought about.
pub(super) struct Helped {
    /// Where the newcomer goes; there is room for it.
    pub target: Target,
    /// Whether the parent uses fewer bytes than before, because its separator is shorter.
    pub parent_shrank: bool,
}

/// Makes room in a page that is too full for a cell, by moving the border between it and a neighbour that has a quarter of
/// its room free. `None` when no neighbour can help; then nothing was changed. `slot` is where the cell goes in `full`.
pub(super) fn make_room<W: PageWrite>(
    tree: &mut W,
    parent: &Step,
    full: &PagePointer,
    (slot, key, bytes): (usize, &[u8], usize),
) -> Result<Option<Helped>> {
    let room = room_bytes(tree.read(full)?.view());
    let mut helpers = Vec::new();
    for pair in Pair::around(tree, parent)? {
        let other = if pair.left.page == full.page { pair.right } else { pair.left };
        let free_bytes = tree.read(&other)?.view().free_bytes();
        if free_bytes >= helping_bytes_min(room) {
            helpers.push((free_bytes, pair));
        }
    }
    helpers.sort_by_key(|(free_bytes, _)| std::cmp::Reverse(*free_bytes));
    for (_, pair) in helpers {
        let before = if pair.left.page == full.page { 0 } else { tree.read(&pair.left)?.view().slot_count() };
        let newcomer = Newcomer { index: before + slot, key, bytes };
        let accept = |cut: &Cut| cut.fills_both(room) && pair.parent_has_room_for(cut);
        if let Some(cut) = pair.most_even_cut(tree, Some(newcomer), accept)? {
            move_border(tree, &pair, &cut)?;
            replace_separator(tree, &pair, &cut.separator)?;
            let target = match newcomer.index < cut.at {
                true => Target { pointer: pair.left, slot: newcomer.index },
                false => Target { pointer: pair.right, slot: newcomer.index - cut.at },
            };
            return Ok(Some(Helped { target, parent_shrank: cut.separator.len() < pair.separator.len() }));
        }
    }
    Ok(None)
}

/// Moves cells between the pages of a pair until `cut` divides them. The parent still has the old separator.
pub(super) fn move_border<W: PageWrite>(tree: &mut W, pair: &Pair, cut: &Cut) -> Result<()> {
    let left_count = tree.read(&pair.left)?.view().slot_count();
    if cut.kept == left_count {
        return Ok(());
    }
    let (mut left, mut right) = (tree.edit(&pair.left)?.clone(), tree.edit(&pair.right)?.clone());
    let mut tail = Node::new(left.view().kind(), left.view().level(), left.as_bytes().len());
    let row = Row { left: left.view(), right: right.view(), separator: &pair.separator, newcomer: None };
    let moved = cut.kept.min(left_count)..cut.kept.max(left_count);
    let moved: Vec<Vec<u8>> = moved.map(|index| row.key(index).to_vec()).collect();
    let goes_right = cut.kept < left_count;
    if goes_right {
        left.move_tail_to(cut.kept, &mut tail);
        append_all(&mut right, &mut tail, &pair.separator);
    } else {
        right.move_tail_to(cut.kept - left_count, &mut tail);
        append_all(&mut right, &mut left, &pair.separator);
    }
    *tree.edit(&pair.left)? = left;
    *tree.edit(&pair.right)? = tail;
    let (from, to) = if goes_right { (pair.left, pair.right) } else { (pair.right, pair.left) };
    let (from_page, to_page) = (tree.read(&from)?, tree.read(&to)?);
    tree.tracer().emit(|detail| Event::CellsMoved {
        from: from.page,
        to: to.page,
        level: to_page.view().level(),
        moved: moved.iter().map(|key| detail.key(key)).collect::<Vec<Bytes>>(),
        after: detail.images(&[(from.page, from_page.view().bytes()), (to.page, to_page.view().bytes())]),
    });
    Ok(())
}

/// Brings everything of a pair into its left page and frees the right one.
pub(super) fn merge<W: PageWrite>(tree: &mut W, pair: &Pair) -> Result<()> {
    let mut right = tree.read(&pair.right)?.view().to_node();
    let left = tree.edit(&pair.left)?;
    let row = Row { left: left.view(), right: right.view(), separator: &pair.separator, newcomer: None };
    let moved: Vec<Vec<u8>> = (left.view().slot_count()..row.len()).map(|index| row.key(index).to_vec()).collect();
    append_all(&mut right, left, &pair.separator);
    let (page, emptied) = (pair.left.page, pair.right.page);
    emit_changed(tree, &pair.left, |view, detail, plain| Event::PagesMerged {
        page,
        emptied,
        level: view.level(),
        moved: moved.iter().map(|key| detail.key(key)).collect(),
        free_bytes: view.free_bytes() as u32,
        after: detail.image(page, plain),
    })?;
    remove_separator(tree, pair)?;
    tree.free(&pair.right)
}

/// Moves everything of a node behind what `other` holds; `separator` divided them. There is room.
fn append_all(node: &mut Node, other: &mut Node, separator: &[u8]) {
    if node.view().kind() == PageKind::Branch {
        let first = node.view().child(0);
        node.remove(0);
        if other.fits(child_cell_bytes(separator.len()) + SLOT_BYTES) == Room::AfterCompaction {
            other.compact();
        }
        other.insert_child(other.view().slot_count(), separator, &first);
    }
    node.move_tail_to(0, other);
}

/// Takes the right page of a pair out of the parent.
pub(super) fn remove_separator<W: PageWrite>(tree: &mut W, pair: &Pair) -> Result<()> {
    let slot = pair.parent.slot + 1;
    tree.edit(&pair.parent.pointer)?.remove(slot);
    let page = pair.parent.pointer.page;
    emit_changed(tree, &pair.parent.pointer, |view, detail, plain| Event::SeparatorRemoved {
        page,
        level: view.level(),
        slot: slot as u16,
        key: detail.key(&pair.separator),
        child: pair.right.page,
        free_bytes: view.free_bytes() as u32,
        after: detail.image(page, plain),
    })
}

/// Gives the right page of a pair another separator; the parent has room for it.
pub(super) fn replace_separator<W: PageWrite>(tree: &mut W, pair: &Pair, separator: &[u8]) -> Result<()> {
    if separator == pair.separator {
        return Ok(());
    }
    let slot = pair.parent.slot + 1;
    let node = tree.edit(&pair.parent.pointer)?;
    node.remove(slot);
    if node.fits(child_cell_bytes(separator.len()) + SLOT_BYTES) == Room::AfterCompaction {
        node.compact();
    }
    node.insert_child(slot, separator, &pair.right);
    let page = pair.parent.pointer.page;
    emit_changed(tree, &pair.parent.pointer, |view, detail, plain| Event::SeparatorReplaced {
        page,
        level: view.level(),
        slot: slot as u16,
        old: detail.key(&pair.separator),
        key: detail.key(separator),
        child: pair.right.page,
        free_bytes: view.free_bytes() as u32,
        after: detail.image(page, plain),
    })
}

/// Whether `pair` shares its bytes out better with `cut` than it did when one of its pages used `used` bytes.
pub(super) fn is_better_than(cut: &Cut, used: usize) -> bool {
    cut.left_bytes.min(cut.right_bytes) > used
}

/// Bytes that the page of `pointer` uses, and its room.
pub(super) fn measure<W: PageWrite>(tree: &W, pointer: &PagePointer) -> Result<(usize, usize)> {
    let page = tree.read(pointer)?;
    Ok((used_bytes(page.view()), room_bytes(page.view())))
}
