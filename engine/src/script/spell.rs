//! What `fill` and `blob` draw from the script's seed, and scripts in which it is written out.

use super::{Blob, Fill, FillOrder, Op, TreeStep};

/// A key and a value.
pub(super) type DrawnRecord = (Vec<u8>, Vec<u8>);

/// The same operations with every `fill` and `blob` as the puts it stands for: the records that the runner draws from `seed`.
/// A `fill` is one commit, so outside a transaction it becomes one.
///
/// ```
/// use tosumu::script::{Op, spelled_out};
/// let lines = spelled_out(&[Op::parse("fill 2 ascending value 4").unwrap()], 1);
/// let text: Vec<String> = lines.iter().map(|op| op.to_string()).collect();
/// assert_eq!((text[0].as_str(), text[3].as_str()), ("begin", "commit"));
/// assert!(text[1].starts_with("put k0001 ") && text[2].starts_with("put k0002 "));
/// ```
pub fn spelled_out(ops: &[Op], seed: u64) -> Vec<Op> {
    let mut chance = Chance::of(seed);
    let mut spelled = Vec::with_capacity(ops.len());
    let mut writing = false;
    for op in ops {
        match op {
            Op::Begin => writing = true,
            Op::Commit | Op::Rollback | Op::Reopen => writing = false,
            _ => {}
        }
        let (puts, is_fill) = match op {
            Op::Fill(fill) => (puts(None, chance.records(fill)), true),
            Op::Blob(blob) => (puts(None, vec![chance.record(blob)]), false),
            Op::Tree { name, step: TreeStep::Fill(fill) } => (puts(Some(name), chance.records(fill)), true),
            Op::Tree { name, step: TreeStep::Blob(blob) } => (puts(Some(name), vec![chance.record(blob)]), false),
            _ => (vec![op.clone()], false),
        };
        let alone = is_fill && !writing;
        spelled.extend(alone.then_some(Op::Begin));
        spelled.extend(puts);
        spelled.extend(alone.then_some(Op::Commit));
    }
    spelled
}

/// A put of each record: into the main tree, or into a named one.
fn puts(tree: Option<&String>, records: Vec<DrawnRecord>) -> Vec<Op> {
    let put = |(key, value)| match tree {
        None => Op::Put { key, value },
        Some(name) => Op::Tree { name: name.clone(), step: TreeStep::Put { key, value } },
    };
    records.into_iter().map(put).collect()
}

/// SplitMix64: the keys and values of `fill`, the same for the same seed.
pub(super) struct Chance(u64);

impl Chance {
    /// The chance of a script that has drawn nothing yet.
    pub(super) fn of(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The record that a `blob` puts.
    fn record(&mut self, blob: &Blob) -> DrawnRecord {
        (blob.key.clone(), self.text(blob.value_bytes))
    }

    /// The records that a `fill` puts, in its order.
    pub(super) fn records(&mut self, fill: &Fill) -> Vec<DrawnRecord> {
        (0..fill.count).map(|index| (self.key(fill, index), self.text(fill.value_bytes))).collect()
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn key(&mut self, fill: &Fill, index: u32) -> Vec<u8> {
        match fill.order {
            FillOrder::Ascending => format!("k{:04}", index + 1).into_bytes(),
            FillOrder::Descending => format!("k{:04}", fill.count - index).into_bytes(),
            FillOrder::Random => self.letters(6),
        }
    }

    fn letters(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| b'a' + self.below(26) as u8).collect()
    }

    /// Printable text: short words.
    pub(super) fn text(&mut self, bytes: usize) -> Vec<u8> {
        let mut text = self.letters(bytes);
        text.iter_mut().skip(4).step_by(6).for_each(|letter| *letter = b' ');
        if let Some(last) = text.last_mut().filter(|last| **last == b' ') {
            *last = b'.';
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::everything;
    use crate::script::{Runner, RunnerOptions, Script};

    #[test]
    fn a_script_that_is_spelled_out_leaves_the_same_records_and_commits() {
        let text = "fill 30 random\nbegin\nfill 3 descending value 40\nput z 1\ncommit\nblob long 900\ntree t create\n\
                    tree t fill 4 ascending\ntree t blob b 700\nreopen\nfill 2 random";
        let script = Script::parse(text).unwrap();
        let ops: Vec<Op> = script.lines.iter().map(|line| line.op.clone()).collect();
        let left = |ops: &[Op]| {
            let mut runner = Runner::new(RunnerOptions::default());
            for op in ops {
                assert!(!runner.run(op).failed, "{op}");
            }
            let db = runner.database().unwrap();
            (everything(db).unwrap(), db.read().commit())
        };
        assert_eq!(left(&ops), left(&spelled_out(&ops, 1)));
    }
}
