//! Salvage: what can be saved of a damaged database, in a new file, with a report of every record.
//!
//! 1. The page file is locked for reading. A key slot is opened: of the newest superblock that reads, else of what is left of both.
//! 2. The newest state that something authentic vouches for is taken: a superblock with a right MAC, and the log as far as its
//!    chain holds. What opening would refuse is noted as a [`Choice`], with what may be lost by it. Of two superblocks of two
//!    databases that one counts whose key opens pages.
//! 3. The trees are walked from there through good seals: those records are [`Status::Certain`]. A page that exactly fits its
//!    pointer is good wherever it stands: in another page's place, in a folded log, in an older copy that is named
//!    ([`Salvage::beside`]); also with one bit turned back. Those are told as [`RecoveredPage`]. Every pointer whose page is
//!    nowhere is a [`LostRange`]; a long value with a broken chain is [`Status::ValueLost`].
//! 4. When anything is missing, every authentic page of both files that nothing good reaches is looked through: its records
//!    are [`Status::Unplaced`], or [`Status::Stale`] in old versions.
//! 5. The new file is made as every copy is: under a temporary name, read back, its digest compared, verified at level deep,
//!    and only then named. Certain records go where they were. The others go, when asked for, into named trees of their own,
//!    `salvage/unplaced`, `salvage/stale`, and `…/in/NAME` for those of a named tree: nobody who reads the database takes them
//!    for what it held.
//!
//! The source is only read. Nothing that did not authenticate is opened, and no part of a value is put for the whole.

mod catalogue;
mod evidence;
mod mend;
mod report;
mod sift;
mod strays;

pub use report::{
    Choice, Fate, LISTED_MAX, LossReport, LostRange, RecoveredBy, RecoveredPage, SalvagedFile, SalvagedState, Status,
    Totals, TreeCount, TreeOf, Verdict,
};

use super::copy::{Filling, Made, Target, TargetKeys, make};
use super::walk::Visitor;
use crate::crypto::{Anchor, Entropy, OsEntropy, Unlock};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::catalog::TreeEntry;
use crate::format::node::key_bytes_max;
use crate::inspect::{Beside, PageSet};
use crate::types::{Bytes, PagePointer};
use crate::vfs::{OsVfs, Vfs, file_name};
use crate::wal::log_path;
use evidence::Evidence;
use mend::Source;
use sift::{ChainBytes, Met, Sift, Value, read_catalog};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use strays::{Lost, Missing, StrayValue, Strays, free_pages, with_value};

/// Which records go into the new file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
#[non_exhaustive]
pub enum Include {
    /// Those that are certain.
    #[default]
    Certain,
    /// Also authentic ones without a place, in trees of their own.
    Unplaced,
    /// Also those of old versions, in trees of their own.
    Stale,
}

/// How to salvage, as a value.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let [path, saved] = ["a.tsm", "saved.tsm"].map(|name| folder.path().join(name));
/// # let db = tosumu::Options::new().create(true).open(&path)?;
/// # db.write(|tx| tx.put(b"k", b"v"))?;
/// # drop(db);
/// let report = tosumu::transfer::Salvage::new().run(&path, &saved)?;
/// assert_eq!((report.totals.certain, report.totals.lost_ranges), (1, 0));
/// assert_eq!(report.verdict, tosumu::transfer::Verdict::Whole);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Salvage {
    vfs: Arc<dyn Vfs>,
    entropy: Arc<dyn Entropy>,
    unlock: Unlock,
    include: Include,
    beside: Vec<Beside>,
}

impl Default for Salvage {
    fn default() -> Self {
        Salvage {
            vfs: Arc::new(OsVfs),
            entropy: Arc::new(OsEntropy),
            unlock: Unlock::Keyless,
            include: Include::default(),
            beside: Vec::new(),
        }
    }
}

/// Who is told of every record.
type TellFate<'t> = &'t mut dyn FnMut(&Fate) -> Result<()>;

impl Salvage {
    /// Certain records alone, by a `keyless` slot.
    pub fn new() -> Salvage {
        Salvage::default()
    }

    /// The disk.
    pub fn vfs(mut self, vfs: Arc<dyn Vfs>) -> Salvage {
        self.vfs = vfs;
        self
    }

    /// The source of randomness for the new file: with the same one, the same bytes.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Salvage {
        self.entropy = entropy;
        self
    }

    /// The key of the source; it will open the new file too.
    pub fn unlock(mut self, unlock: Unlock) -> Salvage {
        self.unlock = unlock;
        self
    }

    /// Which records go into the new file. What is found is told all the same.
    pub fn include(mut self, include: Include) -> Salvage {
        self.include = include;
        self
    }

    /// Other files that lost pages may still stand in: an older copy, a backup. Of them only what is asked for is taken, the very
    /// version that a pointer of the source names.
    pub fn beside(mut self, beside: Vec<Beside>) -> Salvage {
        self.beside = beside;
        self
    }

    /// Saves what can be saved of the database at `source` into a new file at `target`, opened by the same keys.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] for a target that is there, [`Error::InUse`] for a source that is being written,
    /// `KEY-WRONG` and its like without the key, `HDR-MAGIC` for a file that is not ours, and `HDR-CRC` when both superblocks
    /// are gone and with them every copy of the data key. Then no file is made. Damage of any other kind is no error.
    pub fn run(&self, source: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<LossReport> {
        self.run_telling(source, target, &mut |_| Ok(()))
    }

    /// As [`Salvage::run`]; every record found is told, not only those that the report lists. What was told counts when the
    /// call succeeds.
    pub fn run_telling(
        &self,
        source: impl AsRef<Path>,
        target: impl AsRef<Path>,
        tell: TellFate<'_>,
    ) -> Result<LossReport> {
        let target = self.vfs.resolve(target.as_ref());
        self.refuse_taken(&target)?;
        let source = self.vfs.resolve(source.as_ref());
        let evidence = Evidence::open(&*self.vfs, &source, &self.unlock, &self.beside)?;
        let mut told = Told { tell, certain: Vec::new(), others: Vec::new() };
        let judged = Judged::of(&evidence, &mut told)?;
        let strays = judged.strays(&evidence)?;
        let plan = Plan::new(&evidence, &judged, &strays, self.include);
        plan.tell(&strays, &mut told)?;
        let to = Target {
            vfs: self.vfs.clone(),
            entropy: self.entropy.clone(),
            path: &target,
            keys: TargetKeys::Inherited(&evidence.ring),
        };
        let made = make(&to, evidence.page_size, &mut |filling| plan.fill(&evidence, &judged, &strays, filling))?;
        Ok(report(&evidence, judged, &strays, told, made))
    }

    /// Told before the work begins; that nothing is replaced is seen to when the file gets its name.
    fn refuse_taken(&self, target: &Path) -> Result<()> {
        for taken in [target, &log_path(target)] {
            let name = file_name(taken);
            if self.vfs.exists(taken).map_err(|source| Error::io("looking for", &name, source))? {
                return Err(Error::AlreadyExists { file: name });
            }
        }
        Ok(())
    }
}

/// The lists of a report, and who is told of all.
struct Told<'t> {
    tell: TellFate<'t>,
    certain: Vec<Fate>,
    others: Vec<Fate>,
}

impl Told<'_> {
    fn fate(&mut self, fate: Fate) -> Result<()> {
        (self.tell)(&fate)?;
        let list = if fate.status == Status::Certain { &mut self.certain } else { &mut self.others };
        if list.len() < LISTED_MAX {
            list.push(fate);
        }
        Ok(())
    }
}

/// What the walk through good seals found.
#[derive(Default)]
struct Judged {
    /// Every page reached from a good root.
    reached: PageSet,
    /// Of each tree the branches and leaves reached; the catalog among them.
    trees: Vec<(TreeOf, PageSet)>,
    counts: Vec<TreeCount>,
    /// The named trees.
    names: Vec<(String, TreeEntry)>,
    lost: Lost,
    recovered: Vec<RecoveredPage>,
    recovered_count: u64,
    free: PageSet,
    beside: Vec<Finding>,
}

impl Judged {
    fn of(evidence: &Evidence, told: &mut Told<'_>) -> Result<Judged> {
        let mut judged = Judged::default();
        let Some(state) = &evidence.state else { return Ok(judged) };
        judged.tree(evidence, TreeOf::Main, state.root, state.record_count, told)?;
        judged.catalog(evidence)?;
        for (name, entry) in judged.names.clone() {
            let tree = TreeOf::Named(name.as_bytes().into());
            judged.tree(evidence, tree, entry.root, entry.record_count, told)?;
        }
        match free_pages(evidence, &judged.reached) {
            Ok(free) => judged.free = free,
            Err(finding) => judged.beside.push(*finding),
        }
        Ok(judged)
    }

    fn tree(
        &mut self,
        evidence: &Evidence,
        tree: TreeOf,
        root: PagePointer,
        stored: u64,
        told: &mut Told<'_>,
    ) -> Result<()> {
        let mut count = TreeCount { tree: tree.clone(), stored, certain: 0, values_lost: 0, lost: 0, fits: true };
        let mut reached = std::mem::take(&mut self.reached);
        let mut sift = Sift::new(evidence, &mut reached);
        let put_into = Some(name_of(&tree));
        sift.tree(root, &mut |met| match met {
            Met::Record { key, value, leaf } => {
                count.certain += 1;
                let (page, commit) = (leaf.page, leaf.commit);
                let (tree, put_into) = (tree.clone(), put_into.clone());
                let (key, value_bytes) = (key.into(), value.len());
                told.fate(Fate { status: Status::Certain, tree, key, value_bytes, page, commit, put_into, why: None })
            }
            Met::ValueLost { key, value_bytes, from_byte, leaf, finding } => {
                count.values_lost += 1;
                let why = Some(format!("{} from byte {from_byte} on: {}", finding.code, finding.why));
                let (page, commit) = (leaf.page, leaf.commit);
                let (tree, key) = (tree.clone(), key.into());
                let put_into = None;
                told.fate(Fate { status: Status::ValueLost, tree, key, value_bytes, page, commit, put_into, why })
            }
            other => {
                self.note(&tree, other);
                Ok(())
            }
        })?;
        let nodes = sift.nodes;
        self.reached = reached;
        self.trees.push((tree.clone(), nodes));
        let found = count.certain + count.values_lost;
        count.lost = stored.saturating_sub(found);
        count.fits = found == stored || found < stored && self.lost.is_any_of(&tree);
        self.counts.push(count);
        Ok(())
    }

    fn catalog(&mut self, evidence: &Evidence) -> Result<()> {
        let Some(state) = evidence.state.as_ref().filter(|state| !state.catalog.is_null()) else { return Ok(()) };
        let mut reached = std::mem::take(&mut self.reached);
        let (names, nodes) = read_catalog(evidence, state.catalog, &mut reached, &mut |met| {
            self.note(&TreeOf::Catalog, met);
            Ok(())
        })?;
        (self.reached, self.names) = (reached, names);
        self.trees.push((TreeOf::Catalog, nodes));
        Ok(())
    }

    fn note(&mut self, tree: &TreeOf, met: Met<'_>) {
        match met {
            Met::Lost { from, to, pointer, finding } => {
                let range = LostRange { tree: tree.clone(), from, to, page: pointer.page, finding: *finding };
                self.lost.push(range, pointer);
            }
            Met::Recovered { page, source: Source { file, byte, how }, finding } => {
                self.recovered_count += 1;
                if self.recovered.len() < LISTED_MAX {
                    self.recovered.push(RecoveredPage { page, file, byte, how, finding: *finding });
                }
            }
            Met::Record { .. } | Met::ValueLost { .. } => {}
        }
    }

    /// What stands without a place, when anything is missing.
    fn strays(&self, evidence: &Evidence) -> Result<Strays> {
        let has_later = evidence.choices.iter().any(|choice| choice.may_lose.is_some());
        if self.lost.all.is_empty() && !has_later && evidence.state.is_some() {
            return Ok(Strays::default());
        }
        let missing =
            Missing { reached: &self.reached, trees: &self.trees, lost: &self.lost, free: &self.free, has_later };
        let mut strays = strays::find(evidence, &missing)?;
        if has_later {
            self.drop_equal(evidence, &mut strays)?;
        }
        Ok(strays)
    }

    /// A stray that has the value of the certain record of its key says nothing new.
    fn drop_equal(&self, evidence: &Evidence, strays: &mut Strays) -> Result<()> {
        self.each_certain(evidence, &mut |tree, key, value| {
            for status in [Status::Unplaced, Status::Stale] {
                let at = (status, tree.clone(), Bytes::from(key));
                let Some(stray) = strays.found.get(&at) else { continue };
                let is_equal = with_value(evidence, stray, |other| {
                    Ok(match (value, other) {
                        (Value::Short(value), StrayValue::Short(other)) => *value == other,
                        (Value::Long { pages, .. }, StrayValue::Long(_, others)) => pages == others,
                        _ => false,
                    })
                })?;
                if is_equal == Some(true) {
                    strays.found.remove(&at);
                }
            }
            Ok(())
        })
    }

    /// Walks the trees again, in the same order and to the same end.
    fn each_certain(&self, evidence: &Evidence, take: TakeCertain<'_>) -> Result<()> {
        let mut walk = SecondWalk::new(evidence, self);
        walk.main(&mut |key, value| take(&TreeOf::Main, key, &value))?;
        for index in 0..self.names.len() {
            let tree = TreeOf::Named(self.names[index].0.as_bytes().into());
            walk.named(index, &mut |key, value| take(&tree, key, &value))?;
        }
        Ok(())
    }
}

/// Who is shown a certain record, with its tree.
type TakeCertain<'t> = &'t mut dyn FnMut(&TreeOf, &[u8], &Value<'_>) -> Result<()>;

/// Who is shown a record.
type TakeRecord<'t> = &'t mut dyn FnMut(&[u8], Value<'_>) -> Result<()>;

/// The walk made again: what it meets is known, so only whole records are shown.
struct SecondWalk<'a> {
    evidence: &'a Evidence,
    judged: &'a Judged,
    reached: PageSet,
}

impl<'a> SecondWalk<'a> {
    fn new(evidence: &'a Evidence, judged: &'a Judged) -> SecondWalk<'a> {
        SecondWalk { evidence, judged, reached: PageSet::default() }
    }

    fn main(&mut self, take: TakeRecord<'_>) -> Result<()> {
        let Some(state) = &self.evidence.state else { return Ok(()) };
        self.tree(state.root, take)?;
        if !state.catalog.is_null() {
            read_catalog(self.evidence, state.catalog, &mut self.reached, &mut |_| Ok(()))?;
        }
        Ok(())
    }

    fn named(&mut self, index: usize, take: TakeRecord<'_>) -> Result<()> {
        self.tree(self.judged.names[index].1.root, take)
    }

    fn tree(&mut self, root: PagePointer, take: TakeRecord<'_>) -> Result<()> {
        Sift::new(self.evidence, &mut self.reached).tree(root, &mut |met| match met {
            Met::Record { key, value, .. } => take(key, value),
            _ => Ok(()),
        })
    }
}

/// What goes into a named tree of the new file.
enum Part {
    /// The certain records of a named tree.
    Certain(usize),
    /// Strays.
    Strays(Status, TreeOf),
}

/// What goes where.
struct Plan {
    /// The named trees of the new file in the order of their names.
    parts: BTreeMap<String, Part>,
    /// The names of those that strays go into.
    names: BTreeMap<(Status, TreeOf), String>,
}

impl Plan {
    fn new(evidence: &Evidence, judged: &Judged, strays: &Strays, include: Include) -> Plan {
        let certain = judged.names.iter().enumerate();
        let mut plan = Plan {
            parts: certain.map(|(index, (name, _))| (name.clone(), Part::Certain(index))).collect(),
            names: BTreeMap::new(),
        };
        let wanted: BTreeSet<(Status, TreeOf)> = strays
            .found
            .keys()
            .filter(|(status, ..)| {
                include == Include::Stale || include == Include::Unplaced && *status == Status::Unplaced
            })
            .map(|(status, tree, _)| (*status, tree.clone()))
            .collect();
        for (status, tree) in wanted {
            let name = plan.free_name(status, &tree, key_bytes_max(evidence.page_size));
            plan.parts.insert(name.clone(), Part::Strays(status, tree.clone()));
            plan.names.insert((status, tree), name);
        }
        plan
    }

    /// A name that no tree has: `salvage/stale/in/NAME`, or a number where that is taken or too long.
    fn free_name(&self, status: Status, tree: &TreeOf, bytes_max: usize) -> String {
        let first = match tree {
            TreeOf::Named(name) => format!("salvage/{status}/in/{}", String::from_utf8_lossy(name)),
            TreeOf::Main => format!("salvage/{status}"),
            TreeOf::Catalog | TreeOf::Unknown => format!("salvage/{status}/nowhere"),
        };
        let numbered = (1..).map(|number: u64| format!("salvage/{status}/{number}"));
        let mut names = std::iter::once(first).chain(numbered);
        let is_free = |name: &String| name.len() <= bytes_max && !self.parts.contains_key(name);
        names.find(is_free).expect("invariant: there are more numbers than trees")
    }

    fn tell(&self, strays: &Strays, told: &mut Told<'_>) -> Result<()> {
        for ((status, tree, key), stray) in &strays.found {
            told.fate(Fate {
                status: *status,
                tree: tree.clone(),
                key: key.clone(),
                value_bytes: stray.value_bytes,
                page: stray.page,
                commit: stray.version.commit,
                put_into: self.names.get(&(*status, tree.clone())).cloned(),
                why: None,
            })?;
        }
        Ok(())
    }

    /// Puts everything into the new file: the main tree, then the named ones in the order of their names.
    fn fill(&self, evidence: &Evidence, judged: &Judged, strays: &Strays, filling: &mut Filling<'_>) -> Result<()> {
        let mut walk = SecondWalk::new(evidence, judged);
        let mut put = 0;
        walk.main(&mut |key, value| put_certain(evidence, filling, key, value, &mut put))?;
        for (name, part) in &self.parts {
            Visitor::tree(filling, name)?;
            match part {
                Part::Certain(index) => {
                    walk.named(*index, &mut |key, value| put_certain(evidence, filling, key, value, &mut put))?;
                }
                Part::Strays(status, tree) => put_strays(evidence, strays, (*status, tree), filling)?,
            }
        }
        let counted: u64 = judged.counts.iter().map(|count| count.certain).sum();
        match put == counted {
            true => Ok(()),
            false => {
                let why = format!("{counted} certain records were counted and {put} read again: the source changed.");
                Err(Error::io("salvaging", &evidence.pages.name, std::io::Error::other(why)))
            }
        }
    }
}

fn put_certain(
    evidence: &Evidence,
    filling: &mut Filling<'_>,
    key: &[u8],
    value: Value<'_>,
    put: &mut u64,
) -> Result<()> {
    *put += 1;
    match value {
        Value::Short(value) => filling.record(key, value),
        Value::Long { length, pages } => filling.long_from(key, length, &mut ChainBytes::new(evidence, length, &pages)),
    }
}

fn put_strays(
    evidence: &Evidence,
    strays: &Strays,
    (status, tree): (Status, &TreeOf),
    filling: &mut Filling<'_>,
) -> Result<()> {
    let from = (status, tree.clone(), Bytes::default());
    let theirs = strays.found.range(from..).take_while(|((other, of, _), _)| *other == status && of == tree);
    for ((_, _, key), stray) in theirs {
        let put = with_value(evidence, stray, |value| match value {
            StrayValue::Short(value) => filling.record(key, value),
            StrayValue::Long(length, pages) => {
                filling.long_from(key, length, &mut ChainBytes::new(evidence, length, pages))
            }
        })?;
        if put.is_none() {
            let why = format!("page {} was read before and cannot be read again", stray.page);
            return Err(Error::io("salvaging", &evidence.pages.name, std::io::Error::other(why)));
        }
    }
    Ok(())
}

/// The name of the tree of the new file that certain records of `tree` go into: that which they were in.
fn name_of(tree: &TreeOf) -> String {
    match tree {
        TreeOf::Named(name) => String::from_utf8_lossy(name).into_owned(),
        _ => String::new(),
    }
}

fn report(evidence: &Evidence, judged: Judged, strays: &Strays, told: Told<'_>, made: Made) -> LossReport {
    let totals = totals(evidence, &judged, strays);
    let mut beside = judged.beside;
    beside.extend(judged.counts.iter().filter(|count| !count.fits).map(miscounted));
    let loses = evidence.state.is_none()
        || evidence.choices.iter().any(|choice| choice.may_lose.is_some())
        || totals.lost_ranges > 0
        || totals.values_lost > 0
        || judged.counts.iter().any(|count| !count.fits);
    let is_clean = evidence.choices.is_empty() && beside.is_empty() && totals.recovered_pages == 0;
    let is_newest = evidence.choices.iter().all(|choice| choice.may_lose.is_none());
    LossReport {
        source: evidence.pages.name.clone(),
        verdict: match (loses, is_clean) {
            (true, _) => Verdict::Lost,
            (false, true) => Verdict::Whole,
            (false, false) => Verdict::RecordsWhole,
        },
        state: evidence.state.as_ref().map(|state| SalvagedState {
            commit: state.commit,
            root_holder: state.root_holder.clone(),
            fingerprint: Anchor::new(evidence.file_id, state.commit, &state.fingerprint).to_string(),
            is_newest,
        }),
        choices: evidence.choices.clone(),
        totals,
        trees: judged.counts,
        beside,
        lost_ranges: judged.lost.all.into_iter().map(|(range, _)| range).take(LISTED_MAX).collect(),
        recovered: judged.recovered,
        others: told.others,
        certain: told.certain,
        not_looked_at: not_looked_at(evidence, strays),
        result: SalvagedFile {
            commit: made.commit,
            fingerprint: made.fingerprint,
            records: made.records,
            trees: made.trees,
            pages: made.pages,
            bytes: made.bytes,
            digest: made.digest,
        },
    }
}

fn totals(evidence: &Evidence, judged: &Judged, strays: &Strays) -> Totals {
    let of = |status: Status| strays.found.keys().filter(|(other, ..)| *other == status).count() as u64;
    let sum = |number: fn(&TreeCount) -> u64| judged.counts.iter().map(number).sum();
    let knows_trees = evidence.state.is_some() && !judged.lost.is_any_of(&TreeOf::Catalog);
    Totals {
        certain: sum(|count| count.certain),
        unplaced: of(Status::Unplaced),
        stale: of(Status::Stale),
        values_lost: sum(|count| count.values_lost),
        lost_ranges: judged.lost.all.len() as u64,
        lost_records: knows_trees.then(|| sum(|count| count.lost)),
        recovered_pages: judged.recovered_count,
    }
}

fn miscounted(count: &TreeCount) -> Finding {
    let found = count.certain + count.values_lost;
    Finding::new(Code::TreeCount, format!("Of {} other records were found than are counted.", count.tree))
        .expected(format!("{} records", count.stored), format!("{found} records"))
}

fn not_looked_at(evidence: &Evidence, strays: &Strays) -> Vec<String> {
    let mut lines = evidence.searched().map_or_else(Vec::new, |catalogue| catalogue.not_looked_at.clone());
    if evidence.log_cut_short {
        lines.push("The end of the log: too much of it looks like records and is none.".to_owned());
    }
    lines.extend(evidence.mending.not_tried());
    if strays.without_value > 0 {
        lines.push(format!(
            "{} long values of records without a place: not all of their pages are there.",
            strays.without_value
        ));
    }
    lines
}
