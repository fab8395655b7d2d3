//! Deleting records: the cell removed, a page with too little in it merged with a neighbour or filled up from it.
//!
//! A merge takes a separator out of the parent, which may then have too little itself, and so on up; a root with one child
//! gives way to it. The tree has no page of no use: when the last record goes, one empty leaf stays.

use super::fill::{is_underfull, merged_bytes_max};
use super::insert::{OldValue, Split, emit_changed, send_up};
use super::search::descend;
use super::sibling::{Cut, Pair, is_better_than, measure, merge, move_border, remove_separator, replace_separator};
use super::{PageWrite, Step};
use crate::error::Result;
use crate::format::page::PageKind;
use crate::trace::Event;
use crate::types::PagePointer;

/// Removes a record and returns what its value was; nothing when the key is not there. The root may become another page.
pub(crate) fn delete<W: PageWrite>(tree: &mut W, root: &mut PagePointer, key: &[u8]) -> Result<Option<OldValue>> {
    let descent = descend(tree, root, key)?;
    let Ok(slot) = descent.slot else { return Ok(None) };
    let page = descent.leaf.page;
    let node = tree.edit(&descent.leaf)?;
    let old = OldValue::of(node.view(), slot);
    node.remove(slot);
    emit_changed(tree, &descent.leaf, |view, detail, plain| Event::RecordRemoved {
        page,
        slot: slot as u16,
        key: detail.key(key),
        free_bytes: view.free_bytes() as u32,
        after: detail.image(page, plain),
    })?;
    settle(tree, root, descent.steps, descent.leaf)?;
    Ok(Some(old))
}

/// Sees to a page that something was taken out of, then to the branches above it as far as they lost something in turn.
/// `steps` lead from the root to the page.
pub(super) fn settle<W: PageWrite>(
    tree: &mut W,
    root: &mut PagePointer,
    mut steps: Vec<Step>,
    mut page: PagePointer,
) -> Result<()> {
    while let Some(parent) = steps.pop() {
        if !is_underfull(tree.read(&page)?.view()) {
            return Ok(());
        }
        match remedy(tree, &parent, &page)? {
            None => {}
            Some((pair, Remedy::Merge)) => merge(tree, &pair)?,
            Some((pair, Remedy::Even(cut))) if pair.parent_has_room_for(&cut) => {
                move_border(tree, &pair, &cut)?;
                replace_separator(tree, &pair, &cut.separator)?;
            }
            Some((pair, Remedy::Even(cut))) => {
                // The longer separator is sent up like that of a split, and may split the parent.
                move_border(tree, &pair, &cut)?;
                remove_separator(tree, &pair)?;
                steps.push(pair.parent);
                return send_up(tree, root, steps, pair.left, Split::beside(pair.right, cut.separator), false);
            }
        }
        page = parent.pointer;
    }
    shrink_root(tree, root)
}

/// What helps a page with too little in it.
enum Remedy {
    Merge,
    Even(Cut),
}

/// The remedy for `page`, which is underfull, and the neighbour to take it with. Best is a merge that leaves some room;
/// then to share out evenly; to be merged without room to spare is for pages that cannot be shared out. `None` when
/// nothing makes it better, as beside a single record that fills a page.
fn remedy<W: PageWrite>(tree: &W, parent: &Step, page: &PagePointer) -> Result<Option<(Pair, Remedy)>> {
    let (used, room) = measure(tree, page)?;
    let mut pairs = Vec::new();
    for pair in Pair::around(tree, parent)? {
        pairs.push((pair.bytes_together(tree)?, pair));
    }
    pairs.sort_by_key(|(bytes, _)| *bytes);
    if pairs.first().is_some_and(|(bytes, _)| *bytes <= merged_bytes_max(room)) {
        return Ok(Some((pairs.swap_remove(0).1, Remedy::Merge)));
    }
    // The fuller neighbour gives: it has the most to give.
    pairs.reverse();
    type Accept<'a> = &'a dyn Fn(&Pair, &Cut) -> bool;
    let ways: [Option<Accept<'_>>; 4] = [
        Some(&|pair, cut| cut.fills_both(room) && pair.parent_has_room_for(cut)),
        Some(&|_, cut| cut.fills_both(room)),
        None,
        Some(&|_, cut| is_better_than(cut, used)),
    ];
    for way in ways {
        for index in 0..pairs.len() {
            let (bytes, pair) = &pairs[index];
            let found = match way {
                Some(accept) => pair.most_even_cut(tree, None, |cut| accept(pair, cut))?.map(Remedy::Even),
                None => (*bytes <= room).then_some(Remedy::Merge),
            };
            if let Some(remedy) = found {
                return Ok(Some((pairs.swap_remove(index).1, remedy)));
            }
        }
    }
    Ok(None)
}

/// A root with one child gives way to it. The child's pointer is taken as it stands, with commit and seal: no frame of the
/// log may vouch for that page.
fn shrink_root<W: PageWrite>(tree: &mut W, root: &mut PagePointer) -> Result<()> {
    loop {
        let old = *root;
        let (child, level) = {
            let page = tree.read(&old)?;
            let node = page.view();
            if node.kind() != PageKind::Branch || node.slot_count() != 1 {
                return Ok(());
            }
            (node.child(0), node.level() - 1)
        };
        tree.tracer().emit(|_| Event::RootShrank { old_root: old.page, new_root: child.page, level });
        *root = child;
        tree.free(&old)?;
    }
}
