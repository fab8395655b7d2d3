//! The database against `BTreeMap`s: whatever is done to both, both hold the same, and the file is sound to its last page.
//!
//! Two thousand sequences, the same ones each time; `TOSUMU_MODEL_CASES=20000` goes on to more of them, and
//! `TOSUMU_MODEL_SEED=7` draws others.

mod draw;
mod world;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::path::Path;
use std::sync::Arc;
use tosumu::vfs::{MemoryVfs, Vfs};
use tosumu::{CheckpointMode, Options, PageSize};
use world::{Tally, World};

const PATH: &str = "model.tsm";
/// The sequences are shared out among so many tests, which run side by side.
const PARTS: u32 = 4;

fn number_from(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn run_part(part: u32) {
    let cases = number_from("TOSUMU_MODEL_CASES", 2_000) / PARTS;
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number_from("TOSUMU_MODEL_SEED", 1).to_le_bytes());
    seed[4..8].copy_from_slice(&part.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let tally = Tally::default();
    let done = runner.run(&draw::sequence(), |(config, steps)| {
        let mut world = World::new(config, &tally);
        steps.into_iter().for_each(|step| world.take(step));
        world.finish();
        Ok(())
    });
    if let Err(failure) = done {
        panic!("{failure}");
    }
    let counted = tally.counted();
    println!("part {part}: {cases} sequences, {counted:?}");
    assert!(cases < 400 || counted.iter().all(|(_, count)| *count > 0), "something never happened");
}

#[test]
fn whatever_is_done_to_both_both_hold_the_same() {
    run_part(0);
}

#[test]
fn whatever_is_done_to_both_both_hold_the_same_second_part() {
    run_part(1);
}

#[test]
fn whatever_is_done_to_both_both_hold_the_same_third_part() {
    run_part(2);
}

#[test]
fn whatever_is_done_to_both_both_hold_the_same_fourth_part() {
    run_part(3);
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
