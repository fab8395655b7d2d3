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
    fn two_draws_differ() {
        let entropy = InsecureSeededEntropy::new(5);
        let draw = || generate_recovery_key(&entropy).unwrap();
        assert_ne!(draw().expose(), draw().expose());
    }
}
