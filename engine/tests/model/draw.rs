//! What may be done to a database, and how it is drawn by chance.

use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::Bound;

pub type Key = Vec<u8>;
/// A named tree by its number; the main tree has none.
pub type TreeName = Option<u8>;

/// A value that is told by its length and a seed: models are copied often, and a failure is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Val {
    pub length: u32,
    pub seed: u8,
}

impl Val {
    pub fn bytes(self) -> Vec<u8> {
        (0..self.length).map(|at| (at as u8).wrapping_mul(31) ^ (at >> 8) as u8 ^ self.seed).collect()
    }
}

/// How a database is opened, all through a sequence.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    pub page_bytes: u32,
    pub cache_bytes: usize,
    pub transaction_bytes: usize,
    pub log_bytes_checkpoint: u64,
    pub is_relaxed: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum How {
    Whole,
    Pieces,
}

#[derive(Clone, Copy, Debug)]
pub enum Expect {
    Right,
    Wrong,
}

/// A range walked from both ends: bit after bit says which is next.
#[derive(Clone, Debug)]
pub enum Look {
    Get(TreeName, Key),
    Range(TreeName, Bound<Key>, Bound<Key>, u32),
    Prefix(TreeName, Key, u32),
}

/// A change inside a transaction.
#[derive(Clone, Debug)]
pub enum Change {
    Put(TreeName, Key, Val, How),
    Delete(TreeName, Key),
    Swap(TreeName, Key, Expect, Option<Val>),
    /// So many records in a row.
    Fill(TreeName, u16, u16, Val),
    /// So many numbers in a row deleted.
    Clear(TreeName, u16, u16),
    Create(u8),
    Drop(u8),
    Mark,
    Back(u8),
    Unmark(u8),
    Look(Look),
}

#[derive(Clone, Copy, Debug)]
pub enum End {
    Commit,
    Rollback,
    Dropped,
}

#[derive(Clone, Copy, Debug)]
pub enum Cut {
    Lost,
    Kept,
    Seeded(u64),
}

#[derive(Clone, Debug)]
pub enum Step {
    Transaction(Vec<Change>, End),
    Look(Look),
    /// A snapshot is taken and lives on.
    Keep,
    /// Every snapshot alive is compared with its commit; the one of this number, or none, ends.
    Recheck(u8),
    Passive,
    Full,
    /// The log is folded while a snapshot of its newest state lives on.
    FoldBeside,
    Sync,
    Reopen,
    Kill,
    PowerCut(Cut),
    /// The power goes right after this write of a transaction.
    CutTransaction(u64, Vec<Change>, Cut),
    /// The power goes right after this write of a checkpoint.
    CutCheckpoint(u64, Cut),
    Compact,
    Rekey,
    AddKey,
    RemoveKey(u8),
}

pub fn numbered(number: u16) -> Key {
    format!("k{number:03}").into_bytes()
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => (0u16..300).prop_map(numbered),
        2 => vec(any::<u8>(), 1..=114),
        1 => vec(0u8..2, 1..=12),
    ]
}

fn val() -> impl Strategy<Value = Val> {
    let length = prop_oneof![
        6 => 0..40u32,
        4 => 80..300u32,
        3 => 300..2_500u32,
        1 => 2_500..30_000u32,
    ];
    (length, any::<u8>()).prop_map(|(length, seed)| Val { length, seed })
}

fn small() -> impl Strategy<Value = Val> {
    (prop_oneof![3 => 0..50u32, 1 => 90..130u32], any::<u8>()).prop_map(|(length, seed)| Val { length, seed })
}

fn tree() -> impl Strategy<Value = TreeName> {
    prop_oneof![3 => Just(None), 2 => (0..3u8).prop_map(Some)]
}

fn bound() -> impl Strategy<Value = Bound<Key>> {
    prop_oneof![2 => key().prop_map(Bound::Included), 2 => key().prop_map(Bound::Excluded), 1 => Just(Bound::Unbounded)]
}

fn look() -> impl Strategy<Value = Look> {
    let prefix = prop_oneof![Just(b"k".to_vec()), Just(b"k1".to_vec()), Just(vec![]), Just(vec![0xff]), key()];
    prop_oneof![
        1 => (tree(), key()).prop_map(|(tree, key)| Look::Get(tree, key)),
        2 => (tree(), bound(), bound(), any::<u32>()).prop_map(|(tree, from, to, ends)| Look::Range(tree, from, to, ends)),
        1 => (tree(), prefix, any::<u32>()).prop_map(|(tree, prefix, ends)| Look::Prefix(tree, prefix, ends)),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let how = prop_oneof![Just(How::Whole), Just(How::Pieces)];
    let expect = prop_oneof![2 => Just(Expect::Right), 1 => Just(Expect::Wrong)];
    prop_oneof![
        10 => (tree(), key(), val(), how).prop_map(|(tree, key, val, how)| Change::Put(tree, key, val, how)),
        4 => (tree(), key()).prop_map(|(tree, key)| Change::Delete(tree, key)),
        2 => (tree(), key(), expect, proptest::option::of(val()))
            .prop_map(|(tree, key, expect, new)| Change::Swap(tree, key, expect, new)),
        3 => (tree(), 0..250u16, 1..90u16, small()).prop_map(|(tree, first, count, val)| Change::Fill(tree, first, count, val)),
        3 => (tree(), 0..250u16, 1..150u16).prop_map(|(tree, first, count)| Change::Clear(tree, first, count)),
        3 => (0..3u8).prop_map(Change::Create),
        1 => (0..3u8).prop_map(Change::Drop),
        3 => Just(Change::Mark),
        3 => any::<u8>().prop_map(Change::Back),
        1 => any::<u8>().prop_map(Change::Unmark),
        1 => look().prop_map(Change::Look),
    ]
}

fn cut() -> impl Strategy<Value = Cut> {
    prop_oneof![1 => Just(Cut::Lost), 1 => Just(Cut::Kept), 4 => any::<u64>().prop_map(Cut::Seeded)]
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![8 => Just(End::Commit), 1 => Just(End::Rollback), 1 => Just(End::Dropped)];
    let changes = || vec(change(), 1..14);
    prop_oneof![
        16 => (changes(), end).prop_map(|(changes, end)| Step::Transaction(changes, end)),
        2 => look().prop_map(Step::Look),
        3 => Just(Step::Keep),
        2 => any::<u8>().prop_map(Step::Recheck),
        2 => Just(Step::Passive),
        2 => Just(Step::Full),
        2 => Just(Step::FoldBeside),
        1 => Just(Step::Sync),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        2 => cut().prop_map(Step::PowerCut),
        3 => (1..12u64, changes(), cut()).prop_map(|(write, changes, cut)| Step::CutTransaction(write, changes, cut)),
        2 => (1..8u64, cut()).prop_map(|(write, cut)| Step::CutCheckpoint(write, cut)),
        1 => Just(Step::Compact),
        1 => Just(Step::Rekey),
        1 => Just(Step::AddKey),
        1 => any::<u8>().prop_map(Step::RemoveKey),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let page_bytes = prop_oneof![9 => Just(512u32), 1 => Just(4096u32)];
    let cache_bytes = prop_oneof![Just(0usize), Just(3_000), Just(64 << 20)];
    let transaction_bytes = prop_oneof![Just(0usize), Just(3_000), Just(16 << 20)];
    let log_bytes = prop_oneof![Just(1u64), Just(40_000), Just(8 << 20)];
    (page_bytes, cache_bytes, transaction_bytes, log_bytes, any::<bool>()).prop_map(
        |(page_bytes, cache_bytes, transaction_bytes, log_bytes_checkpoint, is_relaxed)| Config {
            page_bytes,
            cache_bytes,
            transaction_bytes,
            log_bytes_checkpoint,
            is_relaxed,
        },
    )
}

/// A sequence, and how the database is opened all through it.
pub fn sequence() -> impl Strategy<Value = (Config, Vec<Step>)> {
    (config(), vec(step(), 1..30))
}
