//! Runs every attack against the engine, whole and with single defences taken out, and prints SECURITY.md's table.
//!
//! ```text
//! cargo run -p tosumu --features weaken --example attack_matrix               the tables
//! cargo run -p tosumu --features weaken --example attack_matrix -- --write    … written into SECURITY.md
//! ```
//!
//! For each defence the scene is built anew by the engine that lacks it, since some are in the bytes. An attack that no single
//! defence lets through is tried against pairs of those that compare something.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tosumu::attack::{Attack, Outcome, Scene};
use tosumu::defence::{Defence, Kind, without};

const BEGIN: &str = "<!-- attacks: written by the example attack_matrix -->";
const END: &str = "<!-- end of attacks -->";

fn main() {
    // A defence that is out may break what relies on it: that is said in the table, not on the terminal.
    std::panic::set_hook(Box::new(|_| {}));
    let scene = Scene::build().expect("the engine makes the scene");
    let through = every_single_defence();
    let pairs = pairs_for_the_rest(&scene, &through);
    let text = format!("{BEGIN}\n{}\n{}{END}", attacks_table(&scene, &through, &pairs), defences_table(&through));
    println!("{text}");
    if std::env::args().any(|argument| argument == "--write") {
        write(&text);
    }
}

/// By attack: the defences without which it gets through.
type Through = BTreeMap<&'static str, Vec<Defence>>;

/// Syncs and names are nothing to somebody who changes bytes.
fn may_matter(defence: Defence) -> bool {
    !matches!(defence.kind(), Kind::Sync | Kind::DirectorySync)
}

fn every_single_defence() -> Through {
    let mut through = Through::new();
    for defence in Defence::ALL.iter().copied().filter(|defence| may_matter(*defence)) {
        let Some(scene) = quietly(|| without(defence, Scene::build).ok()).flatten() else { continue };
        // What the engine answers to a scene that nobody attacked must be right: else it does not work at all without this.
        for attack in Attack::ALL {
            let whole = attack.try_on(&scene).ok();
            let outcome = quietly(|| without(defence, || attack.try_on(&scene).ok())).flatten();
            if outcome.is_some_and(Outcome::is_open) && !whole.is_some_and(Outcome::is_open) {
                through.entry(attack.name).or_default().push(defence);
            }
        }
        eprintln!("{defence}");
    }
    through
}

fn quietly<T>(action: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(action)).ok()
}

/// For attacks that are noticed whichever defence is out: the first two that let it through together.
fn pairs_for_the_rest(scene: &Scene, through: &Through) -> BTreeMap<&'static str, (Defence, Defence)> {
    let compare: Vec<Defence> = Defence::ALL
        .iter()
        .copied()
        .filter(|defence| matches!(defence.kind(), Kind::Mac | Kind::Seal | Kind::Comparison))
        .collect();
    let rest = Attack::ALL.iter().filter(|attack| !through.contains_key(attack.name));
    let rest = rest.filter(|attack| matches!(attack.try_on(scene), Ok(Outcome::Noticed(_))));
    let mut pairs = BTreeMap::new();
    for attack in rest {
        let tried = compare.iter().enumerate().flat_map(|(at, a)| compare[at + 1..].iter().map(move |b| (*a, *b)));
        let gets_through = |(a, b): &(Defence, Defence)| {
            let outcome = quietly(|| without(*a, || without(*b, || attack.try_on(scene).ok()))).flatten();
            outcome.is_some_and(Outcome::is_open)
        };
        if let Some(pair) = tried.into_iter().find(gets_through) {
            pairs.insert(attack.name, pair);
        }
        eprintln!("pairs for {}", attack.name);
    }
    pairs
}

fn attacks_table(scene: &Scene, through: &Through, pairs: &BTreeMap<&'static str, (Defence, Defence)>) -> String {
    let mut text = String::from(
        "| attack | by | what happens | with an anchor | let through when this is taken out |\n|---|---|---|---|---|\n",
    );
    for attack in Attack::ALL {
        let row = attack.row(scene).unwrap_or_else(|error| format!("| {} | – | {error} | – |", attack.does));
        let out = match (through.get(attack.name), pairs.get(attack.name)) {
            (Some(defences), _) => defences.iter().map(|defence| format!("`{defence}`")).collect::<Vec<_>>().join(", "),
            (None, Some((a, b))) => format!("no single one; `{a}` and `{b}` together"),
            (None, None) if attack.try_on(scene).is_ok_and(|outcome| matches!(outcome, Outcome::Noticed(_))) => {
                "no one and no two of those that compare".to_owned()
            }
            (None, None) => "–".to_owned(),
        };
        text.push_str(&format!("{row} {out} |\n"));
    }
    text
}

fn defences_table(through: &Through) -> String {
    let mut text = String::from("| defence | what it guards | attacks that need it |\n|---|---|---|\n");
    for defence in Defence::ALL.iter().copied().filter(|defence| may_matter(*defence)) {
        let attacks: Vec<String> = Attack::ALL
            .iter()
            .filter(|attack| through.get(attack.name).is_some_and(|defences| defences.contains(&defence)))
            .map(|attack| format!("`{}`", attack.name))
            .collect();
        let needed = match (attacks.is_empty(), defence.implied_by()) {
            (false, _) => attacks.join(", "),
            (true, Some((by, why))) => format!("none: implied by `{by}`, {why}"),
            (true, None) => "no attack here needs it".to_owned(),
        };
        text.push_str(&format!("| `{defence}` | {} | {needed} |\n", defence.guards()));
    }
    text
}

fn write(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../SECURITY.md");
    let old = std::fs::read_to_string(&path).expect("SECURITY.md reads");
    let (before, rest) = old.split_once(BEGIN).expect("SECURITY.md has the mark where the tables begin");
    let (_, after) = rest.split_once(END).expect("SECURITY.md has the mark where the tables end");
    std::fs::write(&path, format!("{before}{table}{after}")).expect("SECURITY.md is written");
}
