//! What a decoder says when it refuses bytes: the code, the place, what should stand there and what does.

use crate::escape;
use crate::finding::{Code, Finding};
use std::{fmt, ops::Range};

/// Bytes that are not what their place asks for. The span counts from the first byte the decoder was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError {
    /// The finding this is.
    pub code: Code,
    /// The bytes meant.
    pub span: Range<usize>,
    /// What should be there.
    pub expected: String,
    /// What is there; printable.
    pub found: String,
    /// One sentence: what does not fit.
    pub why: String,
}

impl DecodeError {
    /// An error of `code` at `span`.
    pub fn new(
        code: Code,
        span: Range<usize>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
        why: impl Into<String>,
    ) -> DecodeError {
        DecodeError { code, span, expected: expected.to_string(), found: found.to_string(), why: why.into() }
    }

    /// Too few or too many bytes were handed in.
    pub(crate) fn length(code: Code, what: &str, expected: usize, found: usize) -> DecodeError {
        let why = format!("{what} takes {expected} bytes.");
        DecodeError::new(code, 0..found, format!("{expected} bytes"), format!("{found} bytes"), why)
    }

    /// The same error told from the start of what holds the decoded part.
    pub(crate) fn shifted(mut self, by: usize) -> DecodeError {
        self.span = self.span.start + by..self.span.end + by;
        self
    }

    /// The finding in `file`, when the decoded bytes begin at `base_offset` of it.
    pub fn finding(self, file: &str, base_offset: u64) -> Finding {
        let place = base_offset + self.span.start as u64..base_offset + self.span.end as u64;
        let finding = Finding::new(self.code, self.why).at(file, place).expected(self.expected, self.found);
        match self.code {
            Code::HdrVersion | Code::HdrFeature => finding
                .lost("Nothing: this program does not know what the file says, and changed nothing.")
                .next("Open it with a newer release of tosumu. If it was never written by one, these bytes were changed: `inspect superblock` shows both slots."),
            Code::HdrField => finding.lost("Nothing that this slot says can be believed.").remedy(),
            _ => finding,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, bytes {}..{}: {}", self.code, self.span.start, self.span.end, self.why)?;
        write!(f, " Expected {}, found {}.", self.expected, self.found)
    }
}

impl std::error::Error for DecodeError {}

/// A few bytes, printable: text where it is text, else hex; long runs are cut.
pub(crate) fn preview(bytes: &[u8]) -> String {
    const SHOWN_BYTES: usize = 16;
    let (shown, dots) = match bytes.get(..SHOWN_BYTES) {
        Some(head) if bytes.len() > SHOWN_BYTES => (head, "…"),
        _ => (bytes, ""),
    };
    let printable = !shown.is_empty() && shown.iter().all(|byte| (0x20..0x7f).contains(byte));
    match printable {
        true => format!("`{}`{dots}", escape::escape(shown)),
        false => format!("{}{dots}", hex::encode(shown)),
    }
}
