//! The operations of a timeline: which events each line of a script brought about.

use tosumu::trace::Event;

/// One line that was asked for, and its events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// The line as it was written.
    pub line: String,
    /// Its first event.
    pub first: usize,
    /// Its last event so far.
    pub last: usize,
    /// Whether it ended well; none while it has not ended.
    pub succeeded: Option<bool>,
}

/// Takes event `index` into account.
pub(super) fn follow(operations: &mut Vec<Operation>, index: usize, event: &Event) {
    if let Event::OperationStarted { line } = event {
        operations.push(Operation { line: line.clone(), first: index, last: index, succeeded: None });
        return;
    }
    let adjacent = operations.last_mut().filter(|operation| operation.last + 1 == index);
    let Some(open) = adjacent.filter(|operation| operation.succeeded.is_none()) else {
        return;
    };
    open.last = index;
    if let Event::OperationEnded { succeeded, .. } = event {
        open.succeeded = Some(*succeeded);
    }
}
