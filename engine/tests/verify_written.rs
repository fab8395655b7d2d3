//! Files that the engine wrote, with long values, named trees and free pages, before and after a checkpoint: every level finds
//! them sound, and every page is accounted for, once.

use std::sync::Arc;
use tosumu::crypto::{Entropy, InsecureSeededEntropy};
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::SimVfs;
use tosumu::{CheckpointMode, Options, PageSize, Severity};

const PATH: &str = "w.tsm";

fn sound(disk: &SimVfs, when: &str) {
    let file = AtRest::open(Arc::new(disk.clone()), PATH, None).unwrap();
    for level in [Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
        let report = verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap();
        let wrong: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
        assert!(wrong.is_empty(), "{when}, {level}: {wrong:#?}");
    }
    let state = file.state().unwrap();
    assert_eq!(file.free_list().unwrap().count(), state.free_count as usize, "{when}");
    assert_eq!(file.roles().unwrap().len(), state.page_count as usize, "{when}");
}

#[test]
fn what_the_engine_writes_is_sound_to_the_last_page() {
    let draw = InsecureSeededEntropy::new(11);
    let below = |bound: usize| {
        let mut bytes = [0; 8];
        draw.fill(&mut bytes).unwrap();
        (u64::from_le_bytes(bytes) % bound as u64) as usize
    };
    let disk = SimVfs::new(1);
    let options = Options::new().vfs(Arc::new(disk.clone())).page_size(PageSize::TOY).create(true);
    let db = options.entropy(Arc::new(InsecureSeededEntropy::new(7))).open(PATH).unwrap();
    let names = ["notes".to_owned(), "x".repeat(114), "todo".to_owned()];
    let (mut free_met, mut trees_met) = (0, 0);
    for round in 0..60 {
        let mut tx = db.begin_write().unwrap();
        for _ in 0..1 + below(25) {
            let key = format!("k{:03}", below(120)).into_bytes();
            let value = vec![b'v'; [below(60), below(300), below(3000)][below(3)]];
            match (below(3), tx.tree(&names[below(3)]).unwrap()) {
                (0, Some(mut tree)) => tree.put(&key, &value).unwrap(),
                (1, Some(mut tree)) => drop(tree.delete(&key).unwrap()),
                (0, None) => drop(tx.create_tree(&names[below(3)]).unwrap()),
                (1, None) => drop(tx.delete(&key).unwrap()),
                _ => tx.put(&key, &value).unwrap(),
            }
        }
        if below(6) == 0 {
            tx.drop_tree(&names[below(3)]).unwrap();
        }
        // Now and then everything goes, so that the list of free pages needs several trunks.
        if round % 20 == 15 {
            for number in 0..120 {
                tx.delete(format!("k{number:03}").as_bytes()).unwrap();
            }
        }
        tx.commit().unwrap();
        sound(&disk, &format!("round {round}, in the log"));
        if below(3) == 0 {
            db.checkpoint(CheckpointMode::Passive).unwrap();
            sound(&disk, &format!("round {round}, checkpointed"));
        }
        let stats = db.stats().unwrap();
        free_met += stats.free_pages;
        trees_met += stats.named_trees;
    }
    assert!(free_met > 0 && trees_met > 0);
}
