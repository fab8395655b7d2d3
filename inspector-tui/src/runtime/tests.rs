//! The loop without a terminal: how many frames it draws, and for what.

use super::*;
use crate::keymap::Key;
use crate::message::Sample;
use crate::pointer::{Pointed, Pointer};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts frames instead of drawing them.
struct Counter(Arc<AtomicU64>);

impl Screen for Counter {
    fn size(&self) -> io::Result<(u16, u16)> {
        Ok((80, 24))
    }

    fn draw(&mut self, _model: &Model) -> io::Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_mouse(&mut self, _mouse: Mouse) -> io::Result<()> {
        Ok(())
    }
}

/// Has the lab's loop take these arrivals, one at a time, and gives the frames that each brought about.
fn frames_of(arrivals: Vec<Arrival>) -> Vec<u64> {
    let mut worker = Worker::new();
    let mut model = Model::nothing();
    let made = worker.obey(Command::MakeLab(Sample::Own));
    update(&mut model, made);
    let (news, received) = channel();
    let drawn = Arc::new(AtomicU64::new(0));
    let commands = start_worker(worker, news.clone());
    let mut session = Session::new(model, Counter(drawn.clone()), commands, received);
    let mut counts = Vec::new();
    for arrival in arrivals {
        let before = session.frames;
        news.send(arrival).unwrap();
        session.turn().unwrap();
        counts.push(session.frames - before);
    }
    assert_eq!(drawn.load(Ordering::SeqCst), session.frames);
    counts
}

fn key(key: Key) -> Arrival {
    Arrival::Terminal(Input::Key(key))
}

#[test]
fn a_key_is_one_frame_and_what_means_nothing_is_none() {
    let nowhere = || Arrival::Terminal(Input::Mouse(Pointer { column: 300, line: 300, did: Pointed::Press }));
    let nothing = || key(Key::Control('y'));
    let frames = frames_of(vec![key(Key::Char('2')), nothing(), nowhere(), nothing(), key(Key::Left), nothing()]);
    assert_eq!(frames, [1, 0, 0, 0, 1, 0]);
}

#[test]
fn keys_that_wait_share_a_frame() {
    let mut model = Model::nothing();
    let mut worker = Worker::new();
    let made = worker.obey(Command::MakeLab(Sample::Own));
    update(&mut model, made);
    let (news, arrivals) = channel();
    let commands = start_worker(worker, news.clone());
    let screen = Counter(Arc::default());
    let mut session = Session::new(model, screen, commands, arrivals);
    for _ in 0..20 {
        news.send(key(Key::Left)).unwrap();
    }
    session.turn().unwrap();
    assert_eq!(session.frames, 1);
}
