//! `make fuzz`: libFuzzer over the target that `SAFE_YOLO_FUZZ` names.
#![no_main]
#![allow(clippy::panic, reason = "a fuzzer without target can do nothing else")]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let name = std::env::var("SAFE_YOLO_FUZZ").unwrap_or_default();
    match safe_yolo_fuzz::target(&name) {
        Some(target) => target(data),
        None => {
            let names = safe_yolo_fuzz::names();
            panic!("SAFE_YOLO_FUZZ is '{name}': it must be one of {names}");
        }
    }
});
