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
    let through = every_single_defence(&scene);
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

fn every_single_defence(whole: &Scene) -> Through {
    let mut through = Through::new();
    for defence in Defence::ALL.iter().copied().filter(|defence| may_matter(*defence)) {
        // An engine that makes no scene does not work at all without this.
        let Some(scene) = quietly(|| without(defence, Scene::build).ok()).flatten() else { continue };
        for attack in Attack::ALL {
            let gets_through = match attack.try_on(whole).is_ok_and(Outcome::is_open) {
                false => quietly(|| without(defence, || attack.try_on(&scene).is_ok_and(Outcome::is_open))),
                // Of what is open, the anchor is what may find it.
                true if !is_found(attack, whole) => None,
                true => quietly(|| without(defence, || !is_found(attack, &scene))),
            };
            if gets_through == Some(true) {
                through.entry(attack.name).or_default().push(defence);
            }
        }
        eprintln!("{defence}");
    }
    through
}

/// What is under a page's tag beside its bytes.
const IN_THE_LABEL: [Defence; 3] =
    [Defence::PageNumberInAssociatedData, Defence::CommitInAssociatedData, Defence::FileIdInAssociatedData];

fn is_found(attack: &Attack, scene: &Scene) -> bool {
    attack.held_against_the_anchor(scene).is_ok_and(|code| code.is_some())
}

fn quietly<T>(action: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(action)).ok()
}

/// By attack: defences that let it through when both are out.
type Pairs = BTreeMap<&'static str, Vec<(Defence, Defence)>>;

/// For attacks that are noticed whichever single defence is out: pairs of those that compare something, or bind a page to
/// its place, and let it through together; the first two.
fn pairs_for_the_rest(scene: &Scene, through: &Through) -> Pairs {
    let binds = |defence: &Defence| {
        matches!(defence.kind(), Kind::Mac | Kind::Seal | Kind::Comparison) || IN_THE_LABEL.contains(defence)
    };
    let tried: Vec<Defence> = Defence::ALL.iter().copied().filter(binds).collect();
    let scenes: BTreeMap<Defence, Scene> =
        IN_THE_LABEL.iter().filter_map(|&defence| Some((defence, without(defence, Scene::build).ok()?))).collect();
    let rest = Attack::ALL.iter().filter(|attack| !through.contains_key(attack.name));
    let rest = rest.filter(|attack| matches!(attack.try_on(scene), Ok(Outcome::Noticed(_))));
    let mut pairs = BTreeMap::new();
    for attack in rest {
        let both = tried.iter().enumerate().flat_map(|(at, a)| tried[at + 1..].iter().map(move |b| (*a, *b)));
        let gets_through = |(a, b): &(Defence, Defence)| {
            let scene = scenes.get(b).or(scenes.get(a)).unwrap_or(scene);
            let outcome = quietly(|| without(*a, || without(*b, || attack.try_on(scene).ok()))).flatten();
            outcome.is_some_and(Outcome::is_open)
        };
        let found: Vec<_> = both.into_iter().filter(gets_through).take(2).collect();
        if !found.is_empty() {
            pairs.insert(attack.name, found);
        }
        eprintln!("pairs for {}", attack.name);
    }
    pairs
}

fn attacks_table(scene: &Scene, through: &Through, pairs: &Pairs) -> String {
    let mut text = String::from(
        "| attack | by | what happens | with an anchor | let through when this is taken out |\n|---|---|---|---|---|\n",
    );
    for attack in Attack::ALL {
        let row = attack.row(scene).unwrap_or_else(|error| format!("| {} | – | {error} | – |", attack.does));
        let out = match (through.get(attack.name), pairs.get(attack.name)) {
            (Some(defences), _) => {
                let names: Vec<String> = defences.iter().map(|defence| format!("`{defence}`")).collect();
                let is_open = attack.try_on(scene).is_ok_and(Outcome::is_open);
                format!("{}{}", if is_open { "of the anchor: " } else { "" }, names.join(", "))
            }
            (None, Some(pairs)) => {
                let pairs: Vec<String> = pairs.iter().map(|(a, b)| format!("`{a}` with `{b}`")).collect();
                format!("no single one; {}", pairs.join(", or "))
            }
            (None, None) if attack.try_on(scene).is_ok_and(|outcome| matches!(outcome, Outcome::Noticed(_))) => {
                "no single one, and no two".to_owned()
            }
            (None, None) => "–".to_owned(),
        };
        text.push_str(&format!("{row} {out} |\n"));
    }
    text
}

fn defences_table(through: &Through) -> String {
    let mut text = String::from("| defence | what it guards | attacks that need it |\n|---|---|---|\n");
    for &defence in Defence::ALL {
        let attacks: Vec<String> = Attack::ALL
            .iter()
            .filter(|attack| through.get(attack.name).is_some_and(|defences| defences.contains(&defence)))
            .map(|attack| format!("`{}`", attack.name))
            .collect();
        // Steps of the protocol are against crashes, and syncs: those that no attack needs are not in this table.
        if attacks.is_empty() && matches!(defence.kind(), Kind::Step | Kind::Sync | Kind::DirectorySync) {
            continue;
        }
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
