//! A file's bytes as shared sectors: many instants of one file cost little more than what changed between them.

use crate::limits::SECTOR_BYTES;
use std::{ops::Range, sync::Arc};

/// Longest file that is kept, in bytes; what a trace says of bytes behind it is ignored, since a trace may come from
/// anybody and must not take the machine's memory.
const FILE_BYTES_MAX: u64 = 1 << 30;

type Sector = Arc<[u8; SECTOR_BYTES]>;

/// Bytes of a file, copied on write sector by sector; cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SectorImage {
    /// Behind the end of the file the last sector is zero.
    sectors: Arc<Vec<Sector>>,
    length: u64,
}

impl From<&[u8]> for SectorImage {
    fn from(bytes: &[u8]) -> Self {
        let mut image = SectorImage::default();
        image.write(0, bytes);
        image
    }
}

impl SectorImage {
    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// True when it holds no bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// All bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        self.read(0..self.length)
    }

    /// The bytes of `range` as far as the file goes.
    pub fn read(&self, range: Range<u64>) -> Vec<u8> {
        let end = range.end.min(self.length);
        let mut bytes = Vec::new();
        let mut at = range.start;
        while at < end {
            let (sector, from) = place(at);
            let count = (SECTOR_BYTES - from).min((end - at) as usize);
            bytes.extend_from_slice(&self.sectors[sector][from..from + count]);
            at += count as u64;
        }
        bytes
    }

    /// Puts `data` at `offset`; what lies between the old end and `offset` is zero.
    pub fn write(&mut self, offset: u64, data: &[u8]) {
        let offset = offset.min(FILE_BYTES_MAX);
        let data = &data[..data.len().min((FILE_BYTES_MAX - offset) as usize)];
        if data.is_empty() {
            return;
        }
        self.set_len(self.length.max(offset + data.len() as u64));
        let sectors = Arc::make_mut(&mut self.sectors);
        let mut rest = data;
        let (mut sector, mut from) = place(offset);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(SECTOR_BYTES - from));
            Arc::make_mut(&mut sectors[sector])[from..from + now.len()].copy_from_slice(now);
            (rest, sector, from) = (later, sector + 1, 0);
        }
    }

    /// Cuts the file, or fills it up with zeros.
    pub fn set_len(&mut self, length: u64) {
        let length = length.min(FILE_BYTES_MAX);
        if length == self.length {
            return;
        }
        let sectors = Arc::make_mut(&mut self.sectors);
        let (whole, rest) = place(length);
        sectors.resize(whole + usize::from(rest > 0), Arc::new([0; SECTOR_BYTES]));
        if length < self.length && rest > 0 {
            Arc::make_mut(&mut sectors[whole])[rest..].fill(0);
        }
        self.length = length;
    }
}

/// The sector that holds a byte, and where in it.
fn place(offset: u64) -> (usize, usize) {
    let sector_bytes = SECTOR_BYTES as u64;
    ((offset / sector_bytes) as usize, (offset % sector_bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clone_keeps_what_it_had() {
        let mut image = SectorImage::from(&[1; 2000][..]);
        let before = image.clone();
        image.write(600, &[2; 10]);
        image.set_len(1000);
        assert_eq!(before.to_vec(), [1; 2000]);
        assert_eq!(image.read(599..611), [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1]);
        assert_eq!(image.read(990..5000).len(), 10);
    }

    #[test]
    fn places_no_file_can_have_are_ignored() {
        let mut image = SectorImage::default();
        image.write(u64::MAX, b"x");
        image.write(FILE_BYTES_MAX, b"x");
        assert!(image.is_empty());
        assert!(image.read(u64::MAX - 1..u64::MAX).is_empty());
    }

    #[derive(Clone, Debug)]
    enum Change {
        Write(u64, Vec<u8>),
        Length(u64),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (0..3000_u64, proptest::collection::vec(any::<u8>(), 0..1200))
                .prop_map(|(at, data)| Change::Write(at, data)),
            (0..3000_u64).prop_map(Change::Length),
        ]
    }

    proptest! {
        #[test]
        fn it_holds_what_a_plain_vector_would_hold(changes in proptest::collection::vec(change(), 0..12)) {
            let (mut image, mut plain) = (SectorImage::default(), Vec::<u8>::new());
            for change in changes {
                match change {
                    Change::Write(at, data) if !data.is_empty() => {
                        let end = at as usize + data.len();
                        plain.resize(plain.len().max(end), 0);
                        plain[at as usize..end].copy_from_slice(&data);
                        image.write(at, &data);
                    }
                    Change::Write(..) => {}
                    Change::Length(length) => {
                        plain.resize(length as usize, 0);
                        image.set_len(length);
                    }
                }
                prop_assert_eq!(image.to_vec(), &plain[..]);
            }
        }
    }
}
