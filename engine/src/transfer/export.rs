//! Export: all that a snapshot holds as JSON Lines, for any other program to read.
//!
//! ```text
//! {"tosumu-export":1,"page_size":4096}
//! {"k":"a2V5","v":"dmFsdWU="}                     the main tree, in key order
//! {"tree":"index"}                                then each named tree, in name order, behind a line with its name
//! {"k":"…","v":"…"}
//! {"records":2,"sha256":"…"}                      of all trees; the digest of what the snapshot holds
//! ```
//!
//! Keys and values are base64 with padding. There is no file id and no commit in it, so equal content gives equal bytes:
//! `export(import(export(x))) == export(x)`. It is plain text: whoever has it can read it. Memory: one page of the tree, and a
//! piece of a long value.

use super::digest::{Digest, Digesting};
use super::walk::{PIECE_BYTES, Visitor, pieces, walk};
use crate::error::{Error, Result};
use crate::txn::{ReadTxn, ValueReader};
use crate::types::PageSize;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;

/// The version of the form, in the first line.
pub(super) const EXPORT_VERSION: u32 = 1;

/// What was exported.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ExportReport {
    /// Records of all trees.
    pub records: u64,
    /// Named trees.
    pub trees: u32,
    /// The digest, as it stands in the last line.
    pub digest: Digest,
}

/// Writes all that `snapshot` holds to `out`, which is best buffered. [`Error::Io`] of the file `export` is `out`'s failure.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
/// db.write(|tx| tx.put(b"k", b"v"))?;
/// let mut text = Vec::new();
/// tosumu::transfer::export(&db.read(), db.page_size(), &mut text)?;
/// let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
/// assert_eq!(lines[1], br#"{"k":"aw==","v":"dg=="}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn export(snapshot: &ReadTxn, page_size: PageSize, out: &mut dyn Write) -> Result<ExportReport> {
    let mut exporting = Exporting { out, digesting: Digesting::new(), text: String::new() };
    exporting.line(&format!(r#"{{"tosumu-export":{EXPORT_VERSION},"page_size":{}}}"#, page_size.get()))?;
    walk(snapshot, &mut exporting)?;
    let Exporting { out, digesting, .. } = exporting;
    let (records, trees) = (digesting.records, digesting.trees);
    let digest = digesting.finish();
    writeln!(out, r#"{{"records":{records},"sha256":"{digest}"}}"#).map_err(failed)?;
    out.flush().map_err(failed)?;
    Ok(ExportReport { records, trees, digest })
}

fn failed(source: std::io::Error) -> Error {
    Error::io("write", "export", source)
}

struct Exporting<'a> {
    out: &'a mut dyn Write,
    digesting: Digesting,
    text: String,
}

impl Exporting<'_> {
    fn line(&mut self, text: &str) -> Result<()> {
        self.raw(text.as_bytes())?;
        self.raw(b"\n")
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(failed)
    }

    fn key(&mut self, key: &[u8]) -> Result<()> {
        self.raw(br#"{"k":""#)?;
        self.base64(key)?;
        self.raw(br#"","v":""#)
    }

    fn base64(&mut self, bytes: &[u8]) -> Result<()> {
        for piece in bytes.chunks(PIECE_BYTES) {
            self.text.clear();
            STANDARD.encode_string(piece, &mut self.text);
            self.out.write_all(self.text.as_bytes()).map_err(failed)?;
        }
        Ok(())
    }
}

impl Visitor for Exporting<'_> {
    fn tree(&mut self, name: &str) -> Result<()> {
        self.digesting.tree(name.as_bytes());
        let name = serde_json::Value::from(name);
        self.line(&format!(r#"{{"tree":{name}}}"#))
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.digesting.whole(key, value);
        self.key(key)?;
        self.base64(value)?;
        self.raw(b"\"}\n")
    }

    fn long(&mut self, key: &[u8], value: &mut ValueReader<'_>) -> Result<()> {
        self.digesting.long(key, value)?;
        self.key(key)?;
        pieces(value, |piece| self.base64(piece))?;
        self.raw(b"\"}\n")
    }
}
