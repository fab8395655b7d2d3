#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tosumu_fuzz::fuzz_targets::import(data));
