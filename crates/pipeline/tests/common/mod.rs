//! What the tests of the pipeline share.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod faults;

use std::path::Path;

use safe_yolo_infer::{DetectorPool, PoolConfig, Runtime};

/// The bundled model on this machine's ONNX Runtime.
pub(crate) fn detectors() -> DetectorPool {
    let library = std::env::var_os(safe_yolo_infer::runtime::LIBRARY_VARIABLE).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/onnxruntime/libonnxruntime.so"),
        Into::into,
    );
    let runtime = Runtime::load(&library).expect("run `make setup` first");
    DetectorPool::start(&runtime, &PoolConfig::default()).unwrap()
}
