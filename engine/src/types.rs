//! Ids, places and sizes that every room shares. Newtypes, so that a page number is never taken for a commit number.

use crate::escape;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, sync::Arc};

/// The number of a page in the page file, counted from 1. Zero means "no page".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageNo(pub u32);

impl PageNo {
    /// "No page": what a null pointer names.
    pub const NONE: PageNo = PageNo(0);

    /// True for [`PageNo::NONE`].
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for PageNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a commit, counted from 1; 0 is the empty database as it was created.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitNo(pub u64);

impl CommitNo {
    /// The commit after this one.
    pub fn next(self) -> CommitNo {
        CommitNo(self.0 + 1)
    }
}

impl fmt::Display for CommitNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The seal of a page: the 16-byte tag its cipher left. A pointer that carries it can tell a current page from an old one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seal(pub [u8; 16]);

impl Seal {
    /// The first four bytes as hex in two groups, enough for a person to compare: `5d81 20c4`.
    pub fn short(&self) -> String {
        format!("{} {}", hex::encode(&self.0[..2]), hex::encode(&self.0[2..4]))
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({self})")
    }
}

impl Serialize for Seal {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Seal {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let mut seal = [0; 16];
        hex::decode_to_slice(&text, &mut seal).map_err(serde::de::Error::custom)?;
        Ok(Seal(seal))
    }
}

/// The 16 random bytes a page file and its log share; a copy made by backup or compact gets new ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub [u8; 16]);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({self})")
    }
}

/// The 16 random bytes drawn with the data key, that key slots are bound to. A copy of the file keeps them, and with them
/// every key slot byte for byte. In format 1 the file id took their place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KeySet(pub [u8; 16]);

impl fmt::Display for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({self})")
    }
}

/// How one page names another: its number, the commit that sealed it and its seal. All zero is the null pointer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct PagePointer {
    /// The page named.
    pub page: PageNo,
    /// The commit whose version of the page is meant.
    pub commit: CommitNo,
    /// The seal of that version.
    pub seal: Seal,
}

impl PagePointer {
    /// The pointer to nothing.
    pub const NULL: PagePointer = PagePointer { page: PageNo::NONE, commit: CommitNo(0), seal: Seal([0; 16]) };

    /// True when the pointer names no page.
    pub fn is_null(&self) -> bool {
        self.page.is_none()
    }
}

/// A page size in bytes: a power of two from 512 to 65536.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageSize(u32);

impl PageSize {
    /// 512 bytes: a split comes after six puts of 60 bytes and a page fits a screen.
    pub const TOY: PageSize = PageSize(512);
    /// 4096 bytes.
    pub const DEFAULT: PageSize = PageSize(4096);

    /// Checks that `bytes` is a size a page may have.
    pub fn new(bytes: u32) -> Option<PageSize> {
        let fits = (crate::limits::PAGE_SIZE_BYTES_MIN..=crate::limits::PAGE_SIZE_BYTES_MAX).contains(&bytes);
        (fits && bytes.is_power_of_two()).then_some(PageSize(bytes))
    }

    /// The size of a sealed page in the file, in bytes.
    pub fn bytes(self) -> usize {
        self.0 as usize
    }

    /// The size as it is stored.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The size of the plain form, in bytes: what is left after nonce, header and tag.
    pub fn plain_bytes(self) -> usize {
        self.bytes() - crate::limits::PAGE_OVERHEAD_BYTES
    }

    /// Where page `page` starts in the page file, in bytes.
    pub fn offset_of(self, page: PageNo) -> u64 {
        assert!(!page.is_none(), "page 0 has no place in the file");
        crate::limits::PAGES_START_BYTES + (u64::from(page.0) - 1) * u64::from(self.0)
    }
}

impl Default for PageSize {
    fn default() -> Self {
        PageSize::DEFAULT
    }
}

/// A key, a value or a page image inside an event: shared, printed as escaped text, stored in a trace as hex.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub Arc<[u8]>);

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(bytes.into())
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape::escape(&self.0))
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{self}\"")
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        hex::decode(text).map(Bytes::from).map_err(serde::de::Error::custom)
    }
}
