//! Questions about a case of the exam: what happened to it, what is lost of it. The answers are those of the exam.

use super::{Asked, Scene, Way};
use crate::exam::{Case, Cause, Happened, Loss};
use std::sync::Arc;

/// Answers that are offered.
const CHOICES: usize = 4;

fn case(scene: &Scene) -> Result<Arc<Case>, String> {
    scene.store.truth().ok_or_else(|| "this is asked of a store that begins with `case N of SEED`".to_owned())
}

/// What happened: beside the truth stand causes that `verify` says the same of, and others.
pub(super) fn cause(scene: &Scene) -> Result<Asked, String> {
    let case = case(scene)?;
    let Happened::Drawn(cause) = case.happened else { return Err("this case was not drawn".to_owned()) };
    let is_alike = |other: &Cause| other.codes() == cause.codes();
    let mut others: Vec<Cause> = Cause::ALL.into_iter().filter(|other| *other != cause).collect();
    // Which of them is chosen is different for each case, and always the same for one.
    let from = case.number * 5 % others.len();
    others.rotate_left(from);
    others.sort_by_key(|other| !is_alike(other));
    let mut choices: Vec<String> = others.iter().take(CHOICES - 1).map(|cause| cause.words().to_owned()).collect();
    let answer = case.number % CHOICES;
    choices.insert(answer, cause.words().to_owned());
    let why = format!("{} What to do: {}", cause.story(), cause.remedy());
    Ok(asked(scene, "What happened to this file?", choices, answer, why))
}

/// What is lost: what salvage makes of it, held against what was in it.
pub(super) fn lost(scene: &Scene) -> Result<Asked, String> {
    let case = case(scene)?;
    let truth = &case.truth;
    let some = match truth.loss {
        Loss::Records(count) => count,
        _ => truth.held.len() as u64 / 5 + 1,
    };
    let all = [Loss::Nothing, Loss::Records(some), Loss::Newest, Loss::Everything];
    let answer = all.iter().position(|loss| *loss == truth.loss).unwrap_or(0);
    let choices = all.iter().map(|loss| words(*loss)).collect();
    let why = match truth.loss {
        Loss::Newest => {
            format!("{} records are not as they were; nothing in these files tells that.", truth.lost.len())
        }
        _ => truth.salvage.join(" "),
    };
    Ok(asked(scene, "Which records are lost?", choices, answer, why))
}

fn words(loss: Loss) -> String {
    match loss {
        Loss::Nothing => "none: all can be saved".to_owned(),
        Loss::Records(1) => "one".to_owned(),
        Loss::Records(count) => format!("{count}, and it can be said which"),
        Loss::Newest => "those of the newest commits; how many, these files do not tell".to_owned(),
        Loss::Everything => "all of them".to_owned(),
    }
}

fn asked(scene: &Scene, text: &str, choices: Vec<String>, answer: usize, why: String) -> Asked {
    Asked { line: 0, text: text.to_owned(), way: Way::Choose { choices, answer }, why, event: scene.events.len() }
}
