//! Boxes within half a pixel and scores within a thousandth of upstream's own.

use std::fs;

use safe_yolo_core::{Class, PictureSize, PixelBox};
use safe_yolo_infer::{Detector, Family, ModelSource};
use safe_yolo_media::picture::I420;
use serde::Deserialize;

use super::{file, load, runtime};

#[derive(Deserialize)]
struct Golden {
    min_score: f32,
    /// The pictures given are so many times as wide and as high as those of the reference,
    /// each pixel repeated: scaled down they are the same pixels.
    factor: [usize; 2],
    pictures: Vec<Picture>,
}

#[derive(Deserialize)]
struct Picture {
    width: usize,
    height: usize,
    i420: String,
    found: Vec<Found>,
}

#[derive(Debug, Deserialize)]
struct Found {
    label: String,
    score: f32,
    #[serde(rename = "box")]
    bbox: PixelBox,
}

fn golden(family: &str) -> Golden {
    let text = fs::read(file(&format!("{family}.json"))).expect("eval/make_models.py makes it");
    serde_json::from_slice(&text).unwrap()
}

impl Picture {
    /// The picture with every pixel repeated.
    fn repeated(&self, [across, down]: [usize; 2]) -> I420 {
        let byte = |pair: &[u8]| {
            u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).expect("a byte")
        };
        let bytes: Vec<u8> = self.i420.as_bytes().chunks_exact(2).map(byte).collect();
        let (luma, chroma) = bytes.split_at(self.width * self.height);
        let (u, v) = chroma.split_at(chroma.len() / 2);
        let planes = [(luma, self.width), (u, self.width / 2), (v, self.width / 2)];
        let data = planes.into_iter().flat_map(|(plane, width)| {
            plane.chunks_exact(width).flat_map(move |line| {
                let wide: Vec<u8> =
                    line.iter().flat_map(|pixel| std::iter::repeat_n(*pixel, across)).collect();
                std::iter::repeat_n(wide, down).flatten()
            })
        });
        let side = |side: usize| u32::try_from(side).unwrap();
        let size = PictureSize::new(side(self.width * across), side(self.height * down));
        I420::new(size, data.collect()).unwrap()
    }
}

/// Every box of the reference is found, and no other.
fn compare(mut detector: Detector, name: &str, family: Family) {
    assert_eq!(detector.info().family, family);
    let golden = golden(name);
    for (number, picture) in golden.pictures.iter().enumerate() {
        let given = picture.repeated(golden.factor);
        let mut found = detector.detect(&given, golden.min_score).unwrap();
        let expected: Vec<_> = picture
            .found
            .iter()
            .filter_map(|found| Some((Class::from_label(&found.label)?, found)))
            .collect();
        assert!(expected.len() >= 3, "{name} {number}: too few to show anything");
        assert_eq!(found.len(), expected.len(), "{name} {number}: {found:?}");
        for (class, expected) in expected {
            let is_it = |d: &safe_yolo_core::Detection| {
                let (a, b) = (d.bbox, expected.bbox);
                let sides = [a.x1 - b.x1, a.y1 - b.y1, a.x2 - b.x2, a.y2 - b.y2];
                d.class == class
                    && (d.score - expected.score).abs() <= 1e-3
                    && sides.iter().all(|side| side.abs() <= 0.5)
            };
            let at = found.iter().position(is_it);
            let at = at.unwrap_or_else(|| panic!("{name} {number}: no {expected:?} in {found:?}"));
            found.swap_remove(at);
        }
    }
}

#[test]
fn yolox_finds_what_the_formulas_give() {
    let detector = Detector::load(&runtime(), &ModelSource::Bundled, 1).unwrap();
    compare(detector, "yolox", Family::Yolox);
}

#[test]
fn rf_detr_finds_what_its_package_finds() {
    compare(load("rf-detr.onnx", None).unwrap(), "rf-detr", Family::RfDetr);
}

#[test]
fn rt_detr_finds_what_transformers_finds() {
    compare(load("rt-detr.onnx", None).unwrap(), "rt-detr", Family::RtDetr);
}

#[test]
fn d_fine_finds_what_transformers_finds() {
    compare(load("d-fine.onnx", None).unwrap(), "d-fine", Family::RtDetr);
}

/// Graphs of constants in the published layouts, decoded by hand.
#[test]
fn published_layouts_are_read() {
    let square = PictureSize::new(64, 64);
    let grey = I420::new(square, vec![128; I420::byte_len(square)]).unwrap();
    let person = (Class::Person, 0.9, [22.0, 9.0, 42.0, 39.0]);
    let helmet = (Class::Helmet, 0.7, [27.0, 9.0, 35.0, 15.0]);
    // Cell (1, 1) of stride 8, 8 pixels each way.
    let cell = (Class::Person, 0.9, [0.0, 0.0, 16.0, 16.0]);
    for (name, family, expected) in [
        ("yolov8.onnx", Family::Yolov8, vec![person, helmet]),
        ("yolov10.onnx", Family::Yolov10, vec![person, helmet]),
        ("nanodet-plus.onnx", Family::NanodetPlus, vec![cell]),
    ] {
        let mut detector = load(name, None).unwrap();
        assert_eq!(detector.info().family, family, "{name}");
        let found = detector.detect(&grey, 0.3).unwrap();
        assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
        for (found, (class, score, sides)) in found.iter().zip(expected) {
            assert_eq!(found.class, class, "{name}");
            assert!((found.score - score).abs() < 1e-6, "{name}");
            let near =
                <[f32; 4]>::from(found.bbox).iter().zip(sides).all(|(a, b)| (a - b).abs() < 1e-3);
            assert!(near, "{name}: {found:?}, not {sides:?}");
        }
    }
}
