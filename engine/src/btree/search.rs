//! The way down: from the root to the leaf where a key stands or would stand.

use super::{PageRead, PageRef, Step, with_path};
use crate::defence::{Defence, holds};
use crate::error::Result;
use crate::finding::{Code, Finding};
use crate::format::page::PageKind;
use crate::limits::TREE_DEPTH_MAX;
use crate::trace::Event;
use crate::types::PagePointer;

/// Where a descent ended.
pub(crate) struct Descent {
    /// The branches passed, the root first.
    pub steps: Vec<Step>,
    /// The leaf.
    pub leaf: PagePointer,
    /// The slot of the key, or where it would stand.
    pub slot: Result<usize, usize>,
}

/// Looks `key` up; the leaf and the slot it stands in.
pub(crate) fn get<'a, R: PageRead + ?Sized>(
    reader: &'a R,
    root: &PagePointer,
    key: &[u8],
) -> Result<Option<(PageRef<'a>, usize)>> {
    let descent = descend(reader, root, key)?;
    let Ok(slot) = descent.slot else { return Ok(None) };
    Ok(Some((reader.read(&descent.leaf)?, slot)))
}

/// Goes down from `root` to the leaf for `key`.
pub(crate) fn descend<R: PageRead + ?Sized>(reader: &R, root: &PagePointer, key: &[u8]) -> Result<Descent> {
    let mut steps: Vec<Step> = Vec::new();
    let mut trail = Vec::new();
    let mut pointer = *root;
    loop {
        let page = reader
            .read(&pointer)
            .and_then(|page| check_level(page, &pointer, steps.last()))
            .map_err(|error| with_path(error, &reader.root_holder(), &trail, pointer.page))?;
        let node = page.view();
        if node.kind() == PageKind::Leaf {
            let slot = node.search(key);
            reader.tracer().emit(|detail| Event::LeafSearched {
                page: pointer.page,
                key: detail.key(key),
                slot: slot.unwrap_or_else(|slot| slot) as u16,
                found: slot.is_ok(),
            });
            return Ok(Descent { steps, leaf: pointer, slot });
        }
        let slot = node.child_slot(key);
        let child = node.child(slot);
        reader.tracer().emit(|detail| Event::BranchSearched {
            page: pointer.page,
            level: node.level(),
            key: detail.key(key),
            slot: slot as u16,
            separator: detail.key(node.key(slot)),
            child: child.page,
        });
        trail.push((pointer.page, slot, node.key(slot).to_vec()));
        steps.push(Step { pointer, level: node.level(), slot });
        pointer = child;
    }
}

/// Reads a page that stands at `level`, as its parent says.
pub(crate) fn read_at_level<'a, R: PageRead + ?Sized>(
    reader: &'a R,
    pointer: &PagePointer,
    level: u8,
) -> Result<PageRef<'a>> {
    let page = reader.read(pointer)?;
    let parent = Step { pointer: PagePointer::NULL, level: level.saturating_add(1), slot: 0 };
    check_level(page, pointer, Some(&parent))
}

/// A child stands exactly one level below its parent: this also ends every cycle, whatever the pointers say.
pub(crate) fn check_level<'a>(page: PageRef<'a>, pointer: &PagePointer, parent: Option<&Step>) -> Result<PageRef<'a>> {
    level_fits(page.view().level(), pointer, parent.map(|step| step.level))?;
    Ok(page)
}

/// Whether a page of this level may stand below a parent of that level; without one it is a root.
pub(crate) fn level_fits(level: u8, pointer: &PagePointer, parent: Option<u8>) -> Result<()> {
    let fits = match parent {
        Some(parent) => parent.checked_sub(1) == Some(level),
        None => usize::from(level) < TREE_DEPTH_MAX,
    };
    if holds(Defence::TreeLevel, fits) {
        return Ok(());
    }
    let expected = match parent {
        Some(parent) => format!("level {}", parent.saturating_sub(1)),
        None => format!("a level below {TREE_DEPTH_MAX}"),
    };
    Err(Finding::new(
        Code::TreeDepth,
        format!("Page {} is authentic, but its level does not fit its place.", pointer.page),
    )
    .page(pointer.page)
    .expected(expected, format!("level {level}"))
    .lost("The records below this page.")
    .next("Keep a copy of this file; this is a defect of the writer.")
    .into())
}
