//! The file that is open, for the threads that read it: pages that somebody looks at, all of it in the background, and again
//! when another process has changed it. What they find goes to the loop as messages.
//!
//! The handle that is kept holds no lock: whoever writes the file is never kept from anything for longer than one look.

use super::worker::Tell;
use crate::command::ReadFrom;
use crate::file_work::{FileNews, Look, PagesRead, Progress};
use crate::message::Message;
use crate::timeline::{FileWorld, Loading, Part, Stage, find_tree, load_all, read_page};
use std::ops::ControlFlow;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tosumu::inspect::AtRest;
use tosumu::types::PageNo;
use tosumu::verify::Stop;
use tosumu::wal::FrameRecord;

/// How often the screen hears of what is read.
const NEWS_INTERVAL: Duration = Duration::from_millis(100);
/// How often a followed file is looked at; one whose look takes long, less often.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);
/// Looks at a file that changes under each of them, before the next pause.
const TRIES_MAX: u32 = 20;
/// Pages of the log that are read with a look, of a file that is not read whole.
const PAGES_READ_MAX: usize = 512;
/// The pause between two of them.
const TRY_PAUSE: Duration = Duration::from_millis(20);

/// The file that is open. Clones are the same.
#[derive(Clone, Default)]
pub struct Files {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    open: Mutex<Option<Arc<AtRest>>>,
    /// How far it was read, for who goes on.
    loading: Mutex<Loading>,
    loader: Mutex<Option<Job>>,
    follower: Mutex<Option<Job>>,
    reader: Mutex<Option<Sender<Vec<PageNo>>>>,
    tell: Mutex<Option<Tell>>,
    /// Rises with every file that is opened: news of an earlier one are none.
    number: Mutex<u64>,
}

/// A thread that can be ended.
struct Job {
    stop: Stop,
    thread: JoinHandle<()>,
}

impl Job {
    fn end(self) {
        self.stop.stop();
        let _ = self.thread.join();
    }
}

impl Files {
    /// Has `tell` hear of what is read.
    pub fn tell_to(&self, tell: Tell) {
        *locked(&self.shared.tell) = Some(tell);
    }

    /// Whether somebody hears of what is read in the background.
    pub fn is_heard(&self) -> bool {
        locked(&self.shared.tell).is_some()
    }

    /// Takes `file` as the one that is open. Whatever went on with the one before it ends first.
    pub fn open(&self, file: AtRest) -> Arc<AtRest> {
        self.end_jobs();
        let file = Arc::new(file.let_go());
        *locked(&self.shared.number) += 1;
        *locked(&self.shared.open) = Some(file.clone());
        *locked(&self.shared.loading) = Loading::default();
        file
    }

    /// The file that is open.
    pub fn now(&self) -> Option<Arc<AtRest>> {
        locked(&self.shared.open).clone()
    }

    /// Which file is open, by number.
    pub fn number(&self) -> u64 {
        *locked(&self.shared.number)
    }

    fn end_jobs(&self) {
        for job in [&self.shared.loader, &self.shared.follower] {
            let job = locked(job).take();
            if let Some(job) = job {
                job.end();
            }
        }
    }

    /// Reads pages now.
    pub fn read(&self, pages: &[PageNo]) -> PagesRead {
        let Some(file) = self.now() else { return PagesRead::default() };
        let pages = pages.iter().map(|page| (*page, read_page(&file, *page))).collect();
        PagesRead { pages, overtaken: file.is_overtaken().unwrap_or(false) }
    }

    /// Reads pages soon, on a thread that does nothing else.
    pub fn read_soon(&self, pages: Vec<PageNo>) {
        let mut reader = locked(&self.shared.reader);
        let sender = reader.get_or_insert_with(|| {
            let (sender, wanted) = channel::<Vec<PageNo>>();
            let files = self.clone();
            thread::spawn(move || {
                while let Ok(pages) = wanted.recv() {
                    let number = files.number();
                    let read = files.read(&pages);
                    files.say(number, Message::PagesRead(read));
                }
            });
            sender
        });
        let _ = sender.send(pages);
    }

    /// Tells what was found in file `number`, when that is still the one that is open.
    fn say(&self, number: u64, message: Message) {
        let tell = locked(&self.shared.tell).clone();
        if let Some(tell) = tell {
            tell(Message::OfFile(number, Box::new(message)));
        }
    }

    /// Reads all of the file from where it was left, here and now.
    pub fn load(&self) -> FileNews {
        let mut news = FileNews::default();
        let Some(file) = self.now() else { return news };
        let mut loading = locked(&self.shared.loading);
        let mut hear = |part| {
            news.parts.push(part);
            ControlFlow::Continue(())
        };
        load_all(&file, &mut loading, &mut hear, &mut |_, _, _| ControlFlow::Continue(()));
        news.progress = Progress { stage: loading.stage, done: loading.done, total: loading.total, stopped: false };
        news
    }

    /// Reads all of the file in the background, from where it was left; or from its beginning.
    pub fn load_in_background(&self, from: ReadFrom) {
        let Some(file) = self.now() else { return };
        let before = locked(&self.shared.loader).take();
        if let Some(before) = before {
            before.end();
        }
        if from == ReadFrom::Beginning {
            *locked(&self.shared.loading) = Loading::default();
        }
        let (files, number, stop) = (self.clone(), self.number(), Stop::default());
        let asked = stop.clone();
        let thread = thread::spawn(move || files.load_until(&file, number, &asked));
        *locked(&self.shared.loader) = Some(Job { stop, thread });
    }

    fn load_until(&self, file: &AtRest, number: u64, stop: &Stop) {
        let mut loading = locked(&self.shared.loading);
        let (gathered, last) = (Mutex::new(Vec::new()), Mutex::new(Instant::now()));
        let mut hear = |part: Part| {
            locked(&gathered).push(part);
            flow(stop)
        };
        let mut progress = |stage, done, total| {
            let mut last = locked(&last);
            if last.elapsed() >= NEWS_INTERVAL {
                *last = Instant::now();
                let parts = std::mem::take(&mut *locked(&gathered));
                let progress = Progress { stage, done, total, stopped: false };
                self.say(number, Message::FileNews(FileNews { parts, progress }));
            }
            flow(stop)
        };
        load_all(file, &mut loading, &mut hear, &mut progress);
        let parts = std::mem::take(&mut *locked(&gathered));
        let stopped = loading.stage != Stage::Done;
        let progress = Progress { stage: loading.stage, done: loading.done, total: loading.total, stopped };
        self.say(number, Message::FileNews(FileNews { parts, progress }));
    }

    /// Ends the reading in the background; it tells how far it came.
    pub fn stop_loading(&self) {
        if let Some(job) = &*locked(&self.shared.loader) {
            job.stop.stop();
        }
    }

    /// Looks at the file again whenever it changes.
    pub fn follow(&self) {
        self.unfollow();
        let (files, number, stop) = (self.clone(), self.number(), Stop::default());
        let asked = stop.clone();
        let thread = thread::spawn(move || files.follow_until(number, &asked));
        *locked(&self.shared.follower) = Some(Job { stop, thread });
    }

    /// Looks no more.
    pub fn unfollow(&self) {
        let job = locked(&self.shared.follower).take();
        if let Some(job) = job {
            job.end();
        }
    }

    fn follow_until(&self, number: u64, stop: &Stop) {
        let mut failed = None;
        while !stop.is_asked() {
            let begun = Instant::now();
            match self.look() {
                Ok(None) => {}
                Ok(Some(look)) => {
                    failed = None;
                    self.say(number, Message::Looked(Box::new(look)));
                }
                Err(why) if failed.as_ref() == Some(&why) => {}
                Err(why) => {
                    self.say(number, Message::LookFailed(why.clone()));
                    failed = Some(why);
                }
            }
            let until = Instant::now() + FOLLOW_INTERVAL.max(begun.elapsed() * 4);
            while !stop.is_asked() && Instant::now() < until {
                thread::sleep(TRY_PAUSE);
            }
        }
    }

    /// A look at the file, when it changed since the last one.
    pub fn look(&self) -> Result<Option<Look>, String> {
        let Some(before) = self.now() else { return Ok(None) };
        let words = |error: tosumu::Error| error.to_string();
        if !before.is_overtaken().map_err(words)? {
            return Ok(None);
        }
        for tries in 1..=TRIES_MAX {
            let now = before.look_anew().map_err(words)?;
            let look = look_at(&before, &now, tries);
            if now.is_overtaken().map_err(words)? {
                thread::sleep(TRY_PAUSE);
                continue;
            }
            *locked(&self.shared.open) = Some(Arc::new(now.let_go()));
            return Ok(Some(look));
        }
        Err(format!("The file changed under each of {TRIES_MAX} looks: the next ones may find it still."))
    }
}

fn look_at(before: &AtRest, now: &AtRest, tries: u32) -> Look {
    let small = FileWorld::is_small(now);
    let mut world = if small { FileWorld::load(now, None) } else { FileWorld::begin(now) };
    let generation = |file: &AtRest| file.chosen().ok().map(|chosen| chosen.superblock.log_generation);
    let newest = before.commit().unwrap_or_default();
    let records = now.log().scan.iter().flat_map(|scan| &scan.records);
    let mut logged: Vec<PageNo> = records
        .filter(|record| record.commit > newest)
        .filter_map(|record| match &record.record {
            FrameRecord::Page { page, .. } => Some(*page),
            _ => None,
        })
        .collect();
    logged.sort();
    logged.dedup();
    let levels = if small { None } else { find_tree(now) };
    if !small {
        for page in logged.iter().take(PAGES_READ_MAX) {
            world.take_in(*page, read_page(now, *page));
        }
    }
    Look { world: Box::new(world), levels, logged, folded: generation(before) != generation(now), tries }
}

fn flow(stop: &Stop) -> ControlFlow<()> {
    if stop.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
