//! Round trips, and what every decoder makes of every truncation and every changed byte.

mod annotate;
mod log;
mod node;
mod pages;
mod samples;
mod superblock;
mod values;

use super::DecodeError;
use std::fmt::Debug;

/// Runs `decode` over every shorter form of `bytes` and over every form with one byte changed. It must never panic;
/// what it made of each is handed to `judge`.
fn for_every_damage<T: Debug>(
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    judge: impl Fn(&[u8], Result<T, DecodeError>),
) {
    for length in 0..bytes.len() {
        judge(&bytes[..length], decode(&bytes[..length]));
    }
    let mut changed = bytes.to_vec();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff, bytes[at]] {
            if flip == 0 {
                continue;
            }
            changed[at] ^= flip;
            judge(&changed, decode(&changed));
            changed[at] = bytes[at];
        }
    }
}

/// The judgement for structures under a checksum: every damage is an error, and its span lies inside what was given.
fn refused<T: Debug>(bytes: &[u8], result: Result<T, DecodeError>) {
    let error = result.expect_err("damage under a checksum is always seen");
    spans_inside(bytes, &error);
}

fn spans_inside(bytes: &[u8], error: &DecodeError) {
    assert!(error.span.start <= error.span.end && error.span.end <= bytes.len(), "{error}");
    let printable = |text: &str| text.chars().all(|character| !character.is_control());
    assert!(printable(&error.found) && printable(&error.expected) && printable(&error.why), "{error}");
}
