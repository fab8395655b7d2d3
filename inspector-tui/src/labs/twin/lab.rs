//! What the screens remember of the twins: which difference is chosen, what was guessed before anything was shown, and the score.

use super::{Answer, Difference, Progress, Twin};

/// The twin lab.
#[derive(Default)]
pub struct TwinLab {
    /// The branch, and how many events it had, when it was opened.
    pub instant: Option<(usize, usize)>,
    /// The difference under the cursor, while one is chosen.
    pub row: usize,
    /// The difference that is run or was run; none while one is chosen.
    pub difference: Option<Difference>,
    /// How far the engines are.
    pub progress: Option<Progress>,
    /// What came of it.
    pub twin: Option<Box<Twin>>,
    /// What was guessed; the outer one is none while nothing was, the inner one when it was only looked at.
    guess: Option<Option<Answer>>,
    /// Right guesses of all runs.
    pub right: usize,
    /// Guesses of all runs that were held against their run.
    pub guessed: usize,
}

impl TwinLab {
    /// A difference is run.
    pub fn begin(&mut self, difference: Difference) {
        self.difference = Some(difference);
        (self.progress, self.twin, self.guess) = (None, None, None);
    }

    /// Another difference is chosen.
    pub fn choose(&mut self) {
        (self.difference, self.progress, self.twin, self.guess) = (None, None, None, None);
    }

    /// Both engines are done.
    pub fn finish(&mut self, twin: Box<Twin>) {
        self.twin = Some(twin);
        self.score();
    }

    /// What is guessed, once; none is to look without a guess.
    pub fn look(&mut self, guess: Option<Answer>) {
        if self.guess.is_none() && self.difference.is_some() {
            self.guess = Some(guess);
            self.score();
        }
    }

    /// The guess, when one was made.
    pub fn guess(&self) -> Option<Answer> {
        self.guess.flatten()
    }

    /// Whether a question is open.
    pub fn is_asking(&self) -> bool {
        self.difference.is_some() && self.guess.is_none()
    }

    /// The twins, when they may be shown: they are done, and a guess was made or given up.
    pub fn told(&self) -> Option<&Twin> {
        self.twin.as_deref().filter(|_| self.guess.is_some())
    }

    fn score(&mut self) {
        if let (Some(twin), Some(Some(guess))) = (&self.twin, self.guess) {
            self.guessed += 1;
            self.right += usize::from(guess == twin.answer());
        }
    }
}
