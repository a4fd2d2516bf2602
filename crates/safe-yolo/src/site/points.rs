//! The points of a zone, each with its own place in the text.

use safe_yolo_core::geometry::PolygonError;
use safe_yolo_core::{FractionPoint, Polygon};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::DeValue;

use super::mistakes::Mistakes;

/// Whether the value is an outline; what is wrong with it is added, `place` before it.
pub(super) fn check(value: &Spanned<DeValue<'_>>, place: &str, mistakes: &mut Mistakes) -> bool {
    let Some(array) = value.get_ref().as_array() else {
        let excerpt = mistakes.excerpt(value.span());
        let says = format!("{place}points is {excerpt}: it must be a list as in [[0.1, 0.2], …]");
        mistakes.add(value.span().start, says);
        return false;
    };
    let mut points = Vec::new();
    let mut is_whole = true;
    for (number, element) in (1..).zip(array) {
        let inside = |v: f64| (0.0..=1.0).contains(&v);
        let says = match point(element) {
            Some(point) if inside(point.x) && inside(point.y) => {
                points.push(point);
                continue;
            }
            Some(FractionPoint { x, y }) => {
                PolygonError::Outside { index: number, x, y }.to_string()
            }
            None => {
                let excerpt = mistakes.excerpt(element.span());
                format!("point {number} is {excerpt}: it must be two numbers as in [0.1, 0.2]")
            }
        };
        mistakes.add(element.span().start, format!("{place}{says}"));
        is_whole = false;
    }
    if is_whole && let Err(error) = Polygon::new(points) {
        mistakes.add(value.span().start, format!("{place}{error}"));
        is_whole = false;
    }
    is_whole
}

fn point(element: &Spanned<DeValue<'_>>) -> Option<FractionPoint> {
    // The reader takes a longer list for a point and drops what is too much.
    if element.get_ref().as_array()?.len() != 2 {
        return None;
    }
    FractionPoint::deserialize(element.clone().into_deserializer()).ok()
}
