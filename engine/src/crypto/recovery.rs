//! The recovery key: 256 random bits as fourteen groups of four letters and digits, to be written down on paper.
//!
//! Thirteen groups hold the key, the fourteenth is a check, so that a slip of the pen is told from a wrong key.

use super::{anchor::crockford, nonce::Entropy, secret::Secret};
use sha2::{Digest, Sha256};
use std::io;
use zeroize::Zeroizing;

/// Symbols that hold the key: 52 × 5 bits, of which the last four are zero.
const KEY_SYMBOLS: usize = 52;
/// Symbols that hold the check: 20 bits of a hash of the key.
const CHECK_SYMBOLS: usize = 4;

/// Groups of four symbols that a recovery key is written in; the last is the check.
pub const RECOVERY_KEY_GROUPS: usize = (KEY_SYMBOLS + CHECK_SYMBOLS) / 4;

/// Draws a new recovery key and gives it as text, to be shown once and handed to `Unlock::RecoveryKey`.
pub fn generate_recovery_key(entropy: &dyn Entropy) -> io::Result<Secret> {
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(&mut *key)?;
    Ok(Secret::from(key_to_text(&key)))
}

fn key_to_text(key: &[u8; 32]) -> String {
    let symbols = Zeroizing::new(crockford::encode(key, KEY_SYMBOLS) + &check_of(key));
    crockford::group(&symbols)
}

/// The key that `text` writes; nothing where a symbol is wrong, too many or missing, or the check does not fit.
pub(super) fn text_to_key(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let text = std::str::from_utf8(text).ok()?;
    let symbols = Zeroizing::new(crockford::normalize(text)?);
    if symbols.len() != KEY_SYMBOLS + CHECK_SYMBOLS {
        return None;
    }
    let (key_symbols, check) = symbols.split_at(KEY_SYMBOLS);
    let mut key = Zeroizing::new([0; 32]);
    crockford::decode(key_symbols, &mut *key)?;
    (check == check_of(&key)).then_some(key)
}

/// Checks that `text` can be a recovery key, by its check digits alone and before any key slot is tried; else says in words
/// what is wrong, naming the group of four where that can be told. The words hold no symbol of the key.
pub fn check_recovery_key(text: &Secret) -> Result<(), String> {
    match text_to_key(text.expose()) {
        Some(_) => Ok(()),
        None => Err(what_is_wrong(text.expose())),
    }
}

fn what_is_wrong(text: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(text) else { return "it is not text".to_owned() };
    let is_separator = |letter: char| letter == '-' || letter.is_whitespace();
    // What was typed without a break is still read in fours.
    let letters = || text.chars().filter(|letter| !is_separator(*letter));
    let foreign = letters().position(|letter| crockford::normalize(letter.encode_utf8(&mut [0; 4])).is_none());
    if let Some(place) = foreign {
        return format!("group {} holds a character that recovery keys do not have", place / 4 + 1);
    }
    let groups = || text.split(is_separator).filter(|group| !group.is_empty());
    let count = letters().count();
    if count != KEY_SYMBOLS + CHECK_SYMBOLS {
        let odd = groups().position(|group| group.chars().count() != 4);
        return match odd {
            Some(place) if groups().count() > 1 => format!("group {} does not have four symbols", place + 1),
            _ => format!("it has {count} symbols, and {} are needed", KEY_SYMBOLS + CHECK_SYMBOLS),
        };
    }
    match suspect_group(text) {
        Some(group) => format!("its check does not fit; group {group} looks mistyped"),
        None => "its check, the last group, does not fit: more than one symbol is wrong".to_owned(),
    }
}

/// The group, from 1, in which one other symbol, or two neighbours the other way round, make the check fit. Twenty bits of
/// check let another group look so by chance in one case of some hundreds; then none is named.
fn suspect_group(text: &str) -> Option<usize> {
    let symbols = Zeroizing::new(crockford::normalize(text)?.into_bytes());
    let mut found = None;
    for place in 0..symbols.len() {
        let mut changed = symbols.clone();
        let mut fits = crockford::ALPHABET.iter().any(|symbol| {
            changed[place] = *symbol;
            text_to_key(&changed).is_some()
        });
        if place + 1 < symbols.len() {
            changed.copy_from_slice(&symbols);
            changed.swap(place, place + 1);
            fits |= text_to_key(&changed).is_some();
        }
        let group = place / 4 + 1;
        match found {
            _ if !fits => {}
            None => found = Some(group),
            Some(other) if other == group => {}
            Some(_) => return None,
        }
    }
    found
}

fn check_of(key: &[u8; 32]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"tosumu recovery check 1");
    hash.update(key);
    crockford::encode(&hash.finalize(), CHECK_SYMBOLS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::InsecureSeededEntropy;

    #[test]
    fn the_text_reads_back_however_a_person_types_it() {
        let text = key_to_text(&[0xc3; 32]);
        assert_eq!(text, "RF1W-7GY3-RF1W-7GY3-RF1W-7GY3-RF1W-7GY3-RF1W-7GY3-RF1W-7GY3-RF1G-ZRJA");
        let sloppy = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        for typed in [text.clone(), sloppy, text.replace('-', ""), format!("{text}\n")] {
            assert_eq!(*text_to_key(typed.as_bytes()).unwrap(), [0xc3; 32]);
        }
    }

    #[test]
    fn a_changed_missing_or_added_symbol_is_noticed() {
        let text = String::from_utf8(generate_recovery_key(&InsecureSeededEntropy::new(5)).unwrap().expose().to_vec());
        let text = text.unwrap();
        assert!(text_to_key(text.as_bytes()).is_some());
        for (place, symbol) in text.char_indices().filter(|(_, symbol)| *symbol != '-') {
            let other = if symbol == '7' { "8" } else { "7" };
            let mut changed = text.clone();
            changed.replace_range(place..=place, other);
            assert!(text_to_key(changed.as_bytes()).is_none(), "{changed}");
        }
        assert!(text_to_key(&text.as_bytes()[1..]).is_none());
        assert!(text_to_key(format!("{text}7").as_bytes()).is_none());
        assert!(text_to_key(b"").is_none());
        assert!(text_to_key(&[0xff; 56]).is_none());
    }

    #[test]
    fn what_is_wrong_with_a_mistyped_key_is_told_by_its_group() {
        let text = key_to_text(&[0xc3; 32]);
        assert_eq!(check_recovery_key(&Secret::from(text.as_str())), Ok(()));
        let told = |text: &str| check_recovery_key(&Secret::from(text)).unwrap_err();
        let with = |place: usize, symbol: &str| {
            let mut text = text.clone();
            text.replace_range(place..place + symbol.len(), symbol);
            text
        };
        assert_eq!(told(&with(11, "U")), "group 3 holds a character that recovery keys do not have");
        assert_eq!(told(&with(12, "H")), "its check does not fit; group 3 looks mistyped");
        assert_eq!(told(&with(67, "7")), "its check does not fit; group 14 looks mistyped");
        assert_eq!(told(&with(0, "FR")), "its check does not fit; group 1 looks mistyped");
        assert_eq!(
            told(&with(0, "7777-7777")),
            "its check, the last group, does not fit: more than one symbol is wrong"
        );
        assert_eq!(told(&text.replacen("7GY3", "7GY", 1)), "group 2 does not have four symbols");
        assert_eq!(told(&text[5..]), "it has 52 symbols, and 56 are needed");
        assert_eq!(told(&text.replace('-', "")[1..]), "it has 55 symbols, and 56 are needed");
        assert_eq!(told(""), "it has 0 symbols, and 56 are needed");
    }

    #[test]
    fn two_draws_differ() {
        let entropy = InsecureSeededEntropy::new(5);
        let draw = || generate_recovery_key(&entropy).unwrap();
        assert_ne!(draw().expose(), draw().expose());
    }
}
