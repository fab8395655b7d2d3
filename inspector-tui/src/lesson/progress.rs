//! What is remembered of lessons: one small file that can be moved. Plain data; `runtime` and `cli` read and write it.

use super::format::Lesson;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const KIND: &str = "tosumu lessons";
const VERSION: u32 = 1;

/// What is remembered of all lessons.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// What this file is.
    kind: String,
    /// Its format.
    version: u32,
    /// By the name of the lesson.
    pub lessons: BTreeMap<String, Kept>,
}

/// What is remembered of one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The piece that was in front last, from 0.
    pub at: usize,
    /// Whether its tasks were all passed.
    pub done: bool,
    /// Questions that were answered right the first time.
    pub right: u32,
    /// Questions that were answered.
    pub asked: u32,
    /// The tasks that were passed, by their number from 1.
    pub tasks: BTreeMap<usize, Score>,
}

/// A task that was passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// How much it took of what it counts.
    pub used: u64,
    /// Syncs.
    pub syncs: u32,
    /// Writes to files.
    pub writes: u32,
    /// Bytes of those writes.
    pub bytes: u64,
    /// Whether the solution had been shown before.
    pub was_shown: bool,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { kind: KIND.to_owned(), version: VERSION, lessons: BTreeMap::new() }
    }
}

impl Progress {
    /// Reads a file; an error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Progress, String> {
        if text.trim().is_empty() {
            return Ok(Progress::default());
        }
        let progress: Progress = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match (progress.kind.as_str(), progress.version) {
            (KIND, VERSION) => Ok(progress),
            (KIND, version) => Err(format!("it is of version {version}; this program knows {VERSION}")),
            _ => Err(format!("its `kind` is not `{KIND}`")),
        }
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("invariant: progress is numbers and names") + "\n"
    }

    /// What is remembered of a lesson.
    pub fn of(&self, lesson: &Lesson) -> Kept {
        self.lessons.get(&lesson.slug).cloned().unwrap_or_default()
    }

    /// Remembers.
    pub fn keep(&mut self, lesson: &Lesson, kept: Kept) {
        self.lessons.insert(lesson.slug.clone(), kept);
    }

    /// A task was passed: the better score stays. Whether the lesson is done follows.
    pub fn passed(&mut self, lesson: &Lesson, task: usize, score: Score) {
        let kept = self.lessons.entry(lesson.slug.clone()).or_default();
        let better =
            |known: &Score| (score.was_shown, score.used, score.bytes) < (known.was_shown, known.used, known.bytes);
        if kept.tasks.get(&task).is_none_or(better) {
            kept.tasks.insert(task, score);
        }
        let is_task = |block: &&super::Block| matches!(block, super::Block::Task(_));
        kept.done = lesson.blocks.iter().filter(is_task).count() <= kept.tasks.len();
    }

    /// The mark of a lesson in a list: done, begun, or neither.
    pub fn mark(&self, lesson: &Lesson) -> &'static str {
        match self.lessons.get(&lesson.slug) {
            Some(kept) if kept.done => "done",
            Some(_) => "begun",
            None => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_as_it_was_written_and_a_strange_file_is_refused() {
        let mut progress = Progress::default();
        let lesson = crate::lesson::named("4").unwrap();
        progress.passed(lesson, 1, Score { used: 9, ..Score::default() });
        progress.passed(lesson, 1, Score { used: 7, ..Score::default() });
        progress.passed(lesson, 1, Score { used: 8, ..Score::default() });
        progress.passed(lesson, 1, Score { used: 1, was_shown: true, ..Score::default() });
        assert_eq!((progress.of(lesson).tasks[&1].used, progress.mark(lesson)), (7, "done"));
        assert_eq!(Progress::parse(&progress.to_text()), Ok(progress));
        assert_eq!(Progress::parse("\n"), Ok(Progress::default()));
        for (text, why) in [
            ("what", "expected"),
            ("{\"kind\":\"tosumu lessons\",\"version\":2,\"lessons\":{}}", "of version 2"),
            ("{\"kind\":\"else\",\"version\":1,\"lessons\":{}}", "kind"),
            ("{\"kind\":\"tosumu lessons\",\"version\":1,\"lessons\":{},\"more\":1}", "more"),
        ] {
            let said = Progress::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
