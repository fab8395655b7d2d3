//! The page file: two superblock slots and sealed pages. It takes and gives sealed bytes only.

use crate::crypto::SealedPage;
use crate::error::{Error, Result};
use crate::limits::SUPERBLOCK_BYTES;
use crate::types::{PageNo, PageSize};
use crate::vfs::{VfsFile, read_up_to, write_all_at};
use std::sync::Arc;

pub(crate) struct PageFile {
    file: Arc<dyn VfsFile>,
    name: String,
    page_size: PageSize,
}

impl PageFile {
    pub fn new(file: Arc<dyn VfsFile>, name: String, page_size: PageSize) -> PageFile {
        PageFile { file, name, page_size }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// The bytes that stand where `page` should: fewer than a page where the file ends before.
    pub fn read(&self, page: PageNo) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.page_size.bytes()];
        let read = read_up_to(&*self.file, self.page_size.offset_of(page), &mut bytes)
            .map_err(|source| Error::io("read", &self.name, source))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Writes pages that stand side by side, the first at `first`, in one call.
    pub fn write_run(&self, first: PageNo, pages: &[SealedPage]) -> Result<()> {
        let bytes: Vec<u8> = pages.iter().flat_map(|page| page.bytes()).copied().collect();
        write_all_at(&*self.file, self.page_size.offset_of(first), &bytes)
            .map_err(|source| Error::io("write", &self.name, source))
    }

    /// Writes one superblock slot: 0 for A, 1 for B.
    pub fn write_superblock(&self, slot: u8, bytes: &[u8]) -> Result<()> {
        assert_eq!(bytes.len(), SUPERBLOCK_BYTES);
        write_all_at(&*self.file, u64::from(slot) * SUPERBLOCK_BYTES as u64, bytes)
            .map_err(|source| Error::io("write", &self.name, source))
    }

    /// The file itself, for copying it whole.
    pub fn raw(&self) -> &dyn VfsFile {
        &*self.file
    }

    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|source| Error::io("sync", &self.name, source))
    }
}
