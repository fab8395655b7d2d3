//! Lessons: a Markdown file that reads well by itself, and that the engine plays.
//!
//! Four kinds of fenced blocks are more than prose. `script` is run; `predict` asks about an event that the next script
//! brings; `look` shows a view; `task` sets a goal that is checked on the store. Answers are computed from the events, never
//! written by hand. `parse` reads the file, `play` runs it, by a person or headless.

mod parse;
mod play;

pub use parse::{Block, Lesson, LessonError, Look, Predict, ScriptLine, Task};
pub use play::{Checked, Stage, asked, check, counted, task_receipt};

/// Every lesson of `tutorials/`, compiled in: file name and text.
pub const FILES: &[(&str, &str)] = &[("04-the-split.md", include_str!("../../../tutorials/04-the-split.md"))];

/// All lessons, in the order of their numbers. They are parsed by a test, so none is left out for a mistake in it.
pub fn all() -> Vec<Lesson> {
    FILES.iter().filter_map(|(name, text)| Lesson::parse(name, text).ok()).collect()
}

/// The lesson called `4`, `04` or `the-split`.
pub fn named(name: &str) -> Option<Lesson> {
    let number = name.trim_start_matches('0');
    all().into_iter().find(|lesson| lesson.slug == name || lesson.number == number)
}

#[cfg(test)]
mod tests;
