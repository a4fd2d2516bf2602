//! What was announced against what the server keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use safe_yolo_testkit::program::Client;

use crate::observer::{Change, Events, Observer};

/// How long the observer may take to hear of all there is.
const CATCH_UP_MAX: Duration = Duration::from_secs(15);

/// What is wrong with the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    /// Announced as recorded and not kept, kept and never announced, or
    /// announced as not recorded and never stored afterwards.
    pub(crate) lost: usize,
    /// Announced or kept twice.
    pub(crate) doubled: usize,
    /// Changes kept.
    pub(crate) kept: usize,
}

/// All changes that the server keeps after this one, in its order.
async fn kept(client: &Client, after: i64) -> Result<Vec<Change>> {
    let mut changes: Vec<Change> = Vec::new();
    loop {
        let last = changes.last().map_or(after, |change| change.seq);
        let page = client.get(&format!("/api/events/changes?after={last}&limit=500")).await?;
        let read = page["changes"].as_array().context("no list of changes")?;
        if read.is_empty() {
            return Ok(changes);
        }
        for change in read {
            changes.push(Change::read(change).context("a change that can't be read")?);
        }
    }
}

/// The ids of all events, as the list shows them page by page.
async fn listed(client: &Client) -> Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    let mut path = "/api/events?limit=200".to_owned();
    loop {
        let page = client.get(&path).await?;
        let events = page["events"].as_array().context("no list of events")?;
        let Some(last) = events.last() else { return Ok(ids) };
        path = format!("/api/events?limit=200&before={}", last["seq"]);
        for event in events {
            let id = event["id"].as_str().context("an event without id")?;
            ids.insert(id.to_owned());
        }
    }
}

/// Compares all changes after `after` with what was announced.
fn compare(heard: &Events, kept: &[Change], after: i64) -> Audit {
    let newest = kept.last().map_or(after, |change| change.seq);
    let by_seq: BTreeMap<i64, &Change> = kept.iter().map(|change| (change.seq, change)).collect();
    let gone = heard
        .changes
        .range(after + 1..)
        // What was announced after the list was read can't be in it.
        .filter(|(seq, change)| **seq <= newest && by_seq.get(seq) != Some(change));
    let unheard = kept.iter().filter(|change| !heard.changes.contains_key(&change.seq));
    let raised: Vec<&str> = kept
        .iter()
        .filter(|change| change.kind == "raised")
        .map(|change| change.event.as_str())
        .collect();
    let raised_once: BTreeSet<&str> = raised.iter().copied().collect();
    Audit {
        lost: gone.count() + unheard.count(),
        doubled: (kept.len() - by_seq.len()) + (raised.len() - raised_once.len()),
        kept: kept.len(),
    }
}

/// Changes announced as recorded that a server on a copy of the database does
/// not have. What it has beyond them is its own.
pub(crate) async fn missing(client: &Client, observer: &Observer) -> Result<usize> {
    let kept: BTreeSet<Change> = kept(client, 0).await?.into_iter().collect();
    let heard = observer.events();
    Ok(heard.changes.values().filter(|change| !kept.contains(change)).count())
}

/// Events that were announced as not recorded, and never as recorded.
fn unstored(heard: &Events) -> usize {
    let known: BTreeSet<&str> = heard.changes.values().map(|c| c.event.as_str()).collect();
    heard.unrecorded.iter().filter(|id| !known.contains(id.as_str())).count()
}

/// Compares what was announced since the change `after` with what the server
/// keeps; waits until the observer has heard of it all. Doubling that the
/// observer heard itself is not in it.
pub(crate) async fn changes(client: &Client, observer: &Observer, after: i64) -> Result<Audit> {
    let kept = kept(client, after).await?;
    let newest = kept.last().map_or(after, |change| change.seq);
    let begun = Instant::now();
    // An alarm that the store was late with is announced again when it is stored.
    while (observer.cursor() < newest || unstored(&observer.events()) > 0)
        && begun.elapsed() < CATCH_UP_MAX
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let heard = observer.events();
    let mut audit = compare(&heard, &kept, after);
    audit.lost += unstored(&heard);
    Ok(audit)
}

/// As [`changes`], of everything from the beginning, and of the list of events.
pub(crate) async fn everything(client: &Client, observer: &Observer) -> Result<Audit> {
    let mut audit = changes(client, observer, 0).await?;
    let ids = listed(client).await?;
    let heard = observer.events();
    let events: BTreeSet<&str> = heard.changes.values().map(|c| c.event.as_str()).collect();
    for id in events.into_iter().filter(|id| !ids.contains(*id)) {
        // One that changes while the pages are read moves to the front.
        audit.lost += usize::from(client.get(&format!("/api/events/{id}")).await.is_err());
    }
    if audit.kept == 0 {
        bail!("nothing was ever recorded: the audit shows nothing");
    }
    Ok(audit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(seq: i64, kind: &str, event: &str) -> Change {
        Change { seq, kind: kind.to_owned(), event: event.to_owned() }
    }

    fn heard(changes: &[Change]) -> Events {
        let changes: BTreeMap<_, _> = changes.iter().map(|c| (c.seq, c.clone())).collect();
        Events { changes, ..Events::default() }
    }

    #[test]
    fn what_agrees_is_neither_lost_nor_doubled() {
        let changes = [change(1, "raised", "a"), change(2, "raised", "b"), change(4, "ended", "a")];
        let audit = compare(&heard(&changes), &changes, 0);
        assert_eq!(audit, Audit { lost: 0, doubled: 0, kept: 3 });
        let newer = [change(1, "raised", "a"), change(2, "raised", "b")];
        assert_eq!(compare(&heard(&changes), &newer, 0).lost, 0, "announced since");
    }

    #[test]
    fn differences_count() {
        let changes = [change(1, "raised", "a"), change(2, "raised", "b")];
        let gap = [change(2, "raised", "b")];
        assert_eq!(compare(&heard(&changes), &gap, 0).lost, 1, "gone from the store");
        assert_eq!(compare(&heard(&gap), &changes, 0).lost, 1, "never announced");
        let other = [change(1, "raised", "x"), change(2, "raised", "b")];
        assert_eq!(compare(&heard(&changes), &other, 0).lost, 1, "another event under its number");
        let twice = [change(1, "raised", "a"), change(2, "raised", "a")];
        assert_eq!(compare(&heard(&twice), &twice, 0).doubled, 1);
    }

    #[test]
    fn what_was_announced_unrecorded_must_be_stored_in_the_end() {
        let mut heard = heard(&[change(1, "raised", "a")]);
        heard.unrecorded = ["a", "b"].map(str::to_owned).into();
        assert_eq!(unstored(&heard), 1);
    }
}
