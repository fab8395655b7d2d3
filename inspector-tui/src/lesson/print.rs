//! One page for class, from the same file: the text with its pictures and room to write, the answers and solutions at the end.

use super::ask::{Asked, Way};
use super::format::{Block, Fold, Lesson, LessonError, Predict, Script, Task};
use super::play::{PlayError, Played, play};
use super::store::Store;
use crate::look;

const STYLE: &str = "body{font:11pt/1.45 Georgia,serif;max-width:46em;margin:2em auto;padding:0 1em;color:#111}\
h1,h2,h3{font-family:sans-serif;line-height:1.2}code,pre{font:9.5pt/1.4 monospace}pre{background:#f3f3f3;padding:.6em;overflow-x:auto}\
.ask,.task{border:1.5px solid #333;border-radius:6px;padding:.5em 1em;margin:1em 0;break-inside:avoid}\
.room{border-bottom:1px solid #999;height:1.6em}.answers{break-before:page;font-size:10pt}\
figure{margin:1em 0;break-inside:avoid}svg{max-width:100%;height:auto}table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em}\
@media print{body{margin:0}pre{background:none;border:1px solid #ccc}}";

/// The lesson as one page of HTML that needs nothing else.
pub fn to_html(lesson: &Lesson) -> Result<String, LessonError> {
    let mut page = Page { body: String::new(), answers: Vec::new(), asked: 0 };
    let error = |line, why| LessonError { file: lesson.file.clone(), line, why };
    let mut store = Store::empty(lesson.page_size);
    let mut before: Vec<String> = Vec::new();
    let mut pending: Vec<Predict> = Vec::new();
    let mut played: Option<Played> = None;
    for block in &lesson.blocks {
        if !pending.is_empty() && !matches!(block, Block::Script(_) | Block::Predict(_)) {
            let now = play(&store, &before, &[], &std::mem::take(&mut pending));
            now.map_err(|PlayError { line, why }| error(line, why))?.asked.iter().for_each(|asked| page.ask(asked));
        }
        match block {
            Block::Prose(prose) => page.body.push_str(&html(&prose.text)),
            Block::Fold(fold) => page.fold(fold),
            Block::Predict(predict) => pending.push(predict.clone()),
            Block::Script(script) => {
                if let Some(begun) = &script.store {
                    (store, before) = (begun.clone(), Vec::new());
                }
                let now = play(&store, &before, &script.lines, &std::mem::take(&mut pending))
                    .map_err(|PlayError { line, why }| error(line, why))?;
                page.script(script);
                now.asked.iter().for_each(|asked| page.ask(asked));
                before.extend(script.lines.iter().map(|line| line.text.clone()));
                played = Some(now);
            }
            Block::Look(looks) => {
                for look in looks {
                    let made;
                    let (runner, first) = match &played {
                        Some(played) => (&played.runner, played.first),
                        None => {
                            made = store.runner();
                            (&made, 0)
                        }
                    };
                    let svg = look::svg(runner, first, look).map_err(|why| error(look.number, why))?;
                    page.body.push_str(&format!("<figure>{svg}</figure>\n"));
                }
            }
            Block::Task(task) => page.task(task),
        }
    }
    Ok(page.whole(lesson))
}

struct Page {
    body: String,
    /// What stands at the end.
    answers: Vec<String>,
    asked: usize,
}

impl Page {
    fn script(&mut self, script: &Script) {
        let begins = script.store.as_ref().map(|store| format!("# {}", store.title()));
        let shown = script.lines.iter().filter(|line| line.is_shown()).map(|line| line.text.clone());
        let lines: Vec<String> = begins.into_iter().chain(shown).collect();
        self.body.push_str(&format!("<pre>{}</pre>\n", escaped(&lines.join("\n"))));
    }

    fn ask(&mut self, asked: &Asked) {
        self.asked += 1;
        let number = self.asked;
        let choices = match &asked.way {
            Way::Choose { choices, .. } => {
                let items: Vec<String> = choices.iter().map(|choice| format!("<li>{}</li>", escaped(choice))).collect();
                format!("<ol type=\"a\">{}</ol>", items.concat())
            }
            Way::Type { form, cards, .. } => {
                let items: Vec<String> = cards.iter().map(|card| format!("<li>{}</li>", escaped(card))).collect();
                let cards = if items.is_empty() { String::new() } else { format!("<ol>{}</ol>", items.concat()) };
                format!("{cards}<p>({})</p><div class=\"room\"></div>", escaped(form))
            }
            Way::Point { bytes, .. } => format!("<pre>{}</pre><div class=\"room\"></div>", escaped(&hex(bytes))),
        };
        let text = inline(&asked.text);
        self.body.push_str(&format!("<div class=\"ask\"><p><b>Prediction {number}.</b> {text}</p>{choices}</div>\n"));
        self.answers.push(format!(
            "<p><b>Prediction {number}.</b> {}. {}</p>",
            inline(&asked.answer()),
            inline(&asked.why)
        ));
    }

    fn fold(&mut self, fold: &Fold) {
        self.asked += 1;
        let number = self.asked;
        let room = "<div class=\"room\"></div>".repeat(2);
        self.body.push_str(&format!(
            "<div class=\"ask\"><p><b>Question {number}.</b> {}</p>{room}</div>\n",
            inline(&fold.question)
        ));
        self.answers.push(format!("<div><b>Question {number}.</b> {}</div>", html(&fold.answer)));
    }

    fn task(&mut self, task: &Task) {
        let checks: Vec<String> =
            task.checks.iter().map(|check| format!("<li>{}</li>", inline(&check.words))).collect();
        let par = match (&task.count, task.par) {
            (Some(count), Some(par)) => format!("<p>It can be done with {}.</p>", inline(&count.of(par))),
            _ => String::new(),
        };
        let room = "<div class=\"room\"></div>".repeat(5);
        self.body.push_str(&format!(
            "<div class=\"task\"><p><b>Task.</b> {}</p><ul>{}</ul>{par}{room}</div>\n",
            inline(&task.goal),
            checks.concat()
        ));
        let hints: Vec<String> = task.hints.iter().map(|hint| format!("<li>{}</li>", inline(hint))).collect();
        self.answers.push(format!(
            "<div><b>Task.</b> Hints, the slightest first:<ol>{}</ol>One way:<pre>{}</pre></div>",
            hints.concat(),
            escaped(&task.solution.join("\n"))
        ));
    }

    fn whole(self, lesson: &Lesson) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\n\
             <body>\n<p>Lesson {number}, about {minutes} minutes. Play it: <code>tosumu learn {number}</code></p>\n{body}\n\
             <section class=\"answers\"><h2>Answers</h2>\n{answers}\n</section>\n</body></html>\n",
            title = escaped(&lesson.title),
            number = escaped(&lesson.number),
            minutes = lesson.minutes,
            body = self.body,
            answers = self.answers.join("\n")
        )
    }
}

/// Bytes as lines of sixteen, zeros that repeat left out.
fn hex(bytes: &[u8]) -> String {
    let mut lines = Vec::new();
    let mut is_left_out = false;
    for (row, chunk) in bytes.chunks(16).enumerate() {
        let is_zero = chunk.iter().all(|byte| *byte == 0);
        if is_zero && is_left_out {
            continue;
        }
        is_left_out = is_zero;
        let digits: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push(if is_zero {
            format!("{:5}  zeros", row * 16)
        } else {
            format!("{:5}  {}", row * 16, digits.join(" "))
        });
    }
    lines.join("\n")
}

/// Markdown as HTML: what lessons use of it.
fn html(markdown: &str) -> String {
    let mut out = String::new();
    let mut open: Option<&str> = None;
    let mut paragraph: Vec<&str> = Vec::new();
    let mut in_code = false;
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            close(&mut out, &mut paragraph, &mut open);
            out.push_str(if in_code { "</pre>\n" } else { "<pre>" });
            in_code = !in_code;
        } else if in_code {
            out.push_str(&escaped(line));
            out.push('\n');
        } else if trimmed.is_empty() {
            close(&mut out, &mut paragraph, &mut open);
        } else if trimmed.starts_with('#') {
            close(&mut out, &mut paragraph, &mut open);
            let depth = trimmed.chars().take_while(|letter| *letter == '#').count().min(6);
            out.push_str(&format!("<h{depth}>{}</h{depth}>\n", inline(trimmed.trim_start_matches('#').trim())));
        } else if trimmed.starts_with('|') {
            close(&mut out, &mut paragraph, &mut open);
            out.push_str("<table>");
            let mut row = Some(trimmed);
            while let Some(cells) = row {
                if !cells.chars().all(|letter| "|-: ".contains(letter)) {
                    let cells =
                        cells.trim_matches('|').split('|').map(|cell| format!("<td>{}</td>", inline(cell.trim())));
                    out.push_str(&format!("<tr>{}</tr>", cells.collect::<String>()));
                }
                row = lines.next_if(|line| line.trim().starts_with('|')).map(str::trim);
            }
            out.push_str("</table>\n");
        } else {
            let digits = trimmed.chars().take_while(char::is_ascii_digit).count();
            let item = trimmed.strip_prefix("- ").map(|rest| ("ul", rest)).or_else(|| {
                let rest = trimmed[digits..].strip_prefix(". ").filter(|_| digits > 0)?;
                Some(("ol", rest))
            });
            match item {
                Some((list, rest)) => {
                    let inside = open == Some(list);
                    if inside && !paragraph.is_empty() {
                        out.push_str(&format!("<li>{}</li>\n", inline(&paragraph.join(" "))));
                        paragraph.clear();
                    } else if !inside {
                        close(&mut out, &mut paragraph, &mut open);
                        out.push_str(&format!("<{list}>"));
                        open = Some(list);
                    }
                    paragraph.push(rest);
                }
                None => paragraph.push(trimmed),
            }
        }
    }
    close(&mut out, &mut paragraph, &mut open);
    out
}

fn close(out: &mut String, paragraph: &mut Vec<&str>, open: &mut Option<&str>) {
    let text = inline(&paragraph.join(" "));
    paragraph.clear();
    match open.take() {
        Some(list) => out.push_str(&format!("<li>{text}</li></{list}>\n")),
        None if text.is_empty() => {}
        None => out.push_str(&format!("<p>{text}</p>\n")),
    }
}

/// `code`, **strong**, *soft* and links inside a line.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('`').enumerate() {
        match at % 2 {
            1 => out.push_str(&format!("<code>{}</code>", escaped(part))),
            _ => out.push_str(&marked(&marked(&linked(&escaped(part)), "**", "b"), "*", "em")),
        }
    }
    out
}

fn marked(text: &str, mark: &str, tag: &str) -> String {
    let parts: Vec<&str> = text.split(mark).collect();
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        match at % 2 {
            1 if at + 1 < parts.len() => out.push_str(&format!("<{tag}>{part}</{tag}>")),
            1 => out.push_str(&format!("{mark}{part}")),
            _ => out.push_str(part),
        }
    }
    out
}

fn linked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let Some(middle) = rest[open..].find("](") else { break };
        let Some(close) = rest[open + middle..].find(')') else { break };
        let (words, target) = (&rest[open + 1..open + middle], &rest[open + middle + 2..open + middle + close]);
        out.push_str(&rest[..open]);
        out.push_str(&format!("<a href=\"{target}\">{words}</a>"));
        rest = &rest[open + middle + close + 1..];
    }
    out.push_str(rest);
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
