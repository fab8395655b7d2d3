//! What a lesson says where somebody stands in it: text, scripts, questions, the task with what is still to do.

use crate::lesson::{Block, Given, Player, Task, Tried, Way};
use crate::model::Model;
use schemars::JsonSchema;
use serde::Serialize;

/// A lesson, from the heading above the piece in front to that piece.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct LessonFacts {
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// How many of its texts, questions and tasks have come, the one in front included.
    pub at: usize,
    /// How many of these there are.
    pub of: usize,
    /// Questions answered right.
    pub right: usize,
    /// Questions answered.
    pub answered: usize,
    /// The pieces that are shown; the last is in front.
    pub pieces: Vec<PieceFacts>,
}

/// A piece of a lesson.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(tag = "piece", rename_all = "lowercase")]
pub enum PieceFacts {
    /// Text, in Markdown.
    Text {
        /// The text.
        markdown: String,
    },
    /// Operations that were run.
    Script {
        /// The store they begin with, when they begin one.
        store: Option<String>,
        /// The operations.
        lines: Vec<String>,
    },
    /// Views that were brought to the front.
    Look {
        /// Their words.
        views: Vec<String>,
    },
    /// A question that was put.
    Answered {
        /// The question.
        question: String,
        /// What was answered; none when it was skipped.
        given: Option<String>,
        /// Whether that was right.
        right: bool,
        /// What is said to it.
        reply: String,
    },
    /// The question that is open.
    Question {
        /// The question.
        question: String,
        /// What there is to choose from.
        choices: Vec<String>,
        /// The choice under the cursor, from 1.
        chosen: Option<usize>,
        /// What was typed so far.
        typed: Option<String>,
        /// What the answer is to be: a number, a byte of something.
        form: String,
        /// The byte under the cursor.
        byte: Option<usize>,
    },
    /// The task.
    Task(TaskFacts),
    /// A question whose answer is folded away.
    Fold {
        /// The question.
        question: String,
        /// The answer, once it was asked for.
        answer: Option<String>,
    },
    /// The end.
    End {
        /// What is said there.
        words: String,
    },
}

/// A task, and how far it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct TaskFacts {
    /// What is to be reached.
    pub goal: String,
    /// The conditions.
    pub checks: Vec<CheckFacts>,
    /// What is counted, and how few are enough.
    pub par: Option<String>,
    /// Operations that are not allowed.
    pub forbidden: Vec<String>,
    /// Hints that are shown.
    pub hints: Vec<String>,
    /// How many hints there are.
    pub hints_total: usize,
    /// The reference solution, when it is shown.
    pub solution: Vec<String>,
    /// The score, once it was passed.
    pub score: Option<String>,
}

/// A condition of a task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct CheckFacts {
    /// What must be so.
    pub words: String,
    /// Whether it is.
    pub done: bool,
    /// What is found instead.
    pub instead: Option<String>,
}

/// The lesson that somebody stands in.
pub fn lesson(model: &Model) -> Option<LessonFacts> {
    let player = model.lessons.player.as_deref()?;
    let answered = player.put.values().filter(|entry| entry.given.is_some());
    let is_right =
        |entry: &&crate::lesson::Entry| entry.given.as_ref().is_some_and(|given| entry.asked.is_right(given));
    Some(LessonFacts {
        number: player.lesson.number.clone(),
        title: player.lesson.title.clone(),
        at: player.stops_up_to(player.at),
        of: player.stops_up_to(player.lesson.blocks.len()),
        right: answered.clone().filter(is_right).count(),
        answered: answered.count(),
        pieces: pieces(player),
    })
}

fn pieces(player: &Player) -> Vec<PieceFacts> {
    let mut pieces = Vec::new();
    for (at, block) in player.lesson.blocks.iter().enumerate().take(player.at + 1).skip(player.section()) {
        match block {
            Block::Prose(prose) => pieces.push(PieceFacts::Text { markdown: prose.text.clone() }),
            Block::Script(script) => pieces.push(PieceFacts::Script {
                store: script.store.as_ref().map(|store| store.title()),
                lines: script.lines.iter().filter(|line| line.is_shown()).map(|line| line.text.clone()).collect(),
            }),
            Block::Look(looks) => {
                pieces.push(PieceFacts::Look { views: looks.iter().map(|look| look.view.clone()).collect() });
            }
            Block::Predict(_) => {}
            Block::Task(task) => pieces.push(PieceFacts::Task(task_facts(task, player.tried.as_ref()))),
            Block::Fold(fold) => pieces.push(PieceFacts::Fold {
                question: fold.question.clone(),
                answer: player.unfolded.contains(&at).then(|| fold.answer.clone()),
            }),
        }
        let closes = !matches!(player.lesson.blocks.get(at + 1), Some(Block::Predict(_) | Block::Script(_)));
        if matches!(block, Block::Script(_)) || (matches!(block, Block::Predict(_)) && closes) {
            pieces.extend(answered_before(player, at));
        }
    }
    if let Some(open) = &player.open {
        pieces.push(question(open));
    }
    if player.ended {
        pieces.push(PieceFacts::End { words: end_words(player) });
    }
    pieces
}

/// The questions that belong to the script, or stand alone, at a place.
fn answered_before(player: &Player, at: usize) -> Vec<PieceFacts> {
    let lines: Vec<usize> = player.lesson.blocks[..=at]
        .iter()
        .enumerate()
        .rev()
        .skip_while(|(index, block)| *index == at && matches!(block, Block::Script(_)))
        .take_while(|(_, block)| matches!(block, Block::Predict(_)))
        .map(|(_, block)| block.line())
        .collect();
    // A question that is put once more is not told with the answer of the first time.
    let again = player.open.iter().map(|open| &open.asked).chain(&player.questions);
    let again: Vec<usize> = again.map(|asked| asked.line).collect();
    let is_told = |line: usize| lines.contains(&line) && !again.contains(&line);
    let mut entries: Vec<_> = player.put.values().filter(|entry| is_told(entry.asked.line)).collect();
    entries.sort_by_key(|entry| (entry.asked.event, entry.asked.line));
    entries
        .into_iter()
        .map(|entry| PieceFacts::Answered {
            question: entry.asked.text.clone(),
            given: entry.given.as_ref().map(|given| given_words(&entry.asked.way, given)),
            right: entry.given.as_ref().is_some_and(|given| entry.asked.is_right(given)),
            reply: entry.asked.reply(entry.given.as_ref()),
        })
        .collect()
}

fn given_words(way: &Way, given: &Given) -> String {
    match (given, way) {
        (Given::Choice(choice), Way::Choose { choices, .. }) => choices.get(*choice).cloned().unwrap_or_default(),
        (Given::Byte(byte), _) => format!("byte {byte}"),
        (Given::Words(words), _) => words.clone(),
        (Given::Choice(choice), _) => (choice + 1).to_string(),
    }
}

fn question(open: &crate::lesson::Open) -> PieceFacts {
    let (mut choices, mut chosen, mut typed, mut byte) = (Vec::new(), None, None, None);
    let form = match &open.asked.way {
        Way::Choose { choices: all, .. } => {
            (choices, chosen) = (all.clone(), open.chosen.map(|chosen| chosen + 1));
            String::new()
        }
        Way::Type { form, cards, .. } => {
            choices = cards.clone();
            typed = Some(open.typed.text.clone());
            form.clone()
        }
        Way::Point { place, .. } => {
            byte = Some(open.byte);
            format!("a byte of {place}")
        }
    };
    PieceFacts::Question { question: open.asked.text.clone(), choices, chosen, typed, form, byte }
}

fn task_facts(task: &Task, tried: Option<&Tried>) -> TaskFacts {
    let passed = tried.is_some_and(|tried| tried.passed.is_some());
    let missing = |at: usize| tried.and_then(|tried| tried.missing.get(at).cloned());
    let checks = task.checks.iter().enumerate().map(|(at, check)| CheckFacts {
        words: check.words.clone(),
        done: matches!(missing(at), Some(None)),
        instead: missing(at).flatten(),
    });
    let shown = if passed { task.hints.len() } else { tried.map_or(0, |tried| tried.hints) };
    let solution = passed || tried.is_some_and(|tried| tried.solution_shown);
    TaskFacts {
        goal: task.goal.clone(),
        checks: checks.collect(),
        par: task.count.as_ref().zip(task.par).map(|(count, par)| format!("It can be done with {}.", count.of(par))),
        forbidden: task.forbid.clone(),
        hints: task.hints.iter().take(shown).cloned().collect(),
        hints_total: task.hints.len(),
        solution: if solution { task.solution.clone() } else { Vec::new() },
        score: tried.filter(|_| passed).map(|tried| tried.score.clone()),
    }
}

fn end_words(player: &Player) -> String {
    let given = player.put.values().filter_map(|entry| Some((entry, entry.given.as_ref()?)));
    let (asked, right) = given
        .fold((0, 0), |(asked, right), (entry, given)| (asked + 1, right + usize::from(entry.asked.is_right(given))));
    let foretold = if asked == 0 { String::new() } else { format!(" You foretold {right} of {asked}.") };
    let was = format!("That was lesson {}, {}.{foretold}", player.lesson.number, player.lesson.title);
    match crate::lesson::next(&player.lesson) {
        Some(next) => format!("{was} Enter begins lesson {}, {}; q leads back.", next.number, next.title),
        None => format!("{was} q leads back."),
    }
}

impl LessonFacts {
    /// The facts as lines of text.
    pub fn plain(&self) -> String {
        let mut text = format!("Lesson {}: {}. {} of {}.", self.number, self.title, self.at, self.of);
        if self.answered > 0 {
            text.push_str(&format!(" {} of {} foretold.", self.right, self.answered));
        }
        text.push('\n');
        for piece in &self.pieces {
            text.push_str(&piece.plain());
            text.push('\n');
        }
        text
    }
}

impl PieceFacts {
    /// The piece as lines of text.
    pub fn plain(&self) -> String {
        match self {
            PieceFacts::Text { markdown } => markdown.clone(),
            PieceFacts::Script { store, lines } => {
                let begins = store.as_ref().map(|store| format!("({store})"));
                let lines = lines.iter().map(|line| format!("> {line}"));
                begins.into_iter().chain(lines).collect::<Vec<_>>().join("\n")
            }
            PieceFacts::Look { views } => format!("Look: {}", views.join(", ")),
            PieceFacts::Answered { question, given, reply, .. } => {
                let given = given.as_deref().unwrap_or("skipped");
                format!("{question}\nAnswered: {given}. {reply}")
            }
            PieceFacts::Question { question, choices, chosen, typed, form, byte } => {
                let mut lines = vec![question.clone()];
                let mark = |at: usize| if *chosen == Some(at) { ">" } else { " " };
                lines.extend(choices.iter().zip(1..).map(|(choice, at)| format!("{}{at} {choice}", mark(at))));
                lines.extend(typed.as_ref().map(|typed| format!("({form}) {typed}")));
                lines.extend(byte.map(|byte| format!("({form}) byte {byte}")));
                lines.join("\n")
            }
            PieceFacts::Task(task) => task.plain(),
            PieceFacts::Fold { question, answer } => match answer {
                Some(answer) => format!("{question}\n{answer}"),
                None => question.clone(),
            },
            PieceFacts::End { words } => words.clone(),
        }
    }
}

impl TaskFacts {
    fn plain(&self) -> String {
        let mut lines = vec![format!("Task: {}", self.goal)];
        for check in &self.checks {
            let state = match (check.done, &check.instead) {
                (true, _) => "done".to_owned(),
                (false, Some(instead)) => format!("to do, now {instead}"),
                (false, None) => "to do".to_owned(),
            };
            lines.push(format!("- {}: {state}", check.words));
        }
        lines.extend(self.par.clone());
        if !self.forbidden.is_empty() {
            lines.push(format!("Not allowed: {}.", self.forbidden.join(", ")));
        }
        lines.extend(self.score.clone());
        lines.extend(self.hints.iter().zip(1..).map(|(hint, number)| format!("Hint {number}: {hint}")));
        if !self.solution.is_empty() {
            lines.push("One way:".to_owned());
            lines.extend(self.solution.clone());
        }
        lines.join("\n")
    }
}
