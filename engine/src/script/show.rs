//! What `show` prints: the tree, a page, the log, the disk, the superblock. It reads as any reader does and changes nothing.

use super::run::{Failure, View};
use super::{Runner, Show};
use crate::btree::PageRead;
use crate::error::Error;
use crate::escape::{escape, escape_word};
use crate::format::log::padded_end;
use crate::format::log::{CommitBody, LOG_HEADER_BYTES, LogHeader, RecordKind, RecordView, is_left_of_an_older_log};
use crate::format::node::NodeView;
use crate::format::page::SealedView;
use crate::format::superblock::Superblock;
use crate::limits::{PAGES_START_BYTES, SUPERBLOCK_BYTES, TREE_DEPTH_MAX};
use crate::types::{PageNo, PagePointer};

impl Runner {
    pub(super) fn show(&self, show: Show) -> Result<String, Failure> {
        match show {
            Show::Tree => self.show_tree(),
            Show::Page(page) => self.show_page(page),
            Show::Log => Ok(self.show_log()),
            Show::Disk => Ok(self.show_disk()),
            Show::Superblock => Ok(self.show_superblock()),
        }
    }

    fn show_tree(&self) -> Result<String, Failure> {
        let view = self.view()?;
        let mut lines = Vec::new();
        walk(&view, &view.root(), 0, &mut |depth, page, found| {
            let indent = "  ".repeat(depth);
            lines.push(match found {
                Ok(node) => format!("{indent}page {page} {}", node_line(&node)),
                Err(error) => format!("{indent}page {page} cannot be read: {}", error.code()),
            });
        });
        Ok(lines.join("\n"))
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
            None => Err(Failure::Refused(format!("page {wanted} is not reached from the root"))),
        }
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

type Visit<'v> = dyn FnMut(usize, PageNo, Result<NodeView<'_>, Error>) + 'v;

/// Visits every page from the root down, in key order. Depth is bounded: each read checks that the levels fall.
fn walk(view: &View<'_>, pointer: &PagePointer, depth: usize, visit: &mut Visit<'_>) {
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
        (0..node.slot_count()).map(|slot| escape_word(node.key(slot))).filter(|key| !key.is_empty()).collect();
    let kind = if node.level() == 0 { "leaf".to_owned() } else { format!("branch, level {}", node.level()) };
    format!("{kind}, {} bytes free: {}", node.free_bytes(), keys.join(" ")).trim_end().to_owned()
}

fn node_text(page: PageNo, node: &NodeView<'_>) -> String {
    let mut lines = vec![format!("page {page} {}", node_line(node))];
    for slot in 0..node.slot_count() {
        let span = node.cell_span(slot);
        let cell = format!("slot {slot} bytes {}-{}:", span.start, span.end.saturating_sub(1));
        lines.push(match node.level() {
            0 => format!("{cell} {} = {}", escape_word(node.key(slot)), escape(node.value(slot))),
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
