//! The estimate against motions that are known to the pixel.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use safe_yolo_core::PictureTime;
use safe_yolo_sim::Scene;

const SIZE: PictureSize = PictureSize::new(960, 540);

/// A hall without end: brightness at a place, smooth over tens of pixels.
fn hall(x: f64, y: f64) -> f64 {
    let wave = |a: f64, b: f64, phase: f64| (a * x + b * y + phase).sin();
    120.0
        + 22.0 * wave(0.043, 0.017, 0.3)
        + 18.0 * wave(-0.021, 0.051, 1.1)
        + 14.0 * wave(0.094, -0.033, 2.0)
        + 14.0 * wave(0.027, 0.101, 0.7)
}

/// The hall as it looks through a camera that maps places by `to_hall`, somewhat noisy.
fn seen(
    to_hall: impl Fn(f64, f64) -> (f64, f64),
    brighter: f64,
    thing: Option<[usize; 4]>,
    seed: u64,
) -> SmallGrey {
    let mut data = vec![128; I420::byte_len(SIZE)];
    let mut random = seed | 1;
    for y in 0..540 {
        for x in 0..960 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let (hx, hy) = to_hall(x as f64, y as f64);
            let inside = thing.is_some_and(|[left, top, w, h]| {
                (left..left + w).contains(&x) && (top..top + h).contains(&y)
            });
            let grey =
                if inside { 40.0 + ((x / 9 + y / 7) % 5) as f64 * 30.0 } else { hall(hx, hy) };
            data[y * 960 + x] =
                (grey + brighter + (random % 9) as f64 - 4.0).clamp(0.0, 255.0) as u8;
        }
    }
    let mut small = SmallGrey::default();
    small.fill(&I420::new(SIZE, data).unwrap());
    small
}

/// Where the estimate takes the corners and the middle, less where they go.
fn error_px(motion: &CameraMotion, expect: impl Fn(f64, f64) -> (f64, f64)) -> f64 {
    let places = [(100.0, 60.0), (860.0, 60.0), (480.0, 270.0), (100.0, 480.0), (860.0, 480.0)];
    let off = |(x, y): (f64, f64)| {
        let ((gx, gy), (ex, ey)) = (motion.apply(x, y), expect(x, y));
        (gx - ex).hypot(gy - ey)
    };
    places.into_iter().map(off).fold(0.0, f64::max)
}

#[test]
fn shifts_are_measured_to_a_pixel() {
    let before = seen(|x, y| (x, y), 0.0, None, 1);
    for (dx, dy) in [(6.0, 0.0), (-14.0, 9.0), (31.0, -22.0), (-50.0, 40.0), (3.0, -3.0)] {
        let after = seen(|x, y| (x - dx, y - dy), 0.0, None, 2);
        let motion = camera_motion(&before, &after, SIZE).expect("it moved");
        let error = error_px(&motion, |x, y| (x + dx, y + dy));
        assert!(error < 1.0, "{dx}, {dy}: {error} px off");
    }
}

#[test]
fn rolls_and_zooms_are_measured() {
    let before = seen(|x, y| (x, y), 0.0, None, 1);
    for (turn, zoom, dx) in [(1.5_f64, 1.0, 10.0), (-1.0, 1.0, 0.0), (0.0, 1.03, -8.0)] {
        let (sin, cos) = turn.to_radians().sin_cos();
        let there = |x: f64, y: f64| {
            let (x, y) = (x - 480.0, y - 270.0);
            (480.0 + zoom * (cos * x - sin * y) + dx, 270.0 + zoom * (sin * x + cos * y))
        };
        let back = |x: f64, y: f64| {
            let (x, y) = ((x - 480.0 - dx) / zoom, (y - 270.0) / zoom);
            (480.0 + cos * x + sin * y, 270.0 - sin * x + cos * y)
        };
        let after = seen(back, 0.0, None, 2);
        let motion = camera_motion(&before, &after, SIZE).expect("it moved");
        let error = error_px(&motion, there);
        assert!(error < 2.0, "{turn} degrees, {zoom}: {error} px off");
    }
}

/// A fixed camera, whatever happens before it: noise, light, somebody who walks by, a
/// lorry that fills half of the picture.
#[test]
fn a_camera_that_stands_still_has_not_moved() {
    let here = |x: f64, y: f64| (x, y);
    let before = seen(here, 0.0, Some([300, 100, 180, 400]), 1);
    for (what, after) in [
        ("noise", seen(here, 0.0, Some([300, 100, 180, 400]), 2)),
        ("light", seen(here, 25.0, Some([300, 100, 180, 400]), 2)),
        ("a walk", seen(here, 0.0, Some([330, 100, 180, 400]), 2)),
    ] {
        assert_eq!(camera_motion(&before, &after, SIZE), None, "{what}");
    }
    let lorry = |left| seen(here, 0.0, Some([left, 60, 470, 480]), 3);
    assert_eq!(camera_motion(&lorry(20), &lorry(50), SIZE), None);
}

/// A shaken camera is noticed though people walk against it and the light changes.
#[test]
fn what_moves_by_itself_is_outvoted() {
    let before = seen(|x, y| (x, y), 0.0, Some([300, 100, 260, 400]), 1);
    let after = seen(|x, y| (x - 24.0, y + 12.0), 15.0, Some([270, 100, 260, 400]), 2);
    let motion = camera_motion(&before, &after, SIZE).expect("it moved");
    let error = error_px(&motion, |x, y| (x + 24.0, y - 12.0));
    assert!(error < 1.5, "{error} px off");
}

#[test]
fn nothing_to_go_by_is_no_motion() {
    let flat = |grey| {
        let mut data = vec![128; I420::byte_len(SIZE)];
        data[..960 * 540].fill(grey);
        let mut small = SmallGrey::default();
        small.fill(&I420::new(SIZE, data).unwrap());
        small
    };
    assert_eq!(camera_motion(&flat(90), &flat(90), SIZE), None);
    assert_eq!(camera_motion(&flat(90), &flat(200), SIZE), None);
    assert_eq!(camera_motion(&SmallGrey::default(), &flat(90), SIZE), None);
    // Cut to another scene.
    let other = seen(|x, y| (y * 3.1 + 700.0, x * 2.3), 0.0, None, 3);
    assert_eq!(camera_motion(&seen(|x, y| (x, y), 0.0, None, 1), &other, SIZE), None);
}

#[test]
fn pictures_of_any_size_are_taken() {
    let mut watch = ShakeWatch::default();
    for (width, height) in [(16, 8), (16, 8), (2, 2), (1920, 1080), (640, 480), (640, 480)] {
        let size = PictureSize::new(width, height);
        let picture = I420::new(size, vec![77; I420::byte_len(size)]).unwrap();
        assert_eq!(watch.picture(&picture), None, "{width}x{height}");
    }
}

const SHAKEN: &str = r#"
duration_s = 20.0
[[shake]]
from_s = 2.0
until_s = 18.0
pixels = 20
[[worker]]
start_s = 0.0
from = [-3.0, 8.8]
steps = [{ stand = "right", s = 10.0 }, { walk_to = [3.0, 8.8], s = 8.0 }, { stand = "left", s = 2.0 }]
[[zone]]
name = { ko = "구역", en = "Zone" }
type = "warning"
sides = [-1.6, 1.6, 7.4, 9.8]
"#;

/// The simulated camera: it says by how far it was shaken, and a drawn hall has what
/// a real one has, flat walls and edges.
#[test]
fn the_simulated_camera_is_followed() {
    let scene = Scene::from_text("shaken", SHAKEN, 1, None).unwrap();
    let (mut watch, mut rgb) = (ShakeWatch::default(), Vec::new());
    let (mut measured, mut moved, mut worst, mut false_alarms) = (0, 0, 0.0_f64, 0);
    let mut before: Option<[f64; 2]> = None;
    // 10 pictures a second while the worker stands: then his box moves with the camera.
    for number in 0..95 {
        let time = PictureTime::from_millis(number * 100);
        scene.render(time, &mut rgb);
        let picture = I420::from_rgb(scene.size(), &rgb).unwrap();
        let found = watch.picture(&picture);
        let foot = scene.truth(time)[0].foot;
        let now = [f64::from(foot.x), f64::from(foot.y)];
        let by = before.map_or([0.0; 2], |before| [now[0] - before[0], now[1] - before[1]]);
        before = Some(now);
        let is_moved = by[0].hypot(by[1]) >= 4.0;
        moved += usize::from(is_moved);
        match found {
            Some(motion) if is_moved => {
                measured += 1;
                let (x, y) = motion.apply(now[0] - by[0], now[1] - by[1]);
                worst = worst.max((x - now[0]).hypot(y - now[1]));
            }
            Some(_) if by[0].hypot(by[1]) < 0.01 => false_alarms += 1,
            _ => {}
        }
    }
    assert_eq!(false_alarms, 0);
    assert!(moved > 40, "{moved} pictures moved");
    assert!(measured * 10 >= moved * 9, "{measured} of {moved} were measured");
    assert!(worst < 2.5, "{worst} px off");
}
