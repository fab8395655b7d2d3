//! The tree over pages in memory, against a `BTreeMap`: order, ranges, fill, and that no page is lost.

use super::fill::{least_bytes, room_bytes, used_bytes};
use super::{PageRead, PageRef, PageWrite, RangeCursor, delete, get, put};
use crate::error::Result;
use crate::format::node::{CellValue, Node, NodeView};
use crate::format::page::PageKind;
use crate::trace::{Event, Recorder, Tracer};
use crate::types::{CommitNo, PageNo, PagePointer, PageSize, Seal};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Pages in memory; a pointer's seal is made up, and must come back unchanged.
struct Pages {
    nodes: BTreeMap<PageNo, Node>,
    page_size: PageSize,
    allocated: u32,
    freed: u32,
    tracer: Tracer,
}

fn pointer(page: PageNo) -> PagePointer {
    PagePointer { page, commit: CommitNo(7), seal: Seal([page.0 as u8; 16]) }
}

impl PageRead for Pages {
    fn read(&self, at: &PagePointer) -> Result<PageRef<'_>> {
        assert_eq!(*at, pointer(at.page), "a pointer is moved whole");
        Ok(PageRef::Changed(self.nodes.get(&at.page).expect("nothing leads to a freed page")))
    }

    fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    fn root_holder(&self) -> String {
        "the test".to_owned()
    }
}

impl PageWrite for Pages {
    fn edit(&mut self, at: &PagePointer) -> Result<&mut Node> {
        assert_eq!(*at, pointer(at.page), "a pointer is moved whole");
        Ok(self.nodes.get_mut(&at.page).expect("nothing leads to a freed page"))
    }

    fn allocate(&mut self, kind: PageKind, level: u8) -> Result<PagePointer> {
        self.allocated += 1;
        let page = PageNo(self.allocated);
        self.nodes.insert(page, Node::new(kind, level, self.page_size.plain_bytes()));
        Ok(pointer(page))
    }

    fn free(&mut self, at: &PagePointer) -> Result<()> {
        self.freed += 1;
        self.nodes.remove(&at.page).expect("a page is freed once");
        Ok(())
    }
}

struct Tree {
    pages: Pages,
    root: PagePointer,
}

impl Tree {
    fn new(page_size: u32) -> Tree {
        let page_size = PageSize::new(page_size).unwrap();
        let mut pages = Pages { nodes: BTreeMap::new(), page_size, allocated: 0, freed: 0, tracer: Tracer::off() };
        let root = pages.allocate(PageKind::Leaf, 0).unwrap();
        Tree { pages, root }
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Option<usize> {
        put(&mut self.pages, &mut self.root, key, CellValue::Inline(value)).unwrap().map(|old| old.length)
    }

    fn put_new(&mut self, key: &[u8], value: &[u8]) {
        assert_eq!(self.put(key, value), None, "the key is new");
    }

    fn delete(&mut self, key: &[u8]) -> bool {
        delete(&mut self.pages, &mut self.root, key).unwrap().is_some()
    }

    fn records(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut cursor = RangeCursor::new(&self.pages, self.root, Bound::Unbounded, Bound::Unbounded);
        let mut records = Vec::new();
        while let Some(found) = cursor.next() {
            let (page, slot) = found.unwrap();
            records.push((page.view().key(slot).to_vec(), page.view().value(slot).to_vec()));
        }
        records
    }

    /// Used bytes of all leaves by their room, in percent.
    fn leaf_fill(&self) -> f64 {
        let leaves = self.pages.nodes.values().map(Node::view).filter(|node| node.level() == 0);
        let (used, room) = leaves.fold((0, 0), |(used, room), node| (used + used_bytes(node), room + room_bytes(node)));
        100.0 * used as f64 / room as f64
    }

    /// Every page that is there is reached once and is a sound node; separators divide; what `rules` asks of the fill.
    fn check(&self, rules: Rules) {
        let mut reached = BTreeSet::new();
        self.check_below(&self.root, (&[], None), Place { is_root: true, is_rightmost: true }, rules, &mut reached);
        assert!(reached.iter().eq(self.pages.nodes.keys()), "every page is reached");
        assert_eq!(self.pages.nodes.len() as u32, self.pages.allocated - self.pages.freed);
    }

    fn check_below(
        &self,
        at: &PagePointer,
        range: (&[u8], Option<&[u8]>),
        place: Place,
        rules: Rules,
        reached: &mut BTreeSet<PageNo>,
    ) {
        assert!(reached.insert(at.page), "page {} is reached twice", at.page);
        let node = NodeView::new(self.pages.nodes[&at.page].as_bytes()).unwrap();
        let (count, is_branch) = (node.slot_count(), node.kind() == PageKind::Branch);
        for slot in usize::from(is_branch)..count {
            assert!(node.key(slot) >= range.0 && range.1.is_none_or(|end| node.key(slot) < end), "outside its range");
        }
        assert!(!is_branch || count >= 2, "branch {} has one child", at.page);
        let least = match rules {
            Rules::None => 0,
            _ if place.is_rightmost => usize::from(!place.is_root),
            // The separator that goes up leaves a branch of very long ones less to share out.
            Rules::LongKeys if is_branch => least_bytes(room_bytes(node)) / 2,
            _ => least_bytes(room_bytes(node)),
        };
        assert!(used_bytes(node) >= least, "page {}: {node:?}, of {} used", at.page, used_bytes(node));
        for slot in 0..if is_branch { count } else { 0 } {
            let child = node.child(slot);
            let is_last = slot + 1 == count;
            let low = if slot == 0 { range.0 } else { node.key(slot) };
            let high = if is_last { range.1 } else { Some(node.key(slot + 1)) };
            assert_eq!(self.pages.nodes[&child.page].view().level() + 1, node.level());
            let below = Place { is_root: false, is_rightmost: place.is_rightmost && is_last };
            self.check_below(&child, (low, high), below, rules, reached);
        }
    }
}

#[derive(Clone, Copy)]
struct Place {
    is_root: bool,
    is_rightmost: bool,
}

/// How full pages have to be.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Rules {
    /// Every page but the root and the right edge.
    ShortKeys,
    /// Every such leaf; branches may have half as much.
    LongKeys,
    /// A record may fill a page by itself: then a neighbour can be as empty as it likes.
    None,
}

/// Numbers that look random and are the same in every run.
fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn fill_at(page_size: u32, inserts: u64) -> f64 {
    let mut tree = Tree::new(page_size);
    for number in 0..inserts {
        let value = vec![b'v'; 8 + (scatter(number) % 25) as usize];
        tree.put(&scatter(number).to_be_bytes(), &value);
    }
    tree.check(Rules::ShortKeys);
    tree.leaf_fill()
}

#[test]
fn leaves_are_four_fifths_full_after_many_puts_in_random_order() {
    let (small, ordinary) = (fill_at(512, 20_000), fill_at(4096, 20_000));
    println!("leaf fill: {small:.1} % at 512 bytes, {ordinary:.1} % at 4096");
    assert!(small > 77.0 && ordinary > 77.0, "{small:.1} % at 512 bytes, {ordinary:.1} % at 4096");
}

#[test]
fn leaves_are_full_after_puts_in_order() {
    let mut tree = Tree::new(512);
    (0..5000_u32).for_each(|number| tree.put_new(&number.to_be_bytes(), &[1; 20]));
    tree.check(Rules::ShortKeys);
    assert!(tree.leaf_fill() > 95.0, "{}", tree.leaf_fill());
}

#[test]
fn after_the_last_delete_one_empty_leaf_is_left() {
    for order in 0..3_u64 {
        let mut tree = Tree::new(512);
        let count = 3000_u64;
        (0..count).for_each(|number| tree.put_new(&scatter(number).to_be_bytes(), &[1; 20]));
        let mut keys: Vec<u64> = (0..count).map(scatter).collect();
        match order {
            0 => keys.sort_unstable(),
            1 => keys.sort_unstable_by(|one, two| two.cmp(one)),
            _ => {}
        }
        for (number, key) in keys.iter().enumerate() {
            assert!(tree.delete(&key.to_be_bytes()));
            if number % 100 == 0 {
                tree.check(Rules::ShortKeys);
            }
        }
        tree.check(Rules::ShortKeys);
        assert_eq!(tree.pages.nodes.len(), 1);
        assert_eq!(tree.pages.nodes[&tree.root.page].view().slot_count(), 0);
        assert!(!tree.delete(b"nothing"));
    }
}

#[test]
fn a_separator_too_long_for_its_parent_splits_it() {
    // Keys that share long beginnings in groups: a border that moves between groups gets a separator of another length.
    let mut tree = Tree::new(512);
    let recorder = Recorder::new();
    tree.pages.tracer = Tracer::new(recorder.clone());
    let key = |number: u64| {
        let long = scatter(number).is_multiple_of(3);
        let mut key = (number / 3 % 50).to_be_bytes().to_vec();
        key.extend(vec![b'x'; if long { 100 } else { 0 }]);
        key.extend((scatter(number) as u16).to_be_bytes());
        key
    };
    let keys: Vec<_> = (0..3000).map(key).collect();
    for round in 0..4 {
        for key in &keys {
            tree.put(key, &[2; 10]);
        }
        for (number, key) in keys.iter().enumerate() {
            if !scatter(number as u64 + round).is_multiple_of(4) {
                tree.delete(key);
            }
        }
        tree.check(Rules::LongKeys);
    }
    let events = recorder.events_from(0);
    let sent_up = events.windows(2).any(|pair| {
        matches!(
            (&*pair[0], &*pair[1]),
            (
                Event::SeparatorRemoved { .. },
                Event::PageAllocated { .. } | Event::PageSplit { .. } | Event::CellsMoved { .. }
            )
        )
    });
    assert!(sent_up, "a separator that did not fit was sent up");
}

#[derive(Clone, Debug)]
enum Change {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    /// Deletes the records from this one on, so many.
    DeleteRun(Vec<u8>, usize),
}

fn short_key() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![
        3 => (0..600_u16).prop_map(|number| format!("k{number:03}").into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 1..=12),
    ]
    .boxed()
}

fn long_key() -> BoxedStrategy<Vec<u8>> {
    let long = (0..90_u8, 60..=113_usize).prop_map(|(last, length)| {
        let mut key = vec![b'x'; length];
        key.push(last);
        key
    });
    prop_oneof![
        2 => short_key(),
        2 => long,
        1 => (0..200_u8, 0..=110_usize).prop_map(|(first, rest)| [vec![first], vec![b'y'; rest]].concat()),
    ]
    .boxed()
}

fn changes(key: BoxedStrategy<Vec<u8>>, value_bytes: usize) -> impl Strategy<Value = Vec<Change>> {
    let value = (0..=value_bytes).prop_map(|length| vec![b'v'; length]);
    let change = prop_oneof![
        6 => (key.clone(), value).prop_map(|(key, value)| Change::Put(key, value)),
        2 => key.clone().prop_map(Change::Delete),
        1 => (key, 1..30_usize).prop_map(|(key, count)| Change::DeleteRun(key, count)),
    ];
    proptest::collection::vec(change, 1..500)
}

/// Makes the changes in a tree and in a map, and compares them all the way.
fn compare(changes: Vec<Change>, rules: Rules) {
    let (mut tree, mut model) = (Tree::new(512), BTreeMap::new());
    for change in changes {
        match change {
            Change::Put(key, value) => {
                let replaced = tree.put(&key, &value);
                assert_eq!(replaced, model.insert(key, value).map(|old| old.len()));
            }
            Change::Delete(key) => assert_eq!(tree.delete(&key), model.remove(&key).is_some()),
            Change::DeleteRun(from, count) => {
                let run: Vec<Vec<u8>> = model.range(from..).take(count).map(|(key, _)| key.clone()).collect();
                for key in run {
                    assert!(tree.delete(&key));
                    model.remove(&key);
                }
            }
        }
        tree.check(rules);
    }
    assert!(tree.records().into_iter().eq(model.clone()));
    for (key, value) in &model {
        let (page, slot) = get(&tree.pages, &tree.root, key).unwrap().expect("every record is found");
        assert_eq!(page.view().value(slot), value);
    }
    for key in model.keys() {
        assert!(tree.delete(key));
        tree.check(rules);
    }
    assert_eq!(tree.pages.nodes.len(), 1, "one empty leaf is left");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn short_keys_are_held_as_a_map_holds_them(changes in changes(short_key(), 60)) {
        compare(changes, Rules::ShortKeys);
    }

    #[test]
    fn keys_near_the_limit_are_held_as_a_map_holds_them(changes in changes(long_key(), 28)) {
        compare(changes, Rules::LongKeys);
    }

    #[test]
    fn records_that_fill_a_page_are_held_as_a_map_holds_them(changes in changes(long_key(), 300)) {
        compare(changes, Rules::None);
    }
}

#[test]
fn a_full_leaf_gives_to_a_neighbour_that_has_a_quarter_free_and_splits_beside_a_fuller_one() {
    for (deleted, splits) in [(0, true), (1, false)] {
        let mut tree = Tree::new(512);
        // In order: six records fill the first leaf, five stand in the second.
        "bdfhjlnprtv".bytes().for_each(|key| tree.put_new(&[key], &[1; 60]));
        "r".bytes().take(deleted).for_each(|key| assert!(tree.delete(&[key])));
        let recorder = Recorder::new();
        tree.pages.tracer = Tracer::new(recorder.clone());
        tree.put_new(b"c", &[1; 60]);
        let words: Vec<_> = recorder.events_from(0).iter().map(|event| event.word()).collect();
        assert_eq!(words.contains(&"split"), splits, "{words:?}");
        assert_eq!(words.contains(&"border"), !splits, "{words:?}");
        tree.check(Rules::ShortKeys);
    }
}
