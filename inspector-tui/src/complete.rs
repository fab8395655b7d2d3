//! What can be typed next: the words of the command line, and what may follow each. Pure; the names of files are asked for.
//!
//! The words are those of the script language and those of the table of keys, so that a command which is in help is completed.

use crate::keymap;
use crate::model::{Model, Screen};
use crate::widget::Theme;
use tosumu::escape::escape;
use tosumu::format::node::NodeView;

/// Words of the script language, and what may follow each.
const OPERATIONS: &[&str] = &[
    "put KEY",
    "del KEY",
    "get KEY",
    "scan from|to|limit KEY",
    "begin",
    "commit",
    "rollback",
    "savepoint NAME",
    "rollback-to NAME",
    "fill N",
    "blob KEY",
    "cas KEY",
    "tree TREE",
    "checkpoint full",
    "reopen",
    "verify anchored",
    "keep fingerprint",
    "salvage",
    "crash before|after|at|losing",
    "key add|remove|rewrap",
    "beside NAME",
    "tamper matrix|page|superblock|key-slot|record|log",
    "swap page",
    "put-back page|all",
    "forge page|superblock|superblocks|record",
    "show tree|trees|page|free|log|disk|superblock|snapshots|keys|fingerprint",
    "expect get|no|records|height|pages|page|commit|free|trees|fill|key-slots|splits|syncs|writes|bytes|seals|opens|event|seen|fails|open|finding|only|cause|clean|anchored",
];
/// Words about the screen that no key has.
const SCREEN: &[&str] = &[
    "open FILE",
    "branch NAME",
    "event N",
    "theme THEME",
    "set theme|ascii|colour|motion|mouse",
    "predict on|off",
    "findings",
    "note TEXT",
    "notes",
    "mark WORD",
    "unmark MARK",
    "export FILE",
    "session save|load",
    "help",
];
/// Pages that are looked through for keys.
const PAGES_MAX: usize = 512;
/// Candidates that are offered.
const CANDIDATES_MAX: usize = 200;

/// What may stand at the end of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Offer {
    /// These words, in order.
    Words(Vec<String>),
    /// The path of a file that begins so.
    Paths(String),
}

/// A completion under way: another press of the key takes the next word.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Typing {
    /// What was offered last, and which of it stands in the line.
    pub offered: Option<Offered>,
    /// What was typed when the history was first asked: lines that begin so come first.
    pub sought: Option<String>,
    /// What the history is searched for, the place of the line found last, and that line.
    pub searched: Option<(String, usize, String)>,
}

/// Words that were offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offered {
    /// The line before the word.
    pub before: String,
    /// The words.
    pub words: Vec<String>,
    /// Which of them stands in the line; none while it is what they share.
    pub at: Option<usize>,
    /// The line as it was left: when it is another one, the completion is over.
    pub line: String,
}

impl Offered {
    /// The line with the next word.
    pub fn next(mut self) -> Offered {
        let at = self.at.map_or(0, |at| (at + 1) % self.words.len().max(1));
        self.line = format!("{}{}", self.before, self.words.get(at).map_or("", String::as_str));
        self.at = Some(at);
        self
    }
}

/// The part of `line` that is being completed: where its last word begins.
pub fn word_start(line: &str) -> usize {
    line.rfind(' ').map_or(0, |blank| blank + 1)
}

/// What may stand in the place of the last word of `line`.
pub fn offer(model: &Model, line: &str) -> Offer {
    let start = word_start(line);
    let (before, begun) = line.split_at(start);
    let words: Vec<&str> = before.split_whitespace().collect();
    if model.screen == Screen::Home {
        return Offer::Paths(line.to_owned());
    }
    match words[..] {
        [] => Offer::Words(sorted(commands(model).iter().map(|command| first_word(command).to_owned()), begun)),
        _ => arguments(model, &words, line, begun),
    }
}

/// Turns an offer into a line: the word when there is one, else what all of them share.
pub fn offered(line: &str, words: Vec<String>) -> Option<Offered> {
    let before = line[..word_start(line)].to_owned();
    let first = words.first()?;
    if let [only] = &words[..] {
        let blank = if only.ends_with('/') { "" } else { " " };
        let line = format!("{before}{only}{blank}");
        return Some(Offered { before, line, at: Some(0), words });
    }
    let shared = words.iter().fold(first.as_str(), |shared, word| &shared[..shared_bytes(shared, word)]);
    let line = format!("{before}{shared}");
    Some(Offered { before, line, at: None, words })
}

/// The word of the command line that is nearest to `word`, when one is near.
pub fn nearest(model: &Model, word: &str) -> Option<String> {
    let known = commands(model);
    let near = known.iter().map(|command| {
        let other = first_word(command);
        (crate::gallery::distance(word, other), other.to_owned())
    });
    let most = if word.chars().count() < 4 { 1 } else { 2 };
    near.filter(|(far, _)| (1..=most).contains(far)).min().map(|(_, word)| word)
}

/// Whether an operation begins with this word.
pub fn is_operation(word: &str) -> bool {
    OPERATIONS.iter().any(|operation| first_word(operation) == word)
}

/// Every command that can be typed on this screen.
fn commands(model: &Model) -> Vec<String> {
    let keys = keymap::table().iter().map(|binding| binding.command).filter(|command| !command.is_empty());
    let operations = OPERATIONS.iter().filter(|_| model.screen == Screen::Lab).copied();
    keys.chain(SCREEN.iter().copied()).chain(operations).map(str::to_owned).collect()
}

fn first_word(command: &str) -> &str {
    command.split(' ').next().unwrap_or_default()
}

fn arguments(model: &Model, words: &[&str], line: &str, begun: &str) -> Offer {
    let known = commands(model);
    let mut all: Vec<String> = Vec::new();
    for command in known.iter().filter(|command| first_word(command) == words[0]) {
        let Some(kind) = command.split(' ').nth(words.len()) else { continue };
        match kind.trim_matches(['[', ']']) {
            "FILE" | "TRACE" => return Offer::Paths(line[word_start(line)..].to_owned()),
            "KEY" => all.extend(keys(model, begun)),
            "TREE" => all.extend(trees(model)),
            "MARK" => all.extend(model.kept.notes.bookmarks().map(str::to_owned)),
            "THEME" => all.extend(Theme::NAMES.map(str::to_owned)),
            "NAME" => all.extend(names(model, words[0])),
            kind => all.extend(kind.split('|').filter(|word| word.starts_with(char::is_lowercase)).map(str::to_owned)),
        }
    }
    match words {
        ["set", "theme"] => all.extend(Theme::NAMES.map(str::to_owned)),
        ["set", _] => all.extend(["on", "off"].map(str::to_owned)),
        ["session", _] => return Offer::Paths(begun.to_owned()),
        ["show" | "break", "page"] | ["page" | "life"] => {
            all.extend((1..=model.world.page_total()).take(PAGES_MAX).map(|page| page.to_string()));
        }
        ["tree", _] if model.screen == Screen::Lab => {
            all.extend(["create", "drop", "put", "del", "get", "scan", "fill", "blob", "cas"].map(str::to_owned));
        }
        ["seek"] | ["diff"] | ["diff", _] => all.extend(model.kept.notes.bookmarks().map(str::to_owned)),
        ["fill", _] => all.extend(["ascending", "descending", "random"].map(str::to_owned)),
        _ => {}
    }
    Offer::Words(sorted(all.into_iter(), begun))
}

/// What a command calls NAME.
fn names(model: &Model, command: &str) -> Vec<String> {
    match command {
        "tree" => trees(model),
        "theme" => Theme::NAMES.map(str::to_owned).to_vec(),
        "branch" | "compare" | "name" => model.branches.iter().map(|branch| branch.name.clone()).collect(),
        _ => Vec::new(),
    }
}

fn trees(model: &Model) -> Vec<String> {
    model.world.facts.space.trees.keys().map(|name| escape(name.as_bytes()).replace(' ', "\\x20")).collect()
}

/// The keys of the leaves that can be read, as they are typed.
fn keys(model: &Model, begun: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for page in (1..=model.world.page_total()).take(PAGES_MAX).map(tosumu::PageNo) {
        let Some(plain) = model.world.page(page).and_then(|page| page.plain) else { continue };
        let Some(node) = NodeView::new(&plain).ok().filter(|node| node.level() == 0) else { continue };
        let typed = (0..node.slot_count()).map(|slot| escape(node.key(slot)).replace(' ', "\\x20"));
        keys.extend(typed.filter(|key| key.starts_with(begun)));
        if keys.len() > CANDIDATES_MAX {
            break;
        }
    }
    keys
}

fn sorted(words: impl Iterator<Item = String>, begun: &str) -> Vec<String> {
    let mut words: Vec<String> = words.filter(|word| word.starts_with(begun)).collect();
    words.sort();
    words.dedup();
    words.truncate(CANDIDATES_MAX);
    words
}

fn shared_bytes(one: &str, other: &str) -> usize {
    let same = one.char_indices().zip(other.chars()).take_while(|((_, left), right)| left == right);
    same.last().map_or(0, |((at, letter), _)| at + letter.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;

    fn words(model: &Model, line: &str) -> Vec<String> {
        match offer(model, line) {
            Offer::Words(words) => words,
            Offer::Paths(typed) => vec![format!("paths {typed}")],
        }
    }

    fn lab() -> Model {
        recorded::lab(&recorded::sample_store(&["tree people create", "put key\\x20two 2"]), "sample")
    }

    #[test]
    fn commands_operations_keys_branches_trees_and_themes_are_offered() {
        let lab = lab();
        assert_eq!(words(&lab, "chec"), ["checkpoint"]);
        assert_eq!(words(&lab, "p").len(), words(&lab, "").iter().filter(|word| word.starts_with('p')).count());
        assert_eq!(words(&lab, "get k"), ["key\\x20two"]);
        assert_eq!(words(&lab, "theme l"), ["light"]);
        assert_eq!(words(&lab, "set th"), ["theme"]);
        assert_eq!(words(&lab, "tree p"), ["people"]);
        assert_eq!(words(&lab, "branch "), ["main"]);
        assert_eq!(words(&lab, "show sn"), ["snapshots"]);
        assert_eq!(words(&lab, "open fix"), ["paths fix"]);
        assert_eq!(words(&lab, "session save fi"), ["paths fi"]);
        let mut file = lab;
        file.screen = Screen::File;
        assert_eq!(words(&file, "chec"), [""; 0]);
        file.screen = Screen::Home;
        assert_eq!(words(&file, "my files/a b"), ["paths my files/a b"]);
    }

    #[test]
    fn what_all_share_is_taken_first_and_then_one_after_the_other() {
        let offer = offered("put ke", vec!["key1".to_owned(), "key2".to_owned()]).unwrap();
        assert_eq!((offer.line.as_str(), offer.at), ("put key", None));
        let next = offer.next();
        assert_eq!(next.line, "put key1");
        assert_eq!(next.next().next().line, "put key1");
        assert_eq!(offered("op", vec!["open".to_owned()]).unwrap().line, "open ");
        assert_eq!(offered("open f", vec!["fixtures/".to_owned()]).unwrap().line, "open fixtures/");
        assert_eq!(offered("x", Vec::new()), None);
    }

    #[test]
    fn a_word_that_is_nearly_right_is_known() {
        let lab = lab();
        assert_eq!(nearest(&lab, "pt").as_deref(), Some("put"));
        assert_eq!(nearest(&lab, "chekpoint").as_deref(), Some("checkpoint"));
        assert_eq!(nearest(&lab, "qqqqqq"), None);
        assert_eq!(nearest(&lab, "put"), None);
    }
}
