//! What the rules say now and on what grounds, and that a camera that is blind says nothing.

use std::sync::Arc;

use futures_util::stream;
use safe_yolo_core::{Polygon, Rule};
use safe_yolo_media::source::SourceSpec;
use safe_yolo_media::stream::{OpenOptions, PictureStream};
use safe_yolo_pipeline::opener::Opening;
use safe_yolo_pipeline::{Opener, RealSources};
use safe_yolo_server::StartupCamera;
use safe_yolo_sim::Scene;
use safe_yolo_store::{NewCamera, NewZone, Origin, Role};
use safe_yolo_testkit::clip::ClipSpec;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::site::{Site, quiet};

fn rules(rules: Value) -> Vec<Rule> {
    serde_json::from_value(rules).unwrap()
}

/// Opens real sources; those of seed 13 give no picture while they are told to hold.
#[derive(Debug)]
pub(crate) struct Holding(pub(crate) watch::Receiver<bool>);

impl Opener for Holding {
    fn open(&self, source: SourceSpec, options: OpenOptions) -> Opening {
        if !source.redacted().contains("seed=13") {
            return RealSources.open(source, options);
        }
        let held = self.0.clone();
        Box::pin(async move {
            let real = RealSources.open(source, options).await?;
            let info = real.info().clone();
            let pictures = stream::unfold((real, held), |(mut real, mut held)| async move {
                held.wait_for(|held| !held).await.ok()?;
                real.next().await.transpose().map(|picture| (picture, (real, held)))
            });
            Ok(PictureStream::scripted(info, pictures))
        })
    }
}

/// A camera that draws two workers in a zone, the second of them bare-headed.
pub(crate) fn hall(seed: u64) -> StartupCamera {
    let drawn = Scene::new("helmets", seed).unwrap().zones().remove(0);
    let zone = NewZone {
        dwell_s: 1.0,
        require: drawn.require,
        rules: rules(json!([
            {"type": "loitering", "dwell_s": 1},
            {"type": "occupancy_above", "people": 1, "dwell_s": 0.5},
            {"type": "occupancy_above", "name": "crowd", "people": 20},
            {"type": "line_crossing", "line": [[0.02, 0.02], [0.06, 0.02]]},
            {"type": "entries_above", "people": 100, "window_s": 60},
            {"type": "fall", "schedule": [{"holidays": "only"}]},
            {"type": "fire", "active": false},
        ])),
        ..NewZone::new("press", drawn.zone_type, Polygon::new(drawn.points).unwrap())
    };
    StartupCamera {
        camera: NewCamera::new("hall", &format!("sim://helmets?seed={seed}"), Origin::CommandLine),
        zones: Some(vec![zone]),
    }
}

/// The rule of this name in the first zone.
fn rule<'a>(verdicts: &'a Value, name: &str) -> &'a Value {
    let rules = verdicts["zones"][0]["rules"].as_array();
    rules.and_then(|rules| rules.iter().find(|rule| rule["name"] == name)).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_tell_what_they_rest_on() {
    let site = Site::with(vec![hall(1)]).await;
    let viewer = site.somebody(Role::Viewer).await;
    let camera = viewer.camera("hall").await;
    let helmets = |verdicts: &Value| -> Vec<String> {
        let people = verdicts["zones"][0]["people"].as_array().cloned().unwrap_or_default();
        let of = |person: &Value| person["votes"]["helmet"]["verdict"].as_str().map(str::to_owned);
        let mut told: Vec<_> = people.iter().filter_map(of).collect();
        told.sort();
        told
    };
    let grounds = |verdicts: &Value, name: &str| -> Vec<Value> {
        rule(verdicts, name)["grounds"].as_array().cloned().unwrap_or_default()
    };
    let told = viewer
        .until(&format!("/api/cameras/{camera}/verdicts"), |verdicts| {
            verdicts["state"] == "LIVE"
                && helmets(verdicts) == ["missing", "present"]
                && grounds(verdicts, "loitering").iter().filter(|g| g["verdict"] == "fire").count()
                    == 2
                && rule(verdicts, "occupancy_above")["verdict"] == "fire"
        })
        .await;
    let config = viewer.get(&format!("/api/cameras/{camera}")).await.ok();
    assert_eq!(told["version"], config["version"]);
    assert!(told["utc"].as_str().is_some_and(|utc| utc.ends_with('Z')), "{told}");
    let zone = &told["zones"][0];
    assert_eq!((&zone["id"], &zone["verdict"]), (&config["zones"][0]["id"], &json!("alarm")));

    // The votes are what the verdict was made of.
    for person in zone["people"].as_array().unwrap() {
        let votes = &person["votes"]["helmet"];
        assert_eq!(votes["verdict"], person["equipment"]["helmet"], "{person}");
        let number = |field: &str| votes[field].as_f64().unwrap();
        let is_worn = votes["verdict"] == "present";
        assert_eq!(number("present") > number("missing"), is_worn, "{person}");
        assert!(number("coverage") > 0.0 && number("coverage") <= 1.0, "{person}");
    }
    // Each of the two, with how long he has been there, above the dwell.
    let mut people: Vec<_> =
        zone["people"].as_array().unwrap().iter().map(|p| p["track"].clone()).collect();
    let loiterers = grounds(&told, "loitering");
    let mut tracks: Vec<_> = loiterers.iter().map(|ground| ground["track"].clone()).collect();
    for list in [&mut people, &mut tracks] {
        list.sort_by_key(ToString::to_string);
    }
    assert_eq!(tracks, people, "{told}");
    assert!(loiterers.iter().all(|ground| ground["held_s"].as_f64() >= Some(1.0)), "{loiterers:?}");
    let crowded = grounds(&told, "occupancy_above");
    assert_eq!(crowded.len(), 1, "of the place, not of a person: {told}");
    assert!(crowded[0]["track"].is_null() && crowded[0]["details"].is_object(), "{crowded:?}");

    assert_eq!(rule(&told, "crowd")["verdict"], "clear");
    assert_eq!(rule(&told, "line_crossing")["line"], json!([[0.02, 0.02], [0.06, 0.02]]));
    assert_eq!(rule(&told, "line_crossing")["passed"], json!({"to_left": 0, "to_right": 0}));
    assert!(rule(&told, "entries_above")["count"].is_u64(), "{told}");
    let asleep = rule(&told, "fall");
    assert_eq!((&asleep["verdict"], &asleep["reason"]), (&json!("off"), &json!("schedule")));
    assert!(rule(&told, "fire").is_null(), "who is switched off says nothing");
    assert_eq!(viewer.get("/api/cameras/nobody/verdicts").await.code(), "not_found");
}

/// Whether a camera that is not LIVE tells of its zone, and then nothing that could look safe.
fn is_unknown(verdicts: &Value) -> bool {
    if verdicts["state"] == "LIVE" {
        return false;
    }
    let zones = verdicts["zones"].as_array().unwrap();
    for zone in zones {
        assert_eq!(zone["verdict"], "unknown", "{verdicts}");
        let rules = zone["rules"].as_array().unwrap();
        assert_eq!(rules.len(), 3, "{verdicts}");
        for rule in rules {
            let is_off = rule["verdict"] == "off" && rule["reason"] == "schedule";
            let is_unknown = rule["verdict"] == "unknown" && rule["reason"] == "not_looked_at";
            assert!(is_unknown || (is_off && rule["name"] == "fall"), "{verdicts}");
            assert!(rule["grounds"].is_null(), "{verdicts}");
        }
    }
    zones.len() == 1
}

/// A zone in which nobody is, and rules that say so.
pub(crate) fn empty() -> NewZone {
    let corners = [[0.1, 0.4], [0.9, 0.4], [0.9, 0.9], [0.1, 0.9]];
    NewZone {
        rules: rules(json!([
            {"type": "occupancy_above", "people": 3},
            {"type": "loitering"},
            {"type": "fall", "schedule": [{"holidays": "only"}]},
        ])),
        ..NewZone::new(
            "press",
            safe_yolo_core::ZoneType::Danger,
            Polygon::new(corners.into_iter().map(Into::into).collect()).unwrap(),
        )
    }
}

fn is_clear(verdicts: &Value) -> bool {
    verdicts["state"] == "LIVE"
        && verdicts["zones"][0]["verdict"] == "clear"
        && rule(verdicts, "occupancy_above")["verdict"] == "clear"
        && rule(verdicts, "loitering")["verdict"] == "clear"
        && rule(verdicts, "fall")["verdict"] == "off"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_gives_no_picture_any_more_says_nothing() {
    let (hold, held) = watch::channel(false);
    let gate = StartupCamera {
        camera: NewCamera::new("gate", "sim://quiet?seed=13", Origin::CommandLine),
        zones: Some(vec![empty()]),
    };
    let site = Site::opened_by(vec![gate], Arc::new(Holding(held))).await;
    let admin = site.admin().await;
    let path = format!("/api/cameras/{}/verdicts", admin.camera("gate").await);
    admin.until(&path, is_clear).await;
    hold.send(true).unwrap();
    // The last picture is still there and was clear: it says nothing about now.
    let blind = admin.until(&path, is_unknown).await;
    assert!(blind["utc"].is_string(), "{blind}");
    hold.send(false).unwrap();
    admin.until(&path, is_clear).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_said_to_wear_a_helmet_where_nobody_looks() {
    let (hold, held) = watch::channel(false);
    let site = Site::opened_by(vec![hall(13)], Arc::new(Holding(held))).await;
    let admin = site.admin().await;
    let path = format!("/api/cameras/{}/verdicts", admin.camera("hall").await);
    let is_worn = |verdicts: &Value| {
        let people = verdicts["zones"][0]["people"].as_array().cloned().unwrap_or_default();
        people.iter().any(|person| person["equipment"]["helmet"] == "present")
    };
    admin.until(&path, |verdicts| verdicts["state"] == "LIVE" && is_worn(verdicts)).await;
    hold.send(true).unwrap();
    let blind = admin
        .until(&path, |verdicts| {
            verdicts["state"] != "LIVE" && verdicts["zones"][0]["verdict"] == "unknown"
        })
        .await;
    assert_eq!(blind["zones"][0]["people"], json!([]), "{blind}");
    hold.send(false).unwrap();
    admin.until(&path, |verdicts| verdicts["state"] == "LIVE" && is_worn(verdicts)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_that_is_paused_stopped_or_off_says_nothing() {
    let site = Site::with(vec![quiet()]).await;
    let admin = site.admin().await;
    ClipSpec { seconds: 4.0, ..ClipSpec::default() }.write(&site.videos.join("a.mp4")).unwrap();
    let new = json!({"name": "film", "source": "a.mp4", "repeat": true});
    let film = admin.post("/api/cameras", new).await.ok();
    let camera = film["id"].clone();
    let path = format!("/api/cameras/{}", camera.as_str().unwrap());
    let (command, verdicts) = (format!("{path}/command"), format!("{path}/verdicts"));
    let zone = empty();
    let body = json!({"camera": camera, "name": zone.name, "type": zone.zone_type,
        "points": zone.points, "rules": zone.rules});
    admin.post("/api/zones", body).await.ok();
    admin.until(&verdicts, is_clear).await;

    admin.post(&command, json!({"action": "pause"})).await.ok();
    let paused = admin.get(&verdicts).await.ok();
    assert_eq!(paused["state"], "PAUSED");
    admin.until(&verdicts, is_unknown).await;
    admin.post(&command, json!({"action": "play"})).await.ok();
    admin.until(&verdicts, is_clear).await;
    for (what, version) in [("stop", 2), ("off", 3)] {
        match what {
            "stop" => admin.post(&command, json!({"action": "stop"})).await.ok(),
            _ => admin.patch(&path, json!({"enabled": false})).await.ok(),
        };
        let nothing = admin.get(&verdicts).await.ok();
        assert_eq!(
            (&nothing["state"], &nothing["utc"]),
            (&json!("STOPPED"), &json!(null)),
            "{what}"
        );
        assert_eq!(nothing["version"], version, "{what}");
        assert!(is_unknown(&nothing), "{what}: {nothing}");
    }
}
