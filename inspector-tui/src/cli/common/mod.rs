//! What the verbs share: how they end, how they print, how a key is given and a database opened.

mod copy;
mod failure;
mod key;
mod open;
mod output;
mod rest;
mod text;

pub use copy::{copy_failure, print_copy};
pub use failure::{Failure, Outcome, Status};
pub use key::{KeyOptions, raw_stdin};
pub use open::{
    ArchiveOptions, CreateOptions, KdfOptions, key_failure, open_to_read, open_to_write, open_with, with_unlock,
};
pub use output::{Output, note, shown_path};
pub use rest::{
    Locked, key_that_does_not_fit, open_at_rest, open_to_draw, print_json, refuse_what_cannot_be_drawn, shared_lock,
};
pub use text::{TextForm, TextOptions};
