//! What the home screen says: what there is to begin with.

use crate::gallery::Fixture;
use crate::lesson::{self, Lesson};
use crate::model::{HomeItem, Model};
use schemars::JsonSchema;
use serde::Serialize;

/// Something to begin with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct HomeItemFacts {
    /// Its name.
    pub name: String,
    /// What it is; of a file of the gallery what happened to it, once that was told.
    pub story: String,
    /// Of a file of the gallery, what sort of thing happened to it: the heading over it and its neighbours.
    pub group: Option<String>,
}

/// The home screen.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct HomeFacts {
    /// What can be chosen.
    pub items: Vec<HomeItemFacts>,
    /// The damaged files, while the gallery is open.
    pub gallery: Vec<HomeItemFacts>,
    /// The lessons, while their list is open.
    pub lessons: Vec<HomeItemFacts>,
}

/// The home screen of `model`.
pub fn home(model: &Model) -> HomeFacts {
    let kept = |(at, entry): (usize, &Fixture)| {
        let (name, story) = match model.home.told.contains(&at) {
            true => (entry.name.clone(), entry.revealed()),
            false => (entry.cover(), entry.outline()),
        };
        HomeItemFacts { name, story, group: Some(entry.group.heading().to_owned()) }
    };
    let gallery = match model.home.gallery {
        Some(_) => model.gallery().iter().enumerate().map(kept).collect(),
        None => Vec::new(),
    };
    let taught = |entry: &Lesson| {
        let mark = model.lessons.progress.mark(entry);
        let mark = if mark.is_empty() { String::new() } else { format!("   {mark}") };
        HomeItemFacts {
            name: format!("{:>2} {}{mark}", entry.number, entry.title),
            story: lesson_story(entry),
            group: Some(entry.chapter.clone()),
        }
    };
    let lessons = match model.home.lessons {
        Some(_) => lesson::all().iter().map(taught).collect(),
        None => Vec::new(),
    };
    let item = |entry: &HomeItem| HomeItemFacts { name: entry.name().into(), story: entry.story().into(), group: None };
    let items = model.home.items.iter().map(item);
    HomeFacts { items: items.collect(), gallery, lessons }
}

/// The first paragraph of a lesson, and how long it takes.
fn lesson_story(lesson: &Lesson) -> String {
    let prose = lesson.blocks.iter().find_map(|block| match block {
        lesson::Block::Prose(prose) => Some(prose.text.as_str()),
        _ => None,
    });
    let lines = lesson::prose_lines(prose.unwrap_or_default(), usize::MAX);
    let first = lines.iter().skip(1).map(lesson::Line::text).find(|line| !line.is_empty()).unwrap_or_default();
    format!("{first} About {} minutes.", lesson.minutes)
}

impl HomeFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = String::from("tosumu: an embedded storage engine that can be watched at work.\n");
        let shown = match (self.gallery.is_empty(), self.lessons.is_empty()) {
            (false, _) => &self.gallery,
            (_, false) => &self.lessons,
            _ => &self.items,
        };
        let mut group = &None;
        for item in shown {
            if item.group != *group {
                group = &item.group;
                text.push_str(&group.as_ref().map_or(String::new(), |group| format!("{group}:\n")));
            }
            text.push_str(&format!("{}: {}\n", item.name, item.story));
        }
        text
    }
}
