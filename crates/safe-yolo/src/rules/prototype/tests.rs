//! P12: what points are is stated, and never guessed from their size.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

fn camera(id: i64, name: &str, source: &str) -> Value {
    let source_type = if source.contains("://") { "rtsp" } else { "file" };
    json!({
        "id": id, "name": name, "source": source, "source_type": source_type, "is_active": true,
        "created_at": "2026-02-11T00:00:00", "updated_at": "2026-02-11T00:00:00",
    })
}

fn roi(id: i64, camera_id: i64, name: &str, points: &[[f64; 2]]) -> Value {
    let points: Vec<_> = points.iter().map(|[x, y]| json!({"x": x, "y": y})).collect();
    json!({
        "id": id, "camera_id": camera_id, "name": name, "points": points, "color": "#FF0000",
        "zone_type": "danger", "is_active": true, "created_at": "2026-02-11T00:00:00",
        "updated_at": null,
    })
}

const PIXELS: [[f64; 2]; 4] = [[0.0, 0.0], [1280.0, 0.0], [1093.5, 516.0], [64.0, 720.0]];
const FRACTIONS: [[f64; 2]; 3] = [[0.0, 0.0], [1.0, 0.0], [0.5, 0.75]];

/// Imports these records; gives the site with its text and notes, or what is said.
fn import(records: &Value, sizes: &[&str]) -> Result<(Site, String, String), String> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("prototype.json");
    std::fs::write(&file, records.to_string()).unwrap();
    let stated: Vec<_> = sizes.iter().map(|size| size.parse().unwrap()).collect();
    let imported = || -> Result<_> {
        let mut records = Records::default();
        records.read(&file)?;
        let (text, notes) = site_file(records, &PictureSizes::new(&stated)?)?;
        let site = Site::parse("out", &text)?;
        Ok((site, text, notes.join("\n")))
    };
    imported().map_err(|error| format!("{error:#}"))
}

fn corners(site: &Site, camera: &str) -> Vec<[f64; 2]> {
    let config = site.camera(camera).unwrap().config().unwrap();
    config.zones[0].points.points().iter().map(|p| [p.x, p.y]).collect()
}

#[test]
fn p12_points_are_what_was_stated_and_nothing_else() {
    let pixels = json!([camera(1, "정문", "/videos/gate.mp4"), roi(1, 1, "프레스", &PIXELS)]);
    let (site, text, _) = import(&pixels, &["1280x720"]).unwrap();
    let expected = [[0.0, 0.0], [1.0, 0.0], [1093.5 / 1280.0, 516.0 / 720.0], [0.05, 1.0]];
    assert_eq!(corners(&site, "정문"), expected);
    assert!(text.contains("\"정문\"") && text.contains("\"프레스\""), "{text}");
    // The same numbers drawn on a larger picture are another place.
    let (site, ..) = import(&pixels, &["2560x1440"]).unwrap();
    assert_eq!(corners(&site, "정문").get(1), Some(&[0.5, 0.0]));

    let fractions = json!([camera(1, "정문", "/videos/gate.mp4"), roi(1, 1, "프레스", &FRACTIONS)]);
    let (site, ..) = import(&fractions, &["fractions"]).unwrap();
    assert_eq!(corners(&site, "정문"), FRACTIONS);

    let mixed: [[f64; 2]; 3] = [[0.1, 0.1], [640.0, 1.0], [640.0, 700.0]];
    let mixed = json!([camera(1, "정문", "/videos/gate.mp4"), roi(1, 1, "프레스", &mixed)]);
    for (records, size, says) in [
        (&mixed, "1280x720", "point (0.1, 0.1) looks like a fraction"),
        (&pixels, "fractions", "point (1280, 0) is no fraction"),
        (&pixels, "fractions", "--picture-size 1280x720"),
        (&pixels, "640x360", "point (1280, 0) is outside a picture of 640x360"),
        (&pixels, "1280x719", "point (64, 720) is outside a picture of 1280x719"),
        (&fractions, "1280x720", "all its points lie within 0 to 1"),
        (&fractions, "1280x720", "--picture-size fractions"),
    ] {
        let error = import(records, &[size]).unwrap_err();
        assert!(error.contains("zone 1 '프레스'"), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn p12_each_camera_may_have_its_own_picture() {
    let records = json!({
        "cameras": [camera(3, "a", "a.mp4"), camera(7, "b", "b.mp4")],
        "rois": [roi(1, 3, "z", &PIXELS), roi(2, 7, "z", &FRACTIONS)],
    });
    let (site, ..) = import(&records, &["1280x720", "7=fractions"]).unwrap();
    assert_eq!(corners(&site, "b"), FRACTIONS);
    let error = import(&records, &["1280x720"]).unwrap_err();
    assert!(error.contains("zone 2 'z'") && !error.contains("zone 1 'z'"), "{error}");
    let refused = |sizes: &[&str]| import(&records, sizes).unwrap_err();
    assert!(refused(&["1280x720", "9=fractions"]).contains("there is no camera 9"));
    assert!(refused(&["7=fractions"]).contains("--picture-size is missing for the other"));
    assert!(refused(&["1280x720", "fractions"]).contains("given twice"));
    for text in ["1280", "auto", "x=fractions", "0x720", "3=", ""] {
        assert!(text.parse::<StatedSize>().is_err(), "{text}");
    }
}

/// Rows of SQLite have their points as text, and 0 and 1 for no and yes.
#[test]
fn p12_rows_and_answers_of_the_prototype_are_the_same() {
    let answers = json!([camera(1, "a", "a.mp4"), roi(1, 1, "z", &PIXELS)]);
    let mut rows = answers.clone();
    rows[0]["is_active"] = json!(0);
    rows[1]["is_active"] = json!(0);
    rows[1]["points"] = json!(answers[1]["points"].to_string());
    let (site, ..) = import(&rows, &["1280x720"]).unwrap();
    let config = site.camera("a").unwrap().config().unwrap();
    assert!(!config.enabled && !config.zones[0].active, "{config:?}");
    let (active, ..) = import(&answers, &["1280x720"]).unwrap();
    assert_eq!(corners(&site, "a"), corners(&active, "a"));
    let zone = &active.camera("a").unwrap().config().unwrap().zones[0];
    assert_eq!((zone.zone_type, zone.active), (ZoneType::Danger, true));
    assert_eq!(zone.require, [Equipment::Helmet].into(), "as the prototype judged it");
    rows[1]["points"] = json!("[[0, 0], [1280, 0], [64, 720]]");
    rows[1]["zone_type"] = Value::Null;
    let (site, _, notes) = import(&rows, &["1280x720"]).unwrap();
    assert_eq!(corners(&site, "a"), [[0.0, 0.0], [1.0, 0.0], [0.05, 1.0]]);
    assert!(notes.contains("has no zone_type: a warning zone"), "{notes}");
}

#[test]
fn p12_a_password_is_never_written() {
    let records = json!([
        camera(4, "정문", "rtsp://admin:s3cr%40t@10.0.0.5:554/stream1"),
        camera(5, "후문", "RTSP://admin@10.0.0.6/stream1"),
    ]);
    let (site, text, notes) = import(&records, &["fractions"]).unwrap();
    let source = &site.camera("정문").unwrap().source;
    assert_eq!(source, "rtsp://admin:${CAMERA_4_PASSWORD}@10.0.0.5:554/stream1");
    assert_eq!(site.camera("후문").unwrap().source, "rtsp://admin@10.0.0.6/stream1");
    assert!(!text.contains("s3cr") && !notes.contains("s3cr"), "{text}\n{notes}");
    assert!(notes.contains("'정문'") && notes.contains("CAMERA_4_PASSWORD"), "{notes}");
    for source in
        ["rtsp://admin:s3cr/t@10.0.0.5/", "rtsp://admin:s3cr@t/@10.0.0.5/", "ftp://a:s3cr@b/"]
    {
        let error = import(&json!([camera(4, "정문", source)]), &["fractions"]).unwrap_err();
        assert!(error.contains("정문") && !error.contains("s3cr"), "{error}");
    }
}

#[test]
fn p12_all_that_does_not_fit_is_named_at_once_and_nothing_is_written() {
    let with = |mut record: Value, field: &str, value: Value| {
        record[field] = value;
        record
    };
    let without = |mut record: Value, field: &str| {
        record.as_object_mut().unwrap().remove(field);
        record
    };
    let records = json!([
        camera(1, "a", "a.mp4"),
        with(camera(2, "b", "b.mp4"), "source_type", json!("webcam")),
        with(camera(3, "c", "c.mp4"), "fps", json!(15)),
        with(camera(4, "d", "d.mp4"), "source_type", json!("rtsp")),
        without(camera(5, "e", "e.mp4"), "source_type"),
        camera(6, "a", "f.mp4"),
        camera(7, "g", "C:\\videos\\g.mp4"),
        camera(1, "h", "h.mp4"),
        roi(1, 9, "elsewhere", &FRACTIONS),
        with(roi(2, 1, "deadly", &FRACTIONS), "zone_type", json!("deadly")),
        roi(3, 1, "two", &FRACTIONS[..2]),
        with(roi(4, 1, "half", &FRACTIONS), "points", json!([{"x": 1}])),
        with(roi(5, 1, "maybe", &FRACTIONS), "is_active", json!("yes")),
        json!({"id": 1}),
    ]);
    let told = import(&records, &["fractions"]).unwrap_err();
    for says in [
        "camera 2 'b': source_type is 'webcam': it must be 'file' or 'rtsp'",
        "camera 3 'c': unknown field 'fps'",
        "camera 4 'd': source_type is 'rtsp', but its source begins with neither",
        "camera 5 'e': 'source_type' is missing",
        "camera 6 'a': camera 1 has the same name",
        "camera 7 'g': source 'C:\\videos\\g.mp4' is a path of Windows",
        "camera 1 'h': there is another camera 1",
        "zone 1 'elsewhere': there is no camera 9",
        "zone 2 'deadly': zone_type is 'deadly'",
        "zone 3 'two': a polygon needs at least 3 points, this one has 2",
        "zone 4 'half': 'points' must be a list",
        "zone 5 'maybe': 'is_active' must be true or false",
        "record 14 is no camera",
    ] {
        assert!(told.contains(says), "{says}:\n{told}");
    }
    assert!(import(&json!([]), &["fractions"]).unwrap_err().contains("there is no camera in"));
    assert!(import(&json!({"camera": []}), &["fractions"]).unwrap_err().contains("'camera'"));
    assert!(import(&json!(3), &["fractions"]).unwrap_err().contains("must hold a list"));
}
