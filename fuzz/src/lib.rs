//! The fuzzer's targets, as the engine's tests have them: each body stands once.

#[path = "../../engine/tests/mutants/mod.rs"]
pub mod mutants;

#[path = "../../engine/tests/fuzz_targets/mod.rs"]
pub mod fuzz_targets;
