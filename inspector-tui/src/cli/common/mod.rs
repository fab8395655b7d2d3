//! What the verbs share: how they end, how they print, how a key is given and a database opened.

mod failure;
mod key;
mod open;
mod output;
mod rest;
mod text;

pub use failure::{Failure, Outcome, Status};
pub use key::{KeyOptions, raw_stdin};
pub use open::{CreateOptions, key_failure, open_to_read, open_to_write, open_with, with_unlock};
pub use output::{Output, note, shown_path};
pub use rest::{
    Locked, key_that_does_not_fit, open_at_rest, open_to_draw, print_json, refuse_what_cannot_be_drawn, shared_lock,
};
pub use text::{TextForm, TextOptions};
