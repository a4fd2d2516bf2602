//! The judge of one camera, told anything that a tracker, a detector and a clock can say.

use std::collections::BTreeSet;
use std::sync::Arc;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    CameraConfig, Class, Detection, EventId, PictureSize, PictureTime, PixelBox, SegmentId, Track,
    TrackId, Utc,
};
use safe_yolo_rules::{Entry, Judge, PictureEntry, RuleVerdict, ZoneVerdict};

const SIZE: PictureSize = PictureSize::new(1280, 720);
/// A zone with a rule of every type, metres, hours, a mask and a condition.
const CONFIG: &str = include_str!("judge.json");

/// Each record is one of
/// - a picture: 1, the tenths of a second since the one before, how many boxes, and seven bytes a box:
///   who it is (0 for no person) or its class, whether it is only predicted, score, and four sides;
/// - a gap: 2, its tenths of a second;
/// - new settings: 3, which zones and rules are active.
pub fn judge(data: &[u8]) {
    let config: CameraConfig =
        serde_json::from_str(CONFIG).unwrap_or_else(|error| panic!("{error}"));
    let known: BTreeSet<Class> = Class::ALL.iter().copied().collect();
    let mut judge = Judge::new(SegmentId(1), Arc::new(config.clone()), known.clone());
    let (mut bytes, mut time) = (data.iter().copied(), PictureTime(0));
    let mut open: BTreeSet<EventId> = BTreeSet::new();
    while let Some(kind) = bytes.next() {
        let step = i64::from(bytes.next().unwrap_or(1)).max(1) * 100_000;
        let changes = match kind % 3 {
            1 => {
                time = PictureTime(time.0 + step);
                let count = usize::from(bytes.next().unwrap_or(0) % 32);
                let boxes: Vec<[u8; 7]> = (0..count).map_while(|_| next_box(&mut bytes)).collect();
                picture(&mut judge, time, &boxes)
            }
            2 => {
                let from = time;
                time = PictureTime(time.0 + step);
                let entry = Entry::NotAnalysed { from, to: time, reason: "blind" };
                let changes = judge.feed(&entry);
                nothing_is_clear(&judge);
                changes
            }
            _ => {
                let mut config = config.clone();
                for (number, zone) in config.zones.iter_mut().enumerate() {
                    zone.active = step >> (number % 8) & 1 == 0;
                    zone.rules.retain(|rule| rule.name.len() as i64 % 3 != step / 100_000 % 4);
                }
                judge.feed(&Entry::Config { config: Arc::new(config), known: known.clone() })
            }
        };
        for change in changes {
            let id = change.event.id;
            match change.kind {
                ChangeKind::Raised if change.event.end.is_none() => {
                    assert!(open.insert(id), "{id:?} is raised twice");
                }
                ChangeKind::Ended => assert!(open.remove(&id), "{id:?} ends and never began"),
                _ => {}
            }
            let text = serde_json::to_string(&change).unwrap_or_else(|error| panic!("{error}"));
            assert!(text.len() < 10_000, "an event of {} bytes", text.len());
        }
    }
    for change in judge.finish("end") {
        assert!(open.remove(&change.event.id), "{:?} ends and never began", change.event.id);
    }
    assert!(open.is_empty(), "{open:?} never end");
}

fn next_box(bytes: &mut impl Iterator<Item = u8>) -> Option<[u8; 7]> {
    let mut one = [0; 7];
    for byte in &mut one {
        *byte = bytes.next()?;
    }
    Some(one)
}

/// Tracks have sides that are finite and in order, as the tracker sees to; whatever else.
fn picture(
    judge: &mut Judge,
    time: PictureTime,
    boxes: &[[u8; 7]],
) -> Vec<safe_yolo_core::EventChange> {
    let (mut tracks, mut detections, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for [who, what, score, x, y, width, height] in boxes.iter().copied() {
        let bbox = PixelBox::from_xywh(
            f32::from(x) * 5.5 - 60.0,
            f32::from(y) * 3.2 - 40.0,
            f32::from(width) * 2.0,
            f32::from(height) * 3.0,
        );
        let score = f32::from(score) / 255.0;
        if who > 0 && seen.insert(who) {
            let camera = judge_camera();
            tracks.push(Track {
                id: TrackId { camera, segment: SegmentId(1), number: u32::from(who) },
                bbox,
                score,
                predicted: what % 4 == 0,
                first_seen: time,
                last_seen: time,
            });
        }
        let class = match who {
            0 => Class::ALL[usize::from(what) % Class::ALL.len()],
            _ => Class::Person,
        };
        detections.push(Detection { class, score, bbox });
    }
    judge.feed(&Entry::Picture(PictureEntry {
        time,
        utc: Utc(1_769_847_300_000_000 + time.0),
        size: SIZE,
        tracks: &tracks,
        detections: &detections,
        input_scale: 0.35,
        close_up: None,
    }))
}

fn judge_camera() -> safe_yolo_core::CameraId {
    "fuzz".parse().unwrap_or_else(|error| panic!("{error}"))
}

/// While nobody looks, no zone and no rule says that all is well.
fn nothing_is_clear(judge: &Judge) {
    for zone in judge.view().zones {
        assert_ne!(zone.verdict, ZoneVerdict::Clear, "{}", zone.name);
        for rule in zone.rules {
            assert_ne!(rule.verdict, RuleVerdict::Clear, "{}: {}", zone.name, rule.name);
        }
    }
}
