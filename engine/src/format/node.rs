//! The plain form of a branch or leaf: slots in key order from the front, cells filled from the back, a gap between.
//!
//! ```text
//! | header 16 | slot 0 | slot 1 | …   gap   … | cell | hole | cell | cell |
//!                                              ^ cells_start              ^ plain size
//! ```
//!
//! [`NodeView`] reads, [`Node`] changes. Bytes from a file pass [`NodeView::new`] once, which checks every invariant;
//! what changes a node keeps them, so that reading never checks again. Which key belongs into which node, and when to
//! split, is the tree's work. A change hands back the bytes it wrote, for those who show them.

mod check;

use super::error::DecodeError;
use super::page::{POINTER_BYTES, PageKind, decode_pointer, encode_pointer};
use super::read_u32;
use crate::limits::{PAGE_OVERHEAD_BYTES, PAGE_SIZE_BYTES_MAX, VALUE_BYTES_MAX};
use crate::types::{PagePointer, PageSize};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

/// Size of a node's header, in bytes.
pub const HEADER_BYTES: usize = 16;
/// Size of a slot, in bytes.
pub const SLOT_BYTES: usize = 8;
/// What a leaf cell takes besides its key and value, in bytes.
pub const LEAF_CELL_BYTES: usize = 4;
/// Set in the value length of a leaf cell whose value lies in an overflow chain; the other 31 bits are its length.
pub(crate) const OVERFLOW_BIT: u32 = 1 << 31;
/// What a branch cell takes besides its key, in bytes.
pub const BRANCH_CELL_BYTES: usize = POINTER_BYTES;
/// The largest plain form, in bytes. Offsets and counts of bytes fit 16 bits, the end included.
const PLAIN_BYTES_MAX: usize = PAGE_SIZE_BYTES_MAX as usize - PAGE_OVERHEAD_BYTES;
const _: () = assert!(PLAIN_BYTES_MAX <= u16::MAX as usize);

pub(crate) mod header_place {
    super::super::field::fields! { super::HEADER_BYTES;
        KIND        0 1 "kind" Number Identity "1 branch, 2 leaf: equals the sealed header's";
        LEVEL       1 1 "level" Number Identity "0 leaf, parents of leaves 1, and so on";
        SLOT_COUNT  2 2 "slot_count" Number Length "slots, and so cells";
        CELLS_START 4 2 "cells_start" Number Length "lowest byte of any cell; the plain size when there is none";
        FREE_BYTES  6 2 "free_bytes" Number Length "the gap between slots and cells, and holes among the cells";
        ZERO        8 8 "zero" Zero Free "reserved";
    }
}

pub(crate) mod slot_place {
    super::super::field::fields! { super::SLOT_BYTES;
        OFFSET     0 2 "offset" Number Pointer "where the cell starts";
        KEY_LENGTH 2 2 "key_length" Number Length "of the key in the cell, in bytes";
        HEAD       4 4 "head" Hex Payload "first four key bytes, zero filled: most searches end here";
    }
}

/// The bytes a record's cell takes, its slot not counted.
pub fn record_cell_bytes(key_len: usize, value_len: usize) -> usize {
    LEAF_CELL_BYTES + key_len + value_len
}

/// The bytes the cell of a record takes whose value lies in an overflow chain, its slot not counted.
pub fn overflow_cell_bytes(key_len: usize) -> usize {
    record_cell_bytes(key_len, POINTER_BYTES)
}

/// Whether a record's value stands in its leaf: when key and value together take at most a quarter of a plain page, or the
/// value at most the 28 bytes of the pointer that would stand there instead. So a leaf always holds two records.
pub fn value_is_inline(page_size: PageSize, key_len: usize, value_len: usize) -> bool {
    is_inline(page_size.plain_bytes(), key_len, value_len)
}

fn is_inline(plain_bytes: usize, key_len: usize, value_len: usize) -> bool {
    value_len <= POINTER_BYTES || key_len.saturating_add(value_len) <= plain_bytes / 4
}

/// The bytes a child's cell takes, its slot not counted.
pub fn child_cell_bytes(key_len: usize) -> usize {
    BRANCH_CELL_BYTES + key_len
}

/// Longest key, in bytes: a quarter of a plain page, so that a branch always holds at least two separators.
pub fn key_bytes_max(page_size: PageSize) -> usize {
    page_size.plain_bytes() / 4
}

/// Longest key and value together, in bytes: one record must fit a leaf by itself.
pub fn record_bytes_max(page_size: PageSize) -> usize {
    page_size.plain_bytes() - HEADER_BYTES - SLOT_BYTES - LEAF_CELL_BYTES
}

/// Where the value of a record is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CellValue<'a> {
    /// In the cell.
    Inline(&'a [u8]),
    /// In a chain of overflow pages.
    Overflow {
        /// The value's length, in bytes.
        length: u32,
        /// The first page of the chain.
        first: PagePointer,
    },
}

impl fmt::Debug for CellValue<'_> {
    /// Says nothing of the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CellValue::Inline(value) => write!(f, "Inline({} bytes)", value.len()),
            CellValue::Overflow { length, first } => write!(f, "Overflow({length} bytes from page {})", first.page),
        }
    }
}

impl CellValue<'_> {
    /// The value's length, in bytes, wherever it is.
    #[allow(clippy::len_without_is_empty, reason = "an empty value is a value like others")]
    pub fn len(&self) -> usize {
        match self {
            CellValue::Inline(value) => value.len(),
            CellValue::Overflow { length, .. } => *length as usize,
        }
    }
}

/// A branch or leaf, read.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 1 | kind | 1 branch, 2 leaf: equals the sealed header's |
/// | 1 | 1 | level | 0 leaf, parents of leaves 1, … |
/// | 2 | 2 | slot_count | |
/// | 4 | 2 | cells_start | lowest byte of any cell; the plain size when there is none |
/// | 6 | 2 | free_bytes | all free bytes: the gap between slots and cells, and holes among the cells |
/// | 8 | 8 | zero | |
/// | 16 | 8 × n | slots | in key order: cell offset u16, key length u16, key head: first four key bytes, zero filled |
/// | … | | gap | zero |
/// | cells_start | | cells | leaf cell: value length u32, key, value. Branch cell: page pointer 28, key |
///
/// In a leaf cell, bit 31 of the value length says that the value lies in an overflow chain: the other 31 bits are its
/// length, and in the cell stands the 28-byte pointer of the chain's first page instead.
///
/// Slot 0 of a branch has an empty key and leads to everything below slot 1's key. A hole is filled with zeros.
#[derive(Clone, Copy)]
pub struct NodeView<'a> {
    plain: &'a [u8],
}

impl<'a> NodeView<'a> {
    /// A view of `plain` after every invariant was checked: `PAGE-KIND`, `TREE-SLOT`, `TREE-ORDER`.
    pub fn new(plain: &'a [u8]) -> Result<NodeView<'a>, DecodeError> {
        let node = NodeView::structure(plain)?;
        check::keys(node)?;
        Ok(node)
    }

    /// A view of `plain` after its cells were told apart; what stands in them may be in no order.
    pub(crate) fn structure(plain: &'a [u8]) -> Result<NodeView<'a>, DecodeError> {
        check::header(plain)?;
        let node = NodeView { plain };
        check::bounds(node)?;
        check::cells(node)?;
        Ok(node)
    }

    /// A view of bytes that [`NodeView::new`] accepted before, or that a [`Node`] holds.
    pub fn trusted(plain: &'a [u8]) -> NodeView<'a> {
        NodeView { plain }
    }

    /// The whole plain form.
    pub fn bytes(&self) -> &'a [u8] {
        self.plain
    }

    /// The same node, to be changed.
    pub fn to_node(&self) -> Node {
        Node { plain: self.plain.to_vec() }
    }

    /// Branch or leaf.
    pub fn kind(&self) -> PageKind {
        match header_place::KIND.u8(self.plain) {
            byte if byte == PageKind::Branch as u8 => PageKind::Branch,
            _ => PageKind::Leaf,
        }
    }

    /// Levels above the leaves.
    pub fn level(&self) -> u8 {
        header_place::LEVEL.u8(self.plain)
    }

    /// How many slots there are.
    pub fn slot_count(&self) -> usize {
        header_place::SLOT_COUNT.u16(self.plain).into()
    }

    /// The lowest byte of any cell.
    pub fn cells_start(&self) -> usize {
        header_place::CELLS_START.u16(self.plain).into()
    }

    /// All free bytes, holes included.
    pub fn free_bytes(&self) -> usize {
        header_place::FREE_BYTES.u16(self.plain).into()
    }

    /// The free bytes between slots and cells.
    pub fn gap_bytes(&self) -> usize {
        self.cells_start() - self.slots_end()
    }

    /// The key in slot `slot`; empty in slot 0 of a branch.
    pub fn key(&self, slot: usize) -> &'a [u8] {
        &self.plain[self.key_span(slot)]
    }

    /// The value of the record in slot `slot` of a leaf, or where it is.
    pub fn cell_value(&self, slot: usize) -> CellValue<'a> {
        assert_eq!(self.kind(), PageKind::Leaf, "only a leaf has values");
        match self.value_length_word(slot) {
            word if word & OVERFLOW_BIT == 0 => CellValue::Inline(self.value(slot)),
            word => CellValue::Overflow { length: word & !OVERFLOW_BIT, first: decode_pointer(self.value(slot)) },
        }
    }

    /// Whether the value of the record in slot `slot` of a leaf lies in an overflow chain.
    pub(crate) fn is_long(&self, slot: usize) -> bool {
        self.value_length_word(slot) & OVERFLOW_BIT != 0
    }

    /// What stands behind the key in the cell of slot `slot` of a leaf: the value, unless [`NodeView::cell_value`] says
    /// that it lies in an overflow chain; then the pointer to that.
    pub fn value(&self, slot: usize) -> &'a [u8] {
        &self.plain[self.key_span(slot).end..self.cell_span(slot).end]
    }

    /// The page that slot `slot` of a branch leads to.
    pub fn child(&self, slot: usize) -> PagePointer {
        assert_eq!(self.kind(), PageKind::Branch, "only a branch has children");
        decode_pointer(&self.plain[self.cell_span(slot)])
    }

    /// The bytes of the cell of slot `slot`.
    pub fn cell_span(&self, slot: usize) -> Range<usize> {
        let start = self.cell_offset(slot);
        start..start + self.cell_bytes(slot)
    }

    /// The bytes of slot `slot`.
    pub fn slot_span(&self, slot: usize) -> Range<usize> {
        let start = HEADER_BYTES + slot * SLOT_BYTES;
        start..start + SLOT_BYTES
    }

    /// The bytes of the key in the cell of slot `slot`.
    pub fn key_span(&self, slot: usize) -> Range<usize> {
        let start = self.cell_offset(slot) + self.before_key_bytes();
        start..start + self.key_bytes(slot)
    }

    /// The slot of `key`, or the slot it would be inserted at. Heads decide most comparisons without a look at a cell.
    pub fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let head = head_of(key);
        let (mut low, mut high) = (0, self.slot_count());
        while low < high {
            let middle = low + (high - low) / 2;
            let order = self.head(middle).cmp(&head).then_with(|| self.key(middle).cmp(key));
            match order {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// The slot of a branch that leads to `key`: the last whose key is not past it.
    pub fn child_slot(&self, key: &[u8]) -> usize {
        match self.search(key) {
            Ok(slot) => slot,
            // Slot 0 has the empty key, so nothing sorts before it.
            Err(slot) => slot.saturating_sub(1),
        }
    }

    fn slots_end(&self) -> usize {
        self.slot_span(self.slot_count()).start
    }

    fn slot_bytes(&self, slot: usize) -> &'a [u8] {
        &self.plain[self.slot_span(slot)]
    }

    fn cell_offset(&self, slot: usize) -> usize {
        slot_place::OFFSET.u16(self.slot_bytes(slot)).into()
    }

    fn key_bytes(&self, slot: usize) -> usize {
        slot_place::KEY_LENGTH.u16(self.slot_bytes(slot)).into()
    }

    fn head(&self, slot: usize) -> [u8; 4] {
        *slot_place::HEAD.array(self.slot_bytes(slot))
    }

    /// What stands before the key in a cell: the value length, or the pointer.
    fn before_key_bytes(&self) -> usize {
        match self.kind() {
            PageKind::Branch => BRANCH_CELL_BYTES,
            _ => LEAF_CELL_BYTES,
        }
    }

    /// The first four bytes of a leaf's cell.
    fn value_length_word(&self, slot: usize) -> u32 {
        read_u32(self.plain, self.cell_offset(slot))
    }

    fn cell_bytes(&self, slot: usize) -> usize {
        let value_bytes = match self.kind() {
            PageKind::Branch => 0,
            _ => match self.value_length_word(slot) {
                word if word & OVERFLOW_BIT == 0 => word as usize,
                _ => POINTER_BYTES,
            },
        };
        (self.before_key_bytes() + self.key_bytes(slot)).saturating_add(value_bytes)
    }

    /// Slots in the order of their cells in the page.
    pub(crate) fn slots_by_offset(&self) -> impl Iterator<Item = usize> + use<> {
        // Offset and slot in one number each: every opened page is sorted so.
        let place = |slot: usize| (self.cell_offset(slot) as u64) << 32 | slot as u64;
        let mut places: Vec<u64> = (0..self.slot_count()).map(place).collect();
        places.sort_unstable();
        places.into_iter().map(|place| (place & u64::from(u32::MAX)) as usize)
    }
}

impl fmt::Debug for NodeView<'_> {
    /// Says nothing of keys and values: a message may end up where the database's readers are not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({}, level {}, {} slots, ", self.kind(), self.level(), self.slot_count())?;
        write!(f, "{} bytes free)", self.free_bytes())
    }
}

/// First four key bytes, zero filled. Padded heads order as their keys do, as far as they differ.
fn head_of(key: &[u8]) -> [u8; 4] {
    let mut head = [0; 4];
    let shared = key.len().min(4);
    head[..shared].copy_from_slice(&key[..shared]);
    head
}

/// Whether a cell finds room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// In the gap, at once.
    Gap,
    /// When the holes were joined to the gap.
    AfterCompaction,
    /// Not in this node.
    None,
}

/// A branch or leaf, to be changed.
///
/// Every change keeps the invariants of [`NodeView::new`] but two that are the tree's to restore: a branch is empty
/// when it is new, and has a first key after its slot 0 was removed (see [`Node::empty_first_key`]).
#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    plain: Vec<u8>,
}

impl Node {
    /// An empty node of `plain_bytes` bytes.
    pub fn new(kind: PageKind, level: u8, plain_bytes: usize) -> Node {
        assert!(matches!(kind, PageKind::Branch | PageKind::Leaf), "a node is a branch or a leaf");
        assert_eq!(level == 0, kind == PageKind::Leaf, "level 0 is the leaves'");
        assert!((HEADER_BYTES..=PLAIN_BYTES_MAX).contains(&plain_bytes), "a plain form of a size pages have");
        let mut node = Node { plain: vec![0; plain_bytes] };
        header_place::KIND.put(&mut node.plain, &[kind as u8]);
        header_place::LEVEL.put(&mut node.plain, &[level]);
        node.put_cells_start(plain_bytes);
        node.put_free_bytes(plain_bytes - HEADER_BYTES);
        node
    }

    /// The node that `plain` is, after every invariant was checked.
    pub fn from_plain(plain: Vec<u8>) -> Result<Node, DecodeError> {
        NodeView::new(&plain)?;
        Ok(Node { plain })
    }

    /// The node, to read.
    pub fn view(&self) -> NodeView<'_> {
        NodeView::trusted(&self.plain)
    }

    /// The plain form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.plain
    }

    /// The plain form.
    pub fn into_bytes(self) -> Vec<u8> {
        self.plain
    }

    /// Where a cell would find room. `cell_bytes_with_slot` counts the 8 bytes of its slot.
    pub fn fits(&self, cell_bytes_with_slot: usize) -> Room {
        match cell_bytes_with_slot {
            needed if needed <= self.view().gap_bytes() => Room::Gap,
            needed if needed <= self.view().free_bytes() => Room::AfterCompaction,
            _ => Room::None,
        }
    }

    /// Moves all cells to the end, slot 0's last, so that every free byte is in the gap.
    pub fn compact(&mut self) {
        let free_bytes = self.view().free_bytes();
        self.keep(self.view().slot_count());
        debug_assert_eq!(self.view().free_bytes(), free_bytes);
    }

    /// Keeps the first `slot_count` slots, compacted.
    fn keep(&mut self, slot_count: usize) {
        let view = self.view();
        let mut kept = Node::new(view.kind(), view.level(), self.plain.len());
        for slot in 0..slot_count {
            kept.append(&view.slot_content(slot));
        }
        *self = kept;
    }

    /// Puts a record into a leaf as slot `slot`; the gap must have room for cell and slot. Returns the cell's bytes.
    pub fn insert_record(&mut self, slot: usize, key: &[u8], value: &[u8]) -> Range<usize> {
        assert_eq!(self.view().kind(), PageKind::Leaf, "a record goes into a leaf");
        let value_bytes = u32::try_from(value.len()).expect("invariant: a value fits its page");
        self.insert_cell(slot, key, &[&value_bytes.to_le_bytes(), key, value])
    }

    /// Puts a record into a leaf as slot `slot`, whose value of `length` bytes lies in the overflow chain that begins with
    /// `first`; the gap must have room for cell and slot. Returns the cell's bytes.
    pub fn insert_overflow_record(
        &mut self,
        slot: usize,
        key: &[u8],
        length: u32,
        first: &PagePointer,
    ) -> Range<usize> {
        assert_eq!(self.view().kind(), PageKind::Leaf, "a record goes into a leaf");
        assert!(length <= VALUE_BYTES_MAX, "a value as long as values may be");
        let word = length | OVERFLOW_BIT;
        self.insert_cell(slot, key, &[&word.to_le_bytes(), key, &encode_pointer(first)])
    }

    /// Puts a child into a branch as slot `slot`; the gap must have room for cell and slot. Returns the cell's bytes.
    pub fn insert_child(&mut self, slot: usize, key: &[u8], child: &PagePointer) -> Range<usize> {
        assert_eq!(self.view().kind(), PageKind::Branch, "a child goes into a branch");
        self.insert_cell(slot, key, &[&encode_pointer(child), key])
    }

    /// Takes slot `slot` out and fills its cell with zeros.
    pub fn remove(&mut self, slot: usize) {
        let cell = self.view().cell_span(slot);
        let free_bytes = self.view().free_bytes() + cell.len() + SLOT_BYTES;
        self.plain[cell].fill(0);
        self.close_slot(slot);
        self.put_free_bytes(free_bytes);
        // The cell may have been the lowest; then the gap reaches up to the next one.
        let view = self.view();
        let lowest = (0..view.slot_count()).map(|slot| view.cell_offset(slot)).min();
        self.put_cells_start(lowest.unwrap_or(self.plain.len()));
    }

    /// Replaces the value of the record in slot `slot` of a leaf, in place, by one of the same length.
    pub fn set_value(&mut self, slot: usize, value: &[u8]) {
        let span = self.view().key_span(slot).end..self.view().cell_span(slot).end;
        self.plain[span].copy_from_slice(value);
    }

    /// Replaces the pointer in slot `slot` of a branch, in place.
    pub fn set_child(&mut self, slot: usize, child: &PagePointer) {
        assert_eq!(self.view().kind(), PageKind::Branch, "only a branch has children");
        let start = self.view().cell_span(slot).start;
        self.plain[start..start + POINTER_BYTES].copy_from_slice(&encode_pointer(child));
    }

    /// Makes the first key of a branch the empty key, as the first key of a branch must be.
    pub fn empty_first_key(&mut self) {
        let child = self.view().child(0);
        self.remove(0);
        self.insert_compacting(0, &Content { key: Vec::new(), rest: Rest::Child(child) });
    }

    /// Moves slots `from_slot` and up to the end of `other`, and compacts this node. `other` must have room. The first
    /// child of an empty branch comes without its key: whoever splits a branch has read it as the separator.
    pub fn move_tail_to(&mut self, from_slot: usize, other: &mut Node) {
        assert_eq!(self.view().kind(), other.view().kind(), "nodes of one kind");
        let slot_count = self.view().slot_count();
        for slot in from_slot..slot_count {
            let mut content = self.view().slot_content(slot);
            if matches!(content.rest, Rest::Child(_)) && other.view().slot_count() == 0 {
                content.key.clear();
            }
            other.append(&content);
        }
        self.keep(from_slot);
    }

    fn append(&mut self, content: &Content) {
        self.insert_compacting(self.view().slot_count(), content);
    }

    fn insert_compacting(&mut self, slot: usize, content: &Content) {
        if self.fits(content.cell_bytes() + SLOT_BYTES) == Room::AfterCompaction {
            self.compact();
        }
        match &content.rest {
            Rest::Value(value) => self.insert_record(slot, &content.key, value),
            Rest::Overflow(length, first) => self.insert_overflow_record(slot, &content.key, *length, first),
            Rest::Child(child) => self.insert_child(slot, &content.key, child),
        };
    }

    fn insert_cell(&mut self, slot: usize, key: &[u8], parts: &[&[u8]]) -> Range<usize> {
        let cell_bytes: usize = parts.iter().map(|part| part.len()).sum();
        let view = self.view();
        assert!(slot <= view.slot_count(), "slots follow one another");
        assert!(cell_bytes + SLOT_BYTES <= view.gap_bytes(), "the gap has room for cell and slot");
        let free_bytes = view.free_bytes() - cell_bytes - SLOT_BYTES;
        let start = view.cells_start() - cell_bytes;
        self.put_cells_start(start);
        self.put_free_bytes(free_bytes);
        self.open_slot(slot, start, key);
        let mut end = start;
        for part in parts {
            self.plain[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        }
        start..end
    }

    fn open_slot(&mut self, slot: usize, cell_offset: usize, key: &[u8]) {
        let (at, slots_end) = (self.view().slot_span(slot), self.view().slots_end());
        self.plain.copy_within(at.start..slots_end, at.end);
        let bytes = &mut self.plain[at];
        let key_bytes = u16::try_from(key.len()).expect("invariant: a key fits its page");
        slot_place::OFFSET.put(bytes, &fit(cell_offset).to_le_bytes());
        slot_place::KEY_LENGTH.put(bytes, &key_bytes.to_le_bytes());
        slot_place::HEAD.put(bytes, &head_of(key));
        self.put_slot_count(self.view().slot_count() + 1);
    }

    fn close_slot(&mut self, slot: usize) {
        let (at, slots_end) = (self.view().slot_span(slot), self.view().slots_end());
        self.plain.copy_within(at.end..slots_end, at.start);
        self.plain[slots_end - SLOT_BYTES..slots_end].fill(0);
        self.put_slot_count(self.view().slot_count() - 1);
    }

    fn put_slot_count(&mut self, slot_count: usize) {
        header_place::SLOT_COUNT.put(&mut self.plain, &fit(slot_count).to_le_bytes());
    }

    fn put_cells_start(&mut self, cells_start: usize) {
        header_place::CELLS_START.put(&mut self.plain, &fit(cells_start).to_le_bytes());
    }

    fn put_free_bytes(&mut self, free_bytes: usize) {
        header_place::FREE_BYTES.put(&mut self.plain, &fit(free_bytes).to_le_bytes());
    }
}

fn fit(number: usize) -> u16 {
    u16::try_from(number).expect("invariant: counts and offsets inside a plain form fit 16 bits")
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

/// What a slot stands for, taken out of its node.
struct Content {
    key: Vec<u8>,
    rest: Rest,
}

enum Rest {
    Value(Vec<u8>),
    Overflow(u32, PagePointer),
    Child(PagePointer),
}

impl Content {
    fn cell_bytes(&self) -> usize {
        match &self.rest {
            Rest::Value(value) => record_cell_bytes(self.key.len(), value.len()),
            Rest::Overflow(..) => overflow_cell_bytes(self.key.len()),
            Rest::Child(_) => child_cell_bytes(self.key.len()),
        }
    }
}

impl NodeView<'_> {
    fn slot_content(&self, slot: usize) -> Content {
        let rest = match self.kind() {
            PageKind::Branch => Rest::Child(self.child(slot)),
            _ => match self.cell_value(slot) {
                CellValue::Inline(value) => Rest::Value(value.to_vec()),
                CellValue::Overflow { length, first } => Rest::Overflow(length, first),
            },
        };
        Content { key: self.key(slot).to_vec(), rest }
    }
}
