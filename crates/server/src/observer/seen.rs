//! What a live picture says of people: where they stand, and what they wear in which zone.

use safe_yolo_core::{Class, Equipment, PixelBox, ZoneId};
use safe_yolo_pipeline::LiveHeader;
use safe_yolo_pipeline::live::LiveAnalysis;
use safe_yolo_rules::{Verdict, ZoneVerdict};
use safe_yolo_store::statistics::{COLUMNS, ROWS};

/// What was seen in one picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The cell of the grid in which each person stands.
    pub(super) cells: Vec<usize>,
    pub(super) zones: Vec<SeenZone>,
}

/// What was seen of one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeenZone {
    pub(super) id: ZoneId,
    /// Its rules had their say.
    pub(super) is_judged: bool,
    /// It is outside of its hours.
    pub(super) is_off: bool,
    /// Of each person in it what the zone requires.
    pub(super) worn: Vec<(Equipment, Verdict)>,
}

/// What the picture says; none if nobody looked at it.
pub(super) fn seen(header: &LiveHeader) -> Option<Seen> {
    let is_known = matches!(header.analysis, LiveAnalysis::Done | LiveAnalysis::Predicted);
    if !is_known || !header.state.is_watching() {
        return None;
    }
    let cells = header
        .boxes
        .iter()
        .filter(|one| one.class == Class::Person && one.track.is_some())
        .map(|one| cell(&one.bbox, header.width, header.height))
        .collect();
    let zones = header.zones.iter().map(|zone| SeenZone {
        id: zone.id.clone(),
        is_judged: zone.verdict != ZoneVerdict::Unknown,
        is_off: zone.off,
        worn: zone.people.iter().flat_map(|p| p.equipment.iter().map(|(i, v)| (*i, *v))).collect(),
    });
    Some(Seen { cells, zones: zones.collect() })
}

/// Where the feet are: the middle of the lower edge.
fn cell(bbox: &PixelBox, width: u32, height: u32) -> usize {
    let column = share(f64::from(bbox.x1 + bbox.x2) / 2.0, width, COLUMNS);
    let row = share(f64::from(bbox.y2), height, ROWS);
    row * COLUMNS + column
}

fn share(at: f64, size: u32, parts: usize) -> usize {
    #[expect(clippy::cast_precision_loss, reason = "some dozens")]
    let part = at / f64::from(size.max(1)) * parts as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float casts saturate, and nothing is left of the picture then"
    )]
    let part = part as usize;
    part.min(parts - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feet_are_in_one_cell_wherever_the_box_is() {
        let at = |x1, y1, x2, y2| cell(&PixelBox::new(x1, y1, x2, y2), 1280, 720);
        assert_eq!(at(0.0, 0.0, 2.0, 2.0), 0);
        assert_eq!(at(620.0, 100.0, 660.0, 359.0), 13 * COLUMNS + 24);
        assert_eq!(at(1270.0, 600.0, 1300.0, 740.0), COLUMNS * ROWS - 1, "cut by the edge");
        assert_eq!(at(-30.0, 600.0, -10.0, 719.0), 26 * COLUMNS);
        assert_eq!(at(f32::NAN, 0.0, f32::NAN, f32::NAN), 0);
    }
}
