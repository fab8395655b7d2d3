//! No colour says anything alone: wherever a line of a view has the same words, signs and weight, it has the same colours. What a
//! colour tells, the words beside it tell too, so that without colours nothing is lost.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use std::collections::BTreeMap;
use tosumu_inspector::describe::Subject;
use tosumu_inspector::gallery;
use tosumu_inspector::model::{Model, View};
use tosumu_inspector::recorded;
use tosumu_inspector::view;
use tosumu_inspector::widget::Theme;

const SIZE: (u16, u16) = (80, 24);

/// What a line says without colour: its signs, and which of them stand out.
type Said = (String, String, Vec<u16>);

#[derive(Default)]
struct Seen {
    lines: BTreeMap<Said, (Vec<Color>, String)>,
    wrong: Vec<String>,
}

impl Seen {
    /// Every view of the model, line by line.
    fn look_at(&mut self, model: &mut Model, place: &str) {
        for (word, subject) in Subject::ALL {
            // What of a page's life is to come stands below the `>` of the present, and is quiet beside.
            let to_come = subject == Subject::Life && model.timeline().is_some_and(|line| model.at < line.len());
            let Some(shown) = View::named(word).filter(|_| !to_come) else { continue };
            model.view = shown;
            let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
            view::draw_alone(model, subject, &mut buffer);
            let mut above = String::new();
            for y in 0..SIZE.1 {
                let cells: Vec<_> = (0..SIZE.0).map(|x| &buffer[(x, y)]).collect();
                let text: String = cells.iter().map(|cell| cell.symbol()).collect();
                let weight = cells.iter().map(|cell| cell.modifier.bits()).collect();
                // The colour of nothing is nothing.
                let colour = |cell: &&ratatui::buffer::Cell| if cell.symbol() == " " { Color::Reset } else { cell.fg };
                let colours: Vec<Color> = cells.iter().map(colour).collect();
                // What goes on from the line above belongs to its words.
                let goes_on = text.starts_with("│        ");
                let whole = if goes_on { format!("{above}{text}") } else { text.clone() };
                above = text;
                let said = (word.to_owned(), whole, weight);
                let (before, first) = self.lines.entry(said.clone()).or_insert((colours.clone(), place.to_owned()));
                if *before != colours {
                    let at = before.iter().zip(&colours).position(|(one, other)| one != other).unwrap_or(0);
                    let (text, old, new) = (said.1.trim_end(), before[at], colours[at]);
                    self.wrong.push(format!("{word}, column {at}: {old} at {first}, {new} at {place}\n{text}"));
                }
            }
        }
    }
}

#[test]
fn a_line_of_a_view_has_the_same_colours_wherever_it_says_the_same() {
    let mut seen = Seen::default();
    let lines =
        ["put m 13", "del d", "tree notes create", "tree notes put a b", "checkpoint", "crash", "reopen", "verify"];
    let runner = recorded::sample_store(&lines);
    let mut model = recorded::lab(&runner, recorded::SAMPLE_TITLE);
    (model.size, model.style.theme) = (SIZE, Theme::dark());
    let last = model.at;
    for at in (last.saturating_sub(200)..=last).step_by(3) {
        recorded::seek(&mut model, at);
        seen.look_at(&mut model, &format!("event {at}"));
    }
    for fixture in gallery::all() {
        let Ok(file) = fixture.at_rest() else { continue };
        let Ok(mut model) = recorded::model_of(&file) else { continue };
        (model.size, model.style.theme) = (SIZE, Theme::dark());
        seen.look_at(&mut model, &fixture.name);
    }
    assert!(seen.lines.len() > 500);
    assert!(seen.wrong.is_empty(), "{} lines:\n{}", seen.wrong.len(), seen.wrong.join("\n"));
}
