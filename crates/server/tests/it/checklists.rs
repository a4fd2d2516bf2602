//! Checklists: what a camera ticks and takes away, what people do, and that blind is never done.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use safe_yolo_core::checklist::Deed;
use safe_yolo_server::StartupCamera;
use safe_yolo_store::checklists::RuleDeed;
use safe_yolo_store::{NewCamera, Origin, Role, Store};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tokio::sync::watch;

use crate::site::{Client, Site};
use crate::verdicts::{Holding, empty, hall};

fn item(id: &str, more: &Value) -> Value {
    let mut item = json!({"id": id, "text": {"ko": format!("{id} 확인"), "en": id}});
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    item
}

fn by_hand(id: &str) -> Value {
    item(id, &json!({"by": "hand"}))
}

fn by_rule(id: &str, types: &[&str], clear_for_s: f64) -> Value {
    item(id, &json!({"by": "rule", "types": types, "clear_for_s": clear_for_s}))
}

/// Adds a list with these items; answers its path.
async fn add(client: &Client, camera: &str, items: &[Value]) -> String {
    let body = json!({"camera": camera, "name": {"ko": "점검", "en": "Check"}, "items": items});
    let added = client.post("/api/checklists", body).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    format!("/api/checklists/{}", added.json["id"].as_str().unwrap())
}

/// An item of the only list.
fn state<'a>(lists: &'a Value, id: &str) -> &'a Value {
    let items = lists["checklists"][0]["items"].as_array();
    items.and_then(|items| items.iter().find(|item| item["id"] == id)).unwrap_or(&Value::Null)
}

const LISTS: &str = "/api/checklists";

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_ticks_what_is_clear_and_never_while_it_is_blind() {
    let (hold, held) = watch::channel(false);
    let gate = StartupCamera {
        camera: NewCamera::new("gate", "sim://quiet?seed=13", Origin::CommandLine),
        zones: Some(vec![empty()]),
    };
    let site = Site::opened_by(vec![gate], Arc::new(Holding(held))).await;
    let admin = site.admin().await;
    let camera = admin.camera("gate").await;
    let items = [
        by_rule("CROWD", &["occupancy_above"], 1.0),
        by_rule("CLEAR", &["danger_zone_intrusion", "warning_zone_intrusion"], 1.0),
        by_rule("ASLEEP", &["fall"], 1.0),
        by_rule("UNWATCHED", &["helmet_missing"], 1.0),
        by_hand("EXITS"),
    ];
    let path = add(&admin, &camera, &items).await;
    let lists = admin.until(LISTS, |lists| {
        state(lists, "CROWD")["state"] == "done" && state(lists, "CLEAR")["state"] == "done"
    });
    let lists = lists.await;
    let crowd = state(&lists, "CROWD");
    assert_eq!((&crowd["standing"], &crowd["last"]["who"]), (&json!("clear"), &json!(null)));
    for (id, reason) in [("ASLEEP", "off"), ("UNWATCHED", "no_rule")] {
        let item = state(&lists, id);
        assert_eq!((&item["state"], &item["reason"]), (&json!("open"), &json!(reason)), "{item}");
        assert_eq!(item["standing"], "unknown");
    }
    admin.post(&format!("{path}/items/EXITS/tick"), json!({"done": true})).await.ok();

    // The camera goes blind: nothing that it ticked counts, and somebody's word stands.
    hold.send(true).unwrap();
    let blind = admin.until(LISTS, |lists| state(lists, "CROWD")["state"] == "unconfirmed").await;
    let crowd = state(&blind, "CROWD");
    assert_eq!((&crowd["standing"], &crowd["reason"]), (&json!("unknown"), &json!("blind")));
    assert!(crowd["unconfirmed_since"].is_string() && crowd["last"]["at"].is_string(), "{crowd}");
    assert_eq!(state(&blind, "EXITS")["state"], "done");
    // What is begun anew while it is blind is not ticked, however long that lasts.
    admin.post(&format!("{path}/reset"), json!({"note": "교대"})).await.ok();
    let told = |lists: &Value| state(lists, "CROWD")["revision"].as_u64();
    let begun = told(&admin.get(LISTS).await.ok());
    hold.send(false).unwrap();
    let seen = admin
        .until(LISTS, |lists| {
            let crowd = state(lists, "CROWD");
            let is_clear = crowd["standing"] == "clear";
            assert!(is_clear || crowd["state"] == "open", "{crowd}");
            crowd["state"] == "done"
        })
        .await;
    assert_eq!(told(&seen), begun.map(|revision| revision + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_violation_takes_the_tick_away() {
    let site = Site::with(vec![hall(1)]).await;
    let admin = site.admin().await;
    let camera = admin.camera("hall").await;
    let items = [
        by_rule("HELMETS", &["helmet_missing"], 1.0),
        by_rule("CROWD", &["loitering", "occupancy_above"], 1.0),
    ];
    let zone = admin.get(&format!("/api/cameras/{camera}")).await.ok()["zones"][0].clone();
    let rules = |people: u32| {
        json!({"rules": [
            {"type": "occupancy_above", "people": people, "dwell_s": 0.5},
            {"type": "loitering", "dwell_s": 3600},
        ]})
    };
    let zone = format!("/api/zones/{}", zone["id"].as_str().unwrap());
    admin.patch(&zone, rules(20)).await.ok();
    let path = add(&admin, &camera, &items).await;
    // One of the two workers wears no helmet.
    let lists = admin
        .until(LISTS, |lists| {
            assert_eq!(state(lists, "HELMETS")["state"], "open");
            state(lists, "HELMETS")["standing"] == "violation"
                && state(lists, "CROWD")["state"] == "done"
        })
        .await;
    let ticked = state(&lists, "CROWD")["last"]["at"].clone();
    admin.patch(&zone, rules(1)).await.ok();
    let lists = admin
        .until(LISTS, |lists| {
            state(lists, "CROWD")["standing"] == "violation"
                && state(lists, "CROWD")["last"]["at"] != ticked
        })
        .await;
    assert_eq!(state(&lists, "CROWD")["state"], "open");
    let history = admin.get(&format!("{path}/history")).await.ok();
    let deeds = history["runs"][0]["deeds"].as_array().unwrap();
    let of = |deed: &str| deeds.iter().any(|d| d["item"] == "CROWD" && d["deed"] == deed);
    assert!(of("ticked") && of("unticked"), "{history}");
    assert!(history["runs"][0]["open"].as_array().unwrap().contains(&json!("CROWD")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_confirms_nothing_that_it_did_not_see() {
    let cameras = || {
        vec![StartupCamera {
            camera: NewCamera::new("gate", "sim://quiet", Origin::CommandLine),
            zones: Some(vec![empty()]),
        }]
    };
    let site = Site::with(cameras()).await;
    let admin = site.admin().await;
    let camera = admin.camera("gate").await;
    let items = [by_rule("CROWD", &["occupancy_above"], 3600.0), by_hand("EXITS")];
    let path = add(&admin, &camera, &items).await;
    admin.until(LISTS, |lists| state(lists, "CROWD")["standing"] == "clear").await;
    admin
        .post(&format!("{path}/items/EXITS/tick"), json!({"done": true, "note": "확인"}))
        .await
        .ok();
    let list = site.store.checklists().await.unwrap().remove(0);
    let deed = RuleDeed {
        checklist: list.id,
        item: "CROWD".into(),
        revision: list.items[0].revision,
        deed: Deed::Ticked,
        since: None,
    };
    let at = safe_yolo_core::Utc::parse("2026-01-31T08:15:00Z").unwrap();
    assert_eq!(site.store.note_rule_deeds(&[deed], at).await.unwrap(), 1);
    let site = site.restart(cameras()).await;
    let admin = site.admin().await;
    // From the first answer on, and after the first look.
    let first = admin.get(LISTS).await.ok();
    assert_eq!(state(&first, "CROWD")["state"], "unconfirmed");
    let exits = state(&first, "EXITS");
    assert_eq!(
        (&exits["state"], &exits["last"]["who"], &exits["last"]["note"]),
        (&json!("done"), &json!("admin"), &json!("확인"))
    );
    let seen = admin.until(LISTS, |lists| state(lists, "CROWD")["standing"] == "clear").await;
    let crowd = state(&seen, "CROWD");
    assert_eq!(
        (&crowd["state"], &crowd["last"]["at"]),
        (&json!("unconfirmed"), &json!("2026-01-31T08:15:00Z"))
    );
    let since = crowd["unconfirmed_since"].as_str().unwrap();
    let looked = site.store.checklists_looked().await.unwrap().unwrap().to_string();
    assert!(since <= looked.as_str(), "not confirmed since before the restart: {since} {looked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_ends_the_run_and_a_camera_that_goes_takes_its_list() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let camera = admin.camera("quiet").await;
    let path = add(&admin, &camera, &[by_hand("EXITS"), by_hand("AISLES")]).await;
    admin.post(&format!("{path}/items/EXITS/tick"), json!({"done": true})).await.ok();
    // It began a day and a half ago: three shifts have begun since.
    let file = site.data.join(Store::FILE);
    let mut db = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let sql = "UPDATE checklist_runs SET started = started - 129600000000";
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    let lists = admin.until(LISTS, |lists| state(lists, "EXITS")["state"] == "open").await;
    let started = &lists["checklists"][0]["started"];
    let begins = ["T06:00:00Z", "T14:00:00Z", "T22:00:00Z"];
    assert!(begins.iter().any(|b| started.as_str().unwrap().ends_with(b)), "{started}");
    let history = admin.get(&format!("{path}/history")).await.ok();
    let runs = history["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2, "one end, however many were missed: {history}");
    let run = &runs[1];
    assert_eq!(
        (&run["ended"], &run["ended_by"], &run["open"]),
        (started, &json!("shift"), &json!(["AISLES"]))
    );
    assert_eq!(run["items"][0]["last"]["who"], "admin");
    site.audited("the reset", |e| e.action == "checklist.reset" && e.who == "system").await;

    assert_eq!(
        admin.delete(&format!("/api/cameras/{camera}")).await.status,
        StatusCode::NO_CONTENT
    );
    admin.until(LISTS, |lists| lists["checklists"] == json!([])).await;
    let history = admin.get(&format!("{path}/history")).await.ok();
    assert_eq!(history["runs"][0]["ended_by"], "deleted", "its runs stay");
    site.audited("the end", |e| e.action == "checklist.delete" && e.who == "system").await;
}

#[tokio::test]
async fn people_tick_and_the_slower_one_is_told() {
    let site = Site::quiet().await;
    let (admin, operator) = (site.admin().await, site.somebody(Role::Operator).await);
    let camera = admin.camera("quiet").await;
    let path = add(&admin, &camera, &[by_hand("EXITS"), by_rule("FALLS", &["fall"], 60.0)]).await;
    let tick = format!("{path}/items/EXITS/tick");
    let body = json!({"done": true, "note": "이상 없음", "revision": 1});
    let ticked = operator.post(&tick, body).await.ok();
    let exits = &ticked["items"][0];
    assert_eq!((&exits["state"], &exits["revision"]), (&json!("done"), &json!(2)));
    assert_eq!(
        (&exits["last"]["who"], &exits["last"]["note"]),
        (&json!("operator"), &json!("이상 없음"))
    );
    assert_eq!((&exits["standing"], &exits["by"]), (&json!(null), &json!("hand")));
    let late = admin.post(&tick, json!({"done": true, "revision": 1})).await;
    assert_eq!((late.status, late.code()), (StatusCode::CONFLICT, "conflict"));
    let detail = late.json["detail"].as_str().unwrap();
    assert!(detail.contains("'EXITS' was ticked by operator at 20"), "{detail}");
    site.audited("the tick", |e| e.action == "checklist.tick" && e.who == "operator").await;
    admin.post(&tick, json!({"done": false, "revision": 2})).await.ok();
    site.audited("taking it away", |e| e.action == "checklist.untick" && e.who == "admin").await;

    let falls = format!("{path}/items/FALLS/tick");
    let refused = operator.post(&falls, json!({"done": true})).await;
    assert_eq!(refused.code(), "invalid");
    assert!(
        refused.json["detail"].as_str().unwrap().contains("ticked by the camera"),
        "{refused:?}"
    );
    let nothing = operator.post(&format!("{path}/items/DOORS/tick"), json!({"done": true})).await;
    assert_eq!(nothing.code(), "not_found");
    assert!(nothing.json["detail"].as_str().unwrap().contains("'DOORS'"), "{nothing:?}");
    let long = operator.post(&tick, json!({"done": true, "note": "가".repeat(501)})).await;
    assert_eq!(long.code(), "invalid");
    assert_eq!(operator.post(&tick, json!({"note": "?"})).await.code(), "invalid");
    assert_eq!(operator.post("/api/checklists/k-none/reset", json!({})).await.code(), "not_found");
    operator.post(&format!("{path}/reset"), json!({"note": "재점검"})).await.ok();
    let history = operator.get(&format!("{path}/history?limit=2")).await.ok();
    let run = &history["runs"][1];
    assert_eq!(
        (&run["ended_by"], &run["who"], &run["note"]),
        (&json!("hand"), &json!("operator"), &json!("재점검"))
    );
    assert_eq!(run["open"], json!(["EXITS", "FALLS"]));
    for (query, says) in [
        ("from=yesterday", "from is 'yesterday'"),
        ("limit=0", "limit is 0"),
        ("limit=101", "limit is 101"),
        ("before=x", "before is 'x'"),
    ] {
        let wrong = operator.get(&format!("{path}/history?{query}")).await;
        assert_eq!(wrong.code(), "invalid", "{query}");
        assert!(wrong.json["detail"].as_str().unwrap().contains(says), "{wrong:?}");
    }
}

#[tokio::test]
async fn lists_are_made_of_templates_and_refused_by_name() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let camera = admin.camera("quiet").await;
    let templates = admin.get("/api/checklist-templates").await.ok();
    let usual = &templates["templates"][0];
    let ids: Vec<_> = usual["items"].as_array().unwrap().iter().map(|i| i["id"].clone()).collect();
    assert_eq!(ids, ["PPE_HELMET", "PPE_MASK", "FIRE_EXTINGUISHER", "ROI_CLEAR"]);
    let added = admin.post("/api/checklists", json!({"camera": camera})).await.ok();
    assert_eq!(added["name"], usual["name"]);
    assert_eq!(added["items"][0]["types"], json!(["helmet_missing"]));
    let path = format!("/api/checklists/{}", added["id"].as_str().unwrap());
    let forklifts = json!({"camera": camera, "template": "forklift"});
    assert_eq!(admin.post("/api/checklists", forklifts).await.status, StatusCode::CREATED);
    let of_camera = admin.get(&format!("/api/checklists?camera={camera}")).await.ok();
    assert_eq!(of_camera["checklists"].as_array().unwrap().len(), 2);

    let many: Vec<Value> = (0..51).map(|n| by_hand(&format!("I{n}"))).collect();
    for (more, says) in [
        (json!({"template": "monday"}), "no template 'monday': use default, forklift, shift"),
        (json!({"zone": "z-none"}), "has no zone 'z-none'"),
        (json!({"items": []}), "without items"),
        (json!({"items": many}), "has 51 items"),
        (json!({"items": [by_hand("A"), by_hand("A")]}), "'A' is there twice"),
        (json!({"items": [by_rule("A", &["flood"], 60.0)]}), "unknown variant `flood`"),
        (json!({"items": [by_rule("A", &["system"], 60.0)]}), "can't be ticked by 'system'"),
        (json!({"items": [by_rule("A", &["fall"], 0.5)]}), "is 0.5: give 1 to 86400"),
        (json!({"items": [by_rule("A", &["fall"], 86401.0)]}), "is 86401: give 1 to 86400"),
        (
            json!({"items": [item("A", &json!({"by": "hand", "zone": "z-1"}))]}),
            "'A' is ticked by hand",
        ),
        (json!({"name": {"ko": "가".repeat(81), "en": "a"}}), "name (ko)"),
    ] {
        let mut body = json!({"camera": camera});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refused = admin.post("/api/checklists", body).await;
        assert_eq!(refused.code(), "invalid", "{refused:?}");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{detail}");
    }
    let nowhere = admin.post("/api/checklists", json!({"camera": "c-none"})).await;
    assert_eq!(nowhere.code(), "not_found");

    let change = json!({"version": 1, "name": {"ko": "오전 점검", "en": "Morning"}, "zone": null});
    let changed = admin.patch(&path, change.clone()).await.ok();
    assert_eq!((&changed["version"], &changed["name"]["en"]), (&json!(2), &json!("Morning")));
    let stale = admin.patch(&path, change).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::CONFLICT, "conflict"));
    assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(admin.delete(&path).await.code(), "not_found");
    for action in ["checklist.add", "checklist.change", "checklist.delete"] {
        site.audited(action, |e| e.who == "admin" && e.action == action).await;
    }

    let settings = "/api/checklists/settings";
    let usual = json!({"shifts": ["06:00", "14:00", "22:00"]});
    assert_eq!(admin.get(settings).await.ok(), usual);
    let set = json!({"shifts": ["19:00", "07:00"]});
    let set = admin.send(Method::PUT, settings, Some(set)).await.ok();
    assert_eq!(set, json!({"shifts": ["07:00", "19:00"]}));
    assert_eq!(admin.get(settings).await.ok(), set);
    for (shifts, says) in [
        (json!(["7:00"]), "'7:00' is no time of a day"),
        (json!(["07:00", "07:00"]), "must be given once"),
    ] {
        let wrong = admin.send(Method::PUT, settings, Some(json!({"shifts": shifts}))).await;
        assert_eq!(wrong.code(), "invalid");
        assert!(wrong.json["detail"].as_str().unwrap().contains(says), "{wrong:?}");
    }
    site.audited("the shifts", |e| e.action == "checklist.settings" && e.detail == "07:00, 19:00")
        .await;
}
