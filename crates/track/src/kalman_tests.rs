//! The filter against BoT-SORT's numbers, and over time steps of any length.

use super::*;

const FRAME: f64 = 1.0 / REFERENCE_RATE;

fn seen(cx: f32, cy: f32) -> PixelBox {
    PixelBox::from_xywh(cx - 20.0, cy - 50.0, 40.0, 100.0)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

/// The diagonal after a birth and one frame, worked out by hand from
/// BoT-SORT's weights for a box of 40 x 100 pixels.
#[test]
fn one_frame_has_the_noise_of_bot_sort() {
    let mut filter = BoxFilter::new(BoxState::Width, seen(100.0, 100.0));
    filter.predict(FRAME);
    for (i, size) in [(0, 40.0_f64), (1, 100.0), (2, 40.0), (3, 100.0)] {
        let born = (2.0 * size / 20.0).powi(2);
        let moving = (10.0 * size / 160.0).powi(2);
        assert!(near(filter.covariance[(i, i)], born + moving + (size / 20.0).powi(2)));
        let per_frame = filter.covariance[(i + 4, i + 4)] / REFERENCE_RATE.powi(2);
        assert!(near(per_frame, moving + (size / 160.0).powi(2)));
    }
}

#[test]
fn one_long_step_is_many_frames() {
    for frames in [1, 2, 3, 8, 30] {
        let mut stepped = BoxFilter::new(BoxState::Width, seen(100.0, 100.0));
        let mut leapt = stepped.clone();
        for _ in 0..frames {
            stepped.predict(FRAME);
        }
        leapt.predict(f64::from(frames) * FRAME);
        for (a, b) in stepped.covariance.iter().zip(leapt.covariance.iter()) {
            assert!(near(*a, *b), "{frames} frames: {a} and {b}");
        }
    }
}

#[test]
fn velocity_is_learned_at_any_rate() {
    for rate in [4.0, 10.0, 15.0, 30.0] {
        let mut filter = BoxFilter::new(BoxState::Width, seen(0.0, 200.0));
        let mut at = 0.0_f32;
        while at < 2.0 {
            #[expect(clippy::cast_possible_truncation, reason = "a test's rate")]
            let step = 1.0 / rate as f32;
            at += step;
            filter.predict(f64::from(step));
            filter.update(seen(90.0 * at, 200.0));
        }
        assert!((filter.mean[4] - 90.0).abs() < 4.0, "{rate}/s: {} px/s", filter.mean[4]);
        assert!(filter.mean[5].abs() < 1e-6);
        filter.predict(0.5);
        let expect = 90.0 * f64::from(at) + 45.0;
        assert!((filter.mean[0] - expect).abs() < 4.0, "{rate}/s: {}", filter.mean[0]);
    }
}

#[test]
fn no_step_shrinks_a_box_to_nothing() {
    let mut filter = BoxFilter::new(BoxState::Width, seen(0.0, 0.0));
    filter.predict(0.1);
    filter.update(PixelBox::from_xywh(0.0, 0.0, 0.0, 0.0));
    filter.predict(60.0);
    let bbox = filter.bbox();
    assert!(bbox.width() >= 0.99 && bbox.height() >= 0.99, "{bbox:?}");
    assert!(filter.is_sane(1e6));
}

#[test]
fn compensation_moves_turns_and_scales() {
    let mut filter = BoxFilter::new(BoxState::Width, seen(100.0, 50.0));
    filter.mean[4] = 10.0;
    // A quarter turn, twice as large, and a shift.
    let motion = CameraMotion::new([[0.0, -2.0, 7.0], [2.0, 0.0, 9.0]]);
    let Ok(motion) = motion else { panic!("{motion:?}") };
    filter.compensate(&motion);
    let expect = [-93.0, 209.0, 80.0, 200.0, 0.0, 20.0, 0.0, 0.0];
    for (mean, expect) in filter.mean.iter().zip(expect) {
        assert!(near(*mean, expect), "{mean} {expect}");
    }
    // What was uncertain across is now uncertain down.
    assert!(near(filter.covariance[(1, 1)], 4.0 * 16.0));
}

/// A camera that rolls a little leaves people as wide as they were.
#[test]
fn a_rolling_camera_does_not_slim() {
    let mut filter = BoxFilter::new(BoxState::Width, seen(100.0, 50.0));
    let (sin, cos) = 2.0_f64.to_radians().sin_cos();
    let motion = CameraMotion::new([[cos, -sin, 0.0], [sin, cos, 0.0]]);
    let Ok(motion) = motion else { panic!("{motion:?}") };
    filter.compensate(&motion);
    assert!(near(filter.mean[2], 40.0) && near(filter.mean[3], 100.0));
}

/// The diagonal after a birth and one frame, worked out by hand from the weights
/// of `DeepSORT`'s filter for a box of 40 x 100 pixels.
#[test]
fn one_frame_has_the_noise_of_byte_track() {
    let mut filter = BoxFilter::new(BoxState::AspectRatio, seen(100.0, 100.0));
    assert!(near(filter.mean[2], 0.4));
    filter.predict(FRAME);
    let length = 10.0_f64.powi(2) + 6.25_f64.powi(2) + 5.0_f64.powi(2);
    let aspect = 1e-4 + 1e-10 + 1e-4;
    for (i, expect) in [(0, length), (1, length), (2, aspect), (3, length)] {
        assert!(near(filter.covariance[(i, i)], expect), "{i}");
    }
    let per_frame = filter.covariance[(4, 4)] / REFERENCE_RATE.powi(2);
    assert!(near(per_frame, 6.25_f64.powi(2) + 0.625_f64.powi(2)));
    let bbox = filter.bbox();
    assert!((bbox.width() - 40.0).abs() < 1e-4 && (bbox.height() - 100.0).abs() < 1e-4);
}

/// Twice as near, a box is twice as large and its aspect ratio the same.
#[test]
fn an_aspect_ratio_is_not_scaled() {
    let mut filter = BoxFilter::new(BoxState::AspectRatio, seen(100.0, 50.0));
    let motion = CameraMotion::new([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]);
    let Ok(motion) = motion else { panic!("{motion:?}") };
    filter.compensate(&motion);
    assert!(near(filter.mean[2], 0.4) && near(filter.mean[3], 200.0));
}
