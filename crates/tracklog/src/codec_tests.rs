use proptest::prelude::*;

use super::*;

fn any_float() -> impl Strategy<Value = f32> {
    prop_oneof![
        (-40_000_i32..40_000).prop_map(|n| n as f32 / 8.0),
        any::<u32>().prop_map(f32::from_bits),
    ]
}

fn any_box() -> impl Strategy<Value = PixelBox> {
    [any_float(), any_float(), any_float(), any_float()].prop_map(PixelBox::from)
}

fn any_score() -> impl Strategy<Value = f32> {
    prop_oneof![(0_i32..=1000).prop_map(|n| n as f32 / 1000.0), any_float()]
}

prop_compose! {
    fn any_track()(
        number in prop_oneof![1_u32..6, any::<u32>()],
        bbox in any_box(),
        score in any_score(),
        predicted: bool,
        first_seen: i64,
        last_seen in prop_oneof![Just(0_i64), any::<i64>()],
    ) -> Track {
        Track {
            id: TrackId { camera: "yard".parse().unwrap(), segment: SegmentId(7), number },
            bbox, score, predicted,
            first_seen: PictureTime(first_seen), last_seen: PictureTime(last_seen),
        }
    }
}

prop_compose! {
    fn any_detection()(
        class in proptest::sample::select(Class::ALL),
        score in any_score(),
        bbox in any_box(),
    ) -> Detection {
        Detection { class, score, bbox }
    }
}

prop_compose! {
    fn any_picture()(
        time: i64,
        utc: i64,
        width in prop_oneof![Just(1280_u32), any::<u32>()],
        height: u32,
        tracks in proptest::collection::vec(any_track(), 0..6),
        detections in proptest::collection::vec(any_detection(), 0..9),
        input_scale in prop_oneof![Just(0.35_f32), any_float()],
        close_up in proptest::option::of((any_box(), any_float())),
    ) -> Picture {
        Picture {
            time: PictureTime(time), utc: Utc(utc), size: PictureSize { width, height },
            tracks, detections, input_scale,
            close_up: close_up.map(|(area, input_scale)| CloseUp { area, input_scale }),
        }
    }
}

/// With every float as its bits, so that NaN equals itself.
fn bits(picture: &Picture) -> String {
    let bbox = |b: PixelBox| <[f32; 4]>::from(b).map(f32::to_bits);
    let tracks: Vec<_> = picture
        .tracks
        .iter()
        .map(|t| {
            (
                t.id.to_string(),
                bbox(t.bbox),
                t.score.to_bits(),
                t.predicted,
                t.first_seen,
                t.last_seen,
            )
        })
        .collect();
    let detections: Vec<_> =
        picture.detections.iter().map(|d| (d.class, d.score.to_bits(), bbox(d.bbox))).collect();
    let close_up = picture.close_up.map(|c| (bbox(c.area), c.input_scale.to_bits()));
    format!(
        "{:?} {:?} {:?} {tracks:?} {detections:?} {:?} {close_up:?}",
        picture.time,
        picture.utc,
        picture.size,
        picture.input_scale.to_bits()
    )
}

fn decoder() -> Decoder {
    Decoder::new("yard".parse().unwrap(), SegmentId(7), Class::ALL.into())
}

fn encoded(pictures: &[Picture]) -> Vec<u8> {
    let (mut encoder, mut out) = (Encoder::default(), Vec::new());
    for picture in pictures {
        let safe_yolo_rules::Entry::Picture(entry) = picture.entry() else { unreachable!() };
        encoder.picture(&mut out, &entry);
    }
    out
}

proptest! {
    #[test]
    fn whatever_is_written_comes_back_bit_by_bit(
        pictures in proptest::collection::vec(any_picture(), 1..5),
    ) {
        let out = encoded(&pictures);
        let (mut decoder, mut input) = (decoder(), Input(&out));
        for picture in &pictures {
            let Ok(Record::Picture(back)) = decoder.record(&mut input) else {
                return Err(TestCaseError::fail("no picture"));
            };
            prop_assert_eq!(bits(&back), bits(picture));
        }
        prop_assert!(input.is_empty());
    }

    #[test]
    fn any_bytes_have_a_defined_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (mut decoder, mut input) = (decoder(), Input(&bytes));
        while decoder.record(&mut input).is_ok() {}
    }

    #[test]
    fn damaged_pictures_have_a_defined_end(
        pictures in proptest::collection::vec(any_picture(), 1..4),
        at: proptest::sample::Index,
        byte: u8,
    ) {
        let mut out = encoded(&pictures);
        let at = at.index(out.len());
        out[at] = byte;
        let (mut decoder, mut input) = (decoder(), Input(&out));
        while decoder.record(&mut input).is_ok() {}
    }
}

#[test]
fn reasons_come_back_and_long_ones_are_cut() {
    let (mut encoder, mut out) = (Encoder::default(), Vec::new());
    encoder.not_analysed(&mut out, PictureTime(-5), PictureTime(i64::MAX), "blind");
    encoder.finish(&mut out, &"끝".repeat(100));
    let (mut decoder, mut input) = (decoder(), Input(&out));
    let gap = Record::NotAnalysed {
        from: PictureTime(-5),
        to: PictureTime(i64::MAX),
        reason: "blind".into(),
    };
    assert_eq!(decoder.record(&mut input), Ok(gap));
    assert_eq!(decoder.record(&mut input), Ok(Record::Finish { reason: "끝".repeat(66) }));
    assert_eq!(decoder.record(&mut input), Err(Malformed));
}

/// Somebody who walks costs a few bytes a picture.
#[test]
fn people_who_walk_are_small() {
    let picture = |n: i32| {
        let bbox = PixelBox::from_xywh(100.0 + n as f32 * 2.5, 50.0, 60.0, 180.0);
        let time = PictureTime::from_millis(i64::from(n) * 100);
        Picture {
            time,
            utc: Utc(1_790_000_000_000_000 + time.micros()),
            size: PictureSize::new(1280, 720),
            tracks: vec![Track {
                id: "yard/7/1".parse().unwrap(),
                bbox,
                score: 0.8,
                predicted: false,
                first_seen: PictureTime(0),
                last_seen: time,
            }],
            detections: vec![Detection { class: Class::Person, score: 0.8, bbox }],
            input_scale: 0.35,
            close_up: None,
        }
    };
    let ten = encoded(&(0..10).map(picture).collect::<Vec<_>>()).len();
    let twenty = encoded(&(0..20).map(picture).collect::<Vec<_>>()).len();
    assert!(twenty - ten <= 10 * 22, "{} bytes a picture", (twenty - ten) / 10);
}
