//! The matrix of attacks and defences: what each attack comes to against the whole engine, and what it comes to when one defence is
//! taken out of it. The engine that lacks a defence is no part of this program, so the rows are those that the example
//! `attack_matrix` measured and wrote into SECURITY.md, which is compiled in: document and picture cannot differ. Beside them
//! stands what the tamper lab's own lies came to on the store in front.

use super::TamperLab;
use super::tamper::Verdict;
use std::sync::OnceLock;
use tosumu::defence::Defence;

const SECURITY: &str = include_str!("../../../SECURITY.md");
const BEGIN: &str = "<!-- attacks: written by the example attack_matrix -->";

/// The lies of the lab that are an attack of the matrix, told to the store in front. Where a byte of the log decides whether it is
/// rot or a torn end, the store decides which attack it is: that one is left out.
const SAME: [(&str, &str); 13] = [
    ("a bit of a page is flipped", "page-byte"),
    ("a page becomes zeros", "page-zeroed"),
    ("a page of another database is put in its place", "page-of-another"),
    ("two pages change places", "pages-swapped"),
    ("an older version of one page is put back", "page-put-back"),
    ("older versions of all pages are put back", "all-pages-put-back"),
    ("a superblock field is changed", "superblock-byte"),
    ("a record is taken out of the log", "record-removed"),
    ("two records of the log change places", "records-swapped"),
    ("the log is cut at its last commit", "log-cut"),
    ("the log is removed", "log-removed"),
    ("bytes are appended to the page file", "page-file-longer"),
    ("all files are put back as at an earlier commit", "all-put-back"),
];

/// What an attack comes to against the whole engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whole {
    /// The engine refuses, with this code.
    Stopped(String),
    /// Every answer is right all the same.
    Harmless(String),
    /// It gets through, in words.
    Open(String),
}

/// What one defence means to one attack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    /// Without this defence the attack gets through.
    Needed,
    /// It gets through when this defence and another one are out.
    NeededWith(String),
    /// It is caught without this defence too.
    Caught,
    /// It gets through in any case.
    Open,
    /// It gets through; a fingerprint kept elsewhere tells, by this defence.
    ByAnchor,
    /// There is nothing to catch.
    Harmless,
}

/// A row: an attack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its stable name.
    pub name: String,
    /// What is done, in some words.
    pub does: String,
    /// Who does it.
    pub by: String,
    /// What it comes to.
    pub whole: Whole,
    /// What a fingerprint kept elsewhere says of it: a code, `open`, or nothing where that was not asked.
    pub anchored: Option<String>,
    /// The defences of which each alone lets it through.
    pub singles: Vec<String>,
    /// The defences that let it through two by two.
    pub pairs: Vec<(String, String)>,
    /// The anchor's defences that tell it.
    pub anchor: Vec<String>,
}

/// The rows and the columns.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Matrix {
    /// The attacks, those of faults first.
    pub rows: Vec<Row>,
    /// The defences that an attack needs, alone or with another.
    pub columns: Vec<Defence>,
}

impl Matrix {
    /// The matrix of SECURITY.md.
    pub fn known() -> &'static Matrix {
        static KNOWN: OnceLock<Matrix> = OnceLock::new();
        KNOWN.get_or_init(|| Matrix::parse(SECURITY))
    }

    fn parse(text: &str) -> Matrix {
        let table = text.split_once(BEGIN).map_or("", |(_, rest)| rest).trim_start();
        let lines = table.lines().take_while(|line| line.starts_with('|')).skip(2);
        let rows: Vec<Row> = lines.filter_map(row).collect();
        let is_needed = |defence: &&Defence| {
            let name = defence.to_string();
            rows.iter().any(|row| row.cell(&name) != Cell::Caught && !row.is_same_everywhere(&name))
        };
        let columns = Defence::ALL.iter().filter(is_needed).copied().collect();
        Matrix { rows, columns }
    }
}

impl Row {
    /// What the defence of this name means to the attack.
    pub fn cell(&self, defence: &str) -> Cell {
        let is = |name: &String| name == defence;
        let partner = self.pairs.iter().find_map(|(one, other)| match () {
            () if is(one) => Some(other.clone()),
            () if is(other) => Some(one.clone()),
            () => None,
        });
        match (&self.whole, partner) {
            (Whole::Open(_), _) if self.anchor.iter().any(is) => Cell::ByAnchor,
            (Whole::Open(_), _) => Cell::Open,
            (Whole::Harmless(_), _) => Cell::Harmless,
            _ if self.singles.iter().any(is) => Cell::Needed,
            (_, Some(other)) => Cell::NeededWith(other),
            _ => Cell::Caught,
        }
    }

    /// Whether a defence that nothing is said of would have this cell too.
    fn is_same_everywhere(&self, defence: &str) -> bool {
        matches!(self.cell(defence), Cell::Open | Cell::Harmless)
    }

    /// What the same came to on the store in front; none when the lab has no such lie here, or did not show it yet.
    pub fn here(&self, lab: &TamperLab) -> Option<Verdict> {
        let row = self.lie(lab)?;
        lab.is_told(row).then(|| lab.lies[row].verdict())
    }

    /// The lie of the lab that is this attack.
    pub fn lie(&self, lab: &TamperLab) -> Option<usize> {
        let (does, _) = SAME.iter().find(|(_, attack)| *attack == self.name)?;
        lab.lies.iter().position(|lie| lie.does == *does)
    }
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let [named, by, happens, anchored, through] = cells[..] else { return None };
    let (name, does) = named.trim_start_matches('`').split_once("`: ")?;
    let open = |words: &str| words.strip_prefix("**open**").map(|rest| rest.trim_start_matches(':').trim().to_owned());
    let whole = match open(happens) {
        Some(words) => Whole::Open(words),
        None if happens.starts_with("harmless") => Whole::Harmless(happens.replace('`', "")),
        None => Whole::Stopped(happens.replace('`', "")),
    };
    let anchored = match anchored {
        "–" => None,
        words => Some(open(words).map_or(words.replace('`', ""), |_| "open".to_owned())),
    };
    let names: Vec<String> = through.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let mut row = Row {
        name: name.to_owned(),
        does: does.to_owned(),
        by: by.to_owned(),
        whole,
        anchored,
        singles: Vec::new(),
        pairs: Vec::new(),
        anchor: Vec::new(),
    };
    if through.starts_with("no single one") {
        row.pairs = names.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    } else if through.starts_with("of the anchor") {
        row.anchor = names;
    } else {
        row.singles = names;
    }
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tosumu::attack::Attack;

    #[test]
    fn every_attack_of_the_engine_has_its_row_in_the_document_and_no_other_has() {
        let rows: Vec<&str> = Matrix::known().rows.iter().map(|row| row.name.as_str()).collect();
        let attacks: Vec<&str> = Attack::ALL.iter().map(|attack| attack.name).collect();
        assert_eq!(rows, attacks);
        for (row, attack) in Matrix::known().rows.iter().zip(Attack::ALL) {
            assert_eq!((row.does.as_str(), row.by.as_str()), (attack.does, attack.by.to_string().as_str()));
        }
    }

    #[test]
    fn the_engine_that_runs_here_does_to_each_attack_what_the_document_says() {
        let scene = tosumu::attack::Scene::build().unwrap();
        for (row, attack) in Matrix::known().rows.iter().zip(Attack::ALL) {
            let outcome = attack.try_on(&scene).unwrap();
            assert_eq!(outcome.is_open(), matches!(row.whole, Whole::Open(_)), "{}", row.name);
            if let Whole::Stopped(code) = &row.whole {
                assert_eq!(outcome.to_string(), format!("`{code}`"), "{}", row.name);
            }
        }
    }

    #[test]
    fn every_defence_that_is_named_is_one_and_has_its_column() {
        let matrix = Matrix::known();
        for row in &matrix.rows {
            let pairs = row.pairs.iter().flat_map(|(one, other)| [one, other]);
            for name in row.singles.iter().chain(&row.anchor).chain(pairs) {
                let defence = Defence::parse(name).unwrap_or_else(|| panic!("{name}"));
                assert!(matrix.columns.contains(&defence), "{name}");
            }
        }
    }

    #[test]
    fn what_stays_open_is_open_in_every_cell_and_what_needs_a_defence_shows_it() {
        let row = |name: &str| Matrix::known().rows.iter().find(|row| row.name == name).unwrap();
        assert_eq!(row("all-put-back").cell("page-tag"), Cell::Open);
        assert_eq!(row("log-cut").cell("anchor-commit"), Cell::ByAnchor);
        assert_eq!(row("page-put-back-and-sealed").cell("page-tag"), Cell::Needed);
        assert_eq!(row("pages-swapped").cell("seal-in-pointer"), Cell::NeededWith("page-header-number".to_owned()));
        assert_eq!(row("pages-swapped").cell("record-chain"), Cell::Caught);
    }

    #[test]
    fn the_lies_of_the_lab_that_are_attacks_come_to_the_same_on_the_store_in_front() {
        let runner = crate::recorded::sample_store(&["put m 13", "checkpoint", "put v 1", "put m 2"]);
        let model = crate::recorded::lab(&runner, "sample");
        let lab = crate::labs::lies_now(&model, runner.options()).unwrap();
        let mut held = 0;
        for row in &Matrix::known().rows {
            assert!(SAME.iter().all(|(_, attack)| Attack::named(attack).is_some()));
            let Some(verdict) = row.here(&lab) else { continue };
            held += 1;
            let is_open = matches!(verdict, Verdict::Open | Verdict::ToldByAnchor);
            assert_eq!(is_open, matches!(row.whole, Whole::Open(_)), "{}: {verdict:?}", row.name);
        }
        assert!(held >= 10, "{held}");
    }
}
