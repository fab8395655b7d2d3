//! Workloads drawn by chance from a seed: the same seed, the same workload.

use crate::workload::{Shadow, Step, Workload, in_tree, key};
use tosumu::script::{CheckpointKind, Op, SessionStep, TreeStep};

/// SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// One to four transactions, with checkpoints, snapshots and programs that end between them.
pub fn drawn(seed: u64) -> Workload {
    let mut drawing = Drawing { chance: Chance(seed), shadow: Shadow::default(), ops: Vec::new(), letters: 0 };
    for _ in 0..=drawing.chance.below(4) {
        drawing.transaction();
        drawing.between();
    }
    Workload::of(drawing.ops.into_iter().map(Step::Op).collect())
}

struct Drawing {
    chance: Chance,
    shadow: Shadow,
    ops: Vec<Op>,
    letters: u8,
}

impl Drawing {
    fn push(&mut self, op: Op) {
        self.shadow.take(&op);
        self.ops.push(op);
    }

    fn transaction(&mut self) {
        self.letters += 1;
        if self.chance.below(3) == 0 {
            return self.change();
        }
        self.push(Op::Begin);
        for _ in 0..=self.chance.below(10) {
            match self.chance.below(12) {
                0 => self.push(Op::Savepoint { name: "s".to_owned() }),
                1 if self.shadow.has_savepoint("s") => self.push(Op::RollbackTo { name: "s".to_owned() }),
                _ => self.change(),
            }
        }
        let end = if self.chance.below(10) == 0 { Op::Rollback } else { Op::Commit };
        self.push(end);
    }

    fn change(&mut self) {
        let record = key(self.chance.below(40) as u32);
        let tree = ["t", "u"][self.chance.below(2) as usize];
        let has_tree = self.shadow.now().contains_key(&in_tree(tree, b""));
        let in_tree = |step| Op::Tree { name: tree.to_owned(), step };
        let op = match (self.chance.below(16), has_tree) {
            (0..=2, _) => Op::Delete { key: record },
            (3, false) => in_tree(TreeStep::Create),
            (3, true) => in_tree(TreeStep::Drop),
            (4 | 5, true) => in_tree(TreeStep::Put { key: record, value: self.value() }),
            (6, true) => in_tree(TreeStep::Delete { key: record }),
            _ => Op::Put { key: record, value: self.value() },
        };
        self.push(op);
    }

    fn value(&mut self) -> Vec<u8> {
        let bytes = match self.chance.below(12) {
            0 => 300 + self.chance.below(1500),
            1 => 0,
            _ => self.chance.below(150),
        };
        vec![b'a' + self.letters % 26; bytes as usize]
    }

    fn between(&mut self) {
        let session = |name: &str, step| Op::Session { name: name.to_owned(), step };
        match self.chance.below(8) {
            0 | 1 => self.push(Op::Checkpoint(CheckpointKind::Passive)),
            2 => self.push(Op::Reopen),
            3 => {
                self.push(session("r", SessionStep::Begin));
                self.push(Op::Checkpoint(CheckpointKind::Full));
                self.push(session("r", SessionStep::End));
            }
            4 => {
                self.push(Op::Checkpoint(CheckpointKind::Passive));
                self.push(Op::Reopen);
            }
            _ => {}
        }
    }
}
