//! Import: an export read into a database, in commits of some megabytes.
//!
//! It goes on where an earlier run of the same export ended: a record that is there with the same value is passed over. A record
//! with another value, and one that the export does not have, are refused, unless it is told to merge. So is an export whose
//! keys are not in order, a line that cannot be, and one that ends without its last line or with a wrong one. Whatever was
//! committed by then stays. What the database has is read through the transaction itself, so no snapshot keeps a checkpoint waiting
//! meanwhile. Memory: one record, some keys, and what a transaction and the cache hold.

use super::digest::{Digest, Digesting};
use super::lines::{Line, Lines};
use super::walk::{content, pieces};
use crate::db::Database;
use crate::defence::{Defence, holds, is_off};
use crate::error::{Error, Result};
use crate::txn::{ValueReader, WriteTxn};
use crate::types::PageSize;
use std::collections::VecDeque;
use std::io::BufRead;
use std::ops::Bound;

/// A commit is made when so many bytes of keys and values have been put.
const BATCH_BYTES: u64 = 4 << 20;

/// What to do about records that are in the database already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Existing {
    /// The same value is passed over; another one, and a record that the export does not have, are refused.
    #[default]
    MustAgree,
    /// The export's value replaces another one, and records that the export does not have stay.
    Merge,
}

/// What was imported.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ImportReport {
    /// Records put.
    pub put: u64,
    /// Records that were there with the same value.
    pub passed_over: u64,
    /// Named trees of the export.
    pub trees: u32,
    /// The digest of the export, which is that of the database when nothing was merged.
    pub digest: Digest,
}

/// An export that is being read: first its header, so that a database can be made for it, then the rest.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
/// use tosumu::transfer::{Existing, Import, export};
/// db.write(|tx| tx.put(b"k", b"v"))?;
/// let mut text = Vec::new();
/// export(&db.read(), db.page_size(), &mut text)?;
/// let import = Import::begin(&text[..])?;
/// let copy = tosumu::Options::new().page_size(import.page_size()).create_new(folder.path().join("b.tsm"))?;
/// let report = import.run(&copy, Existing::MustAgree).map_err(|failure| failure.error)?;
/// assert_eq!(report.put, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Import<R> {
    lines: Lines<R>,
    page_size: PageSize,
}

/// Why an import ended early, and how far it came.
#[derive(Debug)]
pub struct ImportFailure {
    /// Why.
    pub error: Error,
    /// The line that was being read.
    pub line: u64,
    /// Records put that are committed and stay.
    pub committed: u64,
}

impl<R: BufRead> Import<R> {
    /// Reads the first line.
    pub fn begin(input: R) -> Result<Import<R>> {
        let mut lines = Lines::new(input);
        match lines.next()? {
            Some(Line::Header { page_size }) => Ok(Import { lines, page_size }),
            Some(_) => Err(lines.bad("an export begins with `{\"tosumu-export\":1,\"page_size\":N}`")),
            None => Err(lines.bad("the input is empty: there is no export")),
        }
    }

    /// The page size of the database that was exported.
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// Reads the rest into `db`.
    pub fn run(self, db: &Database, existing: Existing) -> Result<ImportReport, ImportFailure> {
        let mut importing = match Importing::begin(db, existing, self.lines) {
            Ok(importing) => importing,
            Err(error) => return Err(ImportFailure { error, line: 1, committed: 0 }),
        };
        match importing.run() {
            Ok(report) => Ok(report),
            Err(error) => Err(ImportFailure { line: importing.lines.number, committed: importing.keep(), error }),
        }
    }
}

/// Keys of the database that are looked at ahead of the export's, at most.
const KEYS_AHEAD_MAX: usize = 256;

/// The keys of one tree that are in the database behind the last one of the export, the next ones in memory.
#[derive(Default)]
struct Ahead {
    keys: VecDeque<Vec<u8>>,
    /// The last one that was passed over.
    passed: Option<Vec<u8>>,
    /// Whether the tree has none behind them.
    is_end: bool,
}

impl Ahead {
    fn pass(&mut self) {
        self.passed = self.keys.pop_front();
    }
}

const OPEN: &str = "invariant: a transaction is open between two commits";
const CREATED: &str = "invariant: a tree is created when its name is read";

struct Importing<'a, R> {
    db: &'a Database,
    lines: Lines<R>,
    existing: Existing,
    /// The trees that the database had at the beginning and that come behind this one.
    trees_ahead: VecDeque<String>,
    ahead: Ahead,
    /// The tree that is read; none is the main tree.
    tree: Option<String>,
    /// The key before, in this tree.
    last_key: Option<Vec<u8>>,
    /// `None` only inside a commit, and behind one that failed.
    transaction: Option<WriteTxn>,
    /// Bytes put, and records put, since the last commit.
    bytes: u64,
    put_since: u64,
    committed: u64,
    passed_over: u64,
    digesting: Digesting,
}

impl<'a, R: BufRead> Importing<'a, R> {
    fn begin(db: &'a Database, existing: Existing, lines: Lines<R>) -> Result<Self> {
        let transaction = db.begin_write()?;
        let trees_ahead = transaction.trees()?.into_iter().map(|tree| tree.name).collect();
        Ok(Importing {
            db,
            lines,
            existing,
            trees_ahead,
            ahead: Ahead::default(),
            tree: None,
            last_key: None,
            transaction: Some(transaction),
            bytes: 0,
            put_since: 0,
            committed: 0,
            passed_over: 0,
            digesting: Digesting::new(),
        })
    }

    fn run(&mut self) -> Result<ImportReport> {
        loop {
            match self.lines.next()? {
                Some(Line::Record { key, value }) => self.record(&key, &value)?,
                Some(Line::Tree { name }) => self.tree(&name)?,
                Some(Line::Trailer { records, sha256 }) => return self.trailer(records, &sha256),
                Some(Line::Header { .. }) => return Err(self.lines.bad("a second header: two exports were joined")),
                None => {
                    return Err(self
                        .lines
                        .bad("the last line, with the count and the digest, is missing: the export was cut short"));
                }
            }
        }
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if self.last_key.as_deref().is_some_and(|last| last >= key) {
            return Err(self
                .lines
                .bad("its key does not come after that of the record before; an export is in key order"));
        }
        if key.is_empty() {
            return Err(self.lines.bad("its key is empty; a key has at least one byte"));
        }
        self.digesting.whole(key, value);
        if self.is_there(key, value)? {
            self.passed_over += 1;
        } else {
            self.put(key, value)?;
        }
        self.last_key = Some(key.to_vec());
        self.commit_when_full()
    }

    /// Whether the database has the record, with this value.
    fn is_there(&mut self, key: &[u8], value: &[u8]) -> Result<bool> {
        while let Some(next) = self.next_key()? {
            if next >= key {
                break;
            }
            let next = next.to_vec();
            self.refuse_foreign(&next)?;
            self.ahead.pass();
        }
        if self.next_key()? != Some(key) {
            return Ok(false);
        }
        self.ahead.pass();
        match self.has_value(key, value)? {
            true => Ok(true),
            false if self.existing == Existing::Merge || is_off(Defence::ImportAgrees) => Ok(false),
            false => Err(self.conflict("the database has another value for this key; `--merge` replaces it")),
        }
    }

    /// The next key of the database in this tree, behind the ones passed.
    fn next_key(&mut self) -> Result<Option<&[u8]>> {
        if self.ahead.keys.is_empty() && !self.ahead.is_end {
            let behind = self.last_key.as_deref().max(self.ahead.passed.as_deref());
            let from = behind.map_or(Bound::Unbounded, Bound::Excluded);
            let transaction = self.transaction.as_mut().expect(OPEN);
            let range = (from, Bound::<&[u8]>::Unbounded);
            let keys: Result<VecDeque<Vec<u8>>> = match &self.tree {
                None => transaction.range(range).keys().take(KEYS_AHEAD_MAX).collect(),
                Some(name) => {
                    transaction.tree(name)?.expect(CREATED).range(range).keys().take(KEYS_AHEAD_MAX).collect()
                }
            };
            self.ahead.keys = keys?;
            self.ahead.is_end = self.ahead.keys.len() < KEYS_AHEAD_MAX;
        }
        Ok(self.ahead.keys.front().map(Vec::as_slice))
    }

    fn has_value(&mut self, key: &[u8], value: &[u8]) -> Result<bool> {
        let transaction = self.transaction.as_mut().expect(OPEN);
        match &self.tree {
            None => is_value(transaction.reader(key)?, value),
            Some(name) => is_value(transaction.tree(name)?.expect(CREATED).reader(key)?, value),
        }
    }

    /// What the database has behind the last record of a tree is in no export.
    fn end_tree(&mut self) -> Result<()> {
        if self.existing == Existing::MustAgree
            && let Some(key) = self.next_key()?.map(<[u8]>::to_vec)
        {
            self.refuse_foreign(&key)?;
        }
        self.ahead = Ahead::default();
        self.last_key = None;
        Ok(())
    }

    fn refuse_foreign(&self, key: &[u8]) -> Result<()> {
        self.refuse_foreign_part("key", key)
    }

    fn refuse_foreign_part(&self, part: &str, name: &[u8]) -> Result<()> {
        match self.existing {
            Existing::Merge => Ok(()),
            Existing::MustAgree => {
                let shown = crate::escape::escape(&name[..name.len().min(60)]);
                Err(self.conflict(&format!(
                    "the database has the {part} `{shown}`, which the export has not; `--merge` keeps it"
                )))
            }
        }
    }

    fn conflict(&self, why: &str) -> Error {
        Error::Conflict { line: self.lines.number, why: why.to_owned() }
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let transaction = self.transaction.as_mut().expect(OPEN);
        match &self.tree {
            None => transaction.put(key, value)?,
            Some(name) => transaction.tree(name)?.expect(CREATED).put(key, value)?,
        }
        self.put_since += 1;
        self.bytes += (key.len() + value.len()) as u64;
        Ok(())
    }

    /// Between two records a commit is made when there is enough in it. Others may write then, so what was seen ahead is
    /// looked at again.
    fn commit_when_full(&mut self) -> Result<()> {
        if self.bytes >= BATCH_BYTES {
            self.commit()?;
            self.transaction = Some(self.db.begin_write()?);
            self.ahead = Ahead::default();
            if let Some(name) = &self.tree {
                self.transaction.as_mut().expect(OPEN).create_tree(name)?;
            }
        }
        Ok(())
    }

    fn tree(&mut self, name: &str) -> Result<()> {
        if name.is_empty() {
            return Err(self.lines.bad("its name is empty; a tree's name has at least one letter"));
        }
        if self.tree.as_deref().is_some_and(|last| last >= name) {
            return Err(self
                .lines
                .bad("its name does not come after that of the tree before; an export has its trees in order"));
        }
        self.end_tree()?;
        while let Some(foreign) = self.trees_ahead.front().filter(|next| next.as_str() < name) {
            self.refuse_foreign_part("tree", foreign.as_bytes())?;
            self.trees_ahead.pop_front();
        }
        if self.trees_ahead.front().is_some_and(|next| next == name) {
            self.trees_ahead.pop_front();
        }
        self.transaction.as_mut().expect(OPEN).create_tree(name)?;
        self.digesting.tree(name.as_bytes());
        self.tree = Some(name.to_owned());
        self.bytes += name.len() as u64;
        self.commit_when_full()
    }

    fn commit(&mut self) -> Result<()> {
        if let Some(transaction) = self.transaction.take() {
            transaction.commit()?;
        }
        self.committed += std::mem::take(&mut self.put_since);
        self.bytes = 0;
        Ok(())
    }

    /// After a failure: what was put before it is right by itself, and is kept where that is still possible.
    fn keep(&mut self) -> u64 {
        let _ = self.commit();
        self.committed
    }

    fn trailer(&mut self, records: u64, sha256: &str) -> Result<ImportReport> {
        let line = self.lines.number;
        let digesting = std::mem::replace(&mut self.digesting, Digesting::new());
        if !holds(Defence::ExportCount, digesting.records == records) {
            let why = format!(
                "the export says {records} records and has {}: lines are missing or were added",
                digesting.records
            );
            return Err(Error::BadExport { line, why });
        }
        let trees = digesting.trees;
        let digest = digesting.finish();
        if !holds(Defence::ExportDigest, digest.to_string() == sha256) {
            let why = format!("the digest of what was read is {digest}: the export was changed after it was made");
            return Err(Error::BadExport { line, why });
        }
        if self.lines.next()?.is_some() {
            return Err(self.lines.bad("something stands behind the last line of the export"));
        }
        self.lines.number = line;
        self.end_tree()?;
        while let Some(foreign) = self.trees_ahead.pop_front() {
            self.refuse_foreign_part("tree", foreign.as_bytes())?;
        }
        self.commit()?;
        if self.existing == Existing::MustAgree {
            let held = content(&self.db.read())?;
            if held.digest != digest {
                let why = format!(
                    "the database now holds {} records of digest {}, which is not the export's: somebody else wrote to it",
                    held.records, held.digest
                );
                return Err(Error::Conflict { line, why });
            }
        }
        Ok(ImportReport { put: self.committed, passed_over: self.passed_over, trees, digest })
    }
}

/// Whether what `reader` reads is `value`; it is read in pieces.
fn is_value(reader: Option<ValueReader<'_>>, value: &[u8]) -> Result<bool> {
    let Some(mut reader) = reader.filter(|reader| reader.len() == value.len() as u64) else { return Ok(false) };
    let (mut at, mut is_same) = (0, true);
    pieces(&mut reader, |piece| {
        is_same &= value[at..at + piece.len()] == *piece;
        at += piece.len();
        Ok(())
    })?;
    Ok(is_same)
}
