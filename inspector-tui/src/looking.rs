//! How a person looks at the store: zooms, folds, layers and what is compared. Nothing here is about the store itself.

use crate::timeline::World;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tosumu::types::PageNo;

/// What the views remember of how they are looked at.
#[derive(Default)]
pub struct Looking {
    /// How near the tree is.
    pub tree_zoom: TreeZoom,
    /// Nodes whose children are not drawn.
    pub folded: BTreeSet<PageNo>,
    /// How near the map is: steps away from the nearest form in which the whole file fits, nearer ones above 0.
    pub map_zoom: i8,
    /// What the signs of the map tell.
    pub map_layer: MapLayer,
    /// The operation that the receipt is compared with, from 0; none is the one before.
    pub receipt_against: Option<usize>,
    /// What is compared; none is the present operation's beginning with the present instant.
    pub compared: Option<Box<Compared>>,
    /// Who wrote the byte that was asked about last: all events may have to be looked at for it.
    pub writer_kept: std::sync::Mutex<Option<(crate::describe::page::WriterKey, Option<usize>)>>,
    /// The life of a page that was told last.
    pub life_kept: crate::describe::life::Kept,
    /// What that comparison said.
    pub diff_kept: crate::describe::diff::Kept,
}

/// How near the tree is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TreeZoom {
    /// A line for each level, a sign for each node.
    Overview,
    /// A box for each node that fits.
    #[default]
    Boxes,
    /// One node with everything it holds.
    Node,
}

impl TreeZoom {
    /// One step nearer; none when there is none.
    pub fn nearer(self) -> Option<TreeZoom> {
        match self {
            TreeZoom::Overview => Some(TreeZoom::Boxes),
            TreeZoom::Boxes => Some(TreeZoom::Node),
            TreeZoom::Node => None,
        }
    }

    /// One step away; none when there is none.
    pub fn farther(self) -> Option<TreeZoom> {
        match self {
            TreeZoom::Overview => None,
            TreeZoom::Boxes => Some(TreeZoom::Overview),
            TreeZoom::Node => Some(TreeZoom::Boxes),
        }
    }
}

/// What a sign of the map tells of its page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MapLayer {
    /// What it holds.
    #[default]
    Kind,
    /// How full it is.
    Fill,
    /// How many commits ago it was written.
    Age,
    /// What a verification said of it.
    Check,
}

impl MapLayer {
    /// Every layer with its word.
    pub const ALL: [(MapLayer, &'static str); 4] =
        [(MapLayer::Kind, "kind"), (MapLayer::Fill, "fill"), (MapLayer::Age, "age"), (MapLayer::Check, "check")];

    /// Its word.
    pub fn word(self) -> &'static str {
        MapLayer::ALL.iter().find(|(layer, _)| *layer == self).map_or("", |(_, word)| word)
    }

    /// The layer called `word`.
    pub fn named(word: &str) -> Option<MapLayer> {
        MapLayer::ALL.iter().find(|(_, name)| *name == word).map(|(layer, _)| *layer)
    }

    /// The one after it; after the last the first.
    pub fn next(self) -> MapLayer {
        let at = MapLayer::ALL.iter().position(|(layer, _)| *layer == self).unwrap_or(0);
        MapLayer::ALL[(at + 1) % MapLayer::ALL.len()].0
    }
}

/// Two states of a store, or of two stores.
pub struct Compared {
    /// The one that is taken for the earlier.
    pub left: Side,
    /// The one that is taken for the later; none is the present instant.
    pub right: Option<Side>,
}

/// A state to be compared.
pub struct Side {
    /// What it is called: `event 12`, `branch 2 at its end`, `other.tsm`.
    pub name: String,
    /// The state.
    pub world: World,
}

/// Where a line that can be chosen leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Goal {
    /// To a page, its bytes shown sealed or plain as they were.
    Page(PageNo),
    /// To an event, from 0.
    Event(usize),
    /// To the record of the log that begins at this byte.
    LogRecord(u64),
    /// To the last event that tells of something. It is looked for when somebody goes there: a frame of a long timeline would
    /// be slow otherwise.
    Told(Told),
}

/// What an event tells of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// The key slot of this number was filled or opened.
    KeySlot(usize),
    /// The superblock `A` or `B` was written or chosen.
    Superblock(String),
    /// This commit was published.
    Commit(u64),
    /// The snapshot of this name was taken.
    Snapshot(String),
    /// A transaction was begun.
    Transaction,
}

/// What to compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// The present instant.
    Present,
    /// So many events of a branch, both from 0; more than it has is its end.
    Instant {
        /// The branch.
        branch: usize,
        /// How many of its events have happened.
        at: usize,
    },
    /// A file at rest, to be read.
    File(PathBuf),
}
