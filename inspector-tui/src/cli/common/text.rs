//! Keys and values on the command line and in streams: text with escapes, or hex digits.

use super::failure::Failure;
use clap::Args;
use tosumu::escape::{escape, unescape_bytes};

/// The form of keys and values.
#[derive(Args, Debug, Default)]
pub struct TextOptions {
    /// Keys and values are hex digits, in and out
    #[arg(long)]
    hex: bool,
}

impl TextOptions {
    /// The form that the options name.
    pub fn form(&self) -> TextForm {
        if self.hex { TextForm::Hex } else { TextForm::Escaped }
    }
}

/// How bytes are written as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextForm {
    /// Text, with `\xNN \t \n \\`.
    Escaped,
    /// Hex digits.
    Hex,
}

impl TextForm {
    /// The bytes that `text` writes; a wrong one is wrong use. `what` says what it is: `key`, `value`.
    pub fn read(self, what: &str, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let bytes = match self {
            TextForm::Escaped => unescape_bytes(text),
            TextForm::Hex => {
                hex::decode(text).map_err(|why| format!("`{}` is no row of hex digit pairs: {why}", escape(text)))
            }
        };
        bytes.map_err(|why| Failure::misuse(format!("{what}: {why}")))
    }

    /// The text that writes `bytes`: never a control character.
    pub fn write(self, bytes: &[u8]) -> String {
        match self {
            TextForm::Escaped => escape(bytes),
            TextForm::Hex => hex::encode(bytes),
        }
    }
}
