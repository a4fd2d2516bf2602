//! The grid on which boxes and scores lie before the rules see them: an eighth of a pixel and a
//! thousandth. It is far finer than any detector is sure, and makes a log of them small.

use crate::{Detection, PixelBox, Track};

/// Steps a pixel.
const BOX_STEPS: f32 = 8.0;
/// Steps from 0 to 1.
const SCORE_STEPS: f32 = 1000.0;
/// Farther from zero a number has no step: there a float is no finer than the grid.
const STEPS_MAX: f32 = 4_194_304.0;

fn round(value: f32, steps: f32) -> f32 {
    // Turns -0 into 0.
    (value * steps).round() / steps + 0.0
}

/// The step on which the value lies exactly, if it does.
fn step(value: f32, steps: f32) -> Option<i32> {
    let step = (value * steps).round();
    if step.abs() <= STEPS_MAX && (step / steps + 0.0).to_bits() == value.to_bits() {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number within bounds")]
        return Some(step as i32);
    }
    None
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^24")]
fn value(step: i32, steps: f32) -> f32 {
    step as f32 / steps
}

/// The box with each side on the nearest eighth of a pixel.
#[must_use]
pub fn round_box(bbox: PixelBox) -> PixelBox {
    <[f32; 4]>::from(bbox).map(|side| round(side, BOX_STEPS)).into()
}

/// The score on the nearest thousandth.
#[must_use]
pub fn round_score(score: f32) -> f32 {
    round(score, SCORE_STEPS)
}

/// The detection on the grid.
#[must_use]
pub fn round_detection(detection: &Detection) -> Detection {
    Detection {
        class: detection.class,
        score: round_score(detection.score),
        bbox: round_box(detection.bbox),
    }
}

/// Moves the track's box and score onto the grid.
pub fn round_track(track: &mut Track) {
    track.bbox = round_box(track.bbox);
    track.score = round_score(track.score);
}

/// The box in eighths of a pixel, if all of it lies on the grid.
#[must_use]
pub fn box_steps(bbox: PixelBox) -> Option<[i32; 4]> {
    let [x1, y1, x2, y2] = <[f32; 4]>::from(bbox).map(|side| step(side, BOX_STEPS));
    Some([x1?, y1?, x2?, y2?])
}

/// The score in thousandths, if it lies on the grid.
#[must_use]
pub fn score_steps(score: f32) -> Option<i32> {
    step(score, SCORE_STEPS)
}

/// The box of so many eighths of a pixel.
#[must_use]
pub fn box_at(steps: [i32; 4]) -> PixelBox {
    steps.map(|step| value(step, BOX_STEPS)).into()
}

/// The score of so many thousandths.
#[must_use]
pub fn score_at(step: i32) -> f32 {
    value(step, SCORE_STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rounded_lies_on_the_grid_and_comes_back_as_it_was() {
        for number in 0_u16..4000 {
            let value = f32::from(number) * 1.000_7 - 1500.0;
            let bbox = round_box(PixelBox::from([value, -value, value / 3.0, -0.0]));
            assert!((bbox.x1 - value).abs() <= 0.0625, "{value}");
            let steps = box_steps(bbox).expect("on the grid");
            assert_eq!(
                <[f32; 4]>::from(box_at(steps)).map(f32::to_bits),
                <[f32; 4]>::from(bbox).map(f32::to_bits)
            );
            let score = round_score(f32::from(number) / 4000.0);
            assert_eq!(
                score_at(score_steps(score).expect("on the grid")).to_bits(),
                score.to_bits()
            );
        }
    }

    #[test]
    fn what_is_off_the_grid_has_no_step() {
        for value in [0.1, f32::NAN, f32::INFINITY, -0.0, 1e12, f32::MIN_POSITIVE] {
            assert_eq!(box_steps(PixelBox::from([value, 0.0, 1.0, 1.0])), None, "{value}");
        }
        assert_eq!(score_steps(0.123_45), None);
        assert!(round_score(f32::NAN).is_nan());
    }
}
