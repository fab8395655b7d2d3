//! Sealed pages that wait for their commit: in memory as far as they fit, then in a file beside the database.
//!
//! The file is made when it is first needed, holds sealed pages only, each in a slot of its own, and is removed when the
//! transaction ends. Nobody ever recovers from it: one that a crash left is removed when the database is opened for writing.

use super::pages::Sealed;
use super::seal::NonceDraw;
use super::write::WriteTxn;
use crate::crypto::SealedPage;
use crate::error::{Error, Result};
use crate::format::page::{PageHeader, PageKind};
use crate::pager::OpenedPage;
use crate::pager::check::{PageUse, Place, open_expected};
use crate::trace::{Event, PageSource};
use crate::types::{CommitNo, PageNo, PagePointer, PageSize};
use crate::vfs::{OpenMode, Vfs, VfsFile, file_name, read_exact_at, write_all_at};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The suffix that turns a page file's name into that of the file its transactions overflow to.
pub const SPILL_SUFFIX: &str = "-spill";

/// This part of the memory a transaction may take is for sealed pages that wait.
const WAITING_PART: usize = 4;
/// A transaction holds at least so many pages opened: the paths one change touches, and what they split into.
const OPENED_PAGES_MIN: usize = 64;
/// A large transaction borrows the cache's memory in steps of so many bytes.
const LENT_STEP_BYTES: usize = 1 << 20;
/// Most bytes handed to the operating system in one write.
const RUN_BYTES_MAX: usize = 1 << 20;

/// The name of the file that transactions of the database at `path` overflow to.
pub(crate) fn spill_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SPILL_SUFFIX);
    name.into()
}

/// Removes a file that a crash in the middle of a large transaction left.
pub(crate) fn remove_spill_leftover(vfs: &dyn Vfs, path: &Path) -> Result<()> {
    remove_spill_file(vfs, &spill_path(path))
}

fn remove_spill_file(vfs: &dyn Vfs, path: &Path) -> Result<()> {
    let failed = |doing: &'static str| {
        let name = file_name(path);
        move |source: io::Error| Error::io(doing, &name, source)
    };
    match vfs.exists(path).map_err(failed("looking for"))? {
        true => vfs.remove(path).map_err(failed("removing a leftover of")),
        false => Ok(()),
    }
}

/// Sealed pages in slots. A slot is given out when a page comes in and keeps that one page until it is released.
pub(super) struct Waiting {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
    page_size: PageSize,
    /// Pages that are in no file yet, by slot.
    in_memory: BTreeMap<u32, SealedPage>,
    in_memory_max: usize,
    file: Option<Arc<dyn VfsFile>>,
    slots: u32,
    free: Vec<u32>,
    /// Bytes written to the file and not told of yet.
    written_bytes: u64,
}

impl Waiting {
    /// Beside the database at `path`; at most `bytes` of pages stay in memory.
    pub fn new(vfs: Arc<dyn Vfs>, path: &Path, page_size: PageSize, bytes: usize) -> Waiting {
        Waiting {
            vfs,
            path: spill_path(path),
            page_size,
            in_memory: BTreeMap::new(),
            in_memory_max: (bytes / page_size.bytes()).max(1),
            file: None,
            slots: 0,
            free: Vec::new(),
            written_bytes: 0,
        }
    }

    /// The file's name, whether or not it is there.
    pub fn name(&self) -> String {
        file_name(&self.path)
    }

    /// Takes a page in.
    pub fn add(&mut self, page: SealedPage) -> Result<Sealed> {
        if self.in_memory.len() >= self.in_memory_max {
            self.write_out()?;
        }
        let seal = page.seal();
        let slot = self.free.pop().unwrap_or(self.slots);
        self.slots = self.slots.max(slot + 1);
        self.in_memory.insert(slot, page);
        Ok(Sealed { seal, slot })
    }

    /// The bytes of a page.
    pub fn read(&self, slot: u32) -> Result<Vec<u8>> {
        if let Some(page) = self.in_memory.get(&slot) {
            return Ok(page.bytes().to_vec());
        }
        let file = self.file.as_ref().expect("invariant: a page that waits is in memory or in the file");
        let mut bytes = vec![0; self.page_size.bytes()];
        read_exact_at(&**file, self.offset(slot), &mut bytes)
            .map_err(|source| Error::io("read", &self.name(), source))?;
        Ok(bytes)
    }

    /// Where a slot stands in the file, in bytes.
    pub fn offset(&self, slot: u32) -> u64 {
        u64::from(slot) * self.page_size.bytes() as u64
    }

    /// Gives a slot back.
    pub fn release(&mut self, slot: u32) {
        self.in_memory.remove(&slot);
        self.free.push(slot);
    }

    /// Writes what is in memory to the file, neighbours in one write.
    fn write_out(&mut self) -> Result<()> {
        let file = self.file()?;
        let mut run: Vec<u8> = Vec::new();
        let mut start = 0;
        for (&slot, page) in &self.in_memory {
            let end = start + run.len() as u64;
            if !run.is_empty() && (end != self.offset(slot) || run.len() >= RUN_BYTES_MAX) {
                self.write_run(&*file, start, &run)?;
                run.clear();
            }
            if run.is_empty() {
                start = self.offset(slot);
            }
            run.extend_from_slice(page.bytes());
        }
        self.write_run(&*file, start, &run)?;
        self.written_bytes += (self.in_memory.len() * self.page_size.bytes()) as u64;
        self.in_memory.clear();
        Ok(())
    }

    fn write_run(&self, file: &dyn VfsFile, offset: u64, bytes: &[u8]) -> Result<()> {
        write_all_at(file, offset, bytes).map_err(|source| Error::io("write", &self.name(), source))
    }

    fn file(&mut self) -> Result<Arc<dyn VfsFile>> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        // One is there when an earlier transaction could not remove its own; nobody reads it any more.
        remove_spill_file(&*self.vfs, &self.path)?;
        let file = self
            .vfs
            .open(&self.path, OpenMode::CreateNew)
            .map_err(|source| Error::io("create", &self.name(), source))?;
        self.file = Some(file.clone());
        Ok(file)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What cannot be removed now is removed before the next large transaction, or when the database is opened again.
            let _ = self.vfs.remove(&self.path);
        }
    }
}

impl WriteTxn {
    /// Seals a page for this transaction's commit.
    pub(super) fn seal(&self, kind: PageKind, page: PageNo, level: u8, plain: &[u8], nonce: [u8; 24]) -> SealedPage {
        let commit = self.commit_number();
        let sealed = self.store.keys.seal_page(PageHeader { kind, page, commit }.encode(), plain, nonce);
        self.store.tracer.emit(|detail| Event::PageSealed {
            page,
            level,
            commit,
            seal: sealed.seal(),
            sealed: detail.data(sealed.bytes()),
        });
        sealed
    }

    /// The commit that this transaction will be.
    pub(super) fn commit_number(&self) -> CommitNo {
        self.base.state.commit.next()
    }

    /// The pointer to a page that waits.
    pub(super) fn pointer_to(&self, page: PageNo, sealed: Sealed) -> PagePointer {
        PagePointer { page, commit: self.commit_number(), seal: sealed.seal }
    }

    /// Opens a page that waits, checked like any other that is read.
    pub(super) fn open_sealed(&self, asked: PageUse, page: PageNo, sealed: Sealed) -> Result<Arc<OpenedPage>> {
        let expected = self.pointer_to(page, sealed);
        let name = self.pages.waiting.name();
        let place = Place { file: &name, offset: self.pages.waiting.offset(sealed.slot) };
        let opened = match self.store.cache.get(page, sealed.seal) {
            Some(opened) => opened,
            None => {
                let bytes = self.pages.waiting.read(sealed.slot)?;
                let plain = open_expected(&self.store.keys, &bytes, &expected, place).map_err(Error::Damage)?;
                self.store.tracer.emit(|detail| Event::PageOpened {
                    page,
                    commit: expected.commit,
                    seal: expected.seal,
                    source: PageSource::Spill,
                    offset: place.offset,
                    after: detail.image(page, &plain),
                });
                let opened = Arc::new(OpenedPage { page, commit: expected.commit, seal: expected.seal, plain });
                self.store.cache.insert(opened.clone());
                opened
            }
        };
        match opened.kind() {
            kind if asked.is(kind) => Ok(opened),
            kind => Err(asked.refuse(kind, page, place, self.page_size().bytes()).into()),
        }
    }

    /// Seals opened pages and sets them aside when there are too many. Called between changes only: in the middle of one a
    /// page may be in a form that nobody could open again.
    pub(super) fn make_room(&mut self) -> Result<()> {
        let own_max = self.own_pages_max();
        let opened = self.pages.opened_len();
        if opened <= own_max {
            return Ok(());
        }
        let plain_bytes = self.page_size().plain_bytes();
        let lendable = (self.store.cache.bytes_max() / 4 * 3).min(self.memory_bytes * 3);
        let wanted = ((opened - own_max) * plain_bytes).next_multiple_of(LENT_STEP_BYTES).min(lendable);
        if wanted > self.lent_bytes {
            self.lent_bytes = wanted;
            self.store.cache.lend(wanted);
        }
        let opened_max = own_max + lendable / plain_bytes;
        match opened > opened_max {
            true => self.set_aside(opened_max / WAITING_PART),
            false => Ok(()),
        }
    }

    /// Before the commit: sealing needs as much memory again as the opened pages take, so that they go back to the
    /// transaction's own share of it, and the cache has its own back.
    pub(super) fn give_room_back(&mut self) -> Result<()> {
        let over = self.pages.opened_len().saturating_sub(self.own_pages_max());
        if over > 0 {
            self.set_aside(over)?;
        }
        self.return_lent();
        Ok(())
    }

    /// Gives the cache back what it lent.
    pub(super) fn return_lent(&mut self) {
        if std::mem::take(&mut self.lent_bytes) > 0 {
            self.store.cache.lend(0);
        }
    }

    /// How many pages the transaction may hold opened in memory of its own.
    fn own_pages_max(&self) -> usize {
        (self.memory_bytes / self.page_size().plain_bytes()).max(OPENED_PAGES_MIN)
    }

    /// Seals the `count` pages that were wanted least of late, and sets them aside.
    fn set_aside(&mut self, count: usize) -> Result<()> {
        let store = self.store.clone();
        let cold = self.pages.coldest(count);
        let mut nonces = NonceDraw::new(self.writer().entropy.clone(), store.page_file.name(), cold.len())?;
        for cold in cold {
            let opened = self.pages.cold(cold).expect("invariant: the coldest pages are opened");
            let sealed = self.seal(opened.kind(), cold.page, opened.level(), opened.as_bytes(), nonces.next()?);
            let sealed = self.pages.waiting.add(sealed)?;
            store.tracer.emit(|_| Event::PageSpilled { page: cold.page, slot: sealed.slot });
            let opened = self.pages.replace_cold(cold, sealed).expect("invariant: it was opened a moment ago");
            let PagePointer { page, commit, seal } = self.pointer_to(cold.page, sealed);
            store.cache.insert(Arc::new(OpenedPage { page, commit, seal, plain: opened.into_bytes().into() }));
        }
        store.commits.spilled(std::mem::take(&mut self.pages.waiting.written_bytes));
        Ok(())
    }

    /// The waiting pages as they go into the log. Each is checked once more, so that nothing is logged that was not sealed.
    pub(super) fn waiting_page(&self, page: PageNo, sealed: Sealed) -> Result<SealedPage> {
        let bytes = self.pages.waiting.read(sealed.slot)?;
        let name = self.pages.waiting.name();
        let place = Place { file: &name, offset: self.pages.waiting.offset(sealed.slot) };
        let expected = self.pointer_to(page, sealed);
        open_expected(&self.store.keys, &bytes, &expected, place).map_err(Error::Damage)?;
        Ok(SealedPage::adopt(bytes).expect("invariant: it was opened as a page above"))
    }

    /// How much of the memory a transaction may take is for pages that wait.
    pub(super) fn waiting_bytes(memory_bytes: usize) -> usize {
        memory_bytes / WAITING_PART
    }
}
