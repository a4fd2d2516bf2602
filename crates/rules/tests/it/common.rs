//! A zone, its camera, and boxes.

use safe_yolo_core::{
    Anchor, Calendar, CameraConfig, FractionPoint, PictureTime, PixelBox, Polygon, Track, Zone,
    ZoneType,
};

pub(crate) fn polygon(points: &[[f64; 2]]) -> Polygon {
    Polygon::new(points.iter().copied().map(FractionPoint::from).collect()).unwrap()
}

/// The lower right of the picture, without rules.
pub(crate) fn zone(zone_type: ZoneType) -> Zone {
    Zone {
        id: "z-press".parse().unwrap(),
        name: "press".into(),
        zone_type,
        points: polygon(&[[0.4, 0.4], [1.0, 0.4], [1.0, 1.0], [0.4, 1.0]]),
        active: true,
        anchor: Anchor::Foot,
        schedule: None,
        dwell_s: 2.0,
        pause_s: 30.0,
        require: std::collections::BTreeSet::new(),
        rules: Vec::new(),
    }
}

pub(crate) fn config(zones: Vec<Zone>) -> CameraConfig {
    CameraConfig {
        id: "cam".parse().unwrap(),
        name: "yard".into(),
        source: "sim://quiet".into(),
        enabled: true,
        repeat: true,
        analysis_rate_max: 10.0,
        masks: Vec::new(),
        calibration: None,
        calendar: Calendar::default(),
        zones,
        version: 1,
    }
}

/// A track that is seen there; one that is only guessed if it is `hidden`.
pub(crate) fn track(number: u32, bbox: PixelBox, time: PictureTime, hidden: bool) -> Track {
    Track {
        id: format!("cam/1/{number}").parse().unwrap(),
        bbox,
        score: 0.8,
        predicted: hidden,
        first_seen: PictureTime::default(),
        last_seen: time,
    }
}
