//! Reading a lesson's file.

use std::fmt;
use tosumu::PageSize;

/// A lesson, as its file says.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The file's name.
    pub file: String,
    /// `4`, `E1`.
    pub number: String,
    /// `the-split`: the file's name without number and ending.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// The page size it begins with.
    pub page_size: PageSize,
    /// What it is made of, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a lesson.
#[derive(Clone, Debug)]
pub enum Block {
    /// Text to read.
    Prose(String),
    /// Operations to run. A first line `page-size N` begins a new store.
    Script(Vec<ScriptLine>),
    /// A question about an event of the script that follows.
    Predict(Predict),
    /// A view to look at.
    Look(Vec<Look>),
    /// Something to do.
    Task(Box<Task>),
}

/// A line of a script and where it stands in the file.
#[derive(Clone, Debug)]
pub struct ScriptLine {
    /// The line of the file, from 1.
    pub number: usize,
    /// The operation.
    pub text: String,
}

/// A question before an event.
#[derive(Clone, Debug)]
pub struct Predict {
    /// The line of the file, from 1.
    pub number: usize,
    /// The kind of event it is about, as a trace names it: `page-split`.
    pub before: String,
    /// What is asked of it: `separator`, `moved`.
    pub ask: String,
}

/// A view to look at: `tree`, `page 3`, `log`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// The view's word.
    pub view: String,
    /// The page it should show.
    pub page: Option<u32>,
}

/// Something to do, and how it is told that it was done.
#[derive(Clone, Debug)]
pub struct Task {
    /// The line of the file, from 1.
    pub number: usize,
    /// What is to be reached.
    pub goal: String,
    /// The page size of the store to do it in.
    pub page_size: PageSize,
    /// `expect` lines that must all hold.
    pub checks: Vec<String>,
    /// The first word of the operations that are counted.
    pub count: Option<String>,
    /// The fewest of them known to be enough.
    pub par: Option<u32>,
    /// Hints, the slightest first.
    pub hints: Vec<String>,
    /// The reference solution.
    pub solution: Vec<String>,
    /// Solutions that must not pass.
    pub wrong: Vec<Vec<String>>,
}

/// What is wrong with a lesson, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LessonError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}: {}", self.file, self.line, self.why)
    }
}

impl std::error::Error for LessonError {}

impl Lesson {
    /// Reads a lesson; `file` is its name, `NN-title.md`.
    pub fn parse(file: &str, text: &str) -> Result<Lesson, LessonError> {
        Reader { file, lines: text.lines().collect(), at: 0 }.lesson()
    }
}

struct Reader<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
    at: usize,
}

impl Reader<'_> {
    fn lesson(mut self) -> Result<Lesson, LessonError> {
        let front = self.front_matter()?;
        let value = |key: &str| front.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        let required = |key: &str| value(key).ok_or_else(|| self.error(1, format!("the front matter has no `{key}`")));
        let stem = self.file.strip_suffix(".md").unwrap_or(self.file);
        let lesson = Lesson {
            file: self.file.to_owned(),
            number: required("lesson")?,
            slug: stem.split_once('-').map_or(stem, |(_, slug)| slug).to_owned(),
            title: required("title")?,
            minutes: required("minutes")?.parse().map_err(|_| self.error(1, "`minutes` is a number"))?,
            page_size: self.page_size(1, &required("page-size")?)?,
            blocks: Vec::new(),
        };
        let blocks = self.blocks(lesson.page_size)?;
        Ok(Lesson { blocks, ..lesson })
    }

    fn front_matter(&mut self) -> Result<Vec<(String, String)>, LessonError> {
        if self.lines.first() != Some(&"---") {
            return Err(self.error(1, "a lesson begins with front matter between two lines `---`"));
        }
        let mut fields = Vec::new();
        for (index, line) in self.lines.iter().enumerate().skip(1) {
            if *line == "---" {
                self.at = index + 1;
                return Ok(fields);
            }
            let (key, value) =
                line.split_once(": ").ok_or_else(|| self.error(index + 1, "front matter is lines `key: value`"))?;
            fields.push((key.to_owned(), value.to_owned()));
        }
        Err(self.error(1, "the front matter has no end: a second line `---`"))
    }

    fn blocks(&mut self, page_size: PageSize) -> Result<Vec<Block>, LessonError> {
        let mut blocks = Vec::new();
        let mut prose = Vec::new();
        while let Some(line) = self.lines.get(self.at).copied() {
            let number = self.at + 1;
            self.at += 1;
            let kind = line.strip_prefix("```").filter(|kind| ["script", "predict", "look", "task"].contains(kind));
            let Some(kind) = kind else {
                prose.push(line);
                continue;
            };
            flush(&mut prose, &mut blocks);
            let body = self.fence(number)?;
            blocks.push(match kind {
                "script" => Block::Script(body),
                "predict" => Block::Predict(self.predict(number, &body)?),
                "look" => Block::Look(self.looks(&body)?),
                _ => Block::Task(Box::new(self.task(number, &body, page_size)?)),
            });
        }
        flush(&mut prose, &mut blocks);
        Ok(blocks)
    }

    /// The lines up to the closing fence.
    fn fence(&mut self, opened: usize) -> Result<Vec<ScriptLine>, LessonError> {
        let mut body = Vec::new();
        while let Some(line) = self.lines.get(self.at) {
            self.at += 1;
            if *line == "```" {
                return Ok(body);
            }
            body.push(ScriptLine { number: self.at, text: (*line).to_owned() });
        }
        Err(self.error(opened, "this block has no end: a line of three backquotes"))
    }

    fn predict(&self, number: usize, body: &[ScriptLine]) -> Result<Predict, LessonError> {
        let value = |key: &str| {
            let found = body.iter().find_map(|line| line.text.strip_prefix(key)?.strip_prefix(": "));
            found.map(str::to_owned).ok_or_else(|| self.error(number, format!("a predict block has a line `{key}: …`")))
        };
        Ok(Predict { number, before: value("before")?, ask: value("ask")? })
    }

    fn looks(&self, body: &[ScriptLine]) -> Result<Vec<Look>, LessonError> {
        body.iter()
            .map(|line| {
                let mut words = line.text.split_whitespace();
                let view = words.next().unwrap_or_default().to_owned();
                let page =
                    words.next().map(|word| word.parse().map_err(|_| self.error(line.number, "a page is a number")));
                Ok(Look { view, page: page.transpose()? })
            })
            .collect()
    }

    fn task(&self, number: usize, body: &[ScriptLine], page_size: PageSize) -> Result<Task, LessonError> {
        let mut task = Task {
            number,
            goal: String::new(),
            page_size,
            checks: Vec::new(),
            count: None,
            par: None,
            hints: Vec::new(),
            solution: Vec::new(),
            wrong: Vec::new(),
        };
        let mut into = Section::Fields;
        for line in body {
            match (line.text.as_str(), into) {
                ("solution:", _) => into = Section::Solution,
                ("wrong:", _) => {
                    into = Section::Wrong;
                    task.wrong.push(Vec::new());
                }
                (text, Section::Solution) => task.solution.push(text.to_owned()),
                (text, Section::Wrong) => {
                    task.wrong.last_mut().into_iter().for_each(|wrong| wrong.push(text.to_owned()))
                }
                (text, Section::Fields) => self.task_field(&mut task, line.number, text)?,
            }
        }
        for (missing, what) in [
            (task.goal.is_empty(), "goal: …"),
            (task.checks.is_empty(), "check: expect …"),
            (task.hints.len() != 3, "hint: … three times"),
            (task.solution.is_empty(), "solution: with operations under it"),
            (task.wrong.is_empty(), "wrong: with operations under it that must not pass"),
        ] {
            if missing {
                return Err(self.error(number, format!("a task block has `{what}`")));
            }
        }
        Ok(task)
    }

    fn task_field(&self, task: &mut Task, number: usize, text: &str) -> Result<(), LessonError> {
        let (key, value) =
            text.split_once(": ").ok_or_else(|| self.error(number, "a line of a task is `key: value`"))?;
        match key {
            "goal" => task.goal = value.to_owned(),
            "page-size" => task.page_size = self.page_size(number, value)?,
            "check" => task.checks.push(value.to_owned()),
            "count" => task.count = Some(value.to_owned()),
            "par" => task.par = Some(value.parse().map_err(|_| self.error(number, "`par` is a number"))?),
            "hint" => task.hints.push(value.to_owned()),
            _ => return Err(self.error(number, format!("a task has no `{key}`"))),
        }
        Ok(())
    }

    fn page_size(&self, line: usize, text: &str) -> Result<PageSize, LessonError> {
        text.parse()
            .ok()
            .and_then(PageSize::new)
            .ok_or_else(|| self.error(line, "a page size is a power of two from 512 to 65536"))
    }

    fn error(&self, line: usize, why: impl Into<String>) -> LessonError {
        LessonError { file: self.file.to_owned(), line, why: why.into() }
    }
}

#[derive(Clone, Copy)]
enum Section {
    Fields,
    Solution,
    Wrong,
}

/// Prose that is only blank lines is no block.
fn flush(prose: &mut Vec<&str>, blocks: &mut Vec<Block>) {
    let text = prose.join("\n").trim_matches('\n').to_owned();
    prose.clear();
    if !text.trim().is_empty() {
        blocks.push(Block::Prose(text));
    }
}
