//! What the tree view says: every node that can be reached from the root, with its keys and what is remarkable about it.

use super::{
    plural,
    space::{SpaceFacts, space},
};
use crate::{
    model::Model,
    timeline::{Gist, World, WorldPage},
};
use schemars::JsonSchema;
use serde::Serialize;
use tosumu::{
    Code, CommitNo, PageNo,
    escape::escape,
    format::{
        node::{CellValue, NodeView},
        overflow::overflow_data_bytes,
        page::PageKind,
    },
};

/// Most new pages that are looked through for such as nothing leads to: a split makes one, a large transaction thousands.
const LOOSE_MAX: usize = 4096;

/// What a check found of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// Nothing was checked.
    #[default]
    Unchecked,
    /// Its seal is the one its parent names.
    Ok,
    /// Real, but an earlier version.
    Stale,
    /// Not readable, or not what was sealed.
    Bad,
}

/// A value that lies in pages of its own.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct ChainFacts {
    /// Which of the node's keys has it.
    pub key: usize,
    /// The first page.
    pub first: u32,
    /// How many pages.
    pub pages: usize,
    /// The value's length, in bytes.
    pub bytes: u32,
}

/// One node.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct NodeFacts {
    /// Its page.
    pub page: u32,
    /// Levels above the leaves.
    pub level: Option<u8>,
    /// `leaf`, `branch`, or empty when it cannot be told.
    pub kind: String,
    /// Its keys, escaped; a branch's are its separators.
    pub keys: Vec<String>,
    /// Which of them have a value that lies in pages of its own, and how many pages those are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<ChainFacts>,
    /// Which of them the present operation wrote.
    pub new_keys: Vec<usize>,
    /// The pages it leads to.
    pub children: Vec<u32>,
    /// Its free bytes.
    pub free_bytes: Option<usize>,
    /// How full it is, in percent.
    pub fill_percent: Option<u8>,
    /// Changed in memory and not sealed.
    pub changed: bool,
    /// Changed since the look before, in a file that is followed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anew: bool,
    /// Taken into use by the present transaction.
    pub new: bool,
    /// A node that no pointer leads to yet: a split has made it, and nothing above knows it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub loose: bool,
    /// On the path of the present search.
    pub on_path: bool,
    /// What a check found.
    pub state: NodeState,
}

/// The whole tree.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct TreeFacts {
    /// The root.
    pub root: Option<u32>,
    /// The free list, the other trees, snapshots.
    #[serde(skip_serializing_if = "SpaceFacts::is_empty")]
    pub space: SpaceFacts,
    /// False after a crash, until the store is opened again.
    pub open: bool,
    /// The newest published commit.
    pub commit: u64,
    /// Pages changed in memory.
    pub changed_pages: Vec<u32>,
    /// The nodes, level by level from the root, each level in key order.
    pub nodes: Vec<NodeFacts>,
    /// What is to be said when there is no tree to draw.
    pub remark: Option<String>,
}

/// The tree of `model`'s present world.
pub fn tree(model: &Model) -> TreeFacts {
    let world = &model.world;
    let levels = world.levels(model.shown_root());
    let nodes = levels.pages.iter().flatten().map(|page| node(world, *page));
    let nodes = nodes.chain(loose(world)).collect();
    TreeFacts {
        root: model.shown_root().map(|page| page.0),
        space: space(model),
        open: world.facts.open,
        commit: world.facts.commit.0,
        changed_pages: changed_pages(world),
        nodes,
        remark: super::closed::remark(model),
    }
}

/// The pages changed in memory and not sealed yet.
pub fn changed_pages(world: &World) -> Vec<u32> {
    world.changed_pages().into_iter().map(|page| page.0).collect()
}

/// The pages that the open transaction has changed: in memory still, or sealed for the commit it will be.
pub fn coming_pages(world: &World) -> Vec<PageNo> {
    if world.facts.transaction.is_none() {
        return Vec::new();
    }
    let is_coming = |gist: &Gist| gist.changed || gist.commit.is_some_and(|commit| commit > world.facts.commit);
    let gists = world.gists();
    let coming = (1..).zip(gists.iter()).filter(|(_, gist)| is_coming(gist));
    coming.map(|(page, _)| PageNo(page)).collect()
}

/// The commit that pages in memory are sealed for and that is not published yet.
pub fn commit_to_come(world: &World) -> Option<CommitNo> {
    world.facts.transaction?;
    let newest = world.gists().iter().filter_map(|gist| gist.commit).max();
    newest.filter(|newest| *newest > world.facts.commit)
}

/// The nodes that the open transaction has made and that no pointer leads to yet: in the middle of a split, half of the
/// records is in one.
pub fn loose(world: &World) -> Vec<NodeFacts> {
    if world.facts.transaction.is_none() || world.facts.new_pages.len() > LOOSE_MAX {
        return Vec::new();
    }
    let reach = world.reach();
    let unreached = world.facts.new_pages.iter().filter(|page| reach.of(**page).is_none());
    let nodes = unreached.map(|page| NodeFacts { loose: true, ..node(world, *page) });
    nodes.filter(|node| node.level.is_some() && matches!(node.kind.as_str(), "leaf" | "branch")).collect()
}

/// One node of `world`.
pub fn node(world: &World, page: PageNo) -> NodeFacts {
    let Some(known) = world.page(page) else {
        return NodeFacts { page: page.0, state: state_of(world, page, None), ..NodeFacts::default() };
    };
    let mut node = NodeFacts {
        page: page.0,
        level: known.level,
        kind: kind_word(known.kind).into(),
        changed: known.changed,
        anew: world.facts.changed_since.contains(&page),
        new: known.new,
        on_path: world.facts.path.contains(&page),
        state: state_of(world, page, Some(&known)),
        children: world.children(page).iter().map(|child| child.0).collect(),
        ..NodeFacts::default()
    };
    if let Some(view) = known.plain.as_deref().and_then(|plain| NodeView::new(plain).ok()) {
        fill_in(&mut node, world, view);
    }
    node
}

fn fill_in(node: &mut NodeFacts, world: &World, view: NodeView<'_>) {
    let branch = view.kind() == PageKind::Branch;
    let fresh = world.facts.fresh.as_ref().filter(|(page, _)| page.0 == node.page).map(|(_, key)| key);
    for slot in usize::from(branch)..view.slot_count() {
        if fresh.is_some_and(|fresh| **fresh == *view.key(slot)) {
            node.new_keys.push(node.keys.len());
        }
        if !branch && let CellValue::Overflow { length, first } = view.cell_value(slot) {
            let pages = (length as usize).div_ceil(overflow_data_bytes(world.facts.page_size));
            node.chains.push(ChainFacts { key: node.keys.len(), first: first.page.0, pages, bytes: length });
        }
        node.keys.push(escape(view.key(slot)));
    }
    let (size, free) = (view.bytes().len(), view.free_bytes());
    node.free_bytes = Some(free);
    node.fill_percent = (!branch).then(|| ((size.saturating_sub(free) * 100 + size / 2) / size.max(1)) as u8);
}

fn state_of(world: &World, page: PageNo, known: Option<&WorldPage>) -> NodeState {
    let own = known.and_then(|known| known.finding.as_ref());
    let finding = own.or_else(|| world.facts.findings.iter().find(|finding| finding.page == Some(page)));
    match (finding, world.verdict(page)) {
        (Some(finding), _) if finding.code == Code::PageStale => NodeState::Stale,
        (Some(_), _) | (None, Some(false)) => NodeState::Bad,
        (None, Some(true)) => NodeState::Ok,
        (None, None) => NodeState::Unchecked,
    }
}

/// `chain` or `trunk`: a page that is no node of a tree; empty for one that is.
pub fn beside_word(kind: Option<PageKind>) -> &'static str {
    match kind {
        Some(PageKind::Overflow) => "chain",
        Some(PageKind::FreeList) => "trunk",
        Some(PageKind::Branch | PageKind::Leaf) | None => "",
    }
}

/// `leaf`, `branch`, …; empty when it is not known.
pub fn kind_word(kind: Option<PageKind>) -> &'static str {
    match kind {
        Some(PageKind::Branch) => "branch",
        Some(PageKind::Leaf) => "leaf",
        Some(PageKind::Overflow) => "overflow",
        Some(PageKind::FreeList) => "free list",
        None => "",
    }
}

impl TreeFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = String::new();
        if let Some(remark) = &self.remark {
            text.push_str(&format!("{remark}\n"));
        }
        let root = self.root.map_or("none".into(), |root| format!("page {root}"));
        let nodes = plural(self.nodes.len(), "node");
        let tree = self.space.shown.as_ref().map_or("Tree".into(), |name| format!("Tree {name}"));
        text.push_str(&format!("{tree}: root {root}, {nodes}, commit {}.\n", self.commit));
        for node in &self.nodes {
            text.push_str(&format!("{}\n", node.line()));
        }
        text.push_str(&self.space.plain());
        text
    }
}

impl NodeFacts {
    /// The keys as a box shows them: `big→3 pages` where the value lies in pages of its own.
    pub fn shown_keys(&self) -> Vec<String> {
        let mut keys = self.keys.clone();
        for chain in &self.chains {
            keys[chain.key].push_str(&format!("→{}", plural(chain.pages, "page")));
        }
        keys
    }

    /// Everything about the node in one line.
    fn line(&self) -> String {
        let level = self.level.map_or(String::new(), |level| format!(" level {level}"));
        let mut line =
            format!("page {}: {}{level}", self.page, if self.kind.is_empty() { "unknown" } else { &self.kind });
        if !self.keys.is_empty() {
            line.push_str(&format!("; keys {}", self.keys.join(" ")));
        }
        if !self.children.is_empty() {
            let children: Vec<String> = self.children.iter().map(u32::to_string).collect();
            line.push_str(&format!("; leads to pages {}", children.join(" ")));
        }
        if let Some(percent) = self.fill_percent {
            line.push_str(&format!("; {percent} % full"));
        }
        if let Some(free) = self.free_bytes {
            line.push_str(&format!("; {} free", plural(free, "byte")));
        }
        let marks = [
            (self.changed, "changed in memory"),
            (self.anew, "changed since the look before"),
            (self.new, "new"),
            (self.loose, "no pointer leads to it yet"),
            (self.on_path, "on the path of the search"),
            (self.state == NodeState::Ok, "checked, sound"),
            (self.state == NodeState::Stale, "STALE: an earlier version of itself"),
            (self.state == NodeState::Bad, "BAD"),
        ];
        for (_, words) in marks.iter().filter(|(holds, _)| *holds) {
            line.push_str(&format!("; {words}"));
        }
        for chain in &self.chains {
            let (key, pages) = (&self.keys[chain.key], plural(chain.pages, "page"));
            line.push_str(&format!("; {key} has {} bytes in {pages} from page {}", chain.bytes, chain.first));
        }
        for new in &self.new_keys {
            line.push_str(&format!("; new key {}", self.keys[*new]));
        }
        line
    }
}
