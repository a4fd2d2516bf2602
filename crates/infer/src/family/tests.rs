//! Which family a graph is taken for, and what is said of those that are none.

use super::*;
use crate::graph::fixture::graph;

/// The family of a graph with this input and these outputs, or why there is none.
fn family(
    input: [i64; 4],
    outputs: &[(&str, &[i64])],
    names: Option<usize>,
    given: Option<Family>,
) -> Result<(&'static str, Option<usize>), String> {
    let size = |v: i64| u32::try_from(v).ok();
    let size = size(input[3]).zip(size(input[2])).map(|(w, h)| PictureSize::new(w, h));
    let hints = Hints { names, is_given: false, input: size, strides: None };
    choose(&graph(input, outputs), given, hints).map(|(family, fit)| (family.name(), fit.classes))
}

#[test]
fn shapes_tell_the_family() {
    let open = [-1, 3, -1, -1];
    let square = |side| [1, 3, side, side];
    type Case<'a> = ([i64; 4], &'a [(&'a str, &'a [i64])], Option<usize>, &'a str, Option<usize>);
    let cases: &[Case<'_>] = &[
        (square(416), &[("output", &[1, 3549, 85])], None, "yolox", Some(80)),
        (square(416), &[("output", &[1, -1, 112])], None, "nanodet-plus", Some(80)),
        (square(416), &[("output", &[1, 3598, 34])], Some(2), "nanodet-plus", Some(2)),
        (square(640), &[("output0", &[1, 84, 8400])], None, "yolov8", Some(80)),
        (open, &[("output0", &[-1, 14, -1])], Some(10), "yolov8", Some(10)),
        (square(640), &[("output0", &[1, 300, 6])], Some(10), "yolov10", None),
        (square(640), &[("output0", &[1, 300, 6])], Some(1), "yolov10", None),
        (open, &[("output", &[-1, -1, 15])], Some(10), "yolox", Some(10)),
        (
            square(560),
            &[("dets", &[1, 300, 4]), ("labels", &[1, 300, 91])],
            None,
            "rf-detr",
            Some(91),
        ),
        (
            square(384),
            &[("labels", &[1, 300, 4]), ("dets", &[1, 300, 4])],
            Some(3),
            "rf-detr",
            Some(4),
        ),
        (
            square(640),
            &[("logits", &[-1, 300, 80]), ("pred_boxes", &[-1, 300, 4])],
            None,
            "rt-detr",
            Some(80),
        ),
    ];
    for (input, outputs, names, expected, classes) in cases {
        let found = family(*input, outputs, *names, None);
        assert_eq!(found, Ok((*expected, *classes)), "{outputs:?}");
    }
}

#[test]
fn what_fits_none_or_several_is_refused_with_its_shapes() {
    let input = [1, 3, 64, 64];
    let error = family(input, &[("out", &[1, 84, 3])], Some(2), None).unwrap_err();
    for says in ["none of the families", "images [1, 3, 64, 64]", "out [1, 84, 3]", "yolox: "] {
        assert!(error.contains(says), "{error}");
    }
    let error = family(input, &[("out", &[1, 84, 6])], Some(1), None).unwrap_err();
    assert!(error.contains("could be yolox or yolov10"), "{error}");
    assert!(error.contains("out [1, 84, 6]") && error.contains("--model-family"), "{error}");
    let error = family(input, &[("out", &[1, 84, 5])], None, None).unwrap_err();
    assert!(error.contains("leave none for a class"), "{error}");
    let error = family(input, &[("a", &[1, 9, 4]), ("b", &[1, 9, 3])], Some(3), None).unwrap_err();
    assert!(error.contains("not 'pred_boxes' and 'logits'"), "{error}");
}

#[test]
fn what_is_given_overrides_and_must_fit() {
    let input = [1, 3, 64, 64];
    let given =
        |outputs: &[(&str, &[i64])], names, given| family(input, outputs, names, Some(given));
    let one: &[(&str, &[i64])] = &[("out", &[1, 84, 6])];
    assert_eq!(given(one, Some(1), Family::Yolox), Ok(("yolox", Some(1))));
    assert_eq!(given(one, Some(1), Family::Yolov10), Ok(("yolov10", None)));
    let two: &[(&str, &[i64])] = &[("a", &[1, 9, 3]), ("b", &[1, 9, 4])];
    assert_eq!(given(two, Some(3), Family::RtDetr), Ok(("rt-detr", Some(3))));
    let error = given(one, Some(1), Family::RfDetr).unwrap_err();
    assert!(error.contains("no rf-detr model") && error.contains("out [1, 84, 6]"), "{error}");
    let error = given(two, Some(5), Family::RtDetr).unwrap_err();
    assert!(error.contains("3 logits a query, but 5 names"), "{error}");
}

#[test]
fn names_of_families_are_those_of_the_formats() {
    for family in Family::ALL {
        assert_eq!(Family::from_name(family.name()), Some(family));
        let json = serde_json::to_string(&family).unwrap();
        assert_eq!(json, format!("\"{}\"", family.name()));
    }
    let unverified: Vec<_> =
        Family::ALL.into_iter().filter(|f| f.verified().is_none()).map(Family::name).collect();
    assert_eq!(unverified, ["nanodet-plus", "yolov8", "yolov10"]);
}
