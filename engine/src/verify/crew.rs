//! A crew of threads that works ahead of the one who judges.
//!
//! The judge hands over tasks and takes their results when it comes to them: what is reported, and in which order, is decided by
//! the judge alone, so that one thread and many give the same report to the byte. A task that nobody has begun when its result
//! is asked for is done by the judge itself; with one thread that is every task.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Threads that do what they are handed, oldest first.
pub(super) struct Crew<'f> {
    board: Mutex<Board<'f>>,
    /// There is more to do, or no more ever.
    changed: Condvar,
    threads: NonZeroUsize,
}

#[derive(Default)]
struct Board<'f> {
    waiting: VecDeque<Arc<dyn Begin + 'f>>,
    is_over: bool,
}

impl<'f> Crew<'f> {
    /// Runs `judge` with a crew of so many threads, the judge's own among them. They end with it.
    pub fn with<R>(threads: NonZeroUsize, judge: impl FnOnce(&Crew<'f>) -> R) -> R {
        let crew = Crew { board: Mutex::default(), changed: Condvar::new(), threads };
        std::thread::scope(|scope| {
            for _ in 1..threads.get() {
                scope.spawn(|| crew.work());
            }
            let _over = Over(&crew);
            judge(&crew)
        })
    }

    /// How many threads there are; with one, working ahead is of no use.
    pub fn threads(&self) -> usize {
        self.threads.get()
    }

    /// Hands a task over.
    pub fn hand_over<R: Send + 'f>(&self, work: impl FnOnce() -> R + Send + 'f) -> Handle<'f, R> {
        let task = Arc::new(Task { stage: Mutex::new(Stage::Waiting(Box::new(work))), ended: Condvar::new() });
        if self.threads() > 1 {
            locked(&self.board).waiting.push_back(task.clone());
            self.changed.notify_one();
        }
        Handle(task)
    }

    fn work(&self) {
        while let Some(task) = self.next() {
            task.begin();
        }
    }

    fn next(&self) -> Option<Arc<dyn Begin + 'f>> {
        let mut board = locked(&self.board);
        loop {
            if board.is_over {
                return None;
            }
            if let Some(task) = board.waiting.pop_front() {
                return Some(task);
            }
            board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Sends the crew home, also when the judge panics: else its threads would wait for ever.
struct Over<'c, 'f>(&'c Crew<'f>);

impl Drop for Over<'_, '_> {
    fn drop(&mut self) {
        let mut board = locked(&self.0.board);
        board.is_over = true;
        board.waiting.clear();
        self.0.changed.notify_all();
    }
}

trait Begin: Send + Sync {
    /// Does the task, unless somebody has begun it.
    fn begin(&self);
}

struct Task<'f, R> {
    stage: Mutex<Stage<'f, R>>,
    ended: Condvar,
}

enum Stage<'f, R> {
    Waiting(Box<dyn FnOnce() -> R + Send + 'f>),
    Begun,
    Done(R),
    /// Its result was taken, or whoever did it panicked.
    Gone,
}

impl<R: Send> Begin for Task<'_, R> {
    fn begin(&self) {
        let work = {
            let mut stage = locked(&self.stage);
            match std::mem::replace(&mut *stage, Stage::Begun) {
                Stage::Waiting(work) => work,
                other => {
                    *stage = other;
                    return;
                }
            }
        };
        let mut ending = Ending { task: self, result: None };
        ending.result = Some(work());
    }
}

/// Puts the result in its place; when the work panicked there is none, and who waits for it must not wait for ever.
struct Ending<'t, 'f, R> {
    task: &'t Task<'f, R>,
    result: Option<R>,
}

impl<R> Drop for Ending<'_, '_, R> {
    fn drop(&mut self) {
        *locked(&self.task.stage) = self.result.take().map_or(Stage::Gone, Stage::Done);
        self.task.ended.notify_all();
    }
}

/// The result of a task, to come.
pub(super) struct Handle<'f, R>(Arc<Task<'f, R>>);

impl<R: Send> Handle<'_, R> {
    /// Takes the result: waits for it, or does the task here when nobody has begun it.
    pub fn take(self) -> R {
        self.0.begin();
        let mut stage = locked(&self.0.stage);
        loop {
            match std::mem::replace(&mut *stage, Stage::Gone) {
                Stage::Done(result) => return result,
                Stage::Gone => panic!("a thread that verified pages has panicked"),
                begun => *stage = begun,
            }
            stage = self.0.ended.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_asked_for_whoever_works() {
        for threads in [1, 2, 5] {
            let numbers: Vec<usize> = (0..100).collect();
            let squares = Crew::with(NonZeroUsize::new(threads).unwrap(), |crew| {
                let handles: Vec<_> = numbers.iter().map(|number| crew.hand_over(move || number * number)).collect();
                handles.into_iter().map(Handle::take).collect::<Vec<_>>()
            });
            assert_eq!(squares, numbers.iter().map(|number| number * number).collect::<Vec<_>>());
        }
    }

    #[test]
    fn tasks_that_nobody_asks_for_do_not_hold_up_the_end() {
        Crew::with(NonZeroUsize::new(3).unwrap(), |crew| {
            (0..50).for_each(|number| drop(crew.hand_over(move || number)));
        });
    }
}
