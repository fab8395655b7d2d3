//! A database and the model of what it holds, and the steps that are taken in both.

use super::draw::{Change, Config, Cut, End, Expect, How, Key, Look, Step, TreeName, Val, numbered};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, SimVfs, StopPoint, Vfs};
use tosumu::{
    AutoCheckpoint, Busy, CheckpointMode, CheckpointOutcome, Database, Durability, KdfProfile, Options, PageSize,
    Range, ReadTxn, Result, Savepoint, Severity, Swap, Tree, TreeInfo, TreeMut, Unlock, WriteTxn,
};

type Records = BTreeMap<Key, Val>;
/// All trees; the main tree is always there.
type Forest = BTreeMap<TreeName, Records>;

/// How often the things happened that the sequences are drawn for.
#[derive(Default)]
pub struct Tally {
    pub commits: AtomicU64,
    pub spilled: AtomicU64,
    pub rolled_back_to: AtomicU64,
    pub power_cuts: AtomicU64,
    pub cuts_inside: AtomicU64,
    pub relaxed_lost: AtomicU64,
    pub folded: AtomicU64,
    pub folded_beside: AtomicU64,
    pub deferred: AtomicU64,
    pub snapshots: AtomicU64,
    pub copies: AtomicU64,
}

impl Tally {
    pub fn counted(&self) -> [(&'static str, u64); 11] {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("commits", of(&self.commits)),
            ("transactions spilled", of(&self.spilled)),
            ("rolled back to savepoints", of(&self.rolled_back_to)),
            ("power cuts", of(&self.power_cuts)),
            ("of them inside a commit or checkpoint", of(&self.cuts_inside)),
            ("relaxed commits lost", of(&self.relaxed_lost)),
            ("checkpoints", of(&self.folded)),
            ("beside snapshots", of(&self.folded_beside)),
            ("deferred", of(&self.deferred)),
            ("snapshots checked again", of(&self.snapshots)),
            ("copies gone on with", of(&self.copies)),
        ]
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub struct World<'a> {
    tally: &'a Tally,
    disk: SimVfs,
    config: Config,
    /// Every opening draws other randomness, and every copy has another name.
    serial: u64,
    path: String,
    db: Option<Database>,
    forest: Rc<Forest>,
    /// What a power cut may bring back beside the newest state: each state since the last sync, the oldest first.
    unsynced: Vec<Rc<Forest>>,
    kept: Vec<(ReadTxn, Rc<Forest>)>,
    /// The number of the secret in each key slot; 0 is none at all.
    keys: BTreeMap<u8, u8>,
}

fn unlock(secret: u8) -> Unlock {
    match secret {
        0 => Unlock::Keyless,
        secret => Unlock::Keyfile(vec![secret; 40].into()),
    }
}

fn name_of(number: u8) -> String {
    format!("tree {number}")
}

impl<'a> World<'a> {
    pub fn new(config: Config, tally: &'a Tally) -> World<'a> {
        let mut world = World {
            tally,
            disk: SimVfs::new(1),
            config,
            serial: 0,
            path: "model-0.tsm".to_owned(),
            db: None,
            forest: Rc::new(Forest::from([(None, Records::new())])),
            unsynced: Vec::new(),
            kept: Vec::new(),
            keys: BTreeMap::from([(0, 0)]),
        };
        world.open();
        world
    }

    fn db(&self) -> &Database {
        self.db.as_ref().unwrap()
    }

    fn secret(&self) -> Unlock {
        unlock(*self.keys.values().nth(self.serial as usize % self.keys.len()).unwrap())
    }

    fn open(&mut self) {
        self.serial += 1;
        let durability = if self.config.is_relaxed { Durability::Relaxed } else { Durability::Full };
        let options = Options::new()
            .vfs(Arc::new(self.disk.clone()))
            .entropy(Arc::new(InsecureSeededEntropy::new(self.serial)))
            .page_size(PageSize::new(self.config.page_bytes).unwrap())
            .cache_bytes(self.config.cache_bytes)
            .transaction_bytes(self.config.transaction_bytes)
            .log_bytes_checkpoint(self.config.log_bytes_checkpoint)
            .durability(durability)
            .busy(Busy::Fail)
            .checkpoints(AutoCheckpoint::Inline)
            .create(true);
        self.db = Some(options.unlock(self.secret()).open(&self.path).unwrap());
        assert!(!self.spill_is_there(), "a spill file was left");
    }

    /// While the power is gone nothing is there.
    fn spill_is_there(&self) -> bool {
        self.disk.exists(Path::new(&format!("{}-spill", self.path))).unwrap_or(false)
    }

    pub fn take(&mut self, step: Step) {
        match step {
            Step::Transaction(changes, end) => self.transaction(&changes, end),
            Step::Look(look) => look_in_snapshot(&self.db().read(), &self.forest, &look),
            Step::Keep => self.kept.push((self.db().read(), self.forest.clone())),
            Step::Recheck(number) => self.recheck(number),
            Step::Passive => self.checkpoint(CheckpointMode::Passive),
            Step::Full => self.checkpoint(CheckpointMode::Full { wait: Duration::ZERO }),
            Step::FoldBeside => self.fold_beside(),
            Step::Sync => {
                self.db().sync().unwrap();
                self.unsynced.clear();
            }
            Step::Reopen => self.reopen(),
            Step::Kill => {
                self.disk.end_process();
                self.reopen();
            }
            Step::PowerCut(cut) => self.power_cut(cut, None),
            Step::CutTransaction(write, changes, cut) => self.cut_transaction(write, &changes, cut),
            Step::CutCheckpoint(write, cut) => self.cut_checkpoint(write, cut),
            Step::Compact => self.copy(|db, path| drop(db.compact_to(path).unwrap())),
            Step::Rekey => {
                let secret = 1 + (self.serial % 200) as u8;
                self.copy(|db, path| drop(db.rekey_to(path, unlock(secret), KdfProfile::TEST).unwrap()));
                self.keys = BTreeMap::from([(0, secret)]);
            }
            Step::AddKey => self.add_key(),
            Step::RemoveKey(number) => self.remove_key(number),
        }
        if self.db.is_none() {
            self.open();
        }
    }

    /// What holds at the end of every sequence: the contents, each snapshot's too, a file that is sound to its last page, and,
    /// when everything is deleted, no page in use but the root.
    pub fn finish(mut self) {
        self.check();
        self.recheck(u8::MAX);
        self.sound();
        let mut tx = self.db().begin_write().unwrap();
        for (tree, records) in &*self.forest {
            match tree {
                Some(number) => assert!(tx.drop_tree(&name_of(*number)).unwrap()),
                None => records.keys().for_each(|key| assert!(tx.delete(key).unwrap())),
            }
        }
        tx.commit().unwrap();
        let empty = Rc::new(Forest::from([(None, Records::new())]));
        let snapshot = self.db().read();
        check_snapshot(&snapshot, &empty);
        assert_eq!(snapshot.page_count() - snapshot.free_page_count(), 1, "pages in use when nothing is there");
        drop(snapshot);
        self.recheck(u8::MAX);
        self.kept.clear();
        self.checkpoint(CheckpointMode::Passive);
        self.forest = empty;
        self.check();
        self.sound();
    }

    fn check(&self) {
        check_snapshot(&self.db().read(), &self.forest);
    }

    fn sound(&self) {
        let file = AtRest::open(Arc::new(self.disk.clone()), &self.path, Some(&self.secret())).unwrap();
        let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap();
        let wrong: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(report.checks.iter().filter(|check| check.name != "freshness").all(|check| check.ran), "{report:?}");
    }

    fn recheck(&mut self, number: u8) {
        for (snapshot, forest) in &self.kept {
            check_snapshot(snapshot, forest);
            count(&self.tally.snapshots);
        }
        if usize::from(number % 16) < self.kept.len() {
            self.kept.swap_remove(usize::from(number % 16));
        }
    }

    fn transaction(&mut self, changes: &[Change], end: End) {
        let (next, tx) = self.attempt(changes).unwrap();
        match end {
            End::Commit => {
                tx.commit().unwrap();
                self.committed(next);
            }
            End::Rollback => tx.rollback(),
            End::Dropped => drop(tx),
        }
        assert!(!self.spill_is_there(), "the spill file outlived its transaction");
    }

    /// Makes the changes in a transaction and a copy of the model.
    fn attempt(&mut self, changes: &[Change]) -> Result<(Rc<Forest>, WriteTxn)> {
        let generation = self.db().stats()?.log_generation;
        let mut tx = self.db().begin_write()?;
        if self.db().stats()?.log_generation != generation {
            // The log was folded first, and with it everything became durable.
            self.unsynced.clear();
        }
        let mut forest = (*self.forest).clone();
        let mut marks = Vec::new();
        changes.iter().try_for_each(|change| self.apply(&mut tx, &mut forest, &mut marks, change))?;
        if self.spill_is_there() {
            count(&self.tally.spilled);
        }
        Ok((Rc::new(forest), tx))
    }

    fn apply(
        &self,
        tx: &mut WriteTxn,
        forest: &mut Forest,
        marks: &mut Vec<(Savepoint, Forest)>,
        change: &Change,
    ) -> Result<()> {
        let is_there = |forest: &Forest, tree: &TreeName| forest.contains_key(tree);
        match change {
            Change::Put(tree, key, val, how) if is_there(forest, tree) => {
                put(tx, *tree, key, *val, *how)?;
                forest.get_mut(tree).unwrap().insert(key.clone(), *val);
                look_in_transaction(tx, forest, &Look::Get(*tree, key.clone()))?;
            }
            Change::Fill(tree, first, count, val) if is_there(forest, tree) => {
                for number in *first..first + count {
                    put(tx, *tree, &numbered(number), *val, How::Whole)?;
                    forest.get_mut(tree).unwrap().insert(numbered(number), *val);
                }
            }
            Change::Delete(tree, key) if is_there(forest, tree) => delete(tx, forest, *tree, key)?,
            Change::Clear(tree, first, count) if is_there(forest, tree) => {
                (*first..first + count).try_for_each(|number| delete(tx, forest, *tree, &numbered(number)))?;
            }
            Change::Swap(tree, key, expect, new) if is_there(forest, tree) => {
                swap(tx, forest, *tree, key, *expect, *new)?;
            }
            Change::Create(number) => {
                let created = tx.create_tree(&name_of(*number))?;
                assert_eq!(created, !is_there(forest, &Some(*number)));
                forest.entry(Some(*number)).or_default();
            }
            Change::Drop(number) => {
                let dropped = tx.drop_tree(&name_of(*number))?;
                assert_eq!(dropped, forest.remove(&Some(*number)).is_some());
            }
            Change::Mark => marks.push((tx.savepoint(), forest.clone())),
            Change::Back(number) if !marks.is_empty() => {
                marks.truncate(usize::from(*number) % marks.len() + 1);
                let (mark, then) = marks.last().unwrap();
                tx.rollback_to(mark)?;
                forest.clone_from(then);
                count(&self.tally.rolled_back_to);
                check_transaction(tx, forest)?;
            }
            Change::Unmark(number) if !marks.is_empty() => {
                marks.remove(usize::from(*number) % marks.len());
            }
            Change::Back(_) | Change::Unmark(_) => {}
            Change::Look(look) => look_in_transaction(tx, forest, look)?,
            Change::Put(tree, ..)
            | Change::Fill(tree, ..)
            | Change::Delete(tree, _)
            | Change::Clear(tree, ..)
            | Change::Swap(tree, ..) => {
                assert!(tx.tree(&name_of(tree.unwrap()))?.is_none(), "a tree that was not created");
            }
        }
        Ok(())
    }

    fn committed(&mut self, next: Rc<Forest>) {
        count(&self.tally.commits);
        let before = std::mem::replace(&mut self.forest, next);
        if self.config.is_relaxed {
            self.unsynced.push(before);
        }
    }

    fn checkpoint(&mut self, mode: CheckpointMode) {
        let outcome = self.db().checkpoint(mode).unwrap();
        self.checkpointed(outcome);
    }

    fn checkpointed(&mut self, outcome: CheckpointOutcome) {
        match outcome {
            CheckpointOutcome::Folded { .. } => {
                self.unsynced.clear();
                count(if self.kept.is_empty() { &self.tally.folded } else { &self.tally.folded_beside });
            }
            CheckpointOutcome::NothingToFold => {}
            _ => count(&self.tally.deferred),
        }
    }

    /// A checkpoint that is given up leaves its seal transaction; a snapshot of that is in nobody's way.
    fn fold_beside(&mut self) {
        self.recheck(u8::MAX);
        self.kept.clear();
        let older = self.db().read();
        self.checkpoint(CheckpointMode::Full { wait: Duration::ZERO });
        drop(older);
        self.kept.push((self.db().read(), self.forest.clone()));
        self.checkpoint(CheckpointMode::Passive);
    }

    fn close(&mut self) {
        self.kept.clear();
        self.db = None;
    }

    fn reopen(&mut self) {
        self.close();
        self.open();
        self.check();
    }

    /// The power goes; what is found afterwards is one of the states that it may bring back.
    fn power_cut(&mut self, cut: Cut, under_way: Option<Rc<Forest>>) {
        self.close();
        self.disk.crash(&match cut {
            Cut::Lost => CrashPlan::Lost,
            Cut::Kept => CrashPlan::Kept,
            Cut::Seeded(seed) => CrashPlan::Seeded(seed),
        });
        self.open();
        count(&self.tally.power_cuts);
        let mut allowed = std::mem::take(&mut self.unsynced);
        allowed.push(self.forest.clone());
        allowed.extend(under_way);
        let at = allowed.iter().rposition(|forest| holds(&self.db().read(), forest));
        let at = at.unwrap_or_else(|| panic!("{cut:?}: none of the {} states allowed", allowed.len()));
        if at + 1 < allowed.len() && self.config.is_relaxed {
            count(&self.tally.relaxed_lost);
        }
        self.forest = allowed.swap_remove(at);
        self.check();
        self.sound();
    }

    fn cut_transaction(&mut self, write: u64, changes: &[Change], cut: Cut) {
        self.disk.stop_at(StopPoint::at_write(write));
        let made = self.attempt(changes).map(|(next, tx)| (next, tx.commit()));
        if !self.disk.struck() {
            self.disk.disarm();
            let (next, done) = made.unwrap();
            done.unwrap();
            self.committed(next);
            return;
        }
        count(&self.tally.cuts_inside);
        match made {
            Ok((next, Ok(_))) => {
                // Acknowledged, and the power went behind it.
                self.committed(next);
                self.power_cut(cut, None);
            }
            Ok((next, Err(_))) => self.power_cut(cut, Some(next)),
            Err(_) => self.power_cut(cut, None),
        }
    }

    fn cut_checkpoint(&mut self, write: u64, cut: Cut) {
        self.disk.stop_at(StopPoint::at_write(write));
        let made = self.db().checkpoint(CheckpointMode::Full { wait: Duration::ZERO });
        if self.disk.struck() {
            count(&self.tally.cuts_inside);
            self.power_cut(cut, None);
        } else {
            self.disk.disarm();
            self.checkpointed(made.unwrap());
        }
    }

    /// Goes on in a new file.
    fn copy(&mut self, make: impl FnOnce(&Database, &str)) {
        self.serial += 1;
        let path = format!("model-{}.tsm", self.serial);
        make(self.db(), &path);
        count(&self.tally.copies);
        self.close();
        for suffix in ["", "-wal"] {
            let _ = self.disk.remove(Path::new(&format!("{}{suffix}", self.path)));
        }
        (self.path, self.unsynced) = (path, Vec::new());
    }

    fn add_key(&mut self) {
        let secret = 1 + (self.serial % 200) as u8;
        if self.keys.len() < 8 {
            let slot = self.db().add_key(unlock(secret), KdfProfile::TEST).unwrap();
            assert!(self.keys.insert(slot, secret).is_none());
        }
        self.keys_changed();
    }

    fn remove_key(&mut self, number: u8) {
        let slot = *self.keys.keys().nth(usize::from(number) % self.keys.len()).unwrap();
        let removed = self.db().remove_key(slot);
        if self.keys.len() == 1 {
            return assert_eq!(removed.unwrap_err().code(), "MISUSE");
        }
        removed.unwrap();
        self.keys.remove(&slot);
        self.keys_changed();
    }

    fn keys_changed(&mut self) {
        let slots: Vec<u8> = self.db().key_slots().iter().map(|info| info.slot).collect();
        assert!(slots.iter().eq(self.keys.keys()));
    }
}

fn put(tx: &mut WriteTxn, tree: TreeName, key: &[u8], val: Val, how: How) -> Result<()> {
    let (bytes, length) = (val.bytes(), val.length.into());
    match (tree, how) {
        (None, How::Whole) => tx.put(key, &bytes),
        (None, How::Pieces) => tx.put_from(key, length, &mut Cursor::new(bytes)),
        (Some(number), how) => {
            let mut tree = tx.tree(&name_of(number))?.expect("the model has the tree");
            match how {
                How::Whole => tree.put(key, &bytes),
                How::Pieces => tree.put_from(key, length, &mut Cursor::new(bytes)),
            }
        }
    }
}

fn delete(tx: &mut WriteTxn, forest: &mut Forest, tree: TreeName, key: &[u8]) -> Result<()> {
    let deleted = match tree {
        None => tx.delete(key)?,
        Some(number) => tx.tree(&name_of(number))?.expect("the model has the tree").delete(key)?,
    };
    assert_eq!(deleted, forest.get_mut(&tree).unwrap().remove(key).is_some());
    Ok(())
}

fn swap(
    tx: &mut WriteTxn,
    forest: &mut Forest,
    tree: TreeName,
    key: &[u8],
    expect: Expect,
    new: Option<Val>,
) -> Result<()> {
    let records = forest.get_mut(&tree).unwrap();
    let held = records.get(key).map(|val| val.bytes());
    let expected = match expect {
        Expect::Right => held.clone(),
        Expect::Wrong => Some(b"what it never was".to_vec()),
    };
    let new_bytes = new.map(Val::bytes);
    let (expected, new_bytes) = (expected.as_deref(), new_bytes.as_deref());
    let swapped = match tree {
        None => tx.compare_and_swap(key, expected, new_bytes)?,
        Some(number) => {
            let mut tree = tx.tree(&name_of(number))?.expect("the model has the tree");
            tree.compare_and_swap(key, expected, new_bytes)?
        }
    };
    match expect {
        Expect::Wrong => assert_eq!(swapped, Swap::Differs(held)),
        Expect::Right => {
            assert_eq!(swapped, Swap::Swapped);
            match new {
                Some(val) => records.insert(key.to_vec(), val),
                None => records.remove(key),
            };
        }
    }
    Ok(())
}

/// A tree to be read, in a snapshot or in a transaction.
trait Reads {
    fn walk(&self, from: Bound<&Key>, to: Bound<&Key>) -> Range<'_>;
    fn begins_with(&self, prefix: &[u8]) -> Range<'_>;
    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;
    fn pieces(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;
    fn count(&self) -> u64;
}

macro_rules! reads {
    ($($reader:ty, $this:ident => $count:expr;)*) => {$(
        impl Reads for $reader {
            fn walk(&self, from: Bound<&Key>, to: Bound<&Key>) -> Range<'_> {
                self.range::<Key>((from, to))
            }
            fn begins_with(&self, prefix: &[u8]) -> Range<'_> {
                self.prefix(prefix)
            }
            fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
                Ok(self.get(key)?.map(|value| value.to_vec()))
            }
            fn pieces(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
                let Some(mut reader) = self.reader(key)? else { return Ok(None) };
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes).expect("a value that is there is read to its end");
                Ok(Some(bytes))
            }
            fn count(&self) -> u64 {
                let $this = self;
                $count
            }
        }
    )*};
}

reads! {
    ReadTxn, this => this.record_count();
    WriteTxn, this => this.record_count();
    Tree<'_>, this => this.info().record_count;
    TreeMut<'_>, this => this.info().record_count;
}

/// Compares a range, walked from both ends as the bits of `ends` say, with what it should be.
fn walk_both(mut range: Range<'_>, expected: &[(&Key, &Val)], ends: u32) -> Result<()> {
    let (mut first, mut last) = (0, expected.len());
    for turn in 0.. {
        let from_the_front = ends >> (turn % 32) & 1 == 0;
        let met = if from_the_front { range.next() } else { range.next_back() };
        let Some(record) = met.transpose()? else { break };
        assert!(first < last, "more records than there are");
        let at = if from_the_front { first } else { last - 1 };
        let (key, val) = expected[at];
        assert_eq!((record.key(), record.value()), (&key[..], &val.bytes()[..]));
        if from_the_front { first += 1 } else { last -= 1 }
    }
    assert_eq!(first, last, "fewer records than there are");
    Ok(())
}

fn look_at(reads: &dyn Reads, records: &Records, look: &Look) -> Result<()> {
    match look {
        Look::Get(_, key) => {
            let expected = records.get(key).map(|val| val.bytes());
            assert_eq!(reads.value(key)?, expected);
            assert_eq!(reads.pieces(key)?, expected);
        }
        Look::Range(_, from, to, ends) => {
            let is_in = |key: &Key| (from.as_ref(), to.as_ref()).contains(&key);
            let expected: Vec<_> = records.iter().filter(|(key, _)| is_in(key)).collect();
            walk_both(reads.walk(from.as_ref(), to.as_ref()), &expected, *ends)?;
        }
        Look::Prefix(_, prefix, ends) => {
            let expected: Vec<_> = records.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
            walk_both(reads.begins_with(prefix), &expected, *ends)?;
        }
    }
    Ok(())
}

fn tree_of(look: &Look) -> TreeName {
    match look {
        Look::Get(tree, _) | Look::Range(tree, ..) | Look::Prefix(tree, ..) => *tree,
    }
}

fn look_in_snapshot(snapshot: &ReadTxn, forest: &Forest, look: &Look) {
    let Some(number) = tree_of(look) else { return look_at(snapshot, &forest[&None], look).unwrap() };
    match (snapshot.tree(&name_of(number)).unwrap(), forest.get(&Some(number))) {
        (Some(tree), Some(records)) => look_at(&tree, records, look).unwrap(),
        (tree, records) => assert_eq!(tree.is_some(), records.is_some()),
    }
}

fn look_in_transaction(tx: &mut WriteTxn, forest: &Forest, look: &Look) -> Result<()> {
    let Some(number) = tree_of(look) else { return look_at(tx, &forest[&None], look) };
    match (tx.tree(&name_of(number))?, forest.get(&Some(number))) {
        (Some(tree), Some(records)) => look_at(&tree, records, look),
        (tree, records) => {
            assert_eq!(tree.is_some(), records.is_some());
            Ok(())
        }
    }
}

fn check_records(reads: &dyn Reads, records: &Records) -> Result<()> {
    let expected: Vec<_> = records.iter().collect();
    assert_eq!(reads.count(), records.len() as u64);
    walk_both(reads.walk(Bound::Unbounded, Bound::Unbounded), &expected, 0)
}

fn check_trees(found: &[TreeInfo], forest: &Forest) {
    let found = found.iter().map(|info| (info.name.clone(), info.record_count));
    let expected = forest.iter().filter_map(|(tree, records)| Some((name_of((*tree)?), records.len() as u64)));
    assert!(found.eq(expected), "the named trees");
}

fn check_snapshot(snapshot: &ReadTxn, forest: &Forest) {
    check_trees(&snapshot.trees().unwrap(), forest);
    for (tree, records) in forest {
        match tree {
            None => check_records(snapshot, records).unwrap(),
            Some(number) => check_records(&snapshot.tree(&name_of(*number)).unwrap().unwrap(), records).unwrap(),
        }
    }
}

fn check_transaction(tx: &mut WriteTxn, forest: &Forest) -> Result<()> {
    check_trees(&tx.trees()?, forest);
    for (tree, records) in forest {
        match tree {
            None => check_records(tx, records)?,
            Some(number) => check_records(&tx.tree(&name_of(*number))?.expect("it is listed"), records)?,
        }
    }
    Ok(())
}

/// Whether a snapshot holds this, told without a panic.
fn holds(snapshot: &ReadTxn, forest: &Forest) -> bool {
    let is_same = |range: Range<'_>, records: &Records| {
        let found = range.map(|record| record.map(|record| (record.key().to_vec(), record.value().to_vec())).unwrap());
        found.eq(records.iter().map(|(key, val)| (key.clone(), val.bytes())))
    };
    let trees = snapshot.trees().unwrap();
    trees.len() + 1 == forest.len()
        && forest.iter().all(|(tree, records)| match tree {
            None => is_same(snapshot.range::<Key>(..), records),
            Some(number) => {
                let tree = snapshot.tree(&name_of(*number)).unwrap();
                tree.is_some_and(|tree| is_same(tree.range::<Key>(..), records))
            }
        })
}
