//! The scripts of the two twins: the one script with its one difference. Nothing is run here.

use super::{Difference, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use tosumu::script::{Op, TreeStep, spelled_out};

/// The two scripts.
pub(super) struct Scripts {
    /// Left and right.
    pub ops: [Vec<Op>; 2],
    /// What the difference is about: records that change places, changes that share commits, operations.
    pub touched: usize,
}

/// The scripts of the twins. An error says which line cannot be twinned, or that there is no difference to be made.
pub(super) fn scripts(subject: &Subject, difference: Difference) -> Result<Scripts, String> {
    let parsed: Result<Vec<Op>, String> = subject.lines.iter().map(|line| Op::parse(line)).collect();
    let mut ops = parsed?;
    // What only looks around, and what belongs at a script's head, does nothing that could be compared.
    ops.retain(|op| !matches!(op, Op::Comment(_) | Op::Expect(_) | Op::Show(_)));
    ops.retain(|op| !matches!(op, Op::PageSize(_) | Op::Seed(_) | Op::Passphrase(_) | Op::Without(_)));
    if ops.is_empty() {
        return Err("There is no operation that two engines could run.".to_owned());
    }
    if let Some(why) = ops.iter().find_map(stands_in_the_way) {
        return Err(why);
    }
    match difference {
        Difference::PageSize(size) if size == subject.options.page_size => {
            Err(format!("The store has {}-byte pages already: name another page size.", size.get()))
        }
        Difference::PageSize(_) => Ok(Scripts { touched: ops.len(), ops: [ops.clone(), ops] }),
        Difference::Order(seed) => in_two_orders(spelled_out(&ops, subject.options.seed), seed),
        Difference::Commits => in_two_groupings(&spelled_out(&ops, subject.options.seed)),
    }
}

/// Why a script with this operation cannot be twinned.
fn stands_in_the_way(op: &Op) -> Option<String> {
    let why = match op {
        Op::Crash(_) | Op::Cut { .. } => "cuts the power at an instant, and the two do not come by the same instants",
        Op::Tamper(_) | Op::Forge(_) | Op::Swap(..) | Op::PutBack { .. } => {
            "changes bytes by their place, and in the other engine something else stands there"
        }
        _ => return None,
    };
    Some(format!("These operations cannot be twinned: `{op}` {why}."))
}

/// A record's tree, none for the main one, and its key.
type Place = (Option<String>, Vec<u8>);

/// What a put of one record names.
fn put_of(op: &Op) -> Option<Place> {
    match op {
        Op::Put { key, .. } => Some((None, key.clone())),
        Op::Tree { name, step: TreeStep::Put { key, .. } } => Some((Some(name.clone()), key.clone())),
        _ => None,
    }
}

/// What an operation changes.
fn changed_by(op: &Op) -> Option<Place> {
    match op {
        Op::Delete { key } => Some((None, key.clone())),
        Op::CompareAndSwap(swap) => Some((None, swap.key.clone())),
        Op::Tree { name, step: TreeStep::Delete { key } } => Some((Some(name.clone()), key.clone())),
        Op::Tree { name, step: TreeStep::CompareAndSwap(swap) } => Some((Some(name.clone()), swap.key.clone())),
        _ => put_of(op),
    }
}

/// Puts change places with each other where no answer at the end could change: a key that is changed once only, in a
/// transaction that is committed, in a tree that is not dropped.
fn in_two_orders(ops: Vec<Op>, seed: u64) -> Result<Scripts, String> {
    let mut changes: BTreeMap<Place, usize> = BTreeMap::new();
    ops.iter().filter_map(changed_by).for_each(|place| *changes.entry(place).or_default() += 1);
    let dropped: BTreeSet<&String> = ops.iter().filter_map(dropped_by).collect();
    let lost: Vec<Range<usize>> = transactions(&ops).into_iter().filter(|span| !is_plain(&ops[span.clone()])).collect();
    let mut slots: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (at, op) in ops.iter().enumerate() {
        let Some(place) = put_of(op) else { continue };
        let is_free = changes.get(&place) == Some(&1)
            && !lost.iter().any(|span| span.contains(&at))
            && !place.0.as_ref().is_some_and(|name| dropped.contains(name));
        if is_free {
            slots.entry(place.0).or_default().push(at);
        }
    }
    slots.retain(|_, slots| slots.len() > 1);
    let touched = slots.values().map(Vec::len).sum();
    if touched == 0 {
        return Err("There are fewer than two records whose keys could change places.".to_owned());
    }
    let (mut ascending, mut shuffled) = (ops.clone(), ops.clone());
    let mut chance = Chance(seed);
    for slots in slots.values() {
        let mut order = slots.clone();
        order.sort_by_key(|at| put_of(&ops[*at]));
        for (slot, from) in slots.iter().zip(&order) {
            ascending[*slot] = ops[*from].clone();
        }
        for last in (1..order.len()).rev() {
            order.swap(last, chance.below(last + 1));
        }
        for (slot, from) in slots.iter().zip(&order) {
            shuffled[*slot] = ops[*from].clone();
        }
    }
    Ok(Scripts { ops: [ascending, shuffled], touched })
}

fn dropped_by(op: &Op) -> Option<&String> {
    match op {
        Op::Tree { name, step: TreeStep::Drop } => Some(name),
        _ => None,
    }
}

/// The transactions, each from its `begin` to what ends it.
fn transactions(ops: &[Op]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut begun = None;
    for (at, op) in ops.iter().enumerate() {
        match op {
            Op::Begin if begun.is_none() => begun = Some(at),
            Op::Commit | Op::Rollback | Op::Reopen => spans.extend(begun.take().map(|first| first..at + 1)),
            _ => {}
        }
    }
    spans.extend(begun.map(|first| first..ops.len()));
    spans
}

/// Whether everything of a transaction is committed.
fn is_plain(transaction: &[Op]) -> bool {
    matches!(transaction.last(), Some(Op::Commit)) && !transaction.iter().any(|op| matches!(op, Op::RollbackTo { .. }))
}

/// Every change as a commit of its own, and neighbours in one commit. A transaction that is not committed whole stays as it is.
fn in_two_groupings(ops: &[Op]) -> Result<Scripts, String> {
    let spans = transactions(ops);
    let (mut each, mut together) = (Vec::new(), Vec::new());
    let mut group: Vec<Op> = Vec::new();
    let mut touched = 0;
    let mut at = 0;
    while let Some(op) = ops.get(at) {
        let span = spans.iter().find(|span| span.start == at);
        if let Some(span) = span.filter(|span| !is_plain(&ops[(*span).clone()])) {
            touched += close(&mut group, &mut together);
            each.extend_from_slice(&ops[span.clone()]);
            together.extend_from_slice(&ops[span.clone()]);
            at = span.end;
            continue;
        }
        at += 1;
        match op {
            Op::Begin | Op::Commit | Op::Savepoint { .. } => {}
            _ if changed_by(op).is_some() || matches!(op, Op::Read(_)) => {
                each.push(op.clone());
                group.push(op.clone());
            }
            _ => {
                touched += close(&mut group, &mut together);
                each.push(op.clone());
                together.push(op.clone());
            }
        }
    }
    touched += close(&mut group, &mut together);
    if touched == 0 {
        return Err("There is nothing to put together: no two changes follow each other.".to_owned());
    }
    Ok(Scripts { ops: [each, together], touched })
}

/// Ends a group: as one transaction when it has several changes. Returns how many share it.
fn close(group: &mut Vec<Op>, together: &mut Vec<Op>) -> usize {
    let changes = group.iter().filter(|op| changed_by(op).is_some()).count();
    let ops = std::mem::take(group);
    if changes < 2 {
        together.extend(ops);
        return 0;
    }
    together.push(Op::Begin);
    together.extend(ops);
    together.push(Op::Commit);
    changes
}

/// SplitMix64: the same order for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tosumu::script::Script;

    fn ops(text: &str) -> Vec<Op> {
        Script::parse(text).unwrap().lines.into_iter().map(|line| line.op).collect()
    }

    fn text(ops: &[Op]) -> String {
        ops.iter().map(Op::to_string).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn keys_change_places_only_where_the_end_stays_the_same() {
        let script = ops(
            "put c 1\nput b 2\nput x 3\nput x 4\nbegin\nput a 5\nrollback\nbegin\nput d 6\ncommit\ncheckpoint\nput a2 7\n\
             del gone\nput gone 8",
        );
        let scripts = in_two_orders(script, 3).unwrap();
        assert_eq!(scripts.touched, 4);
        assert_eq!(
            text(&scripts.ops[0]),
            "put a2 7|put b 2|put x 3|put x 4|begin|put a 5|rollback|begin|put c 1|commit|checkpoint|put d 6|del gone|\
             put gone 8"
        );
        let mut sorted = scripts.ops[1].iter().map(Op::to_string).collect::<Vec<_>>();
        let mut all = scripts.ops[0].iter().map(Op::to_string).collect::<Vec<_>>();
        sorted.sort();
        all.sort();
        assert_eq!(sorted, all, "the same operations");
    }

    #[test]
    fn trees_keep_their_own_keys() {
        let script = ops("tree t create\nput b 1\ntree t put z 1\nput a 2\ntree t put y 2");
        let scripts = in_two_orders(script, 1).unwrap();
        assert_eq!(text(&scripts.ops[0]), "tree t create|put a 2|tree t put y 2|put b 1|tree t put z 1");
    }

    #[test]
    fn neighbours_share_a_commit_as_far_as_nothing_stands_between_them() {
        let script = ops(
            "put a 1\nbegin\nput b 2\ndel a\ncommit\nget b\nput c 3\ncheckpoint\nput d 4\nbegin\nput e 5\nrollback",
        );
        let scripts = in_two_groupings(&script).unwrap();
        assert_eq!(
            text(&scripts.ops[0]),
            "put a 1|put b 2|del a|get b|put c 3|checkpoint|put d 4|begin|put e 5|rollback"
        );
        assert_eq!(
            text(&scripts.ops[1]),
            "begin|put a 1|put b 2|del a|get b|put c 3|commit|checkpoint|put d 4|begin|put e 5|rollback"
        );
        assert_eq!(scripts.touched, 4);
    }
}
