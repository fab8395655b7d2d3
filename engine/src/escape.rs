//! Keys and values as text and back: the one form used by scripts, `feed`, `dump`, events and screens.
//!
//! `\` and every byte outside 0x20 … 0x7e are written `\\` or `\xNN`, in lower case; reading also takes `\t` and `\n`.

/// The printable form of `bytes`. It never holds a control character.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            0x20..=0x7e => text.push(byte as char),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// As [`escape`], with spaces escaped too: a key on a line of a script ends at the first space.
pub fn escape_word(bytes: &[u8]) -> String {
    escape(bytes).replace(' ', "\\x20")
}

/// The bytes that `text` writes; an error says which escape cannot be.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    unescape_bytes(text.as_bytes())
}

/// As [`unescape`], of a line that need not be UTF-8: bytes that are no escape stand for themselves.
pub fn unescape_bytes(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        if *first != b'\\' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let (byte, used) = match tail {
            [b'x', high, low, ..] => (hex_pair(*high, *low).ok_or_else(|| bad_escape(text))?, 3),
            [b't', ..] => (b'\t', 1),
            [b'n', ..] => (b'\n', 1),
            [b'\\', ..] => (b'\\', 1),
            _ => return Err(bad_escape(text)),
        };
        bytes.push(byte);
        rest = &tail[used..];
    }
    Ok(bytes)
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    Some((digit(high)? * 16 + digit(low)?) as u8)
}

fn bad_escape(text: &[u8]) -> String {
    // A backslash is shown as it was typed: doubled, it would look like another mistake.
    let typed = escape(text).replace("\\\\", "\\");
    format!("`{typed}` has an escape that is none of \\xNN \\t \\n \\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_round_trip() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unescape(&escape(&all)).unwrap(), all);
        assert_eq!(unescape(&escape_word(&all)).unwrap(), all);
        assert!(!escape_word(&all).contains(' '));
    }

    #[test]
    fn bytes_that_are_no_text_stand_for_themselves() {
        assert_eq!(unescape_bytes(b"\xff\\x00\xc3").unwrap(), b"\xff\x00\xc3");
    }

    #[test]
    fn tab_and_newline_have_short_forms_and_others_are_refused() {
        assert_eq!(unescape("a\\tb\\nc\\\\").unwrap(), b"a\tb\nc\\");
        for wrong in ["\\", "\\q", "\\x", "\\x1", "\\xg0"] {
            assert!(unescape(wrong).is_err(), "{wrong}");
        }
    }
}
