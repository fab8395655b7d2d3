//! The store that a script or a task begins with: empty, the sample store, or what a recipe of the gallery makes.

use crate::gallery;
use tosumu::script::{Op, Runner, RunnerOptions, SAMPLE_STORE, Script};
use tosumu::types::PageSize;

/// A store by what makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    /// What its engine starts with.
    pub options: RunnerOptions,
    /// The operations that make it, one a line.
    pub lines: Vec<String>,
    /// What it is called: `sample store`.
    pub name: String,
}

/// Words of lines that say what a store begins with.
pub const HEAD_WORDS: [&str; 6] = ["page-size", "seed", "passphrase", "without", "sample", "fixture"];

impl Store {
    /// An empty store.
    pub fn empty(page_size: PageSize) -> Store {
        let options = RunnerOptions { page_size, ..RunnerOptions::default() };
        Store { options, lines: Vec::new(), name: "empty store".to_owned() }
    }

    /// Whether a line says what a store begins with.
    pub fn is_head(line: &str) -> bool {
        line.split_whitespace().next().is_some_and(|word| HEAD_WORDS.contains(&word))
    }

    /// This store, begun as the line says; an error says what would be right.
    pub fn begun(self, line: &str) -> Result<Store, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["sample"] => Store::of_script(SAMPLE_STORE, "sample store"),
            ["fixture", name] => {
                let fixture = gallery::named(name).ok_or_else(|| no_fixture(name))?;
                let recipe = fixture.recipe().ok_or_else(|| format!("`{name}` has no recipe"))?;
                Store::of_script(recipe, name)
            }
            ["sample" | "fixture", ..] => Err("the forms are `sample` and `fixture NAME`".to_owned()),
            _ => match Op::parse(line)? {
                Op::PageSize(bytes) => {
                    let page_size = PageSize::new(bytes).ok_or("a page size is a power of two from 512 to 65536")?;
                    Ok(Store { options: RunnerOptions { page_size, ..self.options }, ..self })
                }
                Op::Seed(seed) => Ok(Store { options: RunnerOptions { seed, ..self.options }, ..self }),
                Op::Passphrase(word) => {
                    Ok(Store { options: RunnerOptions { passphrase: Some(word), ..self.options }, ..self })
                }
                Op::Without(defence) => {
                    let without = self.options.without.and(defence);
                    Ok(Store { options: RunnerOptions { without, ..self.options }, ..self })
                }
                _ => Err("this is no beginning of a store".to_owned()),
            },
        }
    }

    fn of_script(text: &str, name: &str) -> Result<Store, String> {
        let script = Script::parse(text).map_err(|error| error.to_string())?;
        let lines = script.lines.iter().filter(|line| !matches!(line.op, Op::Comment(_) | Op::Expect(_)));
        Ok(Store {
            options: script.options(RunnerOptions::default()),
            lines: lines.map(|line| line.op.to_string()).collect(),
            name: name.to_owned(),
        })
    }

    /// What the first line of the screen says of it.
    pub fn title(&self) -> String {
        format!("{}, {}", self.name, self.options.words())
    }

    /// A runner in which it was made.
    pub fn runner(&self) -> Runner {
        Runner::replayed(&self.lines, self.options.clone())
    }
}

fn no_fixture(name: &str) -> String {
    match &gallery::like(name)[..] {
        [] => format!("there is no fixture `{name}`; `tosumu fixture list` names them"),
        near => format!("there is no fixture `{name}`; did you mean {}?", near.join(", ")),
    }
}
