//! Reading a lesson's file. Everything refused is refused with its line and with what would be right.

use super::format::{
    Ask, At, Block, Check, Count, Fold, Lesson, LessonError, Look, PageForm, Place, Predict, Prose, Script, ScriptLine,
    Task,
};
use super::store::Store;
use crate::labs::grid::Fault;
use tosumu::escape::unescape;
use tosumu::script::{Expect, Measure, Op};
use tosumu::types::PageSize;

/// The longest lesson that is read, in bytes.
pub const LESSON_BYTES_MAX: u64 = 1 << 20;

const BLOCKS: [&str; 4] = ["script", "predict", "look", "task"];
const ASKS: &str = "separator, moved, emptied, pages, survives, log, recovered, verdict, finding, path KEY, see, \
                    count MEASURE, costliest syncs|writes|bytes|seals|opens, order EVENT EVENT …, fate, \
                    cell CALL [N] FAULT, cause, lost, point PLACE field NAME, choice";
/// What an operation can be the costliest in.
const COSTS: [Measure; 5] = [Measure::Syncs, Measure::Writes, Measure::Bytes, Measure::Seals, Measure::Opens];
const PLACES: &str = "`superblock A`, `superblock B`, `page N`, `sealed N`, `log`";
const FRONT: [&str; 6] = ["lesson", "title", "chapter", "minutes", "needs", "page-size"];

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

type Parsed<T> = Result<T, LessonError>;

impl Reader<'_> {
    fn lesson(mut self) -> Parsed<Lesson> {
        let front = self.front_matter()?;
        let value = |key: &str| front.iter().find(|field| field.0 == key);
        let required = |key: &str| {
            let found = value(key).map(|(_, value, line)| (value.clone(), *line));
            found.ok_or_else(|| self.error(1, format!("the front matter has no line `{key}: …`")))
        };
        let stem = self.file.strip_suffix(".md").unwrap_or(self.file);
        let (minutes, minutes_line) = required("minutes")?;
        let (page_size, page_size_line) = required("page-size")?;
        let needs = value("needs").map_or("nothing", |(_, value, _)| value.as_str());
        let lesson = Lesson {
            file: self.file.to_owned(),
            number: required("lesson")?.0,
            slug: stem.split_once('-').map_or(stem, |(_, slug)| slug).to_owned(),
            title: required("title")?.0,
            chapter: required("chapter")?.0,
            minutes: minutes
                .parse()
                .map_err(|_| self.error(minutes_line, "`minutes` is a number, as in `minutes: 10`"))?,
            needs: needs.split(',').map(|need| need.trim().to_owned()).filter(|need| need != "nothing").collect(),
            page_size: self.page_size(page_size_line, &page_size)?,
            blocks: Vec::new(),
        };
        let blocks = self.blocks(lesson.page_size)?;
        Ok(Lesson { blocks, ..lesson })
    }

    fn front_matter(&mut self) -> Parsed<Vec<(String, String, usize)>> {
        if self.lines.first() != Some(&"---") {
            return Err(self.error(1, "a lesson begins with front matter between two lines `---`"));
        }
        let mut fields: Vec<(String, String, usize)> = Vec::new();
        for (index, line) in self.lines.iter().enumerate().skip(1) {
            if *line == "---" {
                self.at = index + 1;
                return Ok(fields);
            }
            let (key, value) = line
                .split_once(": ")
                .ok_or_else(|| self.error(index + 1, "front matter is lines `key: value`, closed by `---`"))?;
            if !FRONT.contains(&key) {
                return Err(self.error(index + 1, format!("there is no `{key}` here; there are: {}", FRONT.join(" "))));
            }
            fields.push((key.to_owned(), value.trim().to_owned(), index + 1));
        }
        Err(self.error(1, "the front matter has no end: a second line `---`"))
    }

    fn blocks(&mut self, page_size: PageSize) -> Parsed<Vec<Block>> {
        let mut blocks = Vec::new();
        let mut prose = Gathered::default();
        let mut in_code = false;
        while let Some(line) = self.lines.get(self.at).copied() {
            let number = self.at + 1;
            self.at += 1;
            let fence = line.strip_prefix("```");
            let kind = fence.filter(|kind| !in_code && BLOCKS.contains(kind));
            if let Some(kind) = kind {
                prose.flush(&mut blocks);
                let body = self.fence(number)?;
                blocks.push(match kind {
                    "script" => Block::Script(self.script(number, body)?),
                    "predict" => Block::Predict(self.predict(number, &body)?),
                    "look" => Block::Look(self.looks(number, &body)?),
                    _ => Block::Task(Box::new(self.task(number, &body, page_size)?)),
                });
                continue;
            }
            in_code ^= fence.is_some();
            if let (Some(question), false) = (line.trim_start().strip_prefix("<details><summary>"), in_code) {
                prose.flush(&mut blocks);
                blocks.push(Block::Fold(self.fold(number, question)?));
                continue;
            }
            if line.starts_with('#') && !in_code {
                prose.flush(&mut blocks);
            }
            prose.push(number, line);
        }
        prose.flush(&mut blocks);
        Ok(blocks)
    }

    /// The lines up to the closing fence.
    fn fence(&mut self, opened: usize) -> Parsed<Vec<ScriptLine>> {
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

    /// `<details><summary>QUESTION</summary>`, the answer, `</details>`.
    fn fold(&mut self, number: usize, question: &str) -> Parsed<Fold> {
        let form = "`<details><summary>QUESTION</summary>` on one line, the answer under it, and a line `</details>`";
        let question =
            question.strip_suffix("</summary>").ok_or_else(|| self.error(number, format!("write {form}")))?;
        let mut answer = Vec::new();
        while let Some(line) = self.lines.get(self.at) {
            self.at += 1;
            if line.trim() == "</details>" {
                let answer = answer.join("\n").trim_matches('\n').to_owned();
                return Ok(Fold { number, question: question.trim().to_owned(), answer });
            }
            answer.push(*line);
        }
        Err(self.error(number, format!("this question has no end: write {form}")))
    }

    fn script(&self, number: usize, body: Vec<ScriptLine>) -> Parsed<Script> {
        let heads = body.iter().take_while(|line| Store::is_head(&line.text)).count();
        let mut store = None;
        for line in &body[..heads] {
            let before = store.take().unwrap_or_else(|| Store::empty(PageSize::TOY));
            store = Some(before.begun(&line.text).map_err(|why| self.error(line.number, why))?);
        }
        let lines = body[heads..].to_vec();
        for line in &lines {
            if Store::is_head(&line.text) {
                let why = format!("`{}` begins a store: it belongs at the head of a script block", line.text.trim());
                return Err(self.error(line.number, why));
            }
            Op::parse(&line.text).map_err(|why| self.error(line.number, why))?;
        }
        Ok(Script { number, store, lines })
    }

    fn predict(&self, number: usize, body: &[ScriptLine]) -> Parsed<Predict> {
        let mut asked = None;
        let (mut before, mut words, mut why) = (None, None, String::new());
        let (mut choices, mut right, mut proof) = (Vec::new(), None, Vec::new());
        for line in body.iter().filter(|line| !line.text.trim().is_empty()) {
            let (key, value) = self.pair(line)?;
            match key {
                "ask" => asked = Some((line.number, value)),
                "before" => before = Some(value.to_owned()),
                "question" => words = Some(value.to_owned()),
                "why" => why = value.to_owned(),
                "choice" => choices.push(value.to_owned()),
                "right" => {
                    right = Some(value.to_owned());
                    choices.push(value.to_owned());
                }
                "wrong" => choices.push(value.to_owned()),
                "proof" => proof.push(self.expect(line.number, value)?.1),
                _ => {
                    let known = "ask, before, question, choice, right, wrong, proof, why";
                    return Err(self.error(line.number, format!("a predict block has no `{key}`; there are: {known}")));
                }
            }
        }
        let (line, asked) =
            asked.ok_or_else(|| self.error(number, format!("a predict block has a line `ask: …`: {ASKS}")))?;
        let ask = self.ask(line, asked, right, proof)?;
        if matches!(ask, Ask::Choice { .. }) && (words.is_none() || choices.len() < 2 || why.is_empty()) {
            let needs = "`question:`, `right:`, at least one `wrong:`, and `why:`";
            return Err(self.error(number, format!("an answer written by hand needs {needs}")));
        }
        Ok(Predict { number, ask, before, words, choices, why })
    }

    fn ask(&self, line: usize, text: &str, right: Option<String>, proof: Vec<Expect>) -> Parsed<Ask> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match words[..] {
            ["separator"] => Ask::Separator,
            ["moved"] => Ask::Moved,
            ["emptied"] => Ask::Emptied,
            ["pages"] => Ask::Pages,
            ["survives"] => Ask::Survives,
            ["log"] => Ask::Log,
            ["recovered"] => Ask::Recovered,
            ["verdict"] => Ask::Verdict,
            ["finding"] => Ask::Finding,
            ["see"] => Ask::See,
            ["fate"] => Ask::Fate,
            ["cause"] => Ask::Cause,
            ["lost"] => Ask::Lost,
            ["cell", call, fault] => self.cell(line, call, "1", fault)?,
            ["cell", call, nth, fault] => self.cell(line, call, nth, fault)?,
            ["costliest", word] => {
                let measure = COSTS.into_iter().find(|measure| measure.word() == word);
                let known = COSTS.map(Measure::word).join(" ");
                Ask::Costliest(measure.ok_or_else(|| self.error(line, format!("an operation costs: {known}")))?)
            }
            ["path", key] => Ask::Path(unescape(key).map_err(|why| self.error(line, why))?),
            ["count", word] => {
                let measure = Measure::ALL.into_iter().find(|measure| measure.word() == word);
                let known: Vec<&str> = Measure::ALL.into_iter().map(Measure::word).collect();
                let why = || self.error(line, format!("`{word}` cannot be counted; there are: {}", known.join(" ")));
                Ask::Count(measure.ok_or_else(why)?)
            }
            ["order", ref events @ ..] if events.len() > 1 => {
                Ask::Order(events.iter().map(|event| (*event).to_owned()).collect())
            }
            ["point", ref place @ ..] => {
                let at = place.iter().position(|word| *word == "field");
                let (place, field) = at.map(|at| (&place[..at], place[at + 1..].join(" "))).unwrap_or_default();
                let form =
                    || self.error(line, format!("the form is `ask: point PLACE field NAME`; a place is {PLACES}"));
                let place = place_of(place).filter(|_| !field.is_empty()).ok_or_else(form)?;
                Ask::Point { place, field }
            }
            ["choice"] => {
                Ask::Choice { right: right.ok_or_else(|| self.error(line, "`ask: choice` needs `right: …`"))?, proof }
            }
            _ => return Err(self.error(line, format!("`{text}` cannot be asked; there are: {ASKS}"))),
        })
    }

    /// `cell CALL [N] FAULT`.
    fn cell(&self, line: usize, call: &str, nth: &str, fault: &str) -> Parsed<Ask> {
        let found = Fault::ALL.into_iter().find(|known| known.word() == fault);
        let words = || Fault::ALL.map(Fault::word).join(" ");
        let fault = found.ok_or_else(|| self.error(line, format!("what strikes a cell is one of: {}", words())))?;
        let nth = nth.parse().ok().filter(|nth| *nth > 0);
        let nth = nth.ok_or_else(|| self.error(line, "the form is `ask: cell CALL [N] FAULT`, N from 1"))?;
        Ok(Ask::Cell { call: call.to_owned(), nth, fault })
    }

    fn looks(&self, number: usize, body: &[ScriptLine]) -> Parsed<Vec<Look>> {
        let looks: Vec<Look> = body
            .iter()
            .filter(|line| !line.text.trim().is_empty())
            .map(|line| self.look(line))
            .collect::<Parsed<_>>()?;
        match looks.is_empty() {
            true => Err(self.error(number, "a look block names a view a line: `tree`, `page 3`, `log`")),
            false => Ok(looks),
        }
    }

    fn look(&self, line: &ScriptLine) -> Parsed<Look> {
        let form = "VIEW [N] [page N] [sealed] [at start|EVENT] [byte N] [field NAME]";
        let mut words = line.text.split_whitespace().peekable();
        let view = words.next().unwrap_or_default().to_owned();
        let mut look = Look { number: line.number, view, ..Look::default() };
        let number = |word: Option<&str>| {
            let parsed = word.and_then(|word| word.parse::<u32>().ok());
            parsed.ok_or_else(|| self.error(line.number, format!("a number is missing here; the form is `{form}`")))
        };
        if words.peek().is_some_and(|word| word.chars().all(|letter| letter.is_ascii_digit())) {
            look.page = Some(number(words.next())?);
        }
        while let Some(word) = words.next() {
            match word {
                "page" => look.page = Some(number(words.next())?),
                "byte" => look.byte = Some(number(words.next())? as usize),
                "sealed" => look.form = PageForm::Sealed,
                "at" => {
                    look.at = Some(match words.next() {
                        Some("start") => At::Start,
                        Some(event) => At::Event(event.to_owned()),
                        None => {
                            return Err(self.error(line.number, "say `at start` or `at EVENT`, as in `at file-synced`"));
                        }
                    });
                }
                "field" => {
                    look.field = Some(words.by_ref().collect::<Vec<_>>().join(" "));
                }
                other => {
                    return Err(
                        self.error(line.number, format!("`{other}` does not belong here; the form is `{form}`"))
                    );
                }
            }
        }
        Ok(look)
    }

    fn task(&self, number: usize, body: &[ScriptLine], page_size: PageSize) -> Parsed<Task> {
        let mut task = Task {
            number,
            goal: String::new(),
            store: Store::empty(page_size),
            checks: Vec::new(),
            forbid: Vec::new(),
            count: None,
            par: None,
            hints: Vec::new(),
            solution: Vec::new(),
            wrong: Vec::new(),
        };
        let mut into = Section::Fields;
        for line in body.iter().filter(|line| !line.text.trim().is_empty()) {
            match (line.text.as_str(), into) {
                ("setup:", _) => into = Section::Setup,
                ("solution:", _) => into = Section::Solution,
                ("wrong:", _) => {
                    into = Section::Wrong;
                    task.wrong.push(Vec::new());
                }
                (text, Section::Fields) if !text.starts_with(' ') => self.task_field(&mut task, line)?,
                (text, section) => {
                    Op::parse(text).map_err(|why| self.error(line.number, why))?;
                    match section {
                        Section::Setup => task.store.lines.push(text.to_owned()),
                        Section::Solution => task.solution.push(text.to_owned()),
                        _ => task.wrong.last_mut().into_iter().for_each(|wrong| wrong.push(text.to_owned())),
                    }
                }
            }
        }
        for (missing, what) in [
            (task.goal.is_empty(), "goal: …"),
            (task.checks.is_empty(), "check: expect …"),
            (task.hints.len() != 3, "hint: …` three times, the slightest first `"),
            (task.solution.is_empty(), "solution:` and operations under it `"),
            (task.wrong.is_empty(), "wrong:` and operations under it that must not pass `"),
            (task.par.is_some() && task.count.is_none(), "count: …` beside its `par: …"),
        ] {
            if missing {
                return Err(self.error(number, format!("a task block has `{what}`").replace(" ``", "")));
            }
        }
        Ok(task)
    }

    fn task_field(&self, task: &mut Task, line: &ScriptLine) -> Parsed<()> {
        let number = line.number;
        if Store::is_head(&line.text) || Store::is_head(&line.text.replacen(": ", " ", 1)) {
            let head = line.text.replacen(": ", " ", 1);
            task.store = task.store.clone().begun(&head).map_err(|why| self.error(number, why))?;
            return Ok(());
        }
        let (key, value) = self.pair(line)?;
        match key {
            "goal" => task.goal = value.to_owned(),
            "check" => {
                let (words, expect) = self.expect(number, value)?;
                task.checks.push(Check { words, expect });
            }
            "forbid" => task.forbid.extend(value.split_whitespace().map(str::to_owned)),
            "count" => task.count = Some(count_of(value)),
            "par" => {
                let par = value.parse().map_err(|_| self.error(number, "`par` is a number, as in `par: 7`"))?;
                task.par = Some(par);
            }
            "hint" => task.hints.push(value.to_owned()),
            _ => {
                let known = "goal, page-size, sample, fixture, setup, check, forbid, count, par, hint, solution, wrong";
                return Err(self.error(number, format!("a task has no `{key}`; there are: {known}")));
            }
        }
        Ok(())
    }

    /// `expect …`, or words for the student before it: `three levels: expect height 3`.
    fn expect(&self, line: usize, text: &str) -> Parsed<(String, Expect)> {
        let at =
            text.find("expect ").ok_or_else(|| self.error(line, "this is a line `expect …` of the script language"))?;
        let words = text[..at].trim().trim_end_matches(':').to_owned();
        match Op::parse(&text[at..]) {
            Ok(Op::Expect(expect)) => {
                let words = if words.is_empty() { text[at + "expect ".len()..].to_owned() } else { words };
                Ok((words, expect))
            }
            Ok(_) => Err(self.error(line, "this is a line `expect …` of the script language")),
            Err(why) => Err(self.error(line, why)),
        }
    }

    fn pair<'l>(&self, line: &'l ScriptLine) -> Parsed<(&'l str, &'l str)> {
        let pair = line.text.split_once(": ").map(|(key, value)| (key.trim(), value.trim()));
        pair.ok_or_else(|| self.error(line.number, "a line here is `key: value`"))
    }

    fn page_size(&self, line: usize, text: &str) -> Parsed<PageSize> {
        let size = text.parse().ok().and_then(PageSize::new);
        size.ok_or_else(|| self.error(line, "a page size is a power of two from 512 to 65536"))
    }

    fn error(&self, line: usize, why: impl Into<String>) -> LessonError {
        LessonError { file: self.file.to_owned(), line, why: why.into() }
    }
}

#[derive(Clone, Copy)]
enum Section {
    Fields,
    Setup,
    Solution,
    Wrong,
}

fn place_of(words: &[&str]) -> Option<Place> {
    match words {
        ["superblock", "A"] => Some(Place::Superblock(0)),
        ["superblock", "B"] => Some(Place::Superblock(1)),
        ["page", page] => page.parse().ok().map(Place::Page),
        ["sealed", page] => page.parse().ok().map(Place::Sealed),
        ["log"] => Some(Place::Log),
        _ => None,
    }
}

fn count_of(word: &str) -> Count {
    match word {
        "operations" => Count::Operations,
        "syncs" => Count::Syncs,
        "writes" => Count::Writes,
        "bytes" => Count::Bytes,
        word => Count::Word(word.to_owned()),
    }
}

/// Lines of prose, until another block begins.
#[derive(Default)]
struct Gathered<'a> {
    first: usize,
    lines: Vec<&'a str>,
}

impl<'a> Gathered<'a> {
    fn push(&mut self, number: usize, line: &'a str) {
        if self.lines.is_empty() && line.trim().is_empty() {
            return;
        }
        if self.lines.is_empty() {
            self.first = number;
        }
        self.lines.push(line);
    }

    /// Prose that is only blank lines is no block.
    fn flush(&mut self, blocks: &mut Vec<Block>) {
        let text = self.lines.join("\n").trim_matches('\n').to_owned();
        self.lines.clear();
        if !text.trim().is_empty() {
            blocks.push(Block::Prose(Prose { number: self.first, text }));
        }
    }
}
