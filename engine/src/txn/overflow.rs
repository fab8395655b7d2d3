//! Long values: written tail first into pages of their own, given back with the record they belong to, read in pieces.

use super::seal::NonceDraw;
use super::write::WriteTxn;
use crate::btree::{Chain, ChainPlace, ChainRead};
use crate::error::{Error, Result};
use crate::format::overflow::{encode_overflow, overflow_data_bytes};
use crate::format::page::PageKind;
use crate::limits::VALUE_BYTES_MAX;
use crate::pager::OpenedPage;
use crate::trace::Event;
use crate::types::{PageNo, PagePointer};
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Bytes of a value that are held in memory at once while it is written.
const PIECE_BYTES: usize = 1 << 18;

/// Most pages of a chain that a reader remembers, to go back without beginning again.
const PLACES_MAX: u32 = 256;

/// What a value is put from, in pieces.
pub(super) trait Source: Read + Seek {}
impl<T: Read + Seek + ?Sized> Source for T {}

/// Fails as the limit of a value's length, when it is over that.
pub(super) fn check_value_bytes(length: u64) -> Result<u32> {
    match u32::try_from(length) {
        Ok(length) if length <= VALUE_BYTES_MAX => Ok(length),
        _ => Err(Error::LimitExceeded {
            what: "the value's length in bytes",
            limit: VALUE_BYTES_MAX.into(),
            value: length,
        }),
    }
}

/// An error of whoever hands a value over.
pub(super) fn source_failed(source: io::Error) -> Error {
    Error::io("reading a value from its source", "value", source)
}

impl WriteTxn {
    /// Writes the `length` bytes that `source` has from `start` on into a chain of pages: their numbers are taken first, then
    /// they are sealed from the tail, each with the seal of the one behind it.
    pub(super) fn write_chain(&mut self, length: u32, source: &mut dyn Source, start: u64) -> Result<Chain> {
        let data_bytes = overflow_data_bytes(self.page_size());
        let count = (length as usize).div_ceil(data_bytes);
        let numbers = (0..count).map(|_| self.take_page()).collect::<Result<Vec<PageNo>>>()?;
        let at_once = (PIECE_BYTES / data_bytes).max(1);
        let mut next = PagePointer::NULL;
        let mut end = count;
        while end > 0 {
            let first = (end - 1) / at_once * at_once;
            let offset = (first * data_bytes) as u64;
            let bytes = (u64::from(length) - offset).min(((end - first) * data_bytes) as u64);
            let mut piece = vec![0; bytes as usize];
            source.seek(SeekFrom::Start(start + offset)).map_err(source_failed)?;
            source.read_exact(&mut piece).map_err(source_failed)?;
            next = self.write_piece(&numbers[first..end], &piece, u64::from(length) - offset, next)?;
            end = first;
        }
        let (first, pages) = (next, count as u32);
        self.store.tracer.emit(|_| Event::ValueWritten { first: first.page, pages, bytes: length.into() });
        Ok(Chain { length, first })
    }

    /// Writes one piece into its pages, the last first; `remaining` counts from the piece's first byte to the value's end.
    fn write_piece(
        &mut self,
        pages: &[PageNo],
        piece: &[u8],
        remaining: u64,
        tail: PagePointer,
    ) -> Result<PagePointer> {
        let store = self.store.clone();
        let data_bytes = overflow_data_bytes(self.page_size());
        let mut nonces = NonceDraw::new(self.writer().entropy.clone(), store.page_file.name(), pages.len())?;
        let mut next = tail;
        for (index, (&page, data)) in pages.iter().zip(piece.chunks(data_bytes)).enumerate().rev() {
            let remaining = remaining - (index * data_bytes) as u64;
            let plain = encode_overflow(self.page_size().plain_bytes(), data, remaining, &next);
            store.tracer.emit(|detail| Event::OverflowWritten {
                page,
                data_bytes: data.len() as u32,
                remaining_bytes: remaining,
                next: next.page,
                after: detail.image(page, &plain),
            });
            let sealed = self.seal(PageKind::Overflow, page, 0, &plain, nonces.next()?);
            let sealed = self.pages.waiting.add(sealed)?;
            self.pages.insert_sealed(page, sealed);
            next = self.pointer_to(page, sealed);
        }
        Ok(next)
    }

    /// Gives the pages of a value back that no record has any more.
    pub(super) fn free_chain(&mut self, chain: Chain) -> Result<()> {
        let mut place = chain.start();
        let mut at = place.next;
        while chain.step(self, &mut place)?.is_some() {
            self.give_back(at.page)?;
            at = place.next;
        }
        let (first, pages) = (chain.first.page, place.pages);
        self.store.tracer.emit(|_| Event::ValueFreed { first, pages });
        Ok(())
    }
}

/// A value read in pieces, one page of the file at a time: [`Read`] and [`Seek`]. Damage on the way is an [`io::Error`] of
/// kind `InvalidData` that holds the [`Error`].
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
/// use std::io::{Read, Seek, SeekFrom};
/// db.write(|tx| tx.put(b"picture", &[7; 1_000_000]))?;
/// let snapshot = db.read();
/// let mut reader = snapshot.reader(b"picture")?.unwrap();
/// let mut end = Vec::new();
/// reader.seek(SeekFrom::End(-3))?;
/// reader.read_to_end(&mut end)?;
/// assert_eq!((reader.len(), end), (1_000_000, vec![7; 3]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ValueReader<'a> {
    bytes: Bytes<'a>,
    length: u64,
    position: u64,
}

enum Bytes<'a> {
    Inline(super::read::Value<'a>),
    Chain(ChainReader<'a>),
}

struct ChainReader<'a> {
    reader: &'a dyn ChainRead,
    chain: Chain,
    /// The page held, and where in the value its data begins.
    page: Option<(Arc<OpenedPage>, u64)>,
    /// Where to go on behind it.
    place: ChainPlace,
    /// Places passed, in order, to go back to.
    passed: Vec<ChainPlace>,
}

impl<'a> ValueReader<'a> {
    pub(super) fn inline(value: super::read::Value<'a>) -> ValueReader<'a> {
        ValueReader { length: value.len() as u64, bytes: Bytes::Inline(value), position: 0 }
    }

    pub(super) fn chain(reader: &'a dyn ChainRead, chain: Chain) -> ValueReader<'a> {
        let place = chain.start();
        let bytes = Bytes::Chain(ChainReader { reader, chain, page: None, place, passed: vec![place] });
        ValueReader { bytes, length: chain.length.into(), position: 0 }
    }

    /// The value's length, in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// True for a value of no bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl Read for ValueReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.position >= self.length {
            return Ok(0);
        }
        let count = match &mut self.bytes {
            Bytes::Inline(value) => copy(&value[self.position as usize..], buffer),
            Bytes::Chain(chain) => chain.read(self.position, buffer).map_err(|error| match error {
                Error::Io { source, .. } => source,
                other => io::Error::new(io::ErrorKind::InvalidData, other),
            })?,
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for ValueReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position =
            position.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a place before the value's start"))?;
        Ok(self.position)
    }
}

impl fmt::Debug for ValueReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueReader({} of {} bytes read)", self.position, self.length)
    }
}

impl ChainReader<'_> {
    /// Reads from a position inside the value, up to the end of the page it is in.
    fn read(&mut self, position: u64, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if let Some((page, start)) = &self.page {
                let data = page.overflow().data();
                if (*start..start + data.len() as u64).contains(&position) {
                    return Ok(copy(&data[(position - start) as usize..], buffer));
                }
            }
            if position < self.place.offset {
                let nearest = self.passed.iter().rfind(|place| place.offset <= position);
                self.place = nearest.copied().unwrap_or_else(|| self.chain.start());
            }
            let start = self.place.offset;
            match self.chain.step(self.reader, &mut self.place)? {
                Some(page) => self.page = Some((page, start)),
                None => return Ok(0),
            }
            self.remember();
        }
    }

    /// Keeps a place now and then: every one in a short chain, at most some hundreds in a long one.
    fn remember(&mut self) {
        let data_bytes = self.passed.get(1).map_or(self.place.offset, |place| place.offset).max(1);
        let pages = (u64::from(self.chain.length) / data_bytes) as u32;
        let apart = pages.div_ceil(PLACES_MAX).max(1);
        let last = self.passed.last().map_or(0, |place| place.pages);
        if self.place.pages >= last + apart || self.passed.len() == 1 {
            self.passed.push(self.place);
        }
    }
}

fn copy(from: &[u8], buffer: &mut [u8]) -> usize {
    let count = from.len().min(buffer.len());
    buffer[..count].copy_from_slice(&from[..count]);
    count
}
