//! Every attack on the whole engine: what happens is what SECURITY.md says happens.

use std::collections::BTreeSet;
use std::path::Path;
use tosumu::attack::{Attack, Outcome, Scene};

fn security() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../SECURITY.md")).unwrap()
}

#[test]
fn what_security_md_says_of_each_attack_is_what_happens() {
    let (scene, text) = (Scene::build().unwrap(), security());
    let mut rows = 0;
    for attack in Attack::ALL {
        let row = attack.row(&scene).unwrap();
        assert!(text.contains(&row), "SECURITY.md does not say: {row}");
        rows += 1;
    }
    let told = text.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() == 4).count();
    assert_eq!(told, rows, "SECURITY.md has a row of an attack that is none");
}

#[test]
fn only_what_belongs_together_gets_through_and_the_anchor_finds_all_but_two() {
    let scene = Scene::build().unwrap();
    let mut unseen = BTreeSet::new();
    for attack in Attack::ALL {
        let outcome = attack.try_on(&scene).unwrap();
        assert!(!matches!(outcome, Outcome::Works), "{}", attack.name);
        if outcome.is_open() && attack.held_against_the_anchor(&scene).unwrap().is_none() {
            unseen.insert(attack.name);
        }
    }
    assert_eq!(unseen, BTreeSet::from(["tail-put-back", "with-the-key"]));
}

#[test]
fn the_scene_is_the_same_each_time_and_answers_what_it_holds() {
    let (one, two) = (Scene::build().unwrap(), Scene::build().unwrap());
    assert_eq!((one.present.clone(), one.anchor), (two.present, two.anchor));
    let disk = one.present.disk();
    let db = tosumu::attack::options(&disk, 9, tosumu::attack::owner()).open(tosumu::attack::PAGE_FILE).unwrap();
    assert_eq!(tosumu::attack::everything(&db).unwrap(), one.records);
}

#[test]
fn attacks_have_names_of_their_own() {
    let names: BTreeSet<&str> = Attack::ALL.iter().map(|attack| attack.name).collect();
    assert_eq!(names.len(), Attack::ALL.len());
    assert!(Attack::ALL.iter().all(|attack| Attack::named(attack.name).is_some_and(|found| found.does == attack.does)));
}
