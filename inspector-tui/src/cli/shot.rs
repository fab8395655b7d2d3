//! `tosumu shot`: one view of a file, or of a script's run, without a terminal: as text, SVG, ANSI text, facts or JSON.
//! The file is never written.

use super::common::{Failure, KeyOptions, Outcome, Output, Status, note, open_to_draw, shown_path};
use super::replay;
use crate::{
    describe::Subject,
    export::{Form, render},
    labs::{self, twin::Difference},
    looking::{Compared, MapLayer, Side},
    message::Message,
    model::{Model, Screen, View},
    recorded, recording,
    timeline::{FileWorld, World},
    update, view,
};
use clap::Args;
use std::path::{Path, PathBuf};
use tosumu::PageNo;
use tosumu::limits::LINE_BYTES_MAX;
use tosumu::trace::Event;

/// Longest script that is read, in bytes.
const SCRIPT_BYTES_MAX: u64 = 16 * LINE_BYTES_MAX as u64;
/// Largest picture, in columns and in lines.
const SIZE_MAX: u16 = 1000;

/// Draw one view of a file, of a script's run or of a trace, without a terminal
#[derive(Args)]
pub struct Shot {
    /// tree, page, map, log, disk, seals, snapshots, verify, receipt, events, diff, life, branches or help; grid, tamper or twin of a script;
    /// home or lab for a whole screen; tour for a recording of the tour (asciicast v2)
    #[arg(value_name = "VIEW")]
    subject: String,
    /// The database; it is never written. For twin: order, commits or page-size
    file: Option<PathBuf>,
    /// For diff: the database to compare it with. For twin: the other page size, or the seed of the order
    #[arg(value_name = "OTHER")]
    other: Option<PathBuf>,
    /// Run this script on a simulated disk instead
    #[arg(long, value_name = "S")]
    script: Option<PathBuf>,
    /// Show what this trace recorded instead
    #[arg(long, value_name = "F", conflicts_with_all = ["script", "file"])]
    trace: Option<PathBuf>,
    /// The instant after so many events of the script or trace; its end when left out
    #[arg(long, value_name = "EVENT")]
    at: Option<usize>,
    /// For diff: the instant to compare with; the beginning of the operation when left out
    #[arg(long, value_name = "EVENT", requires = "script")]
    from: Option<usize>,
    /// For tamper: the matrix of attacks and defences instead of the lies
    #[arg(long)]
    matrix: bool,
    /// For page: the byte under the cursor
    #[arg(long, value_name = "N")]
    byte: Option<usize>,
    /// For map: what its signs tell: kind, fill, age or check
    #[arg(long, value_name = "WHAT", value_parser = parse_layer, default_value = "kind")]
    layer: MapLayer,
    /// The page to show; the one last changed, or the root, when left out
    #[arg(long, value_name = "N")]
    page: Option<u32>,
    /// Columns and lines
    #[arg(long, value_name = "WxH", value_parser = parse_size, default_value = "80x24")]
    size: (u16, u16),
    /// Lines of text without boxes: the same facts
    #[arg(long, conflicts_with_all = ["json", "ascii"])]
    plain: bool,
    /// One JSON object: the same facts
    #[arg(long, conflicts_with = "ascii")]
    json: bool,
    /// Letters only that every terminal has
    #[arg(long)]
    ascii: bool,
    /// Write to this file; its ending says the form: .svg, .txt or .ansi
    #[arg(short = 'o', value_name = "OUT")]
    out: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Shot {
    /// Draws the view.
    pub fn run(self) -> Outcome {
        if self.subject == "tour" {
            self.write(crate::cast::tour().as_bytes())?;
            return Ok(Status::Done);
        }
        let subject = subject(&self.subject)?;
        if self.script.is_some() && subject != Subject::Twin && self.file.is_some() {
            return Err(Failure::misuse("a script is run on a disk of its own: name a database or --script, not both"));
        }
        let form = self.form()?;
        let mut model = self.model(subject)?;
        self.choose_page(&mut model, subject)?;
        self.choose_compared(&mut model, subject)?;
        model.byte = self.byte.filter(|byte| model.shown_bytes().is_some_and(|bytes| *byte < bytes.len()));
        model.looking.map_layer = self.layer;
        model.selected_row = if subject == Subject::Life { view::life::present_row(&model) } else { 0 };
        model.size = self.size;
        model.style.ascii = self.ascii;
        model.style.colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        self.write(&render(&model, subject, form, self.size))?;
        Ok(Status::Done)
    }

    fn form(&self) -> Result<Form, Failure> {
        if self.plain {
            return Ok(Form::Plain);
        }
        if self.json {
            return Ok(Form::Json);
        }
        let Some(out) = &self.out else { return Ok(Form::Text) };
        Form::of_name(&out.to_string_lossy()).ok_or_else(|| {
            Failure::misuse(format!("{}: its name ends in none of .svg .txt .ansi .json", shown_path(out)))
        })
    }

    fn model(&self, subject: Subject) -> Result<Model, Failure> {
        if self.at.is_some() && self.script.is_none() && self.trace.is_none() {
            return Err(Failure::misuse("--at is an instant of a script or a trace: name it with --script or --trace"));
        }
        let mut model = match (&self.script, &self.file) {
            _ if subject == Subject::Home => Model::home(),
            (Some(script), _) => self.of_script(script, subject)?,
            (None, Some(_)) if matches!(subject, Subject::Grid | Subject::Tamper | Subject::Twin) => {
                return Err(Failure::misuse("the labs are about a script's run: name it with --script"));
            }
            (None, Some(file)) => self.of_file(file)?,
            (None, None) => match &self.trace {
                Some(_) if matches!(subject, Subject::Grid | Subject::Tamper | Subject::Twin) => {
                    return Err(Failure::misuse(
                        "the labs run an engine, and a trace has none: name a script with --script",
                    ));
                }
                Some(trace) => self.of_trace(trace)?,
                None => {
                    return Err(Failure::misuse("name a database, a script with --script, or a trace with --trace"));
                }
            },
        };
        model.view = match subject.view() {
            None if model.screen == Screen::File => model.view,
            None | Some(View::Help) => View::Tree,
            Some(view) => view,
        };
        Ok(model)
    }

    fn of_script(&self, path: &Path, subject: Subject) -> Result<Model, Failure> {
        let text = read_script(path)?;
        let runner =
            recorded::run_script(&text).map_err(|error| Failure::misuse(format!("{}: {error}", shown_path(path))))?;
        let name = path.file_name().map(|name| shown_path(Path::new(name))).unwrap_or_default();
        let mut model = self.at_instant(recorded::lab(&runner, &name), path, "script")?;
        if subject == Subject::Grid {
            let grid = labs::grid_now(&model, runner.options());
            let grid = grid.map_err(|why| Failure::new(Status::Cannot, "NO-GRID", why))?;
            update::update(&mut model, Message::GridDone(Box::new(grid)));
        }
        if subject == Subject::Tamper {
            let lies = labs::lies_now(&model, runner.options());
            model.labs.tamper = lies.map_err(|why| Failure::new(Status::Cannot, "NO-LIES", why))?;
            model.labs.tamper.matrix = self.matrix.then_some((0, 0));
        }
        if subject == Subject::Twin {
            let twins = labs::twins_now(&model, runner.options(), self.difference()?);
            model.labs.twin = twins.map_err(|why| Failure::new(Status::Cannot, "NO-TWIN", why))?;
        }
        Ok(model)
    }

    /// The one difference between the twins; the order of the keys when none is named.
    fn difference(&self) -> Result<Difference, Failure> {
        let words: Vec<String> = [&self.file, &self.other].into_iter().flatten().map(|word| shown_path(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let words = if words.is_empty() { &["order"][..] } else { &words };
        Difference::parse(words).map_err(Failure::misuse)
    }

    fn of_trace(&self, path: &Path) -> Result<Model, Failure> {
        let mut model = recording::model(&replay::name_of(path), replay::read(path)?);
        let broken = model.recording().and_then(|recording| recording.broken.clone());
        if let Some(why) = broken {
            note(format!("tosumu: TRACE: {}: {why}; what stands before it was shown", shown_path(path)));
        }
        model.note = None;
        let end = model.timeline().map_or(0, |timeline| timeline.len());
        recorded::seek(&mut model, end);
        self.at_instant(model, path, "trace")
    }

    /// At the instant asked for, or at the end.
    fn at_instant(&self, mut model: Model, path: &Path, what: &str) -> Result<Model, Failure> {
        if let Some(at) = self.at {
            let total = model.at;
            if at > total {
                let why = format!("{}: the {what} has {total} events, there is no event {at}", shown_path(path));
                return Err(Failure::misuse(why));
            }
            recorded::seek(&mut model, at);
        }
        Ok(model)
    }

    fn of_file(&self, path: &Path) -> Result<Model, Failure> {
        let file = open_to_draw(path, &self.keys)?;
        recorded::model_of(&file).map_err(|error| Failure::engine(path, error))
    }

    fn choose_page(&self, model: &mut Model, subject: Subject) -> Result<(), Failure> {
        if let Some(page) = self.page {
            let page = PageNo(page);
            if !model.world.has_page(page) {
                let last = model.world.page_total();
                let why = format!("there is no page {page}: the store has pages 1 to {last}");
                return Err(Failure::new(Status::Cannot, "NO-PAGE", why));
            }
            model.page = Some(page);
        } else if matches!(subject, Subject::Page | Subject::Life) && self.at.is_none() {
            model.page = last_changed(model);
        }
        Ok(())
    }

    /// What the diff compares with: another file, or another instant.
    fn choose_compared(&self, model: &mut Model, subject: Subject) -> Result<(), Failure> {
        let present = |name: String| Side { name, world: model.world.clone() };
        let compared = match (&self.other, self.from, &self.file) {
            _ if subject == Subject::Twin => return Ok(()),
            (Some(_), ..) if subject != Subject::Diff => {
                return Err(Failure::misuse("only diff takes two databases"));
            }
            (Some(other), _, Some(file)) if self.script.is_none() => {
                let at_rest = open_to_draw(other, &self.keys)?;
                let world = World::at_rest(FileWorld::load(&at_rest, None));
                let right = Side { name: shown_path(other), world };
                Compared { left: present(shown_path(file)), right: Some(right) }
            }
            (None, Some(from), _) => {
                let Some(timeline) = model.timeline() else { return Ok(()) };
                if from > timeline.len() {
                    return Err(Failure::misuse(format!("the script has {} events", timeline.len())));
                }
                Compared { left: Side { name: format!("event {from}"), world: timeline.world_at(from) }, right: None }
            }
            _ => return Ok(()),
        };
        model.looking.compared = Some(Box::new(compared));
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(out) = &self.out {
            return std::fs::write(out, bytes).map_err(|source| Failure::io(&shown_path(out), source));
        }
        let mut output = Output::new();
        output.bytes(bytes)?;
        output.finish()
    }
}

/// The view called `word`; a wrong word is answered with the right ones.
fn subject(word: &str) -> Result<Subject, Failure> {
    Subject::named(word).ok_or_else(|| {
        let names: Vec<&str> = Subject::ALL.iter().map(|(name, _)| *name).collect();
        let word = tosumu::escape::escape(word.as_bytes());
        Failure::misuse(format!("`{word}` is no view; there are: {}", names.join(" ")))
    })
}

fn parse_layer(text: &str) -> Result<MapLayer, String> {
    MapLayer::named(text).ok_or_else(|| "the map tells kind, fill, age or check".to_owned())
}

fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let fits = |(width, height): &(u16, u16)| (1..=SIZE_MAX).contains(width) && (1..=SIZE_MAX).contains(height);
    parsed.filter(fits).ok_or_else(|| format!("a size is columns x lines, for example 80x24, each at most {SIZE_MAX}"))
}

fn read_script(path: &Path) -> Result<String, Failure> {
    let failed = |source| Failure::io(&shown_path(path), source);
    if std::fs::metadata(path).map_err(failed)?.len() > SCRIPT_BYTES_MAX {
        let why = format!("{}: the script is longer than the limit of {SCRIPT_BYTES_MAX} bytes", shown_path(path));
        return Err(Failure::new(Status::Cannot, "LIMIT", why));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| Failure::misuse(format!("{}: a script is text", shown_path(path))))
}

/// The page that the last change was about.
fn last_changed(model: &Model) -> Option<PageNo> {
    let timeline = model.timeline()?;
    let changes = |event: &Event| {
        matches!(
            event,
            Event::RecordWritten { .. }
                | Event::RecordRemoved { .. }
                | Event::PageSplit { .. }
                | Event::SeparatorWritten { .. }
                | Event::CellsMoved { .. }
                | Event::PagesMerged { .. }
                | Event::SeparatorReplaced { .. }
                | Event::SeparatorRemoved { .. }
        )
    };
    let events = (0..model.at.min(timeline.len())).rev().map(|at| timeline.event(at));
    let mut changed = events.filter(|event| changes(event)).filter_map(Event::page);
    changed.find(|page| model.world.has_page(*page))
}
