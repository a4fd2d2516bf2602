//! Many who listen to events: each hears each change once and in order, or is
//! told what it missed, and nobody disturbs another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use safe_yolo_core::EventChange;
use safe_yolo_core::event::ChangeKind;
use safe_yolo_store::Role;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::events::event;
use crate::site::{Client, Heard, PATIENCE, Site, Socket};

/// Bytes of text in a large event.
const LARGE: usize = 4096;
/// Others may wait no longer than this because of one: less than a client that
/// takes nothing is kept.
const DISTURBED_MAX: Duration = Duration::from_secs(5);

/// Raises so many events at once, each with some text; answers the last number.
async fn raise(site: &Site, count: usize, text: usize) -> i64 {
    let mut newest = 0;
    let mut left = count;
    while left > 0 {
        let batch: Vec<_> = (0..left.min(250))
            .map(|_| {
                let mut event = event(None);
                event.details.insert("text".into(), json!("x".repeat(text)));
                (Uuid::now_v7(), EventChange { kind: ChangeKind::Raised, event })
            })
            .collect();
        left -= batch.len();
        let recorded = site.store.record_batch(&batch).await.unwrap();
        newest = recorded.last().unwrap().seq;
    }
    newest
}

/// What a socket says next of changes.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Change(i64),
    Missed { after: i64, up_to: i64, count: i64 },
}

async fn said(socket: &mut Socket) -> Said {
    loop {
        let text = match socket.hear().await {
            Heard::Text(text) => text,
            Heard::Closed(code) => panic!("closed: {code:?}"),
            Heard::Picture(_) => panic!("a picture of events"),
        };
        let number = |name: &str| text[name].as_i64().unwrap();
        match text["type"].as_str().unwrap() {
            // An alarm of the camera that the store was late with: it comes again.
            "change" if text["recorded"] == false => {}
            "missed" if text["after"].is_null() => {}
            "change" => return Said::Change(number("seq")),
            "missed" => {
                let (after, up_to, count) = (number("after"), number("up_to"), number("count"));
                return Said::Missed { after, up_to, count };
            }
            "hello" | "heartbeat" => {}
            "mutes" | "incident" | "incidents_missed" => {}
            other => panic!("'{other}' was not expected"),
        }
    }
}

async fn next_change(socket: &mut Socket) -> i64 {
    match said(socket).await {
        Said::Change(seq) => seq,
        missed @ Said::Missed { .. } => panic!("{missed:?}"),
    }
}

/// All changes after one number up to another, page by page.
async fn fetch(client: &Client, after: i64, up_to: i64) -> Vec<i64> {
    let mut seqs: Vec<i64> = Vec::new();
    loop {
        let from = seqs.last().copied().unwrap_or(after);
        let page = client.get(&format!("/api/events/changes?after={from}&limit=500")).await.ok();
        let changes = page["changes"].as_array().unwrap();
        seqs.extend(changes.iter().map(|change| change["seq"].as_i64().unwrap()));
        if changes.is_empty() || seqs.last().is_some_and(|last| *last >= up_to) {
            seqs.retain(|seq| *seq <= up_to);
            return seqs;
        }
    }
}

/// Hears everything up to a number that is told at the end.
async fn stay(mut socket: Socket, end: Arc<AtomicI64>) -> Vec<i64> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| *last < end.load(Ordering::SeqCst)) {
        heard.push(next_change(&mut socket).await);
    }
    heard
}

/// The same, leaving after every few changes and coming back for the rest.
async fn hop(client: Client, from: i64, each: usize, end: Arc<AtomicI64>) -> Vec<i64> {
    let mut heard: Vec<i64> = Vec::new();
    loop {
        let after = heard.last().copied().unwrap_or(from);
        let mut socket = client.socket(&format!("/ws/events?after={after}")).await;
        for _ in 0..each {
            heard.push(next_change(&mut socket).await);
            if heard.last().is_some_and(|last| *last >= end.load(Ordering::SeqCst)) {
                return heard;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c5_subscribers_come_and_go_under_load() {
    let site = Site::quiet().await;
    let viewer = site.somebody(Role::Viewer).await;
    let from = raise(&site, 1, 0).await;
    let end = Arc::new(AtomicI64::new(i64::MAX));
    let mut staying = JoinSet::new();
    for _ in 0..30 {
        let socket = viewer.socket(&format!("/ws/events?after={from}")).await;
        staying.spawn(stay(socket, Arc::clone(&end)));
    }
    for each in 1..=5 {
        staying.spawn(hop(viewer.clone(), from, each, Arc::clone(&end)));
    }
    let _never_reads = viewer.socket(&format!("/ws/events?after={from}")).await;
    let gone = Arc::new(AtomicBool::new(false));
    let (coming, went) = (viewer.clone(), Arc::clone(&gone));
    let crowd = tokio::spawn(async move {
        let mut there = JoinSet::new();
        for number in 0..500_usize {
            let client = coming.clone();
            there.spawn(async move {
                let mut socket = client.socket("/ws/events").await;
                let mut last = 0;
                // Some leave before they heard anything.
                for _ in 0..number % 4 {
                    let seq = next_change(&mut socket).await;
                    assert!(last == 0 || seq == last + 1, "{seq} after {last}");
                    last = seq;
                }
            });
            if there.len() >= 100 {
                there.join_next().await.unwrap().unwrap();
            }
        }
        while let Some(left) = there.join_next().await {
            left.unwrap();
        }
        went.store(true, Ordering::SeqCst);
    });
    // No faster than a client hears it: nobody who listens is to fall behind the bus.
    let mut pace = viewer.socket(&format!("/ws/events?after={from}")).await;
    let mut newest = from;
    let begun = Instant::now();
    while !gone.load(Ordering::SeqCst) || newest < from + 100 {
        newest = raise(&site, 1, 0).await;
        while next_change(&mut pace).await < newest {}
        assert!(begun.elapsed() < 2 * PATIENCE, "the crowd never ends");
        assert!(!crowd.is_finished() || gone.load(Ordering::SeqCst), "somebody was disturbed");
    }
    end.store(newest, Ordering::SeqCst);
    // So that those who wait see that it is over.
    raise(&site, 1, 0).await;
    crowd.await.unwrap();
    let everybody = staying.join_all().await;
    let all = fetch(&viewer, from, i64::MAX).await;
    for heard in everybody {
        assert!(heard.len() >= 100 && heard[heard.len() - 1] >= newest, "{heard:?}, {newest}");
        assert_eq!(heard, all[..heard.len()], "each change once and in order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c11_a_slow_subscriber_disturbs_nobody() {
    let site = Site::quiet().await;
    let viewer = site.somebody(Role::Viewer).await;
    let from = raise(&site, 1, 0).await;
    let path = format!("/ws/events?after={from}");
    let mut slow = viewer.narrow_socket(&path).await;
    let mut never = viewer.narrow_socket(&path).await;
    let mut quick = Vec::new();
    for _ in 0..4 {
        quick.push(viewer.socket(&path).await);
    }
    // More than the system's buffers hold, then more than the bus keeps:
    // meanwhile two clients take nothing, but not for so long that they are cut off.
    let mut heard = vec![Vec::new(); quick.len()];
    let mut newest = from;
    for (count, text) in [(100, LARGE); 2].into_iter().chain([(250, 0); 5]) {
        newest = raise(&site, count, text).await;
        let begun = Instant::now();
        for (socket, heard) in quick.iter_mut().zip(&mut heard) {
            while heard.last().is_none_or(|last| *last < newest) {
                heard.push(next_change(socket).await);
            }
        }
        assert!(begun.elapsed() < DISTURBED_MAX, "{:?}", begun.elapsed());
    }
    // The slow one is told where it was left behind, and goes on with what is new.
    let mut seen = Vec::new();
    let (mut last, mut told) = (from, 0);
    while last < newest {
        match said(&mut slow).await {
            Said::Change(seq) => {
                assert!(seq > last);
                seen.push(seq);
                last = seq;
            }
            Said::Missed { after, up_to, count } => {
                assert_eq!((after, count), (last, up_to - after));
                let missed = fetch(&viewer, after, up_to).await;
                assert_eq!(i64::try_from(missed.len()).unwrap(), count);
                seen.extend(missed);
                (last, told) = (up_to, told + 1);
            }
        }
    }
    assert_eq!(told, 1, "once, not again and again");
    let news = raise(&site, 1, 0).await;
    assert!(next_change(&mut slow).await > newest);
    let all = fetch(&viewer, from, newest).await;
    assert!(all.len() >= 1450);
    for heard in heard {
        assert_eq!(heard, all, "each change once and in order");
    }
    assert!(seen.starts_with(&all), "what was heard and what was fetched is everything, once");
    assert!(news > newest);
    // And one that takes nothing at all is cut off: what it says comes back as refused.
    let begun = Instant::now();
    while never.try_say("?").await {
        assert!(begun.elapsed() < PATIENCE, "it is kept for ever");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_read_up_to_the_newest_and_what_is_older_is_told() {
    let site = Site::quiet().await;
    let viewer = site.somebody(Role::Viewer).await;
    let old = raise(&site, 11_600, 0).await;
    // From the store to the bus, while more is raised.
    let mut socket = viewer.socket("/ws/events?after=0").await;
    let Said::Missed { after, up_to, count } = said(&mut socket).await else {
        panic!("more than 10 000 changes were sent");
    };
    assert_eq!((after, count), (0, up_to));
    assert!(up_to <= old - 10_000, "{up_to} of {old}");
    let reading = tokio::spawn(async move {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| *last < old + 300) {
            heard.push(next_change(&mut socket).await);
        }
        heard
    });
    let mut newest = old;
    while newest < old + 300 {
        newest = raise(&site, 10, 0).await;
    }
    let heard = reading.await.unwrap();
    let all: Vec<i64> = (up_to + 1..=heard[heard.len() - 1]).collect();
    assert_eq!(heard, all, "nothing lost or doubled at the seam");
    assert_eq!(fetch(&viewer, 0, up_to).await, (1..=up_to).collect::<Vec<i64>>());
    // After a restart the newest are at hand again, and numbers go on.
    let site = site.restart(vec![crate::site::quiet()]).await;
    let admin = site.admin().await;
    let newest = admin.get("/api/system").await.ok()["seq"].as_i64().unwrap();
    let mut socket = admin.socket(&format!("/ws/events?after={}", newest - 2000)).await;
    for seq in newest - 1999..=newest {
        assert_eq!(next_change(&mut socket).await, seq);
    }
}

#[tokio::test]
async fn changes_are_paged() {
    let site = Site::quiet().await;
    let viewer = site.somebody(Role::Viewer).await;
    let newest = raise(&site, 5, 0).await;
    let page = viewer.get(&format!("/api/events/changes?after={}&limit=2", newest - 5)).await.ok();
    assert!(page["seq"].as_i64().unwrap() >= newest);
    let changes = page["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["seq"], newest - 4);
    assert_eq!((&changes[0]["kind"], &changes[0]["recorded"]), (&json!("raised"), &json!(true)));
    let mut socket = viewer.socket(&format!("/ws/events?after={}", newest - 5)).await;
    let mut told = socket.text("change").await;
    assert_eq!(told.as_object_mut().unwrap().remove("type"), Some(json!("change")));
    assert_eq!(told, changes[0], "what is fetched is what would have been sent");
    let none: Value = viewer.get(&format!("/api/events/changes?after={}", i64::MAX)).await.ok();
    assert_eq!(none["changes"], json!([]));
    for wrong in ["after=-1", "after=x", "limit=0", "limit=501", "before=3"] {
        let answer = viewer.get(&format!("/api/events/changes?{wrong}")).await;
        assert_eq!(answer.code(), "invalid", "{wrong}");
    }
}
