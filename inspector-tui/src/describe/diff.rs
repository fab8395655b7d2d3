//! What the diff says: two states of a store, or of two stores, compared by what they are made of: records by key, pages by
//! number, fields of the superblock, the log.

use super::{log, plural, tree};
use crate::looking::{Compared, Side};
use crate::model::Model;
use crate::timeline::World;
use crate::widget::text::grouped;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tosumu::escape::escape;
use tosumu::format::annotate;
use tosumu::format::node::{CellValue, NodeView};
use tosumu::format::overflow::OverflowView;
use tosumu::format::page::SealedView;
use tosumu::types::{Bytes, PageNo};

/// Most changes of a sort that are listed; the others are counted.
const LISTED_MAX: usize = 1000;
/// Most keys named for one page.
const KEYS_NAMED_MAX: usize = 4;
/// Longest value whose bytes are compared.
const CHAIN_BYTES_MAX: usize = 1 << 20;

/// What became of a thing from left to right.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only the right has it.
    Added,
    /// Only the left has it.
    Removed,
    /// Both have it, and not the same.
    Changed,
}

/// A record that is not the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct RecordChange {
    /// The tree: `main`, or a named one.
    pub tree: String,
    /// Its key, escaped.
    pub key: String,
    /// What became of it.
    pub change: Change,
    /// Length of its value at the left, in bytes.
    pub left_bytes: Option<usize>,
    /// Length of its value at the right, in bytes.
    pub right_bytes: Option<usize>,
}

/// A page that is not the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct PageChange {
    /// Its number.
    pub page: u32,
    /// What became of it.
    pub change: Change,
    /// What it is at the left: `leaf, commit 2`.
    pub left: String,
    /// What it is at the right.
    pub right: String,
    /// What differs inside.
    pub inside: Vec<String>,
}

/// A field that is not the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// Its value at the left.
    pub left: String,
    /// Its value at the right.
    pub right: String,
}

/// Two states compared.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct DiffFacts {
    /// What the left one is.
    pub left: String,
    /// What the right one is.
    pub right: String,
    /// Records that differ, in the order of trees and keys.
    pub records: Vec<RecordChange>,
    /// How many differ.
    pub records_total: usize,
    /// Pages that differ, by number.
    pub pages: Vec<PageChange>,
    /// How many differ.
    pub pages_total: usize,
    /// Fields of the superblock that counts.
    pub superblock: Vec<FieldChange>,
    /// What differs about the log.
    pub log: Vec<FieldChange>,
    /// What is to be said besides.
    pub remark: Option<String>,
    /// Whether only the two superblock slots of one file are compared.
    pub is_slots: bool,
}

/// What was compared last, kept because the comparison of large stores takes its time.
#[derive(Default)]
pub struct Kept(std::sync::Mutex<Option<(Key, Arc<DiffFacts>)>>);

type Key = (usize, usize, usize, String, String);

/// The comparison in front.
pub fn diff(model: &Model) -> Arc<DiffFacts> {
    let names = model.looking.compared.as_ref().map_or((String::new(), String::new()), |compared| {
        (compared.left.name.clone(), compared.right.as_ref().map_or(String::new(), |side| side.name.clone()))
    });
    let events = model.timeline().map_or(0, |timeline| timeline.len());
    let key = (model.branch, model.at, events, names.0, names.1);
    let mut kept = model.looking.diff_kept.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, facts)) = kept.as_ref().filter(|(of, _)| *of == key) {
        return facts.clone();
    }
    let facts = Arc::new(find(model));
    *kept = Some((key, facts.clone()));
    facts
}

fn find(model: &Model) -> DiffFacts {
    match (&model.looking.compared, model.timeline(), model.operation()) {
        (Some(compared), ..) => of_compared(model, compared),
        (None, Some(timeline), Some(operation)) => {
            let before = timeline.world_at(operation.first);
            let left = format!("before {}, event {}", super::operation_words(&operation.line, 30), operation.first);
            of_worlds((&left, &before), (&present_name(model), &model.world))
        }
        (None, Some(timeline), None) => {
            of_worlds(("the beginning", &timeline.world_at(0)), (&present_name(model), &model.world))
        }
        (None, None, _) => of_slots(model),
    }
}

fn of_compared(model: &Model, compared: &Compared) -> DiffFacts {
    let present = present_name(model);
    match &compared.right {
        Some(Side { name, world }) => of_worlds((&compared.left.name, &compared.left.world), (name, world)),
        None => of_worlds((&compared.left.name, &compared.left.world), (&present, &model.world)),
    }
}

fn present_name(model: &Model) -> String {
    match model.timeline() {
        Some(_) => format!("event {}", model.at),
        None => model.world.facts.file.clone(),
    }
}

/// A file alone: its two superblock slots.
fn of_slots(model: &Model) -> DiffFacts {
    let slot = |slot: u8| model.world.superblock_bytes(slot).map(|bytes| annotate::superblock(&bytes));
    DiffFacts {
        left: "superblock A".into(),
        right: "superblock B".into(),
        superblock: fields(slot(0), slot(1)),
        remark: Some(
            "A file by itself has only its two superblock slots to compare. `diff OTHER` compares with another file."
                .into(),
        ),
        is_slots: true,
        ..DiffFacts::default()
    }
}

/// Compares two worlds.
pub fn of_worlds((left_name, left): (&str, &World), (right_name, right): (&str, &World)) -> DiffFacts {
    let (records, records_total) = records(left, right);
    let (pages, pages_total) = pages(left, right);
    let unread = |world: &World| world.file().map_or(0, |file| file.pages - file.held().count() as u32);
    let locked = |world: &World| world.file().is_some_and(|file| file.locked.is_some());
    let remark = match (unread(left) + unread(right), locked(left) || locked(right)) {
        (_, true) => Some("Without its key a store's records cannot be compared: only sealed bytes are.".to_owned()),
        (0, false) => None,
        (pages, false) => Some(format!("{} were not read and are not compared.", plural(pages as usize, "page"))),
    };
    DiffFacts {
        left: left_name.into(),
        right: right_name.into(),
        records,
        records_total,
        pages,
        pages_total,
        superblock: fields(newest_slot(left), newest_slot(right)),
        log: logs(left, right),
        remark,
        is_slots: false,
    }
}

fn newest_slot(world: &World) -> Option<Vec<annotate::Annotation>> {
    let newest = log::newest_superblock(world)?;
    Some(annotate::superblock(&world.superblock_bytes((newest.slot_generation % 2) as u8)?))
}

fn fields(left: Option<Vec<annotate::Annotation>>, right: Option<Vec<annotate::Annotation>>) -> Vec<FieldChange> {
    let values = |slot: Option<Vec<annotate::Annotation>>| {
        let fields = slot.unwrap_or_default().into_iter();
        fields.map(|field| ((field.span.start, field.name), field.value)).collect::<BTreeMap<_, _>>()
    };
    let (left, right) = (values(left), values(right));
    let names: BTreeSet<&(usize, String)> = left.keys().chain(right.keys()).collect();
    let shown =
        |value: Option<&String>| value.map_or("-".into(), |value| crate::widget::text::clip(value, 24).into_owned());
    let differ = names.into_iter().filter(|name| left.get(*name) != right.get(*name));
    differ
        .map(|name| FieldChange { field: name.1.clone(), left: shown(left.get(name)), right: shown(right.get(name)) })
        .collect()
}

fn logs(left: &World, right: &World) -> Vec<FieldChange> {
    let (left, right) = (log::of_world(left), log::of_world(right));
    let number = |number: Option<u64>| number.map_or("-".to_owned(), grouped);
    let rows = [
        ("generation", number(left.generation), number(right.generation)),
        ("length in bytes", grouped(left.bytes), grouped(right.bytes)),
        ("durable up to", grouped(left.durable_to), grouped(right.durable_to)),
        ("records", left.records.len().to_string(), right.records.len().to_string()),
        ("commits kept", commits(&left), commits(&right)),
        ("recovery stops at", grouped(left.recovery_stops_at), grouped(right.recovery_stops_at)),
    ];
    let differ = rows.into_iter().filter(|(_, left, right)| left != right);
    differ.map(|(field, left, right)| FieldChange { field: field.into(), left, right }).collect()
}

fn commits(log: &log::LogFacts) -> String {
    match &log.kept_commits()[..] {
        [] => "none".into(),
        [only] => only.to_string(),
        [first, .., last] if first == last => first.to_string(),
        [first, .., last] => format!("{first}-{last}"),
    }
}

/// The records of all trees that are not the same, at most so many, and how many there are.
fn records(left: &World, right: &World) -> (Vec<RecordChange>, usize) {
    let names = |world: &World| world.facts.space.trees.keys().cloned().collect::<BTreeSet<String>>();
    let trees = std::iter::once(None).chain(names(left).union(&names(right)).cloned().map(Some).collect::<Vec<_>>());
    let (mut changes, mut total) = (Vec::new(), 0);
    for tree in trees {
        let root = |world: &World| match &tree {
            None => world.facts.root,
            Some(name) => world.facts.space.trees.get(name).copied(),
        };
        let (old, new) = (leaves(left, root(left)), leaves(right, root(right)));
        // A leaf that both have, byte for byte, has no record that differs.
        let same: BTreeSet<PageNo> =
            old.iter().filter(|(page, plain)| new.get(page) == Some(plain)).map(|(page, _)| *page).collect();
        let (old, new) = (values(left, &old, &same), values(right, &new, &same));
        let keys: BTreeSet<&Bytes> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let change = match (old.get(key), new.get(key)) {
                (None, Some(_)) => Change::Added,
                (Some(_), None) => Change::Removed,
                (one, other) if one != other => Change::Changed,
                _ => continue,
            };
            total += 1;
            if changes.len() < LISTED_MAX {
                changes.push(RecordChange {
                    tree: tree.as_ref().map_or("main".into(), |name| escape(name.as_bytes())),
                    key: escape(key),
                    change,
                    left_bytes: old.get(key).map(|value| value.0),
                    right_bytes: new.get(key).map(|value| value.0),
                });
            }
        }
    }
    (changes, total)
}

/// The leaves of a tree.
fn leaves(world: &World, root: Option<PageNo>) -> BTreeMap<PageNo, Bytes> {
    let levels = world.levels(root);
    let last = levels.pages.last().into_iter().flatten();
    let plain = |page: &PageNo| Some((*page, world.page(*page)?.plain?));
    last.filter_map(plain).collect()
}

/// What tells a value from another: its length and its bytes; of one that cannot be read whole, where it begins.
type Value = (usize, Vec<u8>);

fn values(world: &World, leaves: &BTreeMap<PageNo, Bytes>, same: &BTreeSet<PageNo>) -> BTreeMap<Bytes, Value> {
    let mut values = BTreeMap::new();
    for (_, plain) in leaves.iter().filter(|(page, _)| !same.contains(page)) {
        let Ok(node) = NodeView::new(plain) else { continue };
        for slot in (0..node.slot_count()).filter(|_| node.level() == 0) {
            let value = match node.cell_value(slot) {
                CellValue::Inline(value) => (value.len(), value.to_vec()),
                CellValue::Overflow { length, first } => {
                    let bytes = chain(world, first.page, length as usize);
                    (length as usize, bytes.unwrap_or_else(|| first.page.0.to_le_bytes().to_vec()))
                }
            };
            values.insert(Bytes::from(node.key(slot)), value);
        }
    }
    values
}

/// The bytes of a long value, when every page of it can be read.
fn chain(world: &World, first: PageNo, length: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut at = Some(first).filter(|_| length <= CHAIN_BYTES_MAX)?;
    while bytes.len() < length {
        let plain = world.page(at)?.plain?;
        let part = OverflowView::new(&plain).ok()?;
        bytes.extend_from_slice(part.data());
        match part.next() {
            Some(next) if !part.data().is_empty() => at = next.page,
            _ => break,
        }
    }
    (bytes.len() == length).then_some(bytes)
}

fn pages(left: &World, right: &World) -> (Vec<PageChange>, usize) {
    let last = left.page_total().max(right.page_total());
    let known = |world: &World| world.file().map_or(last, |file| file.held().last().map_or(0, |(page, _)| page.0));
    let (mut changes, mut total) = (Vec::new(), 0);
    for page in (1..=last.min(known(left).max(known(right)))).map(PageNo) {
        let (old, new) = (State::of(left, page), State::of(right, page));
        let change = match (&old, &new) {
            (None, None) => continue,
            (None, Some(_)) => Change::Added,
            (Some(_), None) => Change::Removed,
            (Some(one), Some(other)) if one.is_same(other) => continue,
            _ => Change::Changed,
        };
        total += 1;
        if changes.len() < LISTED_MAX {
            let words = |state: &Option<State>| state.as_ref().map_or("-".into(), State::words);
            let inside = old.as_ref().zip(new.as_ref()).map_or(Vec::new(), |(old, new)| inside(old, new));
            changes.push(PageChange { page: page.0, change, left: words(&old), right: words(&new), inside });
        }
    }
    (changes, total)
}

/// A page of one side.
struct State {
    kind: &'static str,
    commit: Option<u64>,
    changed: bool,
    plain: Option<Bytes>,
    sealed: Option<Bytes>,
}

impl State {
    fn of(world: &World, page: PageNo) -> Option<State> {
        let known = world.page(page)?;
        let sealed = world.sealed(page).map(|at| at.bytes);
        (known.plain.is_some() || sealed.is_some()).then(|| State {
            kind: tree::kind_word(known.kind),
            commit: known.sealed_commit.map(|commit| commit.0),
            changed: known.changed,
            plain: known.plain,
            sealed,
        })
    }

    fn is_same(&self, other: &State) -> bool {
        let content = match (&self.plain, &other.plain) {
            (Some(one), Some(other)) => one == other,
            _ => self.sealed == other.sealed,
        };
        content && (self.changed, self.commit) == (other.changed, other.commit)
    }

    fn words(&self) -> String {
        let kind = if self.kind.is_empty() { "page" } else { self.kind };
        match (self.changed, self.commit) {
            (true, _) => format!("{kind}, changed in memory"),
            (false, Some(commit)) => format!("{kind}, commit {commit}"),
            (false, None) => kind.to_owned(),
        }
    }
}

/// What differs inside a page that both have.
fn inside(old: &State, new: &State) -> Vec<String> {
    let (Some(one), Some(other)) = (&old.plain, &new.plain) else {
        let seal = |state: &State| {
            let bytes = state.sealed.as_deref()?;
            Some(SealedView::new(bytes)?.seal().short())
        };
        let word = |seal: Option<String>| seal.unwrap_or_else(|| "none".into());
        return vec![format!("sealed form differs: seal {} and {}", word(seal(old)), word(seal(new)))];
    };
    if one == other {
        return vec!["the same content, sealed anew".into()];
    }
    let (Ok(one), Ok(other)) = (NodeView::new(one), NodeView::new(other)) else {
        let count = one.iter().zip(other.iter()).filter(|(one, other)| one != other).count();
        return vec![format!("{} differ", plural(count, "byte"))];
    };
    let mut lines = Vec::new();
    let keys =
        |node: &NodeView<'_>| (0..node.slot_count()).map(|slot| node.key(slot).to_vec()).collect::<BTreeSet<_>>();
    let (before, after) = (keys(&one), keys(&other));
    lines.extend(named("has new", after.difference(&before)));
    lines.extend(named("has no more", before.difference(&after)));
    let kept = before.intersection(&after).filter(|key| cell(&one, key) != cell(&other, key));
    let word = if one.level() > 0 { "points anew for" } else { "has another value for" };
    lines.extend(named(word, kept));
    if one.slot_count() != other.slot_count() {
        lines.push(format!("slots {} to {}", one.slot_count(), other.slot_count()));
    }
    if one.free_bytes() != other.free_bytes() {
        lines.push(format!("free bytes {} to {}", one.free_bytes(), other.free_bytes()));
    }
    if lines.is_empty() {
        lines.push("the same cells, laid out anew".into());
    }
    lines
}

fn cell<'a>(node: &NodeView<'a>, key: &[u8]) -> Option<&'a [u8]> {
    let slot = node.search(key).ok()?;
    node.bytes().get(node.cell_span(slot))
}

fn named<'a>(word: &str, keys: impl Iterator<Item = &'a Vec<u8>>) -> Option<String> {
    let keys: Vec<&Vec<u8>> = keys.collect();
    let shown = |key: &&Vec<u8>| match key.is_empty() {
        true => "(lowest)".to_owned(),
        false => crate::widget::text::clip(&escape(key), 16).into_owned(),
    };
    let names: Vec<String> = keys.iter().take(KEYS_NAMED_MAX).map(shown).collect();
    let more = match keys.len().saturating_sub(KEYS_NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!keys.is_empty()).then(|| format!("{word} {}{more}", names.join(" ")))
}

/// A line of the comparison, and the page it is about.
pub struct DiffLine {
    /// What it says.
    pub words: String,
    /// What became of the thing; none of a heading.
    pub change: Option<Change>,
    /// The page it is about.
    pub page: Option<PageNo>,
}

impl Change {
    /// Its sign.
    pub fn sign(self) -> char {
        match self {
            Change::Added => '+',
            Change::Removed => '-',
            Change::Changed => '~',
        }
    }

    fn word(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
        }
    }
}

impl DiffFacts {
    /// `2 added, 1 changed`, of the listed ones.
    fn tally(&self) -> String {
        let count = |change: Change| (self.records.iter().filter(|record| record.change == change).count(), change);
        let counts = [Change::Added, Change::Removed, Change::Changed].map(count);
        let words: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, change)| format!("{count} {}", change.word()))
            .collect();
        if words.is_empty() { "the same".into() } else { words.join(", ") }
    }

    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.records_total + self.pages_total + self.superblock.len() + self.log.len() == 0
    }

    /// The comparison line by line: headings, and what differs under each.
    pub fn lines(&self) -> Vec<DiffLine> {
        let heading = |words: String| DiffLine { words, change: None, page: None };
        let mut lines = Vec::new();
        let is_whole = !self.is_slots;
        if is_whole {
            lines.push(heading(format!("Records: {}", self.tally())));
        }
        for record in &self.records {
            let tree = if record.tree == "main" { String::new() } else { format!(" in tree {}", record.tree) };
            let bytes = |bytes: Option<usize>| bytes.map_or("-".to_owned(), |bytes| plural(bytes, "byte"));
            let value = match record.change {
                Change::Added => bytes(record.right_bytes),
                Change::Removed => bytes(record.left_bytes),
                Change::Changed => format!("{} to {}", bytes(record.left_bytes), bytes(record.right_bytes)),
            };
            let words = format!("{} {}{tree}: {value}", record.change.sign(), record.key);
            lines.push(DiffLine { words, change: Some(record.change), page: None });
        }
        lines.extend(more(self.records_total, self.records.len()));
        if is_whole {
            lines.push(heading(format!("Pages: {}", differ(self.pages_total))));
        }
        for page in &self.pages {
            let inside = if page.inside.is_empty() { String::new() } else { format!("; {}", page.inside.join("; ")) };
            let what = match page.change {
                Change::Added => format!("new: {}", page.right),
                Change::Removed => format!("gone; was {}", page.left),
                Change::Changed if page.left == page.right => page.right.clone(),
                Change::Changed => format!("{} to {}", page.left, page.right),
            };
            let words = format!("{} page {}: {what}{inside}", page.change.sign(), page.page);
            lines.push(DiffLine { words, change: Some(page.change), page: Some(PageNo(page.page)) });
        }
        lines.extend(more(self.pages_total, self.pages.len()));
        for (name, fields) in [("Superblock", &self.superblock), ("Log", &self.log)] {
            if name == "Log" && !is_whole {
                continue;
            }
            lines.push(heading(format!("{name}: {}", differ(fields.len()))));
            lines.extend(fields.iter().map(|field| DiffLine {
                words: format!("~ {}: {} to {}", field.field, field.left, field.right),
                change: Some(Change::Changed),
                page: None,
            }));
        }
        lines
    }

    pub(super) fn plain(&self) -> String {
        let mut text = format!("{} compared with {}.\n", self.left, self.right);
        text.extend(self.remark.iter().map(|remark| format!("{remark}\n")));
        if self.is_same() {
            text.push_str("Nothing differs.\n");
            return text;
        }
        for line in self.lines() {
            let indent = if line.change.is_none() { "" } else { "  " };
            text.push_str(&format!("{indent}{}\n", line.words));
        }
        text
    }
}

/// `3 differ`, or that none does.
fn differ(count: usize) -> String {
    match count {
        0 => "the same".into(),
        1 => "1 differs".into(),
        count => format!("{} differ", grouped(count as u64)),
    }
}

fn more(total: usize, listed: usize) -> Option<DiffLine> {
    let words = format!("+{} more", grouped((total - listed) as u64));
    (total > listed).then_some(DiffLine { words, change: Some(Change::Changed), page: None })
}
