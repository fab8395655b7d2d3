//! What stands beside the tree that is drawn: the free list, the named trees, snapshots and savepoints. Nothing, in a store
//! that has none of them.

use super::plural;
use crate::model::Model;
use schemars::JsonSchema;
use serde::Serialize;
use tosumu::escape::escape;

/// A trunk of the free list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct TrunkFacts {
    /// Its page.
    pub page: u32,
    /// The pages it lists.
    pub lists: Vec<u32>,
}

/// A named tree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct NamedTreeFacts {
    /// Its name, escaped.
    pub name: String,
    /// Its root.
    pub root: u32,
}

/// What stands beside the tree.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct SpaceFacts {
    /// Free pages: trunks and the pages they list.
    pub free_count: u32,
    /// The trunks, the head first.
    pub trunks: Vec<TrunkFacts>,
    /// The named trees.
    pub trees: Vec<NamedTreeFacts>,
    /// The one that is drawn; none is the main tree.
    pub shown: Option<String>,
    /// `t1 sees commit 2`.
    pub snapshots: Vec<String>,
    /// The savepoints of the open transaction.
    pub savepoints: Vec<String>,
}

/// What stands beside the tree of `model`'s present world.
pub fn space(model: &Model) -> SpaceFacts {
    let facts = &model.world.facts;
    let list = model.world.free_list();
    let trunk = |(page, lists): &(tosumu::PageNo, Vec<tosumu::PageNo>)| TrunkFacts {
        page: page.0,
        lists: lists.iter().map(|page| page.0).collect(),
    };
    SpaceFacts {
        free_count: list.count,
        trunks: list.trunks.iter().map(trunk).collect(),
        trees: facts
            .space
            .trees
            .iter()
            .map(|(name, root)| NamedTreeFacts { name: escape(name.as_bytes()), root: root.0 })
            .collect(),
        shown: model.shown_tree().map(|name| escape(name.as_bytes())),
        snapshots: facts
            .snapshots
            .iter()
            .map(|(name, snapshot)| format!("{name} sees commit {}", snapshot.commit))
            .collect(),
        savepoints: facts.savepoints.iter().map(|savepoint| savepoint.name.clone()).collect(),
    }
}

impl SpaceFacts {
    /// True when there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.free_count == 0 && self.trees.is_empty() && self.snapshots.is_empty() && self.savepoints.is_empty()
    }

    /// One remark for each kind of thing there is.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.trees.is_empty() {
            let names = std::iter::once(("main", self.shown.is_none()))
                .chain(self.trees.iter().map(|tree| (tree.name.as_str(), self.shown.as_ref() == Some(&tree.name))));
            let names: Vec<String> =
                names.map(|(name, shown)| if shown { format!("[{name}]") } else { name.to_owned() }).collect();
            remarks.push(format!("trees {}", names.join(" ")));
        }
        if self.free_count > 0 {
            remarks.push(format!("{} free{}", plural(self.free_count as usize, "page"), self.in_trunks()));
        }
        if !self.snapshots.is_empty() {
            remarks.push(self.snapshots.join(", "));
        }
        if !self.savepoints.is_empty() {
            remarks.push(format!("savepoints {}", self.savepoints.join(" ")));
        }
        remarks
    }

    fn in_trunks(&self) -> String {
        match &self.trunks[..] {
            [] => String::new(),
            [only] => format!(" (trunk {})", only.page),
            [first, rest @ ..] => format!(" (trunk {} and {} more)", first.page, rest.len()),
        }
    }

    pub(super) fn plain(&self) -> String {
        let mut text = String::new();
        for tree in &self.trees {
            text.push_str(&format!("Named tree {}: root page {}.\n", tree.name, tree.root));
        }
        if self.free_count > 0 {
            text.push_str(&format!("Free: {}.\n", plural(self.free_count as usize, "page")));
        }
        for trunk in &self.trunks {
            let pages: Vec<String> = trunk.lists.iter().map(u32::to_string).collect();
            let lists = if pages.is_empty() { "no page".to_owned() } else { pages.join(" ") };
            text.push_str(&format!("Trunk {} lists {lists}.\n", trunk.page));
        }
        for snapshot in &self.snapshots {
            text.push_str(&format!("Snapshot {snapshot}.\n"));
        }
        for savepoint in &self.savepoints {
            text.push_str(&format!("Savepoint {savepoint}.\n"));
        }
        text
    }
}
