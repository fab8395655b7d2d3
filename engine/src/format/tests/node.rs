use super::{for_every_damage, samples, spans_inside};
use crate::finding::Code;
use crate::format::node::*;
use crate::format::page::PageKind;
use crate::types::{PagePointer, PageSize};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn assert_sound(node: &Node) {
    if let Err(error) = NodeView::new(node.as_bytes()) {
        panic!("{error}\n{}", hex::encode(node.as_bytes()));
    }
}

fn assert_holds(leaf: &Node, model: &Model) {
    assert_sound(leaf);
    let view = leaf.view();
    let held: Vec<_> =
        (0..view.slot_count()).map(|slot| (view.key(slot).to_vec(), view.value(slot).to_vec())).collect();
    let wanted: Vec<_> = model.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    assert_eq!(held, wanted);
    for (slot, key) in model.keys().enumerate() {
        assert_eq!(view.search(key), Ok(slot));
        let past = [key.as_slice(), b"\0"].concat();
        assert_eq!(view.search(&past).unwrap_or_else(|slot| slot), slot + 1);
    }
}

/// Puts a record as a tree would; false when there is no room.
fn put(leaf: &mut Node, key: &[u8], value: &[u8]) -> bool {
    if let Ok(slot) = leaf.view().search(key) {
        leaf.remove(slot);
    }
    let slot = leaf.view().search(key).unwrap_err();
    match leaf.fits(record_cell_bytes(key.len(), value.len()) + SLOT_BYTES) {
        Room::None => return false,
        Room::AfterCompaction => leaf.compact(),
        Room::Gap => {}
    }
    let span = leaf.insert_record(slot, key, value);
    assert_eq!(span, leaf.view().cell_span(slot));
    true
}

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u8>, Vec<u8>),
    Remove(usize),
    Compact,
    Split(usize),
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0u8), Just(b'a'), Just(0xff), any::<u8>()], 0..7)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (key(), vec(any::<u8>(), 0..50)).prop_map(|(key, value)| Step::Put(key, value)),
        3 => any::<usize>().prop_map(Step::Remove),
        1 => Just(Step::Compact),
        1 => any::<usize>().prop_map(Step::Split),
    ]
}

proptest! {
    #[test]
    fn a_leaf_does_as_a_sorted_map_does(steps in vec(step(), 0..60)) {
        let mut leaf = Node::new(PageKind::Leaf, 0, 456);
        let mut model = Model::new();
        for step in steps {
            take(&mut leaf, &mut model, step);
            assert_holds(&leaf, &model);
        }
        let bytes = leaf.as_bytes().to_vec();
        prop_assert_eq!(Node::from_plain(bytes).unwrap(), leaf);
    }

    #[test]
    fn a_branch_does_as_a_list_of_separators_does(keys in vec(vec(any::<u8>(), 1..9), 1..9), cut in any::<usize>()) {
        let mut branch = Node::new(PageKind::Branch, 1, 456);
        branch.insert_child(0, b"", &samples::pointer(1));
        let mut model = BTreeMap::from([(Vec::new(), samples::pointer(1))]);
        for (number, key) in keys.into_iter().enumerate() {
            let child = samples::pointer(number as u32 + 2);
            if let Err(slot) = branch.view().search(&key) {
                branch.insert_child(slot, &key, &child);
                model.insert(key, child);
            }
            assert_leads(&branch, &model);
        }
        let cut = cut % model.len() + 1;
        let mut right = Node::new(PageKind::Branch, 1, 456);
        let separator = model.keys().nth(cut).cloned();
        branch.move_tail_to(cut, &mut right);
        if let Some(separator) = separator {
            let mut tail = model.split_off(&separator);
            let first = tail.remove(&separator).unwrap();
            tail.insert(Vec::new(), first);
            assert_leads(&right, &tail);
        }
        assert_leads(&branch, &model);
    }

    #[test]
    fn no_bytes_make_a_node_panic(bytes in vec(prop_oneof![Just(0u8), any::<u8>()], 0..600), kind in 1u8..3) {
        let mut bytes = bytes;
        let _ = NodeView::new(&bytes);
        if bytes.len() >= 16 {
            let header = [kind, 2 - kind, bytes[2] % 4, 0, bytes[4], bytes[5] % 3];
            bytes[..6].copy_from_slice(&header);
            bytes[6..16].fill(0);
            let _ = NodeView::new(&bytes);
        }
    }
}

fn take(leaf: &mut Node, model: &mut Model, step: Step) {
    match step {
        Step::Put(key, value) => {
            model.remove(&key);
            if put(leaf, &key, &value) {
                model.insert(key, value);
            }
        }
        Step::Remove(which) if !model.is_empty() => {
            let slot = which % model.len();
            let key = model.keys().nth(slot).unwrap().clone();
            model.remove(&key);
            leaf.remove(slot);
        }
        Step::Remove(_) => {}
        Step::Compact => {
            leaf.compact();
            assert_eq!(leaf.view().gap_bytes(), leaf.view().free_bytes());
        }
        Step::Split(which) => {
            let slot = which % (model.len() + 1);
            let mut right = Node::new(PageKind::Leaf, 0, 456);
            leaf.move_tail_to(slot, &mut right);
            let tail = match model.keys().nth(slot).cloned() {
                Some(first) => model.split_off(&first),
                None => Model::new(),
            };
            assert_holds(&right, &tail);
        }
    }
}

fn assert_leads(branch: &Node, model: &BTreeMap<Vec<u8>, PagePointer>) {
    assert_sound(branch);
    assert_eq!(branch.view().slot_count(), model.len());
    for (slot, (key, child)) in model.iter().enumerate() {
        assert_eq!((branch.view().key(slot), branch.view().child(slot)), (key.as_slice(), *child));
        assert_eq!(branch.view().child_slot(key), slot);
        assert_eq!(branch.view().child_slot(&[key.as_slice(), b"\0"].concat()), {
            let past = [key.as_slice(), b"\0"].concat();
            model.keys().filter(|key| **key <= past).count() - 1
        });
    }
}

#[test]
fn a_leaf_of_two_records_is_these_bytes() {
    let mut leaf = Node::new(PageKind::Leaf, 0, 56);
    assert_eq!(leaf.insert_record(0, b"n", b"xyz"), 48..56);
    assert_eq!(leaf.insert_record(0, b"march", b""), 39..48);
    let wanted = concat!(
        "0200",
        "0200",
        "2700",
        "0700",
        "0000000000000000", // kind, level, 2 slots, cells from 39, 7 bytes free
        "2700",
        "0500",
        "6d617263", // slot 0: cell at 39, key of 5 bytes, head "marc"
        "3000",
        "0100",
        "6e000000",       // slot 1: cell at 48, key of 1 byte, head "n"
        "00000000000000", // the gap
        "00000000",
        "6d61726368", // no value, "march"
        "03000000",
        "6e",
        "78797a", // 3 bytes of value, "n", "xyz"
    );
    assert_eq!(hex::encode(leaf.as_bytes()), wanted);
    leaf.remove(1);
    let wanted = concat!(
        "0200",
        "0100",
        "2700",
        "1700",
        "0000000000000000", // one slot, 7 + 8 + 8 bytes free
        "2700",
        "0500",
        "6d617263",
        "000000000000000000000000000000", // the gap grew by the slot
        "00000000",
        "6d61726368",
        "0000000000000000", // a hole behind the cell
    );
    assert_eq!(hex::encode(leaf.as_bytes()), wanted);
}

#[test]
fn a_change_of_any_byte_of_a_node_is_an_error_or_another_node() {
    for node in [samples::leaf(), samples::branch()] {
        assert_sound(&node);
        for_every_damage(
            node.as_bytes(),
            |bytes| Node::from_plain(bytes.to_vec()),
            |bytes, result| match result {
                Ok(other) => {
                    assert_ne!(other, node);
                    assert_sound(&other);
                }
                Err(error) => {
                    spans_inside(bytes, &error);
                    assert!([Code::PageKind, Code::TreeSlot, Code::TreeOrder].contains(&error.code));
                }
            },
        );
    }
}

#[test]
fn each_broken_invariant_has_its_code() {
    let code = |change: &dyn Fn(&mut [u8])| {
        let mut bytes = samples::leaf().into_bytes();
        change(&mut bytes);
        NodeView::new(&bytes).unwrap_err().code
    };
    let swap_slots = |bytes: &mut [u8]| bytes[16..32].rotate_left(8);
    assert_eq!(code(&|bytes| bytes[0] = 3), Code::PageKind);
    assert_eq!(code(&|bytes| bytes[1] = 1), Code::PageKind);
    assert_eq!(code(&|bytes| bytes[15] = 1), Code::TreeSlot);
    assert_eq!(code(&|bytes| bytes[2] = 0xff), Code::TreeSlot);
    assert_eq!(code(&|bytes| bytes[6] ^= 1), Code::TreeSlot);
    assert_eq!(code(&|bytes| bytes[60] = 1), Code::TreeSlot);
    assert_eq!(code(&|bytes| bytes[20] ^= 1), Code::TreeSlot);
    assert_eq!(code(&swap_slots), Code::TreeOrder);
    assert_eq!(code(&|bytes| bytes.copy_within(16..24, 24)), Code::TreeSlot);
}

#[test]
fn the_largest_page_fills_and_empties() {
    let mut leaf = Node::new(PageKind::Leaf, 0, PageSize::new(65536).unwrap().plain_bytes());
    assert_eq!((leaf.view().cells_start(), leaf.view().free_bytes()), (65480, 65464));
    let value = vec![1; 65480 - 16 - 8 - 4 - 1];
    assert_eq!(leaf.insert_record(0, b"k", &value).start, 24);
    assert_eq!((leaf.fits(1), leaf.view().free_bytes()), (Room::None, 0));
    assert_sound(&leaf);
    leaf.remove(0);
    assert_eq!(leaf, Node::new(PageKind::Leaf, 0, 65480));
}

#[test]
fn a_branch_that_loses_its_first_child_gets_an_empty_first_key_again() {
    let mut branch = samples::branch();
    branch.remove(0);
    assert!(NodeView::new(branch.as_bytes()).is_err());
    branch.empty_first_key();
    assert_sound(&branch);
    assert_eq!(branch.view().child(0), samples::pointer(2));
    branch.set_child(0, &samples::pointer(9));
    assert_eq!(branch.view().child(0), samples::pointer(9));
    assert_sound(&branch);
}

#[test]
fn debug_never_prints_a_record() {
    assert_eq!(format!("{:?}", samples::leaf()), "Node(leaf, level 0, 3 slots, 335 bytes free)");
}

#[test]
fn a_finding_names_the_bytes_of_the_file() {
    let mut bytes = samples::leaf().into_bytes();
    bytes[15] = 1;
    let finding = NodeView::new(&bytes).unwrap_err().finding("sample.tsm", 8192);
    assert_eq!((finding.byte_start, finding.byte_end), (Some(8192 + 15), Some(8192 + 16)));
    assert_eq!((finding.expected.as_deref(), finding.found.as_deref()), (Some("00"), Some("01")));
}
