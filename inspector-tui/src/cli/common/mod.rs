//! What the verbs share: how they end, how they print, how a key is given and a database opened.

mod copy;
mod failure;
mod key;
mod look;
mod new_key;
mod open;
mod output;
mod rest;
mod text;
mod tree;

pub use copy::{copy_failure, print_copy};
pub use failure::{Failure, Outcome, Status, name_commands};
pub use key::{KeyOptions, raw_stdin};
pub use look::{LookOptions, folders, read_bounded};
pub use new_key::NewKeyOptions;
pub use open::{
    ArchiveOptions, CreateOptions, KdfOptions, key_failure, open_source, open_to_read, open_to_write, open_with,
    options,
};
pub use open::{is_new_witness, note_witness, retried, retry, told_of_new_witness, with_unlock};
pub use output::{Output, note, shown_path};
pub use rest::{
    key_that_does_not_fit, open_at_rest, open_beside, open_to_draw, open_with_key, print_json,
    refuse_what_cannot_be_drawn, witness_anchor,
};
pub use text::{TextForm, TextOptions};
pub use tree::{TreeOptions, tree_failure};
