//! See `assertion.rs`, one folder up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::assertion::check(data));
