//! Files that are larger than what is held of them, that another handle writes meanwhile, and that are locked: what the screens
//! come to know of them, and when.

mod common;

use common::desk::Desk;
use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tosumu::inspect::AtRest;
use tosumu::types::PageNo;
use tosumu::vfs::OsVfs;
use tosumu::{CheckpointMode, KdfProfile, Options, PageSize, Unlock};
use tosumu_inspector::command::{Command, ReadFrom};
use tosumu_inspector::describe::{Subject, facts, map};
use tosumu_inspector::file_work::{Key, KeySort};
use tosumu_inspector::keymap::Key as Pressed;
use tosumu_inspector::message::Message;
use tosumu_inspector::model::{Model, View};
use tosumu_inspector::picture;
use tosumu_inspector::runtime::{Files, Worker};
use tosumu_inspector::timeline::{FileWorld, Stage};
use tosumu_inspector::update::update;
use tosumu_inspector::view;

impl Desk {
    fn opening(path: &Path) -> Desk {
        let mut desk = Desk::of(Model::nothing(), Worker::new());
        desk.obey(Command::LoadFile(path.to_owned()));
        desk
    }

    /// Without what a person's look brings about in the background.
    fn send_alone(&mut self, message: Message) -> Vec<Command> {
        update(&mut self.model, message)
    }

    /// The screen, once everything that it looks at was read.
    fn screen(&mut self, size: (u16, u16)) -> String {
        self.model.size = size;
        let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, size.0, size.1));
        for _ in 0..32 {
            buffer.reset();
            view::draw(&self.model, &mut buffer);
            let missed = self.model.world.take_missed();
            if missed.is_empty() {
                return picture::to_text(&buffer);
            }
            let read = self.worker.files().read(&missed);
            self.send(Message::PagesRead(read));
        }
        panic!("there is always something more to read");
    }

    fn note(&self) -> String {
        self.model.note.as_ref().map_or(String::new(), |note| note.text.clone())
    }
}

fn store(path: &Path, page_size: PageSize, records: u32) {
    let database = Options::new().page_size(page_size).create_new(path).unwrap();
    database
        .write(|tx| (0..records).try_for_each(|at| tx.put(format!("key {at:07}").as_bytes(), &[b'v'; 100])))
        .unwrap();
    database.checkpoint(CheckpointMode::Passive).unwrap();
}

/// A store of some 6 MiB: more than is read before it is first shown.
fn large(folder: &Path) -> PathBuf {
    let path = folder.join("large.tsm");
    store(&path, PageSize::TOY, 50_000);
    assert!(std::fs::metadata(&path).unwrap().len() > 4 << 20);
    path
}

#[test]
fn of_a_large_file_a_page_is_there_at_once_the_rest_comes_and_every_page_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = large(folder.path());
    let at_rest = AtRest::open(Arc::new(OsVfs), &path, None).unwrap();
    let begun = FileWorld::begin(&at_rest);
    assert_eq!((begun.held().count(), begun.briefs().known()), (1, 1));
    assert!(begun.unread() > 9_000, "{}", begun.unread());
    let mut desk = Desk::of(Model::file(begun, None), Worker::new());
    // Its tree goes down level by level as it is looked at.
    desk.worker.files().open(at_rest);
    let shown = desk.screen((120, 40));
    assert!(shown.contains("leaf"), "{shown}");
    let last = desk.model.world.page_total();
    desk.enter(&format!("page {last}"));
    let shown = desk.screen((120, 40));
    assert!(shown.contains(&format!("page {last}")) && !shown.contains("is being read"), "{shown}");
    // In the background: first the tree, then every page, then what leads where.
    let news = desk.worker.files().load();
    assert_eq!(news.progress.stage, Stage::Done);
    desk.send(Message::FileNews(news));
    let file = desk.model.world.file().unwrap();
    assert_eq!(file.unread(), 0);
    assert!(file.held().count() < 4096, "{}", file.held().count());
    desk.model.view = View::Map;
    let facts = map::map(&desk.model);
    assert_eq!((facts.known, facts.remark), (last, None));
    let counted: u32 = facts.sorts.iter().map(|sort| sort.pages).sum();
    assert_eq!(counted, last);
    let of = |word: &str| facts.sorts.iter().find(|sort| sort.holds.word() == word).map_or(0, |sort| sort.pages);
    assert!(of("leaf") > 9_000 && of("branch") > 100, "{:?}", facts.sorts);
}

#[test]
fn the_map_of_a_large_file_is_the_one_that_reading_all_of_it_at_once_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tsm");
    store(&path, PageSize::TOY, 3_000);
    let at_rest = AtRest::open(Arc::new(OsVfs), &path, None).unwrap();
    let whole = Model::file(FileWorld::load(&at_rest, None), None);
    let mut begun = FileWorld::begin(&at_rest);
    let files = Files::default();
    files.open(at_rest);
    files.load().parts.into_iter().for_each(|part| begun.take_in_part(part));
    let read = Model::file(begun, None);
    assert_eq!(map::map(&whole), map::map(&read));
    assert_eq!(whole.world.levels(whole.shown_root()), read.world.levels(read.shown_root()));
    let page = PageNo(whole.world.page_total() - 3);
    assert_eq!(whole.world.reach().path(page), read.world.reach().path(page));
}

#[test]
fn reading_that_was_stopped_goes_on_where_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = large(folder.path());
    let (sender, news) = std::sync::mpsc::channel();
    let files = Files::default();
    files.tell_to(Arc::new(move |message| drop(sender.send(message))));
    let at_rest = AtRest::open(Arc::new(OsVfs), &path, None).unwrap();
    let mut world = FileWorld::begin(&at_rest);
    files.open(at_rest);
    files.load_in_background(ReadFrom::Beginning);
    files.stop_loading();
    let take = |world: &mut FileWorld| loop {
        let Message::OfFile(_, message) = news.recv_timeout(Duration::from_secs(60)).unwrap() else { panic!() };
        let Message::FileNews(told) = *message else { panic!() };
        told.parts.into_iter().for_each(|part| world.take_in_part(part));
        if told.progress.stopped || told.progress.stage == Stage::Done {
            return told.progress;
        }
    };
    let stopped = take(&mut world);
    assert!(stopped.stopped && stopped.words().unwrap().starts_with("reading stopped"), "{stopped:?}");
    files.load_in_background(ReadFrom::WhereItWasLeft);
    assert_eq!(take(&mut world).stage, Stage::Done);
    assert_eq!(world.unread(), 0);
}

/// A store whose page file is said to be long, and is, with a hole of gigabytes in it.
#[test]
fn a_file_past_four_gigabytes_is_opened_at_once_and_its_last_page_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse.tsm");
    store(&path, PageSize::DEFAULT, 100);
    let length: u64 = 5 << 30;
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(length - 4096)).unwrap();
    file.write_all(&[0x5a; 4096]).unwrap();
    drop(file);
    let begun = Instant::now();
    let mut desk = Desk::of(Model::nothing(), Worker::new());
    let ready = desk.worker.obey(Command::LoadFile(path));
    let opened = begun.elapsed();
    let commands = desk.send_alone(ready);
    assert!(commands.contains(&Command::ReadOn(ReadFrom::Beginning)), "{commands:?}");
    assert!(opened < Duration::from_secs(2), "{opened:?}");
    let last = desk.model.world.page_total();
    assert_eq!(u64::from(last), (length - 8192) / 4096);
    desk.enter(&format!("page {last}"));
    desk.press(Pressed::Char('f'));
    let shown = desk.screen((120, 40));
    assert!(shown.contains("5a 5a 5a 5a"), "{shown}");
    let read = desk.worker.files().read(&[PageNo(last)]);
    assert_eq!(read.pages[0].1.sealed.as_ref().unwrap().offset, length - 4096);
    let news = desk.worker.files().load();
    desk.send(Message::FileNews(news));
    desk.model.view = View::Map;
    let shown = desk.screen((80, 24));
    assert!(shown.contains("not read"), "{shown}");
}

#[test]
fn a_followed_file_is_seen_again_after_each_commit_and_every_look_can_be_gone_back_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("followed.tsm");
    let database = Options::new().page_size(PageSize::TOY).create_new(&path).unwrap();
    database.write(|tx| tx.put(b"a", b"1")).unwrap();
    let mut desk = Desk::opening(&path);
    assert_eq!(desk.worker.files().look().unwrap().map(|_| ()), None);
    desk.send_alone(Message::Follow);
    let first = desk.model.world.facts.commit;
    for (round, key) in [b"b", b"c"].iter().enumerate() {
        database.write(|tx| tx.put(*key, &[b'x'; 40])).unwrap();
        if round == 1 {
            database.checkpoint(CheckpointMode::Passive).unwrap();
        }
        let look = desk.worker.files().look().unwrap().expect("the file changed");
        desk.send_alone(Message::Looked(Box::new(look)));
    }
    let sentences: Vec<&str> = desk.model.file_work.follow.looks.iter().map(|seen| seen.sentence.as_str()).collect();
    assert_eq!(sentences[0], format!("Following began at commit {first}."));
    assert_eq!(sentences[1], format!("Commit {first} → {}: page 1 changed.", first.next()));
    assert!(sentences[2].ends_with("the log was folded into the page file."), "{sentences:?}");
    assert_eq!(desk.note(), sentences[2]);
    let keys = |desk: &mut Desk| facts(&desk.model, Subject::Tree).plain();
    assert!(keys(&mut desk).contains("keys a b c"), "{}", keys(&mut desk));
    desk.press(Pressed::Left);
    assert!(keys(&mut desk).contains("keys a b;") && keys(&mut desk).contains("changed since the look before"));
    assert!(desk.screen((80, 24)).contains("look 2 of 3"));
    desk.press(Pressed::Home);
    assert!(keys(&mut desk).contains("keys a;"), "{}", keys(&mut desk));
    // Another commit meanwhile does not take the person away from the look that is shown.
    database.write(|tx| tx.put(b"d", b"4")).unwrap();
    let look = desk.worker.files().look().unwrap().unwrap();
    desk.send_alone(Message::Looked(Box::new(look)));
    assert!(desk.screen((80, 24)).contains("look 1 of 4"));
    desk.press(Pressed::End);
    assert!(keys(&mut desk).contains("keys a b c d"));
    // Nothing here ever kept the writer from folding its log.
    database.checkpoint(CheckpointMode::Passive).unwrap();
}

#[test]
fn a_writer_and_a_follower_do_not_hinder_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.tsm");
    let database = Options::new().page_size(PageSize::TOY).create_new(&path).unwrap();
    database.write(|tx| tx.put(b"key", b"0")).unwrap();
    let (sender, news) = std::sync::mpsc::channel();
    let files = Files::default();
    files.tell_to(Arc::new(move |message| drop(sender.send(message))));
    files.open(AtRest::open(Arc::new(OsVfs), &path, None).unwrap());
    files.follow();
    let writer = std::thread::spawn(move || {
        for round in 0..300u32 {
            database.write(|tx| tx.put(format!("key {round:04}").as_bytes(), &[b'x'; 30])).unwrap();
            if round % 40 == 39 {
                database.checkpoint(CheckpointMode::Passive).unwrap();
            }
        }
        database.read().commit()
    });
    let last = writer.join().unwrap();
    let mut seen = Vec::new();
    while seen.last() < Some(&last) {
        let Message::OfFile(_, message) = news.recv_timeout(Duration::from_secs(60)).unwrap() else { panic!() };
        match *message {
            Message::Looked(look) => {
                assert_eq!(look.world.locked, None);
                assert!(
                    look.world.held().all(|(_, held)| held.plain.is_some()),
                    "a torn look at {}",
                    look.world.facts.commit
                );
                seen.push(look.world.facts.commit);
            }
            other => panic!("{other:?}"),
        }
    }
    files.unfollow();
    assert!(seen.is_sorted(), "{seen:?}");
}

fn locked_file(folder: &Path) -> PathBuf {
    let path = folder.join("locked.tsm");
    let unlock = Unlock::Passphrase("open sesame".into());
    let database =
        Options::new().page_size(PageSize::TOY).kdf(KdfProfile::TEST).unlock(unlock).create_new(&path).unwrap();
    database.write(|tx| tx.put(b"secret", b"treasure")).unwrap();
    path
}

#[test]
fn a_locked_file_asks_for_its_passphrase_says_when_it_is_wrong_and_keeps_it_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::opening(&locked_file(folder.path()));
    assert!(desk.model.file_work.secret.is_some(), "it asks by itself");
    let typed = |desk: &mut Desk, words: &str| words.chars().for_each(|letter| desk.press(Pressed::Char(letter)));
    typed(&mut desk, "open barley");
    let shown = desk.screen((80, 24));
    assert!(shown.contains("•••••••••••") && !shown.contains("barley"), "{shown}");
    desk.press(Pressed::Enter);
    assert!(desk.note().contains("P asks again") && desk.model.note.as_ref().unwrap().bad, "{}", desk.note());
    assert!(desk.model.world.file().unwrap().locked.is_some());
    desk.press(Pressed::Char('P'));
    typed(&mut desk, "open sesamee");
    desk.press(Pressed::Backspace);
    desk.press(Pressed::Enter);
    assert_eq!(desk.model.world.file().unwrap().locked, None, "{}", desk.note());
    assert!(facts(&desk.model, Subject::Tree).plain().contains("keys secret"));
    assert!(desk.model.history.is_empty(), "{:?}", desk.model.history);
    assert!(desk.model.command_line.text.is_empty());
}

#[test]
fn escape_leaves_a_file_locked_and_all_that_can_be_known_without_the_key_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::opening(&locked_file(folder.path()));
    desk.press(Pressed::Escape);
    assert!(desk.model.file_work.secret.is_none());
    for (key, words) in [('1', "locked"), ('2', "sealed"), ('4', "page 1"), ('6', "Argon2id")] {
        desk.press(Pressed::Char(key));
        let shown = desk.screen((120, 40));
        assert!(shown.contains(words), "{key}: {shown}");
    }
    desk.enter("unlock with sesame");
    assert!(desk.note().contains("never typed on this line"));
    desk.enter("unlock file /no/such/file");
    assert!(desk.note().contains("/no/such/file"), "{}", desk.note());
}

#[test]
fn a_key_file_opens_a_file_that_wants_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("with-a-key-file.tsm");
    let key = folder.path().join("key");
    std::fs::write(&key, [7; 64]).unwrap();
    let unlock = Unlock::Keyfile(vec![7; 64].into());
    let database = Options::new().page_size(PageSize::TOY).unlock(unlock).create_new(&path).unwrap();
    database.write(|tx| tx.put(b"secret", b"treasure")).unwrap();
    drop(database);
    let mut desk = Desk::opening(&path);
    assert!(desk.model.file_work.secret.is_none(), "no passphrase would open it");
    desk.enter(&format!("unlock file {}", key.display()));
    assert_eq!(desk.model.world.file().unwrap().locked, None, "{}", desk.note());
    let given = Key::InFile(key);
    assert_eq!(format!("{:?} {:?}", given, KeySort::RecoveryKey), "Key(..) RecoveryKey");
}
