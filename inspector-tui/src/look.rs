//! A view of a running store, as text: what a lesson's `look` shows.

use crate::lesson::Look;
use tosumu::script::Runner;

/// The view that `look` names, drawn as text.
pub fn text(_runner: &Runner, look: &Look) -> Result<String, String> {
    Err(format!("there is no view `{}` to look at", look.view))
}
