//! Everything the screens show, as plain data. `update` changes it, `view` draws it; neither knows a terminal.
//!
//! Start reading at [`Model`]. The state of the store at the present instant is [`Model::world`], a fold kept beside the
//! branch it belongs to; a step never runs the engine.

use crate::file_work::FileWork;
use crate::gallery::{self, Fixture};
use crate::keep::Kept;
use crate::keymap::Keys;
use crate::labs::Labs;
use crate::lesson::{Shelf, Way};
use crate::line_edit::LineEdit;
use crate::looking::Looking;
use crate::timeline::{FileWorld, Operation, Timeline, World};
use crate::travel::{Recording, Travel};
use crate::widget::Theme;
use std::collections::BTreeSet;
use tosumu::Finding;
use tosumu::format::annotate::{self, Annotation};
use tosumu::format::node::NodeView;
use tosumu::format::page::PageKind;
use tosumu::inspect::Probe;
use tosumu::script::{Op, SessionStep, Show};
use tosumu::trace::Event;
use tosumu::types::{PageNo, PageSize};

mod predict;
mod verifying;
mod views;

pub use predict::{Point, Predict, Question};
pub use verifying::{MapCell, Report, Verifying};
pub use views::{Focus, TreeChoice, View};

/// What is in front.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Screen {
    /// The list of things to begin with.
    Home,
    /// A store in the sandbox, with time.
    Lab,
    /// A file at rest.
    File,
}

/// Something to begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HomeItem {
    /// The lab, told step by step.
    Tour,
    /// The sample store, to play with.
    Lab,
    /// The lessons.
    Lessons,
    /// Damaged files to look at.
    Gallery,
    /// A file of one's own.
    OpenFile,
    /// Leave.
    Quit,
}

impl HomeItem {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            HomeItem::Tour => "Take the tour",
            HomeItem::Lab => "Open the lab",
            HomeItem::Lessons => "Learn",
            HomeItem::Gallery => "Look at damaged files",
            HomeItem::OpenFile => "Open a file",
            HomeItem::Quit => "Quit",
        }
    }

    /// What it is, in one line.
    pub fn story(self) -> &'static str {
        match self {
            HomeItem::Tour => {
                "eleven steps: one record splits a page, the power goes, and nothing acknowledged is lost"
            }
            HomeItem::Lab => "a real engine on a simulated disk: type operations, step, crash, reopen",
            HomeItem::Lessons => {
                "lessons of a quarter of an hour: a question before each event, a task on your own data"
            }
            HomeItem::Gallery => "files with one true cause each: what is wrong, why, what is lost, what to do",
            HomeItem::OpenFile => "any database at rest, sound or broken; it is never written to",
            HomeItem::Quit => "back to the shell",
        }
    }
}

/// The home screen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Home {
    /// What there is to choose from.
    pub items: Vec<HomeItem>,
    /// The item under the cursor.
    pub selected: usize,
    /// The path being typed, while one is asked for.
    pub input: Option<LineEdit>,
    /// The fixture under the cursor, while the gallery is open.
    pub gallery: Option<usize>,
    /// The fixtures whose story was told.
    pub told: BTreeSet<usize>,
    /// The lesson under the cursor, while their list is open.
    pub lessons: Option<usize>,
    /// The files that were opened before, the last one first.
    pub recent: Vec<String>,
}

/// One line of time. A crash or an operation in the past begins another.
pub struct Branch {
    /// What it is called.
    pub name: String,
    /// Its events.
    pub timeline: Timeline,
    /// The branch it left, and how many of that branch's events it shares.
    pub parent: Option<(usize, usize)>,
    /// How many events had happened when the power was cut by hand, when it was.
    pub crashed_at: Option<usize>,
    /// How many events its engine has done: others than it has when operations were taken back.
    pub engine: usize,
    /// How many events had happened where it was left last.
    pub left_at: usize,
}

impl Branch {
    /// A branch whose engine stands at the end of `timeline`.
    pub fn new(name: String, timeline: Timeline, parent: Option<(usize, usize)>, crashed_at: Option<usize>) -> Branch {
        let end = timeline.len();
        Branch { name, timeline, parent, crashed_at, engine: end, left_at: end }
    }
}

/// How fast events follow each other while playing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Speed(pub u8);

impl Speed {
    /// The speed playing starts with.
    pub const NORMAL: Speed = Speed(2);

    /// Milliseconds from one event to the next.
    pub fn milliseconds(self) -> u64 {
        [2400, 1200, 600, 300, 120, 40][usize::from(self.0.min(5))]
    }

    /// One step faster.
    pub fn faster(self) -> Speed {
        Speed((self.0 + 1).min(5))
    }

    /// One step slower.
    pub fn slower(self) -> Speed {
        Speed(self.0.saturating_sub(1))
    }
}

/// A word to the person at the keyboard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// What it says.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
}

/// How things are drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StyleOptions {
    /// The colours.
    pub theme: Theme,
    /// Only letters that every terminal has.
    pub ascii: bool,
    /// Whether the colours are used.
    pub colour: bool,
    /// Whether steps may follow each other by themselves.
    pub motion: Motion,
    /// Whether clicks and the wheel are the inspector's.
    pub mouse: Mouse,
    /// Which key does what.
    pub keys: Keys,
}

impl Default for StyleOptions {
    fn default() -> StyleOptions {
        StyleOptions {
            theme: Theme::dark(),
            ascii: false,
            colour: true,
            motion: Motion::Full,
            mouse: Mouse::On,
            keys: Keys::default(),
        }
    }
}

/// Whether anything on the screen moves by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Motion {
    /// Playing shows step after step.
    Full,
    /// Playing goes to where it would end, at once.
    None,
}

/// Whose the mouse is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mouse {
    /// The inspector's: a click points at something.
    On,
    /// The terminal's: it selects text.
    Off,
}

/// Everything the screens show.
pub struct Model {
    /// What is in front.
    pub screen: Screen,
    /// The home screen.
    pub home: Home,
    /// The lines of time of the sandbox.
    pub branches: Vec<Branch>,
    /// The one in front.
    pub branch: usize,
    /// How many of its events have happened; the present event is the one before.
    pub at: usize,
    /// The state of the store at that instant.
    pub world: World,
    /// What the main region shows.
    pub view: View,
    /// Which tree is drawn.
    pub tree: TreeChoice,
    /// Whether the focused region has the whole screen.
    pub zoomed: bool,
    /// The region the keys are about.
    pub focus: Focus,
    /// The page selected; none follows the present event.
    pub page: Option<PageNo>,
    /// The cursor in the shown page's bytes.
    pub byte: Option<usize>,
    /// Whether the page is shown sealed.
    pub sealed_form: bool,
    /// First line shown of a long region.
    pub scroll: usize,
    /// The row under the cursor, in views that are lists.
    pub selected_row: usize,
    /// The command line.
    pub command_line: LineEdit,
    /// Lines entered before, oldest first.
    pub history: Vec<String>,
    /// Where in the history Up and Down are; none when the line is new.
    pub history_at: Option<usize>,
    /// What help is searched for.
    pub help_search: LineEdit,
    /// Which rows of the table of keys did something when help was called.
    pub help_now: Vec<bool>,
    /// The view that help came from.
    pub view_before_help: View,
    /// What had the keys then.
    pub focus_before_help: Focus,
    /// The speed, while playing.
    pub playing: Option<Speed>,
    /// Questions before the event.
    pub predict: Predict,
    /// What verification said.
    pub report: Option<Report>,
    /// How far the verification is that runs.
    pub verifying: Option<Verifying>,
    /// What the page probed last turned out to be.
    pub probe: Option<Box<Probe>>,
    /// The finding in front, from 0.
    pub finding: usize,
    /// A word to the person at the keyboard.
    pub note: Option<Note>,
    /// What the worker is doing.
    pub busy: Option<String>,
    /// Columns and lines of the terminal.
    pub size: (u16, u16),
    /// How things are drawn.
    pub style: StyleOptions,
    /// What is open, for the first line: `sample store, 512-byte pages`.
    pub title: String,
    /// The step of the tour, while it is taken.
    pub tour: Option<usize>,
    /// Whether the home screen stands behind this one.
    pub came_from_home: bool,
    /// What the lab says while nothing has been done in it.
    pub welcome: Option<String>,
    /// Zooms, folds, layers, and what is compared.
    pub looking: Looking,
    /// Breakpoints, what can be taken back, and what is only a recording.
    pub travel: Travel,
    /// What outlives the program: notes, sessions, what is completed.
    pub kept: Kept,
    /// The crash grid and its like.
    pub labs: Labs,
    /// The lessons: who is in one, what is remembered.
    pub lessons: Shelf,
    /// What goes on round the file in front.
    pub file_work: FileWork,
}

impl Model {
    /// Nothing yet: what stands before the first message when a verb asks for a screen of its own.
    pub fn nothing() -> Model {
        Model::new(Screen::Home, World::empty("store.tsm", PageSize::TOY))
    }

    /// The home screen.
    pub fn home() -> Model {
        let mut model = Model::nothing();
        model.home.items = vec![HomeItem::Tour, HomeItem::Lab, HomeItem::Lessons];
        if !model.gallery().is_empty() {
            model.home.items.push(HomeItem::Gallery);
        }
        model.home.items.extend([HomeItem::OpenFile, HomeItem::Quit]);
        model
    }

    /// The lab with one branch, at its end.
    pub fn lab(timeline: Timeline, title: &str) -> Model {
        let mut model = Model::new(Screen::Lab, timeline.world_at(timeline.len()));
        model.at = timeline.len();
        model.branches = vec![Branch::new("main".to_owned(), timeline, None, None)];
        model.title = title.to_owned();
        model
    }

    /// A file at rest.
    pub fn file(file: FileWorld, report: Option<Report>) -> Model {
        let mut model = Model::new(Screen::File, World::at_rest(file));
        model.title = model.world.facts.file.clone();
        if report.as_ref().is_some_and(|report| !report.findings.is_empty()) {
            model.view = View::Verify;
        }
        model.report = report;
        model.finding = model.worst_finding();
        model
    }

    fn new(screen: Screen, world: World) -> Model {
        Model {
            screen,
            home: Home::default(),
            branches: Vec::new(),
            branch: 0,
            at: 0,
            world,
            view: View::Tree,
            tree: TreeChoice::Follow,
            zoomed: false,
            focus: Focus::Main,
            page: None,
            byte: None,
            sealed_form: false,
            scroll: 0,
            selected_row: 0,
            command_line: LineEdit::default(),
            history: Vec::new(),
            history_at: None,
            help_search: LineEdit::default(),
            help_now: Vec::new(),
            view_before_help: View::Tree,
            focus_before_help: Focus::Main,
            playing: None,
            predict: Predict::default(),
            report: None,
            verifying: None,
            probe: None,
            finding: 0,
            note: None,
            busy: None,
            size: (80, 24),
            style: StyleOptions::default(),
            title: String::new(),
            tour: None,
            came_from_home: false,
            welcome: None,
            looking: Looking::default(),
            travel: Travel::default(),
            kept: Kept::default(),
            labs: Labs::default(),
            lessons: Shelf::default(),
            file_work: FileWork::default(),
        }
    }

    /// Takes over what is the person's and not the store's: how things look, the lines entered, the home screen.
    pub fn take_over(&mut self, from: &mut Model) {
        (self.style, self.size) = (from.style.clone(), from.size);
        self.history = std::mem::take(&mut from.history);
        self.home = std::mem::take(&mut from.home);
        self.kept.last_session = from.kept.last_session;
        self.lessons = std::mem::take(&mut from.lessons);
        self.kept.store = std::mem::take(&mut from.kept.store);
    }

    /// The timeline in front; none of a file at rest.
    pub fn timeline(&self) -> Option<&Timeline> {
        self.branches.get(self.branch).map(|branch| &branch.timeline)
    }

    /// The recording that is looked at, when it is one: nothing can be done to it.
    pub fn recording(&self) -> Option<&Recording> {
        self.travel.recording.as_ref()
    }

    /// The page shown: the one selected, else where findings are looked at the finding's, else the one the present event is
    /// about, else the root, else, in a file whose root nothing tells, its first page.
    pub fn shown_page(&self) -> Option<PageNo> {
        let facts = &self.world.facts;
        let exists = |page: &PageNo| self.world.has_page(*page);
        let about =
            self.findings().get(self.finding).filter(|_| self.view == View::Verify).and_then(|found| found.page);
        let about = about.filter(exists);
        let first = || Some(PageNo(1)).filter(|first| self.world.file().is_some() && exists(first));
        let touched = facts.touched.filter(exists);
        self.page.filter(exists).or(about).or(touched).or(facts.root.filter(exists)).or_else(first)
    }

    /// The name of the tree that is drawn; none is the main tree.
    pub fn shown_tree(&self) -> Option<&str> {
        let trees = &self.world.facts.space.trees;
        let name = match &self.tree {
            TreeChoice::Main => return None,
            TreeChoice::Named(name) => name.clone(),
            TreeChoice::Follow => self.tree_asked_for()?,
        };
        trees.get_key_value(&name).map(|(name, _)| name.as_str())
    }

    /// The root of that tree.
    pub fn shown_root(&self) -> Option<PageNo> {
        let facts = &self.world.facts;
        self.shown_tree().map_or(facts.root, |name| facts.space.trees.get(name).copied())
    }

    /// The tree that the present operation names.
    fn tree_asked_for(&self) -> Option<String> {
        match Op::parse(&self.operation()?.line).ok()? {
            Op::Tree { name, .. } | Op::Session { step: SessionStep::Tree { name, .. }, .. } => Some(name),
            Op::Show(Show::NamedTree(name)) => Some(name),
            _ => None,
        }
    }

    /// The index of the present event.
    pub fn present_index(&self) -> Option<usize> {
        self.at.checked_sub(1)
    }

    /// The present event: the last one that has happened.
    pub fn present(&self) -> Option<&Event> {
        let timeline = self.timeline()?;
        self.present_index().filter(|index| *index < timeline.len()).map(|index| timeline.event(index))
    }

    /// The operation that the present event is part of.
    pub fn operation(&self) -> Option<&Operation> {
        let timeline = self.timeline()?;
        timeline.operation_of(self.present_index()?).map(|index| &timeline.operations()[index])
    }

    /// The bytes of the shown page, sealed or plain as `sealed_form` says. A page that cannot be opened shows its
    /// sealed bytes.
    pub fn shown_bytes(&self) -> Option<tosumu::types::Bytes> {
        let page = self.shown_page()?;
        let plain = self.world.page(page).and_then(|page| page.plain);
        match (self.sealed_form, plain) {
            (false, Some(plain)) => Some(plain),
            _ => self.world.sealed(page).map(|sealed| sealed.bytes),
        }
    }

    /// Whether the bytes shown are the sealed form.
    pub fn shows_sealed(&self) -> bool {
        let page = self.shown_page().and_then(|page| self.world.page(page));
        self.sealed_form || page.is_none_or(|page| page.plain.is_none())
    }

    /// What each of the shown bytes is.
    pub fn spans_of_shown_page(&self) -> Vec<Annotation> {
        let Some(bytes) = self.shown_bytes() else { return Vec::new() };
        if self.shows_sealed() { annotate::sealed_page(&bytes) } else { annotate::plain_page(&bytes) }
    }

    /// The field under the cursor.
    pub fn field_at_cursor(&self) -> Option<Annotation> {
        let byte = self.byte?;
        self.spans_of_shown_page().into_iter().find(|annotation| annotation.span.contains(&byte))
    }

    /// The page that the pointer under the cursor names, when it is one that can be shown.
    pub fn pointer_at_cursor(&self) -> Option<PageNo> {
        let slot = self.field_at_cursor()?.slot?;
        let bytes = self.shown_bytes().filter(|_| !self.shows_sealed())?;
        let node = NodeView::new(&bytes).ok().filter(|node| node.kind() == PageKind::Branch)?;
        (slot < node.slot_count()).then(|| node.child(slot).page).filter(|child| self.world.has_page(*child))
    }

    /// The findings on the screen: of the report, else of a verification in the sandbox.
    pub fn findings(&self) -> &[Finding] {
        match (&self.verifying, &self.report) {
            (Some(verifying), _) => &verifying.findings,
            (None, Some(report)) => &report.findings,
            (None, None) => &self.world.facts.findings,
        }
    }

    /// The first of the findings that nothing outweighs.
    pub fn worst_finding(&self) -> usize {
        let worst = self.findings().iter().map(|finding| finding.severity).max();
        self.findings().iter().position(|finding| Some(finding.severity) == worst).unwrap_or(0)
    }

    /// How many rows the list in front has; none where the main region is a picture.
    pub fn rows(&self) -> usize {
        match self.view {
            View::Events => self.timeline().map_or(0, Timeline::len),
            View::Log => self.world.log_pages().len(),
            View::Disk => self.world.page_total() as usize,
            View::Verify => self.findings().len(),
            View::Diff => crate::view::diff::rows(self),
            View::Life => crate::view::life::rows(self),
            View::Branches => self.branches.len(),
            View::Seals | View::Snapshots | View::Receipt => {
                crate::view::rows_in_front(self).map_or(0, |(rows, _)| crate::view::rows::count(&rows))
            }
            View::Help => crate::keymap::help_rows(self, &self.help_search.text).len(),
            View::Marks => crate::travel::mark_kinds().count(),
            _ => 0,
        }
    }

    /// Whether the arrow keys move the cursor in a page's bytes instead of stepping through time.
    pub fn in_bytes(&self) -> bool {
        let shown = self.view == View::Page || (self.view == View::Tree && self.focus == Focus::Card);
        self.byte.is_some() && shown
    }

    /// Whether letters go into a line of text.
    pub fn is_typing(&self) -> bool {
        if self.file_work.secret.is_some() {
            return true;
        }
        let input = self.home.input.as_ref().is_some_and(|input| input.active);
        match self.screen {
            Screen::Home => input,
            _ => {
                let searching = self.view == View::Help && self.help_search.active;
                self.command_line.active || searching || self.is_typing_answer()
            }
        }
    }

    /// Whether letters go into the answer to a lesson's question.
    pub fn is_typing_answer(&self) -> bool {
        let open = self.lessons.player.as_ref().and_then(|player| player.open.as_ref());
        let typed = open.is_some_and(|open| matches!(open.asked.way, Way::Type { .. }));
        let in_front = self.screen == Screen::Lab && self.focus == Focus::Text && self.view != View::Help;
        typed && in_front && !self.command_line.active
    }

    /// The file of the gallery in front, while what happened to it is asked or was told here.
    pub fn unnamed(&self) -> Option<usize> {
        let cover = |at: &usize| self.gallery().get(*at).map(|fixture| format!("{}.tsm", fixture.cover()));
        let chosen = self.home.gallery.filter(|_| self.screen == Screen::File);
        chosen.filter(|at| cover(at).is_some_and(|file| file == self.world.facts.file))
    }

    /// The sound and damaged files compiled into the program.
    pub fn gallery(&self) -> &'static [Fixture] {
        gallery::all()
    }

    /// The keys most likely wanted now, and what they do now: each does it.
    pub fn hints(&self) -> Vec<(String, String)> {
        crate::keymap::hints(self)
    }
}
