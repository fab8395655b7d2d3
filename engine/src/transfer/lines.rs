//! The lines of an export, read one after the other. A value is turned into bytes while it is read: beside it no line is held.
//!
//! Blanks between the parts of a line are passed over, as another program may write them; anything else is an error that names
//! the line.

use crate::error::{Error, Result};
use crate::limits::{PAGE_SIZE_BYTES_MAX, VALUE_BYTES_MAX};
use crate::types::PageSize;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::io::{self, BufRead};

/// Longest line that is no record, in bytes: room for a tree's name, each letter escaped.
const SHORT_LINE_BYTES_MAX: usize = 8 * PAGE_SIZE_BYTES_MAX as usize;
/// Letters of base64 turned into bytes at a time: a multiple of four.
const PIECE_LETTERS: usize = 1 << 14;

/// One line of an export.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Header { page_size: PageSize },
    Tree { name: String },
    Record { key: Vec<u8>, value: Vec<u8> },
    Trailer { records: u64, sha256: String },
}

/// The lines of `input`.
pub(super) struct Lines<R> {
    input: R,
    /// The line that is being read, from 1.
    pub number: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderLine {
    #[serde(rename = "tosumu-export")]
    version: u32,
    page_size: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeLine {
    tree: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrailerLine {
    records: u64,
    sha256: String,
}

impl<R: BufRead> Lines<R> {
    pub fn new(input: R) -> Lines<R> {
        Lines { input, number: 0 }
    }

    /// The next line; nothing at the end of the input.
    pub fn next(&mut self) -> Result<Option<Line>> {
        self.number += 1;
        if self.peek()?.is_none() {
            return Ok(None);
        }
        self.blanks()?;
        self.expect(b'{', "a line begins with `{`")?;
        self.blanks()?;
        self.expect(b'"', "the name of a field stands behind `{`")?;
        let name = self.short(b'"')?;
        match name.as_slice() {
            b"k" => self.record().map(Some),
            _ => self.other(&name).map(Some),
        }
    }

    /// Behind `{"k"`.
    fn record(&mut self) -> Result<Line> {
        let key = self.field("k", PAGE_SIZE_BYTES_MAX as usize)?;
        self.blanks()?;
        self.expect(b',', "`v` follows `k`")?;
        self.blanks()?;
        self.expect(b'"', "`v` follows `k`")?;
        if self.short(b'"')? != b"v" {
            return Err(self.bad("a record has the fields `k` and `v`, in this order"));
        }
        let value = self.field("v", VALUE_BYTES_MAX as usize)?;
        self.blanks()?;
        self.expect(b'}', "a record ends with `}`")?;
        self.blanks()?;
        match self.peek()? {
            None => {}
            Some(b'\n') => self.input.consume(1),
            Some(_) => return Err(self.bad("something stands behind the record")),
        }
        Ok(Line::Record { key, value })
    }

    /// A line that is no record: read whole, for it is short.
    fn other(&mut self, name: &[u8]) -> Result<Line> {
        let mut text = b"{\"".to_vec();
        text.extend_from_slice(name);
        text.push(b'"');
        text.extend(self.short(b'\n')?);
        let bad = |lines: &Self, why: serde_json::Error| {
            let why = why.to_string();
            // Its own line and column would be taken for those of the file.
            lines.bad(why.split(" at line ").next().unwrap_or_default())
        };
        match name {
            b"tosumu-export" => {
                let header: HeaderLine = serde_json::from_slice(&text).map_err(|why| bad(self, why))?;
                if header.version != super::export::EXPORT_VERSION {
                    return Err(self.bad(&format!("this is version {} of the form; version 1 is read", header.version)));
                }
                let page_size = PageSize::new(header.page_size)
                    .ok_or_else(|| self.bad("the page size is no power of two from 512 to 65536"))?;
                Ok(Line::Header { page_size })
            }
            b"tree" => {
                let tree: TreeLine = serde_json::from_slice(&text).map_err(|why| bad(self, why))?;
                Ok(Line::Tree { name: tree.tree })
            }
            b"records" => {
                let trailer: TrailerLine = serde_json::from_slice(&text).map_err(|why| bad(self, why))?;
                Ok(Line::Trailer { records: trailer.records, sha256: trailer.sha256 })
            }
            _ => {
                let shown = crate::escape::escape(&name[..name.len().min(40)]);
                Err(self.bad(&format!("`{shown}` is no field of an export")))
            }
        }
    }

    /// `: "base64"`.
    fn field(&mut self, name: &str, limit: usize) -> Result<Vec<u8>> {
        self.blanks()?;
        self.expect(b':', "`:` follows the name of a field")?;
        self.blanks()?;
        self.expect(b'"', "keys and values stand in quotes")?;
        let mut bytes = Vec::new();
        let mut letters = Vec::with_capacity(PIECE_LETTERS);
        loop {
            let ended = self.letters(&mut letters)?;
            let padded = letters.contains(&b'=');
            if padded && !ended {
                return Err(self.bad(&format!("`{name}` goes on behind its padding")));
            }
            let start = bytes.len();
            if start + letters.len() / 4 * 3 > limit + 3 {
                return Err(self.bad(&format!("`{name}` is longer than the limit of {limit} bytes")));
            }
            bytes.resize(start + letters.len().div_ceil(4) * 3, 0);
            let decoded = STANDARD
                .decode_slice(&letters, &mut bytes[start..])
                .map_err(|why| self.bad(&format!("`{name}` is no base64: {why}")))?;
            bytes.truncate(start + decoded);
            if ended {
                return Ok(bytes);
            }
        }
    }

    /// Up to [`PIECE_LETTERS`] letters of a string; true when its closing quote was met, which is passed over.
    fn letters(&mut self, letters: &mut Vec<u8>) -> Result<bool> {
        letters.clear();
        while letters.len() < PIECE_LETTERS {
            let (number, chunk) = (self.number, fill(&mut self.input)?);
            if chunk.is_empty() {
                return Err(truncated(number));
            }
            let room = PIECE_LETTERS - letters.len();
            let end = chunk.iter().take(room).position(|byte| matches!(byte, b'"' | b'\\' | b'\n'));
            let taken = end.unwrap_or(room.min(chunk.len()));
            letters.extend_from_slice(&chunk[..taken]);
            let met = end.map(|end| chunk[end]);
            self.input.consume(taken);
            match met {
                None => {}
                Some(b'"') => {
                    self.input.consume(1);
                    return Ok(true);
                }
                // Some programs write `/` as `\/`; nothing else in base64 needs an escape.
                Some(b'\\') => {
                    self.input.consume(1);
                    self.expect(b'/', "base64 has no escape but `\\/`")?;
                    letters.push(b'/');
                }
                Some(_) => return Err(self.bad("the line ends inside a string")),
            }
        }
        Ok(false)
    }

    /// Bytes up to `end`, which is passed over. The end of the input stands for the end of a line.
    fn short(&mut self, end: u8) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            match self.peek()? {
                Some(byte) if byte == end => {
                    self.input.consume(1);
                    return Ok(bytes);
                }
                None if end == b'\n' => return Ok(bytes),
                None => return Err(truncated(self.number)),
                Some(b'\n') => return Err(self.bad("the line ends inside a string")),
                Some(_) if bytes.len() == SHORT_LINE_BYTES_MAX => {
                    return Err(self.bad(&format!("the line is longer than {SHORT_LINE_BYTES_MAX} bytes")));
                }
                Some(byte) => {
                    bytes.push(byte);
                    self.input.consume(1);
                }
            }
        }
    }

    fn blanks(&mut self) -> Result<()> {
        while let Some(b' ' | b'\t' | b'\r') = self.peek()? {
            self.input.consume(1);
        }
        Ok(())
    }

    fn expect(&mut self, byte: u8, why: &str) -> Result<()> {
        match self.peek()? {
            Some(found) if found == byte => {
                self.input.consume(1);
                Ok(())
            }
            None => Err(truncated(self.number)),
            Some(_) => Err(self.bad(why)),
        }
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        Ok(fill(&mut self.input)?.first().copied())
    }

    /// The error that this line is wrong.
    pub fn bad(&self, why: &str) -> Error {
        Error::BadExport { line: self.number, why: why.to_owned() }
    }
}

fn fill(input: &mut impl BufRead) -> Result<&[u8]> {
    // A borrow that is returned from one arm of a loop lives through the others: so the call is made once more.
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::io("read", "import", source)),
        }
    }
    input.fill_buf().map_err(|source| Error::io("read", "import", source))
}

fn truncated(line: u64) -> Error {
    Error::BadExport { line, why: "the input ends inside this line: the export was cut short".to_owned() }
}
