//! Areas of the picture that nobody may see: blacked before anything else gets it.
//!
//! Blacked are all blocks of 2x2 pixels (which share their chroma) that such an area touches.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageError};
use safe_yolo_core::{PictureSize, Polygon};

use crate::picture::I420;

/// Black in limited range.
const BLACK_Y: u8 = 16;
const BLACK_UV: u8 = 128;

/// What is blacked in pictures of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivacyMask {
    size: PictureSize,
    /// Runs of blocks: row, first, one after the last.
    runs: Vec<(usize, usize, usize)>,
}

impl PrivacyMask {
    /// The mask of these areas; `None` when there are none.
    #[must_use]
    pub fn new(areas: &[Polygon], size: PictureSize) -> Option<Self> {
        let columns = size.width.div_ceil(2) as usize;
        let rows = size.height.div_ceil(2) as usize;
        if areas.is_empty() || columns == 0 || rows == 0 {
            return None;
        }
        let mut runs = Vec::new();
        let mut blocks = vec![false; columns];
        for row in 0..rows {
            blocks.fill(false);
            for area in areas {
                mark(area, size, row, &mut blocks);
            }
            let mut first = None;
            for (at, black) in blocks.iter().copied().chain([false]).enumerate() {
                match (black, first) {
                    (true, None) => first = Some(at),
                    (false, Some(begun)) => {
                        runs.push((row, begun, at));
                        first = None;
                    }
                    _ => {}
                }
            }
        }
        Some(Self { size, runs })
    }

    /// Size of the pictures that it is for.
    #[must_use]
    pub const fn size(&self) -> PictureSize {
        self.size
    }

    /// Blacks the areas in a picture of the mask's size; one of another size is left alone.
    pub fn apply(&self, picture: &mut I420) {
        if picture.size() != self.size {
            return;
        }
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let columns = width.div_ceil(2);
        let (y, u, v) = picture.planes_mut();
        for &(row, first, end) in &self.runs {
            for line in [2 * row, 2 * row + 1].into_iter().filter(|line| *line < height) {
                let from = line * width;
                y[from + 2 * first..from + (2 * end).min(width)].fill(BLACK_Y);
            }
            let chroma = row * columns + first..row * columns + end;
            u[chroma.clone()].fill(BLACK_UV);
            v[chroma].fill(BLACK_UV);
        }
    }

    /// A picture that is black where the areas are, and clear elsewhere.
    pub(crate) fn png(&self) -> Result<Vec<u8>, ImageError> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut rgba = vec![0; 4 * width * height];
        for &(row, first, end) in &self.runs {
            for line in [2 * row, 2 * row + 1].into_iter().filter(|line| *line < height) {
                let from = line * width;
                let pixels = 4 * (from + 2 * first)..4 * (from + (2 * end).min(width));
                for pixel in rgba[pixels].chunks_exact_mut(4) {
                    pixel[3] = 255;
                }
            }
        }
        let mut png = Vec::new();
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::NoFilter)
            .write_image(&rgba, self.size.width, self.size.height, ExtendedColorType::Rgba8)?;
        Ok(png)
    }
}

/// Marks the blocks of one row that the area touches.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels of a picture; casts to integers saturate"
)]
fn mark(area: &Polygon, size: PictureSize, row: usize, blocks: &mut [bool]) {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let (top, bottom) = (2.0 * row as f64, 2.0 * row as f64 + 2.0);
    let middle = (top + bottom) / 2.0;
    let last = blocks.len() - 1;
    let mut fill = |left: f64, right: f64| {
        let block = |x: f64| ((x / 2.0).max(0.0) as usize).min(last);
        blocks[block(left)..=block(right)].fill(true);
    };
    let points = area.points();
    let mut crossings = Vec::new();
    for (from, to) in points.iter().zip(points.iter().cycle().skip(1)) {
        let (x1, y1, x2, y2) = (from.x * width, from.y * height, to.x * width, to.y * height);
        let at = |y: f64| x1 + (y - y1) * (x2 - x1) / (y2 - y1);
        if (y1 <= middle) != (y2 <= middle) {
            crossings.push(at(middle));
        }
        // What an edge itself touches in this row.
        if y1.max(y2) < top || y1.min(y2) > bottom {
            continue;
        }
        let (a, b) = if (y2 - y1).abs() < f64::EPSILON {
            (x1, x2)
        } else {
            let clip = |y: f64| at(y.clamp(y1.min(y2), y1.max(y2)));
            (clip(top), clip(bottom))
        };
        fill(a.min(b), a.max(b));
    }
    crossings.sort_by(f64::total_cmp);
    for pair in crossings.chunks_exact(2) {
        fill(pair[0], pair[1]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use safe_yolo_core::FractionPoint;

    use super::*;

    fn polygon(points: &[(f64, f64)]) -> Polygon {
        Polygon::new(points.iter().map(|(x, y)| FractionPoint { x: *x, y: *y }).collect()).unwrap()
    }

    fn white(size: PictureSize) -> I420 {
        I420::new(size, vec![235; I420::byte_len(size)]).unwrap()
    }

    #[test]
    fn a_quarter_of_the_picture_is_black_and_the_rest_is_not() {
        let size = PictureSize::new(16, 8);
        let area = polygon(&[(0.0, 0.0), (0.49, 0.0), (0.49, 0.49), (0.0, 0.49)]);
        let mut picture = white(size);
        PrivacyMask::new(&[area], size).unwrap().apply(&mut picture);
        let (y, u, v) = picture.planes();
        for line in 0..8 {
            for column in 0..16 {
                let black = line < 4 && column < 8;
                assert_eq!(y[line * 16 + column], if black { 16 } else { 235 }, "{line} {column}");
            }
        }
        for (at, (u, v)) in u.iter().zip(v).enumerate() {
            let black = at / 8 < 2 && at % 8 < 4;
            assert_eq!((*u, *v), if black { (128, 128) } else { (235, 235) }, "{at}");
        }
    }

    #[test]
    fn without_areas_there_is_no_mask_and_another_size_is_left_alone() {
        let size = PictureSize::new(16, 8);
        assert_eq!(PrivacyMask::new(&[], size), None);
        let all = polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        let mask = PrivacyMask::new(&[all], size).unwrap();
        let mut other = white(PictureSize::new(18, 8));
        mask.apply(&mut other);
        assert_eq!(other, white(PictureSize::new(18, 8)));
    }

    proptest! {
        /// Whatever point of whatever picture lies in the area is black; odd sizes, slivers, dents.
        #[test]
        fn nothing_of_the_area_is_seen(width in 1..40_u32, height in 1..40_u32,
            corners in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 3..7),
            at in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 50)) {
            let points = corners.iter().map(|(x, y)| FractionPoint { x: *x, y: *y }).collect();
            // Edges that cross are refused when settings are saved.
            let Ok(area) = Polygon::new(points) else { return Ok(()); };
            let size = PictureSize::new(width, height);
            let mut picture = white(size);
            PrivacyMask::new(std::slice::from_ref(&area), size).unwrap().apply(&mut picture);
            let (y, _, _) = picture.planes();
            for (fx, fy) in at {
                if area.contains(FractionPoint { x: fx, y: fy }) {
                    let (x, line) = ((fx * f64::from(width)) as usize, (fy * f64::from(height)) as usize);
                    prop_assert_eq!(y[line * width as usize + x], 16, "{} {}", fx, fy);
                }
            }
        }
    }
}
