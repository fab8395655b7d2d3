//! The store that a script or a task begins with: empty, the sample store, or what a recipe of the gallery makes.

use crate::exam::{self, CASES, Case};
use crate::gallery;
use std::sync::Arc;
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
    /// The seed and the number of the case of an exam that it is; none: it is another store.
    pub case: Option<(u64, usize)>,
}

/// Words of lines that say what a store begins with.
pub const HEAD_WORDS: [&str; 7] = ["page-size", "seed", "passphrase", "without", "sample", "fixture", "case"];

impl Store {
    /// An empty store.
    pub fn empty(page_size: PageSize) -> Store {
        let options = RunnerOptions { page_size, ..RunnerOptions::default() };
        Store { options, lines: Vec::new(), name: "empty store".to_owned(), case: None }
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
            ["case", number, "of", seed] => Store::of_case(number, seed),
            ["sample" | "fixture" | "case", ..] => {
                Err("the forms are `sample`, `fixture NAME` and `case N of SEED`".to_owned())
            }
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
            case: None,
        })
    }

    /// A case of the exam, by what is left of it: its files. How they came about is not in the store.
    fn of_case(number: &str, seed: &str) -> Result<Store, String> {
        let wrong = |_| format!("the form is `case N of SEED`, with N from 1 to {CASES}");
        let (number, seed) = (number.parse().map_err(wrong)?, seed.parse().map_err(wrong)?);
        let case = exam::draw_one(seed, CASES, number)?;
        Ok(Store {
            options: case.options(),
            lines: Vec::new(),
            name: format!("case {number}"),
            case: Some((seed, number)),
        })
    }

    /// What is the truth about it, when it is a case of the exam.
    pub fn truth(&self) -> Option<Arc<Case>> {
        let (seed, number) = self.case?;
        exam::draw_one(seed, CASES, number).ok()
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
