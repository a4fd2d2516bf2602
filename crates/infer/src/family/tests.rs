//! Which family a graph is taken for, and what is said of those that are none.

use proptest::prelude::*;

use super::*;
use crate::detector::decode;
use crate::graph::fixture::graph;
use crate::model::fixture;
use crate::nms::{best, non_maximum_suppression};

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

const INPUT: PictureSize = PictureSize::new(64, 64);
const CLASSES: [Option<Class>; 3] = [Some(Class::Person), None, Some(Class::Helmet)];

/// Outputs of a model of this family with three labels and, where it may choose, so many rows.
fn outputs(family: Family, rows: usize, next: &mut impl FnMut() -> f32) -> Vec<(Vec<f32>, usize)> {
    let layout = family.layout(CLASSES.len(), None);
    let tensor = |[fixed_rows, columns]: Sides| {
        let columns = columns.unwrap_or(1);
        let len = fixed_rows.unwrap_or(rows) * columns;
        ((0..len).map(|_| next()).collect(), columns)
    };
    (family.spec().expected)(&layout, INPUT).into_iter().map(tensor).collect()
}

fn look(family: Family, outputs: &[(Vec<f32>, usize)]) -> Result<Vec<Detection>, String> {
    let mut info = fixture::info();
    info.family = family;
    info.layout = family.layout(CLASSES.len(), None);
    let rows: Vec<_> =
        outputs.iter().map(|(values, columns)| Rows { values, columns: *columns }).collect();
    let task = Task { classes: &CLASSES, layout: &info.layout, input: INPUT, min_score: 0.1 };
    decode(&info, &rows, &task).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_numbers_are_boxes_or_a_failure(
        at in 0..Family::ALL.len(),
        rows in 0_usize..40,
        numbers in prop::collection::vec(
            prop_oneof![-2.0_f32..2.0, 0.0_f32..1.0, Just(0.0), Just(-1e30), Just(3e38), Just(2.0)],
            1..200,
        ),
    ) {
        let mut numbers = numbers.into_iter().cycle();
        let outputs = outputs(Family::ALL[at], rows, &mut || numbers.next().unwrap_or_default());
        if let Ok(found) = look(Family::ALL[at], &outputs) {
            for d in found {
                prop_assert!(d.score >= 0.1 && d.score <= 1.0);
                prop_assert!(matches!(d.class, Class::Person | Class::Helmet));
            }
        }
    }

    #[test]
    fn one_number_that_is_none_fails_wherever_it_is(
        at in 0..Family::ALL.len(),
        place in any::<prop::sample::Index>(),
        number in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)],
    ) {
        let family = Family::ALL[at];
        let mut outputs = outputs(family, 20, &mut || 0.0);
        prop_assert!(look(family, &outputs).is_ok());
        let which = place.index(outputs.len());
        let values = &mut outputs[which].0;
        let len = values.len();
        values[place.index(len)] = number;
        let error = look(family, &outputs).unwrap_err();
        prop_assert!(error.contains("not finite"), "{}", error);
    }
}

#[test]
fn ten_thousand_boxes_become_the_best_three_hundred() {
    for family in [Family::RfDetr, Family::RtDetr, Family::Yolov10] {
        let mut seed = 1_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32
        };
        let mut outputs = outputs(family, 10_000, &mut random);
        if family == Family::Yolov10 {
            outputs[0].0.chunks_exact_mut(6).for_each(|row| row[5] = 0.0);
        }
        let found = look(family, &outputs).unwrap();
        assert!(found.len() > 5000, "{family}: {}", found.len());
        let kept = best(found.clone(), 300);
        assert_eq!(kept.len(), 300, "{family}");
        assert!(kept.is_sorted_by(|one, other| one.score >= other.score), "{family}");
        assert!(non_maximum_suppression(found, 0.45, 300).len() <= 300, "{family}");
    }
}
