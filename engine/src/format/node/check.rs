//! What a node from a file must pass before anything trusts it. Each check may rely on those before it.

use super::{CellValue, HEADER_BYTES, NodeView, PLAIN_BYTES_MAX, SLOT_BYTES, head_of, header_place, is_inline};
use crate::finding::Code;
use crate::format::error::{DecodeError, preview};
use crate::format::field::{check_zeros, nonzero};
use crate::format::is_zero;
use crate::format::page::PageKind;
use crate::format::page::pointer_place::PAGE;
use crate::limits::{TREE_DEPTH_MAX, VALUE_BYTES_MAX};
use std::ops::Range;

/// Kind, level and reserved bytes.
pub(super) fn header(plain: &[u8]) -> Result<(), DecodeError> {
    use header_place as place;
    if !(HEADER_BYTES..=PLAIN_BYTES_MAX).contains(&plain.len()) {
        let (expected, found) =
            (format!("{HEADER_BYTES} to {PLAIN_BYTES_MAX} bytes"), format!("{} bytes", plain.len()));
        let why = "No page has a plain form of this size.";
        return Err(DecodeError::new(Code::TreeSlot, 0..plain.len(), expected, found, why));
    }
    let (kind, level) = (place::KIND.u8(plain), place::LEVEL.u8(plain));
    if kind != PageKind::Branch as u8 && kind != PageKind::Leaf as u8 {
        return Err(place::KIND.error(Code::PageKind, "1 or 2", kind));
    }
    if (level == 0) != (kind == PageKind::Leaf as u8) || usize::from(level) > TREE_DEPTH_MAX {
        let expected = format!("0 in a leaf, 1 to {TREE_DEPTH_MAX} in a branch");
        return Err(place::LEVEL.error(Code::PageKind, expected, level));
    }
    check_zeros(place::FIELDS, plain, Code::TreeSlot)
}

/// Slots lie inside the page and before the cells, each cell between there and the end.
pub(super) fn bounds(node: NodeView) -> Result<(), DecodeError> {
    let (slots_end, end) = (node.slots_end(), node.plain.len());
    if slots_end > end {
        let most = (end - HEADER_BYTES) / SLOT_BYTES;
        return Err(header_place::SLOT_COUNT.error(Code::TreeSlot, format!("at most {most}"), node.slot_count()));
    }
    if !(slots_end..=end).contains(&node.cells_start()) {
        let expected = format!("{slots_end} to {end}");
        return Err(header_place::CELLS_START.error(Code::TreeSlot, expected, node.cells_start()));
    }
    (0..node.slot_count()).try_for_each(|slot| cell_bounds(node, slot))
}

fn cell_bounds(node: NodeView, slot: usize) -> Result<(), DecodeError> {
    let (start, end) = (node.cell_offset(slot), node.plain.len());
    let key_end = start + node.before_key_bytes() + node.key_bytes(slot);
    let inside = start >= node.cells_start() && key_end <= end;
    // The value's length is read only when it is sure to lie inside.
    if inside && node.cell_bytes(slot) <= end - start {
        return Ok(());
    }
    let expected = format!("a cell within {}..{end}", node.cells_start());
    let found = match inside {
        true => format!("a value of {} bytes in a cell at {start}", value_bytes(node, slot)),
        false => format!("a cell at {start} with a key of {} bytes", node.key_bytes(slot)),
    };
    let why = format!("Slot {slot} names a cell that is not inside the page.");
    Err(DecodeError::new(Code::TreeSlot, node.slot_span(slot), expected, found, why))
}

fn value_bytes(node: NodeView, slot: usize) -> usize {
    node.cell_bytes(slot) - node.before_key_bytes() - node.key_bytes(slot)
}

/// No cell over another, the lowest at `cells_start`, everything between them zero, and the sum as the header has it.
pub(super) fn cells(node: NodeView) -> Result<(), DecodeError> {
    let mut free = node.slots_end()..node.slots_end();
    let mut free_bytes = 0;
    let mut slots = node.slots_by_offset().peekable();
    let lowest = slots.peek().map_or(node.plain.len(), |&slot| node.cell_offset(slot));
    if lowest != node.cells_start() {
        return Err(header_place::CELLS_START.error(Code::TreeSlot, lowest, node.cells_start()));
    }
    for slot in slots {
        let cell = node.cell_span(slot);
        if cell.start < free.start {
            let why = format!("The cell of slot {slot} lies over another.");
            let expected = format!("a cell from {} on", free.start);
            return Err(DecodeError::new(Code::TreeSlot, node.slot_span(slot), expected, cell.start, why));
        }
        free.end = cell.start;
        free_bytes += free_between(node, free)?;
        free = cell.end..cell.end;
    }
    free.end = node.plain.len();
    free_bytes += free_between(node, free)?;
    match free_bytes == node.free_bytes() {
        true => Ok(()),
        false => Err(header_place::FREE_BYTES.error(Code::TreeSlot, free_bytes, node.free_bytes())),
    }
}

fn free_between(node: NodeView, free: Range<usize>) -> Result<usize, DecodeError> {
    match free.is_empty() || is_zero(&node.plain[free.clone()]) {
        true => Ok(free.len()),
        false => Err(nonzero(node.plain, free, Code::TreeSlot, "Free bytes of a page are zero.")),
    }
}

/// Heads equal the keys, keys ascend, values in overflow chains belong there, and a branch's first key is empty and its children are pages.
pub(super) fn keys(node: NodeView) -> Result<(), DecodeError> {
    let mut previous: &[u8] = &[];
    for slot in 0..node.slot_count() {
        let key = node.key(slot);
        if node.head(slot) != head_of(key) {
            let (expected, found) = (preview(&head_of(key)), preview(&node.head(slot)));
            let why = format!("The head in slot {slot} is not the beginning of its key.");
            return Err(DecodeError::new(Code::TreeSlot, node.slot_span(slot), expected, found, why));
        }
        if slot > 0 && previous >= key {
            let expected = format!("a key past {}", preview(previous));
            let why = format!("The key of slot {slot} does not follow that of slot {}.", slot - 1);
            return Err(DecodeError::new(Code::TreeOrder, node.key_span(slot), expected, preview(key), why));
        }
        previous = key;
    }
    match node.kind() {
        PageKind::Branch => children(node),
        _ => values(node),
    }
}

/// A value lies in an overflow chain only when it must, and the chain has a first page.
fn values(node: NodeView) -> Result<(), DecodeError> {
    for slot in (0..node.slot_count()).filter(|&slot| node.is_long(slot)) {
        let CellValue::Overflow { length, first } = node.cell_value(slot) else { continue };
        let (cell, key) = (node.cell_span(slot), node.key_span(slot));
        let fits_inline = is_inline(node.plain.len(), key.len(), length as usize);
        if fits_inline || length > VALUE_BYTES_MAX {
            let expected = match fits_inline {
                true => format!("over {} bytes of key and value together", node.plain.len() / 4),
                false => format!("a value of at most {VALUE_BYTES_MAX} bytes"),
            };
            let why = format!("The value of slot {slot} cannot lie in an overflow chain.");
            let found = format!("{length} bytes");
            return Err(DecodeError::new(Code::TreeSlot, cell.start..key.start, expected, found, why));
        }
        if first.is_null() {
            let why = format!("The value of slot {slot} lies in an overflow chain that has no first page.");
            let place = key.end..key.end + PAGE.end();
            return Err(DecodeError::new(Code::TreeSlot, place, "a page", "page 0", why));
        }
    }
    Ok(())
}

fn children(node: NodeView) -> Result<(), DecodeError> {
    if node.slot_count() == 0 {
        return Err(header_place::SLOT_COUNT.error(Code::TreeSlot, "at least 1 in a branch", 0));
    }
    if !node.key(0).is_empty() {
        let why = "Slot 0 of a branch leads to everything below slot 1, so its key is empty.";
        let found = preview(node.key(0));
        return Err(DecodeError::new(Code::TreeOrder, node.key_span(0), "an empty key", found, why));
    }
    for slot in 0..node.slot_count() {
        if node.child(slot).is_null() {
            let why = format!("Slot {slot} of a branch leads to no page.");
            let start = node.cell_span(slot).start;
            let place = start..start + PAGE.end();
            return Err(DecodeError::new(Code::TreeSlot, place, "a page", "page 0", why));
        }
    }
    Ok(())
}
