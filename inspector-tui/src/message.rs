//! What can happen to the model: a key's meaning, or news from the worker.

use crate::file_work::{FileNews, KeySort, Look, PagesRead};
use crate::keep::Answer;
use crate::labs::grid::Grid;
use crate::labs::tamper::Lie;
use crate::labs::twin::{Difference, Progress, Twin};
use crate::lesson::Asked;
use crate::model::{Focus, Report, View};
use crate::timeline::FileWorld;
use std::sync::Arc;
use tosumu::Finding;
use tosumu::inspect::Probe;
use tosumu::trace::Event;
use tosumu::types::{PageNo, PageSize};

/// One thing that happens to the model.
#[derive(Clone, Debug)]
pub enum Message {
    /// One event on.
    StepForward,
    /// One event back.
    StepBack,
    /// To the last event of the operation, or of the next when already there.
    OperationEnd,
    /// To the first event of the operation, or of the one before when already there.
    OperationStart,
    /// To the first event of the next transaction.
    NextTransaction,
    /// To the first event of the transaction before.
    PreviousTransaction,
    /// To the first event.
    First,
    /// To the last event.
    Last,
    /// To the next event of a kind.
    NextMark(crate::timeline::Mark),
    /// To the one before.
    PreviousMark(crate::timeline::Mark),
    /// So many events have happened.
    Seek(usize),
    /// Play, or stop playing.
    PlayPause,
    /// Play faster.
    Faster,
    /// Play slower.
    Slower,
    /// The clock of playing ticked.
    Tick,
    /// The power goes at this instant: a branch begins.
    CrashHere,
    /// Open the store again.
    Reopen,
    /// Bring the next branch to the front.
    NextBranch,
    /// List the branches, to choose from.
    ListBranches,
    /// Ask before splits, or do not.
    TogglePredict,
    /// Choose an answer, from 0.
    Choose(usize),
    /// The answer above.
    ChooseUp,
    /// The answer below.
    ChooseDown,
    /// Give the answer chosen.
    Answer,
    /// Answer with a page that was pointed at.
    PointAt(PageNo),
    /// Go on without an answer, or after one.
    SkipQuestion,
    /// What happened to the file of the gallery in front? Asks; when it was told, tells it again.
    WhatHappened,
    /// Show a view.
    Show(View),
    /// Draw the next tree.
    NextTree,
    /// The next region.
    NextRegion,
    /// The region before.
    PreviousRegion,
    /// Give the region the screen, or take it back.
    Zoom,
    /// Show the page sealed, or plain.
    ToggleSealed,
    /// Into the bytes of the shown page.
    EnterBytes,
    /// Move the cursor or the row by so many rows.
    MoveRows(i32),
    /// Move the cursor by so many bytes.
    MoveBytes(i32),
    /// Move by so many screens.
    MovePages(i32),
    /// Select a page.
    SelectPage(PageNo),
    /// Select the page after the shown one.
    NextPage,
    /// Select the page before.
    PreviousPage,
    /// Select a byte of the shown page.
    SelectByte(usize),
    /// Select a byte of the form of the page that stands beside the one in front.
    SelectOther(usize),
    /// Select a row of the list.
    SelectRow(usize),
    /// Do what the selected thing is there for.
    Activate,
    /// The next finding.
    NextFinding,
    /// The finding before.
    PreviousFinding,
    /// Say what a finding means.
    Explain,
    /// Verify again.
    Verify,
    /// End the verification that runs.
    StopVerify,
    /// Say which lie the page in front is.
    Probe,
    /// Type into the command line.
    OpenCommandLine,
    /// Search in help.
    SearchHelp,
    /// A letter was typed.
    Type(char),
    /// Text was pasted.
    Paste(String),
    /// A key that edits the line.
    Edit(Edit),
    /// The line is complete.
    Submit,
    /// One step back: out of a line, a question, the bytes, a zoom, a view.
    Back,
    /// Show help.
    Help,
    /// Leave this screen, and the program when it is the first.
    Quit,
    /// Leave the program.
    QuitNow,
    /// The next step of the tour.
    TourOn,
    /// The cursor of the home screen.
    HomeMove(i32),
    /// The cursor of the home screen goes to this item.
    HomeSelect(usize),
    /// Do the item of the home screen.
    HomeChoose,
    /// The terminal has another size.
    Resize(u16, u16),
    /// The worker ran an operation on a branch; these events came of it.
    Ran {
        /// The branch.
        branch: usize,
        /// The events.
        events: Vec<Arc<Event>>,
        /// What the operation printed, or why it failed.
        said: Said,
    },
    /// The worker began a branch.
    Branched {
        /// The new branch.
        branch: usize,
        /// All of its events.
        events: Vec<Arc<Event>>,
        /// So many of them were there before the branch.
        shared: usize,
        /// What the operation printed, or why it failed.
        said: Said,
    },
    /// The worker made the sandbox.
    LabReady {
        /// All events so far.
        events: Vec<Arc<Event>>,
        /// What stands in the first line.
        title: String,
        /// The page size.
        page_size: PageSize,
        /// The page file's name.
        file: String,
        /// Whether it is the sample store, which opens with a put already typed.
        sample: Sample,
    },
    /// The worker read a file.
    FileReady(Box<FileWorld>, Option<Report>),
    /// The worker verifies, and has come so far.
    VerifyNews(VerifyNews),
    /// The worker probed a page.
    Probed(Box<Probe>),
    /// The worker verified.
    Verified(Box<FileWorld>, Report),
    /// The worker could not.
    Failed(String),
    /// On to the next event that meets a breakpoint.
    RunOn,
    /// Back to the one before.
    RunBack,
    /// A breakpoint at events like the present one, or none there any more.
    BreakHere,
    /// Take back what was done last.
    Undo,
    /// Do again what was taken back last.
    Redo,
    /// The strip shows the whole timeline, or the operation again.
    WholeStrip,
    /// The worker read a script.
    ScriptRead {
        /// The file.
        name: String,
        /// Its text.
        text: String,
    },
    /// The worker wrote what it was asked to, and says so.
    Wrote(String),
    /// Something was pointed at: keys go to its region, and it is selected.
    Pointed {
        /// The region; none leaves the keys where they are.
        focus: Option<Focus>,
        /// What selects it; none when there is nothing to select.
        then: Option<Box<Message>>,
    },
    /// Move what is shown of a long region by so many lines.
    Scroll(i32),
    /// A key that does nothing now, and why.
    Refused(&'static str),
    /// Draw everything anew.
    Redraw,
    /// Look at the tree or the map from nearer.
    Nearer,
    /// Look at the tree or the map from farther away.
    Farther,
    /// Leave out what lies below a node of the tree, or draw it again.
    Fold,
    /// Show the next layer of the map.
    NextLayer,
    /// Show a layer of the map.
    ShowLayer(crate::looking::MapLayer),
    /// Show the receipt beside the one of an operation, from 1.
    ReceiptAgainst(usize),
    /// Compare the beginning of the present operation with the present instant.
    DiffOperation,
    /// Compare two states.
    Diff {
        /// The one taken for the earlier.
        left: crate::looking::Which,
        /// The one taken for the later.
        right: crate::looking::Which,
    },
    /// The worker read the file to compare with.
    OtherRead(Box<FileWorld>),
    /// What came of something that outlives the program.
    Kept(Answer),
    /// Write the view in front to a file.
    Export,
    /// Begin a note on what is looked at.
    NoteHere,
    /// To the next note.
    NextNote,
    /// Say all notes.
    ListNotes,
    /// The next theme.
    NextTheme,
    /// Cut the power behind every disk call of the present operation.
    CrashGrid,
    /// Move the cursor of the grid by so many columns and rows.
    MoveCell(i32, i32),
    /// Cut the power as the cell under the cursor says, and step its recovery.
    ChooseCell,
    /// Compute no more of the grid.
    StopGrid,
    /// The worker computes the grid, and has come so far.
    GridNews(Box<Grid>),
    /// The worker computed the grid, or was stopped.
    GridDone(Box<Grid>),
    /// Tell every kind of lie to a copy of the store.
    TamperLab,
    /// What will come of the lie under the cursor: one of the answers, from 0.
    Guess(usize),
    /// Show what came of the lie under the cursor; then tell it to the store itself.
    TellLie,
    /// The cursor of the grid goes to this column and row; of the lies to this row.
    SelectCell((usize, usize)),
    /// List the kinds of marks, to choose from.
    ListMarks,
    /// To the next mark of the kind that was chosen.
    NextChosenMark,
    /// To the one before.
    PreviousChosenMark,
    /// The worker tells lies, and has come so far.
    LiesNews(Vec<Lie>),
    /// The worker told all lies, or was stopped.
    LiesDone(Vec<Lie>),
    /// From the lies to the matrix of attacks and defences, or back.
    TamperMatrix,
    /// Something about the twin run.
    Twin(TwinAsk),
    /// A key in a lesson.
    Lesson(LessonKey),
    /// The worker played a piece of a lesson.
    Staged(Box<Staged>),
    /// The worker looked how far a task is.
    TaskChecked {
        /// The branch it was done on.
        branch: usize,
        /// For each check what is found instead; none where it holds.
        missing: Vec<Option<String>>,
    },
    /// News of the file that was opened under this number; of no other.
    OfFile(u64, Box<Message>),
    /// Pages were read that somebody looked at.
    PagesRead(PagesRead),
    /// The file is read in the background, and so much was found.
    FileNews(FileNews),
    /// Read no more in the background, or go on.
    StopOrGoOn,
    /// End what goes on in the background.
    Cancel,
    /// A verification ended of a file that is not read whole.
    Judged(Box<Report>),
    /// Follow the file, or do not.
    Follow,
    /// The followed file changed, and was looked at.
    Looked(Box<Look>),
    /// The followed file could not be looked at.
    LookFailed(String),
    /// Ask for the key of the file.
    AskKey(KeySort),
    /// The key did not open the file, and why.
    StillLocked(String),
}

/// What is asked of the twin run, and what the worker tells of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TwinAsk {
    /// Bring it to the front.
    Open,
    /// Run two engines with this difference.
    Run(Difference),
    /// Run the difference under the cursor; look without a guess; choose another difference.
    Enter,
    /// Move the cursor, or scroll.
    Move(i32),
    /// Guess: one of the answers, from 0.
    Guess(usize),
    /// The worker has come so far.
    News(Progress),
    /// The worker is done, was stopped, or cannot do it.
    Done(Result<Option<Box<Twin>>, String>),
}

/// What a key means in a lesson.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LessonKey {
    /// Further down the text, and on to the next piece.
    On,
    /// To the piece before.
    BackUp,
    /// Choose this answer, from 0; chosen already, give it.
    Choose(usize),
    /// Move the cursor of a question by so many columns and rows.
    Move(i32, i32),
    /// Put the cursor of a question on this byte; past the last one it is the last.
    Byte(usize),
    /// Move the cursor of a question by so many screens of bytes.
    MovePages(i32),
    /// One more digit of the number of the byte to put the cursor on.
    Digit(usize),
    /// Give the answer chosen, typed or pointed at.
    Answer,
    /// From the views back to the text.
    Text,
    /// Past a question, a task or a piece.
    Skip,
    /// Move the text by so many lines.
    Scroll(i32),
    /// A hint more.
    Hint,
    /// The task or the section anew.
    Reset,
    /// Show the reference solution.
    Solution,
}

/// A piece of a lesson that the worker played.
#[derive(Clone, PartialEq, Debug)]
pub struct Staged {
    /// Everything that happened to its store.
    pub events: Vec<Arc<Event>>,
    /// How many of these happened before the piece.
    pub first: usize,
    /// The questions about it, with their answers.
    pub asked: Vec<Asked>,
    /// What stands in the first line.
    pub title: String,
    /// The page size.
    pub page_size: PageSize,
    /// The page file's name.
    pub file: String,
}

/// What a verification that still runs has found since it told last.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VerifyNews {
    /// About how many pages there are to look at.
    pub total: u32,
    /// Pages that were looked at, and whether each is sound.
    pub pages: Vec<(PageNo, bool)>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Which store the sandbox holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sample {
    /// The sample store: its second leaf is nearly full.
    Sample,
    /// The sample store, for the tour.
    Tour,
    /// A store of one's own.
    Own,
}

/// What an operation printed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// The text; may be empty.
    pub text: String,
    /// Whether the operation did not do what its line asks for.
    pub failed: bool,
}

/// A key that edits a line of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edit {
    /// Remove the letter before the cursor.
    Backspace,
    /// Remove the letter at the cursor.
    Delete,
    /// One letter back.
    Left,
    /// One letter on.
    Right,
    /// Before the first letter.
    Home,
    /// Behind the last letter.
    End,
    /// The line before in the history.
    Earlier,
    /// The line after in the history.
    Later,
    /// Empty the line.
    Clear,
    /// Complete the word, or take the next that fits.
    Complete,
    /// The last line of the history with what was typed in it.
    Search,
}
