//! Predict, then step: which question comes before the coming event.

use crate::model::{Model, Question};
use crate::predict;
use tosumu::trace::Event;
use tosumu::types::CommitNo;

/// The question to ask before the coming event, when it is one that is asked about. The cursor stands on the first answer.
pub(super) fn coming(model: &Model) -> Option<Question> {
    let timeline = model.timeline().filter(|timeline| model.at < timeline.len())?;
    let event = timeline.event(model.at);
    let question = match event {
        Event::LogReplayed { commit, .. } => Some(recovery(model, *commit)),
        _ => predict::question("separator", event, model.at),
    };
    question.map(|question| Question { chosen: Some(0), ..question })
}

/// Which commit will recovery find?
fn recovery(model: &Model, found: CommitNo) -> Question {
    let first = found.0.saturating_sub(1);
    Question {
        text: "Recovery has read the log. As which commit left it does the store come back?".to_owned(),
        choices: (first..first + 3).map(|commit| format!("commit {commit}")).collect(),
        answer: (found.0 - first) as usize,
        chosen: None,
        answered: false,
        event: model.at,
    }
}
