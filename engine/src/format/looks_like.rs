//! A guess at what a file is that is not ours, from its first bytes: an error that says "a PNG image" saves a search.

use super::is_zero;

/// What a text transfer makes of our mark.
pub const MARK_WITH_ANOTHER_LINE_ENDING: &str = "a tosumu mark whose line ending was changed, as a text transfer does";
/// Bytes that nothing is known of.
pub const NO_KNOWN_KIND: &str = "bytes of no known kind";
/// Nothing but zeros.
pub const ZEROS: &str = "zeros";

/// Marks that well-known files begin with.
const MARKS: &[(&[u8], &str)] = &[
    (b"TOSULOG\n", "a tosumu log, not its page file"),
    (b"TOSUMU", MARK_WITH_ANOTHER_LINE_ENDING),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"BZh", "bzip2 data"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"%PDF-", "a PDF document"),
    (b"#!", "a script"),
];

/// What `bytes`, the beginning of a file, look like: `zeros`, `an SQLite database`, `text`, …
pub fn looks_like(bytes: &[u8]) -> &'static str {
    if bytes.is_empty() {
        return "nothing: no bytes";
    }
    if let Some((_, name)) = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return name;
    }
    match bytes {
        _ if is_zero(bytes) => ZEROS,
        _ if bytes.iter().all(|&byte| byte == 0xff) => "bytes 0xff, as erased flash holds",
        _ if is_text(bytes) => "text",
        _ => NO_KNOWN_KIND,
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(512)];
    head.iter().all(|&byte| byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r'))
        && match std::str::from_utf8(head) {
            Ok(_) => true,
            // The cut at 512 may fall inside a character.
            Err(error) => error.error_len().is_none(),
        }
}

#[cfg(test)]
mod tests {
    use super::looks_like;

    #[test]
    fn well_known_files_are_named() {
        assert_eq!(looks_like(&[0; 4096]), "zeros");
        assert_eq!(looks_like(b"SQLite format 3\0\x10\0"), "an SQLite database");
        assert_eq!(looks_like(b"\x89PNG\r\n\x1a\n\0\0"), "a PNG image");
        assert_eq!(looks_like("grün\n".as_bytes()), "text");
        assert_eq!(looks_like(b"\x1f\x8b\x08"), "gzip data");
        assert_eq!(looks_like(b"\x7fELF\x02"), "an ELF program");
        assert_eq!(looks_like(&[1, 2, 3]), "bytes of no known kind");
        assert_eq!(looks_like(b""), "nothing: no bytes");
    }
}
