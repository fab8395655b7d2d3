//! `tosumu learn new NAME`: the skeleton of a lesson, which parses and passes `--check` as it is.

use super::super::common::{Failure, Outcome, Output, Status};
use std::fs::OpenOptions;
use std::io::Write;

const SKELETON: &str = include_str!("../../../../tutorials/skeleton.txt");

/// Writes `NN-name.md` into the folder one stands in; a file of that name stays.
pub fn write(name: &str) -> Outcome {
    let stem = name.strip_suffix(".md").unwrap_or(name);
    let (number, slug) = match stem.split_once('-') {
        Some((number, slug)) if is_number(number) && !slug.is_empty() => (number.to_owned(), slug),
        _ => ("99".to_owned(), stem),
    };
    let is_plain = slug.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if !is_plain || slug.is_empty() {
        return Err(Failure::misuse("a lesson is called by small letters, digits and dashes: `16-my-lesson`"));
    }
    let file = format!("{number}-{slug}.md");
    let text = skeleton(&number, slug);
    let opened = OpenOptions::new().write(true).create_new(true).open(&file);
    opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(|source| Failure::io(&file, source))?;
    let mut output = Output::new();
    output.line(format!("{file} is a lesson already: `tosumu learn --check {file}`, then `tosumu learn {file}`."))?;
    output.line("Make it yours; tutorials/AUTHORING.md says how.")?;
    output.finish()?;
    Ok(Status::Done)
}

fn is_number(word: &str) -> bool {
    let digits = word.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    word.len() - digits.len() < 2 && !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_digit())
}

/// The skeleton of a lesson of this number and name.
fn skeleton(number: &str, slug: &str) -> String {
    let words = slug.replace('-', " ");
    let mut letters = words.chars();
    let title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let number = number.trim_start_matches('0');
    let number = if number.is_empty() { "0" } else { number };
    SKELETON.replace("NUMBER", number).replace("TITLE", &title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{Lesson, advice, check};

    #[test]
    fn the_skeleton_is_a_lesson_that_passes() {
        let text = skeleton("16", "my-lesson");
        let lesson = Lesson::parse("16-my-lesson.md", &text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(lesson.title, "My lesson");
        let checked = check(&lesson).unwrap_or_else(|error| panic!("{error}"));
        assert!(checked.predictions > 1 && checked.tasks == 1, "{checked:?}");
        assert_eq!(advice(&lesson), []);
    }
}
