//! What the map says: every page of the file, or every run of pages, with what it holds, how full it is, how long ago it was
//! written, what a verification said of it, and whether anything leads to it.

use super::plural;
use crate::looking::MapLayer;
use crate::model::{MapCell, Model};
use crate::timeline::{Brief, Gist, Reach, Role};
use crate::widget::text::grouped;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use tosumu::format::page::PageKind;
use tosumu::types::{CommitNo, PageNo};

/// Most cells in plain text and JSON: of a larger file a cell is a run of pages.
const CELLS_MAX: u32 = 4096;

/// What a check said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Checked {
    /// Nothing was checked.
    #[default]
    Unchecked,
    /// A part of the run was checked, and is sound.
    Partly,
    /// Sound.
    Sound,
    /// Not sound.
    Bad,
}

/// Of what use a page is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// A branch of a tree.
    Branch,
    /// A leaf of a tree.
    Leaf,
    /// A part of a long value.
    Overflow,
    /// A trunk of the free list.
    Trunk,
    /// Free.
    Free,
    /// Nothing leads to it, and the free list has it not.
    Unreached,
    /// It was not read, or its header cannot be.
    #[default]
    Unknown,
}

/// A cell of the map.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct CellFacts {
    /// Its first page.
    pub page: u32,
    /// How many pages it stands for.
    pub pages: u32,
    /// What most of them hold.
    pub holds: Holds,
    /// How full it is, in percent; of a run the mean of those that are known.
    pub fill_percent: Option<u8>,
    /// The newest commit that sealed one of them.
    pub commit: Option<u64>,
    /// What a check said.
    pub checked: Checked,
    /// Changed in memory and not sealed.
    pub changed: bool,
    /// Changed since the look before, in a file that is followed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anew: bool,
    /// The log holds a newer version than the page file.
    pub in_log: bool,
}

/// How many pages there are of a sort.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct SortFacts {
    /// The sort.
    pub holds: Holds,
    /// Its sign on the map.
    pub sign: char,
    /// How many pages.
    pub pages: u32,
}

/// The map.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct MapFacts {
    /// The file.
    pub file: String,
    /// Bytes of a page.
    pub page_bytes: u32,
    /// Pages of the file.
    pub pages: u32,
    /// Pages of which something is known.
    pub known: u32,
    /// The newest commit.
    pub commit: u64,
    /// How many there are of each sort, among the known ones.
    pub sorts: Vec<SortFacts>,
    /// Pages to a cell.
    pub cell_pages: u32,
    /// The cells, in the order of the file.
    pub cells: Vec<CellFacts>,
    /// The page under the cursor.
    pub cursor: Option<u32>,
    /// What is to be said of it, in a sentence.
    pub cursor_line: String,
    /// What is to be said of the whole.
    pub remark: Option<String>,
}

/// What a map is drawn from; cells are asked for one by one.
pub struct Census<'a> {
    model: &'a Model,
    reach: Arc<Reach>,
    /// Of a sandbox; a file has its briefs.
    gists: Option<Arc<Vec<Gist>>>,
    /// The number of the last page.
    pub pages: u32,
}

impl<'a> Census<'a> {
    /// Of the present world of `model`.
    pub fn of(model: &'a Model) -> Census<'a> {
        let verifying =
            model.verifying.as_ref().map_or(0, |verifying| verifying.cells.len() as u32 * verifying.cell_pages);
        let total = model.world.page_total();
        // While nothing is known of the file but that it is being verified, the verification tells its size.
        let pages = if total == 0 { verifying } else { total };
        let gists = model.world.file().is_none().then(|| model.world.gists());
        Census { model, reach: model.world.reach(), gists, pages }
    }

    fn gist(&self, page: PageNo) -> Gist {
        let Some(gists) = &self.gists else { return self.model.world.gist(page) };
        page.0.checked_sub(1).and_then(|at| gists.get(at as usize)).copied().unwrap_or_default()
    }

    /// What a page holds whose header says `kind`.
    fn holds(&self, page: PageNo, kind: Option<PageKind>, is_known: bool) -> Holds {
        match self.reach.role(page) {
            Some(Role::Free) => Holds::Free,
            Some(Role::Trunk) => Holds::Trunk,
            None if self.reach.whole && is_known => Holds::Unreached,
            _ => match kind {
                Some(PageKind::Branch) => Holds::Branch,
                Some(PageKind::Leaf) => Holds::Leaf,
                Some(PageKind::Overflow) => Holds::Overflow,
                Some(PageKind::FreeList) => Holds::Trunk,
                None => Holds::Unknown,
            },
        }
    }

    /// One page.
    pub fn page(&self, page: PageNo) -> CellFacts {
        let gist = self.gist(page);
        CellFacts {
            page: page.0,
            pages: 1,
            holds: self.holds(page, gist.kind, gist.known),
            fill_percent: gist.fill_percent,
            commit: gist.commit.map(|commit| commit.0),
            checked: self.checked(page),
            changed: gist.changed,
            anew: self.model.world.facts.changed_since.contains(&page),
            in_log: gist.in_log,
        }
    }

    fn checked(&self, page: PageNo) -> Checked {
        if let Some(part) = self.verified_part(page) {
            return part;
        }
        checked_word(self.model.world.verdict(page))
    }

    /// What a verification that runs has said of the run that `page` is in.
    fn verified_part(&self, page: PageNo) -> Option<Checked> {
        let verifying = self.model.verifying.as_ref()?;
        let at = (page.0.checked_sub(1)? / verifying.cell_pages.max(1)) as usize;
        let cell = verifying.cells.get(at)?;
        Some(match cell {
            MapCell { bad: 1.., .. } => Checked::Bad,
            MapCell { sound: 0, .. } => Checked::Unchecked,
            MapCell { sound, .. } if *sound < verifying.cell_pages => Checked::Partly,
            _ => Checked::Sound,
        })
    }

    /// The run of `pages` pages from `first` on; the last one may be shorter. Its cost grows with the pages of the run of which
    /// something is known; a map asks for [`Census::runs`].
    pub fn run(&self, first: PageNo, pages: u32) -> CellFacts {
        if pages == 1 {
            return self.page(first);
        }
        let last = first.0.saturating_add(pages - 1).min(self.pages);
        let mut run = Run::default();
        self.add_pages(first.0, last, &mut run);
        let mut cell = run.cell(first.0, last + 1 - first.0);
        if self.model.verifying.is_some() {
            cell.checked = self.checked_run(first.0, last);
        }
        cell
    }

    fn add_pages(&self, first: u32, last: u32, run: &mut Run) {
        let Some(file) = self.model.world.file() else {
            return (first..=last).map(PageNo).for_each(|page| run.add(&self.page(page)));
        };
        file.briefs().runs(first, last, |start, briefs| match briefs {
            Ok(briefs) => {
                for (page, brief) in (start..).map(PageNo).zip(briefs) {
                    run.add_brief(*brief, self.holds(page, brief.kind(), brief.is_known()));
                }
            }
            Err(pages) => run.add_unknown(pages),
        });
        run.anew = self.model.world.facts.changed_since.range(PageNo(first)..=PageNo(last)).next().is_some();
        let verified = &self.model.world.facts.verified;
        verified.range(PageNo(first)..=PageNo(last)).for_each(|(_, sound)| run.judge(*sound));
    }

    /// Every run of `cell_pages` pages, in the order of the file: counted once for an instant, for all frames that show it.
    pub fn runs(&self, cell_pages: u32) -> Arc<Vec<CellFacts>> {
        let done = self.model.verifying.as_ref().map_or(0, |verifying| verifying.done + 1);
        let number = u64::from(done) << 32 | u64::from(cell_pages);
        self.model.world.memo("map runs", number, || {
            let firsts = (1..=self.pages).step_by(cell_pages.max(1) as usize);
            firsts.map(|first| self.run(PageNo(first), cell_pages)).collect()
        })
    }

    /// What a verification that runs says of pages, by runs of its own.
    fn checked_run(&self, first: u32, last: u32) -> Checked {
        let Some(verifying) = &self.model.verifying else { return Checked::Unchecked };
        let step = verifying.cell_pages.max(1) as usize;
        let parts = (first..=last).step_by(step).filter_map(|page| self.verified_part(PageNo(page)));
        let (mut bad, mut sound, mut whole) = (false, false, true);
        for part in parts {
            bad |= part == Checked::Bad;
            sound |= matches!(part, Checked::Sound | Checked::Partly);
            whole &= part == Checked::Sound;
        }
        match (bad, sound, whole) {
            (true, ..) => Checked::Bad,
            (_, true, true) => Checked::Sound,
            (_, true, false) => Checked::Partly,
            _ => Checked::Unchecked,
        }
    }

    /// Pages of which something is known.
    fn known(&self) -> u32 {
        self.model.world.file().map_or(self.pages, |file| file.briefs().known()).min(self.pages)
    }
}

fn checked_word(verdict: Option<bool>) -> Checked {
    match verdict {
        Some(true) => Checked::Sound,
        Some(false) => Checked::Bad,
        None => Checked::Unchecked,
    }
}

/// Gathers the cells of a run.
#[derive(Default)]
struct Run {
    sorts: [u32; 7],
    fill: (u32, u32),
    commit: Option<u64>,
    checks: [u32; 4],
    changed: bool,
    anew: bool,
    in_log: bool,
}

impl Run {
    fn add(&mut self, cell: &CellFacts) {
        self.sorts[cell.holds as usize] += 1;
        if let Some(percent) = cell.fill_percent {
            self.fill = (self.fill.0 + u32::from(percent), self.fill.1 + 1);
        }
        self.commit = self.commit.max(cell.commit);
        self.checks[cell.checked as usize] += 1;
        self.changed |= cell.changed;
        self.anew |= cell.anew;
        self.in_log |= cell.in_log;
    }

    fn add_brief(&mut self, brief: Brief, holds: Holds) {
        self.sorts[holds as usize] += 1;
        if let Some(percent) = brief.fill_percent() {
            self.fill = (self.fill.0 + u32::from(percent), self.fill.1 + 1);
        }
        self.commit = self.commit.max(brief.commit().map(|commit| commit.0));
        self.checks[checked_word(brief.verdict()) as usize] += 1;
        self.in_log |= brief.is_in_log();
    }

    fn add_unknown(&mut self, pages: u32) {
        self.sorts[Holds::Unknown as usize] += pages;
        self.checks[Checked::Unchecked as usize] += pages;
    }

    /// What the verification of a file that is told of page by page said of one more of them.
    fn judge(&mut self, sound: bool) {
        let unchecked = &mut self.checks[Checked::Unchecked as usize];
        *unchecked = unchecked.saturating_sub(1);
        self.checks[checked_word(Some(sound)) as usize] += 1;
    }

    fn cell(&self, page: u32, pages: u32) -> CellFacts {
        let most = (0..self.sorts.len()).rev().max_by_key(|at| self.sorts[*at]).filter(|at| self.sorts[*at] > 0);
        let [unchecked, partly, sound, bad] = self.checks;
        let checked = match () {
            () if bad > 0 => Checked::Bad,
            () if sound > 0 && unchecked + partly == 0 => Checked::Sound,
            () if sound + partly > 0 => Checked::Partly,
            () => Checked::Unchecked,
        };
        // One page that nothing leads to is not lost among its neighbours.
        let holds = match self.sorts[Holds::Unreached as usize] {
            0 => most.map_or(Holds::Unknown, |at| Holds::ALL[at]),
            _ => Holds::Unreached,
        };
        CellFacts {
            page,
            pages,
            holds,
            fill_percent: (self.fill.1 > 0).then(|| (self.fill.0 / self.fill.1) as u8),
            commit: self.commit,
            checked,
            changed: self.changed,
            anew: self.anew,
            in_log: self.in_log,
        }
    }
}

impl Holds {
    /// Every sort, in the order of its number.
    pub const ALL: [Holds; 7] =
        [Holds::Branch, Holds::Leaf, Holds::Overflow, Holds::Trunk, Holds::Free, Holds::Unreached, Holds::Unknown];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Holds::Branch => "branch",
            Holds::Leaf => "leaf",
            Holds::Overflow => "part of a long value",
            Holds::Trunk => "trunk of the free list",
            Holds::Free => "free",
            Holds::Unreached => "unreached",
            Holds::Unknown => "not read",
        }
    }

    /// The same, short enough for a legend.
    pub fn short(self) -> &'static str {
        match self {
            Holds::Overflow => "value",
            Holds::Trunk => "trunk",
            other => other.word(),
        }
    }

    /// Its sign on the map.
    pub fn sign(self) -> char {
        match self {
            Holds::Branch => 'B',
            Holds::Leaf => 'L',
            Holds::Overflow => 'v',
            Holds::Trunk => 'T',
            Holds::Free => '·',
            Holds::Unreached => '!',
            Holds::Unknown => '?',
        }
    }
}

impl Checked {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Checked::Unchecked => "not checked",
            Checked::Partly => "begun",
            Checked::Sound => "sound",
            Checked::Bad => "BAD",
        }
    }

    /// Its sign on the map.
    pub fn sign(self) -> char {
        match self {
            Checked::Unchecked => '·',
            Checked::Partly => '+',
            Checked::Sound => '▓',
            Checked::Bad => '×',
        }
    }
}

/// How many commits ago, in steps that double: 0 is the newest, then 1, 2 to 3, 4 to 7 and so on; at most 7.
pub fn age_step(newest: CommitNo, commit: u64) -> u8 {
    let ago = newest.0.saturating_sub(commit);
    (u64::BITS - ago.leading_zeros()).min(7) as u8
}

/// The map of `model`'s present world.
pub fn map(model: &Model) -> MapFacts {
    let census = Census::of(model);
    let facts = &model.world.facts;
    let cell_pages = census.pages.div_ceil(CELLS_MAX).max(1);
    let cells = census.runs(cell_pages).to_vec();
    let cursor = model.shown_page();
    MapFacts {
        file: facts.file.clone(),
        page_bytes: facts.page_size.get(),
        pages: census.pages,
        known: census.known(),
        commit: facts.commit.0,
        sorts: sorts(&census),
        cell_pages,
        cells,
        cursor: cursor.map(|page| page.0),
        cursor_line: cursor.map_or(String::new(), |page| cursor_line(model, &census, page)),
        remark: remark(model, &census),
    }
}

/// How many pages there are of each sort that occurs, among those that were read.
pub fn sorts(census: &Census<'_>) -> Vec<SortFacts> {
    let counts = census.model.world.memo("map sorts", 0, || {
        let mut all = Run::default();
        census.add_pages(1, census.pages, &mut all);
        all.sorts
    });
    let sorts = Holds::ALL.into_iter().zip(*counts).filter(|(_, pages)| *pages > 0);
    sorts.map(|(holds, pages)| SortFacts { holds, sign: holds.sign(), pages }).collect()
}

/// `page 2: leaf, 55 % full, sealed for commit 3, 1 commit ago; sound`.
pub fn cursor_line(model: &Model, census: &Census<'_>, page: PageNo) -> String {
    let cell = census.page(page);
    let newest = model.world.facts.commit;
    let fill = cell.fill_percent.map_or(String::new(), |percent| format!(", {percent} % full"));
    let sealed = match cell.commit {
        _ if cell.changed => ", changed in memory".to_owned(),
        Some(commit) if cell.anew => format!(", changed since the look before, as of commit {commit}"),
        Some(commit) if commit > newest.0 && model.world.file().is_some() => {
            format!(", sealed for commit {commit}; nothing vouches for it")
        }
        Some(commit) if commit > newest.0 => format!(", sealed for commit {commit}, which is not published yet"),
        Some(commit) if commit < newest.0 => {
            format!(", as of commit {commit}, {} ago", plural((newest.0 - commit) as usize, "commit"))
        }
        Some(commit) => format!(", as of commit {commit}"),
        None => String::new(),
    };
    let is_ahead = cell.changed || cell.commit > Some(newest.0);
    let log = match (cell.in_log, is_ahead) {
        (true, true) => ", an older version in the log",
        (true, false) => ", in the log",
        (false, _) => "",
    };
    let role = match (cell.holds, census.reach.of(page).map(|reached| reached.role)) {
        (Holds::Unreached, _) => ": nothing leads to it and the free list has it not",
        (_, Some(Role::Catalog)) => " of the catalog",
        (_, Some(Role::Named)) => " of a named tree",
        _ => "",
    };
    format!("page {page}: {}{role}{fill}{sealed}{log}; {}", cell.holds.word(), cell.checked.word())
}

fn remark(model: &Model, census: &Census<'_>) -> Option<String> {
    if census.pages == 0 {
        return Some("There is no page to draw a map of.".into());
    }
    let unread = census.pages - census.known();
    if unread > 0 {
        return Some(format!("{} were not read, or nothing stands in their places.", plural(unread as usize, "page")));
    }
    if model.world.facts.transaction.is_some() {
        return Some("A transaction is open: which pages nothing leads to is told when it has ended.".into());
    }
    (!census.reach.whole).then(|| {
        "Not everything that leads to a page could be read: which pages nothing leads to cannot be told.".to_owned()
    })
}

impl MapFacts {
    pub(super) fn plain(&self) -> String {
        let pages = plural(self.pages as usize, "page");
        let mut text =
            format!("{}: {pages} of {} bytes, commit {}.\n", self.file, grouped(self.page_bytes.into()), self.commit);
        for sort in &self.sorts {
            text.push_str(&format!("{}: {}\n", sort.holds.word(), plural(sort.pages as usize, "page")));
        }
        text.extend(self.remark.iter().map(|remark| format!("{remark}\n")));
        if !self.cursor_line.is_empty() {
            text.push_str(&format!("Cursor: {}.\n", self.cursor_line));
        }
        for cell in &self.cells {
            text.push_str(&format!("{}\n", cell.line()));
        }
        text
    }
}

impl CellFacts {
    fn line(&self) -> String {
        let pages = match self.pages {
            1 => format!("page {}", self.page),
            pages => format!("pages {} to {}", self.page, self.page + pages - 1),
        };
        let mut line = format!("{pages}: {}", self.holds.word());
        line.extend(self.fill_percent.map(|percent| format!(", {percent} % full")));
        line.extend(self.commit.map(|commit| format!(", commit {commit}")));
        line.push_str(if self.changed { ", changed in memory" } else { "" });
        line.push_str(if self.anew { ", changed since the look before" } else { "" });
        line.push_str(if self.in_log { ", in the log" } else { "" });
        format!("{line}; {}", self.checked.word())
    }
}

/// `kind of each page`, for the note of the view.
pub fn layer_words(layer: MapLayer) -> &'static str {
    match layer {
        MapLayer::Kind => "what each page holds",
        MapLayer::Fill => "how full each page is",
        MapLayer::Age => "how long ago each was written",
        MapLayer::Check => "what a check said of each",
    }
}
