//! What salvage tells: what became of every record that was found, which key ranges are lost, and what was decided on the way.

use crate::escape::{escape, escape_word};
use crate::finding::Finding;
use crate::transfer::Digest;
use crate::types::{Bytes, CommitNo, PageNo};
use serde::{Serialize, Serializer};
use std::fmt;

/// Most records, ranges, values and pages that a report lists of each; how many there are, it tells of all.
pub const LISTED_MAX: usize = 10_000;

/// What a record found is worth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Status {
    /// Every pointer from the vouched root down to it carries the seal of the page it names: it is what the commit held.
    Certain,
    /// It stands in an authentic page that nothing good points to any more: it may well be the newest, and nothing proves it.
    Unplaced,
    /// It stands in an older version of a page that is lost: the value was once true, and may have been changed or deleted since.
    Stale,
    /// The record is certain and its long value is not whole. Nothing of the value is put anywhere.
    ValueLost,
}

impl Status {
    /// As it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Certain => "certain",
            Status::Unplaced => "unplaced",
            Status::Stale => "stale",
            Status::ValueLost => "value-lost",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The tree of the source that a record was in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum TreeOf {
    /// The main tree.
    Main,
    /// The tree of this name.
    Named(Bytes),
    /// The tree of named trees itself: what is lost there are whole trees.
    Catalog,
    /// Nothing that is left tells which.
    Unknown,
}

impl fmt::Display for TreeOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TreeOf::Main => f.write_str("the main tree"),
            TreeOf::Named(name) => write!(f, "the tree {}", escape_word(name)),
            TreeOf::Catalog => f.write_str("the catalog of named trees"),
            TreeOf::Unknown => f.write_str("a tree that nothing names any more"),
        }
    }
}

impl Serialize for TreeOf {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown {
            sort: &'static str,
            name: Option<String>,
        }
        let (sort, name) = match self {
            TreeOf::Main => ("main", None),
            TreeOf::Named(name) => ("named", Some(escape(name))),
            TreeOf::Catalog => ("catalog", None),
            TreeOf::Unknown => ("unknown", None),
        };
        Shown { sort, name }.serialize(s)
    }
}

fn as_text<S: Serializer>(bytes: &Bytes, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&escape(bytes))
}

fn as_text_or_null<S: Serializer>(bytes: &Option<Bytes>, s: S) -> Result<S::Ok, S::Error> {
    bytes.as_ref().map(|bytes| escape(bytes)).serialize(s)
}

/// What became of one record. Keys are serialised as escaped text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Fate {
    /// What it is worth.
    pub status: Status,
    /// The tree it was in.
    pub tree: TreeOf,
    /// Its key.
    #[serde(serialize_with = "as_text")]
    pub key: Bytes,
    /// The length of its value, in bytes.
    pub value_bytes: u32,
    /// The page it stands in.
    pub page: PageNo,
    /// The commit that sealed that version of the page.
    pub commit: CommitNo,
    /// The tree of the new file that it is put into; `None` when it is left out. The main tree's name is empty.
    pub put_into: Option<String>,
    /// Of a value that is lost: the first byte that is, and why.
    pub why: Option<String>,
}

/// Keys of which nobody can tell the records: all that the page of one pointer led to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct LostRange {
    /// The tree.
    pub tree: TreeOf,
    /// No key below this is meant; `None`: from the first key on.
    #[serde(serialize_with = "as_text_or_null")]
    pub from: Option<Bytes>,
    /// Keys from this one up are not meant; `None`: to the last key.
    #[serde(serialize_with = "as_text_or_null")]
    pub to: Option<Bytes>,
    /// The page that the pointer names.
    pub page: PageNo,
    /// What is wrong with it.
    pub finding: Finding,
}

impl LostRange {
    /// Whether `key` is in it.
    pub fn has(&self, key: &[u8]) -> bool {
        self.from.as_deref().is_none_or(|from| from <= key) && self.to.as_deref().is_none_or(|to| key < to)
    }
}

impl fmt::Display for LostRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from.as_deref().map(escape_word), self.to.as_deref().map(escape_word)) {
            (None, None) => f.write_str("every key")?,
            (None, Some(to)) => write!(f, "keys before {to}")?,
            (Some(from), None) => write!(f, "keys from {from} up")?,
            (Some(from), Some(to)) => write!(f, "keys from {from} to before {to}")?,
        }
        write!(f, " of {}", self.tree)
    }
}

/// Something that opening refuses, or passes over, and what salvage did instead.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Choice {
    /// What is wrong.
    pub finding: Finding,
    /// What was done instead.
    pub instead: String,
    /// What may be missing or old by that; `None` when nothing is.
    pub may_lose: Option<String>,
}

/// The state that the certain records are of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct SalvagedState {
    /// The commit.
    pub commit: CommitNo,
    /// What holds the pointer to the root: `superblock A`, `commit 3`.
    pub root_holder: String,
    /// Its fingerprint line, without what it says of keys.
    pub fingerprint: String,
    /// Whether it is the newest that the files tell of. That the files are the newest there are, only an anchor tells.
    pub is_newest: bool,
}

/// One tree, counted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct TreeCount {
    /// The tree.
    pub tree: TreeOf,
    /// Records by the count that is stored of it.
    pub stored: u64,
    /// Records that are certain and whole.
    pub certain: u64,
    /// Records whose long value is lost.
    pub values_lost: u64,
    /// Records in lost ranges, by the stored count: exactly so many, unless that is wrong.
    pub lost: u64,
    /// Whether counting and the stored number can both be right.
    pub fits: bool,
}

/// How a page was had that is not in its place as it should be. Each time it opened under the seal in its pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RecoveredBy {
    /// It stands whole in another place of the two files.
    Place,
    /// It stands in its place under a header, or with a seal, that was changed: the pointer tells both.
    Header,
    /// It stands in its place, and with one bit turned back it is whole.
    Bit {
        /// The byte of the page, counted from 0.
        byte: u32,
        /// The bit of it, 0 the lowest.
        bit: u8,
    },
    /// It stands whole in another file that was named.
    Beside,
}

impl fmt::Display for RecoveredBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecoveredBy::Place | RecoveredBy::Beside => f.write_str("it stands whole"),
            RecoveredBy::Header => f.write_str("with header and seal put right it is whole"),
            RecoveredBy::Bit { byte, bit } => write!(f, "with bit {bit} of byte {byte} turned back it is whole"),
        }
    }
}

/// A page that was not in its place as it should be, and was had all the same: its records are certain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct RecoveredPage {
    /// The page.
    pub page: PageNo,
    /// The file it was found in.
    pub file: String,
    /// The first byte of it there.
    pub byte: u64,
    /// How it was had.
    pub how: RecoveredBy,
    /// What is wrong with its own place.
    pub finding: Finding,
}

/// Totals.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// Records that are certain and whole: all are put into the new file.
    pub certain: u64,
    /// Authentic records without a place.
    pub unplaced: u64,
    /// Records of older versions of lost pages.
    pub stale: u64,
    /// Certain records whose long value is lost.
    pub values_lost: u64,
    /// Key ranges that are lost.
    pub lost_ranges: u64,
    /// Records in lost ranges by the stored counts, where all of those are known.
    pub lost_records: Option<u64>,
    /// Pages that were not in their places as they should be, and were had all the same.
    pub recovered_pages: u64,
}

/// The file that was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct SalvagedFile {
    /// Its newest commit.
    pub commit: CommitNo,
    /// Its fingerprint line.
    pub fingerprint: String,
    /// Records of all trees.
    pub records: u64,
    /// Named trees.
    pub trees: u32,
    /// Pages.
    pub pages: u32,
    /// Bytes.
    pub bytes: u64,
    /// What was put in, as one number: what was read back from the closed file has the same.
    #[serde(serialize_with = "digest_text")]
    pub digest: Digest,
}

fn digest_text<S: Serializer>(digest: &Digest, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&digest.to_string())
}

/// Whether anything is lost, as one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Every record of the newest state is in the new file.
    Whole,
    /// So it is; but something beside the records is damaged, or a page had to be recovered.
    RecordsWhole,
    /// Records are lost, or may be.
    Lost,
}

/// What salvage found, decided and made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct LossReport {
    /// The source's name, without folders.
    pub source: String,
    /// Whether anything is lost.
    pub verdict: Verdict,
    /// What the certain records are of; `None` when nothing vouches for any root, and no record is certain.
    pub state: Option<SalvagedState>,
    /// What opening would refuse, and what was done instead.
    pub choices: Vec<Choice>,
    /// Totals.
    pub totals: Totals,
    /// The trees that the state names, the main one first.
    pub trees: Vec<TreeCount>,
    /// What is wrong beside records: the free list, which the new file does not take over.
    pub beside: Vec<Finding>,
    /// Lost key ranges: the first [`LISTED_MAX`].
    pub lost_ranges: Vec<LostRange>,
    /// Pages that were recovered: the first [`LISTED_MAX`].
    pub recovered: Vec<RecoveredPage>,
    /// Records that are not certain, or whose value is lost: the first [`LISTED_MAX`].
    pub others: Vec<Fate>,
    /// Records that are certain: the first [`LISTED_MAX`].
    pub certain: Vec<Fate>,
    /// What was not looked at, and why.
    pub not_looked_at: Vec<String>,
    /// The file that was made.
    pub result: SalvagedFile,
}
