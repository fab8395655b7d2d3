//! Predict, then step: which question comes before the coming event.

use crate::model::{Model, Question};
use crate::predict;

/// The question to ask before the coming event, when it is one that is asked about. The cursor stands on the first answer.
pub(super) fn coming(model: &Model) -> Option<Question> {
    let question = predict::coming(model.timeline()?, &model.world, model.at)?;
    Some(Question { chosen: Some(0), ..question })
}
