//! Questions about an event before it is shown. The answer is computed from the event itself, so it is right on anybody's data.

use crate::model::Question;
use std::collections::BTreeSet;
use tosumu::format::node::NodeView;
use tosumu::trace::{Event, PageImage};

/// Most choices of a question: one digit, one glance.
const CHOICES_MAX: usize = 6;

/// What is asked of `event`, the one numbered `index` in its timeline: `separator` (which key goes up) or `moved` (how many
/// records leave) of a page split. None when that cannot be asked of it.
pub fn question(ask: &str, event: &Event, index: usize) -> Option<Question> {
    let Event::PageSplit { page, level, new_page, moved, separator, after, .. } = event else { return None };
    let things = if *level == 0 { "records" } else { "children" };
    let (text, all, answer) = match ask {
        "separator" => {
            let text = format!("Page {page} is about to split. Which key goes up, to tell it from page {new_page}?");
            let keys = keys_around(after, separator);
            let answer = keys.iter().position(|key| **key == **separator)?;
            (text, keys.iter().map(|key| tosumu::escape::escape(key)).collect(), answer)
        }
        "moved" => {
            let text = format!("Page {page} is about to split. How many of its {things} move to page {new_page}?");
            let count = after.iter().map(|image| NodeView::trusted(&image.plain).slot_count()).sum::<usize>();
            (text, (0..=count).map(|count| count.to_string()).collect::<Vec<_>>(), moved.len())
        }
        _ => return None,
    };
    let (choices, answer) = window(all, answer);
    Some(Question { text, choices, answer, chosen: None, answered: false, event: index })
}

/// The keys of both halves, and the separator, which may be the key of the new record.
fn keys_around(after: &[PageImage], separator: &[u8]) -> Vec<Vec<u8>> {
    let keys_of = |image: &PageImage| {
        let node = NodeView::trusted(&image.plain);
        (0..node.slot_count()).map(|slot| node.key(slot).to_vec()).filter(|key| !key.is_empty()).collect::<Vec<_>>()
    };
    let keys: BTreeSet<Vec<u8>> = after.iter().flat_map(keys_of).chain([separator.to_vec()]).collect();
    keys.into_iter().collect()
}

/// At most [`CHOICES_MAX`] neighbours of the answer. Where the answer stands among them tells nothing.
fn window(all: Vec<String>, answer: usize) -> (Vec<String>, usize) {
    if all.len() <= CHOICES_MAX {
        return (all, answer);
    }
    let start = (answer - answer % CHOICES_MAX).min(all.len() - CHOICES_MAX);
    (all[start..start + CHOICES_MAX].to_vec(), answer - start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tosumu::script::{Runner, RunnerOptions};

    fn split(lines: &[&str]) -> (Event, usize) {
        let mut runner = Runner::new(RunnerOptions::default());
        lines.iter().for_each(|line| assert!(!runner.run_line(line).failed, "{line}"));
        let events = runner.recorder().events_from(0);
        let index = events.iter().position(|event| matches!(**event, Event::PageSplit { .. })).unwrap();
        ((*events[index]).clone(), index)
    }

    #[test]
    fn the_answer_is_the_key_that_goes_up() {
        let (event, index) = split(&[
            "fill 5 ascending value 60",
            "put k0002x in between, and of sixty bytes or so .....................",
        ]);
        let Event::PageSplit { separator, .. } = &event else { unreachable!() };
        let question = question("separator", &event, index).unwrap();
        assert_eq!(question.choices[question.answer], separator.to_string());
        assert!(question.choices.len() > 1 && question.event == index);
    }

    #[test]
    fn the_answer_is_how_many_records_move() {
        let (event, index) = split(&["fill 30 ascending value 20"]);
        let Event::PageSplit { moved, .. } = &event else { unreachable!() };
        let question = question("moved", &event, index).unwrap();
        assert_eq!(question.choices[question.answer], moved.len().to_string());
        assert!(question.choices.len() <= CHOICES_MAX);
    }

    #[test]
    fn other_events_and_other_questions_are_not_asked() {
        let (event, index) = split(&["fill 30 ascending value 20"]);
        assert!(question("weather", &event, index).is_none());
        assert!(question("separator", &Event::HandleDropped, 0).is_none());
    }
}
