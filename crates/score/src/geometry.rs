//! Boxes in double precision: the reference programs compute in it, and a
//! single-precision overlap can fall on the other side of a threshold.

/// An axis-parallel box; `x1 <= x2`, `y1 <= y2`. All boxes of one picture share
/// a unit, pixels of the source picture or fractions of it: overlaps are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Rect {
    pub x1: f64,
    pub y1: f64,
    pub x2: f64,
    pub y2: f64,
}

impl Rect {
    /// A box from its top left corner and size.
    #[must_use]
    pub fn from_xywh(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { x1: x, y1: y, x2: x + width, y2: y + height }
    }

    /// Area; 0 for a line or a point.
    #[must_use]
    pub fn area(&self) -> f64 {
        (self.x2 - self.x1) * (self.y2 - self.y1)
    }

    /// Intersection over union, 0 to 1; 0 when either has no area.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let width = self.x2.min(other.x2) - self.x1.max(other.x1);
        let height = self.y2.min(other.y2) - self.y1.max(other.y1);
        let shared = width.max(0.0) * height.max(0.0);
        if shared > 0.0 { shared / (self.area() + other.area() - shared) } else { 0.0 }
    }
}
