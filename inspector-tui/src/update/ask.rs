//! Predict, then step: which question comes before the coming event, and answers given by pointing at what they are about.

use crate::model::{Model, Point, Question};
use crate::predict;
use tosumu::format::node::NodeView;
use tosumu::types::PageNo;

/// The question to ask before the coming event, when it is one that is asked about. The cursor stands on the first answer.
pub(super) fn coming(model: &Model) -> Option<Question> {
    let question = predict::coming(model.timeline()?, &model.world, model.at)?;
    Some(Question { chosen: Some(0), ..question })
}

/// Shows on the screen what the answer under the cursor stands for.
pub(super) fn show_chosen(model: &mut Model) {
    let Some(question) = &model.predict.question else { return };
    let (page, key) = match question.chosen.and_then(|chosen| question.points.get(chosen)) {
        Some(Point::Page(page)) => (*page, None),
        Some(Point::Key(page, key)) => (*page, Some(key.clone())),
        Some(Point::Pages(_)) | None => return,
    };
    if model.world.page(page).is_none() {
        return;
    }
    model.page = Some(page);
    let plain = model.world.page(page).and_then(|page| page.plain);
    let node = plain.as_ref().and_then(|plain| NodeView::new(plain).ok());
    model.byte = key.zip(node).and_then(|(key, node)| node.search(&key).ok().map(|slot| node.cell_span(slot).start));
}

/// A page was pointed at: the answer that is this page; where answers are several pages, it is one more or one less of them.
pub(super) fn point_at(model: &mut Model, page: PageNo) {
    let Some(question) = model.predict.question.as_mut().filter(|question| !question.answered) else { return };
    if let Some(choice) = question.points.iter().position(|point| *point == Point::Page(page)) {
        return super::time::choose(model, choice);
    }
    if !question.pointed.remove(&page) {
        question.pointed.insert(page);
    }
    let pointed = Point::Pages(question.pointed.clone());
    if let Some(choice) = question.points.iter().position(|point| *point == pointed) {
        question.chosen = Some(choice);
    }
}
