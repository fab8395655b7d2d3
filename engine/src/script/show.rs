//! What `show` prints: a tree, a page, the free list, the log, the disk, the superblock, … It reads as any reader does and
//! changes nothing.

use super::run::{Failure, counted, no_tree};
use super::{Runner, Show};
use crate::btree::PageRead;
use crate::error::Error;
use crate::escape::{escape, escape_word};
use crate::format::free_list::FreeTrunkView;
use crate::format::log::{
    CommitBody, LOG_HEADER_BYTES, LogHeader, RecordKind, RecordView, is_left_of_an_older_log, padded_end,
};
use crate::format::node::{CellValue, NodeView};
use crate::format::overflow::{OverflowView, overflow_data_bytes};
use crate::format::page::{PageKind, SealedView};
use crate::format::superblock::Superblock;
use crate::inspect::AtRest;
use crate::limits::{PAGE_OVERHEAD_BYTES, PAGES_START_BYTES, SUPERBLOCK_BYTES, TREE_DEPTH_MAX};
use crate::types::{PageNo, PagePointer, PageSize};
use std::sync::Arc;

impl Runner {
    pub(super) fn show(&mut self, show: &Show) -> Result<String, Failure> {
        match show {
            Show::Tree => self.show_tree(),
            Show::NamedTree(name) => self.show_named_tree(name),
            Show::Trees => self.show_trees(),
            Show::Free => self.show_free(),
            Show::Snapshots => Ok(self.show_snapshots()),
            Show::Keys => self.show_keys(),
            Show::Page(page) => self.show_page(*page),
            Show::Log => Ok(self.show_log()),
            Show::Disk => Ok(self.show_disk()),
            Show::Superblock => Ok(self.show_superblock()),
            Show::Fingerprint => self.show_fingerprint(),
        }
    }

    fn show_tree(&self) -> Result<String, Failure> {
        let view = self.view()?;
        Ok(tree_text(&view, &view.root()))
    }

    fn show_named_tree(&mut self, name: &str) -> Result<String, Failure> {
        if let Some(transaction) = self.open_writer() {
            let tree = transaction.tree(name)?;
            return tree.map_or_else(|| no_tree(name), |tree| Ok(tree_text(&tree, &tree.root())));
        }
        let snapshot = self.store()?.read();
        let tree = snapshot.tree(name)?;
        tree.map_or_else(|| no_tree(name), |tree| Ok(tree_text(&tree, &tree.root())))
    }

    fn show_trees(&self) -> Result<String, Failure> {
        let trees = self.view()?.trees()?;
        let lines: Vec<String> = trees
            .iter()
            .map(|tree| {
                let (records, pages) = (counted(tree.record_count, "record"), counted(tree.page_count.into(), "page"));
                format!("{}: {records}, {pages}", escape(tree.name.as_bytes()))
            })
            .collect();
        Ok(if lines.is_empty() { "there are no named trees".to_owned() } else { lines.join("\n") })
    }

    /// The list as the newest commit has it: an open transaction is told of by its count alone.
    fn show_free(&self) -> Result<String, Failure> {
        let free = self.view()?.free_page_count();
        let snapshot = self.store()?.read();
        let pages = match free {
            0 => "no page is free".to_owned(),
            _ => format!("{} free", counted(free.into(), "page")),
        };
        let mut lines = match self.is_writing() {
            false => vec![pages],
            true => vec![format!("{pages} in the open transaction; as commit {} left it:", snapshot.commit())],
        };
        for (trunk, listed) in snapshot.free_trunks()? {
            lines.push(format!("trunk {trunk} lists {}", page_list(&listed)));
        }
        Ok(lines.join("\n"))
    }

    fn show_snapshots(&self) -> String {
        let lines: Vec<String> = self
            .sessions()
            .iter()
            .map(|(name, snapshot)| format!("{name} sees commit {}", snapshot.commit()))
            .collect();
        if lines.is_empty() { "no snapshot lives".to_owned() } else { lines.join("\n") }
    }

    fn show_keys(&self) -> Result<String, Failure> {
        let slots = self.store()?.key_slots();
        let line = |slot: &crate::KeySlotInfo| {
            let opened = if slot.is_opened { ", which opened the store" } else { "" };
            format!("slot {}: {}{opened}", slot.slot, slot.kind)
        };
        Ok(slots.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    fn show_page(&self, wanted: PageNo) -> Result<String, Failure> {
        if self.database().is_none() {
            return self.show_sealed(wanted);
        }
        let view = self.view()?;
        let mut shown = None;
        walk(&view, &view.root(), 0, &mut |_, page, found| {
            if page == wanted {
                shown = Some(found.map(|node| node_text(page, &node)));
            }
        });
        match shown {
            Some(text) => Ok(text?),
            None => self.show_page_beside(wanted),
        }
    }

    /// A page that the main tree does not lead to, as the newest commit has it.
    fn show_page_beside(&self, wanted: PageNo) -> Result<String, Failure> {
        let snapshot = self.store()?.read();
        let trunks = snapshot.free_trunks()?;
        if let Some((trunk, _)) = trunks.iter().find(|(_, listed)| listed.contains(&wanted)) {
            return Ok(format!("page {wanted} is free: trunk {trunk} lists it"));
        }
        let file = AtRest::open(Arc::new(self.disk().clone()), &self.options().file, self.unlock().as_ref())?;
        let found = file.newest_page(wanted).ok().filter(|_| wanted.0 <= snapshot.page_count());
        let Some(found) = found else {
            return Err(Failure::Refused(format!("page {wanted} is not reached from the root")));
        };
        let opened = file.open_bytes(wanted, &found).map_err(|finding| Failure::Engine((*finding).into()))?;
        let plain: &[u8] = &opened;
        let kind = SealedView::new(&found.bytes).and_then(|sealed| sealed.header().ok()).map(|header| header.kind);
        let text = match kind {
            Some(PageKind::Overflow) => OverflowView::new(plain).map(|part| part_text(wanted, &part)),
            Some(PageKind::FreeList) => FreeTrunkView::new(plain).map(|trunk| trunk_text(wanted, &trunk)),
            _ => NodeView::new(plain).map(|node| node_text(wanted, &node)),
        };
        text.map_err(|error| Failure::Engine(error.finding(file.name(), 0).page(wanted).into()))
    }

    /// With the store closed only what stands outside the seal can be told.
    fn show_sealed(&self, page: PageNo) -> Result<String, Failure> {
        let sealed = self.sealed_page(page);
        let view = sealed.as_deref().and_then(SealedView::new);
        let Some(view) = view else {
            return Err(Failure::Refused(format!("the page file has no page {page}")));
        };
        Ok(match view.header() {
            Ok(header) => format!(
                "page {page} in the page file: {:?} of commit {}, seal {}; the store is closed, so its content stays sealed",
                header.kind,
                header.commit,
                view.seal().short()
            )
            .to_lowercase(),
            Err(_) => format!("page {page} in the page file: its header cannot be read"),
        })
    }

    fn show_log(&self) -> String {
        let bytes = self.file_bytes(&self.log_name()).unwrap_or_default();
        if bytes.is_empty() {
            return "there is no log, or an empty one".to_owned();
        }
        let head = &bytes[..bytes.len().min(LOG_HEADER_BYTES)];
        let Ok(header) = LogHeader::decode(head) else {
            return format!("{} bytes that do not begin with a log header", bytes.len());
        };
        let mut lines = vec![format!("0 header, generation {}", header.log_generation)];
        let mut offset = LOG_HEADER_BYTES;
        while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            if is_left_of_an_older_log(rest, header.log_generation) {
                lines.push(format!("{offset} {} bytes that an older generation left", rest.len()));
                break;
            }
            let Ok(record) = RecordView::decode(rest, header.shape()) else {
                lines.push(format!("{offset} {} bytes that are no record", rest.len()));
                break;
            };
            lines.push(format!("{offset} {}", record_line(&record)));
            offset += record.len();
            if record.fields().kind == RecordKind::Commit {
                offset = padded_end(offset as u64) as usize;
            }
        }
        lines.join("\n")
    }

    fn show_fingerprint(&self) -> Result<String, Failure> {
        let file = AtRest::open(Arc::new(self.disk().clone()), &self.options().file, self.unlock().as_ref())?;
        file.fingerprint_line().ok_or_else(|| Failure::Refused("nothing vouches for a newest commit".to_owned()))
    }

    fn show_disk(&self) -> String {
        let image = self.disk().image();
        let files = image.names.keys().map(|name| {
            let held = image.file(name).map_or(0, |file| file.system.len());
            match image.durable_bytes(name) {
                Some(durable) => format!("{name}: {held} bytes, of which a power cut leaves {}", durable.len()),
                None => format!("{name}: {held} bytes; a power cut takes the name away"),
            }
        });
        let waiting = image.pending().into_iter().map(|write| match write.bytes {
            0 => format!("unsynced {}: {} set to {} bytes", write.number, write.file, write.offset),
            bytes => format!("unsynced {}: {} {bytes} bytes at {}", write.number, write.file, write.offset),
        });
        files.chain(waiting).collect::<Vec<_>>().join("\n")
    }

    fn show_superblock(&self) -> String {
        let bytes = self.file_bytes(&self.options().file).unwrap_or_default();
        let head = &bytes[..bytes.len().min(PAGES_START_BYTES as usize)];
        let lines = ['A', 'B'].into_iter().zip(head.chunks(SUPERBLOCK_BYTES)).map(|(letter, slot)| {
            match Superblock::decode(slot) {
                Ok(superblock) => format!(
                    "{letter}: generation {}, commit {}, root page {} seal {}, page count {}, log generation {}{}",
                    superblock.slot_generation,
                    superblock.commit,
                    superblock.root.page,
                    superblock.root.seal.short(),
                    superblock.page_count,
                    superblock.log_generation,
                    if superblock.log_expected { ", log expected" } else { "" }
                ),
                Err(error) => format!("{letter}: {}", error.code),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

pub(super) type Visit<'v> = dyn FnMut(usize, PageNo, Result<NodeView<'_>, Error>) + 'v;

fn tree_text(reader: &dyn PageRead, root: &PagePointer) -> String {
    let mut lines = Vec::new();
    walk(reader, root, 0, &mut |depth, page, found| {
        let indent = "  ".repeat(depth);
        lines.push(match found {
            Ok(node) => format!("{indent}page {page} {}", node_line(&node)),
            Err(error) => format!("{indent}page {page} cannot be read: {}", error.code()),
        });
    });
    lines.join("\n")
}

/// Visits every page from the root down, in key order. Depth is bounded: each read checks that the levels fall.
pub(super) fn walk(view: &dyn PageRead, pointer: &PagePointer, depth: usize, visit: &mut Visit<'_>) {
    let page = match view.read(pointer) {
        Ok(page) => page,
        Err(error) => return visit(depth, pointer.page, Err(error)),
    };
    let node = page.view();
    visit(depth, pointer.page, Ok(node));
    if node.level() > 0 && depth < TREE_DEPTH_MAX {
        (0..node.slot_count()).for_each(|slot| walk(view, &node.child(slot), depth + 1, visit));
    }
}

fn node_line(node: &NodeView<'_>) -> String {
    let keys: Vec<String> =
        (0..node.slot_count()).map(|slot| key_text(node, slot)).filter(|key| !key.is_empty()).collect();
    let kind = if node.level() == 0 { "leaf".to_owned() } else { format!("branch, level {}", node.level()) };
    format!("{kind}, {} bytes free: {}", node.free_bytes(), keys.join(" ")).trim_end().to_owned()
}

/// A key; behind one whose value lies in pages of its own, how many these are.
fn key_text(node: &NodeView<'_>, slot: usize) -> String {
    let key = escape_word(node.key(slot));
    match long_value(node, slot) {
        Some((length, _)) => format!("{key}→{}", counted(chain_pages(node, length), "page")),
        None => key,
    }
}

/// Length and first page of a value that does not stand in its leaf.
fn long_value(node: &NodeView<'_>, slot: usize) -> Option<(u32, PageNo)> {
    match node.level() {
        0 => match node.cell_value(slot) {
            CellValue::Overflow { length, first } => Some((length, first.page)),
            CellValue::Inline(_) => None,
        },
        _ => None,
    }
}

fn chain_pages(node: &NodeView<'_>, length: u32) -> u64 {
    let page_size = PageSize::new((node.bytes().len() + PAGE_OVERHEAD_BYTES) as u32);
    page_size.map_or(0, |size| u64::from(length).div_ceil(overflow_data_bytes(size) as u64))
}

fn part_text(page: PageNo, part: &OverflowView<'_>) -> String {
    let next = part.next().map_or("the value ends here".to_owned(), |next| format!("goes on in page {}", next.page));
    format!("page {page} overflow, {} bytes of {} left of the value; {next}", part.data().len(), part.remaining())
}

fn trunk_text(page: PageNo, trunk: &FreeTrunkView<'_>) -> String {
    let next = trunk.next().map_or("the last trunk".to_owned(), |next| format!("then trunk {}", next.page));
    format!("page {page} free list, lists {}; {next}", page_list(&trunk.pages().collect::<Vec<_>>()))
}

/// `2 pages: 4 7`.
fn page_list(pages: &[PageNo]) -> String {
    if pages.is_empty() {
        return "no page".to_owned();
    }
    let numbers: Vec<String> = pages.iter().map(PageNo::to_string).collect();
    format!("{}: {}", counted(pages.len() as u64, "page"), numbers.join(" "))
}

fn node_text(page: PageNo, node: &NodeView<'_>) -> String {
    let mut lines = vec![format!("page {page} {}", node_line(node))];
    for slot in 0..node.slot_count() {
        let span = node.cell_span(slot);
        let cell = format!("slot {slot} bytes {}-{}:", span.start, span.end.saturating_sub(1));
        lines.push(match node.level() {
            0 => match node.cell_value(slot) {
                CellValue::Inline(value) => format!("{cell} {} = {}", escape_word(node.key(slot)), escape(value)),
                CellValue::Overflow { length, first } => format!(
                    "{cell} {} = {length} bytes in {} from page {}",
                    escape_word(node.key(slot)),
                    counted(chain_pages(node, length), "page"),
                    first.page
                ),
            },
            _ => {
                let child = node.child(slot);
                let from =
                    if slot == 0 { "below all".to_owned() } else { format!("from {}", escape_word(node.key(slot))) };
                format!("{cell} {from}: page {} of commit {}, seal {}", child.page, child.commit, child.seal.short())
            }
        });
    }
    lines.join("\n")
}

fn record_line(record: &RecordView<'_>) -> String {
    let fields = record.fields();
    match fields.kind {
        RecordKind::Page => format!("record {}: page {} of commit {}", fields.sequence, fields.page, fields.commit),
        RecordKind::Commit => {
            let body = CommitBody::decode(record.body());
            let what = match body {
                Ok(body) if body.seal_transaction => "seal transaction, commit",
                _ => "commit",
            };
            format!("record {}: {what} {}", fields.sequence, fields.commit)
        }
    }
}
