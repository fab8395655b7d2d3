//! The walk that finds what is certain: from a root through good seals alone, in key order.
//!
//! Where a page does not hold, the range of keys that its pointer stands for is told as lost and the walk goes on behind it. A
//! page that exactly fits its pointer and was found somewhere else is as good as in its place. A value is told as lost from the
//! first byte that is.

use super::evidence::{Evidence, Rule};
use super::mend::Source;
use crate::crypto::PlainPage;
use crate::defence::{Defence, holds};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::catalog::TreeEntry;
use crate::format::node::{CellValue, NodeView};
use crate::format::overflow::{OverflowView, overflow_data_bytes};
use crate::format::page::PageKind;
use crate::inspect::{PageSet, catalog_entry};
use crate::limits::TREE_DEPTH_MAX;
use crate::pager::check::PageUse;
use crate::types::{Bytes, PageNo, PagePointer};
use std::io::{self, Read, Seek, SeekFrom};

/// What the walk comes to.
pub(super) enum Met<'a> {
    /// A record.
    Record { key: &'a [u8], value: Value<'a>, leaf: PagePointer },
    /// A record whose long value is not whole.
    ValueLost { key: &'a [u8], value_bytes: u32, from_byte: u64, leaf: PagePointer, finding: Box<Finding> },
    /// A pointer whose page does not hold.
    Lost { from: Option<Bytes>, to: Option<Bytes>, pointer: PagePointer, finding: Box<Finding> },
    /// A page that was not in its place as it should be, and was found.
    Recovered { page: PageNo, source: Source, finding: Box<Finding> },
}

/// The value of a record.
pub(super) enum Value<'a> {
    /// In the leaf.
    Short(&'a [u8]),
    /// In a chain that is whole.
    Long { length: u32, pages: Vec<PagePointer> },
}

impl Value<'_> {
    pub fn len(&self) -> u32 {
        match self {
            Value::Short(value) => value.len() as u32,
            Value::Long { length, .. } => *length,
        }
    }
}

/// A chain that is not whole.
pub(super) struct Broken {
    pub from_byte: u64,
    pub finding: Box<Finding>,
}

/// What is told of each thing met.
pub(super) type Tell<'t> = &'t mut dyn FnMut(Met<'_>) -> Result<()>;

/// The walk of one tree.
pub(super) struct Sift<'a> {
    evidence: &'a Evidence,
    rule: Rule,
    /// Pages reached so far, in this tree and those before.
    reached: &'a mut PageSet,
    /// Branches and leaves of this tree.
    pub nodes: PageSet,
}

#[derive(Clone, Copy)]
struct Bounds<'k> {
    from: Option<&'k [u8]>,
    to: Option<&'k [u8]>,
}

impl Bounds<'_> {
    fn has(&self, key: &[u8]) -> bool {
        self.from.is_none_or(|from| from <= key) && self.to.is_none_or(|to| key < to)
    }
}

impl<'a> Sift<'a> {
    pub fn new(evidence: &'a Evidence, reached: &'a mut PageSet) -> Sift<'a> {
        Sift { evidence, rule: Rule::Current, reached, nodes: PageSet::default() }
    }

    /// Walks the tree whose root `root` names.
    pub fn tree(&mut self, root: PagePointer, tell: Tell<'_>) -> Result<()> {
        self.node(root, Bounds { from: None, to: None }, None, tell)
    }

    fn node(&mut self, pointer: PagePointer, bounds: Bounds<'_>, above: Option<u8>, tell: Tell<'_>) -> Result<()> {
        let (plain, resolved) = match self.open(pointer, bounds, above) {
            Ok((plain, resolved, recovered)) => {
                if let Some((source, finding)) = recovered {
                    tell(Met::Recovered { page: pointer.page, source, finding })?;
                }
                (plain, resolved)
            }
            Err(finding) => {
                let (from, to) = (bounds.from.map(Bytes::from), bounds.to.map(Bytes::from));
                let pointer = self.evidence.resolve(&pointer);
                return tell(Met::Lost { from, to, pointer, finding });
            }
        };
        self.reached.insert(pointer.page);
        self.nodes.insert(pointer.page);
        let view = NodeView::trusted(&plain);
        match view.kind() {
            PageKind::Branch => self.branch(&view, bounds, tell),
            _ => self.leaf(&view, resolved, tell),
        }
    }

    fn branch(&mut self, view: &NodeView<'_>, bounds: Bounds<'_>, tell: Tell<'_>) -> Result<()> {
        for slot in 0..view.slot_count() {
            let is_last = slot + 1 == view.slot_count();
            let below = Bounds {
                from: if slot == 0 { bounds.from } else { Some(view.key(slot)) },
                to: if is_last { bounds.to } else { Some(view.key(slot + 1)) },
            };
            self.node(view.child(slot), below, Some(view.level()), tell)?;
        }
        Ok(())
    }

    fn leaf(&mut self, view: &NodeView<'_>, leaf: PagePointer, tell: Tell<'_>) -> Result<()> {
        for slot in 0..view.slot_count() {
            let key = view.key(slot);
            let value = match view.cell_value(slot) {
                CellValue::Inline(value) => Ok(Value::Short(value)),
                CellValue::Overflow { length, first } => self.chain(length, first, tell)?,
            };
            match value {
                Ok(value) => tell(Met::Record { key, value, leaf })?,
                Err(Broken { from_byte, finding }) => {
                    let value_bytes = view.cell_value(slot).len() as u32;
                    tell(Met::ValueLost { key, value_bytes, from_byte, leaf, finding })?;
                }
            }
        }
        Ok(())
    }

    #[allow(clippy::type_complexity, reason = "the three parts of an opened page")]
    fn open(
        &mut self,
        pointer: PagePointer,
        bounds: Bounds<'_>,
        above: Option<u8>,
    ) -> Result<(PlainPage, PagePointer, Option<(Source, Box<Finding>)>), Box<Finding>> {
        let page = pointer.page;
        if !holds(Defence::SalvageReachedOnce, !self.reached.contains(page)) {
            let why = format!("Page {page} was reached before, by another pointer.");
            let finding = Finding::new(Code::TreeDoubleRef, why).page(page);
            return Err(Box::new(finding.expected("one pointer", "a second one")));
        }
        let opened = self.evidence.open_page(PageUse::Node, &pointer, self.rule)?;
        let view = NodeView::trusted(&opened.plain);
        check_level(&view, page, above)?;
        check_bounds(&view, page, bounds)?;
        Ok((opened.plain, opened.pointer, opened.recovered))
    }

    /// The pages of a chain, when all of it is there.
    fn chain(&mut self, length: u32, first: PagePointer, tell: Tell<'_>) -> Result<Result<Value<'static>, Broken>> {
        let mut pages = Vec::new();
        let mut recovered = Vec::new();
        let walked = walk_chain(self.evidence, self.rule, length, first, self.reached, &mut |pointer, found| {
            pages.push(pointer);
            recovered.extend(found.map(|(source, finding)| (pointer.page, source, finding)));
        });
        for (page, source, finding) in recovered {
            tell(Met::Recovered { page, source, finding })?;
        }
        Ok(walked.map(|()| Value::Long { length, pages }))
    }
}

/// Follows a chain from its first page to the end of its value; every page that holds is put into `reached` and told.
pub(super) fn walk_chain(
    evidence: &Evidence,
    rule: Rule,
    length: u32,
    first: PagePointer,
    reached: &mut PageSet,
    tell: &mut dyn FnMut(PagePointer, Option<(Source, Box<Finding>)>),
) -> Result<(), Broken> {
    let (mut ahead, mut remaining) = (Some(first), u64::from(length));
    while let Some(pointer) = ahead {
        let broken = |finding| Broken { from_byte: u64::from(length) - remaining, finding };
        let page = pointer.page;
        if !holds(Defence::SalvageReachedOnce, !reached.contains(page)) {
            let why = format!("Page {page} of a chain was reached before, by another pointer.");
            return Err(broken(Box::new(Finding::new(Code::TreeDoubleRef, why).page(page))));
        }
        let opened = evidence.open_page(PageUse::Overflow, &pointer, rule).map_err(broken)?;
        let view = OverflowView::trusted(&opened.plain);
        if !holds(Defence::SalvageChain, view.remaining() == remaining) {
            let code = if view.remaining() < remaining { Code::OvfShort } else { Code::OvfLong };
            let finding =
                Finding::new(code, format!("From page {page} on, the chain does not fit its value.")).page(page);
            let bytes = |count: u64| format!("{count} bytes of the value from here on");
            return Err(broken(Box::new(finding.expected(bytes(remaining), bytes(view.remaining())))));
        }
        reached.insert(page);
        remaining = remaining.saturating_sub(view.data().len() as u64);
        ahead = view.next();
        tell(opened.pointer, opened.recovered);
    }
    Ok(())
}

/// A child stands one level below its parent: with that no path is longer than the root's level.
fn check_level(view: &NodeView<'_>, page: PageNo, above: Option<u8>) -> Result<(), Box<Finding>> {
    let level = view.level();
    let fits = match above {
        Some(above) => above == level.saturating_add(1),
        None => usize::from(level) < TREE_DEPTH_MAX,
    };
    match holds(Defence::SalvageLevel, fits) {
        true => Ok(()),
        false => {
            let why = format!("Page {page} is authentic, but its level {level} does not fit its place.");
            Err(Box::new(Finding::new(Code::TreeDepth, why).page(page)))
        }
    }
}

/// Keys are in order in a page, so the first and the last one tell.
fn check_bounds(view: &NodeView<'_>, page: PageNo, bounds: Bounds<'_>) -> Result<(), Box<Finding>> {
    // The first key of a branch is empty, and stands for where its range begins.
    let first = usize::from(view.kind() == PageKind::Branch);
    let ends = [first, view.slot_count().saturating_sub(1)];
    let fit = |&slot: &usize| slot < first || slot >= view.slot_count() || bounds.has(view.key(slot));
    match holds(Defence::SalvageRange, ends.iter().all(fit)) {
        true => Ok(()),
        false => {
            let why = format!("Page {page} is authentic, but holds keys outside the range that its parent gives it.");
            Err(Box::new(Finding::new(Code::TreeRange, why).page(page)))
        }
    }
}

/// The entries of the catalog, names and trees in order, and its pages. What is lost of it is told as of every other tree.
pub(super) fn read_catalog(
    evidence: &Evidence,
    catalog: PagePointer,
    reached: &mut PageSet,
    tell: Tell<'_>,
) -> Result<(Vec<(String, TreeEntry)>, PageSet)> {
    let mut trees = Vec::new();
    let mut sift = Sift::new(evidence, reached);
    sift.tree(catalog, &mut |met| match met {
        Met::Record { key, value: Value::Short(value), leaf } => {
            let name = std::str::from_utf8(key).ok().filter(|name| !name.is_empty());
            match (name, TreeEntry::decode(value)) {
                (Some(name), Ok(entry)) => {
                    trees.push((name.to_owned(), entry));
                    Ok(())
                }
                _ => tell(lost_entry(key, leaf, "holds an entry that cannot be")),
            }
        }
        Met::Record { key, leaf, .. } | Met::ValueLost { key, leaf, .. } => {
            tell(lost_entry(key, leaf, "has an entry in an overflow chain"))
        }
        other => tell(other),
    })?;
    Ok((trees, sift.nodes))
}

fn lost_entry(key: &[u8], leaf: PagePointer, why: &str) -> Met<'static> {
    let mut behind = key.to_vec();
    behind.push(0);
    let finding = Finding::new(Code::TreeSlot, format!("Page {} of the catalog {why}.", leaf.page)).page(leaf.page);
    Met::Lost { from: Some(key.into()), to: Some(behind.into()), pointer: leaf, finding: Box::new(finding) }
}

/// What a leaf of a catalog says, when it looks like one: a leaf of ordinary records does not.
pub(super) fn entries_of(view: &NodeView<'_>) -> Option<Vec<(String, TreeEntry)>> {
    if view.kind() != PageKind::Leaf || view.slot_count() == 0 {
        return None;
    }
    let entry = |slot: usize| {
        let entry = catalog_entry(view, slot).ok()?;
        Some((std::str::from_utf8(view.key(slot)).ok()?.to_owned(), entry))
    };
    (0..view.slot_count()).map(entry).collect()
}

/// A long value whose chain was found whole, read in pieces.
pub(super) struct ChainBytes<'a> {
    evidence: &'a Evidence,
    pages: &'a [PagePointer],
    length: u64,
    position: u64,
    held: Option<(usize, PlainPage)>,
}

impl<'a> ChainBytes<'a> {
    pub fn new(evidence: &'a Evidence, length: u32, pages: &'a [PagePointer]) -> ChainBytes<'a> {
        ChainBytes { evidence, pages, length: length.into(), position: 0, held: None }
    }

    fn page(&mut self, index: usize) -> io::Result<&PlainPage> {
        if self.held.as_ref().is_none_or(|(held, _)| *held != index) {
            let opened = self.evidence.open_page(PageUse::Overflow, &self.pages[index], Rule::Exact);
            let opened =
                opened.map_err(|finding| io::Error::new(io::ErrorKind::InvalidData, Error::Damage(finding)))?;
            self.held = Some((index, opened.plain));
        }
        Ok(&self.held.as_ref().expect("invariant: the page was just taken in").1)
    }
}

impl Read for ChainBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        if left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let data_bytes = overflow_data_bytes(self.evidence.page_size) as u64;
        let (index, at) = ((self.position / data_bytes) as usize, (self.position % data_bytes) as usize);
        let page = self.page(index)?;
        let data = &OverflowView::trusted(page).data()[at..];
        let count = data.len().min(buffer.len());
        buffer[..count].copy_from_slice(&data[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for ChainBytes<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position =
            to.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the value's beginning"))?;
        Ok(self.position)
    }
}
