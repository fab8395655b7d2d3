//! What the system and the disk hold, kept up with every event: a commit reads on where the one before it ended, so that
//! an instant in a long log costs no more than one in a short one.

use super::Facts;
use super::survey::Survey;
use tosumu::limits::PAGES_START_BYTES;
use tosumu::trace::{Event, Fold, SectorImage};

/// What the two places that outlive the program hold.
#[derive(Clone, Default)]
pub(super) struct Surveys {
    /// What the operating system holds.
    pub system: Survey,
    /// What a power cut would leave.
    pub durable: Survey,
    /// The first byte of the log written since its last sync; none when nothing was.
    log_unsynced_from: Option<u64>,
    /// Whether a superblock was written since the page file's last sync.
    superblock_unsynced: bool,
}

/// The two files as one place holds them.
struct Images {
    page_file: Option<SectorImage>,
    log: Option<SectorImage>,
}

impl Images {
    fn held(fold: &Fold, facts: &Facts) -> Images {
        let image = |file: &str| fold.files.get(file).map(|state| state.system.clone());
        Images { page_file: image(&facts.file), log: image(&facts.log_file) }
    }

    fn durable(fold: &Fold, facts: &Facts) -> Images {
        Images { page_file: durable(fold, &facts.file), log: durable(fold, &facts.log_file) }
    }

    fn survey(&self) -> Survey {
        Survey::of(self.page_file.as_ref(), self.log.as_ref())
    }
}

/// What a power cut would leave under a name.
pub(super) fn durable(fold: &Fold, file: &str) -> Option<SectorImage> {
    match fold.files.get(file) {
        Some(state) => state.durable.clone(),
        None => fold.durable_bytes(file).map(|bytes| SectorImage::from(&bytes[..])),
    }
}

impl Surveys {
    /// Whether `event` can change what is held: asked before anything is copied.
    pub fn are_changed_by(event: &Event) -> bool {
        let from_outside = matches!(
            event,
            Event::Crashed { .. } | Event::Tampered { .. } | Event::FileReplaced { .. } | Event::DatabaseCreated { .. }
        );
        from_outside || event.is_disk_call()
    }

    /// Takes in `event`, which `fold` and `facts` have taken in already.
    pub fn follow(&mut self, event: &Event, fold: &Fold, facts: &Facts) {
        match event {
            Event::FileWritten { file, offset, .. } if *file == facts.log_file => {
                self.log_unsynced_from = Some(self.log_unsynced_from.unwrap_or(u64::MAX).min(*offset));
                self.log_written(*offset, fold, facts);
            }
            Event::FileWritten { file, offset, .. } if *file == facts.file => {
                if *offset < PAGES_START_BYTES {
                    self.superblock_unsynced = true;
                    self.system = Images::held(fold, facts).survey();
                }
            }
            Event::FileSynced { file } if *file == facts.log_file => self.log_synced(fold, facts),
            Event::FileSynced { file } if *file == facts.file => {
                if std::mem::take(&mut self.superblock_unsynced) {
                    self.durable = Images::durable(fold, facts).survey();
                }
            }
            // Other files: a copy under way, a spill, a witness. What they hold counts once they have one of the two names.
            Event::FileWritten { .. } | Event::FileSynced { .. } => {}
            _ => self.look_anew(fold, facts),
        }
    }

    fn log_written(&mut self, offset: u64, fold: &Fold, facts: &Facts) {
        let images = Images::held(fold, facts);
        match &images.log {
            Some(log) if self.system.ends_before(offset) => self.system.go_on(log),
            _ => self.system = images.survey(),
        }
    }

    fn log_synced(&mut self, fold: &Fold, facts: &Facts) {
        let Some(offset) = self.log_unsynced_from.take() else { return };
        let images = Images::durable(fold, facts);
        match &images.log {
            Some(log) if self.durable.ends_before(offset) => self.durable.go_on(log),
            _ => self.durable = images.survey(),
        }
    }

    /// Names changed, or bytes from outside came: nothing that is known holds, and neither will it at the next sync.
    fn look_anew(&mut self, fold: &Fold, facts: &Facts) {
        self.system = Images::held(fold, facts).survey();
        self.durable = Images::durable(fold, facts).survey();
        self.log_unsynced_from = Some(0);
        self.superblock_unsynced = true;
    }

    /// Whether both are what a look at all bytes would find.
    #[cfg(test)]
    pub fn are_those_of(&self, fold: &Fold, facts: &Facts) -> bool {
        self.system == Images::held(fold, facts).survey() && self.durable == Images::durable(fold, facts).survey()
    }
}
