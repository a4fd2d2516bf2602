//! The pictures that prove an alarm, as a browser gets them: with what was found drawn in, and clean.

use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};
use reqwest::{Method, header};
use safe_yolo_server::StartupCamera;
use safe_yolo_sim::Scene;
use safe_yolo_store::Role;
use serde_json::{Value, json};

use crate::clips::{alarm, intruders};
use crate::site::{Client, Site};

/// A label of a picture of this height: so many pixels high, and so many for each character. It
/// stands above the upper left corner of its box.
const LABEL_HEIGHT: i64 = 10;
const CHARACTER: i64 = 8;
/// How far around the person that the alarm is about a second box is drawn.
const AROUND: i64 = 6;
/// How far beyond a line JPEG may smear it: blocks of 16 pixels, and what is smoothed beside them.
const SMEARED: i64 = 20;

/// Left, upper, right and lower edge, pixels; the last two are not in it.
type Part = [i64; 4];

fn is_in([x1, y1, x2, y2]: Part, x: i64, y: i64) -> bool {
    (x1..x2).contains(&x) && (y1..y2).contains(&y)
}

/// The four sides of a box, each as wide as the line that is drawn: two pixels.
fn sides([x1, y1, x2, y2]: Part) -> [Part; 4] {
    [
        [x1 - 1, y1, x1 + 1, y2],
        [x1, y1 - 1, x2, y1 + 1],
        [x2 - 1, y1, x2 + 1, y2],
        [x1, y2 - 1, x2, y2 + 1],
    ]
}

/// Both pictures of an alarm, of one size.
struct Pair {
    drawn: RgbImage,
    clean: RgbImage,
}

impl Pair {
    /// By how much they differ in each pixel of those that are wanted: in red, green or blue,
    /// whichever differs most.
    fn differences(&self, wanted: impl Fn(i64, i64) -> bool) -> Vec<u8> {
        let all = self.drawn.enumerate_pixels().zip(self.clean.pixels());
        let wanted = all.filter(|((x, y, _), _)| wanted(i64::from(*x), i64::from(*y)));
        let most = |drawn: [u8; 3], clean: [u8; 3]| {
            drawn.into_iter().zip(clean).map(|(a, b)| a.abs_diff(b)).max().unwrap()
        };
        wanted.map(|((.., drawn), clean)| most(drawn.0, clean.0)).collect()
    }

    fn mean_in(&self, part: Part) -> f64 {
        mean(&self.differences(|x, y| is_in(part, x, y)))
    }
}

fn mean(differences: &[u8]) -> f64 {
    assert!(!differences.is_empty(), "nothing of it is in the picture");
    differences.iter().map(|value| f64::from(*value)).sum::<f64>() / differences.len() as f64
}

async fn picture(client: &Client, path: &str) -> RgbImage {
    let answer = client.request(Method::GET, path).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/jpeg");
    let jpeg = answer.bytes().await.unwrap();
    image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// The file of this name, wherever it lies in a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => find(&path, name),
            false => path.ends_with(name).then_some(path),
        }
    })
}

#[tokio::test]
async fn the_snapshot_of_a_real_alarm_shows_what_was_found_and_the_clean_one_nothing_of_it() {
    let hall = intruders();
    let StartupCamera { zones: Some(zones), .. } = &hall else { panic!("it has a zone") };
    let [zone] = zones.as_slice() else { panic!("it has one zone: {zones:?}") };
    let corners = zone.points.points().to_vec();
    let site = Site::with(vec![hall]).await;
    let viewer = site.somebody(Role::Viewer).await;
    let event = alarm(&viewer, |event| event["snapshot"] == "stored").await;
    let id = event["id"].as_str().unwrap();
    let path = format!("/api/events/{id}/snapshot");
    let drawn = picture(&viewer, &path).await;
    let clean = picture(&viewer, &format!("{path}?clean=1")).await;
    let size = Scene::new("intruders", 0).unwrap().size();
    assert_eq!(drawn.dimensions(), (size.width, size.height), "as large as the source");
    assert_eq!(clean.dimensions(), (size.width, size.height), "as large as the source");
    let pair = Pair { drawn, clean };
    let across = |share: f64| (share * f64::from(size.width)).round() as i64;
    let down = |share: f64| (share * f64::from(size.height)).round() as i64;

    let file = find(&site.data.join("evidence"), &format!("{id}.boxes.json")).expect("its boxes");
    let file: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let found = file["pictures"][0]["boxes"].as_array().unwrap();
    let part = |found: &Value| -> Part {
        let edge = |at: usize| found["box"][at].as_f64().unwrap();
        [across(edge(0)), down(edge(1)), across(edge(2)), down(edge(3))]
    };

    // Around whom it is about.
    let number = event["track"].as_str().unwrap().rsplit('/').next().unwrap();
    let number: u64 = number.parse().unwrap();
    let person = found.iter().find(|found| found["number"] == number).expect("his box");
    assert_eq!((&person["class"], &person["level"]), (&json!("person"), &json!("danger")));
    // At the left edge of the picture he came in, and his label is above him.
    let [.., right, below] = sides(part(person)).map(|side| pair.mean_in(side));
    println!("his box: {right:.0} at the right and {below:.0} below of 255");
    assert!(right > 20.0 && below > 20.0, "his box: {right} at the right, {below} below");

    // Around the zone; the banner lies over its upper line.
    let zone: Part =
        [across(corners[0].x), down(corners[0].y), across(corners[2].x), down(corners[2].y)];
    let [left, _, right, below] = sides(zone).map(|side| pair.mean_in(side));
    println!("the zone: {left:.0} at the left, {right:.0} at the right and {below:.0} below");
    assert!(left > 40.0 && right > 40.0 && below > 40.0, "the zone: {left}, {right}, {below}");

    // What it is about, in the upper left corner.
    let said = ["severity", "type", "start"].map(|part| event[part].as_str().unwrap());
    let characters = said.join(" ").chars().count() as i64;
    let banner = pair.mean_in([0, 0, CHARACTER * characters, LABEL_HEIGHT]);
    println!("the banner: {banner:.0}");
    assert!(banner > 40.0, "the banner: {banner}");

    // Away from all of these, whatever else was found included, they are the same picture.
    let mut parts = sides(zone).to_vec();
    parts.push([0, 0, i64::from(size.width), LABEL_HEIGHT]);
    for found in found {
        let [x1, y1, x2, y2] = part(found);
        parts.push([x1 - AROUND, y1 - AROUND, x2 + AROUND, y2 + AROUND]);
        // How long its label is depends on what it says.
        parts.push([0, y1 - LABEL_HEIGHT, i64::from(size.width), y1]);
    }
    for [x1, y1, x2, y2] in &mut parts {
        (*x1, *y1, *x2, *y2) = (*x1 - SMEARED, *y1 - SMEARED, *x2 + SMEARED, *y2 + SMEARED);
    }
    let away = pair.differences(|x, y| !parts.iter().any(|part| is_in(*part, x, y)));
    let share = away.len() as f64 / (f64::from(size.width) * f64::from(size.height));
    println!("{share:.2} of the picture is away from all that: {:.3}", mean(&away));
    assert!(share > 0.25, "{share} of the picture");
    assert!(mean(&away) < 0.5, "{}", mean(&away));
}
