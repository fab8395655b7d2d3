use super::{for_every_damage, refused, samples, spans_inside};
use crate::finding::Code;
use crate::format::key_slot::{KeySlot, KeySlotKind};
use crate::format::superblock::{Superblock, mac_input, stored_mac};

const KINDS: [KeySlotKind; 4] =
    [KeySlotKind::Keyless, KeySlotKind::Passphrase, KeySlotKind::RecoveryKey, KeySlotKind::Keyfile];

fn encoded() -> Vec<u8> {
    samples::superblock().encode(|input| [input.len() as u8; 32])
}

/// Changes bytes and mends the checksum, as somebody without the key would.
fn changed(at: usize, bytes: &[u8]) -> Result<Superblock, crate::format::DecodeError> {
    let mut superblock = encoded();
    superblock[at..at + bytes.len()].copy_from_slice(bytes);
    let crc = crc32fast::hash(&superblock[..4092]);
    superblock[4092..].copy_from_slice(&crc.to_le_bytes());
    Superblock::decode(&superblock)
}

#[test]
fn a_superblock_survives_the_round_trip() {
    let bytes = encoded();
    assert_eq!(bytes.len(), 4096);
    assert_eq!(Superblock::decode(&bytes).unwrap(), samples::superblock());
    assert_eq!(mac_input(&bytes), &bytes[..4060]);
    assert_eq!(stored_mac(&bytes), [4060u32 as u8; 32]);
}

#[test]
fn every_truncation_and_every_changed_byte_of_a_superblock_is_refused() {
    for_every_damage(&encoded(), Superblock::decode, refused);
}

#[test]
fn a_changed_byte_under_a_mended_checksum_is_an_error_or_another_superblock() {
    let sound = samples::superblock();
    for at in 0..4060 {
        match changed(at, &[encoded()[at] ^ 0x41]) {
            Ok(other) => assert_ne!(other, sound, "byte {at}"),
            Err(error) => spans_inside(&encoded(), &error),
        }
    }
}

#[test]
fn each_refusal_has_its_code_in_the_order_ours_whole_readable_sound() {
    let code = |at: usize, bytes: &[u8]| changed(at, bytes).unwrap_err().code;
    assert_eq!(code(0, b"SQLite"), Code::HdrMagic);
    assert_eq!(code(12, &[3]), Code::HdrVersion);
    assert_eq!(code(12, &[0]), Code::HdrField);
    assert_eq!(code(24, &[1]), Code::HdrFeature);
    assert_eq!(code(28, &[2]), Code::HdrField);
    assert_eq!(code(32, &[1]), Code::HdrField);
    assert_eq!(code(72, &[2]), Code::HdrField);
    assert_eq!(code(73, &[2]), Code::HdrField);
    assert_eq!(code(76, &[0xff; 4]), Code::HdrField);
    assert_eq!(code(116 + 12, &[1]), Code::HdrField);
    assert_eq!(code(2304, &[1]), Code::HdrField);
    assert_eq!(changed(256 + 512 + 4, &[1]).unwrap_err().span, 256 + 512 + 4..256 + 512 + 5);
    assert_eq!(Superblock::decode(&vec![0; 4096]).unwrap_err().found, "zeros");
    assert_eq!(Superblock::decode(b"hello there").unwrap_err().found, "text");
    assert_eq!(Superblock::decode(&encoded()[..100]).unwrap_err().found, "100 bytes");
}

#[test]
fn a_newer_format_that_lets_us_read_is_read() {
    let newer = changed(8, &[3]).unwrap();
    assert_eq!((newer.format, newer.min_reader), (3, 2));
    assert_eq!(changed(20, &[1]).unwrap().features_read_only, 1);
}

#[test]
fn a_superblock_of_format_1_is_read_as_what_it_says() {
    let older = samples::superblock_format_1();
    let bytes = older.encode(|_| [7; 32]);
    assert!(bytes[176..256].iter().all(|&byte| byte == 0));
    assert_eq!(Superblock::decode(&bytes).unwrap(), older);
    assert_eq!(older.key_set.0, older.file_id.0);
    assert_eq!(older.tree_mac_input().len(), 16 + 8 + 28 + 4 + 28 + 4 + 8 + 16);
    let mut claims_more = bytes;
    claims_more[208] = 1;
    let crc = crc32fast::hash(&claims_more[..4092]);
    claims_more[4092..].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(Superblock::decode(&claims_more).unwrap_err().span, 208..209);
}

#[test]
fn a_key_slot_survives_the_round_trip_and_is_checked_for_its_kind() {
    for kind in KINDS {
        let slot = samples::key_slot(kind);
        assert_eq!(slot.kind().unwrap(), kind);
        assert_eq!(slot.check(), Ok(()));
        assert_eq!((slot.salt(), slot.commitment(), slot.nonce()), (&[1; 16], &[2; 32], &[3; 24]));
        assert_eq!((slot.wrapped_dek(), slot.tag(), slot.dek_generation()), (&[4; 32], &[5; 16], 1));
        assert_eq!(slot.aad_prefix(), &slot.bytes[..72]);
    }
    assert_eq!(KeySlot::EMPTY.check(), Ok(()));
}

#[test]
fn a_changed_byte_of_a_key_slot_is_an_error_or_visible() {
    for kind in KINDS {
        for at in 0..256 {
            let mut slot = samples::key_slot(kind);
            slot.bytes[at] ^= 1;
            match slot.check() {
                Ok(()) => assert!(at == 0 || (4..8).contains(&at) || (8..20).contains(&at) || (24..176).contains(&at)),
                Err(error) => assert_eq!(error.code, Code::HdrField),
            }
        }
    }
}

#[test]
fn debug_never_prints_a_key() {
    let printed = format!("{:?} {:?}", samples::superblock(), samples::key_slot(KeySlotKind::Keyless));
    assert!(!printed.contains("90, 90") && !printed.contains("5a5a"), "{printed}");
}

#[test]
fn the_tree_mac_binds_its_fields_in_order() {
    let input = samples::superblock().tree_mac_input();
    assert_eq!(input.len(), 16 + 8 + 28 + 4 + 28 + 4 + 8 + 16 + 28 + 4);
    assert_eq!(&input[16..24], &7u64.to_le_bytes());
    assert_eq!(&input[52..56], &3u32.to_le_bytes());
}
