//! The fingerprint as a line of text that a person can keep elsewhere: `db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM`.
//!
//! It tells the whole file put back from the present one, which nothing inside the file can. It is keyed, so it may be
//! published: it gives away the commit number, how often keys were changed, and nothing else.
//!
//! Key slots are no part of a commit. Once they were changed, the line goes on with their counter and a MAC of them:
//! ` keys 3 K2VT-90QA`. A line without that part knows nothing of the key slots.

use super::aead::Keys;
use super::key_slot::KEY_SLOT_BYTES;
use crate::defence::{Defence, holds};
use crate::finding::{Code, Finding};
use crate::limits::KEY_SLOTS_COUNT;
use crate::types::{CommitNo, FileId};
use std::fmt;

/// Symbols of the file id that a line shows: enough for a person to tell their databases apart.
const ID_SYMBOLS: usize = 4;
/// Symbols of the fingerprint that a line shows: 80 bits.
const FINGERPRINT_SYMBOLS: usize = 16;

/// Symbols of the key slots' MAC that a line shows: 40 bits.
const KEYS_SYMBOLS: usize = 8;
/// The key-slot counter of a new database. A line says nothing of key slots that are still the first ones.
pub const KEY_SLOT_COUNTER_FIRST: u32 = 1;

/// A fingerprint as it was written down. Two are equal when they name the same state of the same database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Anchor {
    /// The first four symbols of the file id, in lower case.
    pub id: String,
    /// The commit.
    pub commit: CommitNo,
    /// The fingerprint of that commit: `9QWD-AB2C-4XTP-60RM`.
    pub text: String,
    /// What is known of the key slots; nothing when they were the first ones still, or the line is of an older release.
    pub keys: Option<KeysAnchor>,
}

/// The key slots as they were written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeysAnchor {
    /// The key-slot counter: it grows by one with every change of keys.
    pub counter: u32,
    /// The MAC of the counter and the key slots: `K2VT-90QA`.
    pub text: String,
}

impl Anchor {
    /// The anchor of the state that `fingerprint` belongs to; it says nothing of key slots.
    pub fn new(file_id: FileId, commit: CommitNo, fingerprint: &[u8; 16]) -> Anchor {
        Anchor {
            id: crockford::encode(&file_id.0, ID_SYMBOLS).to_ascii_lowercase(),
            commit,
            text: crockford::group(&crockford::encode(fingerprint, FINGERPRINT_SYMBOLS)),
            keys: None,
        }
    }

    /// The same anchor with the key slots in it, unless they are the first ones still.
    pub fn with_keys(mut self, keys: &Keys, counter: u32, slots: &[[u8; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT]) -> Anchor {
        let mac = || keys.key_slots_mac(counter, slots);
        self.keys = (counter > KEY_SLOT_COUNTER_FIRST)
            .then(|| KeysAnchor { counter, text: crockford::group(&crockford::encode(&mac(), KEYS_SYMBOLS)) });
        self
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "db {} commit {} {}", self.id, self.commit, self.text)?;
        match &self.keys {
            Some(keys) => write!(f, " keys {} {}", keys.counter, keys.text),
            None => Ok(()),
        }
    }
}

/// What holding a file against an anchor tells.
#[derive(Debug)]
pub(crate) enum Freshness {
    /// The file has the very commit of the anchor.
    Fits,
    /// The file is newer than the anchor, whose commit's own fingerprint is not in the file any more.
    Newer,
    /// `FRESH-ROLLBACK` or `FRESH-FORK`.
    Differs(Box<Finding>),
}

/// Holds the state of a file, `ours`, against an anchor that was kept elsewhere. `fingerprint_of` gives the fingerprint of
/// a commit as far as the file still holds it.
pub(crate) fn compare(
    anchor: &Anchor,
    ours: &Anchor,
    ours_counter: u32,
    fingerprint_of: impl FnOnce(CommitNo) -> Option<Anchor>,
) -> Freshness {
    let differs = |code, why: String, lost: &str| {
        Freshness::Differs(Box::new(
            Finding::new(code, why)
                .expected(anchor.to_string(), ours.to_string())
                .lost(lost)
                .next("Keep a copy of this file. Look for the newer file, or restore a backup."),
        ))
    };
    if !holds(Defence::AnchorDatabase, anchor.id == ours.id) {
        let why = "The fingerprint is of another database.".to_owned();
        let lost = "Nothing is known to be lost; the fingerprint does not belong to this file.";
        return differs(Code::FreshFork, why, lost);
    }
    if !holds(Defence::AnchorCommit, ours.commit >= anchor.commit) {
        let why = format!("The file is at commit {}; it was at commit {} before.", ours.commit, anchor.commit);
        return differs(Code::FreshRollback, why, "Every commit after the one the file is at.");
    }
    let known = fingerprint_of(anchor.commit);
    if !holds(Defence::AnchorFingerprint, known.as_ref().is_none_or(|known| known.text == anchor.text)) {
        let why = format!("The file's own commit {} is not the one of the fingerprint.", anchor.commit);
        return differs(Code::FreshFork, why, "The commits that the fingerprint's history had and this one has not.");
    }
    match &anchor.keys {
        Some(keys) if !holds(Defence::AnchorKeyCounter, keys.counter <= ours_counter) => {
            let why = format!(
                "The key slots were put back: the file counts {}, and counted {} before.",
                changes(ours_counter),
                changes(keys.counter)
            );
            differs(
                Code::FreshRollback,
                why,
                "The newest change of keys: a key that was removed may open the file again.",
            )
        }
        Some(keys)
            if keys.counter == ours_counter && !holds(Defence::AnchorKeySlots, ours.keys.as_ref() == Some(keys)) =>
        {
            let why =
                format!("The key slots are not those of the fingerprint, though both count {}.", changes(ours_counter));
            differs(Code::FreshFork, why, "The change of keys that the fingerprint's history had and this one has not.")
        }
        _ if known.is_some() => Freshness::Fits,
        _ => Freshness::Newer,
    }
}

fn changes(counter: u32) -> String {
    match counter.saturating_sub(KEY_SLOT_COUNTER_FIRST) {
        1 => "1 change of keys".to_owned(),
        count => format!("{count} changes of keys"),
    }
}

/// Reads a line that `fingerprint` printed, however its letters were typed; nothing where it is not one.
pub fn parse_fingerprint(line: &str) -> Option<Anchor> {
    let words: Vec<&str> = line.split_whitespace().take(9).collect();
    let (commit_words, keys_words) = words.split_at_checked(5)?;
    let ["db", id, "commit", commit, text] = commit_words[..] else { return None };
    let keys = match keys_words {
        [] => None,
        ["keys", counter, text] => {
            let text = symbols(text, KEYS_SYMBOLS)?;
            Some(KeysAnchor { counter: number(counter)?, text: crockford::group(&text) })
        }
        _ => return None,
    };
    Some(Anchor {
        id: symbols(id, ID_SYMBOLS)?.to_ascii_lowercase(),
        commit: CommitNo(number(commit)?),
        text: crockford::group(&symbols(text, FINGERPRINT_SYMBOLS)?),
        keys,
    })
}

/// A word of exactly so many symbols.
fn symbols(word: &str, count: usize) -> Option<String> {
    crockford::normalize(word).filter(|symbols| symbols.len() == count)
}

/// A number in digits alone, without a sign.
fn number<N: std::str::FromStr>(word: &str) -> Option<N> {
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?
}

/// Crockford's base32: 32 symbols that a person does not mistake for each other; the first bit is the highest.
pub(super) mod crockford {
    pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

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
        let anchor = Anchor::new(file_id(), CommitNo(1042), &FINGERPRINT);
        assert_eq!(anchor.to_string(), "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM");
        assert_eq!(
            with_keys(&anchor, 3, "K2VT-90QA").to_string(),
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM keys 3 K2VT-90QA"
        );
    }

    fn with_keys(anchor: &Anchor, counter: u32, text: &str) -> Anchor {
        Anchor { keys: Some(KeysAnchor { counter, text: text.into() }), ..anchor.clone() }
    }

    #[test]
    fn a_file_is_older_forked_newer_or_the_same() {
        let at = |commit, byte| Anchor::new(file_id(), CommitNo(commit), &[byte; 16]);
        let told = |anchor: &Anchor, ours: &Anchor, counter, known: Option<Anchor>| match compare(
            anchor,
            ours,
            counter,
            |_| known,
        ) {
            Freshness::Fits => "fits",
            Freshness::Newer => "newer",
            Freshness::Differs(finding) => finding.code.as_str(),
        };
        let (ours, keys) = (at(5, 1), with_keys(&at(5, 1), 3, "K2VT-90QA"));
        assert_eq!(told(&ours, &ours, 1, Some(ours.clone())), "fits");
        assert_eq!(told(&at(4, 1), &ours, 1, None), "newer");
        assert_eq!(told(&at(4, 1), &ours, 1, Some(at(4, 2))), "FRESH-FORK");
        assert_eq!(told(&at(6, 1), &ours, 1, None), "FRESH-ROLLBACK");
        assert_eq!(told(&Anchor { id: "0000".into(), ..at(6, 1) }, &ours, 1, None), "FRESH-FORK");
        assert_eq!(told(&ours, &keys, 3, Some(ours.clone())), "fits");
        assert_eq!(told(&keys, &keys, 3, Some(ours.clone())), "fits");
        assert_eq!(told(&with_keys(&ours, 2, "0000-0000"), &keys, 3, Some(ours.clone())), "fits");
        assert_eq!(told(&with_keys(&ours, 3, "0000-0000"), &keys, 3, Some(ours.clone())), "FRESH-FORK");
        assert_eq!(told(&with_keys(&ours, 4, "K2VT-90QA"), &keys, 3, Some(ours.clone())), "FRESH-ROLLBACK");
        assert_eq!(told(&with_keys(&ours, 2, "K2VT-90QA"), &ours, 1, Some(ours.clone())), "FRESH-ROLLBACK");
    }

    #[test]
    fn a_printed_line_reads_back_however_it_is_typed() {
        let anchor = Anchor::new(file_id(), CommitNo(u64::MAX), &FINGERPRINT);
        let line = anchor.to_string();
        assert_eq!(parse_fingerprint(&line), Some(anchor.clone()));
        assert_eq!(parse_fingerprint(&format!("  {}\r\n", line.replace("60RM", "6oRM"))), Some(anchor.clone()));
        let shouted = line.replace("7f3k", "7F3K").replace("9QWD-AB2C", "9qwdab2c");
        assert_eq!(parse_fingerprint(&shouted), Some(anchor.clone()));
        let with_keys = with_keys(&anchor, 3, "K2VT-90QA");
        assert_eq!(parse_fingerprint(&with_keys.to_string().to_lowercase()), Some(with_keys));
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
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM keys",
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM keys 3",
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM keys 3 K2VT-90Q",
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM keys -3 K2VT-90QA",
            "db 7f3k commit 1042 9QWD-AB2C-4XTP-60RM keys 3 K2VT-90QA more",
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
