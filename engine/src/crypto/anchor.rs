//! The fingerprint as a line of text that a person can keep elsewhere: `db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM`.
//!
//! It tells the whole file put back from the present one, which nothing inside the file can. It is keyed, so it may be
//! published: it gives away the commit number and nothing else.

use crate::types::{CommitNo, FileId};
use std::fmt;

/// Symbols of the file id that a line shows: enough for a person to tell their databases apart.
const ID_SYMBOLS: usize = 4;
/// Symbols of the fingerprint that a line shows: 80 bits.
const FINGERPRINT_SYMBOLS: usize = 16;

/// A fingerprint as it was written down. Two are equal when they name the same state of the same database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Anchor {
    /// The first four symbols of the file id, in lower case.
    pub id: String,
    /// The commit.
    pub commit: CommitNo,
    /// The fingerprint of that commit: `9QWD-AB2C-4XTP-60RM`.
    pub text: String,
}

impl Anchor {
    /// The anchor of the state that `fingerprint` belongs to.
    pub fn new(file_id: FileId, commit: CommitNo, fingerprint: &[u8; 16]) -> Anchor {
        Anchor {
            id: crockford::encode(&file_id.0, ID_SYMBOLS).to_ascii_lowercase(),
            commit,
            text: crockford::group(&crockford::encode(fingerprint, FINGERPRINT_SYMBOLS)),
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "db {} commit {} {}", self.id, self.commit, self.text)
    }
}

/// The line that `fingerprint` prints.
pub fn fingerprint_text(file_id: FileId, commit: CommitNo, fingerprint: &[u8; 16]) -> String {
    Anchor::new(file_id, commit, fingerprint).to_string()
}

/// Reads such a line back, however its letters were typed; nothing where it is not one.
pub fn parse_fingerprint(line: &str) -> Option<Anchor> {
    let words: Vec<&str> = line.split_whitespace().take(6).collect();
    let ["db", id, "commit", commit, text] = words[..] else { return None };
    let id = crockford::normalize(id).filter(|id| id.len() == ID_SYMBOLS)?;
    let symbols = crockford::normalize(text).filter(|symbols| symbols.len() == FINGERPRINT_SYMBOLS)?;
    let commit = commit.bytes().all(|byte| byte.is_ascii_digit()).then(|| commit.parse().ok())??;
    Some(Anchor { id: id.to_ascii_lowercase(), commit: CommitNo(commit), text: crockford::group(&symbols) })
}

/// Crockford's base32: 32 symbols that a person does not mistake for each other; the first bit is the highest.
pub(super) mod crockford {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// The first `symbols` symbols of `bytes`; bits behind the end count as zero.
    pub fn encode(bytes: &[u8], symbols: usize) -> String {
        let bit = |index: usize| bytes.get(index / 8).map_or(0, |byte| byte >> (7 - index % 8) & 1);
        (0..symbols)
            .map(|symbol| (0..5).fold(0, |value, step| value << 1 | bit(symbol * 5 + step)))
            .map(|value| char::from(ALPHABET[usize::from(value)]))
            .collect()
    }

    /// Fills `bytes` from normalized `symbols`. Nothing where they do not end with the bytes' last symbol, or a bit
    /// behind the end is set: each run of bytes has one text.
    pub fn decode(symbols: &str, bytes: &mut [u8]) -> Option<()> {
        if symbols.len() != (bytes.len() * 8).div_ceil(5) {
            return None;
        }
        bytes.fill(0);
        for (place, symbol) in symbols.bytes().enumerate() {
            let value = ALPHABET.iter().position(|known| *known == symbol)?;
            for step in 0..5 {
                let index = place * 5 + step;
                let bit = (value >> (4 - step) & 1) as u8;
                match bytes.get_mut(index / 8) {
                    Some(byte) => *byte |= bit << (7 - index % 8),
                    None if bit != 0 => return None,
                    None => {}
                }
            }
        }
        Some(())
    }

    /// The symbols of a text as typed: upper case, without dashes and blanks, O read as 0, I and L as 1. Nothing where
    /// another character stands in it.
    pub fn normalize(text: &str) -> Option<String> {
        // Room for all of it at once: a text that is a secret must leave no copies behind by growing.
        let mut symbols = String::with_capacity(text.len());
        for character in text.chars().filter(|character| *character != '-' && !character.is_whitespace()) {
            let symbol = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            symbols.push(ALPHABET.contains(&u8::try_from(symbol).ok()?).then_some(symbol)?);
        }
        Some(symbols)
    }

    /// Groups of four with dashes between them.
    pub fn group(symbols: &str) -> String {
        let mut text = String::with_capacity(symbols.len() * 5 / 4 + 1);
        for (place, symbol) in symbols.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                text.push('-');
            }
            text.push(symbol);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: [u8; 16] = [0x4d, 0xf8, 0xd5, 0x2c, 0x4c, 0x27, 0x75, 0x63, 0x03, 0x14, 1, 2, 3, 4, 5, 6];

    fn file_id() -> FileId {
        let mut id = [0xff; 16];
        id[..3].copy_from_slice(&[0x3b, 0xc7, 0x3f]);
        FileId(id)
    }

    #[test]
    fn the_line_is_as_documented() {
        assert_eq!(
            fingerprint_text(file_id(), CommitNo(1042), &FINGERPRINT),
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM"
        );
    }

    #[test]
    fn a_printed_line_reads_back_however_it_is_typed() {
        let anchor = Anchor::new(file_id(), CommitNo(u64::MAX), &FINGERPRINT);
        let line = anchor.to_string();
        assert_eq!(parse_fingerprint(&line), Some(anchor.clone()));
        assert_eq!(parse_fingerprint(&format!("  {}\r\n", line.replace("60RM", "6oRM"))), Some(anchor.clone()));
        let shouted = line.replace("7f3k", "7F3K").replace("9QWD-AB2C", "9qwdab2c");
        assert_eq!(parse_fingerprint(&shouted), Some(anchor));
    }

    #[test]
    fn what_is_not_such_a_line_is_refused() {
        for line in [
            "",
            "db 7f3k commit 1042",
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM more",
            "db 7f3 commit 1042 9QWD-AB2C-4XTP-60RM",
            "db 7f3k commit +42 9QWD-AB2C-4XTP-60RM",
            "db 7f3k commit 18446744073709551616 9QWD-AB2C-4XTP-60RM",
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60R",
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RU",
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60Ré",
            "id 7f3k commit 1042 9QWD-AB2C-4XTP-60RM",
        ] {
            assert_eq!(parse_fingerprint(line), None, "{line}");
        }
    }

    #[test]
    fn base32_gives_every_byte_string_back_and_takes_no_second_text_for_it() {
        for length in 0..12 {
            let bytes: Vec<u8> = (0..length).map(|index| (index * 83 + 29) as u8).collect();
            let text = crockford::encode(&bytes, (bytes.len() * 8).div_ceil(5));
            let mut back = vec![0; bytes.len()];
            crockford::decode(&text, &mut back).unwrap();
            assert_eq!(back, bytes);
        }
        assert_eq!(crockford::decode("01", &mut [0; 1]), None);
    }
}
