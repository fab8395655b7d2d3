//! The subkeys of a database and what each does: seal and open pages, and the keyed hashes of superblock, log, tree and
//! fingerprint. A sealed page is made here or read back from a file, and nowhere else.

use super::{
    kdf::derive_key,
    key_slot::KEY_SLOT_BYTES,
    nonce::{Entropy, NONCE_BYTES, draw_nonces},
    secret::Dek,
};
use crate::{
    defence::{Defence, is_off},
    limits::{KEY_SLOTS_COUNT, PAGE_OVERHEAD_BYTES},
    types::{CommitNo, FileId, PageSize, Seal},
};
use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::{fmt, io, ops::Deref};
use subtle::ConstantTimeEq;
use zeroize::{Zeroizing, optimization_barrier};

/// The header of a sealed page, in bytes: kind, flags, zero, page number, commit.
const HEADER_BYTES: usize = 16;
/// A Poly1305 tag, in bytes.
pub(super) const TAG_BYTES: usize = 16;
/// Where the ciphertext of a sealed page starts: behind nonce and header.
const CIPHERTEXT_START: usize = NONCE_BYTES + HEADER_BYTES;

/// Everything but the data key that goes into the subkeys: two files, or two page sizes, never share one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyContext {
    /// The superblock's `format`.
    pub format: u32,
    /// The superblock's `cipher_suite`.
    pub cipher_suite: u32,
    /// The page size, in bytes.
    pub page_size: u32,
    /// The file's id.
    pub file_id: FileId,
    /// The superblock's `dek_generation`.
    pub dek_generation: u32,
}

/// What a subkey is for; the numbers stand in the HKDF info.
#[derive(Clone, Copy)]
enum Purpose {
    Page = 1,
    Superblock = 2,
    LogRecord = 3,
    LogSeed = 4,
    Tree = 5,
    Fingerprint = 6,
    KeySlotCounter = 7,
}

/// The subkeys of a database, one for each purpose. They are wiped when dropped.
pub struct Keys {
    file_id: FileId,
    page: XChaCha20Poly1305,
    superblock: Hmac<Sha256>,
    log_record: Hmac<Sha256>,
    log_seed: Hmac<Sha256>,
    tree: Hmac<Sha256>,
    fingerprint: Hmac<Sha256>,
    key_slot_counter: Hmac<Sha256>,
}

impl Keys {
    /// Derives every subkey from the data key.
    pub fn derive(dek: &Dek, context: &KeyContext) -> Keys {
        let hash = |purpose| hmac_of(&*subkey(dek, context, purpose));
        Keys {
            file_id: context.file_id,
            page: XChaCha20Poly1305::new((&*subkey(dek, context, Purpose::Page)).into()),
            superblock: hash(Purpose::Superblock),
            log_record: hash(Purpose::LogRecord),
            log_seed: hash(Purpose::LogSeed),
            tree: hash(Purpose::Tree),
            fingerprint: hash(Purpose::Fingerprint),
            key_slot_counter: hash(Purpose::KeySlotCounter),
        }
    }

    /// Draws the nonces of one commit; see [`draw_nonces`].
    pub fn draw_nonces(entropy: &dyn Entropy, count: usize) -> io::Result<Vec<[u8; NONCE_BYTES]>> {
        draw_nonces(entropy, count)
    }

    /// Seals `plain` under `header`. `nonce` must never have been used before: with the same key and nonce, two pages
    /// give each other away.
    pub fn seal_page(&self, header: [u8; HEADER_BYTES], plain: &[u8], nonce: [u8; NONCE_BYTES]) -> SealedPage {
        let mut bytes = Vec::with_capacity(plain.len() + PAGE_OVERHEAD_BYTES);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(plain);
        let plain = bytes.get_mut(CIPHERTEXT_START..).expect("invariant: the header is there");
        let tag = seal(&self.page, &nonce, &self.page_label(&header), plain);
        bytes.extend_from_slice(&tag);
        SealedPage::adopt(bytes).expect("invariant: the plain form fits a page size")
    }

    /// Opens a page under the header it carries; nothing where the page is not authentic. The caller has held header
    /// and seal against the pointer it came by: an old version of the page is authentic too.
    pub fn open_page(&self, sealed: &SealedPage) -> Option<PlainPage> {
        self.open_under(&sealed.bytes, &sealed.header_bytes())
    }

    /// As [`Keys::open_page`], of bytes that nobody has to take over; nothing either where their number is not a page size.
    pub(crate) fn open_page_bytes(&self, bytes: &[u8]) -> Option<PlainPage> {
        PageSize::new(u32::try_from(bytes.len()).ok()?)?;
        self.open_under(bytes, bytes[NONCE_BYTES..].first_chunk()?)
    }

    /// True when `bytes` would open had they `header` in place of their own: tells a misplaced page from a forged one.
    pub fn page_is_authentic_as(&self, bytes: &[u8], header: [u8; HEADER_BYTES]) -> bool {
        bytes.len() >= PAGE_OVERHEAD_BYTES && self.open_under(bytes, &header).is_some()
    }

    /// Opens `bytes`, at least [`PAGE_OVERHEAD_BYTES`] long.
    fn open_under(&self, bytes: &[u8], header: &[u8; HEADER_BYTES]) -> Option<PlainPage> {
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let (ciphertext, tag) = rest.get(HEADER_BYTES..)?.split_last_chunk::<TAG_BYTES>()?;
        let mut plain = PlainPage(ciphertext.to_vec());
        let label = self.page_label(header);
        open_unless_off(Defence::PageTag, &self.page, nonce, &label, &mut plain.0, tag).then_some(plain)
    }

    /// The associated data of a page: label, file id and header, so that none of them can be changed unseen.
    fn page_label(&self, header: &[u8; HEADER_BYTES]) -> [u8; 45] {
        let mut label = [0; 45];
        label[..13].copy_from_slice(b"tosumu page 1");
        label[13..29].copy_from_slice(&self.file_id.0);
        label[29..].copy_from_slice(header);
        for (defence, covered) in [
            (Defence::FileIdInAssociatedData, 13..29),
            (Defence::PageNumberInAssociatedData, 33..37),
            (Defence::CommitInAssociatedData, 37..45),
        ] {
            if is_off(defence) {
                label[covered].fill(0);
            }
        }
        label
    }

    /// The MAC of a superblock; `input` is everything before it.
    pub fn superblock_mac(&self, input: &[u8]) -> [u8; 32] {
        hash(&self.superblock, &[input])
    }

    /// True when `mac` is the superblock's MAC. How long this takes does not tell how much of it fits.
    pub fn superblock_mac_is(&self, input: &[u8], mac: &[u8]) -> bool {
        self.superblock_mac(input).ct_eq(mac).into()
    }

    /// What binds a log to the state it continues; `input` is as DESIGN.md lists it.
    pub fn tree_mac(&self, input: &[u8]) -> [u8; 32] {
        hash(&self.tree, &[input])
    }

    /// The seed of a log, that the chain of its records starts from.
    pub fn log_seed(&self, header_prefix: &[u8], tree_mac: &[u8; 32]) -> [u8; 16] {
        first_half(hash(&self.log_seed, &[header_prefix, tree_mac]))
    }

    /// The MAC of a log record: over the log's salt, then `parts` in their order.
    pub fn record_mac(&self, salt: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
        let salt = if is_off(Defence::SaltInRecordMac) { &[0; 16] } else { salt };
        let start = self.log_record.clone().chain_update(salt);
        first_half(hash(&start, parts))
    }

    /// The fingerprint of commit 0, the empty database.
    pub fn first_fingerprint(&self) -> [u8; 16] {
        first_half(hash(&self.fingerprint, &[&self.file_id.0]))
    }

    /// The fingerprint of `commit`, from that of the commit before and the commit body up to its own fingerprint.
    pub fn next_fingerprint(&self, previous: &[u8; 16], commit: CommitNo, body_prefix: &[u8]) -> [u8; 16] {
        first_half(hash(&self.fingerprint, &[previous, &commit.0.to_le_bytes(), body_prefix]))
    }

    /// The MAC of the key-slot counter and the key slots, for a line that is kept outside the file. The slots are in it so
    /// that two copies of a file whose keys were changed equally often are told apart.
    pub fn key_slots_mac(&self, counter: u32, slots: &[[u8; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT]) -> [u8; 16] {
        first_half(hash(&self.key_slot_counter, &[&counter.to_le_bytes(), slots.as_flattened()]))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("file_id", &self.file_id).finish_non_exhaustive()
    }
}

/// Seals `text` in place under `label`, which stays as it is; gives the tag. Pages and wrapped keys alike go through this.
pub(super) fn seal(
    cipher: &XChaCha20Poly1305,
    nonce: &[u8; NONCE_BYTES],
    label: &[u8],
    text: &mut [u8],
) -> [u8; TAG_BYTES] {
    let tag = cipher.encrypt_inout_detached(nonce.into(), label, text.into());
    tag.expect("invariant: what is sealed here is far shorter than the cipher's limit").into()
}

/// Opens in place what [`seal`] made; false, and `text` as it was, where label, text and tag do not go together.
pub(super) fn open(
    cipher: &XChaCha20Poly1305,
    nonce: &[u8; NONCE_BYTES],
    label: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_BYTES],
) -> bool {
    cipher.decrypt_inout_detached(nonce.into(), label, text.into(), tag.into()).is_ok()
}

/// As [`open`], which a test may take out: then what stands there is deciphered whatever the tag is. A stream cipher does the
/// same one way and the other.
pub(super) fn open_unless_off(
    defence: Defence,
    cipher: &XChaCha20Poly1305,
    nonce: &[u8; NONCE_BYTES],
    label: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_BYTES],
) -> bool {
    if is_off(defence) {
        seal(cipher, nonce, label, text);
        return true;
    }
    open(cipher, nonce, label, text, tag)
}

fn subkey(dek: &Dek, context: &KeyContext, purpose: Purpose) -> Zeroizing<[u8; 32]> {
    let info: [&[u8]; 7] = [
        b"tosumu key 1",
        &context.format.to_le_bytes(),
        &context.cipher_suite.to_le_bytes(),
        &context.page_size.to_le_bytes(),
        &context.file_id.0,
        &context.dek_generation.to_le_bytes(),
        &(purpose as u32).to_le_bytes(),
    ];
    let counted = if is_off(Defence::KeysByFullContext) { &info[6..] } else { &info };
    derive_key(None, dek.expose(), counted)
}

pub(super) fn hmac_of(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("invariant: HMAC takes a key of any length")
}

pub(super) fn hash(start: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = start.clone();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into_bytes().into()
}

pub(super) fn first_half(hash: [u8; 32]) -> [u8; 16] {
    *hash.first_chunk().expect("invariant: 32 bytes have a first half")
}

/// A page as it stands in a file: the one form that page file and log take. Sealing makes it, or reading it back.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPage {
    bytes: Vec<u8>,
}

impl SealedPage {
    /// Takes bytes read from a file for a sealed page; nothing where their number is not a page size. Whether they are
    /// authentic is told by opening them.
    pub fn adopt(bytes: Vec<u8>) -> Option<SealedPage> {
        PageSize::new(u32::try_from(bytes.len()).ok()?)?;
        Some(SealedPage { bytes })
    }

    /// The page, byte for byte.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The page's seal: its tag.
    pub fn seal(&self) -> Seal {
        Seal(*self.bytes.last_chunk().expect("invariant: a page is longer than its tag"))
    }

    /// The header it carries, not yet known to be authentic.
    pub fn header_bytes(&self) -> [u8; HEADER_BYTES] {
        *self.bytes[NONCE_BYTES..].first_chunk().expect("invariant: a page is longer than its header")
    }

    /// The page size, in bytes.
    #[allow(clippy::len_without_is_empty, reason = "a sealed page is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl fmt::Debug for SealedPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedPage({} bytes, seal {})", self.len(), self.seal())
    }
}

/// The plain form of a page that was opened and found authentic. It is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainPage(Vec<u8>);

impl PlainPage {
    /// The bytes, which nobody wipes any more.
    pub fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for PlainPage {
    /// In one go: byte by byte, as `Zeroizing` wipes a vector, takes a fifth of the time that opening the page does.
    fn drop(&mut self) {
        self.0.clear();
        self.0.resize(self.0.capacity(), 0);
        optimization_barrier(self.0.as_slice());
    }
}

impl From<Vec<u8>> for PlainPage {
    /// A page that this process wrote itself and keeps opened: it is wiped when dropped, like one that was read.
    fn from(bytes: Vec<u8>) -> Self {
        PlainPage(bytes)
    }
}

impl Deref for PlainPage {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PlainPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainPage({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::OsEntropy;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    fn dek() -> Dek {
        Dek::from_bytes(Zeroizing::new(std::array::from_fn(|index| index as u8)))
    }

    fn context() -> KeyContext {
        let file_id = FileId(std::array::from_fn(|index| 0xa0 + index as u8));
        KeyContext { format: 1, cipher_suite: 1, page_size: 512, file_id, dek_generation: 1 }
    }

    fn keys() -> Keys {
        Keys::derive(&dek(), &context())
    }

    /// Leaf, page 3, commit 42.
    const HEADER: [u8; 16] = [2, 0, 0, 0, 3, 0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0];

    fn plain() -> Vec<u8> {
        (0..512 - PAGE_OVERHEAD_BYTES).map(|index| index as u8).collect()
    }

    fn sealed() -> SealedPage {
        keys().seal_page(HEADER, &plain(), std::array::from_fn(|index| 0x40 + index as u8))
    }

    #[test]
    fn the_cipher_gives_the_known_answer_of_the_xchacha_draft() {
        let key: [u8; 32] = std::array::from_fn(|index| 0x80 + index as u8);
        let nonce: [u8; 24] = std::array::from_fn(|index| 0x40 + index as u8);
        let mut text = *b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
            future, sunscreen would be it.";
        let tag = XChaCha20Poly1305::new((&key).into())
            .encrypt_inout_detached((&nonce).into(), &bytes("50515253c0c1c2c3c4c5c6c7"), text.as_mut_slice().into())
            .unwrap();
        let expected = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4a\
            a6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b9\
            82c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e";
        assert_eq!(hex::encode(text), expected);
        assert_eq!(hex::encode(tag), "c0875924c1c7987947deafd8780acf49");
    }

    #[test]
    fn hmac_gives_the_known_answers_of_rfc_4231() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, expected) in cases {
            let (front, back) = message.split_at(4);
            assert_eq!(hex::encode(hash(&hmac_of(key), &[front, back])), expected);
        }
    }

    #[test]
    fn every_purpose_derives_the_key_that_another_implementation_does() {
        let expected = [
            (Purpose::Page, "2949e4a131e413b766ca1064eff906ef9b735d6f3a38a6bcc1edce0d2c87752b"),
            (Purpose::Superblock, "c3ee7c9eee35551cd251b264916da1390d75a73d6d8fe09598a31b661e464ffa"),
            (Purpose::LogRecord, "b37863be71d581a19073484d735e690df88bfdf541eb78ccfb69d582d3e0ad0a"),
            (Purpose::LogSeed, "72cb96dd4281922e7219f5fb4942b1330f117cb9fbe44951dda250eb31f917cf"),
            (Purpose::Tree, "2f973a9c8f1a6e08bb958abb8c2d7bf8d0481419ca32ea98fb4942e96970b31b"),
            (Purpose::Fingerprint, "f95ef4daffbfbb13f6db5530dc18b271811de708b73b61aa19cd92617b9c2c74"),
            (Purpose::KeySlotCounter, "33c3ef123bdb32dd0b1c608a8f2ab6f5d55c64fe8d574e318d4fc02e3e2fb5f1"),
        ];
        for (purpose, expected) in expected {
            assert_eq!(hex::encode(*subkey(&dek(), &context(), purpose)), expected);
        }
    }

    #[test]
    fn every_field_of_the_context_changes_the_keys() {
        let plain = context();
        let others = [
            KeyContext { format: 2, ..plain },
            KeyContext { cipher_suite: 2, ..plain },
            KeyContext { page_size: 1024, ..plain },
            KeyContext { file_id: FileId([0; 16]), ..plain },
            KeyContext { dek_generation: 2, ..plain },
        ];
        for other in others {
            assert!(Keys::derive(&dek(), &other).open_page(&sealed()).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_page_is_sealed_as_another_implementation_does() {
        let page = sealed();
        assert_eq!(
            hex::encode(&page.bytes()[..72]),
            "404142434445464748494a4b4c4d4e4f505152535455565702000000030000002a00000000000000816dcabc801dec6b\
                d458d59f77f7b20ea851f639bf2e7595a6659b1c76694490"
        );
        assert_eq!(page.seal().to_string(), "71038a1aabf7949a6aa1c596c366f183");
        assert_eq!(page.header_bytes(), HEADER);
        assert_eq!(page.len(), 512);
    }

    #[test]
    fn every_keyed_hash_is_as_another_implementation_gives_it() {
        let keys = keys();
        assert_eq!(
            hex::encode(keys.superblock_mac(b"superblock")),
            "d3c774a3edd8b70d997000a3b2c68a0acd35b406a127218afcdc9ba963944753"
        );
        assert_eq!(
            hex::encode(keys.tree_mac(b"tree")),
            "6aaee767f7ba2262e177121daa6585375192b3b99d2fde9d312ed06e199f6429"
        );
        assert_eq!(hex::encode(keys.log_seed(&[5; 56], &[6; 32])), "2993b9f7057e420980c080cf09614ef0");
        let tag = [9; 16];
        assert_eq!(
            hex::encode(keys.record_mac(&[7; 16], &[&[1; 36], &[2; 24], &tag])),
            "db0ae0755d90932384c8c9ceddaa5796"
        );
        let slots = [[5; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT];
        assert_eq!(hex::encode(keys.key_slots_mac(3, &slots)), "56225d6af7c3a8c8d63ad4e2f56ae115");
    }

    #[test]
    fn the_chain_of_fingerprints_is_as_another_implementation_gives_it() {
        let keys = keys();
        let zero = keys.first_fingerprint();
        let one = keys.next_fingerprint(&zero, CommitNo(1), &[1; 96]);
        let two = keys.next_fingerprint(&one, CommitNo(2), &[2; 96]);
        assert_eq!(
            [zero, one, two].map(hex::encode),
            [
                "46e570ed6f2f3b5cd97bbb25a2c871e9",
                "28fe6fa2744ebdd567f99708f699bb14",
                "f5dddb2cfa3b9b753881f193a0ead316"
            ]
        );
    }

    #[test]
    fn a_sealed_page_opens_to_what_was_sealed() {
        for page_size in [512, 4096, 65536] {
            let plain = vec![0x5a; page_size - PAGE_OVERHEAD_BYTES];
            let page = keys().seal_page(HEADER, &plain, [1; 24]);
            let opened = keys().open_page(&SealedPage::adopt(page.bytes().to_vec()).unwrap()).unwrap();
            assert_eq!(&*opened, &plain[..]);
            assert_eq!(opened.into_vec(), plain);
        }
    }

    #[test]
    fn a_page_with_any_one_bit_changed_does_not_open() {
        let keys = keys();
        let good = sealed().bytes().to_vec();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(keys.open_page(&SealedPage::adopt(bad).unwrap()).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn a_page_whose_header_was_changed_is_still_known_under_its_old_one() {
        let mut moved = sealed().bytes().to_vec();
        moved[NONCE_BYTES + 4] = 9;
        assert!(keys().open_page(&SealedPage::adopt(moved.clone()).unwrap()).is_none());
        assert!(keys().page_is_authentic_as(&moved, HEADER));
        let mut other = HEADER;
        other[8] += 1;
        assert!(!keys().page_is_authentic_as(&moved, other));
        for length in 0..PAGE_OVERHEAD_BYTES + 1 {
            assert!(!keys().page_is_authentic_as(&moved[..length], HEADER));
        }
    }

    #[test]
    fn only_bytes_of_a_page_size_are_adopted() {
        for length in [0, 56, 256, 511, 513, 1000, 131_072] {
            assert!(SealedPage::adopt(vec![0; length]).is_none(), "{length}");
        }
        assert!(SealedPage::adopt(vec![0; 512]).is_some());
    }

    #[test]
    fn a_superblock_mac_of_other_bytes_or_another_length_is_not_taken() {
        let keys = keys();
        let mac = keys.superblock_mac(b"superblock");
        assert!(keys.superblock_mac_is(b"superblock", &mac));
        assert!(!keys.superblock_mac_is(b"superblocK", &mac));
        assert!(!keys.superblock_mac_is(b"superblock", &mac[..31]));
        assert!(!keys.superblock_mac_is(b"superblock", &[]));
    }

    #[test]
    fn debug_prints_hold_no_key_and_no_plain_byte() {
        let file_id = context().file_id;
        assert_eq!(format!("{:?}", keys()), format!("Keys {{ file_id: {file_id:?}, .. }}"));
        assert_eq!(format!("{:?}", keys().open_page(&sealed()).unwrap()), "PlainPage(456 bytes)");
        assert_eq!(format!("{:?}", sealed()), format!("SealedPage(512 bytes, seal {})", sealed().seal()));
    }

    #[test]
    fn two_generated_data_keys_differ() {
        let draw = || Dek::generate(&OsEntropy).unwrap();
        assert_ne!(draw().expose(), draw().expose());
    }
}
