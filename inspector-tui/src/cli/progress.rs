//! How far a verification is, for a person who waits: one line on standard error that is written over, and gone at the end.
//!
//! Off a terminal nothing is written.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tosumu::Severity;
use tosumu::trace::{Event, Level, Sink};

/// How often the line is written at most.
const INTERVAL: Duration = Duration::from_millis(100);
/// Pages between two looks at the clock.
const STRIDE_PAGES: u32 = 64;

/// A sink that tells how far a verification is.
pub struct Progress {
    name: String,
    told: Mutex<Told>,
}

struct Told {
    pages: u32,
    done: u32,
    findings: u32,
    last: Instant,
    is_shown: bool,
}

impl Progress {
    /// A line about the file called `name`, when standard error is a terminal.
    pub fn for_a_person(name: &str) -> Option<Arc<Progress>> {
        let told = Told { pages: 0, done: 0, findings: 0, last: Instant::now(), is_shown: false };
        let progress = || Arc::new(Progress { name: name.to_owned(), told: Mutex::new(told) });
        io::stderr().is_terminal().then(progress)
    }

    fn write(&self, told: &mut Told) {
        let findings = match told.findings {
            0 => String::new(),
            1 => ", 1 finding".to_owned(),
            many => format!(", {many} findings"),
        };
        // Written over from the line's beginning; what is left of a longer one is cleared.
        let _ = write!(io::stderr(), "\r{}: {} of {} pages{findings}\x1b[K", self.name, told.done, told.pages);
        told.is_shown = true;
    }
}

impl Sink for Progress {
    fn level(&self) -> Level {
        Level::Outline
    }

    fn take(&self, event: Event) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::VerifyStarted { pages, .. } => told.pages = pages,
            Event::PageVerified { .. } => {
                told.done += 1;
                if told.done.is_multiple_of(STRIDE_PAGES) && told.last.elapsed() >= INTERVAL {
                    told.last = Instant::now();
                    self.write(&mut told);
                }
            }
            Event::FindingReported { finding } if finding.severity > Severity::Info => told.findings += 1,
            Event::VerifyEnded { .. } if told.is_shown => {
                let _ = write!(io::stderr(), "\r\x1b[K");
                told.is_shown = false;
            }
            _ => {}
        }
    }
}
