//! A picture made much smaller, fast: each new pixel is the mean of a box of
//! old ones around its centre.
//!
//! The box has whole pixels: exact where sides shrink by whole numbers, a little off exact
//! area averaging elsewhere, and a quarter to a sixth of the cost of a convolution.

use safe_yolo_core::PictureSize;
use safe_yolo_sys::{Wide, widest};

use crate::picture::{I420, I420View};

/// The least reduction this is meant for; below, boxes of whole pixels are too coarse.
pub const REDUCTION_MIN: f32 = 1.8;

/// Whether both sides shrink by so much that [`downscale`] is meant for it.
#[must_use]
pub fn suits(from: PictureSize, to: PictureSize) -> bool {
    let shrinks = |from: u32, to: u32| from as f32 >= to as f32 * REDUCTION_MIN;
    shrinks(from.width, to.width) && shrinks(from.height, to.height)
}

/// Scales a picture down into `out`: YUV 4:2:0, planes one after the other. Both
/// sides of the picture must be at least as long as those of `to`.
pub fn downscale(picture: I420View<'_>, to: PictureSize, out: &mut Vec<u8>, scratch: &mut Scratch) {
    widest(Downscale { picture, to, out, scratch });
}

struct Downscale<'a> {
    picture: I420View<'a>,
    to: PictureSize,
    out: &'a mut Vec<u8>,
    scratch: &'a mut Scratch,
}

impl Wide for Downscale<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { picture, to, out, scratch } = self;
        let sides = |size: PictureSize| (size.width as usize, size.height as usize);
        let halves = |(width, height): Sides| (width.div_ceil(2), height.div_ceil(2));
        let (from_sides, to_sides) = (sides(picture.size()), sides(to));
        out.resize(I420::byte_len(to), 0);
        let (y_out, rest) = out.split_at_mut(to_sides.0 * to_sides.1);
        let (u_out, v_out) = rest.split_at_mut(rest.len() / 2);
        let (y, u, v) = picture.planes();
        plane(y, from_sides, y_out, to_sides, scratch);
        plane(u, halves(from_sides), u_out, halves(to_sides), scratch);
        plane(v, halves(from_sides), v_out, halves(to_sides), scratch);
    }
}

/// Up to so many pixels, dividing by multiplying with a reciprocal of 16 bits is exact.
const AREA_MAX: usize = 16;

/// Room that is used again from picture to picture.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Sums of the columns of one row of boxes.
    sums: Vec<u16>,
    /// The mean of the box that begins at each column.
    means: Vec<u8>,
    /// Where the boxes of a row begin.
    starts: Vec<usize>,
}

/// Width and height of a plane.
type Sides = (usize, usize);

/// Scales one plane of bytes down. Both sides of `from_sides` must be at least
/// as long as those of `to_sides`.
#[inline(always)]
fn plane(from: &[u8], from_sides: Sides, to: &mut [u8], to_sides: Sides, scratch: &mut Scratch) {
    let (box_width, box_height) =
        (box_side(from_sides.0, to_sides.0), box_side(from_sides.1, to_sides.1));
    scratch.starts.clear();
    scratch.starts.extend((0..to_sides.0).map(|x| start(x, from_sides.0, to_sides.0, box_width)));
    let lines = to.chunks_exact_mut(to_sides.0.max(1)).take(to_sides.1);
    for (y, line) in lines.enumerate() {
        let first = start(y, from_sides.1, to_sides.1, box_height);
        let rows = from.chunks_exact(from_sides.0.max(1)).skip(first).take(box_height);
        if (from_sides.0, from_sides.1) == (2 * to_sides.0, 2 * to_sides.1) {
            let mut rows = rows;
            if let (Some(upper), Some(lower)) = (rows.next(), rows.next()) {
                halve(upper, lower, line);
            }
            continue;
        }
        add_rows(rows, &mut scratch.sums, from_sides.0);
        let area = box_width * box_height;
        if !(2..=AREA_MAX).contains(&area) {
            wide_means(box_width, &scratch.sums, &scratch.starts, area, line);
            continue;
        }
        // The means of all boxes, wanted or not, take less time than those of the
        // wanted ones alone: eight neighbours are worked out together.
        scratch.means.resize(from_sides.0, 0);
        match box_width {
            2 => means::<2>(&scratch.sums, area, &mut scratch.means),
            3 => means::<3>(&scratch.sums, area, &mut scratch.means),
            4 => means::<4>(&scratch.sums, area, &mut scratch.means),
            _ => {
                wide_means(box_width, &scratch.sums, &scratch.starts, area, line);
                continue;
            }
        }
        for (to, &start) in line.iter_mut().zip(&scratch.starts) {
            *to = scratch.means.get(start).copied().unwrap_or_default();
        }
    }
}

/// One line of half the width out of two.
#[inline(always)]
fn halve(upper: &[u8], lower: &[u8], line: &mut [u8]) {
    let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
    for (to, (upper, lower)) in line.iter_mut().zip(pairs) {
        let sum: u16 = [upper[0], upper[1], lower[0], lower[1]].map(u16::from).iter().sum();
        *to = ((sum + 2) / 4) as u8;
    }
}

/// The nearest whole number of old pixels a new one.
const fn box_side(from: usize, to: usize) -> usize {
    let nearest = (2 * from + to) / (2 * to);
    if nearest == 0 { 1 } else { nearest }
}

/// Where the box around the centre of new pixel `at` begins.
fn start(at: usize, from: usize, to: usize, side: usize) -> usize {
    // Twice the centre, minus the side, halved: rounded down.
    ((2 * at + 1) * from / to).saturating_sub(side).div_euclid(2).min(from.saturating_sub(side))
}

#[inline(always)]
fn add_rows<'a>(rows: impl Iterator<Item = &'a [u8]>, sums: &mut Vec<u16>, width: usize) {
    sums.clear();
    sums.resize(width, 0);
    for row in rows {
        for (sum, byte) in sums.iter_mut().zip(row) {
            // At most 257 rows fit; pictures are at most 8192 high and inputs at least 32.
            *sum = sum.wrapping_add(u16::from(*byte));
        }
    }
}

/// The mean of the box of `SIDE` columns that begins at each column, of `area` pixels in all:
/// at most [`AREA_MAX`], so that their sum fits.
#[inline(always)]
fn means<const SIDE: usize>(sums: &[u16], area: usize, means: &mut [u8]) {
    let divide = divide_by(area);
    for (to, of) in means.iter_mut().zip(sums.array_windows::<SIDE>()) {
        *to = divide(of.iter().fold(0, |sum, s| sum.wrapping_add(*s)));
    }
}

/// The mean of `area` bytes by their sum, rounded: a division as the upper half of a product of
/// 16 bits, which processors work out eight at a time.
#[inline(always)]
fn divide_by(area: usize) -> impl Fn(u16) -> u8 {
    let (reciprocal, half) = ((1_u32 << 16).div_ceil(area as u32) as u16, area as u16 / 2);
    move |sum| ((u32::from(sum.wrapping_add(half)) * u32::from(reciprocal)) >> 16) as u8
}

/// The means of boxes of any size, one by one.
#[inline(always)]
fn wide_means(side: usize, sums: &[u16], starts: &[usize], area: usize, line: &mut [u8]) {
    let area = u32::try_from(area.max(1)).unwrap_or(u32::MAX);
    let reciprocal = u64::from((1 << 24) / area);
    for (to, &start) in line.iter_mut().zip(starts) {
        let Some(of) = sums.get(start..start + side) else { continue };
        let sum: u64 = of.iter().map(|s| u64::from(*s)).sum();
        *to = ((sum * reciprocal + (1 << 23)) >> 24).min(255) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(from: &[u8], from_sides: Sides, to_sides: Sides) -> Vec<u8> {
        let mut to = vec![0; to_sides.0 * to_sides.1];
        plane(from, from_sides, &mut to, to_sides, &mut Scratch::default());
        to
    }

    #[test]
    fn whole_reductions_are_exact_means() {
        let from: Vec<u8> = (0..6 * 4).map(|i| i * 10).collect();
        // Boxes of 3x2: the means of 0, 10, 20, 60, 70, 80 and so on.
        assert_eq!(scaled(&from, (6, 4), (2, 2)), [40, 70, 160, 190]);
    }

    #[test]
    fn small_boxes_have_exact_means() {
        for area in 2..=AREA_MAX {
            let divide = divide_by(area);
            for sum in 0..=255 * area {
                assert_eq!(
                    usize::from(divide(sum as u16)),
                    (sum + area / 2) / area,
                    "{sum} / {area}"
                );
            }
        }
    }

    #[test]
    fn flat_pictures_stay_flat() {
        for value in [0, 1, 127, 254, 255] {
            for (from, to) in
                [((1280, 720), (448, 252)), ((1920, 1080), (448, 252)), ((97, 61), (32, 20))]
            {
                let plane = vec![value; from.0 * from.1];
                assert!(scaled(&plane, from, to).iter().all(|v| *v == value), "{value} {from:?}");
            }
        }
    }

    #[test]
    fn a_slope_stays_where_it_was() {
        // Brightness is the place: a shift of the picture would show as an offset.
        let (from, to) = ((1280, 4), (448, 2));
        let plane: Vec<u8> = (0..4).flat_map(|_| (0..1280).map(|x| (x / 5) as u8)).collect();
        for (x, value) in scaled(&plane, from, to).iter().take(448).enumerate() {
            let expected = (x as f64 + 0.5) * 1280.0 / 448.0 / 5.0 - 0.5;
            assert!((f64::from(*value) - expected).abs() < 1.0, "{x}: {value}, not {expected}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_sides_are_safe(w in 1_usize..300, h in 1_usize..200, down in 1_usize..9, seed: u8) {
            let to = ((w / down).max(1), (h / down).max(1));
            let plane: Vec<u8> = (0..w * h).map(|i| (i as u8).wrapping_mul(seed)).collect();
            let (low, high) = (plane.iter().min().copied(), plane.iter().max().copied());
            for value in scaled(&plane, (w, h), to) {
                proptest::prop_assert!(Some(value) >= low && Some(value) <= high);
            }
        }
    }
}
