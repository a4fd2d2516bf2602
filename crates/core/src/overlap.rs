//! How much of a box lies in a polygon.

use crate::{PictureSize, PixelBox, Polygon};

/// One side of a box: keeps what is on the right side of `at`.
#[derive(Clone, Copy)]
enum Side {
    Left(f64),
    Right(f64),
    Top(f64),
    Bottom(f64),
}

impl Side {
    fn keeps(self, (x, y): (f64, f64)) -> bool {
        match self {
            Self::Left(at) => x >= at,
            Self::Right(at) => x <= at,
            Self::Top(at) => y >= at,
            Self::Bottom(at) => y <= at,
        }
    }

    fn cut(self, a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
        match self {
            Self::Left(at) | Self::Right(at) => {
                let t = (at - a.0) / (b.0 - a.0);
                (at, a.1 + t * (b.1 - a.1))
            }
            Self::Top(at) | Self::Bottom(at) => {
                let t = (at - a.1) / (b.1 - a.1);
                (a.0 + t * (b.0 - a.0), at)
            }
        }
    }
}

impl Polygon {
    /// The part of the box, 0 to 1, that lies in the polygon (Sutherland and Hodgman, Reentrant
    /// polygon clipping, 1974, then the shoelace formula).
    #[must_use]
    pub fn part_of(&self, bbox: &PixelBox, size: PictureSize) -> f64 {
        let whole = f64::from(bbox.area());
        if whole <= 0.0 {
            return 0.0;
        }
        let (w, h) = (f64::from(size.width), f64::from(size.height));
        let mut outline: Vec<(f64, f64)> =
            self.points().iter().map(|p| (p.x * w, p.y * h)).collect();
        for side in [
            Side::Left(bbox.x1.into()),
            Side::Right(bbox.x2.into()),
            Side::Top(bbox.y1.into()),
            Side::Bottom(bbox.y2.into()),
        ] {
            let corners = std::mem::take(&mut outline);
            let Some(mut last) = corners.last().copied() else { return 0.0 };
            for corner in corners {
                if side.keeps(corner) != side.keeps(last) {
                    outline.push(side.cut(last, corner));
                }
                if side.keeps(corner) {
                    outline.push(corner);
                }
                last = corner;
            }
        }
        let next = outline.iter().cycle().skip(1);
        let twice: f64 = outline.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
        (twice.abs() / 2.0 / whole).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FractionPoint;
    use proptest::prelude::*;

    const SIZE: PictureSize = PictureSize::new(100, 100);

    fn polygon(points: &[[f64; 2]]) -> Polygon {
        Polygon::new(points.iter().copied().map(FractionPoint::from).collect()).unwrap()
    }

    #[test]
    fn a_concave_outline_is_cut_right() {
        // A U: its arms reach the box from below.
        let u = polygon(&[
            [0.1, 0.2],
            [0.3, 0.2],
            [0.3, 0.7],
            [0.7, 0.7],
            [0.7, 0.2],
            [0.9, 0.2],
            [0.9, 0.9],
            [0.1, 0.9],
        ]);
        let bbox = PixelBox::new(20.0, 10.0, 80.0, 40.0);
        // Two arms of 10 x 20 pixels in 60 x 30.
        assert!((u.part_of(&bbox, SIZE) - 400.0 / 1800.0).abs() < 1e-9);
        assert!(u.part_of(&PixelBox::new(40.0, 10.0, 60.0, 60.0), SIZE) < 1e-9);
        assert!(u.part_of(&PixelBox::new(5.0, 5.0, 5.0, 60.0), SIZE) < 1e-9, "no area");
    }

    proptest! {
        /// Rectangles share with a box what boxes share. All of them lie in the picture.
        #[test]
        fn rectangles_share_as_boxes(a in prop::array::uniform4(0.0..49.0f32), b in prop::array::uniform4(0.0..49.0f32)) {
            let a = PixelBox::from_xywh(a[0], a[1], a[2] + 1.0, a[3] + 1.0);
            let b = PixelBox::from_xywh(b[0], b[1], b[2] + 1.0, b[3] + 1.0);
            let side = |v: f32| f64::from(v) / 100.0;
            let zone = polygon(&[
                [side(a.x1), side(a.y1)], [side(a.x2), side(a.y1)],
                [side(a.x2), side(a.y2)], [side(a.x1), side(a.y2)],
            ]);
            let expected = f64::from(a.intersection(&b) / b.area());
            prop_assert!((zone.part_of(&b, SIZE) - expected).abs() < 1e-4);
        }
    }
}
