//! Points, boxes and polygons, with a type for each frame of reference:
//! pixels of the source picture, or fractions of it from 0 to 1.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Width and height of a picture, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct PictureSize {
    pub width: u32,
    pub height: u32,
}

impl PictureSize {
    /// A size of `width` by `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }
}

impl fmt::Display for PictureSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A text that is no size of a picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no size: write width and height in pixels, as in 1280x720")]
pub struct SizeError(String);

impl FromStr for PictureSize {
    type Err = SizeError;

    /// Reads `1280x720`; neither side may be 0.
    fn from_str(text: &str) -> Result<Self, SizeError> {
        let side = |text: &str| text.parse().ok().filter(|side| *side > 0);
        let sides = text.split_once('x').and_then(|(w, h)| side(w).zip(side(h)));
        let (width, height) = sides.ok_or_else(|| SizeError(text.chars().take(40).collect()))?;
        Ok(Self { width, height })
    }
}

/// A point in pixels of the source picture; the origin is the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct PixelPoint {
    pub x: f32,
    pub y: f32,
}

/// A point in fractions of the picture's width and height, 0 to 1.
/// Written as `[x, y]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct FractionPoint {
    pub x: f64,
    pub y: f64,
}

impl FractionPoint {
    /// The nearest point of the picture: whom its edge cuts off stands on it, and outlines end there.
    #[must_use]
    pub const fn on_picture(self) -> Self {
        Self { x: self.x.clamp(0.0, 0.999_999), y: self.y.clamp(0.0, 0.999_999) }
    }
}

impl From<[f64; 2]> for FractionPoint {
    fn from([x, y]: [f64; 2]) -> Self {
        Self { x, y }
    }
}

impl From<FractionPoint> for [f64; 2] {
    fn from(point: FractionPoint) -> Self {
        [point.x, point.y]
    }
}

impl PixelPoint {
    /// The same place as a fraction of a picture of this size.
    #[must_use]
    pub fn to_fraction(self, size: PictureSize) -> FractionPoint {
        FractionPoint {
            x: f64::from(self.x) / f64::from(size.width.max(1)),
            y: f64::from(self.y) / f64::from(size.height.max(1)),
        }
    }
}

/// An axis-parallel box in pixels of the source picture; `x1 <= x2`, `y1 <= y2`.
/// Written as `[x1, y1, x2, y2]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct PixelBox {
    pub x1: f32,
    pub y1: f32,
    pub x2: f32,
    pub y2: f32,
}

impl From<[f32; 4]> for PixelBox {
    fn from([x1, y1, x2, y2]: [f32; 4]) -> Self {
        Self { x1, y1, x2, y2 }
    }
}

impl From<PixelBox> for [f32; 4] {
    fn from(b: PixelBox) -> Self {
        [b.x1, b.y1, b.x2, b.y2]
    }
}

impl PixelBox {
    /// A box from its corners.
    #[must_use]
    pub const fn new(x1: f32, y1: f32, x2: f32, y2: f32) -> Self {
        Self { x1, y1, x2, y2 }
    }

    /// A box from its top left corner and size, as in MOTChallenge files.
    #[must_use]
    pub fn from_xywh(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self::new(x, y, x + width, y + height)
    }

    /// Width, pixels.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.x2 - self.x1
    }

    /// Height, pixels.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.y2 - self.y1
    }

    /// Area, square pixels; 0 for a box turned inside out.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width().max(0.0) * self.height().max(0.0)
    }

    /// The middle.
    #[must_use]
    pub fn center(&self) -> PixelPoint {
        PixelPoint { x: f32::midpoint(self.x1, self.x2), y: f32::midpoint(self.y1, self.y2) }
    }

    /// Where a standing person's feet are: the middle of the lower edge.
    #[must_use]
    pub fn foot(&self) -> PixelPoint {
        PixelPoint { x: f32::midpoint(self.x1, self.x2), y: self.y2 }
    }

    /// Area shared with `other`, square pixels.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> f32 {
        let width = self.x2.min(other.x2) - self.x1.max(other.x1);
        let height = self.y2.min(other.y2) - self.y1.max(other.y1);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, 0 to 1.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.intersection(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// The part of the box that lies inside a picture of this size.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "pictures are smaller than 2^24 pixels a side")]
    pub fn clamp_to(&self, size: PictureSize) -> Self {
        let (w, h) = (size.width as f32, size.height as f32);
        Self::new(
            self.x1.clamp(0.0, w),
            self.y1.clamp(0.0, h),
            self.x2.clamp(0.0, w),
            self.y2.clamp(0.0, h),
        )
    }
}

/// Why a list of points is no zone.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolygonError {
    /// Fewer than three corners.
    #[error("a polygon needs at least 3 points, this one has {0}")]
    TooFew(usize),
    /// More corners than anybody draws.
    #[error("a polygon may have at most {max} points, this one has {0}", max = Polygon::POINTS_MAX)]
    TooMany(usize),
    /// A coordinate is NaN, infinite or outside the picture.
    #[error(
        "point {index} ({x}, {y}) is outside the picture: both numbers must lie between 0 and 1"
    )]
    Outside {
        /// Which point, from 1.
        index: usize,
        /// Its x as given.
        x: f64,
        /// Its y as given.
        y: f64,
    },
    /// Two edges cross or touch.
    #[error(
        "the edge from point {0} crosses the edge from point {1}: draw the outline without crossings"
    )]
    Crossing(usize, usize),
    /// All points on a line.
    #[error("the polygon has no area: spread its points")]
    NoArea,
}

/// A simple polygon in fractions of the picture, checked when made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<FractionPoint>", into = "Vec<FractionPoint>")]
pub struct Polygon {
    points: Vec<FractionPoint>,
}

impl TryFrom<Vec<FractionPoint>> for Polygon {
    type Error = PolygonError;
    fn try_from(points: Vec<FractionPoint>) -> Result<Self, PolygonError> {
        Self::new(points)
    }
}

impl From<Polygon> for Vec<FractionPoint> {
    fn from(polygon: Polygon) -> Self {
        polygon.points
    }
}

impl Polygon {
    /// The most corners a polygon may have.
    pub const POINTS_MAX: usize = 64;
    /// The least area of a polygon, as a fraction of the picture.
    pub const AREA_MIN: f64 = 1e-6;

    /// A polygon with these corners, in order, the last joined to the first.
    ///
    /// # Errors
    /// When there are too few or too many points, one lies outside the
    /// picture, edges cross, or the area is nil.
    pub fn new(points: Vec<FractionPoint>) -> Result<Self, PolygonError> {
        if points.len() < 3 {
            return Err(PolygonError::TooFew(points.len()));
        }
        if points.len() > Self::POINTS_MAX {
            return Err(PolygonError::TooMany(points.len()));
        }
        let inside = |v: f64| (0.0..=1.0).contains(&v);
        if let Some(index) = points.iter().position(|p| !inside(p.x) || !inside(p.y)) {
            let FractionPoint { x, y } = points[index];
            return Err(PolygonError::Outside { index: index + 1, x, y });
        }
        let n = points.len();
        for i in 0..n {
            for j in i + 1..n {
                let neighbours = j == i + 1 || (i == 0 && j == n - 1);
                let (a, b) = (points[i], points[(i + 1) % n]);
                let (c, d) = (points[j], points[(j + 1) % n]);
                if !neighbours && segments_meet(a, b, c, d) {
                    return Err(PolygonError::Crossing(i + 1, j + 1));
                }
            }
        }
        let polygon = Self { points };
        if polygon.area() < Self::AREA_MIN {
            return Err(PolygonError::NoArea);
        }
        Ok(polygon)
    }

    /// The corners, in order.
    #[must_use]
    pub fn points(&self) -> &[FractionPoint] {
        &self.points
    }

    fn edges(&self) -> impl Iterator<Item = (FractionPoint, FractionPoint)> + '_ {
        let n = self.points.len();
        (0..n).map(move |i| (self.points[i], self.points[(i + 1) % n]))
    }

    /// Area as a fraction of the picture (shoelace formula).
    #[must_use]
    pub fn area(&self) -> f64 {
        let twice: f64 = self.edges().map(|(a, b)| a.x * b.y - b.x * a.y).sum();
        twice.abs() / 2.0
    }

    /// Whether the point lies inside (even-odd rule; the left and upper edges belong to it).
    #[must_use]
    pub fn contains(&self, p: FractionPoint) -> bool {
        let mut inside = false;
        for (a, b) in self.edges() {
            if (a.y > p.y) != (b.y > p.y) {
                let x = a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x);
                inside ^= p.x < x;
            }
        }
        inside
    }

    /// Distance from the point to the nearest edge, in pixels of a picture of this size.
    #[must_use]
    pub fn edge_distance_px(&self, p: PixelPoint, size: PictureSize) -> f64 {
        let (w, h) = (f64::from(size.width), f64::from(size.height));
        let (px, py) = (f64::from(p.x), f64::from(p.y));
        self.edges()
            .map(|(a, b)| {
                let (ax, ay, bx, by) = (a.x * w, a.y * h, b.x * w, b.y * h);
                let (dx, dy) = (bx - ax, by - ay);
                let length2 = dx * dx + dy * dy;
                let t = if length2 > 0.0 {
                    (((px - ax) * dx + (py - ay) * dy) / length2).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                (px - ax - t * dx).hypot(py - ay - t * dy)
            })
            .fold(f64::INFINITY, f64::min)
    }
}

/// Twice the signed area of the triangle `a b c`.
fn orientation(a: FractionPoint, b: FractionPoint, c: FractionPoint) -> f64 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

fn segments_meet(a: FractionPoint, b: FractionPoint, c: FractionPoint, d: FractionPoint) -> bool {
    let within = |p: FractionPoint, q: FractionPoint, r: FractionPoint| {
        r.x >= p.x.min(q.x) && r.x <= p.x.max(q.x) && r.y >= p.y.min(q.y) && r.y <= p.y.max(q.y)
    };
    let (o1, o2) = (orientation(a, b, c), orientation(a, b, d));
    let (o3, o4) = (orientation(c, d, a), orientation(c, d, b));
    if ((o1 > 0.0 && o2 < 0.0) || (o1 < 0.0 && o2 > 0.0))
        && ((o3 > 0.0 && o4 < 0.0) || (o3 < 0.0 && o4 > 0.0))
    {
        return true;
    }
    // Touching counts as crossing: an end of one lies on the other.
    let zero = |v: f64| v.abs() < 1e-15;
    (zero(o1) && within(a, b, c))
        || (zero(o2) && within(a, b, d))
        || (zero(o3) && within(c, d, a))
        || (zero(o4) && within(c, d, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn polygon(points: &[[f64; 2]]) -> Result<Polygon, PolygonError> {
        Polygon::new(points.iter().copied().map(FractionPoint::from).collect())
    }

    #[test]
    fn sizes_are_read_as_they_are_written() {
        let size = PictureSize::new(1280, 720);
        assert_eq!(size.to_string().parse(), Ok(size));
        for text in
            ["", "1280", "1280x", "x720", "0x720", "-1x720", "1280x720x3", "12 x 7", "9e9x1"]
        {
            let error = text.parse::<PictureSize>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{text}' is no size")), "{error}");
        }
    }

    #[test]
    fn wrong_polygons_are_refused_by_name() {
        assert_eq!(polygon(&[[0.1, 0.1], [0.2, 0.2]]), Err(PolygonError::TooFew(2)));
        assert!(matches!(
            polygon(&[[0.1, 0.1], [f64::NAN, 0.2], [0.3, 0.4]]),
            Err(PolygonError::Outside { index: 2, .. })
        ));
        assert!(matches!(
            polygon(&[[0.1, 0.1], [0.2, 0.2], [0.3, 1.2]]),
            Err(PolygonError::Outside { index: 3, .. })
        ));
        // A bow tie.
        assert_eq!(
            polygon(&[[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]),
            Err(PolygonError::Crossing(1, 3))
        );
        assert_eq!(polygon(&[[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]), Err(PolygonError::NoArea));
        assert!(matches!(polygon(&vec![[0.5, 0.5]; 65]), Err(PolygonError::TooMany(65))));
    }

    #[test]
    fn inside_and_distance() {
        let square = polygon(&[[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]).unwrap();
        assert!(square.contains(FractionPoint { x: 0.5, y: 0.5 }));
        assert!(!square.contains(FractionPoint { x: 0.9, y: 0.5 }));
        assert!((square.area() - 0.36).abs() < 1e-12);
        let size = PictureSize::new(100, 200);
        let d = square.edge_distance_px(PixelPoint { x: 50.0, y: 30.0 }, size);
        assert!((d - 10.0).abs() < 1e-6);
    }

    proptest! {
        /// A rectangle's own test of inside agrees with the polygon's.
        #[test]
        fn rectangles_agree(x in 0.0..0.5f64, y in 0.0..0.5f64, w in 0.1..0.5f64, h in 0.1..0.5f64,
                            px in 0.0..1.0f64, py in 0.0..1.0f64) {
            let p = polygon(&[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]).unwrap();
            let inside = px >= x && px < x + w && py >= y && py < y + h;
            prop_assert_eq!(p.contains(FractionPoint { x: px, y: py }), inside);
        }

        /// IoU is symmetric, between 0 and 1, and 1 for a box with itself.
        #[test]
        fn iou_is_a_similarity(a in prop::array::uniform4(0.0..100.0f32), b in prop::array::uniform4(0.0..100.0f32)) {
            let a = PixelBox::from_xywh(a[0], a[1], a[2] + 1.0, a[3] + 1.0);
            let b = PixelBox::from_xywh(b[0], b[1], b[2] + 1.0, b[3] + 1.0);
            prop_assert!((a.iou(&b) - b.iou(&a)).abs() < 1e-6);
            prop_assert!((0.0..=1.0001).contains(&a.iou(&b)));
            prop_assert!((a.iou(&a) - 1.0).abs() < 1e-3);
        }
    }
}
