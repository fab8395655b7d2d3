//! A file of the gallery without its name, for who is to find out what happened to it: what is said of it before, and the
//! question with its answers.

use super::{Files, Fixture, Group, all, disk_of};
use std::path::Path;
use std::sync::Arc;
use tosumu::inspect::AtRest;
use tosumu::verify::VerifyOptions;
use tosumu::vfs::Vfs;
use tosumu::{Code, Error, Unlock};

/// Answers that are offered.
const CHOICES: usize = 4;

/// The question with what can be answered.
pub struct WhatHappened {
    /// What can be answered.
    pub choices: Vec<String>,
    /// The right one.
    pub answer: usize,
}

impl Group {
    /// The heading in one word, for the names of files.
    pub fn word(self) -> &'static str {
        match self {
            Group::Good => "sound",
            Group::Crash => "crash",
            Group::Rot => "rot",
            Group::Lies => "lie",
            Group::Rollback => "rollback",
            Group::Keys => "key",
            Group::Writer => "writer",
            Group::Strangers => "stranger",
        }
    }
}

impl Fixture {
    /// What it is called while its story is not told: its group and its number there, from 1.
    pub fn cover(&self) -> String {
        let before = all().iter().take_while(|other| other.name != self.name);
        let number = before.filter(|other| other.group == self.group).count() + 1;
        format!("{}-{number}", self.group.word())
    }

    /// What can be said of it without telling what happened to it.
    pub fn outline(&self) -> String {
        let kept = self.kept();
        let bytes = |name: &String| kept.get(name).map(Vec::len);
        let file = bytes(&self.file()).unwrap_or(0);
        let log = match bytes(&self.log()) {
            Some(log) => format!("beside it a log of {log}"),
            None => "no log beside it".to_owned(),
        };
        let told = [
            self.passphrase.as_ref().map(|_| "It is opened with a passphrase."),
            self.anchor.as_ref().map(|_| "It is held against a fingerprint that was kept elsewhere."),
            self.beside.as_ref().map(|_| "It is compared with another file."),
        ];
        let told: Vec<&str> = told.into_iter().flatten().collect();
        format!("A page file of {file} bytes, {log}. {}", told.join(" ")).trim_end().to_owned()
    }

    /// What happened, what is lost, what to do, and what it is called.
    pub fn revealed(&self) -> String {
        format!("{} Lost: {} What to do: {} It is called {}.", self.story, self.lost, self.remedy, self.name)
    }

    /// The same file under its cover.
    fn covered(&self) -> Fixture {
        Fixture { name: self.cover(), ..self.clone() }
    }

    fn disk_unnamed(&self) -> Arc<dyn Vfs> {
        let cover = self.cover();
        let renamed = |(name, bytes): (String, Vec<u8>)| (name.replacen(&self.name, &cover, 1), bytes);
        disk_of(&self.kept().into_iter().map(renamed).collect::<Files>())
    }

    /// As a file at rest that does not tell its name; without a key given, with its own.
    pub fn at_rest_unnamed(&self, unlock: Option<&Unlock>) -> Result<AtRest, Error> {
        let own = self.unlock();
        AtRest::open(self.disk_unnamed(), Path::new(&self.covered().file()), unlock.or(own.as_ref()))
    }

    /// What it is to be verified with, unnamed.
    pub fn verify_options_unnamed(&self) -> VerifyOptions {
        self.covered().options_on(&self.disk_unnamed())
    }

    /// What happened here? The wrong answers are what happened to others, whose first finding is another: a look can tell.
    pub fn what_happened(&self) -> WhatHappened {
        let here = all().iter().position(|other| other.name == self.name).unwrap_or(0);
        let mut near: Vec<(usize, usize, &Fixture)> = all()
            .iter()
            .enumerate()
            .filter(|(_, other)| other.first_code() != self.first_code() && other.happened() != self.happened())
            .map(|(at, other)| (usize::from(other.group != self.group), at.abs_diff(here), other))
            .collect();
        near.sort_by_key(|(elsewhere, distance, _)| (*elsewhere, *distance));
        let mut codes: Vec<Option<Code>> = Vec::new();
        let mut choices: Vec<String> = Vec::new();
        for (_, _, other) in near {
            if choices.len() < CHOICES - 1
                && !codes.contains(&other.first_code())
                && !choices.contains(&other.happened())
            {
                codes.push(other.first_code());
                choices.push(other.happened());
            }
        }
        let answer = here % (choices.len() + 1);
        choices.insert(answer, self.happened());
        WhatHappened { choices, answer }
    }

    fn first_code(&self) -> Option<Code> {
        self.findings.first().map(|finding| finding.code)
    }

    /// The first clause of its story.
    fn happened(&self) -> String {
        let clause = self.story.split([';', ':', '.']).next().unwrap_or_default();
        let clause = if clause.len() > CLAUSE_MAX { clause.split(',').next().unwrap_or_default() } else { clause };
        clause.trim().to_owned()
    }
}

/// The longest clause that is offered whole, in bytes.
const CLAUSE_MAX: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_said_before_the_guess_tells_the_name() {
        for fixture in all() {
            assert!(!fixture.outline().contains(&fixture.name), "{}", fixture.name);
            assert!(fixture.revealed().contains(&fixture.name));
            let opened = fixture.at_rest_unnamed(None).unwrap();
            assert_eq!(opened.name(), format!("{}.tsm", fixture.cover()));
            let report = tosumu::verify::verify(&opened, &fixture.verify_options_unnamed()).unwrap();
            assert_eq!(report.exit(), fixture.exit, "{}", fixture.name);
            let told = report.findings.iter().map(|finding| format!("{finding:?}")).collect::<String>();
            assert!(!told.contains(&fixture.name), "{}: {told}", fixture.name);
        }
        let mut covers: Vec<String> = all().iter().map(Fixture::cover).collect();
        covers.sort();
        covers.dedup();
        assert_eq!(covers.len(), all().len());
    }

    #[test]
    fn every_question_has_four_different_answers_and_the_right_one_is_what_happened() {
        let mut places = [0; CHOICES];
        for fixture in all() {
            let WhatHappened { choices, answer } = fixture.what_happened();
            let mut different = choices.clone();
            different.sort();
            different.dedup();
            assert_eq!(different.len(), CHOICES, "{}: {choices:?}", fixture.name);
            assert!(fixture.story.starts_with(&choices[answer]), "{}: {choices:?}", fixture.name);
            places[answer] += 1;
        }
        assert!(places.iter().all(|count| *count > 5), "{places:?}");
    }
}
