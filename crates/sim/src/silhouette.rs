//! Who covers whom: the scene as numbers instead of colours, at half its size.

use safe_yolo_core::{PictureSize, PixelBox};

use super::canvas::Spot;

/// Pixels of the picture for one of the silhouette.
const STEP: f32 = 2.0;

/// Whose a pixel is; 0 is the empty hall.
pub(super) type Mark = u16;

/// A picture of marks.
pub(super) struct Silhouettes {
    width: usize,
    height: usize,
    marks: Vec<Mark>,
}

/// How much of something is seen, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    /// Pixels of the silhouette.
    pub(super) count: u32,
    /// The box around them, pixels of the picture.
    pub(super) bbox: PixelBox,
}

impl Silhouettes {
    /// An empty hall in pictures of this size.
    pub(super) fn new(size: PictureSize) -> Self {
        let side = |pixels: u32| (pixels as f32 / STEP).ceil() as usize;
        let (width, height) = (side(size.width), side(size.height));
        Self { width, height, marks: vec![0; width * height] }
    }

    /// Fills a convex outline: every pixel whose middle is in it.
    pub(super) fn paint(&mut self, points: &[Spot], mark: Mark) {
        let rows = points.iter().map(|p| p[1] / STEP - 0.5);
        let (top, bottom) = rows.fold((f32::MAX, f32::MIN), |(a, b), y| (a.min(y), b.max(y)));
        let first = top.ceil().max(0.0) as usize;
        let end = ((bottom.floor() + 1.0).max(0.0) as usize).min(self.height);
        for row in first..end {
            let y = (row as f32 + 0.5) * STEP;
            let (mut left, mut right) = (f32::MAX, f32::MIN);
            for (i, a) in points.iter().enumerate() {
                let b = points[(i + 1) % points.len()];
                if (a[1] <= y) != (b[1] <= y) {
                    let x = a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]);
                    (left, right) = (left.min(x), right.max(x));
                }
            }
            let from = (left / STEP - 0.5).ceil().max(0.0) as usize;
            let to = ((right / STEP - 0.5).floor() + 1.0).max(0.0) as usize;
            let to = to.min(self.width);
            if from < to {
                self.marks[row * self.width + from..row * self.width + to].fill(mark);
            }
        }
    }

    /// What there is of the wanted marks inside these bounds, pixels of the picture.
    pub(super) fn seen(&self, bounds: PixelBox, wanted: impl Fn(Mark) -> bool) -> Seen {
        let cell = |at: f32, end: usize| ((at / STEP).max(0.0) as usize).min(end);
        let (left, right) = (cell(bounds.x1, self.width), cell(bounds.x2 + STEP, self.width));
        let (top, bottom) = (cell(bounds.y1, self.height), cell(bounds.y2 + STEP, self.height));
        let mut count = 0;
        let mut found = [usize::MAX, usize::MAX, 0, 0];
        for row in top..bottom {
            for column in left..right {
                if wanted(self.marks[row * self.width + column]) {
                    count += 1;
                    found = [
                        found[0].min(column),
                        found[1].min(row),
                        found[2].max(column + 1),
                        found[3].max(row + 1),
                    ];
                }
            }
        }
        let bbox = if count == 0 {
            PixelBox::new(0.0, 0.0, 0.0, 0.0)
        } else {
            let [x1, y1, x2, y2] = found.map(|cell| cell as f32 * STEP);
            PixelBox::new(x1, y1, x2, y2)
        };
        Seen { count, bbox }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_painted_over_is_not_seen() {
        let mut there = Silhouettes::new(PictureSize::new(100, 60));
        let square = |x: f32, y: f32, side: f32| {
            [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
        };
        there.paint(&square(10.0, 10.0, 20.0), 1);
        let all = PixelBox::new(0.0, 0.0, 100.0, 60.0);
        assert_eq!(there.seen(all, |mark| mark == 1).count, 100);
        there.paint(&square(20.0, 0.0, 40.0), 2);
        let left = there.seen(all, |mark| mark == 1);
        assert_eq!((left.count, left.bbox), (50, PixelBox::new(10.0, 10.0, 20.0, 30.0)));
        // What reaches over the border is cut.
        there.paint(&square(-50.0, -50.0, 400.0), 3);
        assert_eq!(there.seen(all, |mark| mark == 3).count, 50 * 30);
    }
}
