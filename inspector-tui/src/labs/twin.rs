//! The twin run: two real engines run one script with one difference, and what it cost and came to is laid side by side.
//!
//! Both stores are made anew on simulated disks; neither is the lab's own. The difference is the page size, the order of the
//! keys, or which changes share a commit. What cannot be twinned is refused with the line that stands in the way.

mod lab;
mod script;

pub use lab::TwinLab;

use crate::describe::receipt::{self, Bill};
use crate::describe::tree;
use crate::model::Model;
use crate::timeline::{Timeline, World};
use std::ops::ControlFlow;
use tosumu::attack::{Records, everything};
use tosumu::script::{Op, Runner, RunnerOptions};
use tosumu::trace::Event;
use tosumu::{PageNo, PageSize};

/// The seed that keys are shuffled with when none is named.
pub const SEED: u64 = 7;
/// The page size that stands against another when none is named.
pub const OTHER_PAGE_SIZE: u32 = 4096;
/// The same where the store has such pages itself.
const ANOTHER_PAGE_SIZE: u32 = 512;
/// In a tree of more nodes their keys are not kept: nobody could read them.
const KEYS_KEPT_NODES: usize = 48;
/// So many operations of a twin go by between two words to whoever waits.
const NEWS_OPERATIONS: usize = 16;

/// The one difference between the twins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Difference {
    /// The same records with their keys ascending, and shuffled by this seed.
    Order(u64),
    /// Every change a commit of its own, and as many changes in one commit as can be.
    Commits,
    /// The page size of the script, and this one.
    PageSize(PageSize),
}

/// What is asked before the twins are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// Pages of the tree.
    Pages,
    /// Syncs of files.
    Syncs,
    /// Bytes written to the log.
    LogBytes,
}

/// The answer: which of the two has more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The left one.
    Left,
    /// The right one.
    Right,
    /// Neither.
    Same,
}

impl Answer {
    /// All of them, in the order they are asked in.
    pub const ALL: [Answer; 3] = [Answer::Left, Answer::Right, Answer::Same];
}

impl Difference {
    /// Reads what stands behind `twin`: `order [SEED]`, `commits`, `page-size N`. An error says what would be right.
    pub fn parse(words: &[&str]) -> Result<Difference, String> {
        match words {
            ["order"] => Ok(Difference::Order(SEED)),
            ["order", seed] => seed.parse().map(Difference::Order).map_err(|_| format!("`{seed}` is no seed")),
            ["commits"] => Ok(Difference::Commits),
            ["page-size", bytes] => {
                let size = bytes.parse().ok().and_then(PageSize::new);
                let why = || format!("`{bytes}` is no page size; there are 512, 1024, 2048 … up to 65536");
                size.map(Difference::PageSize).ok_or_else(why)
            }
            _ => Err("say the one difference: twin order [SEED], twin commits, or twin page-size N".to_owned()),
        }
    }

    /// The differences to choose from for a store of this page size.
    pub fn choices(page_size: PageSize) -> [Difference; 3] {
        let bytes = if page_size.get() == OTHER_PAGE_SIZE { ANOTHER_PAGE_SIZE } else { OTHER_PAGE_SIZE };
        let other = PageSize::new(bytes).unwrap_or(PageSize::TOY);
        [Difference::Order(SEED), Difference::Commits, Difference::PageSize(other)]
    }

    /// As it is typed behind `twin`.
    pub fn typed(self) -> String {
        match self {
            Difference::Order(SEED) => "order".to_owned(),
            Difference::Order(seed) => format!("order {seed}"),
            Difference::Commits => "commits".to_owned(),
            Difference::PageSize(size) => format!("page-size {}", size.get()),
        }
    }

    /// What is asked before anything is shown.
    pub fn asked(self) -> Asked {
        match self {
            Difference::Order(_) => Asked::Pages,
            Difference::Commits => Asked::Syncs,
            Difference::PageSize(_) => Asked::LogBytes,
        }
    }

    /// What each of the two is called, in a word or two.
    pub fn names(self, page_size: PageSize) -> [String; 2] {
        match self {
            Difference::Order(_) => ["ascending".to_owned(), "shuffled".to_owned()],
            Difference::Commits => ["singly".to_owned(), "together".to_owned()],
            Difference::PageSize(other) => [page_size, other].map(|size| format!("{}-byte", size.get())),
        }
    }
}

/// What is twinned.
pub struct Subject<'a> {
    /// The operations.
    pub lines: &'a [String],
    /// How their engine was made.
    pub options: &'a RunnerOptions,
}

/// How far the twins have come: operations run of both, and how many there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Operations that were run.
    pub done: usize,
    /// Operations of both.
    pub of: usize,
}

/// Two engines that ran one script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Twin {
    /// The difference.
    pub difference: Difference,
    /// What it is about: records that change places, changes that share commits, operations.
    pub touched: usize,
    /// Left and right.
    pub sides: [Side; 2],
    /// Whether both hold the same records at the end; none when one of them is not open.
    pub same_records: Option<bool>,
}

/// What came of one of the two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Side {
    /// What it is called.
    pub name: String,
    /// Its page size, in bytes.
    pub page_size: u32,
    /// Operations that were run.
    pub operations: usize,
    /// Everything they cost.
    pub bill: Bill,
    /// Transactions that were committed.
    pub commits: u64,
    /// Records of all trees at the end.
    pub records: u64,
    /// Pages of its page file, and of the log where those are newer.
    pub pages: u32,
    /// Its tree.
    pub tree: Shape,
    /// The first operation that failed, with what it said.
    pub failed: Option<String>,
}

/// The form of a tree: the main one, or the named one of most pages where that has more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shape {
    /// The name of a named tree.
    pub name: Option<String>,
    /// Its nodes, level by level from the root.
    pub levels: Vec<Vec<Node>>,
    /// How full its leaves are on average, in hundredths of a percent.
    pub leaf_fill: u32,
}

/// A node of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Node {
    /// Its page.
    pub page: u32,
    /// How full it is, in percent.
    pub fill_percent: Option<u8>,
    /// Its keys, escaped, where the tree is small.
    pub keys: Vec<String>,
    /// Its children, as places in the next level.
    pub children: Vec<usize>,
}

impl Shape {
    /// Pages of the tree.
    pub fn pages(&self) -> u64 {
        self.levels.iter().map(|level| level.len() as u64).sum()
    }

    /// Levels of the tree.
    pub fn height(&self) -> u64 {
        self.levels.len() as u64
    }

    /// Leaves of the tree.
    pub fn leaves(&self) -> u64 {
        self.levels.last().map_or(0, |level| level.len() as u64)
    }
}

impl Twin {
    /// The figures that are asked about.
    pub fn figures(&self, asked: Asked) -> [u64; 2] {
        [0, 1].map(|side| {
            let side = &self.sides[side];
            match asked {
                Asked::Pages => side.tree.pages(),
                Asked::Syncs => side.bill.file_syncs.unwrap_or(0),
                Asked::LogBytes => side.bill.log_bytes.unwrap_or(0),
            }
        })
    }

    /// The right answer to what is asked.
    pub fn answer(&self) -> Answer {
        let [left, right] = self.figures(self.difference.asked());
        match left.cmp(&right) {
            std::cmp::Ordering::Greater => Answer::Left,
            std::cmp::Ordering::Less => Answer::Right,
            std::cmp::Ordering::Equal => Answer::Same,
        }
    }
}

/// Runs both; `told` hears how far they are and may end it, and then there is none. An error says why there can be no twins.
pub fn compute(
    subject: &Subject,
    difference: Difference,
    told: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Twin>, String> {
    let scripts = script::scripts(subject, difference)?;
    let names = difference.names(subject.options.page_size);
    let of = scripts.ops.iter().map(Vec::len).sum();
    let mut done = 0;
    let mut sides = Vec::new();
    let mut records: Vec<Option<Records>> = Vec::new();
    for (at, ops) in scripts.ops.iter().enumerate() {
        let mut options = subject.options.clone();
        if let (Difference::PageSize(size), 1) = (difference, at) {
            options.page_size = size;
        }
        let mut runner = Runner::new(options);
        let mut failed = None;
        for op in ops {
            let outcome = runner.run(op);
            if outcome.failed && failed.is_none() {
                failed = Some(format!("`{}`: {}", crate::describe::operation_words(&op.to_string(), 40), outcome.text));
            }
            done += 1;
            if done % NEWS_OPERATIONS == 0 && told(Progress { done, of }).is_break() {
                return Ok(None);
            }
        }
        let held = runner.database().and_then(|db| everything(db).ok());
        sides.push(side(&names[at], &runner, ops, failed, held.as_ref()));
        records.push(held);
    }
    let same_records = records[0].as_ref().zip(records[1].as_ref()).map(|(left, right)| left == right);
    let sides = <[Side; 2]>::try_from(sides).map_err(|_| "there are two twins".to_owned())?;
    Ok(Some(Twin { difference, touched: scripts.touched, sides, same_records }))
}

fn side(name: &str, runner: &Runner, ops: &[Op], failed: Option<String>, records: Option<&Records>) -> Side {
    let options = runner.options();
    let mut timeline = Timeline::new(&options.file, options.page_size);
    timeline.extend(runner.recorder().events_from(0));
    let model = Model::lab(timeline, name);
    let operations = model.timeline().map_or(&[][..], Timeline::operations);
    let range = operations.first().zip(operations.last()).map_or(0..0, |(first, last)| first.first..last.last + 1);
    let events = model.timeline().map_or(&[][..], |timeline| &timeline.events()[range.clone()]);
    let commits = events.iter().filter(|event| matches!(***event, Event::TransactionCommitted { .. })).count();
    Side {
        name: name.to_owned(),
        page_size: options.page_size.get(),
        operations: ops.len(),
        bill: receipt::of_events(&model, name.to_owned(), range).bill,
        commits: commits as u64,
        records: records.map_or(0, |records| records.len() as u64),
        pages: model.world.page_total(),
        tree: shape(&model.world),
        failed,
    }
}

/// The tree of most pages; of equal ones the main tree.
fn shape(world: &World) -> Shape {
    let named = world.facts.space.trees.iter().map(|(name, root)| (Some(name.clone()), Some(*root)));
    let trees = std::iter::once((None, world.facts.root)).chain(named);
    let sized = trees.map(|(name, root)| (world.levels(root), name));
    let largest = sized.reduce(|most, other| if other.0.nodes() > most.0.nodes() { other } else { most });
    let Some((levels, name)) = largest else { return Shape::default() };
    let (mut used, mut room) = (0u64, 0u64);
    let with_keys = levels.nodes() <= KEYS_KEPT_NODES;
    let mut shape = Shape { name, ..Shape::default() };
    for (level, pages) in levels.pages.iter().enumerate() {
        let node = |(index, page): (usize, &PageNo)| {
            let facts = tree::node(world, *page);
            if let (Some(free), true) = (facts.free_bytes, level + 1 == levels.pages.len()) {
                let size = world.page(*page).and_then(|page| page.plain).map_or(0, |plain| plain.len());
                room += size as u64;
                used += size.saturating_sub(free) as u64;
            }
            Node {
                page: page.0,
                fill_percent: world.gist(*page).fill_percent,
                keys: if with_keys { facts.keys } else { Vec::new() },
                children: levels.children(level, index).collect(),
            }
        };
        shape.levels.push(pages.iter().enumerate().map(node).collect());
    }
    shape.leaf_fill = u32::try_from(used * 10_000 / room.max(1)).unwrap_or(0);
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use tosumu::script::Script;

    fn twin(text: &str, what: &str) -> Result<Twin, String> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let script = Script::parse(text).unwrap();
        let options = script.options(RunnerOptions::default());
        let words: Vec<&str> = what.split(' ').collect();
        let difference = Difference::parse(&words)?;
        let subject = Subject { lines: &lines, options: &options };
        Ok(compute(&subject, difference, &mut |_| ControlFlow::Continue(()))?.unwrap())
    }

    #[test]
    fn ascending_keys_fill_leaves_and_shuffled_ones_do_not() {
        let twin = twin("fill 300 random value 30", "order").unwrap();
        let [left, right] = &twin.sides;
        assert_eq!((twin.touched, twin.same_records), (300, Some(true)));
        assert_eq!((left.records, right.records), (300, 300));
        let fills = [left.tree.leaf_fill, right.tree.leaf_fill];
        assert!(fills[0] > 9_500 && fills[1] < 8_500, "{fills:?}");
        assert!(left.tree.pages() < right.tree.pages());
        assert_eq!(twin.answer(), Answer::Right);
        assert_eq!((left.commits, right.commits, left.bill.file_syncs), (1, 1, right.bill.file_syncs));
    }

    #[test]
    fn changes_that_share_a_commit_share_its_sync() {
        let puts: String = (0..40).map(|at| format!("put k{at:02} {at}\n")).collect();
        let twin = twin(&puts, "commits").unwrap();
        let [each, together] = &twin.sides;
        assert_eq!((each.commits, together.commits, twin.same_records), (40, 1, Some(true)));
        // The first commit of a log also makes its header and the superblock durable.
        assert_eq!(each.bill.file_syncs.unwrap() - together.bill.file_syncs.unwrap(), 39);
        assert!(each.bill.log_bytes > together.bill.log_bytes);
        assert_eq!(each.tree.levels.iter().flatten().count(), together.tree.levels.iter().flatten().count());
        assert_eq!(twin.answer(), Answer::Left);
    }

    #[test]
    fn larger_pages_make_a_lower_tree_and_a_longer_log() {
        let puts: String = (0..60).map(|at| format!("put k{at:02} {}\n", "x".repeat(40))).collect();
        let twin = twin(&puts, "page-size 4096").unwrap();
        let [small, large] = &twin.sides;
        assert_eq!((small.page_size, large.page_size, twin.same_records), (512, 4096, Some(true)));
        assert!(small.tree.height() > large.tree.height());
        assert_eq!(twin.answer(), Answer::Right);
    }

    #[test]
    fn what_cannot_be_twinned_is_refused_with_the_line_that_stands_in_the_way() {
        for (text, what, why) in [
            ("put a 1\ntamper page 1 byte 99 xor 01", "commits", "`tamper page 1 byte 99 xor 01`"),
            ("put a 1\nput b 2\ncut behind event 3", "order", "`cut behind event 3`"),
            ("put a 1\ncrash at call 1\nput b 2", "page-size 4096", "`crash at call 1`"),
            ("put a 1", "order", "fewer than two records"),
            ("put a 1\ncheckpoint\nput b 1", "commits", "nothing to put together"),
            ("put a 1", "page-size 512", "has 512-byte pages already"),
            ("put a 1", "page-size 700", "no page size"),
            ("# nothing", "commits", "no operation"),
        ] {
            let refused = twin(text, what).unwrap_err();
            assert!(refused.contains(why), "{text:?} {what}: {refused}");
        }
    }

    #[test]
    fn the_same_script_gives_the_same_twins_and_another_seed_another_order() {
        let text = "fill 120 random value 30";
        assert_eq!(twin(text, "order"), twin(text, "order"));
        let [seven, eight] = ["order 7", "order 8"].map(|what| twin(text, what).unwrap());
        assert_eq!(seven.sides[0].tree, eight.sides[0].tree, "ascending is ascending");
        assert_ne!(seven.sides[1].tree, eight.sides[1].tree);
    }

    #[test]
    fn a_run_that_is_stopped_leaves_none() {
        let lines: Vec<String> = (0..40).map(|at| format!("put k{at:02} {at}")).collect();
        let options = RunnerOptions::default();
        let subject = Subject { lines: &lines, options: &options };
        let mut heard = Vec::new();
        let stopped = compute(&subject, Difference::Commits, &mut |progress| {
            heard.push(progress);
            ControlFlow::Break(())
        });
        assert_eq!((stopped, heard), (Ok(None), vec![Progress { done: 16, of: 82 }]));
    }
}
