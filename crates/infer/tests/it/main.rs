//! Whole models, from files: against what upstream's packages make of the same pixels, and
//! those that answer with nonsense.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use safe_yolo_infer::{Detector, Family, ModelSource, Runtime};

mod bad;
mod golden;

fn runtime() -> Runtime {
    let library = std::env::var_os(safe_yolo_infer::runtime::LIBRARY_VARIABLE).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/onnxruntime/libonnxruntime.so"),
        PathBuf::from,
    );
    Runtime::load(&library).expect("ONNX Runtime: run `make setup`")
}

/// A file of `tests/golden`, which `eval/make_models.py` makes.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn load(name: &str, family: Option<Family>) -> Result<Detector, String> {
    let source = match family {
        Some(family) => ModelSource::FileOf(file(name), family),
        None => ModelSource::File(file(name)),
    };
    Detector::load(&runtime(), &source, 1).map_err(|error| error.to_string())
}
