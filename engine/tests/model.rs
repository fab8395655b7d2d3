//! The database against a `BTreeMap`: whatever is done to both, both hold the same.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::vfs::{CrashPlan, MemoryVfs, SimVfs, Vfs};
use tosumu::{AutoCheckpoint, CheckpointMode, Database, Options, PageSize, ReadTxn, Swap};

const PATH: &str = "model.tsm";

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
enum Op {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Get(Vec<u8>),
    Range(Vec<u8>, Vec<u8>),
    Transaction(Vec<(Vec<u8>, Option<Vec<u8>>)>, bool),
    /// In a tree of its own, with a savepoint before the change of this number that is gone back to.
    Named(Vec<(Vec<u8>, Option<Vec<u8>>)>, usize),
    Swap(Vec<u8>, Option<Vec<u8>>),
    DropNamed,
    Hold,
    Checkpoint,
    Reopen,
    PowerCut,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0u16..400).prop_map(|n| format!("k{n:03}").into_bytes()),
        2 => proptest::collection::vec(any::<u8>(), 1..=114),
        1 => proptest::collection::vec(0u8..2, 1..=12),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 0..40),
        2 => proptest::collection::vec(any::<u8>(), 100..300),
        1 => proptest::collection::vec(any::<u8>(), 300..4000),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let change = (key(), proptest::option::of(value()));
    let changes = proptest::collection::vec((key(), proptest::option::of(value())), 1..20);
    prop_oneof![
        4 => (changes, 0..20usize).prop_map(|(changes, at)| Op::Named(changes, at)),
        3 => (key(), proptest::option::of(value())).prop_map(|(key, new)| Op::Swap(key, new)),
        1 => Just(Op::DropNamed),
        2 => Just(Op::Hold),
        12 => (key(), value()).prop_map(|(key, value)| Op::Put(key, value)),
        4 => key().prop_map(Op::Delete),
        2 => key().prop_map(Op::Get),
        2 => (key(), key()).prop_map(|(from, to)| Op::Range(from, to)),
        4 => (proptest::collection::vec(change, 1..40), any::<bool>()).prop_map(|(changes, commits)| Op::Transaction(changes, commits)),
        1 => Just(Op::Checkpoint),
        1 => Just(Op::Reopen),
        1 => Just(Op::PowerCut),
    ]
}

fn options(disk: &SimVfs, seed: u64) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
        .create(true)
}

fn dump(db: &Database) -> Model {
    db.read()
        .range::<[u8]>(..)
        .map(|record| record.map(|record| (record.key().to_vec(), record.value().to_vec())).unwrap())
        .collect()
}

fn check_snapshot(snapshot: &ReadTxn, model: &Model) {
    let found = snapshot.range::<[u8]>(..).map(|record| record.unwrap());
    assert!(found.map(|record| (record.key().to_vec(), record.value().to_vec())).eq(model.clone()));
}

fn check_named(db: &Database, named: &Option<Model>) {
    let snapshot = db.read();
    let tree = snapshot.tree("named").unwrap();
    assert_eq!(tree.is_some(), named.is_some());
    let (Some(tree), Some(model)) = (tree, named) else { return };
    let found: Model =
        tree.range::<[u8]>(..).map(|record| record.map(|r| (r.key().to_vec(), r.value().to_vec())).unwrap()).collect();
    assert_eq!((&found, tree.info().record_count), (model, model.len() as u64));
}

/// Changes the named tree; the change of number `undone` is undone by a savepoint.
fn change_named(db: &Database, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>, undone: usize, model: &mut Model) {
    let mut transaction = db.begin_write().unwrap();
    transaction.create_tree("named").unwrap();
    for (number, (key, value)) in changes.into_iter().enumerate() {
        let savepoint = (number == undone).then(|| transaction.savepoint());
        let mut tree = transaction.tree("named").unwrap().unwrap();
        match &value {
            Some(value) => tree.put(&key, value).unwrap(),
            None => drop(tree.delete(&key).unwrap()),
        }
        match (savepoint, value) {
            (Some(savepoint), _) => transaction.rollback_to(&savepoint).unwrap(),
            (None, Some(value)) => drop(model.insert(key, value)),
            (None, None) => drop(model.remove(&key)),
        }
    }
    transaction.commit().unwrap();
}

fn swap(db: &Database, model: &mut Model, key: Vec<u8>, new: Option<Vec<u8>>) {
    let mut transaction = db.begin_write().unwrap();
    let present = model.get(&key).cloned();
    let wrong = transaction.compare_and_swap(&key, Some(b"what nobody put"), None).unwrap();
    assert_eq!(wrong, Swap::Differs(present.clone()));
    assert_eq!(transaction.compare_and_swap(&key, present.as_deref(), new.as_deref()).unwrap(), Swap::Swapped);
    transaction.commit().unwrap();
    match new {
        Some(value) => drop(model.insert(key, value)),
        None => drop(model.remove(&key)),
    }
}

fn check(db: &Database, model: &Model) {
    assert_eq!(&dump(db), model);
    let backwards: Vec<_> = db.read().range::<[u8]>(..).rev().map(|record| record.unwrap().key().to_vec()).collect();
    assert!(backwards.iter().eq(model.keys().rev()));
    assert_eq!(db.read().record_count(), model.len() as u64);
}

fn run(ops: Vec<Op>) {
    let disk = SimVfs::new(1);
    let mut seed = 1;
    let mut db = options(&disk, seed).open(PATH).unwrap();
    let mut model = Model::new();
    let mut named: Option<Model> = None;
    let mut held: Vec<(ReadTxn, Model)> = Vec::new();
    for op in ops {
        match op {
            Op::Named(changes, at) => {
                let mut tree_model = named.take().unwrap_or_default();
                change_named(&db, changes, at, &mut tree_model);
                named = Some(tree_model);
            }
            Op::Swap(key, new) => swap(&db, &mut model, key, new),
            Op::DropNamed => {
                assert_eq!(db.write(|tx| tx.drop_tree("named")).unwrap(), named.take().is_some());
            }
            Op::Hold => {
                if held.len() == 2 {
                    let (snapshot, then) = held.remove(0);
                    check_snapshot(&snapshot, &then);
                }
                held.push((db.read(), model.clone()));
            }
            Op::Put(key, value) => {
                db.write(|tx| tx.put(&key, &value)).unwrap();
                model.insert(key, value);
            }
            Op::Delete(key) => {
                let deleted = db.write(|tx| tx.delete(&key)).unwrap();
                assert_eq!(deleted, model.remove(&key).is_some());
            }
            Op::Get(key) => {
                assert_eq!(db.read().get(&key).unwrap().as_deref(), model.get(&key).map(Vec::as_slice));
            }
            Op::Range(from, to) if from <= to => {
                let read = db.read();
                let keys: Vec<_> = read.range(&from..&to).map(|record| record.unwrap().key().to_vec()).collect();
                assert!(keys.iter().eq(model.range(from.clone()..to.clone()).map(|(key, _)| key)));
                let mut both_ends = read.range(&from..=&to);
                let mut met = 0;
                while let Some(record) = both_ends.next() {
                    record.unwrap();
                    met += 1;
                    met += both_ends.next_back().map_or(0, |record| usize::from(record.is_ok()));
                }
                assert_eq!(met, model.range(from..=to).count());
            }
            Op::Range(..) => {}
            Op::Transaction(changes, commits) => {
                let mut after = model.clone();
                let mut transaction = db.begin_write().unwrap();
                for (key, value) in changes {
                    match value {
                        Some(value) => {
                            transaction.put(&key, &value).unwrap();
                            assert_eq!(transaction.get(&key).unwrap().as_deref(), Some(value.as_slice()));
                            after.insert(key, value);
                        }
                        None => {
                            assert_eq!(transaction.delete(&key).unwrap(), after.remove(&key).is_some());
                        }
                    }
                }
                if commits {
                    transaction.commit().unwrap();
                    model = after;
                } else {
                    transaction.rollback();
                }
            }
            Op::Checkpoint => {
                db.checkpoint(CheckpointMode::Passive).unwrap();
            }
            Op::Reopen | Op::PowerCut => {
                held.drain(..).for_each(|(snapshot, then)| check_snapshot(&snapshot, &then));
                drop(db);
                if matches!(op, Op::PowerCut) {
                    disk.crash(&CrashPlan::Lost);
                }
                seed += 1;
                db = options(&disk, seed).open(PATH).unwrap();
                check(&db, &model);
                check_named(&db, &named);
            }
        }
    }
    held.drain(..).for_each(|(snapshot, then)| check_snapshot(&snapshot, &then));
    check_named(&db, &named);
    check(&db, &model);
    db.checkpoint(CheckpointMode::Passive).unwrap();
    check(&db, &model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_both_both_hold_the_same(ops in proptest::collection::vec(op(), 1..120)) {
        run(ops);
    }
}

#[test]
fn every_page_size_holds_ten_thousand_records_in_order() {
    for bytes in [512, 1024, 4096, 65536] {
        let disk: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
        let db = Options::new()
            .vfs(disk.clone())
            .create(true)
            .page_size(PageSize::new(bytes).unwrap())
            .open(Path::new(PATH))
            .unwrap();
        db.write(|tx| {
            (0..10_000u32).try_for_each(|n| tx.put(&(n.wrapping_mul(2_654_435_761)).to_be_bytes(), &n.to_le_bytes()))
        })
        .unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
        drop(db);
        let db = Options::new().vfs(disk).read_only(true).open(PATH).unwrap();
        let keys: Vec<_> = db.read().range::<[u8]>(..).map(|record| record.unwrap().key().to_vec()).collect();
        assert_eq!(keys.len(), 10_000);
        assert!(keys.is_sorted());
    }
}
