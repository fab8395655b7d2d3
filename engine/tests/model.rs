//! The database against a `BTreeMap`: whatever is done to both, both hold the same.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::vfs::{CrashPlan, MemoryVfs, SimVfs, Vfs};
use tosumu::{AutoCheckpoint, CheckpointMode, Database, Options, PageSize};

const PATH: &str = "model.tsm";

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
enum Op {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Get(Vec<u8>),
    Range(Vec<u8>, Vec<u8>),
    Transaction(Vec<(Vec<u8>, Option<Vec<u8>>)>, bool),
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
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let change = (key(), proptest::option::of(value()));
    prop_oneof![
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
    for op in ops {
        match op {
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
                drop(db);
                if matches!(op, Op::PowerCut) {
                    disk.crash(&CrashPlan::Lost);
                }
                seed += 1;
                db = options(&disk, seed).open(PATH).unwrap();
                check(&db, &model);
            }
        }
    }
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
