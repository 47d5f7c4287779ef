//! See `claims.rs`, one folder up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::claims::check(data));
