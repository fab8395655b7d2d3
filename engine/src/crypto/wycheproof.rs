//! The Wycheproof vectors, held against the very functions that seal pages, wrap keys, derive subkeys and make keyed hashes.
//!
//! A vector is run as far as these functions can be asked for it: a nonce is 24 bytes and a derived key 32 by their types, so
//! that what the vectors try beyond that cannot be written down. Each such vector is counted; none is passed over silently.

use super::aead::{TAG_BYTES, first_half, hash, hmac_of, open, seal};
use super::kdf::derive_key;
use super::nonce::NONCE_BYTES;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use wycheproof::{TestResult, aead, hkdf, mac};

/// How many vectors of a set were asked for, by what they are.
#[derive(Default, PartialEq, Eq, Debug)]
struct Counted {
    taken: usize,
    refused: usize,
    /// Cannot be written down in the types of the function.
    unspeakable: usize,
}

#[test]
fn the_cipher_seals_and_opens_as_wycheproof_says_and_refuses_what_it_calls_invalid() {
    let set = aead::TestSet::load(aead::TestName::XChaCha20Poly1305).unwrap();
    let mut counted = Counted::default();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let is_valid = test.result == TestResult::Valid;
        let fits = (<[u8; NONCE_BYTES]>::try_from(&test.nonce[..]), <[u8; TAG_BYTES]>::try_from(&test.tag[..]));
        let (Ok(nonce), Ok(tag)) = fits else {
            assert!(!is_valid, "vector {}", test.tc_id);
            counted.unspeakable += 1;
            continue;
        };
        let cipher = XChaCha20Poly1305::new_from_slice(&test.key).unwrap();
        let mut text = test.ct.to_vec();
        assert_eq!(open(&cipher, &nonce, &test.aad, &mut text, &tag), is_valid, "vector {}", test.tc_id);
        if !is_valid {
            assert!(text == test.ct[..], "vector {}: refused, yet something came out", test.tc_id);
            counted.refused += 1;
            continue;
        }
        assert!(text == test.pt[..], "vector {}", test.tc_id);
        assert_eq!(seal(&cipher, &nonce, &test.aad, &mut text), tag, "vector {}", test.tc_id);
        assert!(text == test.ct[..], "vector {}", test.tc_id);
        counted.taken += 1;
    }
    println!("XChaCha20-Poly1305: {counted:?} of {}", set.number_of_tests);
    assert_eq!(counted, Counted { taken: 246, refused: 60, unspeakable: 9 });
}

#[test]
fn keys_are_derived_as_wycheproof_says_of_hkdf() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let mut counted = Counted::default();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if test.result != TestResult::Valid {
            // All of these ask for more than HKDF can give.
            assert!(test.size > 255 * 32, "vector {}", test.tc_id);
            counted.unspeakable += 1;
            continue;
        }
        // What HKDF gives begins alike however much of it is asked for.
        let key = derive_key(Some(&test.salt), &test.ikm, &[&test.info]);
        let length = test.okm.len().min(key.len());
        assert!(length > 0 && key[..length] == test.okm[..length], "vector {}", test.tc_id);
        let (front, back) = test.info.split_at(test.info.len() / 2);
        assert!(key == derive_key(Some(&test.salt), &test.ikm, &[front, back]), "vector {}", test.tc_id);
        counted.taken += 1;
    }
    println!("HKDF-SHA-256: {counted:?} of {}", set.number_of_tests);
    assert_eq!(counted, Counted { taken: 83, refused: 0, unspeakable: 3 });
}

#[test]
fn keyed_hashes_are_as_wycheproof_says_of_hmac_whole_and_cut_to_their_half() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut counted = Counted::default();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (front, back) = test.msg.split_at(test.msg.len() / 3);
        let whole = hash(&hmac_of(&test.key), &[front, back]);
        let is_same = match test.tag.len() {
            32 => whole[..] == test.tag[..],
            16 => first_half(whole)[..] == test.tag[..],
            other => panic!("vector {}: a tag of {other} bytes", test.tc_id),
        };
        assert_eq!(is_same, test.result == TestResult::Valid, "vector {}", test.tc_id);
        if is_same { counted.taken += 1 } else { counted.refused += 1 }
    }
    println!("HMAC-SHA-256: {counted:?} of {}", set.number_of_tests);
    assert_eq!(counted, Counted { taken: 66, refused: 108, unspeakable: 0 });
}
