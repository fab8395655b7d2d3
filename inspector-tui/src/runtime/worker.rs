//! The worker: owns the engine of the sandbox, one for each branch of time, and reads files. One command in, one message
//! out.

use super::files::Files;
use super::keep::Keep;
use crate::command::{Command, Overwrite, Piece};
use crate::describe::plural;
use crate::file_work::Key;
use crate::gallery::{self, Fixture};
use crate::labs::{
    grid::{self, Subject},
    tamper,
    twin::{self, Difference},
};
use crate::lesson;
use crate::message::VerifyNews;
use crate::message::{Message, Said, Sample, Staged, TwinAsk};
use crate::model::Report;
use crate::timeline::FileWorld;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tosumu::crypto::Secret;
use tosumu::inspect::AtRest;
use tosumu::limits::{LINE_BYTES_MAX, SECRET_BYTES_MAX};
use tosumu::script::{Left, Op, Runner, RunnerOptions, SAMPLE_STORE, Script};
use tosumu::trace::{Event, Level, Sink, Tracer};
use tosumu::verify::{Stop, VerifyOptions, verify};
use tosumu::vfs::OsVfs;
use tosumu::{PageNo, PageSize, Unlock};

/// What makes the store of the lab.
#[derive(Clone, Debug)]
struct Recipe {
    script: Script,
    options: RunnerOptions,
    title: String,
    sample: Sample,
}

/// The file that is open.
#[derive(Clone)]
enum OpenFile {
    /// One of the user's, and the key given for it.
    Path(PathBuf, Option<Unlock>),
    /// One of the gallery, and the key given for it in place of its own.
    Fixture(usize, Option<Unlock>),
    /// The same, without its name.
    Unnamed(usize, Option<Unlock>),
}

impl OpenFile {
    fn at_rest(&self) -> Result<AtRest, String> {
        match self {
            OpenFile::Path(path, unlock) => AtRest::open(Arc::new(OsVfs), path, unlock.as_ref()),
            OpenFile::Fixture(index, None) => match gallery::all().get(*index) {
                Some(fixture) => fixture.at_rest(),
                None => return Err(NO_FIXTURE.to_owned()),
            },
            OpenFile::Fixture(index, unlock) => match gallery::all().get(*index) {
                Some(fixture) => AtRest::open(fixture.disk(), fixture.file(), unlock.as_ref()),
                None => return Err(NO_FIXTURE.to_owned()),
            },
            OpenFile::Unnamed(index, unlock) => match gallery::all().get(*index) {
                Some(fixture) => fixture.at_rest_unnamed(unlock.as_ref()),
                None => return Err(NO_FIXTURE.to_owned()),
            },
        }
        .map_err(|error| error.to_string())
    }

    /// The same file, with this key.
    fn with(&self, unlock: Unlock) -> OpenFile {
        match self {
            OpenFile::Path(path, _) => OpenFile::Path(path.clone(), Some(unlock)),
            OpenFile::Fixture(index, _) => OpenFile::Fixture(*index, Some(unlock)),
            OpenFile::Unnamed(index, _) => OpenFile::Unnamed(*index, Some(unlock)),
        }
    }

    /// What it is verified with: a fixture may bring a fingerprint.
    fn verify_options(&self) -> VerifyOptions {
        match self {
            OpenFile::Path(..) => VerifyOptions::default(),
            OpenFile::Fixture(index, _) => gallery::all().get(*index).map(Fixture::verify_options).unwrap_or_default(),
            OpenFile::Unnamed(index, _) => {
                gallery::all().get(*index).map(Fixture::verify_options_unnamed).unwrap_or_default()
            }
        }
    }
}

/// Owns the engine of the sandbox, one for each branch, and the file that is open.
pub struct Worker {
    recipe: Option<Recipe>,
    options: RunnerOptions,
    /// By branch; none of a branch whose engine was not kept.
    runners: Vec<Option<Runner>>,
    file: Option<OpenFile>,
    /// Ends the verification that runs; another one stands here for the next.
    stop: Arc<Mutex<Stop>>,
    /// Where news of a verification go while it runs.
    tell: Option<Tell>,
    /// Where things are kept.
    keep: Keep,
    /// The file that is open, for whoever reads it meanwhile.
    files: Files,
    /// A file that was opened for the first command already.
    opened: Option<AtRest>,
}

/// Hears of a verification while it runs.
pub(super) type Tell = Arc<dyn Fn(Message) + Send + Sync>;

impl Worker {
    /// A worker whose lab is the sample store.
    pub fn new() -> Worker {
        Worker {
            recipe: None,
            options: RunnerOptions::default(),
            runners: Vec::new(),
            file: None,
            stop: Arc::default(),
            tell: None,
            keep: Keep::default(),
            files: Files::default(),
            opened: None,
        }
    }

    /// A worker whose lab is made by `script`; `title` is what the first line says of it.
    pub fn with_script(script: Script, title: &str, page_size: Option<PageSize>) -> Worker {
        let mut options = script.options(RunnerOptions::default());
        options.page_size = page_size.unwrap_or(options.page_size);
        let title = format!("{title}, {}", options.words());
        let recipe = Recipe { script, options, title, sample: Sample::Own };
        Worker { recipe: Some(recipe), ..Worker::new() }
    }

    /// A worker that has the file at `path` open already, and the key given for it.
    pub fn with_file(path: &Path, unlock: Option<Unlock>, opened: AtRest) -> Worker {
        let file = Some(OpenFile::Path(path.to_owned(), unlock));
        Worker { file, opened: Some(opened), ..Worker::new() }
    }

    /// The file that is open, for whoever reads it meanwhile.
    pub fn files(&self) -> Files {
        self.files.clone()
    }

    /// Does what `command` asks for and tells what came of it.
    pub fn obey(&mut self, command: Command) -> Message {
        self.keep.notice_command(&command);
        let message = self.do_it(command);
        self.keep.notice_message(&message);
        message
    }

    /// The room where things are kept, for whoever obeys what is asked of it.
    pub(super) fn room(&self) -> Keep {
        self.keep.clone()
    }

    /// Keeps things in `keep`.
    pub fn keeping(self, keep: Keep) -> Worker {
        Worker { keep, ..self }
    }

    fn do_it(&mut self, command: Command) -> Message {
        match command {
            Command::Keep(ask) => Message::Kept(self.keep.obey(ask)),
            Command::MakeLab(sample) => self.make_lab(sample),
            Command::Run { branch, line } => self.run(branch, &line),
            Command::Replay { branch, crashed, lines, shared, line } => {
                let mut runner = self.runner_behind(crashed.as_ref());
                lines.iter().for_each(|line| drop(runner.run_line(line)));
                let shared = shared.min(runner.recorder().count());
                let said = run_lines(&mut runner, &line);
                self.keep(branch, runner, shared, said)
            }
            Command::Crash { branch, events, left } => {
                let runner = Runner::cut_behind(&events, &left, self.options.clone());
                self.keep(branch, runner, events.len(), Said::default())
            }
            Command::LoadFile(path) => {
                let unlock = self.key_for(&path);
                self.load(OpenFile::Path(path, unlock))
            }
            Command::LoadFixture(index) => self.load(OpenFile::Fixture(index, None)),
            Command::LoadUnnamed(index) => self.load(OpenFile::Unnamed(index, None)),
            Command::Unlock(key) => self.unlock(key),
            Command::ReadOn(_) => Message::FileNews(self.files.load()),
            Command::Verify => self.verify(),
            Command::Probe(page) => self.probe(page),
            Command::LoadOther(path) => self.load_other(path),
            Command::ReadScript(path) => read_script(&path),
            Command::SaveScript { path, name, lines, overwrite } => {
                save_script(&path, &script_text(&self.options, &name, &lines), overwrite)
            }
            Command::TellLies { events } => self.tell_lies(&events),
            Command::Twin { lines, difference } => self.run_twins(&lines, difference),
            Command::PlayPiece(piece) => self.play_piece(*piece),
            Command::CheckTask { branch, task } => match self.runners.get_mut(branch) {
                Some(Some(runner)) => Message::TaskChecked { branch, missing: lesson::missing(&task, runner) },
                _ => Message::Failed("This branch has no engine any more.".to_owned()),
            },
            Command::CrashGrid { branch, events, operation } => {
                self.crash_grid(&Subject { branch, events: &events, operation: &operation, options: &self.options })
            }
            Command::Quit | Command::Redraw | Command::StopVerify | Command::StopReading | Command::Follow(_) => {
                Message::Failed("The worker has no screen.".to_owned())
            }
        }
    }

    fn make_lab(&mut self, sample: Sample) -> Message {
        let recipe = match self.recipe.clone().filter(|_| sample == Sample::Own) {
            Some(recipe) => recipe,
            None => match sample_store(sample) {
                Ok(recipe) => recipe,
                Err(why) => return Message::Failed(why),
            },
        };
        let mut runner = Runner::new(recipe.options.clone());
        for line in &recipe.script.lines {
            let outcome = runner.run(&line.op);
            if outcome.failed && !matches!(line.op, Op::Expect(_)) && sample != Sample::Own {
                return Message::Failed(format!("{}: {}", line.text, outcome.text));
            }
        }
        let events = runner.recorder().events_from(0);
        let (page_size, file) = (recipe.options.page_size, recipe.options.file.clone());
        self.options = recipe.options;
        self.runners = vec![Some(runner)];
        Message::LabReady { events, title: recipe.title, page_size, file, sample: recipe.sample }
    }

    /// The store of a piece of a lesson takes the place of the lab's.
    fn play_piece(&mut self, piece: Piece) -> Message {
        let store = &piece.standing.store;
        let (options, title) = (store.options.clone(), store.title());
        match lesson::play(store, &piece.standing.before, &piece.lines, &piece.predicts) {
            Err(error) => Message::Failed(format!("line {}: {}", error.line, error.why)),
            Ok(played) => {
                let (page_size, file) = (options.page_size, options.file.clone());
                self.options = options;
                self.runners = vec![Some(played.runner)];
                let (events, first, asked) = (played.events, played.first, played.asked);
                Message::Staged(Box::new(Staged { events, first, asked, title, page_size, file }))
            }
        }
    }

    fn run(&mut self, branch: usize, line: &str) -> Message {
        let Some(Some(runner)) = self.runners.get_mut(branch) else {
            return Message::Failed("This branch has no engine any more.".to_owned());
        };
        let first = runner.recorder().count();
        let said = run_lines(runner, line);
        Message::Ran { branch, events: runner.recorder().events_from(first), said }
    }

    fn runner_behind(&self, crashed: Option<&(Vec<Arc<Event>>, Left)>) -> Runner {
        match crashed {
            Some((events, left)) => Runner::cut_behind(events, left, self.options.clone()),
            None => Runner::new(self.options.clone()),
        }
    }

    fn keep(&mut self, branch: usize, runner: Runner, shared: usize, said: Said) -> Message {
        let events = runner.recorder().events_from(0);
        if self.runners.len() <= branch {
            self.runners.resize_with(branch + 1, || None);
        }
        self.runners[branch] = Some(runner);
        Message::Branched { branch, events, shared, said }
    }

    /// The key that was given for the file at `path`.
    fn key_for(&self, path: &Path) -> Option<Unlock> {
        match &self.file {
            Some(OpenFile::Path(known, unlock)) if known == path => unlock.clone(),
            _ => None,
        }
    }

    fn load(&mut self, file: OpenFile) -> Message {
        let opened = self.opened.take().filter(|_| matches!(&file, OpenFile::Path(..)));
        match opened.map_or_else(|| file.at_rest(), Ok) {
            Ok(at_rest) => self.show(file, at_rest),
            Err(why) => Message::Failed(why),
        }
    }

    /// A small file whole; of a large one what can be shown at once.
    fn show(&mut self, file: OpenFile, at_rest: AtRest) -> Message {
        self.file = Some(file);
        let world = match FileWorld::is_small(&at_rest) {
            true => FileWorld::load(&at_rest, None),
            false => FileWorld::begin(&at_rest),
        };
        self.files.open(at_rest);
        Message::FileReady(Box::new(world), None)
    }

    /// Opens the file in front with a key.
    fn unlock(&mut self, key: Key) -> Message {
        let Some(file) = &self.file else { return Message::Failed("No file is open.".to_owned()) };
        let unlock = match key {
            Key::Given(unlock) => unlock,
            Key::InFile(path) => match read_key_file(&path) {
                Ok(bytes) => Unlock::Keyfile(bytes),
                Err(why) => return Message::StillLocked(why),
            },
        };
        let file = file.with(unlock);
        match file.at_rest() {
            Ok(at_rest) => match at_rest.keys().err().map(|finding| finding.why.clone()) {
                None => self.show(file, at_rest),
                Some(why) => Message::StillLocked(why),
            },
            Err(why) => Message::StillLocked(why),
        }
    }

    /// The file in front, looked at anew: its key slots need no key again. A writer that folds its log waits while it lives.
    fn at_rest_now(&self) -> Result<AtRest, String> {
        match (self.files.now(), &self.file) {
            (Some(open), _) => open.look_anew().map_err(|error| error.to_string()),
            (None, Some(file)) => file.at_rest(),
            (None, None) => Err("No file is open.".to_owned()),
        }
    }

    /// A file to compare with: opened with the key of the one in front.
    fn load_other(&self, path: PathBuf) -> Message {
        let unlock = match &self.file {
            Some(OpenFile::Path(_, unlock)) => unlock.clone(),
            _ => None,
        };
        match OpenFile::Path(path, unlock).at_rest() {
            Ok(other) => Message::OtherRead(Box::new(FileWorld::load(&other, None))),
            Err(why) => {
                let instants = "Instants are compared by the numbers of events, start, end, now and bookmarks.";
                Message::Failed(format!("{}. {instants}", why.trim_end_matches('.')))
            }
        }
    }

    /// Has `tell` hear of verifications while they run; what is returned ends them.
    pub(super) fn tell_to(&mut self, tell: Tell) -> Arc<Mutex<Stop>> {
        self.files.tell_to(tell.clone());
        self.tell = Some(tell);
        self.stop.clone()
    }

    fn tell_lies(&mut self, events: &[Arc<Event>]) -> Message {
        let stop = Stop::default();
        *locked(&self.stop) = stop.clone();
        let mut last = Instant::now();
        let told = tamper::compute(&tamper::Instant { events, options: &self.options }, &mut |lies| {
            if let Some(tell) = self.tell.as_ref().filter(|_| last.elapsed() >= NEWS_INTERVAL) {
                last = Instant::now();
                tell(Message::LiesNews(lies.to_vec()));
            }
            if stop.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        told.map_or_else(Message::Failed, Message::LiesDone)
    }

    fn run_twins(&self, lines: &[String], difference: Difference) -> Message {
        let stop = Stop::default();
        *locked(&self.stop) = stop.clone();
        let mut last = Instant::now();
        let subject = twin::Subject { lines, options: &self.options };
        let twins = twin::compute(&subject, difference, &mut |progress| {
            if let Some(tell) = self.tell.as_ref().filter(|_| last.elapsed() >= NEWS_INTERVAL) {
                last = Instant::now();
                tell(Message::Twin(TwinAsk::News(progress)));
            }
            if stop.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        Message::Twin(TwinAsk::Done(twins.map(|twin| twin.map(Box::new))))
    }

    fn crash_grid(&self, subject: &Subject) -> Message {
        let stop = Stop::default();
        *locked(&self.stop) = stop.clone();
        let mut last = Instant::now();
        let computed = grid::compute(subject, &mut |grid| {
            if let Some(tell) = self.tell.as_ref().filter(|_| last.elapsed() >= NEWS_INTERVAL) {
                last = Instant::now();
                tell(Message::GridNews(Box::new(grid.clone())));
            }
            if stop.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match computed {
            Ok(grid) => Message::GridDone(Box::new(grid)),
            Err(why) => Message::Failed(why),
        }
    }

    fn probe(&mut self, page: PageNo) -> Message {
        let now = self.at_rest_now();
        let probed = now.and_then(|file| file.probe(page, &[]).map_err(|error| error.to_string()));
        match probed {
            Ok(probe) => Message::Probed(Box::new(probe)),
            Err(why) => Message::Failed(why),
        }
    }

    fn verify(&mut self) -> Message {
        let Some(file) = &self.file else {
            return Message::Failed("No file is open.".to_owned());
        };
        let stop = Stop::default();
        *locked(&self.stop) = stop.clone();
        let tracer = self.tell.clone().map_or(Tracer::off(), |tell| Tracer::new(NewsSink::new(tell)));
        let options = VerifyOptions { stop, tracer, ..file.verify_options() };
        let verified = self.at_rest_now().and_then(|file| {
            let report = verify(&file, &options).map_err(|error| error.to_string())?;
            Ok((file, report))
        });
        match verified {
            Ok((file, report)) if FileWorld::is_small(&file) => {
                Message::Verified(Box::new(FileWorld::load(&file, Some(&report))), Report::of(&report))
            }
            Ok((_, report)) => Message::Judged(Box::new(Report::of(&report))),
            Err(why) => Message::Failed(why),
        }
    }
}

impl Default for Worker {
    fn default() -> Worker {
        Worker::new()
    }
}

/// How often the screen hears of a verification.
const NEWS_INTERVAL: Duration = Duration::from_millis(60);
/// Pages between two looks at the clock.
const NEWS_STRIDE_PAGES: usize = 64;

/// Gathers what a verification does and tells of it now and then: a screen shows no more.
struct NewsSink {
    tell: Tell,
    gathered: Mutex<(VerifyNews, Instant)>,
}

impl NewsSink {
    fn new(tell: Tell) -> Arc<NewsSink> {
        Arc::new(NewsSink { tell, gathered: Mutex::new((VerifyNews::default(), Instant::now())) })
    }
}

impl Sink for NewsSink {
    fn level(&self) -> Level {
        Level::Outline
    }

    fn take(&self, event: Event) {
        let mut gathered = locked(&self.gathered);
        let (news, last) = &mut *gathered;
        match event {
            Event::VerifyStarted { pages, .. } => news.total = pages,
            Event::PageVerified { page, sound } => news.pages.push((page, sound)),
            Event::FindingReported { finding } => news.findings.push(*finding),
            Event::VerifyEnded { .. } => {
                let last = std::mem::take(news);
                return (self.tell)(Message::VerifyNews(last));
            }
            _ => {}
        }
        if news.pages.len() % NEWS_STRIDE_PAGES == NEWS_STRIDE_PAGES - 1 && last.elapsed() >= NEWS_INTERVAL {
            *last = Instant::now();
            let total = news.total;
            let news = std::mem::replace(news, VerifyNews { total, ..VerifyNews::default() });
            (self.tell)(Message::VerifyNews(news));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const NO_FIXTURE: &str = "There is no such file in the gallery.";

/// The bytes of a key file. Room for the longest is made at once: a vector that grew would leave copies behind.
fn read_key_file(path: &Path) -> Result<Secret, String> {
    let failed = |error: std::io::Error| format!("{}: {error}.", path.display());
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::with_capacity(SECRET_BYTES_MAX + 2);
    let read = file.take(SECRET_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    let (length, secret) = (bytes.len(), Secret::from(bytes));
    read.map_err(failed)?;
    match length > SECRET_BYTES_MAX {
        true => Err(format!("{}: a key is at most {SECRET_BYTES_MAX} bytes long.", path.display())),
        false => Ok(secret),
    }
}

/// Longest script that is read, in bytes.
const SCRIPT_BYTES_MAX: u64 = 16 * LINE_BYTES_MAX as u64;

/// Runs the lines of `text`. What one operation prints is told; of several, how many ran and which did not do what they ask
/// for.
fn run_lines(runner: &mut Runner, text: &str) -> Said {
    if !text.contains('\n') {
        let outcome = runner.run_line(text);
        return Said { text: outcome.text, failed: outcome.failed };
    }
    let script = match Script::parse(text) {
        Ok(script) => script,
        Err(error) => return Said { text: format!("Nothing was run: {error}."), failed: true },
    };
    let (mut ran, mut wrong) = (0, Vec::new());
    for line in script.lines.iter().filter(|line| !matches!(line.op, Op::Comment(_))) {
        let outcome = runner.run(&line.op);
        ran += 1;
        let printed = outcome.text.lines().map(str::trim_end);
        let differs = line.expected.as_ref().is_some_and(|text| !printed.eq(text.iter().map(|line| line.trim_end())));
        if outcome.failed || differs {
            wrong.push(format!("line {}, `{}`: {}", line.number, line.text.trim(), outcome.text));
        }
    }
    let ran = plural(ran, "operation");
    match &wrong[..] {
        [] => Said { text: format!("{ran} ran. This is the first event; End leads to the last."), failed: false },
        [only] => Said { text: format!("{ran} ran. One went wrong: {only}"), failed: true },
        [first, rest @ ..] => {
            Said { text: format!("{ran} ran. {} went wrong. The first: {first}", rest.len() + 1), failed: true }
        }
    }
}

fn read_script(path: &Path) -> Message {
    let failed = |why: String| Message::Failed(format!("{}: {why}", path.display()));
    let bytes = match std::fs::File::open(path).map(|file| file.take(SCRIPT_BYTES_MAX + 1)) {
        Ok(mut file) => {
            let mut bytes = Vec::new();
            match file.read_to_end(&mut bytes) {
                Ok(_) => bytes,
                Err(error) => return failed(error.to_string()),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return failed("there is no such file.".to_owned());
        }
        Err(error) => return failed(error.to_string()),
    };
    if bytes.len() as u64 > SCRIPT_BYTES_MAX {
        return failed(format!("a script is at most {SCRIPT_BYTES_MAX} bytes long."));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Message::ScriptRead { name: path.display().to_string(), text },
        Err(_) => failed("a script is UTF-8 text.".to_owned()),
    }
}

/// A branch as a script: what belongs at the head, then its operations.
fn script_text(options: &RunnerOptions, name: &str, lines: &[String]) -> String {
    let mut text = format!("# A branch of the lab: {name}\n");
    text.push_str(&format!("page-size {}\nseed {}\n", options.page_size.get(), options.seed));
    if let Some(word) = &options.passphrase {
        text.push_str(&format!("passphrase {word}\n"));
    }
    if options.found.is_some() {
        text.push_str("# It began with files that were found: this script alone does not make them.\n");
    }
    options.without.iter().for_each(|defence| text.push_str(&format!("without {defence}\n")));
    lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    text
}

fn save_script(path: &Path, text: &str, overwrite: Overwrite) -> Message {
    let mut options = OpenOptions::new();
    options.write(true);
    match overwrite {
        Overwrite::Refuse => options.create_new(true),
        Overwrite::Allow => options.create(true).truncate(true),
    };
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    let shown = path.display();
    match written {
        Ok(()) => Message::Wrote(format!("{shown} holds this branch: `tosumu run {shown}` plays it.")),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Message::Failed(format!(
            "{shown} is there already: choose another name, or `save! {shown}` to write over it."
        )),
        Err(error) => Message::Failed(format!("{shown}: {error}")),
    }
}

fn sample_store(sample: Sample) -> Result<Recipe, String> {
    let script = Script::parse(SAMPLE_STORE).map_err(|error| error.to_string())?;
    let options = script.options(RunnerOptions::default());
    let title = format!("sample store, {}", options.words());
    let sample = if sample == Sample::Own { Sample::Sample } else { sample };
    Ok(Recipe { script, options, title, sample })
}
