//! What the matrix of attacks and defences says, row by row, and of the cell under the cursor.

use super::plural;
use super::tamper::capital;
use crate::labs::TamperLab;
use crate::labs::matrix::{Cell, Matrix, Row, Whole};
use schemars::JsonSchema;
use serde::Serialize;

/// The matrix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct MatrixFacts {
    /// The attacks.
    pub rows: Vec<AttackFacts>,
    /// The defences that have a column, with what each guards.
    pub defences: Vec<DefenceFacts>,
    /// What the whole says.
    pub summary: String,
}

/// An attack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct AttackFacts {
    /// Its stable name.
    pub attack: String,
    /// What is done.
    pub does: String,
    /// Who does it.
    pub by: String,
    /// Against the whole engine: `stopped`, `harmless`, `OPEN`.
    pub whole: String,
    /// What happens: a code, or words.
    pub happens: String,
    /// What a fingerprint kept elsewhere says, where it was asked: a code, or `OPEN`.
    pub with_anchor: Option<String>,
    /// What the same came to on this store now; none when there is no such lie here, or it was not shown yet.
    pub here: Option<String>,
    /// Defences of which each alone lets it through when it is taken out.
    pub needs: Vec<String>,
    /// Pairs of defences that let it through when both are taken out.
    pub needs_one_of: Vec<[String; 2]>,
    /// Defences of the anchor that tell it.
    pub told_by: Vec<String>,
}

/// A defence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct DefenceFacts {
    /// Its stable name.
    pub name: String,
    /// What it guards.
    pub guards: String,
}

/// The matrix beside what the lab found on the store in front.
pub fn matrix(lab: &TamperLab) -> MatrixFacts {
    let matrix = Matrix::known();
    let defence = |defence: &tosumu::defence::Defence| DefenceFacts {
        name: defence.to_string(),
        guards: defence.guards().to_owned(),
    };
    MatrixFacts {
        rows: matrix.rows.iter().map(|row| attack(row, lab)).collect(),
        defences: matrix.columns.iter().map(defence).collect(),
        summary: summary(matrix),
    }
}

fn attack(row: &Row, lab: &TamperLab) -> AttackFacts {
    let happens = match &row.whole {
        Whole::Stopped(words) | Whole::Harmless(words) | Whole::Open(words) => words.clone(),
    };
    let anchored = row.anchored.as_ref().map(|words| if words == "open" { "OPEN".to_owned() } else { words.clone() });
    AttackFacts {
        attack: row.name.clone(),
        does: row.does.clone(),
        by: row.by.clone(),
        whole: whole_word(row).to_owned(),
        happens,
        with_anchor: anchored,
        here: row.here(lab).map(|verdict| verdict.word().to_owned()),
        needs: row.singles.clone(),
        needs_one_of: row.pairs.iter().map(|(one, other)| [one.clone(), other.clone()]).collect(),
        told_by: row.anchor.clone(),
    }
}

/// What an attack comes to, in a word.
pub fn whole_word(row: &Row) -> &'static str {
    match row.whole {
        Whole::Stopped(_) => "stopped",
        Whole::Harmless(_) => "harmless",
        Whole::Open(_) => "OPEN",
    }
}

/// What stands in the column of the store in front: a word, `?` while it waits for a guess, `-` where there is no such lie.
pub fn here_word(row: &Row, lab: &TamperLab) -> &'static str {
    match (row.here(lab), row.lie(lab)) {
        (Some(verdict), _) => verdict.word(),
        (None, Some(_)) => "?",
        (None, None) => "-",
    }
}

fn summary(matrix: &Matrix) -> String {
    let count = |is: fn(&Row) -> bool| matrix.rows.iter().filter(|row| is(row)).count();
    format!(
        "{}: {} stopped, {} harmless, {} OPEN, {} of them with a fingerprint kept elsewhere too.",
        plural(matrix.rows.len(), "attack"),
        count(|row| matches!(row.whole, Whole::Stopped(_))),
        count(|row| matches!(row.whole, Whole::Harmless(_))),
        count(|row| matches!(row.whole, Whole::Open(_))),
        count(|row| row.anchored.as_deref() == Some("open")),
    )
}

/// The cell at a row and a column, in sentences.
pub fn says(row: usize, column: usize, lab: &TamperLab) -> String {
    let matrix = Matrix::known();
    let (Some(attack), Some(defence)) = (matrix.rows.get(row), matrix.columns.get(column)) else {
        return String::new();
    };
    let whole = match &attack.whole {
        Whole::Stopped(code) => format!("The engine refuses: {code}."),
        Whole::Harmless(words) => format!("{}.", capital(words)),
        Whole::Open(words) => format!("OPEN: {words}."),
    };
    let anchored = match attack.anchored.as_deref() {
        Some("open") => " A fingerprint kept elsewhere cannot tell it either.".to_owned(),
        Some(code) => format!(" A fingerprint kept elsewhere tells it: {code}."),
        None => String::new(),
    };
    let name = defence.to_string();
    let cell = match attack.cell(&name) {
        Cell::Needed => format!("Without `{name}` it gets through: this is what stops it."),
        Cell::NeededWith(other) => {
            format!("Without `{name}` it is still caught; with `{other}` out as well it gets through.")
        }
        Cell::Caught => format!("Without `{name}` it is still caught."),
        Cell::Open => format!("`{name}` does not stand in its way."),
        Cell::ByAnchor => format!("It is `{name}` that tells it from the fingerprint."),
        Cell::Harmless => format!("There is nothing that `{name}` would have to stop."),
    };
    let here = match here_word(attack, lab) {
        "-" => String::new(),
        "?" => " On this store: guess first, in the list of lies.".to_owned(),
        word => format!(" On this store now: {word}."),
    };
    let does = capital(&attack.does);
    format!("{does} ({}). {whole}{anchored} {cell} (`{name}`: {}){here}", attack.by, defence.guards())
}

impl MatrixFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = format!("{}\n", self.summary);
        for row in &self.rows {
            text.push_str(&format!("{} ({}): {}: {}", row.attack, row.by, row.whole, row.happens));
            if let Some(words) = &row.with_anchor {
                text.push_str(&format!("; with a fingerprint kept elsewhere {words}"));
            }
            if let Some(words) = &row.here {
                text.push_str(&format!("; on this store now {words}"));
            }
            let needed = |names: &[String]| names.join(", ");
            let pairs: Vec<String> = row.needs_one_of.iter().map(|[one, other]| format!("{one} or {other}")).collect();
            let words = match (row.needs.is_empty(), pairs.is_empty(), row.told_by.is_empty()) {
                (false, ..) => format!("; gets through without {}", needed(&row.needs)),
                (_, false, _) => format!("; needs {}", pairs.join(", and ")),
                (_, _, false) => format!("; told by {}", needed(&row.told_by)),
                _ => String::new(),
            };
            text.push_str(&format!("{words}\n"));
        }
        text
    }
}
