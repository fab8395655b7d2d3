//! What can be in front: the views with their words and numbers, which tree is drawn, and the region the keys are about.

/// What the main region shows. The digit of a view never changes when more come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// Every event in a sentence.
    Events = 0,
    /// Pages as boxes and edges.
    Tree = 1,
    /// One page, byte by byte.
    Page = 2,
    /// The whole file, a cell a page.
    Map = 3,
    /// The records of the log.
    Log = 4,
    /// What memory, the operating system and the disk hold.
    Disk = 5,
    /// The chain of trust, from a secret down to a page.
    Seals = 6,
    /// The snapshots that live, and what they hold back.
    Snapshots = 7,
    /// What was found.
    Verify = 8,
    /// What an operation was given and what it cost.
    Receipt = 9,
    /// Two states compared.
    Diff = 11,
    /// Every version of one page.
    Life = 12,
    /// Every key and command.
    Help = 13,
    /// The branches of time, to choose from.
    Branches = 14,
    /// The power cut in an operation, everywhere and in every way.
    Grid = 15,
    /// Every kind of lie that can be told about the store.
    Tamper = 16,
    /// The kinds of moments one can jump to.
    Marks = 20,
    /// Two engines, one script, one difference.
    Twin = 17,
}

impl View {
    /// Every view with its word, in the order of their tabs.
    pub const ALL: [(View, &'static str); 18] = [
        (View::Tree, "tree"),
        (View::Page, "page"),
        (View::Map, "map"),
        (View::Log, "log"),
        (View::Disk, "disk"),
        (View::Seals, "seals"),
        (View::Snapshots, "snapshots"),
        (View::Verify, "verify"),
        (View::Receipt, "receipt"),
        (View::Events, "events"),
        (View::Diff, "diff"),
        (View::Life, "life"),
        (View::Help, "help"),
        (View::Branches, "branches"),
        (View::Grid, "grid"),
        (View::Tamper, "tamper"),
        (View::Marks, "marks"),
        (View::Twin, "twin"),
    ];

    /// Its one word.
    pub fn word(self) -> &'static str {
        View::ALL.iter().find(|(view, _)| *view == self).map_or("", |(_, word)| word)
    }

    /// The view called `word`.
    pub fn named(word: &str) -> Option<View> {
        View::ALL.iter().find(|(_, name)| *name == word).map(|(view, _)| *view)
    }

    /// Its number, which is the key that shows it up to 9.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// Which tree is drawn.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum TreeChoice {
    /// The one that the present operation is about; the main tree when it is about none.
    #[default]
    Follow,
    /// The main tree.
    Main,
    /// This named tree, while there is one of that name.
    Named(String),
}

/// The region the keys are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Focus {
    /// The main picture.
    Main,
    /// The card under it: a page's bytes, a field, a finding.
    Card,
    /// The text of a lesson.
    Text,
    /// What stands at the side on a wide screen.
    Side,
}
