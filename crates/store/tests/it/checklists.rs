//! Checklists on a real database: what is ticked survives a restart, what is not confirmed is not
//! lost, and runs tell how they ended.

use safe_yolo_core::checklist::{ChecklistItem, Deed, Tick, TickedBy, templates};
use safe_yolo_core::{CameraId, ChecklistId, Message, Utc};
use safe_yolo_store::checklists::{
    CHECKLISTS_OF_CAMERA_MAX, Checklist, ChecklistPatch, ChecklistSettings, EndedBy, HandTick,
    NewChecklist, RuleDeed,
};
use safe_yolo_store::{NewCamera, Origin, Store, StoreError};

use crate::fixture::{T0, hasty, kim, seconds, store, zone};

async fn camera(store: &Store, name: &str) -> CameraId {
    let new = NewCamera::new(name, "sim://quiet", Origin::Api);
    store.create_camera(new, &kim().by).await.unwrap().config.id
}

fn by_hand(id: &str) -> ChecklistItem {
    let text = Message { ko: format!("{id} 확인"), en: format!("{id} checked") };
    ChecklistItem { id: id.to_owned(), text, by: TickedBy::Hand }
}

/// The default list and an item by hand.
fn new(camera: &CameraId) -> NewChecklist {
    let template = templates().remove(0);
    let mut items = template.items;
    items.push(by_hand("EXITS"));
    NewChecklist { camera: camera.clone(), zone: None, name: template.name, items }
}

fn hand(done: bool, revision: Option<u64>) -> HandTick {
    HandTick { who: "kim".into(), done, note: "확인함".into(), revision }
}

fn rule(list: &Checklist, item: &str, deed: Deed) -> RuleDeed {
    RuleDeed {
        checklist: list.id.clone(),
        item: item.into(),
        revision: state(list, item).revision,
        deed,
        since: None,
    }
}

fn state<'a>(list: &'a Checklist, item: &str) -> &'a safe_yolo_store::checklists::ItemState {
    list.items.iter().find(|state| state.item.id == item).unwrap()
}

fn ticks(list: &Checklist) -> Vec<Tick> {
    list.items.iter().map(|state| state.tick).collect()
}

async fn now(store: &Store, id: &ChecklistId) -> Checklist {
    store.checklist(id).await.unwrap().unwrap()
}

use Tick::{Done, Open, Unconfirmed};

#[tokio::test]
async fn ticks_survive_a_restart_with_who_and_when() {
    let (dir, store) = store().await;
    let gate = camera(&store, "gate").await;
    let list = store.create_checklist(new(&gate), T0).await.unwrap();
    assert_eq!((ticks(&list), list.version, list.started), (vec![Open; 5], 1, T0));
    let (ticked, changed) =
        store.tick_item(&list.id, "EXITS", &hand(true, Some(1)), seconds(1)).await.unwrap();
    assert!(changed);
    let deeds =
        [rule(&ticked, "PPE_HELMET", Deed::Ticked), rule(&ticked, "PPE_MASK", Deed::Ticked)];
    assert_eq!(store.note_rule_deeds(&deeds, seconds(2)).await.unwrap(), 2);
    let list = now(&store, &list.id).await;
    let unsure = RuleDeed { since: Some(seconds(3)), ..rule(&list, "PPE_MASK", Deed::Unconfirmed) };
    store.note_rule_deeds(&[unsure], seconds(4)).await.unwrap();
    store.note_checklists_looked(seconds(5)).await.unwrap();
    store.close().await;

    let store = Store::open_with(dir.path(), hasty()).await.unwrap();
    let list = now(&store, &list.id).await;
    assert_eq!(store.checklists().await.unwrap(), std::slice::from_ref(&list));
    assert_eq!(ticks(&list), [Done, Unconfirmed, Open, Open, Done]);
    let exits = state(&list, "EXITS").last.clone().unwrap();
    assert_eq!(
        (exits.who.as_deref(), exits.at, exits.note.as_str()),
        (Some("kim"), seconds(1), "확인함")
    );
    let mask = state(&list, "PPE_MASK");
    let last = mask.last.clone().unwrap();
    assert_eq!((last.who, last.at), (None, seconds(2)), "the camera ticked it then");
    assert_eq!(mask.unconfirmed_since, Some(seconds(3)));
    assert_eq!(store.checklists_looked().await.unwrap(), Some(seconds(5)));

    store.note_rule_deeds(&[rule(&list, "PPE_MASK", Deed::Confirmed)], seconds(6)).await.unwrap();
    let confirmed = now(&store, &list.id).await;
    let mask = state(&confirmed, "PPE_MASK");
    assert_eq!((mask.tick, mask.unconfirmed_since), (Done, None));
    assert_eq!(mask.last.as_ref().unwrap().at, seconds(2), "it was ticked when it was ticked");
}

#[tokio::test]
async fn of_two_people_one_wins_and_the_other_is_told() {
    let (_dir, store) = store().await;
    let gate = camera(&store, "gate").await;
    let list = store.create_checklist(new(&gate), T0).await.unwrap();
    let lee = HandTick { who: "lee".into(), ..hand(true, Some(1)) };
    let (one, two) = (hand(true, Some(1)), lee);
    let (one, two) = tokio::join!(
        store.tick_item(&list.id, "EXITS", &one, seconds(1)),
        store.tick_item(&list.id, "EXITS", &two, seconds(1)),
    );
    let lost = match (one, two) {
        (Ok((won, true)), Err(lost)) | (Err(lost), Ok((won, true))) => {
            let who = state(&won, "EXITS").last.clone().unwrap().who.unwrap();
            assert!(lost.to_string().contains(&format!("was ticked by {who} at ")), "{lost}");
            lost
        }
        other => panic!("{other:?}"),
    };
    assert!(matches!(lost, StoreError::Faster { done: true, revision: 2, .. }), "{lost:?}");
    // Whoever does not say what he saw only repeats it.
    let (_, changed) =
        store.tick_item(&list.id, "EXITS", &hand(true, None), seconds(2)).await.unwrap();
    assert!(!changed);
    // What a rule decided before somebody acted is not done after it.
    let seen = now(&store, &list.id).await;
    store.note_rule_deeds(&[rule(&seen, "PPE_HELMET", Deed::Ticked)], seconds(3)).await.unwrap();
    let seen = now(&store, &list.id).await;
    store.tick_item(&list.id, "PPE_HELMET", &hand(false, None), seconds(4)).await.unwrap();
    let late = [rule(&seen, "PPE_HELMET", Deed::Unconfirmed)];
    assert_eq!(store.note_rule_deeds(&late, seconds(5)).await.unwrap(), 0);
    assert_eq!(state(&now(&store, &list.id).await, "PPE_HELMET").tick, Open);
    store.reset_checklist(&list.id, "lee", "", seconds(6)).await.unwrap();
    let reset = store.tick_item(&list.id, "EXITS", &hand(false, Some(2)), seconds(7)).await;
    assert!(reset.unwrap_err().to_string().contains("opened again by a reset"));
}

#[tokio::test]
async fn a_run_that_began_by_a_clock_set_ahead_ends_with_the_next_shift() {
    let (_dir, store) = store().await;
    let gate = camera(&store, "gate").await;
    let list = store.create_checklist(new(&gate), T0).await.unwrap();
    // The clock is days ahead when a shift begins, and is set right again.
    assert_eq!(store.begin_shift(seconds(300_000), seconds(300_060)).await.unwrap(), 1);
    store.tick_item(&list.id, "EXITS", &hand(true, None), seconds(100)).await.unwrap();
    assert_eq!(store.begin_shift(seconds(500), seconds(560)).await.unwrap(), 1);
    let now = now(&store, &list.id).await;
    assert_eq!((ticks(&now), now.started), (vec![Open; 5], seconds(500)));
    assert_eq!(store.begin_shift(seconds(500), seconds(561)).await.unwrap(), 0, "once only");
}

#[tokio::test]
async fn runs_tell_what_was_open_at_their_end() {
    let (_dir, store) = store().await;
    let gate = camera(&store, "gate").await;
    let list = store.create_checklist(new(&gate), T0).await.unwrap();
    let other = store.create_checklist(new(&gate), seconds(600)).await.unwrap();
    store.tick_item(&list.id, "EXITS", &hand(true, None), seconds(1)).await.unwrap();
    store.note_rule_deeds(&[rule(&list, "PPE_HELMET", Deed::Ticked)], seconds(2)).await.unwrap();
    assert_eq!(
        store.begin_shift(seconds(500), seconds(700)).await.unwrap(),
        1,
        "the other began after it"
    );
    let second = now(&store, &list.id).await;
    assert_eq!((ticks(&second), second.started), (vec![Open; 5], seconds(500)));
    assert_eq!(second.items[0].last, None);
    assert_eq!(store.begin_shift(seconds(500), seconds(700)).await.unwrap(), 0, "once only");
    // By a clock that was set back.
    store.reset_checklist(&list.id, "lee", "점검 재시작", seconds(400)).await.unwrap();

    let runs = store.checklist_runs(&list.id, None, None, None, 10).await.unwrap();
    let told: Vec<_> =
        runs.iter().map(|r| (r.started, r.ended, r.who.as_deref(), r.note.as_str())).collect();
    assert_eq!(
        told,
        [
            (seconds(400), None, None, ""),
            (seconds(500), Some((seconds(500), EndedBy::Hand)), Some("lee"), "점검 재시작"),
            (T0, Some((seconds(500), EndedBy::Shift)), None, ""),
        ]
    );
    let first = &runs[2];
    let open: Vec<_> = first.open_items().map(|item| item.id.as_str()).collect();
    assert_eq!(open, ["PPE_MASK", "FIRE_EXTINGUISHER", "ROI_CLEAR"]);
    let deeds: Vec<_> =
        first.deeds.iter().map(|d| (d.item.as_str(), d.deed, d.who.as_deref(), d.at)).collect();
    assert_eq!(
        deeds,
        [
            ("EXITS", Deed::Ticked, Some("kim"), seconds(1)),
            ("PPE_HELMET", Deed::Ticked, None, seconds(2)),
        ]
    );
    let within = |from: i64, to: i64| {
        let (store, id) = (store.clone(), list.id.clone());
        async move {
            let (from, to) = (Some(seconds(from)), Some(seconds(to)));
            store.checklist_runs(&id, from, to, None, 10).await.unwrap().len()
        }
    };
    assert_eq!((within(0, 100).await, within(499, 501).await, within(501, 502).await), (1, 3, 1));
    let older = store.checklist_runs(&list.id, None, None, Some(runs[0].number), 1).await.unwrap();
    assert_eq!(older, runs[1..2]);

    store.delete_checklist(&list.id, Some("kim"), seconds(700)).await.unwrap();
    let runs = store.checklist_runs(&list.id, None, None, None, 1).await.unwrap();
    assert_eq!(runs[0].ended, Some((seconds(700), EndedBy::Deleted)));
    assert_eq!(runs[0].open_items().count(), 5);
    assert_eq!(store.checklist(&list.id).await.unwrap(), None);
    assert_eq!(store.checklists().await.unwrap().len(), 1, "{}", other.id);
    let nobody: ChecklistId = "k-none".parse().unwrap();
    let never = store.checklist_runs(&nobody, None, None, None, 1).await.unwrap_err();
    assert!(matches!(never, StoreError::NotFound { what: "checklist", .. }), "{never}");
}

#[tokio::test]
async fn a_rule_that_comes_and_goes_fills_no_disk() {
    let (_dir, store) = store().await;
    let gate = camera(&store, "gate").await;
    let mut list = store.create_checklist(new(&gate), T0).await.unwrap();
    for second in 0..210 {
        let deed = if second % 2 == 0 { Deed::Ticked } else { Deed::Unticked };
        store.note_rule_deeds(&[rule(&list, "PPE_HELMET", deed)], seconds(second)).await.unwrap();
        list = now(&store, &list.id).await;
    }
    let run = store.checklist_runs(&list.id, None, None, None, 1).await.unwrap().remove(0);
    assert_eq!((run.deeds.len(), run.untold), (200, 10));
    assert_eq!(run.deeds[199].at, seconds(209), "the newest are kept");
}

#[tokio::test]
async fn items_that_stay_keep_their_ticks() {
    let (_dir, store) = store().await;
    let gate = camera(&store, "gate").await;
    let press = store.create_zone(&gate, zone("press"), &kim()).await.unwrap().1.id;
    let list = store.create_checklist(new(&gate), T0).await.unwrap();
    store.tick_item(&list.id, "EXITS", &hand(true, None), seconds(1)).await.unwrap();
    store.note_rule_deeds(&[rule(&list, "PPE_HELMET", Deed::Ticked)], seconds(1)).await.unwrap();
    let same = ChecklistPatch { name: Some(list.name.clone()), ..ChecklistPatch::default() };
    assert_eq!(store.update_checklist(&list.id, same).await.unwrap().version, 1);

    let mut items: Vec<_> = list.items.iter().map(|state| state.item.clone()).collect();
    items.remove(1);
    items.push(by_hand("AISLES"));
    let patch =
        ChecklistPatch { version: Some(1), items: Some(items), ..ChecklistPatch::default() };
    let changed = store.update_checklist(&list.id, patch.clone()).await.unwrap();
    assert_eq!((ticks(&changed), changed.version), (vec![Done, Open, Open, Done, Open], 2));
    let stale = store.update_checklist(&list.id, patch).await.unwrap_err();
    assert!(stale.to_string().contains("is at version 2 by now"), "{stale}");
    // Elsewhere nobody has looked yet; a person's word is not about a zone's rules.
    let patch = ChecklistPatch { zone: Some(Some(press.clone())), ..ChecklistPatch::default() };
    let moved = store.update_checklist(&list.id, patch).await.unwrap();
    assert_eq!((ticks(&moved), moved.zone), (vec![Open, Open, Open, Done, Open], Some(press)));
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let (_dir, store) = store().await;
    let (gate, yard) = (camera(&store, "gate").await, camera(&store, "yard").await);
    let press = store.create_zone(&yard, zone("press"), &kim()).await.unwrap().1.id;
    let nowhere = NewChecklist { camera: "c-none".parse().unwrap(), ..new(&gate) };
    let foreign = NewChecklist { zone: Some(press.clone()), ..new(&gate) };
    let mut items = new(&gate).items;
    let TickedBy::Rule(rule) = &mut items[0].by else { panic!() };
    rule.zone = Some(press);
    let foreign_item = NewChecklist { items, ..new(&gate) };
    let nameless = NewChecklist { name: Message { ko: " ".into(), en: "a".into() }, ..new(&gate) };
    let empty = NewChecklist { items: Vec::new(), ..new(&gate) };
    for (new, says) in [
        (nowhere, "no camera 'c-none'"),
        (foreign, "has no zone"),
        (foreign_item, "has no zone"),
        (nameless, "name (ko)"),
        (empty, "without items"),
    ] {
        let error = store.create_checklist(new, T0).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let list = store.create_checklist(new(&gate), T0).await.unwrap();
    let long = HandTick { note: "가".repeat(501), ..hand(true, None) };
    for (item, tick, says) in [
        ("EXITS", long, "note '가가"),
        ("WINDOWS", hand(true, None), "no item of this checklist 'WINDOWS'"),
        ("PPE_HELMET", hand(true, None), "'PPE_HELMET' is ticked by the camera"),
    ] {
        let error = store.tick_item(&list.id, item, &tick, T0).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    for _ in 1..CHECKLISTS_OF_CAMERA_MAX {
        store.create_checklist(new(&gate), T0).await.unwrap();
    }
    let full = store.create_checklist(new(&gate), T0).await.unwrap_err();
    assert!(full.to_string().contains("has 16 checklists already"), "{full}");
    assert!(store.create_checklist(new(&yard), T0).await.is_ok());
}

#[tokio::test]
async fn shifts_are_set_and_kept() {
    let (dir, store) = store().await;
    let (usual, changed) = store.checklist_settings().await.unwrap();
    let told = |settings: &ChecklistSettings| -> Vec<String> {
        settings.shifts.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        (told(&usual), changed),
        (vec!["06:00".into(), "14:00".into(), "22:00".into()], None)
    );
    let times = |texts: &[&str]| ChecklistSettings {
        shifts: texts.iter().map(|text| text.parse().unwrap()).collect(),
    };
    store.note_checklists_looked(seconds(1)).await.unwrap();
    let set = store.set_checklist_settings(times(&["19:00", "07:30"]), seconds(2)).await.unwrap();
    assert_eq!(told(&set), ["07:30", "19:00"]);
    let many: Vec<String> = (0..13).map(|hour| format!("{hour:02}:00")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (shifts, says) in [
        (&["07:00", "07:00"][..], "shifts '07:00' must be given once"),
        (&["24:00"][..], "shifts '24:00' must lie between"),
        (&many[..], "shifts '13' must be 12"),
    ] {
        let error = store.set_checklist_settings(times(shifts), T0).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    store.close().await;
    let store = Store::open_with(dir.path(), hasty()).await.unwrap();
    assert_eq!(store.checklist_settings().await.unwrap(), (set, Some(seconds(2))));
    assert_eq!(store.checklists_looked().await.unwrap(), Some(seconds(1)), "kept beside them");
    let none = store.set_checklist_settings(times(&[]), Utc(3)).await.unwrap();
    assert!(none.shifts.is_empty(), "by hand only");
}
