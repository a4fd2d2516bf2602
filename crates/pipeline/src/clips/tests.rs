use safe_yolo_core::{FractionPoint, SegmentId};
use safe_yolo_media::picture::I420;

use super::*;
use crate::live::LiveAnalysis;

const SIZE: PictureSize = PictureSize::new(64, 36);

fn shot(ms: i64) -> Shot {
    Shot {
        segment: SegmentId(1),
        era: 1,
        time: PictureTime::from_millis(ms),
        utc: Utc(1_800_000_000_000_000 + ms * 1000),
        picture: Arc::new(I420::new(SIZE, vec![99; I420::byte_len(SIZE)]).unwrap()),
    }
}

fn event(number: u128) -> EventId {
    EventId(uuid::Uuid::from_u128(number))
}

/// A camera with a session that sends JPEGs of so many bytes, ten a second.
struct Camera {
    clips: Clips,
    ring: ClipRing,
    bytes: usize,
    next_ms: i64,
}

impl Camera {
    fn new(bytes: usize) -> Self {
        let ring = ClipRing::of_pictures(SIZE);
        let mut clips = Clips::new("one".parse().unwrap());
        clips.begin(Some(&ClipSupply::Session(ring.clone())));
        Self { clips, ring, bytes, next_ms: 0 }
    }

    /// Goes on to the picture of this time; the clips that were complete on the way.
    fn run(&mut self, to_ms: i64) -> Vec<ClipJob> {
        let mut complete = Vec::new();
        while self.next_ms <= to_ms {
            let shot = shot(self.next_ms);
            self.ring.push_jpeg(shot.time, vec![0; self.bytes]);
            self.clips.picture(&shot);
            self.clips.note(shot.time, Seen::new(LiveAnalysis::Predicted, &[], &[], SIZE));
            complete.extend(self.clips.complete(&[]));
            self.next_ms += 100;
        }
        complete
    }

    fn alarm(&mut self, number: u128, ms: i64) -> Result<(), NoClip> {
        self.clips.alarm(event(number), &shot(ms), &[])
    }
}

fn shown(job: &ClipJob) -> (i64, i64) {
    match &job.cut.as_ref().unwrap().material {
        Material::Units(units) => (units.start().0 / 1000, units.end().0 / 1000),
        Material::File(_) => panic!("not of a file"),
    }
}

#[test]
fn a_clip_is_complete_ten_seconds_after_its_alarm() {
    let mut camera = Camera::new(10);
    assert!(camera.run(20_000).is_empty());
    camera.alarm(1, 20_000).unwrap();
    assert!(camera.run(30_300).is_empty(), "what comes late may still come");
    let jobs = camera.run(30_500);
    assert_eq!(jobs.len(), 1);
    assert_eq!(shown(&jobs[0]), (15_000, 30_000));
    assert_eq!(jobs[0].ended_early, None);
    assert!(jobs[0].seen.contains_key(&PictureTime::from_millis(15_000)));
    assert!(jobs[0].seen.contains_key(&PictureTime::from_millis(30_000)));
}

#[test]
fn alarms_within_two_seconds_share_one_and_later_ones_do_not() {
    let mut camera = Camera::new(10);
    camera.run(10_000);
    for (number, ms) in [(1, 10_000), (2, 10_000), (3, 12_000), (4, 12_100)] {
        camera.run(ms);
        camera.alarm(number, ms).unwrap();
    }
    let jobs = camera.run(23_000);
    let events: Vec<Vec<EventId>> = jobs.iter().map(|job| job.events().collect()).collect();
    assert_eq!(events, [vec![event(1), event(2), event(3)], vec![event(4)]]);
    // Ten seconds after the last of them.
    assert_eq!((shown(&jobs[0]), shown(&jobs[1])), ((5000, 22_000), (7100, 22_100)));
}

#[test]
fn four_at_once_and_a_fifth_when_one_is_done_with() {
    let mut camera = Camera::new(10);
    camera.run(10_000);
    for (number, ms) in [(1, 10_000), (2, 12_500), (3, 15_000), (4, 17_500)] {
        camera.run(ms);
        camera.alarm(number, ms).unwrap();
    }
    // Complete, but not written yet.
    let jobs = camera.run(20_500);
    assert_eq!(jobs.len(), 1);
    assert_eq!(camera.alarm(5, 20_500), Err(NoClip::Busy));
    drop(jobs);
    assert_eq!(camera.alarm(6, 20_500), Ok(()));
    // So many alarms of one picture are part of one clip, and no more.
    let more = (7..100).filter(|number| camera.alarm(*number, 20_500).is_ok()).count();
    assert_eq!(more, ALARMS_MAX - 1);
}

#[test]
fn a_ring_that_is_full_ends_a_clip_with_its_alarm_in_it() {
    // 5 MB a second: 20 MiB are four seconds.
    let mut camera = Camera::new(500_000);
    camera.run(10_000);
    camera.alarm(1, 10_000).unwrap();
    let jobs = camera.run(25_000);
    assert_eq!(jobs[0].ended_early, Some("too_large"));
    let (start, end) = shown(&jobs[0]);
    assert!(start < 10_000 && end >= 10_000, "{start} to {end}");
}

#[test]
fn what_ends_a_segment_ends_its_clips_and_says_so() {
    let mut camera = Camera::new(10);
    camera.run(3000);
    camera.alarm(1, 3000).unwrap();
    camera.run(5000);
    let jobs = camera.clips.cut_off("seek", &[]);
    assert_eq!((shown(&jobs[0]), jobs[0].ended_early), ((0, 5000), Some("seek")));
    // One whose window is over has ended by itself.
    camera.run(6000);
    camera.alarm(2, 6000).unwrap();
    assert!(camera.run(16_200).is_empty());
    let jobs = camera.clips.cut_off("reconnect", &[]);
    assert_eq!((shown(&jobs[0]), jobs[0].ended_early), ((1000, 16_000), None));
    // The next segment begins with nothing.
    camera.clips.begin(None);
    assert_eq!(camera.alarm(3, 16_200), Err(NoClip::NotMeant));
}

#[test]
fn what_is_not_to_be_seen_at_the_beginning_or_the_end_is_not_in_the_clip() {
    let corners = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5)];
    let area = Polygon::new(corners.map(|(x, y)| FractionPoint { x, y }).to_vec()).unwrap();
    for (begun, ended) in [(true, false), (false, true), (false, false)] {
        let mut camera = Camera::new(10);
        camera.run(1000);
        let of = |yes: bool| if yes { vec![area.clone()] } else { Vec::new() };
        camera.clips.alarm(event(1), &shot(1000), &of(begun)).unwrap();
        let jobs = camera.clips.cut_off("stopped", &of(ended));
        let privacy = jobs[0].cut.as_ref().unwrap().privacy.clone();
        let expected = PrivacyMask::new(std::slice::from_ref(&area), SIZE);
        assert_eq!(privacy, expected.filter(|_| begun || ended));
    }
}

#[test]
fn boxes_are_bounded_and_what_was_looked_at_is_not_forgotten_for_a_guess() {
    let mut memory = seen::Memory::default();
    let at = PictureTime::from_millis;
    memory.note(at(0), Seen::new(LiveAnalysis::Predicted, &[], &[], SIZE));
    memory.note(at(0), Seen::new(LiveAnalysis::Done, &[], &[], SIZE));
    memory.note(at(0), Seen::new(LiveAnalysis::Skipped, &[], &[], SIZE));
    assert_eq!(memory.since(at(0))[&at(0)].analysis, LiveAnalysis::Done);
    for ms in 0..3 * seen::PICTURES_MAX as i64 {
        memory.note(at(ms), Seen::new(LiveAnalysis::Done, &[], &[], SIZE));
        assert!(memory.since(at(0)).len() <= seen::PICTURES_MAX);
    }
}

#[test]
fn what_broke_the_segment_off_is_not_in_its_clip() {
    let mut camera = Camera::new(10);
    camera.run(20_000);
    camera.alarm(1, 20_000).unwrap();
    camera.run(22_000);
    // The session is ahead of the decoder: these may be of another size.
    for ms in [22_100, 22_200, 22_300] {
        camera.ring.push_jpeg(PictureTime::from_millis(ms), vec![0; 10]);
    }
    let jobs = camera.clips.cut_off("size_change", &[]);
    assert_eq!(shown(&jobs[0]), (15_000, 22_000));
}

#[test]
fn areas_that_changed_while_the_clip_s_pictures_came_are_black_in_all_of_it() {
    let area = |x: f64| {
        let corner = |x, y| FractionPoint { x, y };
        Polygon::new(vec![corner(x, 0.0), corner(x + 0.2, 0.0), corner(x, 0.5)]).unwrap()
    };
    let areas_of = |camera: &Camera| camera.clips.running[0].areas.clone();
    let mut camera = Camera::new(10);
    camera.run(19_000);
    // In force until a second before the alarm.
    camera.clips.areas_changed(&[area(0.0)], &[]);
    camera.run(20_000);
    camera.alarm(1, 20_000).unwrap();
    assert_eq!(areas_of(&camera), [area(0.0)]);
    // There for a moment after it.
    camera.clips.areas_changed(&[], &[area(0.5)]);
    camera.clips.areas_changed(&[area(0.5)], &[]);
    assert_eq!(areas_of(&camera), [area(0.0), area(0.5)]);
    assert!(camera.run(31_000).pop().unwrap().cut.unwrap().privacy.is_some());
    // Long after, nothing of that time is held any more.
    camera.run(120_000);
    camera.clips.areas_changed(&[], &[]);
    camera.alarm(2, 120_000).unwrap();
    assert!(areas_of(&camera).is_empty());
}
