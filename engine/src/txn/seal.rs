//! Changed pages sealed for one commit: fresh nonces, children before the parents that carry their seals.

use super::Store;
use crate::crypto::{Entropy, SealedPage, draw_nonces};
use crate::defence::{Defence, is_off};
use crate::error::{Error, Result};
use crate::format::node::Node;
use crate::format::page::PageHeader;
use crate::trace::{Event, Tracer};
use crate::types::{PageNo, PagePointer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pages sealed for one commit, in the order they were sealed.
#[derive(Default)]
pub(crate) struct SealedPages {
    pub pages: Vec<(PageNo, SealedPage)>,
    pub pointers: BTreeMap<PageNo, PagePointer>,
}

impl SealedPages {
    /// Seals one page and remembers the pointer that names it.
    pub fn seal(&mut self, store: &Store, header: PageHeader, level: u8, plain: &[u8], nonce: [u8; 24]) -> PagePointer {
        let PageHeader { page, commit, .. } = header;
        let sealed = store.keys.seal_page(header.encode(), plain, nonce);
        let seal = sealed.seal();
        store.tracer.emit(|detail| Event::PageSealed {
            page,
            level,
            commit,
            seal,
            sealed: detail.data(sealed.bytes()),
        });
        let pointer = PagePointer { page, commit, seal };
        self.pages.push((page, sealed));
        self.pointers.insert(page, pointer);
        pointer
    }
}

/// Gives a branch's pointers the seals that `newest` knows.
pub(crate) fn refresh_pointers(
    node: &mut Node,
    page: PageNo,
    newest: impl Fn(PageNo) -> Option<PagePointer>,
    tracer: &Tracer,
) {
    let mut children = Vec::new();
    for slot in 0..node.view().slot_count() {
        let old = node.view().child(slot);
        match newest(old.page) {
            Some(new) if new != old => {
                node.set_child(slot, &new);
                children.push(old.page);
            }
            _ => {}
        }
    }
    if !children.is_empty() {
        tracer.emit(|detail| Event::PointersRefreshed { page, children, after: detail.image(page, node.as_bytes()) });
    }
}

/// Sixteen random bytes: two commits of equal content never have equal MACs.
pub(crate) fn random_16(entropy: &dyn Entropy, file: &str) -> Result<[u8; 16]> {
    let mut random = [0; 16];
    entropy.fill(&mut random).map_err(|source| Error::io("drawing randomness for", file, source))?;
    if is_off(Defence::CommitNeedsRandom) {
        random.fill(0);
    }
    Ok(random)
}

/// Nonces for one commit, drawn from the operating system in bulk; what is left over is thrown away with it.
pub(crate) struct NonceDraw<'a> {
    entropy: Arc<dyn Entropy>,
    file: &'a str,
    left: Vec<[u8; 24]>,
}

impl<'a> NonceDraw<'a> {
    pub fn new(entropy: Arc<dyn Entropy>, file: &'a str, count: usize) -> Result<NonceDraw<'a>> {
        let left = draw_nonces(&*entropy, count).map_err(|source| Error::io("drawing randomness for", file, source))?;
        Ok(NonceDraw { entropy, file, left })
    }

    pub fn next(&mut self) -> Result<[u8; 24]> {
        if self.left.is_empty() {
            self.left = NonceDraw::new(self.entropy.clone(), self.file, 16)?.left;
        }
        let nonce = self.left.pop().expect("invariant: nonces were drawn above");
        Ok(if is_off(Defence::NonceForEveryPage) { [0; 24] } else { nonce })
    }
}
