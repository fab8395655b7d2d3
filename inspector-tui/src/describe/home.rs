//! What the home screen says: what there is to begin with.

use crate::gallery::Fixture;
use crate::model::{HomeItem, Model};
use schemars::JsonSchema;
use serde::Serialize;

/// Something to begin with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct HomeItemFacts {
    /// Its name.
    pub name: String,
    /// What it is.
    pub story: String,
    /// Of a file of the gallery, what sort of thing happened to it: the heading over it and its neighbours.
    pub group: Option<&'static str>,
}

/// The home screen.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct HomeFacts {
    /// What can be chosen.
    pub items: Vec<HomeItemFacts>,
    /// The damaged files, while the gallery is open.
    pub gallery: Vec<HomeItemFacts>,
}

/// The home screen of `model`.
pub fn home(model: &Model) -> HomeFacts {
    let kept = |entry: &Fixture| HomeItemFacts {
        name: entry.name.clone(),
        story: entry.story.clone(),
        group: Some(entry.group.heading()),
    };
    let gallery = match model.home.gallery {
        Some(_) => model.gallery().iter().map(kept).collect(),
        None => Vec::new(),
    };
    let item = |entry: &HomeItem| HomeItemFacts { name: entry.name().into(), story: entry.story().into(), group: None };
    let items = model.home.items.iter().map(item);
    HomeFacts { items: items.collect(), gallery }
}

impl HomeFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = String::from("tosumu: an embedded storage engine that can be watched at work.\n");
        let shown = if self.gallery.is_empty() { &self.items } else { &self.gallery };
        let mut group = None;
        for item in shown {
            if item.group != group {
                group = item.group;
                text.push_str(&group.map_or(String::new(), |group| format!("{group}:\n")));
            }
            text.push_str(&format!("{}: {}\n", item.name, item.story));
        }
        text
    }
}
