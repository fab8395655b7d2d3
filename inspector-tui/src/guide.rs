//! The tour through the lab: what is said, and what is done when the reader goes on. Every step is played by the same
//! messages that keys bring about, on the real engine.

use tosumu::trace::Event;

/// What a step of the tour does before it speaks.
#[derive(Clone, Copy)]
pub enum TourDo {
    /// Nothing.
    Nothing,
    /// Run an operation; the view stands on its first event.
    Run(&'static str),
    /// Step on to the next event of this kind.
    StepTo(fn(&Event) -> bool),
    /// The power goes at the present instant.
    Crash,
    /// Open the store again.
    Reopen,
}

/// One step of the tour.
#[derive(Clone, Copy)]
pub struct TourStep {
    /// What is done first.
    pub does: TourDo,
    /// What the narrator says then.
    pub says: &'static str,
}

/// The tour, in order.
pub const TOUR: &[TourStep] = &[
    TourStep {
        does: TourDo::Nothing,
        says: "A store is a file made of pages. These three are a tree: the page at the top leads to the two leaves, and \
               the leaves hold the records. Leaf 2 is nearly full.",
    },
    TourStep {
        does: TourDo::Run("put m 13"),
        says: "One more record is asked for: put m 13. The engine has done all of it already; now we look at its steps, \
               one after the other.",
    },
    TourStep {
        does: TourDo::StepTo(|event| matches!(event, Event::LeafSearched { .. })),
        says: "The search went from the top page down to leaf 2: there is no m, and its place is between l and n.",
    },
    TourStep {
        does: TourDo::StepTo(|event| matches!(event, Event::PageSplit { .. })),
        says: "There is no room for it, so the leaf split: its upper half went to a new page.",
    },
    TourStep {
        does: TourDo::StepTo(|event| matches!(event, Event::SeparatorWritten { .. })),
        says: "The page above must know the new leaf: one key went up. All of this is in memory only.",
    },
    TourStep {
        does: TourDo::StepTo(|event| matches!(event, Event::PageSealed { .. })),
        says: "Before a page may leave memory it is sealed: enciphered, with a tag that only the key can make. Its parent \
               remembers the tag, so an old or foreign page cannot take its place.",
    },
    TourStep {
        does: TourDo::StepTo(|event| matches!(event, Event::FileWritten { .. })),
        says: "The sealed pages went into the log, in one write. The operating system has them; the disk may not. This is \
               the worst moment for the power to go, so let it.",
    },
    TourStep {
        does: TourDo::Crash,
        says: "The power is gone, and with it what no sync had made durable. Nobody had been told that m was stored.",
    },
    TourStep {
        does: TourDo::Reopen,
        says: "The store is opened again. Recovery looks at both superblocks, unlocks, and reads the log record by record \
               for as long as each one proves to be the next.",
    },
    TourStep {
        does: TourDo::StepTo(|event| matches!(event, Event::LogReplayed { .. })),
        says: "It found every commit that was acknowledged, and nothing of the one that was not.",
    },
    TourStep {
        does: TourDo::StepTo(|event| matches!(event, Event::Opened { .. })),
        says: "The old state is back, whole: no half split, no m. Press b to see the time line in which the power stayed \
               on, ? for all keys, or type an operation of your own after :.",
    },
];
