//! Playing lessons without anybody: what is claimed must be so. And advice to whoever writes one.

use super::format::{Ask, Block, Lesson, LessonError, Predict, Task};
use super::play::{PlayError, attempt, play};
use super::store::Store;
use crate::look;
use std::collections::BTreeSet;

/// What a headless play went through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Script blocks run.
    pub scripts: usize,
    /// Predictions whose answer was computed.
    pub predictions: usize,
    /// Views looked at.
    pub looks: usize,
    /// Tasks whose reference solution passed and whose wrong ones did not.
    pub tasks: usize,
    /// Questions with a folded answer.
    pub folds: usize,
}

/// Plays a lesson without anybody: every script must run, every question must have its answer, every view must be there, every
/// reference solution must pass within its par, and every wrong one must not.
pub fn check(lesson: &Lesson) -> Result<Checked, LessonError> {
    let error = |line, why: String| LessonError { file: lesson.file.clone(), line, why };
    check_front(lesson)?;
    let mut store = Store::empty(lesson.page_size);
    let mut before: Vec<String> = Vec::new();
    let mut runner = store.runner();
    let mut first = 0;
    let mut pending: Vec<Predict> = Vec::new();
    let mut checked = Checked::default();
    for block in &lesson.blocks {
        if !matches!(block, Block::Script(_) | Block::Predict(_)) {
            answer_now(&store, &before, &mut pending, &mut checked).map_err(|(line, why)| error(line, why))?;
        }
        match block {
            Block::Prose(_) => {}
            Block::Fold(fold) => {
                if fold.answer.trim().is_empty() {
                    return Err(error(fold.number, "this question has no answer under it".to_owned()));
                }
                checked.folds += 1;
            }
            Block::Look(looks) => {
                for look in looks {
                    look::text(&runner, first, look).map_err(|why| error(look.number, why))?;
                    checked.looks += 1;
                }
            }
            Block::Predict(predict) => pending.push(predict.clone()),
            Block::Script(script) => {
                if let Some(begun) = &script.store {
                    (store, before) = (begun.clone(), Vec::new());
                }
                let played = play(&store, &before, &script.lines, &pending)
                    .map_err(|PlayError { line, why }| error(line, why))?;
                checked.predictions += pending.drain(..).count();
                checked.scripts += 1;
                before.extend(script.lines.iter().map(|line| line.text.clone()));
                (runner, first) = (played.runner, played.first);
            }
            Block::Task(task) => {
                check_task(task).map_err(|why| error(task.number, why))?;
                checked.tasks += 1;
            }
        }
    }
    answer_now(&store, &before, &mut pending, &mut checked).map_err(|(line, why)| error(line, why))?;
    Ok(checked)
}

/// Questions with no script behind them are about the store as it stands.
fn answer_now(
    store: &Store,
    before: &[String],
    pending: &mut Vec<Predict>,
    checked: &mut Checked,
) -> Result<(), (usize, String)> {
    for predict in pending.drain(..) {
        if !matches!(predict.ask, Ask::Point { .. } | Ask::Choice { .. } | Ask::Cause | Ask::Lost) {
            let why = "this question is about what a script does: a script block stands behind it";
            return Err((predict.number, why.to_owned()));
        }
        let number = predict.number;
        play(store, before, &[], &[predict]).map_err(|PlayError { why, .. }| (number, why))?;
        checked.predictions += 1;
    }
    Ok(())
}

fn check_front(lesson: &Lesson) -> Result<(), LessonError> {
    let error = |line, why: String| Err(LessonError { file: lesson.file.clone(), line, why });
    let file_number = lesson.file.split('-').next().unwrap_or_default().trim_start_matches('0');
    if file_number != lesson.number || lesson.slug.is_empty() {
        return error(1, format!("lesson {} stands in a file called `NN-title.md` with its own number", lesson.number));
    }
    let heading = lesson.blocks.iter().find_map(|block| match block {
        Block::Prose(prose) => Some((prose.number, prose.heading())),
        _ => None,
    });
    match heading {
        Some((_, Some((1, words)))) if words == lesson.title => Ok(()),
        Some((line, _)) => error(line, format!("the text begins with its title as a heading: `# {}`", lesson.title)),
        None => error(0, format!("the lesson has no text; it begins with its title: `# {}`", lesson.title)),
    }
}

fn check_task(task: &Task) -> Result<(), String> {
    let nothing = attempt(task, &[]);
    if nothing.passes() {
        return Err("the task is done before anything was done".to_owned());
    }
    for word in task.solution.iter().filter_map(|line| line.split_whitespace().next()) {
        if task.forbid.iter().any(|forbidden| forbidden == word) {
            return Err(format!("the reference solution uses `{word}`, which is forbidden"));
        }
    }
    let solved = attempt(task, &task.solution);
    if !solved.passes() {
        let failed = solved.failed.as_ref().map_or(String::new(), |failed| format!("; {failed}"));
        return Err(format!("the reference solution does not pass: {}{failed}", solved.first_missing(task)));
    }
    if task.par.is_some_and(|par| solved.used > par) {
        return Err(format!("the reference solution takes {}, over its own par", solved.used));
    }
    for (index, wrong) in task.wrong.iter().enumerate() {
        if attempt(task, wrong).passes() {
            return Err(format!("wrong solution {} passes", index + 1));
        }
    }
    Ok(())
}

/// What is wrong between lessons that stand side by side: numbers, names, what they build on, links from one to another.
pub fn check_set(lessons: &[&Lesson]) -> Vec<LessonError> {
    let mut errors = Vec::new();
    let (mut numbers, mut slugs) = (BTreeSet::new(), BTreeSet::new());
    for lesson in lessons {
        let mut error = |line, why: String| errors.push(LessonError { file: lesson.file.clone(), line, why });
        if !numbers.insert(lesson.number.as_str()) || !slugs.insert(lesson.slug.as_str()) {
            error(1, format!("there is another lesson {} or another `{}`", lesson.number, lesson.slug));
        }
        for need in lesson.needs.iter().filter(|need| order_of(need) >= order_of(&lesson.number)) {
            error(1, format!("lesson {} cannot build on lesson {need}", lesson.number));
        }
    }
    for lesson in lessons {
        for (line, target) in links(lesson) {
            if !lessons.iter().any(|known| known.file == target) && target != "AUTHORING.md" {
                let why = format!("there is no lesson `{target}` to link to");
                errors.push(LessonError { file: lesson.file.clone(), line, why });
            }
        }
    }
    errors
}

/// Numbers come before letters: 2, 10, E1.
fn order_of(number: &str) -> (bool, u32, String) {
    let value = number.parse::<u32>();
    (value.is_err(), value.unwrap_or(0), number.to_owned())
}

/// Links to files beside this one, with the line where their block begins.
fn links(lesson: &Lesson) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for block in &lesson.blocks {
        let (line, text) = match block {
            Block::Prose(prose) => (prose.number, &prose.text),
            Block::Fold(fold) => (fold.number, &fold.answer),
            _ => continue,
        };
        for part in text.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default().split('#').next().unwrap_or_default();
            if target.ends_with(".md") && !target.contains('/') {
                found.push((line, target.to_owned()));
            }
        }
    }
    found
}

/// Most words before the first thing that happens.
const WORDS_BEFORE_HANDS: usize = 220;
/// Most words of a paragraph.
const PARAGRAPH_WORDS: usize = 110;
/// Fewest questions at the end.
const FOLDS_MIN: usize = 2;
/// Headings that every lesson has.
const HEADINGS: [(&str, &str); 3] = [
    ("Now in 4 KiB", "the same event in a page of ordinary size"),
    ("What passing does not prove", "the limits of what was learnt"),
    ("Sources", "where the facts are from"),
];

/// The line of the reference solution behind which the task passes already, when others follow it.
fn passes_early(task: &Task) -> Option<&str> {
    let before_the_last = 1..task.solution.len();
    let early = before_the_last.into_iter().find(|&count| attempt(task, &task.solution[..count]).passes())?;
    Some(&task.solution[early - 1])
}

/// What would make a lesson better: nothing of this is wrong.
pub fn advice(lesson: &Lesson) -> Vec<LessonError> {
    let mut advice = Vec::new();
    let mut say = |line, why: String| advice.push(LessonError { file: lesson.file.clone(), line, why });
    let count = |is: fn(&Block) -> bool| lesson.blocks.iter().filter(|block| is(block)).count();
    if count(|block| matches!(block, Block::Predict(_))) == 0 {
        say(0, "it has no predict block: who predicts remembers".to_owned());
    }
    if count(|block| matches!(block, Block::Task(_))) == 0 {
        say(0, "it has no task block: who does remembers more".to_owned());
    }
    if count(|block| matches!(block, Block::Fold(_))) < FOLDS_MIN {
        say(0, format!("it ends without {FOLDS_MIN} questions whose answers are folded away"));
    }
    let mut words = 0;
    for block in &lesson.blocks {
        let Block::Prose(prose) = block else { break };
        words += prose.text.split_whitespace().count();
    }
    if words > WORDS_BEFORE_HANDS {
        say(0, format!("{words} words stand before the first block that does something: begin sooner"));
    }
    let prose = || {
        lesson.blocks.iter().filter_map(|block| match block {
            Block::Prose(prose) => Some(prose),
            _ => None,
        })
    };
    for task in lesson.blocks.iter().filter_map(|block| match block {
        Block::Task(task) => Some(task),
        _ => None,
    }) {
        if let Some(line) = passes_early(task) {
            say(task.number, format!("the task passes before the end of its solution, behind `{line}` already"));
        }
    }
    for (heading, what) in HEADINGS {
        let is = |prose: &super::format::Prose| prose.heading().is_some_and(|(_, words)| words == heading);
        if !prose().any(is) {
            say(0, format!("it has no heading `## {heading}`: {what}"));
        }
    }
    for prose in prose() {
        for paragraph in prose.text.split("\n\n") {
            let words = paragraph.split_whitespace().count();
            let is_list = paragraph.trim_start().starts_with(['-', '|', '`']);
            if words > PARAGRAPH_WORDS && !is_list {
                let opening: Vec<&str> = paragraph.split_whitespace().take(6).collect();
                say(
                    prose.number,
                    format!("the paragraph `{} …` has {words} words: one idea at a time", opening.join(" ")),
                );
            }
        }
    }
    advice
}
