//! What the home screen says: what there is to begin with.

use crate::model::Model;
use serde::Serialize;

/// Something to begin with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HomeItemFacts {
    /// Its name.
    pub name: String,
    /// What it is.
    pub story: String,
}

/// The home screen.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct HomeFacts {
    /// What can be chosen.
    pub items: Vec<HomeItemFacts>,
    /// The damaged files, while the gallery is open.
    pub gallery: Vec<HomeItemFacts>,
}

/// The home screen of `model`.
pub fn home(model: &Model) -> HomeFacts {
    let item = |name: &str, story: &str| HomeItemFacts { name: name.into(), story: story.into() };
    let gallery = match model.home.gallery {
        Some(_) => model.gallery().iter().map(|entry| item(&entry.name, &entry.story)).collect(),
        None => Vec::new(),
    };
    let items = model.home.items.iter().map(|entry| item(entry.name(), entry.story()));
    HomeFacts { items: items.collect(), gallery }
}

impl HomeFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = String::from("tosumu: an embedded storage engine that can be watched at work.\n");
        let shown = if self.gallery.is_empty() { &self.items } else { &self.gallery };
        for item in shown {
            text.push_str(&format!("{}: {}\n", item.name, item.story));
        }
        text
    }
}
