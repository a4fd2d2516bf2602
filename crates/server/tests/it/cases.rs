//! Exported cases: what is in them, who may have them, and that altering one is seen.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, EventChange, EventId};
use safe_yolo_server::case::verify_case;
use safe_yolo_store::chain::verify::{has_entry, verify};
use safe_yolo_store::evidence::{EvidenceLimits, FileKind};
use safe_yolo_store::{EvidenceStore, InstallationKey, PublicKey, Role};
use serde_json::json;
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::events::event;
use crate::site::{Client, Site};

/// A JPEG of fine stripes.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let stripes = image::RgbImage::from_fn(width, height, |x, _| {
        image::Rgb(if (x / 2).is_multiple_of(2) { [250; 3] } else { [5; 3] })
    });
    let mut jpeg = Cursor::new(Vec::new());
    stripes.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    jpeg.into_inner()
}

/// Alarms of one incident with pictures, and its id.
async fn incident(site: &Site, alarms: usize, size: (u32, u32)) -> (EventId, Vec<Event>) {
    let limits = EvidenceLimits::default();
    let evidence = EvidenceStore::open(&site.data, limits, site.store.clone()).await.unwrap();
    let (mut events, jpeg) = (Vec::new(), picture(size.0, size.1));
    for number in 0..alarms {
        let mut event = event(None);
        event.message.ko = "<위험구역> 침입".into();
        record(site, ChangeKind::Raised, &event).await;
        evidence.save(event.id, jpeg.clone(), jpeg.clone()).await.unwrap();
        if number == 0 {
            let boxes = json!({"pictures": [{"t_s": 0, "analysis": "done", "boxes":
                [{"class": "person", "number": 1, "box": [0.4, 0.2, 0.6, 0.9]}]}]});
            let boxes = boxes.to_string().into_bytes();
            evidence.save_bytes(event.id, FileKind::Boxes, boxes).await.unwrap();
            evidence.save_bytes(event.id, FileKind::Clip, vec![7; 100_000]).await.unwrap();
        }
        event.snapshot = SnapshotState::Stored;
        record(site, ChangeKind::Updated, &event).await;
        events.push(event);
    }
    let first = site.store.event(events[0].id).await.unwrap().unwrap();
    (first.incident.unwrap(), events)
}

pub(crate) async fn record(site: &Site, kind: ChangeKind, event: &Event) {
    let change = EventChange { kind, event: event.clone() };
    site.store.record(Uuid::now_v7(), &change).await.unwrap();
}

/// Fetches a case and keeps it.
pub(crate) async fn fetch(site: &Site, by: &Client, incident: EventId, original: bool) -> PathBuf {
    let path = format!("/api/incidents/{incident}/export");
    let body = json!({"original": original, "reason": "investigation"});
    let answer = by.request(reqwest::Method::POST, &path).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let name = format!("case-{original}.zip");
    assert!(answer.headers()["content-disposition"].to_str().unwrap().contains(".zip"));
    let file = site.data.join(name);
    fs::write(&file, answer.bytes().await.unwrap()).unwrap();
    file
}

pub(crate) fn unpack(case: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(File::open(case).unwrap()).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let (name, mut content) = (entry.name().unwrap().into_owned(), Vec::new());
        entry.read_to_end(&mut content).unwrap();
        files.insert(name, content);
    }
    files
}

fn pack(files: &BTreeMap<String, Vec<u8>>, to: &Path) {
    let mut zip = ZipWriter::new(File::create(to).unwrap());
    for (name, content) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

pub(crate) fn key(site: &Site) -> PublicKey {
    InstallationKey::find(&site.data).unwrap().unwrap().public()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_with_originals_proves_itself_and_needs_a_right() {
    let site = Site::quiet().await;
    let (admin, operator) = (site.admin().await, site.somebody(Role::Operator).await);
    let (incident, events) = incident(&site, 3, (320, 240)).await;
    let path = format!("/api/incidents/{incident}/export");
    let original = json!({"original": true, "reason": "police"});
    let refused = operator.post(&path, original.clone()).await;
    assert_eq!(refused.code(), "forbidden");
    assert!(refused.text.contains("may not export originals"), "{}", refused.text);
    let viewer = site.somebody(Role::Viewer).await;
    assert_eq!(viewer.post(&path, json!({"reason": "x"})).await.code(), "forbidden");
    for (body, code) in [
        (json!({"reason": " "}), "invalid"),
        (json!({"reason": "x".repeat(1001)}), "invalid"),
        (json!({}), "malformed"),
    ] {
        let answer = operator.post(&path, body.clone()).await;
        assert!(["invalid", "malformed"].contains(&answer.code()), "{body} {code}: {answer:?}");
    }
    let unknown = format!("/api/incidents/{}/export", Uuid::now_v7());
    assert_eq!(operator.post(&unknown, json!({"reason": "x"})).await.code(), "not_found");

    let case = fetch(&site, &admin, incident, true).await;
    let shown = admin.get("/api/system").await.ok()["key"].as_str().unwrap().to_owned();
    assert_eq!(shown, key(&site).to_string());
    let report = verify_case(&case, PublicKey::parse(&shown).as_ref()).unwrap();
    assert!(report.ok, "{report:?}");
    assert_eq!((report.originals, report.masked, report.left_out), (8, 0, 0), "{report:?}");
    assert_eq!(report.key_is_known, Some(true));
    assert!(has_entry(&site.data, report.head).await.unwrap());
    assert!(verify(&site.data, None).await.unwrap().ok);
    let files = unpack(&case);
    let stored = fs::read(
        site.data.join("evidence").join(day_of(events[0].id)).join(format!("{}.mp4", events[0].id)),
    )
    .unwrap();
    assert_eq!(files[&format!("clips/{}.mp4", events[0].id)], stored);
    let page = String::from_utf8(files["report.html"].clone()).unwrap();
    for part in ["&lt;위험구역&gt; 침입", "investigation", "admin", &shown, "무결성"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<script"), "no scripts");
    site.audited("export", |entry| {
        entry.action == "case.export"
            && entry.who == "admin"
            && entry.target == incident.to_string()
            && entry.detail == "original: investigation"
    })
    .await;
}

/// The day of an event, as its folder is named.
fn day_of(id: EventId) -> String {
    let (seconds, _) = id.0.get_timestamp().unwrap().to_unix();
    let at = safe_yolo_core::Utc(i64::try_from(seconds).unwrap() * 1_000_000).to_string();
    at[..10].replace('-', "/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_unrecognisable_unless_originals_are_asked_for() {
    let site = Site::quiet().await;
    let operator = site.somebody(Role::Operator).await;
    let (incident, events) = incident(&site, 2, (320, 240)).await;
    let case = fetch(&site, &operator, incident, false).await;
    let report = verify_case(&case, Some(&key(&site))).unwrap();
    assert!(report.ok, "{report:?}");
    // The boxes of the first are known; what is stored as its clip is none, and is left out.
    assert_eq!((report.originals, report.masked, report.left_out), (1, 4, 1), "{report:?}");
    let files = unpack(&case);
    assert!(!files.keys().any(|name| name.ends_with(".mp4")));
    let contrast = |name: &str, x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
        let grey = image::load_from_memory(&files[name]).unwrap().into_luma8();
        let at = |x, y| i32::from(grey.get_pixel(x, y).0[0]);
        y.flat_map(|y| x.clone().map(move |x| (x, y)))
            .map(|(x, y)| (at(x, y) - at(x + 2, y)).abs())
            .max()
            .unwrap()
    };
    for kind in ["jpg", "clean.jpg"] {
        let known = format!("pictures/{}.{kind}", events[0].id);
        assert!(contrast(&known, 132..186, 52..94) < 60, "{known}: the head");
        assert!(contrast(&known, 0..100, 0..230) > 180, "{known}: beside it");
        let unknown = format!("pictures/{}.{kind}", events[1].id);
        assert!(contrast(&unknown, 0..310, 0..240) < 60, "{unknown}: all of it");
    }
    // By the site's policy, people from head to foot.
    let settings = json!({"group_within_s": 120, "escalate_after_s": {}, "export_blur": "bodies"});
    let admin = site.admin().await;
    admin.send(reqwest::Method::PUT, "/api/alarm-settings", Some(settings)).await.ok();
    let case = unpack(&fetch(&site, &operator, incident, false).await);
    let described: serde_json::Value = serde_json::from_slice(&case["case.json"]).unwrap();
    let known = format!("pictures/{}.jpg", events[0].id);
    let listed =
        described["files"].as_array().unwrap().iter().find(|f| f["name"] == known.as_str());
    assert_eq!(listed.unwrap()["masked"], "bodies");
    site.audited("export", |entry| {
        entry.action == "case.export"
            && entry.who == "operator"
            && entry.detail == "blurred: investigation"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_of_altering_a_case_is_named() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let (incident, events) = incident(&site, 2, (64, 48)).await;
    let case = fetch(&site, &admin, incident, true).await;
    let files = unpack(&case);
    let altered = site.data.join("altered.zip");
    // One byte of each file.
    for name in files.keys() {
        let mut changed = files.clone();
        let content = changed.get_mut(name).unwrap();
        let at = content.len() / 2;
        content[at] ^= 1;
        pack(&changed, &altered);
        match verify_case(&altered, Some(&key(&site))) {
            Ok(report) => {
                assert!(!report.ok, "{name}");
                let named = if name == "manifest.sig" { "manifest.json" } else { name };
                assert!(
                    report.faults.iter().any(|fault| fault.name == named),
                    "{name}: {report:?}"
                );
            }
            // JSON that is none any more.
            Err(error) => assert!(error.to_string().contains(name.as_str()), "{name}: {error}"),
        }
        let mut missing = files.clone();
        missing.remove(name);
        pack(&missing, &altered);
        match verify_case(&altered, None) {
            Ok(report) => assert!(report.faults.iter().any(|fault| &fault.name == name), "{name}"),
            Err(error) => assert!(error.to_string().contains(name.as_str()), "{name}: {error}"),
        }
    }
    let mut added = files.clone();
    added.insert("pictures/more.jpg".into(), vec![1]);
    pack(&added, &altered);
    let report = verify_case(&altered, None).unwrap();
    assert_eq!(report.faults.len(), 1, "{report:?}");
    assert!(report.faults[0].detail.contains("added"), "{report:?}");
    // Signed anew by another installation.
    let other = tempfile::tempdir().unwrap();
    let other = InstallationKey::open(other.path()).unwrap();
    let mut forged = files.clone();
    let text = String::from_utf8(forged["manifest.json"].clone()).unwrap();
    let text = text.replace(&key(&site).to_string(), &other.public().to_string());
    forged.insert("manifest.sig".into(), other.sign(text.as_bytes()).into_bytes());
    forged.insert("manifest.json".into(), text.into_bytes());
    pack(&forged, &altered);
    let report = verify_case(&altered, Some(&key(&site))).unwrap();
    assert_eq!((report.ok, report.key_is_known), (false, Some(false)), "{report:?}");
    assert!(verify_case(&altered, None).unwrap().ok, "only the key tells");

    // Evidence that was altered on disk before the export is told of in the case.
    let id = events[1].id;
    let file = site.data.join("evidence").join(day_of(id)).join(format!("{id}.jpg"));
    fs::write(&file, picture(32, 32)).unwrap();
    let case = fetch(&site, &admin, incident, true).await;
    let report = verify_case(&case, Some(&key(&site))).unwrap();
    assert!(
        report.faults.iter().any(|fault| fault.detail.contains("altered before the export")),
        "{report:?}"
    );
    let page = String::from_utf8(unpack(&case)["report.html"].clone()).unwrap();
    assert!(page.contains("altered after it was stored"));
    fs::remove_file(&file).unwrap();
    let case = fetch(&site, &admin, incident, true).await;
    let page = String::from_utf8(unpack(&case)["report.html"].clone()).unwrap();
    assert!(page.contains("IT IS MISSING"));
}

#[test]
fn zips_that_are_not_to_be_trusted_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("evil.zip");
    let refused = |wanted: &str| {
        let error = verify_case(&path, None).unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("evil.zip"), "{wanted}: {error}");
    };
    refused("check that it is there");
    fs::write(&path, b"no zip").unwrap();
    refused("no ZIP");
    for (name, why) in [
        ("../evil.txt", "leads out"),
        ("a/../../evil.txt", "leads out"),
        ("a//b", "leads out"),
        ("./a", "leads out"),
        ("/etc/passwd", "absolute"),
        ("a\\..\\b", "backslash"),
        ("c:evil", "colon"),
        ("a\nb", "control"),
    ] {
        pack(&BTreeMap::from([(name.to_owned(), vec![1])]), &path);
        refused(why);
    }
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap();
    refused("link");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    zip.add_directory("folder", SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap();
    let error = verify_case(&path, None).unwrap_err().to_string();
    assert!(error.contains("folder"), "{error}");
    // The same name twice: the second is renamed in the bytes, of equal length.
    pack(
        &BTreeMap::from([("one.txt".to_owned(), vec![1]), ("two.txt".to_owned(), vec![2])]),
        &path,
    );
    let mut bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() - 7 {
        if &bytes[at..at + 7] == b"two.txt" {
            bytes[at..at + 7].copy_from_slice(b"one.txt");
        }
    }
    fs::write(&path, bytes).unwrap();
    refused("same name");
    let many: BTreeMap<String, Vec<u8>> =
        (0..10_001).map(|n| (format!("f{n}"), Vec::new())).collect();
    pack(&many, &path);
    refused("at most 10000");
    // A length that the ZIP only claims: more than 4 GiB in two files of 0xfff00000 bytes.
    pack(&BTreeMap::from([("a".to_owned(), vec![1]), ("b".to_owned(), vec![1])]), &path);
    let mut bytes = fs::read(&path).unwrap();
    let central: Vec<usize> =
        (0..bytes.len() - 4).filter(|at| &bytes[*at..at + 4] == b"PK\x01\x02").collect();
    assert_eq!(central.len(), 2);
    for at in central {
        bytes[at + 24..at + 28].copy_from_slice(&0xfff0_0000_u32.to_le_bytes());
    }
    fs::write(&path, bytes).unwrap();
    refused("bytes");
    pack(&BTreeMap::from([("x".to_owned(), vec![1])]), &path);
    refused("manifest.json");
    pack(&BTreeMap::from([("manifest.json".to_owned(), b"{}".to_vec())]), &path);
    refused("cannot be read");
}

/// Ten alarms with pictures of 1280x720, as they are and blurred; how long it took is printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_of_ten_events_is_whole() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let (incident, _) = incident(&site, 10, (1280, 720)).await;
    for original in [true, false] {
        let begun = Instant::now();
        let case = fetch(&site, &admin, incident, original).await;
        let took = begun.elapsed().as_secs_f64();
        println!(
            "exported 10 events in {took:.2} s (original: {original}), {} bytes",
            fs::metadata(&case).unwrap().len()
        );
        assert!(verify_case(&case, None).unwrap().ok);
    }
}
