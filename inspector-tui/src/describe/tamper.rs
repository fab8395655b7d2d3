//! What the tamper lab says: each lie that can be told about this store, what was guessed, and what came of it.

use super::plural;
use crate::labs::tamper::{Answers, Lie, Verdict};
use crate::model::Model;
use schemars::JsonSchema;
use serde::Serialize;

/// The tamper lab.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct TamperFacts {
    /// The lies.
    pub lies: Vec<LieFacts>,
    /// Right guesses.
    pub right: usize,
    /// Guesses.
    pub guessed: usize,
    /// What the whole says.
    pub summary: String,
    /// The matrix of attacks and defences, while it is in front.
    pub matrix: Option<super::matrix::MatrixFacts>,
}

/// A lie.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct LieFacts {
    /// What is done.
    pub does: String,
    /// How it is typed; empty when the script language has no words for it.
    pub lines: Vec<String>,
    /// What was guessed, when it was.
    pub guess: Option<String>,
    /// What came of it; none while it waits for a guess.
    pub told: Option<ToldFacts>,
}

/// What came of a lie.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct ToldFacts {
    /// In a word: refused, harmless, OLD STATE, OPEN.
    pub verdict: String,
    /// What the owner is answered: a code, `right`, `an older state`, `WRONG`.
    pub owner: String,
    /// The code of `verify` at level deep; `nothing` when it finds nothing worse than info.
    pub verify: String,
    /// The same with a fingerprint kept elsewhere.
    pub anchored: String,
}

/// The lies of `model`.
pub fn tamper(model: &Model) -> TamperFacts {
    let lab = &model.labs.tamper;
    let lies = lab.lies.iter().enumerate().map(|(row, lie)| LieFacts {
        does: lie.does.clone(),
        lines: lie.lines.clone(),
        guess: lab.guess(row).map(|guess| guess.word().to_owned()),
        told: lab.is_told(row).then(|| told(lie)),
    });
    TamperFacts {
        lies: lies.collect(),
        right: lab.right(),
        guessed: lab.guessed(),
        summary: summary(model),
        matrix: lab.matrix.map(|_| super::matrix::matrix(lab)),
    }
}

/// What came of a lie.
pub fn told(lie: &Lie) -> ToldFacts {
    let owner = match &lie.answers {
        Answers::Refused(code) => code.clone(),
        Answers::Right => "right".to_owned(),
        Answers::Older => "an older state".to_owned(),
        Answers::Wrong => "WRONG".to_owned(),
    };
    let found = |code: &Option<String>| code.clone().unwrap_or_else(|| "nothing".to_owned());
    ToldFacts {
        verdict: lie.verdict().word().to_owned(),
        owner,
        verify: found(&lie.verify),
        anchored: found(&lie.anchored),
    }
}

fn summary(model: &Model) -> String {
    let lab = &model.labs.tamper;
    if lab.lies.is_empty() {
        return match &model.busy {
            Some(busy) => format!("{busy}."),
            None => "No lie was told: that needs a store that opens as it stands and has something committed. `u` takes back \
                     what was done to it; at an instant before the damage, A tells them all."
                .to_owned(),
        };
    }
    let score = match lab.guessed() {
        0 => String::new(),
        guessed => format!(" {} of {guessed} guessed right.", lab.right()),
    };
    let hidden = (0..lab.lies.len()).filter(|row| !lab.is_told(*row)).count();
    if hidden > 0 {
        return format!("{} told to a copy; {hidden} wait for your guess.{score}", plural(lab.lies.len(), "lie"));
    }
    let count = |verdict: Verdict| lab.lies.iter().filter(|lie| lie.verdict() == verdict).count();
    let [refused, harmless, anchored, open] = Verdict::ALL.map(count);
    format!(
        "{}: {refused} refused, {harmless} harmless, {anchored} told by a fingerprint alone, {open} open.{score}",
        plural(lab.lies.len(), "lie")
    )
}

/// The lie under the cursor: the question, or what came of it.
pub fn says(model: &Model) -> String {
    let lab = &model.labs.tamper;
    let Some(lie) = lab.lies.get(lab.row) else { return String::new() };
    let typed = match lie.lines[..] {
        [] => String::new(),
        _ => format!(" `{}`.", lie.lines.join("`, then `")),
    };
    let told = told(lie);
    let guess = match lab.guess(lab.row) {
        Some(guess) if guess == lie.verdict() => " You guessed right.".to_owned(),
        Some(guess) => format!(" You guessed: {}.", guess.words()),
        None => String::new(),
    };
    let owner = match &lie.answers {
        Answers::Refused(code) => format!("Its owner is refused with {code}"),
        Answers::Right => "Its owner is answered right all the same".to_owned(),
        Answers::Older => {
            "Its owner is answered as at an earlier commit, and nothing inside the files can tell".to_owned()
        }
        Answers::Wrong => "Its owner is answered WRONG: a defect of the engine".to_owned(),
    };
    format!(
        "{}:{typed} {owner}. `verify` says {}; with a fingerprint kept elsewhere it says {}.{guess}",
        capital(&lie.does),
        told.verify,
        told.anchored
    )
}

/// A sentence's first letter.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

impl TamperFacts {
    pub(super) fn plain(&self) -> String {
        if let Some(matrix) = &self.matrix {
            return matrix.plain();
        }
        let mut text = format!("{}\n", self.summary);
        for lie in &self.lies {
            text.push_str(&capital(&lie.does));
            if !lie.lines.is_empty() {
                text.push_str(&format!(" ({})", lie.lines.join("; ")));
            }
            match &lie.told {
                None => text.push_str(": what will come of it?\n"),
                Some(told) => text.push_str(&format!(
                    ": {}. Owner: {}. verify: {}. With a fingerprint: {}.\n",
                    told.verdict, told.owner, told.verify, told.anchored
                )),
            }
        }
        text
    }
}
