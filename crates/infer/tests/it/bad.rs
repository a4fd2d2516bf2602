//! Models and pictures that are at the edge of sense, or beyond it.

use proptest::prelude::*;
use safe_yolo_core::PictureSize;
use safe_yolo_infer::{DetectError, Detector, Family, ModelSource};
use safe_yolo_media::picture::I420;

use super::{load, runtime};

fn grey(width: u32, height: u32) -> I420 {
    let size = PictureSize::new(width, height);
    I420::new(size, vec![128; I420::byte_len(size)]).unwrap()
}

#[test]
fn a_model_that_answers_with_nonsense_is_refused_by_name() {
    for (name, says) in [
        ("not-a-number.onnx", "not finite"),
        ("infinite.onnx", "not finite"),
        ("over-one.onnx", "a score is 9"),
        ("nameless.onnx", "does not name its classes (a yolox model of 2 classes)"),
        ("classless.onnx", "leave none for a class"),
        ("no-person.onnx", "none of its classes is 'person'"),
        ("unknown.onnx", "output [1, 84, 3]"),
        ("two-families.onnx", "could be yolox or yolov10"),
    ] {
        let error = load(name, None).unwrap_err();
        assert!(error.contains(says) && error.contains(name), "{name}: {error}");
    }
    assert_eq!(load("two-families.onnx", Some(Family::Yolox)).unwrap().info().labels.len(), 1);
    let error = load("yolov8.onnx", Some(Family::RfDetr)).unwrap_err();
    assert!(error.contains("no rf-detr model") && error.contains("output [1, 6, 84]"), "{error}");
}

#[test]
fn boxes_without_area_are_none() {
    let mut detector = load("zero-area.onnx", None).unwrap();
    assert_eq!(detector.detect(&grey(64, 64), 0.1).unwrap(), []);
}

#[test]
fn ten_thousand_boxes_on_one_thing_are_one() {
    let mut detector = load("ten-thousand.onnx", None).unwrap();
    assert_eq!(detector.detect(&grey(64, 64), 0.1).unwrap().len(), 1);
}

#[test]
fn a_picture_that_is_too_large_is_refused_with_the_bound() {
    let error = I420::new(PictureSize::new(16_384, 16_384), Vec::new()).unwrap_err().to_string();
    assert!(error.contains("16384x16384") && error.contains("1 to 8192"), "{error}");
}

/// The same detector looks at all pictures of a property.
fn looks(name: Option<&str>, sides: impl Strategy<Value = (u32, u32)>, cases: u32) {
    let detector = match name {
        Some(name) => load(name, None).unwrap(),
        None => Detector::load(&runtime(), &ModelSource::Bundled, 1).unwrap(),
    };
    let detector = std::sync::Mutex::new(detector);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let look = |(width, height): (u32, u32)| {
        let found = detector.lock().unwrap().detect(&grey(width, height), 0.1);
        let found = match found {
            Ok(found) => found,
            Err(DetectError::Picture(error)) => {
                return Err(TestCaseError::fail(error.to_string()));
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        for d in found {
            prop_assert!(d.score >= 0.1 && d.score <= 1.0);
            prop_assert!(d.bbox.x1 >= 0.0 && d.bbox.y1 >= 0.0);
            prop_assert!(d.bbox.x2 <= width as f32 && d.bbox.y2 <= height as f32);
            prop_assert!(d.bbox.width() >= 1.0 && d.bbox.height() >= 1.0);
        }
        Ok(())
    };
    runner.run(&sides, look).unwrap();
}

#[test]
fn pictures_of_any_size_are_looked_at() {
    let sides = || {
        let side = || prop_oneof![Just(1_u32), 1..40_u32, Just(8192_u32)];
        // Both sides long would be 100 MB a picture.
        (side(), side()).prop_filter("small enough", |(w, h)| w * h <= 8192 * 64)
    };
    looks(None, sides(), 6);
    looks(Some("rf-detr.onnx"), sides(), 40);
    looks(Some("rt-detr.onnx"), sides(), 40);
    looks(Some("nanodet-plus.onnx"), sides(), 40);
}
