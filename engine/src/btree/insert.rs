//! Putting records: the cell written; in a page that is too full, cells moved to a neighbour that has room for them; else
//! the page split and the separator sent up.
//!
//! A split divides by bytes, not by count, as evenly as the cells allow; a record put behind the last key of the last leaf
//! leaves the full page full and opens an empty one. A record that fits neither half gets a page of its own: the tail moves
//! away first and the record is put again.

use super::delete::settle;
use super::fill::room_bytes;
use super::search::{Descent, descend};
use super::sibling::make_room;
use super::{Chain, PageWrite, Step};
use crate::error::{Error, Result};
use crate::format::node::{CellValue, child_cell_bytes, key_bytes_max, overflow_cell_bytes, record_cell_bytes};
use crate::format::node::{NodeView, Room, SLOT_BYTES};
use crate::format::page::PageKind;
use crate::trace::Event;
use crate::types::{Bytes, PagePointer, PageSize};

/// What a record's value was before it was replaced or removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OldValue {
    /// Its length, in bytes.
    pub length: usize,
    /// The chain it lay in, which nothing names any more.
    pub chain: Option<Chain>,
    /// Bytes of the cell it took.
    cell_bytes: usize,
}

impl OldValue {
    /// The value in slot `slot` of a leaf, which is about to go.
    pub fn of(node: NodeView<'_>, slot: usize) -> OldValue {
        let value = node.cell_value(slot);
        OldValue { length: value.len(), chain: Chain::of(&value), cell_bytes: node.cell_span(slot).len() }
    }
}

/// Puts a record, replacing the value the key had; returns what that was.
pub(crate) fn put<W: PageWrite>(
    tree: &mut W,
    root: &mut PagePointer,
    key: &[u8],
    value: CellValue<'_>,
) -> Result<Option<OldValue>> {
    let cell_bytes = match value {
        CellValue::Inline(value) => record_cell_bytes(key.len(), value.len()),
        CellValue::Overflow { .. } => overflow_cell_bytes(key.len()),
    };
    let needed = cell_bytes + SLOT_BYTES;
    let mut replaced = None;
    loop {
        let Descent { mut steps, leaf, slot } = descend(tree, root, key)?;
        let mut target = Target { pointer: leaf, slot: slot.unwrap_or_else(|slot| slot) };
        let node = tree.edit(&leaf)?;
        if slot.is_ok() {
            replaced = Some(OldValue::of(node.view(), target.slot));
            node.remove(target.slot);
        }
        if node.fits(needed) != Room::None {
            make_gap(tree, &target, needed)?;
            write_record(tree, &target, key, value, replaced)?;
            if replaced.is_some_and(|old| old.cell_bytes > cell_bytes) {
                settle(tree, root, steps, leaf)?;
            }
            return Ok(replaced);
        }
        let rightmost = is_rightmost(tree, &steps)?;
        let comes_last = rightmost && target.slot == tree.read(&leaf)?.view().slot_count();
        let helped = match steps.last() {
            Some(parent) if !comes_last => make_room(tree, parent, &leaf, (target.slot, key, needed))?,
            _ => None,
        };
        if let Some(helped) = helped {
            make_gap(tree, &helped.target, needed)?;
            write_record(tree, &helped.target, key, value, replaced)?;
            if let Some(parent) = steps.pop().filter(|_| helped.parent_shrank) {
                settle(tree, root, steps, parent.pointer)?;
            }
            return Ok(replaced);
        }
        let division = Division::of_leaf(tree.read(&leaf)?.view(), target.slot, needed, key.len(), comes_last);
        let split = split_leaf(tree, &leaf, key, needed, &division)?;
        if let Division::At { new_goes_right, .. } = division {
            if new_goes_right {
                target = Target { pointer: split.right, slot: target.slot - split.left_count };
            }
            make_gap(tree, &target, needed)?;
            write_record(tree, &target, key, value, replaced)?;
        }
        send_up(tree, root, steps, leaf, split, rightmost)?;
        if matches!(division, Division::At { .. }) {
            return Ok(replaced);
        }
    }
}

/// A place in a page that a cell is about to take.
pub(super) struct Target {
    pub pointer: PagePointer,
    pub slot: usize,
}

/// A page that was divided: what its parent must learn.
pub(super) struct Split {
    right: PagePointer,
    separator: Vec<u8>,
    /// Cells that stayed in the left page.
    left_count: usize,
}

impl Split {
    /// A page that has left its parent because its separator is another now.
    pub fn beside(right: PagePointer, separator: Vec<u8>) -> Split {
        Split { right, separator, left_count: 0 }
    }
}

/// Where to divide a page that has no room for a new cell.
enum Division {
    /// Cells from `from` on go to the new page, and the new cell where `new_goes_right` says.
    At { from: usize, new_goes_right: bool },
    /// The new cell fits beside neither part: cells from `from` on go away, then the put starts again.
    Apart { from: usize },
}

impl Division {
    /// Where to divide a leaf: behind everything when the record comes last in the whole tree, else evenly.
    fn of_leaf(node: NodeView<'_>, slot: usize, needed: usize, key_len: usize, comes_last: bool) -> Division {
        match comes_last {
            true => Division::At { from: slot, new_goes_right: true },
            false => Division::even(node, slot, needed, key_len),
        }
    }

    /// Where to divide a branch: at the right edge the last child goes along, so that no branch has a single child.
    fn of_branch(node: NodeView<'_>, slot: usize, needed: usize, key_len: usize, rightmost: bool) -> Division {
        match rightmost && slot == node.slot_count() && slot >= 3 {
            true => Division::At { from: slot - 1, new_goes_right: true },
            false => Division::even(node, slot, needed, key_len),
        }
    }

    /// The most even division of `node` with a new cell of `needed` bytes (its slot included) at `slot`. Both parts of a
    /// branch have two children, and the right one's first key goes up.
    fn even(node: NodeView<'_>, slot: usize, needed: usize, key_len: usize) -> Division {
        let count = node.slot_count();
        let is_branch = node.kind() == PageKind::Branch;
        let least = if is_branch { 2 } else { 1 };
        let mut sizes: Vec<(usize, usize)> =
            (0..count).map(|index| (node.cell_span(index).len() + SLOT_BYTES, node.key(index).len())).collect();
        let room = room_bytes(node);
        sizes.insert(slot, (needed, key_len));
        let total: usize = sizes.iter().map(|(bytes, _)| bytes).sum();
        let mut left = 0;
        let mut best: Option<(usize, usize)> = None;
        for index in 0..count {
            left += sizes[index].0;
            let right = total - left - if is_branch { sizes[index + 1].1 } else { 0 };
            let fits = left <= room && right <= room && index + 1 >= least && count - index >= least;
            let unevenness = left.abs_diff(right);
            if fits && best.is_none_or(|(least, _)| unevenness < least) {
                best = Some((unevenness, index + 1));
            }
        }
        match best {
            Some((_, kept)) if slot < kept => Division::At { from: kept - 1, new_goes_right: false },
            Some((_, kept)) => Division::At { from: kept, new_goes_right: true },
            None => Division::Apart { from: slot },
        }
    }

    fn from(&self) -> usize {
        match *self {
            Division::At { from, .. } | Division::Apart { from } => from,
        }
    }
}

/// Whether the descent took the last slot of every branch.
fn is_rightmost<W: PageWrite>(tree: &W, steps: &[Step]) -> Result<bool> {
    for step in steps {
        if step.slot + 1 != tree.read(&step.pointer)?.view().slot_count() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn split_leaf<W: PageWrite>(
    tree: &mut W,
    leaf: &PagePointer,
    key: &[u8],
    needed: usize,
    division: &Division,
) -> Result<Split> {
    let from = division.from();
    let (separator, free_bytes) = {
        let page = tree.read(leaf)?;
        let node = page.view();
        let new_goes_right = matches!(division, Division::At { new_goes_right: true, .. });
        let slot = node.search(key).unwrap_or_else(|slot| slot);
        // The keys on both sides of the cut, the new one counted in.
        let last_left = if slot == from && !new_goes_right { key } else { node.key(from - 1) };
        let first_right = if slot == from && new_goes_right { key } else { node.key(from) };
        (shortest_separator(last_left, first_right).to_vec(), node.free_bytes())
    };
    let right = tree.allocate(PageKind::Leaf, 0)?;
    let moved = move_tail(tree, leaf, &right, from)?;
    emit_split(tree, leaf, &right, needed, free_bytes, moved, &separator)?;
    Ok(Split { right, separator, left_count: from })
}

/// The shortest key above `left` and not above `right`: less to store in every branch, and as good a signpost.
pub(super) fn shortest_separator<'a>(left: &[u8], right: &'a [u8]) -> &'a [u8] {
    let common = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    &right[..(common + 1).min(right.len())]
}

/// Writes the separator of a split into the parent, splitting that too when it is full, up to a new root.
pub(super) fn send_up<W: PageWrite>(
    tree: &mut W,
    root: &mut PagePointer,
    mut steps: Vec<Step>,
    mut left: PagePointer,
    mut split: Split,
    rightmost: bool,
) -> Result<()> {
    loop {
        let parent = match steps.pop() {
            Some(step) => step,
            None => grow_root(tree, root, &left)?,
        };
        match write_separator(tree, &parent, steps.last(), &split, rightmost)? {
            Written::Here => return Ok(()),
            Written::WithHelp { parent_shrank } => {
                if let Some(above) = steps.pop().filter(|_| parent_shrank) {
                    settle(tree, root, steps, above.pointer)?;
                }
                return Ok(());
            }
            Written::Split(above) => {
                left = parent.pointer;
                split = above;
            }
        }
    }
}

fn grow_root<W: PageWrite>(tree: &mut W, root: &mut PagePointer, old_root: &PagePointer) -> Result<Step> {
    let level = tree.read(old_root)?.view().level() + 1;
    let pointer = tree.allocate(PageKind::Branch, level)?;
    tree.edit(&pointer)?.insert_child(0, &[], old_root);
    let (new_root, old) = (pointer.page, old_root.page);
    emit_changed(tree, &pointer, |_, detail, plain| Event::RootGrew {
        new_root,
        old_root: old,
        level,
        after: detail.image(new_root, plain),
    })?;
    *root = pointer;
    Ok(Step { pointer, level, slot: 0 })
}

/// How a separator found its place.
enum Written {
    /// In the branch it was for.
    Here,
    /// After the border between that branch and its neighbour was moved, which may have made their parent emptier.
    WithHelp { parent_shrank: bool },
    /// By a split of that branch.
    Split(Split),
}

/// Puts the separator of `split` behind `parent.slot`. `above` is the branch above that one.
fn write_separator<W: PageWrite>(
    tree: &mut W,
    parent: &Step,
    above: Option<&Step>,
    split: &Split,
    rightmost: bool,
) -> Result<Written> {
    let slot = parent.slot + 1;
    let needed = child_cell_bytes(split.separator.len()) + SLOT_BYTES;
    if tree.edit(&parent.pointer)?.fits(needed) != Room::None {
        place_child(tree, &Target { pointer: parent.pointer, slot }, needed, split)?;
        return Ok(Written::Here);
    }
    let comes_last = rightmost && slot == tree.read(&parent.pointer)?.view().slot_count();
    let helped = match above {
        Some(above) if !comes_last => make_room(tree, above, &parent.pointer, (slot, &split.separator, needed))?,
        _ => None,
    };
    if let Some(helped) = helped {
        place_child(tree, &helped.target, needed, split)?;
        return Ok(Written::WithHelp { parent_shrank: helped.parent_shrank });
    }
    let key_len = split.separator.len();
    let division = Division::of_branch(tree.read(&parent.pointer)?.view(), slot, needed, key_len, rightmost);
    let Division::At { from, new_goes_right } = division else {
        return Err(Error::Misuse { why: "a branch cell is over a third of a page".to_owned() });
    };
    Ok(Written::Split(split_branch(tree, parent, from, needed, split, new_goes_right)?))
}

/// Splits a branch at `from` and writes the waiting separator into the half it belongs to.
///
/// The first key of the right half goes up and is not kept below: slot 0 of a branch stands for everything under slot 1.
/// When the waiting separator itself would be that first key, it goes up in its turn and only its child stays here.
fn split_branch<W: PageWrite>(
    tree: &mut W,
    parent: &Step,
    from: usize,
    needed: usize,
    waiting: &Split,
    new_goes_right: bool,
) -> Result<Split> {
    let slot = parent.slot + 1;
    let waiting_is_first = new_goes_right && slot == from;
    let free_bytes = tree.read(&parent.pointer)?.view().free_bytes();
    let right = tree.allocate(PageKind::Branch, parent.level)?;
    if waiting_is_first {
        tree.edit(&right)?.insert_child(0, &[], &waiting.right);
    }
    let moved = move_tail(tree, &parent.pointer, &right, from)?;
    let separator = match moved.first() {
        Some(first) if !waiting_is_first => first.clone(),
        _ => waiting.separator.clone(),
    };
    emit_split(tree, &parent.pointer, &right, needed, free_bytes, moved, &separator)?;
    if new_goes_right && !waiting_is_first {
        place_child(tree, &Target { pointer: right, slot: slot - from }, needed, waiting)?;
    } else if !new_goes_right {
        place_child(tree, &Target { pointer: parent.pointer, slot }, needed, waiting)?;
    }
    Ok(Split { right, separator, left_count: from })
}

fn move_tail<W: PageWrite>(tree: &mut W, left: &PagePointer, right: &PagePointer, from: usize) -> Result<Vec<Vec<u8>>> {
    let mut tail = tree.edit(right)?.clone();
    let source = tree.edit(left)?;
    let keys = (from..source.view().slot_count()).map(|slot| source.view().key(slot).to_vec()).collect();
    source.move_tail_to(from, &mut tail);
    *tree.edit(right)? = tail;
    Ok(keys)
}

fn place_child<W: PageWrite>(tree: &mut W, target: &Target, needed: usize, split: &Split) -> Result<()> {
    make_gap(tree, target, needed)?;
    tree.edit(&target.pointer)?.insert_child(target.slot, &split.separator, &split.right);
    let page = target.pointer.page;
    emit_changed(tree, &target.pointer, |view, detail, plain| Event::SeparatorWritten {
        page,
        level: view.level(),
        slot: target.slot as u16,
        key: detail.key(&split.separator),
        child: split.right.page,
        free_bytes: view.free_bytes() as u32,
        after: detail.image(page, plain),
    })
}

/// Brings the free bytes of a page together when a cell needs more than the gap has. The page has room for it.
fn make_gap<W: PageWrite>(tree: &mut W, target: &Target, needed: usize) -> Result<()> {
    let node = tree.edit(&target.pointer)?;
    if node.fits(needed) != Room::AfterCompaction {
        return Ok(());
    }
    let gap_before = node.view().gap_bytes() as u32;
    node.compact();
    let page = target.pointer.page;
    emit_changed(tree, &target.pointer, |view, detail, plain| Event::PageCompacted {
        page,
        gap_before,
        gap_after: view.gap_bytes() as u32,
        after: detail.image(page, plain),
    })
}

fn write_record<W: PageWrite>(
    tree: &mut W,
    target: &Target,
    key: &[u8],
    value: CellValue<'_>,
    replaced: Option<OldValue>,
) -> Result<()> {
    let node = tree.edit(&target.pointer)?;
    let cell = match value {
        CellValue::Inline(value) => node.insert_record(target.slot, key, value),
        CellValue::Overflow { length, first } => node.insert_overflow_record(target.slot, key, length, &first),
    };
    let page = target.pointer.page;
    emit_changed(tree, &target.pointer, |view, detail, plain| Event::RecordWritten {
        page,
        slot: target.slot as u16,
        key: detail.key(key),
        value_bytes: value.len() as u32,
        replaced_bytes: replaced.map(|old| old.length as u32),
        cell_start: cell.start as u32,
        cell_end: cell.end as u32,
        free_bytes: view.free_bytes() as u32,
        after: detail.image(page, plain),
    })
}

fn emit_split<W: PageWrite>(
    tree: &W,
    left: &PagePointer,
    right: &PagePointer,
    needed: usize,
    free_bytes: usize,
    moved: Vec<Vec<u8>>,
    separator: &[u8],
) -> Result<()> {
    let (left_page, right_page) = (tree.read(left)?, tree.read(right)?);
    tree.tracer().emit(|detail| Event::PageSplit {
        page: left.page,
        level: left_page.view().level(),
        needed_bytes: needed as u32,
        free_bytes: free_bytes as u32,
        new_page: right.page,
        moved: moved.iter().map(|key| detail.key(key)).collect::<Vec<Bytes>>(),
        separator: detail.key(separator),
        after: detail.images(&[(left.page, left_page.view().bytes()), (right.page, right_page.view().bytes())]),
    });
    Ok(())
}

pub(super) fn emit_changed<W: PageWrite>(
    tree: &W,
    pointer: &PagePointer,
    event: impl FnOnce(NodeView<'_>, crate::trace::Detail, &[u8]) -> Event,
) -> Result<()> {
    let page = tree.read(pointer)?;
    let view = page.view();
    tree.tracer().emit(|detail| event(view, detail, view.bytes()));
    Ok(())
}

/// Checks a key against the limit of its page size, before anything is changed.
pub(crate) fn check_key(key: &[u8], page_size: PageSize) -> Result<()> {
    if key.is_empty() {
        return Err(Error::Misuse { why: "a key has at least one byte".to_owned() });
    }
    let limit = key_bytes_max(page_size);
    match key.len() {
        length if length > limit => {
            Err(Error::LimitExceeded { what: "the key's length in bytes", limit: limit as u64, value: length as u64 })
        }
        _ => Ok(()),
    }
}
