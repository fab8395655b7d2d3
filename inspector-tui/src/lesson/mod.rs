//! Lessons: Markdown files that read well by themselves, and that the engine plays.
//!
//! `format` says what a lesson is made of, `parse` reads one, `store` makes what it begins with, `play` runs it, `ask` computes
//! the answers to its questions, `check` plays it without anybody, `player` is where somebody stands in one, `progress` what is
//! remembered, `prose` its text as lines, `print` a page for class. None of these knows a screen or a file.

mod ask;
mod check;
mod format;
mod parse;
mod play;
mod player;
mod print;
mod progress;
mod prose;
mod store;

pub use ask::{Asked, Given, Way};
pub use check::{Checked, advice, check, check_set};
pub use format::{
    Ask, At, Block, Check, Count, Fold, Lesson, LessonError, Look, PageForm, Place, Predict, Prose, Script, ScriptLine,
    Task,
};
pub use parse::LESSON_BYTES_MAX;
pub use play::{Attempt, PlayError, Played, attempt, missing, play, receipt, refusal, score_text, used};
pub use player::{Entry, Open, Player, Shelf, Standing, Tried, Waiting};
pub use print::to_html;
pub use progress::{Kept, Progress, Score};
pub use prose::{Ink, Line, lines as prose_lines, said};
pub use store::Store;

use std::sync::LazyLock;

/// Every lesson of `tutorials/`, compiled in: file name and text.
pub const FILES: &[(&str, &str)] = &[
    ("01-a-file-made-of-pages.md", include_str!("../../../tutorials/01-a-file-made-of-pages.md")),
    ("02-the-slotted-page.md", include_str!("../../../tutorials/02-the-slotted-page.md")),
    ("03-finding-a-key.md", include_str!("../../../tutorials/03-finding-a-key.md")),
    ("04-the-split.md", include_str!("../../../tutorials/04-the-split.md")),
    ("05-order-matters.md", include_str!("../../../tutorials/05-order-matters.md")),
    ("06-delete-merge-borrow.md", include_str!("../../../tutorials/06-delete-merge-borrow.md")),
    ("07-values-that-dont-fit.md", include_str!("../../../tutorials/07-values-that-dont-fit.md")),
    ("08-the-write-ahead-log.md", include_str!("../../../tutorials/08-the-write-ahead-log.md")),
    ("09-checkpoint-and-recovery.md", include_str!("../../../tutorials/09-checkpoint-and-recovery.md")),
    ("10-pull-the-plug.md", include_str!("../../../tutorials/10-pull-the-plug.md")),
    ("11-sealed-pages.md", include_str!("../../../tutorials/11-sealed-pages.md")),
    ("12-the-chain-of-trust.md", include_str!("../../../tutorials/12-the-chain-of-trust.md")),
    ("13-keys-about-keys.md", include_str!("../../../tutorials/13-keys-about-keys.md")),
    ("14-many-readers-one-writer.md", include_str!("../../../tutorials/14-many-readers-one-writer.md")),
    ("15-forensics.md", include_str!("../../../tutorials/15-forensics.md")),
    ("E1-the-embedders-hour.md", include_str!("../../../tutorials/E1-the-embedders-hour.md")),
    ("E2-build-a-fixture.md", include_str!("../../../tutorials/E2-build-a-fixture.md")),
];

/// All lessons, in the order of their numbers. They are parsed by a test, so none is left out for a mistake in it.
pub fn all() -> &'static [Lesson] {
    static ALL: LazyLock<Vec<Lesson>> =
        LazyLock::new(|| FILES.iter().filter_map(|(name, text)| Lesson::parse(name, text).ok()).collect());
    &ALL
}

/// The lesson called `4`, `04` or `the-split`.
pub fn named(name: &str) -> Option<&'static Lesson> {
    let number = name.trim_start_matches('0');
    all().iter().find(|lesson| lesson.slug == name || lesson.number.eq_ignore_ascii_case(number))
}

/// The lesson that comes next.
pub fn next(lesson: &Lesson) -> Option<&'static Lesson> {
    let at = all().iter().position(|known| known.file == lesson.file)?;
    all().get(at + 1)
}

/// Lessons in whose title, chapter, name or text `word` occurs, whatever the case of its letters.
pub fn search(word: &str) -> Vec<&'static Lesson> {
    let word = word.to_lowercase();
    let text = |lesson: &Lesson| FILES.iter().find(|(file, _)| *file == lesson.file).map_or("", |(_, text)| *text);
    all().iter().filter(|lesson| text(lesson).to_lowercase().contains(&word) || lesson.slug.contains(&word)).collect()
}

#[cfg(test)]
mod tests;
