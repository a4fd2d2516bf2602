//! Boxes of the hall: their sides as shapes, their outlines as what they hide.

use super::camera::{Camera, Place};
use super::canvas::{Paint, Rgb, Shape, Spot};

/// A box along the axes of some frame: from and to along its right, its length, upward, metres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Solid {
    pub(super) right: [f32; 2],
    pub(super) ahead: [f32; 2],
    pub(super) up: [f32; 2],
    pub(super) color: Rgb,
}

impl Solid {
    /// Its five visible sides, the rearmost first, and how far its middle is, metres.
    /// `place` turns a point of its frame into one of the hall.
    pub(super) fn shapes(
        &self,
        camera: &Camera,
        place: impl Fn(Place) -> Place,
    ) -> (f32, Vec<Shape>) {
        let Self { right: [l, r], ahead: [b, f], up: [d, u], color } = *self;
        let at = |right, ahead, up| place([right, ahead, up]);
        let faces = [
            ([at(l, b, d), at(r, b, d), at(r, b, u), at(l, b, u)], 0.84),
            ([at(l, f, d), at(r, f, d), at(r, f, u), at(l, f, u)], 0.96),
            ([at(l, b, d), at(l, f, d), at(l, f, u), at(l, b, u)], 0.90),
            ([at(r, b, d), at(r, f, d), at(r, f, u), at(r, b, u)], 0.76),
            ([at(l, b, u), at(r, b, u), at(r, f, u), at(l, f, u)], 1.08),
        ];
        let mut seen: Vec<(f32, Shape)> = faces
            .into_iter()
            .map(|(corners, light)| {
                let far = corners.iter().map(|corner| camera.depth(*corner)).sum::<f32>() / 4.0;
                let points = corners.map(|corner| camera.project(corner)).to_vec();
                (far, Shape { points, paint: Paint::flat(color.map(|c| c * light)) })
            })
            .collect();
        // Of a box, what is nearer covers what is behind; the top is seen from above last.
        seen.sort_by(|a, b| b.0.total_cmp(&a.0));
        let middle = at(f32::midpoint(l, r), f32::midpoint(b, f), f32::midpoint(d, u));
        (camera.depth(middle), seen.into_iter().map(|(_, shape)| shape).collect())
    }

    /// The outline of its eight corners in the picture, in order.
    pub(super) fn outline(&self, camera: &Camera, place: impl Fn(Place) -> Place) -> Vec<Spot> {
        let mut corners = Vec::with_capacity(8);
        for right in self.right {
            for ahead in self.ahead {
                for up in self.up {
                    corners.push(camera.project(place([right, ahead, up])));
                }
            }
        }
        hull(corners)
    }
}

/// The convex hull, in order (Andrew's monotone chain, 1979).
fn hull(mut spots: Vec<Spot>) -> Vec<Spot> {
    spots.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let half = |spots: &mut dyn Iterator<Item = Spot>| {
        let mut chain: Vec<Spot> = Vec::new();
        for spot in spots {
            while chain.len() > 1
                && cross(chain[chain.len() - 2], chain[chain.len() - 1], spot) <= 0.0
            {
                chain.pop();
            }
            chain.push(spot);
        }
        chain.pop();
        chain
    };
    let mut all = half(&mut spots.iter().copied());
    all.extend(half(&mut spots.iter().rev().copied()));
    all
}

/// Whether a convex outline has the spot in it or on its edge.
pub(super) fn contains(outline: &[Spot], spot: Spot) -> bool {
    let turns =
        || (0..outline.len()).map(|i| cross(outline[i], outline[(i + 1) % outline.len()], spot));
    outline.len() > 2 && (turns().all(|turn| turn >= 0.0) || turns().all(|turn| turn <= 0.0))
}

/// Twice the area of the triangle; its sign says which way it turns.
fn cross(a: Spot, b: Spot, c: Spot) -> f32 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_hides_what_is_inside_its_outline() {
        let solid =
            Solid { right: [-1.0, 1.0], ahead: [0.0, 0.5], up: [0.0, 2.0], color: [90.0; 3] };
        let camera = Camera::USUAL;
        let place = |[r, a, u]: Place| [r, u, 8.0 - a];
        let outline = solid.outline(&camera, place);
        assert!((4..=6).contains(&outline.len()), "{outline:?}");
        assert!(contains(&outline, camera.project([0.0, 1.0, 8.0])));
        assert!(contains(&outline, camera.project([-1.0, 2.0, 7.5])), "on a corner");
        assert!(!contains(&outline, camera.project([1.4, 1.0, 8.0])));
        let (depth, shapes) = solid.shapes(&camera, place);
        assert!((depth - 7.75).abs() < 1e-3 && shapes.len() == 5);
    }
}
