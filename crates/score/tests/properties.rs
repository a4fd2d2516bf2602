//! What holds for any input, and what is said of bad input.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Write as _;

use proptest::prelude::*;
use safe_yolo_score::events::EventStart;
use safe_yolo_score::mot::MotBox;
use safe_yolo_score::tracking::{self, TrackingScore};
use safe_yolo_score::{Rect, detection, events, mot, report};

type Boxes = Vec<(u32, u64, f64, f64, f64, f64)>;

fn tracks(len: usize) -> impl Strategy<Value = Boxes> {
    let bbox = (1..8_u32, 0..5_u64, 0.0..60.0f64, 0.0..60.0f64, 10.0..40.0f64, 10.0..40.0f64);
    prop::collection::vec(bbox, 0..len).prop_map(|mut boxes| {
        boxes.sort_by_key(|bbox| (bbox.0, bbox.1));
        boxes.dedup_by_key(|bbox| (bbox.0, bbox.1));
        boxes
    })
}

fn boxes(of: &Boxes) -> Vec<MotBox> {
    let made = of.iter().map(|&(frame, id, x, y, w, h)| MotBox {
        frame,
        id,
        rect: Rect::from_xywh(x, y, w, h),
    });
    made.collect()
}

fn file(of: &Boxes) -> String {
    let mut text = String::new();
    for (frame, id, x, y, w, h) in of {
        writeln!(text, "{frame},{id},{x},{y},{w},{h},1,-1,-1,-1").unwrap();
    }
    text
}

/// Every figure that is a part of a whole.
fn parts(score: &TrackingScore) -> Vec<f64> {
    let s = score;
    let always =
        [s.hota, s.det_a, s.ass_a, s.loc_a, s.det_re, s.det_pr, s.ass_re, s.ass_pr].map(Some);
    let sometimes = [s.idf1, s.idp, s.idr, s.clear.motp, s.clear.recall, s.clear.precision];
    let trackeval = &s.clear_trackeval;
    let more = [trackeval.motp, trackeval.recall, trackeval.precision];
    always.into_iter().chain(sometimes).chain(more).flatten().collect()
}

fn starts(of: &[(u8, u32)]) -> Vec<EventStart> {
    let line = |(kind, second): &(u8, u32)| {
        format!("{{\"type\":\"kind_{kind}\",\"start_s\":{second}.25}}\n")
    };
    events::parse(&of.iter().map(line).collect::<String>()).unwrap()
}

proptest! {
    #[test]
    fn tracks_score_between_0_and_1_in_any_order(
        truth in tracks(40), found in tracks(40), seed in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!truth.is_empty());
        let score = tracking::count(&boxes(&truth), &boxes(&found)).unwrap().score();
        for part in parts(&score) {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&part), "{:?}", score);
        }
        for clear in [&score.clear, &score.clear_trackeval] {
            prop_assert!(clear.mota.unwrap() <= 1.0);
            prop_assert_eq!(clear.matches + clear.misses, truth.len());
            prop_assert_eq!(clear.matches + clear.false_boxes, found.len());
        }
        // Read from files whose lines are turned round somewhere.
        let (mut turned, mut other) = (truth.clone(), found);
        turned.rotate_left(seed.index(truth.len()));
        other.reverse();
        let there = mot::parse_truth(&file(&turned)).unwrap();
        let seen = mot::parse_result(&file(&other)).unwrap();
        prop_assert_eq!(tracking::count(&there, &seen).unwrap().score(), score);
    }

    #[test]
    fn the_truth_itself_is_perfect(truth in tracks(40)) {
        prop_assume!(!truth.is_empty());
        let mut truth = truth;
        // Side by side, so that nobody is hidden by another.
        for bbox in &mut truth {
            bbox.2 += 200.0 * f64::from(u32::try_from(bbox.1).unwrap());
        }
        let score = tracking::count(&boxes(&truth), &boxes(&truth)).unwrap().score();
        for value in [Some(score.hota), score.idf1, score.clear.mota, score.clear_trackeval.mota] {
            prop_assert!((value.unwrap() - 1.0).abs() < 1e-9, "{:?}", score);
        }
    }

    #[test]
    fn a_number_that_is_none_is_named(
        line in 1..20_usize,
        field in 0..7_usize,
        value in prop::sample::select(vec!["NaN", "inf", "-inf", "1e999", "", "x", "٣", "0x10"]),
    ) {
        let mut rows = vec![vec!["1"; 7]; 20];
        for (row, id) in rows.iter_mut().zip(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10",
            "11", "12", "13", "14", "15", "16", "17", "18", "19"]) {
            row[1] = id;
        }
        rows[line - 1][field] = value;
        let text: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        let error = mot::parse_truth(&text.join("\n")).unwrap_err();
        prop_assert_eq!(error.line, line);
        let said = error.to_string();
        prop_assert!(said.contains(value), "{}", said);
    }

    #[test]
    fn no_text_breaks_a_reader(text in "\\PC{0,80}(\n\\PC{0,80}){0,3}") {
        let _either = (
            mot::parse_truth(&text), mot::parse_result(&text), events::parse(&text),
            detection::parse_truth(&text), detection::parse_found(&text),
            detection::parse_labels(&text, &[None, None]),
        );
    }

    #[test]
    fn events_add_up_in_any_order(
        truth in prop::collection::vec((0..3_u8, 0..60_u32), 0..20),
        found in prop::collection::vec((0..3_u8, 0..60_u32), 0..20),
    ) {
        let score = events::score(&starts(&truth), &starts(&found)).unwrap();
        let all = &score.all;
        prop_assert_eq!(all.true_events, truth.len());
        prop_assert_eq!(all.found + all.missed, truth.len());
        prop_assert_eq!(all.found + all.false_events, found.len());
        prop_assert!(!all.pass || score.types.iter().all(|row| row.points.unwrap() >= 90.0));
        let (mut truth, mut found) = (truth, found);
        truth.reverse();
        found.reverse();
        prop_assert_eq!(events::score(&starts(&truth), &starts(&found)).unwrap(), score);
    }

    #[test]
    fn precision_is_between_0_and_1_and_of_the_truth_1(
        truth in prop::collection::vec((0.0..100.0f64, 0.0..100.0f64, 1.0..50.0f64), 1..20),
        found in prop::collection::vec((0.0..100.0f64, 0.0..100.0f64, 0.0..50.0f64, 0.0..1.0f64), 0..40),
    ) {
        let corners = |x: f64, y: f64, side: f64| format!("[{x},{y},{},{}]", x + side, y + side);
        let there: Vec<String> = truth
            .iter()
            .map(|(x, y, side)| format!("{{\"class\":\"person\",\"box\":{}}}", corners(*x, *y, *side)))
            .collect();
        let truth_text = format!("{{\"file\":\"a\",\"boxes\":[{}]}}", there.join(","));
        let seen = |x: f64, y: f64, side: f64, score: f64| {
            let corners = corners(x, y, side);
            format!("{{\"class\":\"Worker\",\"score\":{score},\"box\":{corners}}}")
        };
        let score_of = |boxes: Vec<String>| {
            let found = format!("{{\"file\":\"b/a\",\"detections\":[{}]}}", boxes.join(","));
            let truth = detection::parse_truth(&truth_text).unwrap();
            detection::score(&truth, &detection::parse_found(&found).unwrap()).unwrap()
        };
        let score = score_of(found.iter().map(|(x, y, side, sure)| seen(*x, *y, *side, *sure)).collect());
        prop_assert!((0.0..=1.0).contains(&score.map50));
        prop_assert!(score.map50_95 <= score.map50 + 1e-12);
        let right = score_of(truth.iter().map(|(x, y, side)| seen(*x, *y, *side, 0.5)).collect());
        prop_assert!((right.map50_95 - 1.0).abs() < 1e-12, "{:?}", right);
    }
}

#[test]
fn ten_thousand_boxes() {
    let line =
        |frame: u32, id: u32| format!("{frame},{id},{},{},40,90,1\n", id % 100 * 30, id / 100 * 95);
    let text: String = (0..10_000).map(|number| line(1 + number / 500, number)).collect();
    let boxes = mot::parse_truth(&text).unwrap();
    assert_eq!(boxes.len(), 10_000);
    let score = tracking::count(&boxes, &boxes).unwrap().score();
    assert_eq!(score.clear.mota, Some(1.0));
    // All in one picture: no tracker does that.
    let text: String = (0..10_000).map(|number| line(7, number)).collect();
    let said = mot::parse_result(&text).unwrap_err().to_string();
    assert_eq!(said, "line 1001: frame 7 has more than 1000 boxes: is this a file of tracks?");
    // Detections: the 100 surest of a class count.
    let boxes = vec![r#"{"class":"person","score":0.5,"box":[0,0,10,10]}"#; 10_000].join(",");
    let found = detection::parse_found(&format!("{{\"file\":\"a\",\"detections\":[{boxes}]}}"));
    let truth = r#"{"file":"a","boxes":[{"class":"person","box":[0,0,10,10]}]}"#;
    let score = detection::score(&detection::parse_truth(truth).unwrap(), &found.unwrap()).unwrap();
    assert!((score.map50 - 1.0).abs() < 1e-12);
    assert_eq!(score.classes[0].found, 10_000);
}

fn says(result: Result<impl std::fmt::Debug, impl std::fmt::Display>, expect: &str) {
    let said = result.map_or_else(|error| error.to_string(), |value| format!("{value:?}"));
    assert!(said.contains(expect), "'{said}' lacks '{expect}'");
}

#[test]
fn files_of_another_kind_are_named() {
    says(mot::parse_truth("1,-1,1,1,1,1,1"), "line 1: id '-1' is not the whole number of a track");
    says(mot::parse_truth("1,1,1,1,1,1,0.93"), "flag '0.93' is not 1 (counts) or 0");
    says(mot::parse_truth("\n1,1,1,1,0,1,1"), "line 2: w '0' is not a length above 0");
    says(mot::parse_result("1,1,1,1,0,1,1"), "frame: 1");
    says(mot::parse_result("1,1,1,1,-1,1"), "w '-1' is not a length of 0");
    says(mot::parse_result("1,1,1,1,1"), "there is no h: write frame,id,x,y,w,h,flag");
    says(mot::parse_result("{}"), "frame '{}' is not a whole number");
    let twice = "3,4,1,1,1,1,1\n\n3,4,1,1,1,1,1";
    says(mot::parse_truth(twice), "line 3: id 4 of frame 3 is in line 1 already: keep one");
    says(tracking::count(&[], &[]), "its seventh column must be 1");
    says(events::parse("1,2,3"), "line 1: ");
    says(
        events::parse("{\"type\":\"a\"}"),
        "missing field `start_s` at column 12: write {\"type\"",
    );
    says(events::parse("{\"type\":\"a\",\"start_s\":NaN}"), "at column 23");
    says(events::parse("{\"type\":\"a\",\"start_s\":1e999}"), "number out of range");
    says(
        events::parse("{\"type\":\"a\",\"start_s\":-1}"),
        "start_s '-1' is not a number of seconds",
    );
    says(events::parse("{\"type\":\"A b\",\"start_s\":1}"), "type 'A b' is not a name of a-z");
    let zebra = r#"{"file":"a","boxes":[{"class":"zebra","box":[0,0,1,1]}]}"#;
    says(detection::parse_truth(zebra), "line 1: class 'zebra' is not a class of this system");
    let flat = r#"{"file":"a","boxes":[{"class":"person","box":[0,0,0,1]}]}"#;
    says(detection::parse_truth(flat), "box '[0.0, 0.0, 0.0, 1.0]' is not a box with an area");
    let unsure = r#"{"file":"a","detections":[{"class":"person","box":[0,0,1,1]}]}"#;
    says(detection::parse_found(unsure), "there is no score");
    let sure = r#"{"file":"a","detections":[{"class":"person","score":93,"box":[0,0,1,1]}]}"#;
    says(detection::parse_found(sure), "score '93' is not from 0 to 1");
    let empty = "{\"file\":\"x/a\",\"detections\":[]}\n{\"file\":\"y/a\",\"detections\":[]}";
    says(detection::parse_found(empty), "line 2: picture 'y/a' (names are compared without");
    says(detection::parse_labels("2 0.5 0.5 1 1", &[None]), "class '2' is not the number of one");
    says(detection::parse_labels("0 .5 .5 1 1 .2", &[None]), "there is no y: write class cx cy");
    says(detection::parse_labels("0 .1 .1 .2 .2 .3 1.3", &[None]), "y '1.3' is not a fraction");
}

#[test]
fn a_picture_on_one_side_only_is_named() {
    let truth = detection::parse_truth(r#"{"file":"a","boxes":[]}"#).unwrap();
    let found = detection::parse_found(r#"{"file":"b","detections":[]}"#).unwrap();
    says(detection::score(&truth, &[]), "picture 'a' of the truth is not among the found");
    says(detection::score(&[], &found), "picture 'b' is not in the truth");
    says(detection::score(&[], &[]), "the truth has no box");
}

#[test]
fn label_files_are_scaled_to_the_picture() {
    let classes = [None, Some(safe_yolo_core::Class::Helmet)];
    let boxes =
        detection::parse_labels("0 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.5 0.25\n", &classes).unwrap();
    let found = r#"{"file":"a.jpg","width":200,"height":400,"detections":[{"class":"helmet","score":1,"box":[50,150,150,250]}]}"#;
    let found = detection::parse_found(found).unwrap();
    let truth = detection::truth_of_labels(vec![("a".to_owned(), boxes.clone())], &found).unwrap();
    let score = detection::score(&truth, &found).unwrap();
    assert!((score.map50_95 - 1.0).abs() < 1e-12, "{score:?}");
    says(detection::truth_of_labels(vec![("b".to_owned(), boxes.clone())], &found), "picture 'b'");
    // An outline is the box around it.
    let outline = "1 0.25 0.5 0.75 0.625 0.5 0.375 0.3 0.4";
    assert_eq!(detection::parse_labels(outline, &classes).unwrap(), boxes);
}

#[test]
fn events_of_one_place_do_not_answer_for_another() {
    let at = |camera: &str, second: u32| {
        format!("{{\"type\":\"fall\",\"start_s\":{second},\"camera\":{camera}}}\n")
    };
    let read = |text: String| events::parse(&text).unwrap();
    let truth = read(at("\"gate\"", 10) + &at("\"yard\"", 10));
    let score = events::score(&truth, &read(at("\"gate\"", 10) + &at("\"gate\"", 11))).unwrap();
    assert_eq!((score.all.found, score.all.false_events, score.all.missed), (1, 1, 1));
    says(events::score(&truth, &read(at("null", 10))), "the found events do not");
    says(events::score(&read(at("null", 1)), &truth), "of 2 cameras, the truth names none");
    let mixed = read(at("null", 1) + &at("\"gate\"", 2));
    says(events::score(&mixed, &truth), "the truth names a camera in some lines only");
    // A truth of one place takes the answer of one camera.
    let score = events::score(&read(at("null", 10)), &read(at("\"gate\"", 8))).unwrap();
    assert!(score.all.pass, "{score:?}");
    let table = report::events(&score);
    assert!(table.starts_with("type  true  found  false  missed"), "{table}");
}

#[test]
fn nothing_true_and_nothing_found_is_no_pass() {
    let score = events::score(&[], &[]).unwrap();
    assert_eq!((score.all.points, score.all.pass), (None, false));
    // 9 of 10 found, 1 false: 90 points exactly.
    let truth: Vec<(u8, u32)> = (0..10).map(|number| (0, 20 * number)).collect();
    let mut found = truth.clone();
    found[9].1 = 500;
    let score = events::score(&starts(&truth), &starts(&found)).unwrap();
    assert!(score.all.pass && score.all.points.is_some_and(|points| (points - 90.0).abs() < 1e-9));
}
