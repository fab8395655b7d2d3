//! The command `tosumu`.

fn main() {}
