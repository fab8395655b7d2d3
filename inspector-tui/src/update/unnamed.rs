//! What happened to the file of the gallery in front: first it is looked at, then it is asked, then told.

use super::note;
use crate::model::{Model, Question};
use std::collections::BTreeSet;

/// The file was opened: nothing of it is told yet.
pub(super) fn opened(model: &mut Model) {
    let Some(at) = model.unnamed() else { return };
    note(
        model,
        match model.home.told.contains(&at) {
            true => "What happened here? You were told: Q tells it again.",
            false => "What happened here? Look round; when you think you know, press Q.",
        },
    );
}

/// Asks; when it was told, tells it again.
pub(super) fn ask(model: &mut Model) {
    let Some(at) = model.unnamed() else { return };
    let Some(fixture) = model.gallery().get(at) else { return };
    let asked = fixture.what_happened();
    let told = model.home.told.contains(&at);
    model.predict.question = Some(Question {
        text: "What happened here?".to_owned(),
        choices: asked.choices,
        answer: asked.answer,
        chosen: Some(if told { asked.answer } else { 0 }),
        answered: told,
        why: fixture.revealed(),
        event: 0,
        points: Vec::new(),
        pointed: BTreeSet::new(),
    });
}

/// It was answered: the list names the file from now on.
pub(super) fn answered(model: &mut Model) {
    if let Some(at) = model.unnamed() {
        model.home.told.insert(at);
    }
}
