//! Shapes of checklists in requests and answers.

use std::time::Instant;

use safe_yolo_core::checklist::{ChecklistItem, Standing, Template, Tick, TickedBy, shown};
use safe_yolo_core::{CameraId, ChecklistId, Message, Utc, ZoneId};
use safe_yolo_store::checklists::{Checklist, ChecklistRun, ItemState, RunDeed, RunItem, Touch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::schema;
use crate::app::App;
use crate::checklists::Look;

/// Who ticks an item, for the description.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ItemBy {
    Hand,
    Rule,
}

/// One line of a checklist.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChecklistItem)]
#[expect(dead_code, reason = "read by the description only")]
pub(crate) struct ItemBody {
    /// Its own name in the list: A-Z, a-z, 0-9, '-' and '_', 40 at most.
    id: String,
    text: schema::Message,
    by: ItemBy,
    /// Of `rule`: what must not happen.
    types: Option<Vec<schema::EventType>>,
    /// Of `rule`: in this zone only; else in the list's, or in all of the camera's.
    zone: Option<String>,
    /// Of `rule`: seconds for which all must have been clear, 1 to 86400; 60 unless given.
    clear_for_s: Option<f64>,
}

/// Who ticked or un-ticked it, and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChecklistTouch)]
pub(crate) struct TouchBody {
    /// Null for the camera.
    who: Option<String>,
    #[schema(value_type = String)]
    at: Utc,
    note: String,
}

impl From<&Touch> for TouchBody {
    fn from(touch: &Touch) -> Self {
        Self { who: touch.who.clone(), at: touch.at, note: touch.note.clone() }
    }
}

/// An item and how it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChecklistItemState)]
pub(crate) struct StateBody {
    #[serde(flatten)]
    #[schema(value_type = ItemBody, inline)]
    item: ChecklistItem,
    /// What a tick is based on; grows with each.
    revision: u64,
    /// `open`, `done`, or `unconfirmed`: ticked, but nobody can tell whether it still holds.
    state: &'static str,
    /// Who last ticked or un-ticked it.
    last: Option<TouchBody>,
    /// Of `unconfirmed`: since when.
    #[schema(value_type = Option<String>)]
    unconfirmed_since: Option<Utc>,
    /// Of an item that the camera ticks: what its rules say now, `clear`, `violation` or `unknown`.
    #[schema(value_type = Option<String>)]
    standing: Option<Standing>,
    /// Of `unknown`: why; see docs/checklists.md.
    reason: Option<&'static str>,
    /// For how long its rules have been clear, seconds.
    clear_s: Option<u64>,
}

const fn name(tick: Tick) -> &'static str {
    match tick {
        Tick::Open => "open",
        Tick::Done => "done",
        Tick::Unconfirmed => "unconfirmed",
    }
}

impl StateBody {
    fn new(state: ItemState, look: impl FnOnce(&str) -> Look) -> Self {
        let ItemState { item, revision, tick, last, unconfirmed_since } = state;
        let last = last.as_ref().map(TouchBody::from);
        let base = |tick, since, item| Self {
            item,
            revision,
            state: name(tick),
            last,
            unconfirmed_since: since,
            standing: None,
            reason: None,
            clear_s: None,
        };
        if item.by == TickedBy::Hand {
            return base(tick, None, item);
        }
        let look = look(&item.id);
        let shown = shown(tick, look.standing);
        let since = (shown == Tick::Unconfirmed).then(|| unconfirmed_since.or(look.unknown_since));
        Self {
            standing: Some(look.standing),
            reason: look.reason,
            clear_s: Some(look.clear_s),
            ..base(shown, since.flatten(), item)
        }
    }
}

/// A checklist as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checklist)]
pub(crate) struct ChecklistBody {
    #[schema(value_type = String)]
    id: ChecklistId,
    #[schema(value_type = String)]
    camera: CameraId,
    #[schema(value_type = Option<String>)]
    zone: Option<ZoneId>,
    #[schema(value_type = schema::Message)]
    name: Message,
    /// Of its definition: what a change is based on.
    version: u64,
    /// Since when it is worked off.
    #[schema(value_type = String)]
    started: Utc,
    items: Vec<StateBody>,
}

impl ChecklistBody {
    fn new(list: Checklist, look: impl Fn(&ChecklistId, &str) -> Look) -> Self {
        let Checklist { id, camera, zone, name, items, version, run: _, started } = list;
        let state = |state| StateBody::new(state, |item| look(&id, item));
        let items = items.into_iter().map(state).collect();
        Self { id, camera, zone, name, version, started, items }
    }

    pub(super) fn one(app: &App, list: Checklist) -> Self {
        Self::new(list, app.checklists.read(Instant::now()))
    }

    pub(super) fn all(app: &App, lists: Vec<Checklist>) -> Vec<Self> {
        let look = app.checklists.read(Instant::now());
        lists.into_iter().map(|list| Self::new(list, &look)).collect()
    }
}

/// A list to begin with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChecklistTemplate)]
pub(crate) struct TemplateBody {
    id: &'static str,
    #[schema(value_type = schema::Message)]
    name: Message,
    #[schema(value_type = Vec<ItemBody>)]
    items: Vec<ChecklistItem>,
}

impl From<Template> for TemplateBody {
    fn from(template: Template) -> Self {
        Self { id: template.id, name: template.name, items: template.items }
    }
}

/// How an item stood at the end of a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChecklistRunItem)]
pub(crate) struct RunItemBody {
    id: String,
    #[schema(value_type = schema::Message)]
    text: Message,
    /// `open`, `done` or `unconfirmed`.
    state: String,
    last: Option<TouchBody>,
    #[schema(value_type = Option<String>)]
    unconfirmed_since: Option<Utc>,
}

/// Something done to an item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChecklistDeed)]
pub(crate) struct DeedBody {
    item: String,
    #[schema(value_type = String)]
    at: Utc,
    /// `ticked`, `unticked`, `unconfirmed` or `confirmed`.
    deed: &'static str,
    /// Null for the camera.
    who: Option<String>,
    note: String,
}

/// From one reset to the next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChecklistRun)]
pub(crate) struct RunBody {
    number: u64,
    #[schema(value_type = String)]
    started: Utc,
    /// Null of the current one.
    #[schema(value_type = Option<String>)]
    ended: Option<Utc>,
    /// `shift`, `hand` or `deleted`.
    ended_by: Option<&'static str>,
    /// Who ended it, if somebody did.
    who: Option<String>,
    note: String,
    /// Ids of items that were not ticked at the end, or whose tick did not count.
    open: Vec<String>,
    items: Vec<RunItemBody>,
    /// Oldest first; the newest 200.
    deeds: Vec<DeedBody>,
    /// So many older deeds are not kept.
    untold: u64,
}

impl From<ChecklistRun> for RunBody {
    fn from(run: ChecklistRun) -> Self {
        let open = run.open_items().map(|item| item.id.clone()).collect();
        let item = |item: RunItem| RunItemBody {
            last: item.last.as_ref().map(TouchBody::from),
            id: item.id,
            text: item.text,
            state: item.state,
            unconfirmed_since: item.unconfirmed_since,
        };
        let deed = |deed: RunDeed| DeedBody {
            item: deed.item,
            at: deed.at,
            deed: deed.deed.name(),
            who: deed.who,
            note: deed.note,
        };
        Self {
            number: run.number,
            started: run.started,
            ended: run.ended.map(|(at, _)| at),
            ended_by: run.ended.map(|(_, by)| by.name()),
            who: run.who,
            note: run.note,
            open,
            items: run.items.into_iter().map(item).collect(),
            deeds: run.deeds.into_iter().map(deed).collect(),
            untold: run.untold,
        }
    }
}
