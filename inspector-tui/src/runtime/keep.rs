//! Where things are kept: the program's own folder, and beside the file that is open. A database is never written here: no name
//! that is written to is one that was opened.

use super::progress_file::ProgressFile;
use crate::command::Command;
use crate::keep::{About, Answer, Ask, SessionAt};
use crate::lesson::Progress;
use crate::message::Message;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The longest file of ours that is read, in bytes.
const BYTES_MAX: u64 = 4 << 20;
/// Lines of earlier runs that are read.
const HISTORY_MAX: usize = 500;
/// Files opened before that are offered.
const FILES_MAX: usize = 20;
/// Names that are offered.
const PATHS_MAX: usize = 200;
/// Numbers that are tried for a picture's name.
const NUMBERS_MAX: u32 = 9999;

/// The room itself.
#[derive(Clone, Debug, Default)]
pub struct Keep {
    /// The program's own folder; without one nothing is kept from run to run.
    folder: Option<PathBuf>,
    /// Where pictures go that are named by the program.
    here: Option<PathBuf>,
    /// The file that is asked for, until it is there.
    coming: Option<PathBuf>,
    /// The file that is open.
    open: Option<PathBuf>,
    /// What remembers lessons; without one nobody does.
    progress: Option<ProgressFile>,
}

impl Keep {
    /// A room that keeps things in `folder`, and writes pictures where the program was started.
    pub fn at(folder: Option<PathBuf>) -> Keep {
        Keep { folder, here: Some(PathBuf::new()), ..Keep::default() }
    }

    /// The same with a file that remembers lessons.
    pub fn with_progress(self, progress: Option<ProgressFile>) -> Keep {
        Keep { progress, ..self }
    }

    /// Notices which file is asked for.
    pub(super) fn notice_command(&mut self, command: &Command) {
        match command {
            Command::LoadFile(path) => self.coming = Some(path.clone()),
            // The same file, opened with a key.
            Command::Unlock(_) => self.coming = self.open.clone(),
            Command::LoadFixture(_) | Command::LoadUnnamed(_) | Command::MakeLab(_) => self.coming = None,
            _ => {}
        }
    }

    /// Notices that it is there.
    pub(super) fn notice_message(&mut self, message: &Message) {
        if matches!(message, Message::FileReady(..)) {
            self.open = self.coming.take();
            // What cannot be kept is no matter here: it is only not offered next time.
            let _ = self.remember_file();
        }
    }

    /// The file that is open goes to the end of those that are offered on the home screen.
    fn remember_file(&self) -> io::Result<()> {
        let Some(path) = self.open.as_ref().and_then(|path| path.canonicalize().ok()) else { return Ok(()) };
        let Some(name) = path.to_str().filter(|name| !name.chars().any(char::is_control)) else { return Ok(()) };
        let kept = self.own("files")?;
        let mut files = read(&kept).unwrap_or_default();
        if files.lines().next_back() == Some(name) {
            return Ok(());
        }
        let mut names: Vec<&str> = files.lines().filter(|known| *known != name).collect();
        names.drain(..names.len().saturating_sub(FILES_MAX - 1));
        names.push(name);
        files = names.join("\n") + "\n";
        fs::write(kept, files)
    }

    fn recent_files(&self) -> io::Result<Answer> {
        let text = self.own("files").and_then(|path| read(&path)).unwrap_or_default();
        let there = |name: &&str| Path::new(name).exists();
        Ok(Answer::RecentFiles(text.lines().rev().filter(there).map(str::to_owned).collect()))
    }

    /// Does what is asked.
    pub(super) fn obey(&self, ask: Ask) -> Answer {
        let answer = match ask {
            Ask::History => self.history(),
            Ask::Remember(line) => self.remember(&line),
            Ask::Paths(typed) => {
                let found = paths(&typed).unwrap_or_default();
                Ok(Answer::Paths { typed, found })
            }
            Ask::RecentFiles => self.recent_files(),
            Ask::ReadNotes(about) => self.read_notes(about),
            Ask::WriteNotes(about, text) => self.write_notes(about, &text),
            Ask::WriteNew(path, bytes) => match &self.here {
                Some(here) => write_new(&here.join(path), &bytes),
                None => Err(io::Error::other("there is no place for pictures here")),
            },
            Ask::Write(path, bytes) => self.write(&path, &bytes),
            Ask::WriteSession(at, text) => self.write_session(at, &text),
            Ask::ReadSession(at) => self.read_session(at),
            Ask::ReadProgress => {
                let read = self.progress.as_ref().map_or(Ok(Progress::default()), ProgressFile::read);
                Ok(Answer::Progress(read.map(Box::new)))
            }
            Ask::WriteProgress(progress) => {
                let written = self.progress.as_ref().map_or(Ok(()), |file| file.write(&progress));
                written.map(|()| Answer::Done).map_err(io::Error::other)
            }
        };
        answer.unwrap_or_else(|error| Answer::Failed(error.to_string()))
    }

    fn own(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.folder.as_ref().ok_or_else(|| io::Error::other("this system has no folder to keep it in"))?;
        fs::create_dir_all(folder)?;
        Ok(folder.join(name))
    }

    fn history(&self) -> io::Result<Answer> {
        let text = self.own("history").and_then(|path| read(&path)).unwrap_or_default();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.dedup();
        lines.drain(..lines.len().saturating_sub(HISTORY_MAX));
        Ok(Answer::History(lines))
    }

    /// A line more; when the file has grown long, its older half goes.
    fn remember(&self, line: &str) -> io::Result<Answer> {
        let Ok(path) = self.own("history") else { return Ok(Answer::Done) };
        let text = read(&path).unwrap_or_default();
        if text.lines().count() >= 2 * HISTORY_MAX {
            let kept: Vec<&str> = text.lines().skip(HISTORY_MAX).collect();
            fs::write(&path, kept.join("\n") + "\n")?;
        }
        writeln!(OpenOptions::new().create(true).append(true).open(&path)?, "{line}")?;
        Ok(Answer::Done)
    }

    fn notes_path(&self, about: About) -> io::Result<PathBuf> {
        match (about, &self.open) {
            (About::Lab | About::Nothing, _) => self.own("lab.notes"),
            (About::Script(path) | About::Trace(path), _) => Ok(with_ending(&path, ".notes")),
            (About::File, Some(path)) => Ok(with_ending(path, ".notes")),
            (About::File, None) => {
                Err(io::Error::other("a file of the gallery is part of the program: notes on it cannot be kept"))
            }
        }
    }

    fn read_notes(&self, about: About) -> io::Result<Answer> {
        match self.notes_path(about).and_then(|path| read(&path)) {
            Ok(text) => Ok(Answer::Notes(text)),
            // No folder, no file: no notes.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::Other) => {
                Ok(Answer::Notes(String::new()))
            }
            Err(error) => Err(error),
        }
    }

    fn write_notes(&self, about: About, text: &str) -> io::Result<Answer> {
        let path = self.notes_path(about)?;
        let named = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
        fs::write(&path, text).map_err(named)?;
        Ok(Answer::Wrote(path.display().to_string()))
    }

    /// Writes a picture, but never over the file that is open or its log.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<Answer> {
        let same = |one: &Path| one.canonicalize().is_ok_and(|one| path.canonicalize().is_ok_and(|other| one == other));
        if self.open.as_ref().is_some_and(|open| same(open) || same(&with_ending(open, "-wal"))) {
            return Err(io::Error::other("that is the file which is open: it is never written to"));
        }
        let named = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
        fs::write(path, bytes).map_err(named)?;
        Ok(Answer::Wrote(path.display().to_string()))
    }

    /// Where the session is kept that is gone on with: a name for each script and each trace, told apart by their paths.
    fn session_path(&self, about: &About) -> io::Result<PathBuf> {
        match about {
            About::Lab => self.own("lab.session"),
            About::Script(path) => self.own(&format!("script-{}.session", path_name(path))),
            About::Trace(path) => self.own(&format!("trace-{}.session", path_name(path))),
            About::File | About::Nothing => Err(io::Error::other("nothing leads back to this store")),
        }
    }

    fn write_session(&self, at: SessionAt, text: &str) -> io::Result<Answer> {
        match at {
            SessionAt::File(path) => self.write(&path, text.as_bytes()),
            SessionAt::Own(about) => {
                fs::write(self.session_path(&about)?, text)?;
                Ok(Answer::Done)
            }
        }
    }

    fn read_session(&self, at: SessionAt) -> io::Result<Answer> {
        let (is_own, path) = match at {
            SessionAt::File(path) => (false, path),
            SessionAt::Own(about) => (true, self.session_path(&about)?),
        };
        match read(&path) {
            Err(error) if is_own && error.kind() == io::ErrorKind::NotFound => Ok(Answer::Session(String::new())),
            read => {
                let named = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
                Ok(Answer::Session(read.map_err(named)?))
            }
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// A file's name and a number of its whole path: two of one name in two folders are two.
fn path_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name: String = path.file_name().unwrap_or_default().to_string_lossy().chars().take(40).collect();
    let number = whole.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |number, byte| {
        (number ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let plain = |sign: char| if sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_') { sign } else { '_' };
    format!("{}-{number:016x}", name.chars().map(plain).collect::<String>())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Writes under the first of `NAME`, `NAME-2`, `NAME-3` … that is not taken.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<Answer> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = path.extension().map_or(String::new(), |ending| format!(".{}", ending.to_string_lossy()));
    for number in 1..=NUMBERS_MAX {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = path.with_file_name(format!("{stem}{number}{ending}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => {
                let named = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
                opened.and_then(|mut file| file.write_all(bytes)).map_err(named)?;
                return Ok(Answer::Wrote(path.display().to_string()));
            }
        }
    }
    Err(io::Error::other(format!("{}: every number behind this name is taken", path.display())))
}

/// What begins as `typed`, in order; folders end in `/`. What has control characters in its name cannot be typed.
fn paths(typed: &str) -> io::Result<Vec<String>> {
    let (folder, begun) =
        typed.rsplit_once('/').map_or(("", typed), |(folder, begun)| (&typed[..=folder.len()], begun));
    let mut found = Vec::new();
    for entry in fs::read_dir(if folder.is_empty() { "." } else { folder })? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let hidden = name.starts_with('.') && !begun.starts_with('.');
        if name.starts_with(begun) && !hidden && !name.chars().any(char::is_control) {
            let ending = if entry.path().is_dir() { "/" } else { "" };
            found.push(format!("{folder}{name}{ending}"));
        }
    }
    found.sort();
    found.truncate(PATHS_MAX);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_remembered_from_run_to_run_and_a_room_without_a_folder_keeps_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::at(Some(folder.path().join("deep/state")));
        assert_eq!(keep.obey(Ask::History), Answer::History(vec![]));
        for line in ["put a 1", "put a 1", "get a"] {
            assert_eq!(keep.obey(Ask::Remember(line.to_owned())), Answer::Done);
        }
        let again = Keep::at(Some(folder.path().join("deep/state")));
        assert_eq!(again.obey(Ask::History), Answer::History(vec!["put a 1".to_owned(), "get a".to_owned()]));
        let nowhere = Keep::default();
        assert_eq!(nowhere.obey(Ask::Remember("get a".to_owned())), Answer::Done);
        assert_eq!(nowhere.obey(Ask::History), Answer::History(vec![]));
        assert!(matches!(nowhere.obey(Ask::WriteNotes(About::Lab, String::new())), Answer::Failed(_)));
    }

    #[test]
    fn the_file_that_is_open_is_never_written_and_notes_stand_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tsm");
        fs::write(&path, "bytes").unwrap();
        let keep = Keep { open: Some(path.clone()), ..Keep::default() };
        assert!(matches!(keep.obey(Ask::Write(path.clone(), vec![])), Answer::Failed(why) if why.contains("never")));
        assert!(matches!(keep.obey(Ask::WriteNotes(About::File, "page 1: x\n".to_owned())), Answer::Wrote(_)));
        assert_eq!(fs::read_to_string(folder.path().join("a.tsm.notes")).unwrap(), "page 1: x\n");
        assert_eq!(keep.obey(Ask::ReadNotes(About::File)), Answer::Notes("page 1: x\n".to_owned()));
        assert_eq!(fs::read_to_string(path).unwrap(), "bytes");
    }

    #[test]
    fn the_files_that_were_opened_are_offered_again_the_last_one_first() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a.tsm", "b.tsm"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "").unwrap());
        let keep = Keep::at(Some(folder.path().join("state")));
        for path in [&paths[0], &paths[1], &paths[0], &paths[0]] {
            Keep { open: Some(path.clone()), ..keep.clone() }.remember_file().unwrap();
        }
        let Answer::RecentFiles(files) = keep.obey(Ask::RecentFiles) else { panic!() };
        assert_eq!(files.iter().map(|name| name.rsplit('/').next().unwrap()).collect::<Vec<_>>(), ["a.tsm", "b.tsm"]);
    }

    #[test]
    fn a_picture_never_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::at(None);
        for name in ["tree.svg", "tree-2.svg", "tree-3.svg"] {
            let wrote = keep.obey(Ask::WriteNew(folder.path().join("tree.svg"), name.into()));
            assert_eq!(wrote, Answer::Wrote(folder.path().join(name).display().to_string()));
        }
        let typed = format!("{}/tr", folder.path().display());
        let Answer::Paths { found, .. } = keep.obey(Ask::Paths(typed)) else { panic!() };
        assert_eq!(found.len(), 3);
    }
}
