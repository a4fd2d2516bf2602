//! A picture made much smaller, fast: each new pixel is the mean of a box of
//! old ones around its centre.
//!
//! For the detector's input only: the box has whole pixels, so that it differs a
//! little from exact area averaging, and costs a quarter of a convolution.

/// The least reduction this is meant for; below, boxes of whole pixels are too coarse.
pub(crate) const REDUCTION_MIN: f32 = 1.8;

/// Room that is used again from picture to picture.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Sums of the columns of one row of boxes.
    sums: Vec<u16>,
    /// Where the boxes of a row begin.
    starts: Vec<usize>,
}

/// Width and height of a plane.
pub(crate) type Sides = (usize, usize);

/// Scales one plane of bytes down. Both sides of `from_sides` must be at least
/// as long as those of `to_sides`.
pub(crate) fn downscale(
    from: &[u8],
    from_sides: Sides,
    to: &mut [u8],
    to_sides: Sides,
    scratch: &mut Scratch,
) {
    let (box_width, box_height) =
        (box_side(from_sides.0, to_sides.0), box_side(from_sides.1, to_sides.1));
    scratch.starts.clear();
    scratch.starts.extend((0..to_sides.0).map(|x| start(x, from_sides.0, to_sides.0, box_width)));
    let lines = to.chunks_exact_mut(to_sides.0.max(1)).take(to_sides.1);
    for (y, line) in lines.enumerate() {
        let first = start(y, from_sides.1, to_sides.1, box_height);
        let rows = from.chunks_exact(from_sides.0.max(1)).skip(first).take(box_height);
        add_rows(rows, &mut scratch.sums, from_sides.0);
        let area = box_width * box_height;
        match box_width {
            1 => means::<1>(&scratch.sums, &scratch.starts, area, line),
            2 => means::<2>(&scratch.sums, &scratch.starts, area, line),
            3 => means::<3>(&scratch.sums, &scratch.starts, area, line),
            4 => means::<4>(&scratch.sums, &scratch.starts, area, line),
            _ => means_of(box_width, &scratch.sums, &scratch.starts, area, line),
        }
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

#[inline(always)]
fn mean(sum: u32, reciprocal: u32) -> u8 {
    ((u64::from(sum) * u64::from(reciprocal) + (1 << 23)) >> 24).min(255) as u8
}

/// 2^24 divided by the area, which makes a division a multiplication.
fn reciprocal(area: usize) -> u32 {
    (1 << 24) / u32::try_from(area.max(1)).unwrap_or(u32::MAX)
}

fn means<const SIDE: usize>(sums: &[u16], starts: &[usize], area: usize, line: &mut [u8]) {
    let reciprocal = reciprocal(area);
    for (to, &start) in line.iter_mut().zip(starts) {
        let Some(of) = sums.get(start..start + SIDE) else { continue };
        *to = mean(of.iter().map(|s| u32::from(*s)).sum(), reciprocal);
    }
}

fn means_of(side: usize, sums: &[u16], starts: &[usize], area: usize, line: &mut [u8]) {
    let reciprocal = reciprocal(area);
    for (to, &start) in line.iter_mut().zip(starts) {
        let Some(of) = sums.get(start..start + side) else { continue };
        *to = mean(of.iter().map(|s| u32::from(*s)).sum(), reciprocal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(from: &[u8], from_sides: Sides, to_sides: Sides) -> Vec<u8> {
        let mut to = vec![0; to_sides.0 * to_sides.1];
        downscale(from, from_sides, &mut to, to_sides, &mut Scratch::default());
        to
    }

    #[test]
    fn whole_reductions_are_exact_means() {
        let from: Vec<u8> = (0..6 * 4).map(|i| i * 10).collect();
        // Boxes of 3x2: the means of 0, 10, 20, 60, 70, 80 and so on.
        assert_eq!(scaled(&from, (6, 4), (2, 2)), [40, 70, 160, 190]);
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
