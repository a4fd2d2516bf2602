//! Checklists, how their items stand, and the runs from one reset to the next.
//!
//! What is ticked is in the database and survives a restart; for how long a rule has been clear is
//! not, so that nothing is ticked for a time in which the program did not run.

mod edit;
mod rows;
mod runs;
mod settings;
mod tick;

use safe_yolo_core::checklist::{ChecklistItem, Deed, Tick};
use safe_yolo_core::{CameraId, ChecklistId, Message, Utc, ZoneId};
use serde::{Deserialize, Serialize};

pub use runs::{ChecklistRun, EndedBy, RunDeed, RunItem};
pub use settings::ChecklistSettings;
pub use tick::{HandTick, RuleDeed};

use crate::StoreError;

/// Most checklists of one server: all their items are looked at each second.
pub const CHECKLISTS_MAX: usize = 512;
/// Most checklists of one camera.
pub const CHECKLISTS_OF_CAMERA_MAX: usize = 16;
/// Most characters of a note.
pub const NOTE_MAX: usize = 500;

/// How an item stands, and by whose deed.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemState {
    /// Its definition.
    pub item: ChecklistItem,
    /// Grows with each tick and un-tick.
    pub revision: u64,
    /// Whether it is ticked, and whether that counts.
    pub tick: Tick,
    /// Who last ticked or un-ticked it, and when; none before.
    pub last: Option<Touch>,
    /// Since when nobody could tell whether its tick holds.
    pub unconfirmed_since: Option<Utc>,
}

/// Who ticked or un-ticked an item, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The user; none for the camera.
    pub who: Option<String>,
    /// When.
    pub at: Utc,
    /// What the user says of it.
    pub note: String,
}

/// A checklist as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Checklist {
    /// Its identifier.
    pub id: ChecklistId,
    /// The camera whose place it is about.
    pub camera: CameraId,
    /// Its zone, if it is about one.
    pub zone: Option<ZoneId>,
    /// What people call it.
    pub name: Message,
    /// Its items in order.
    pub items: Vec<ItemState>,
    /// Grows with each change to its definition.
    pub version: u64,
    /// The number of the run.
    pub run: u64,
    /// Since when it is worked off.
    pub started: Utc,
}

/// A checklist to be added.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as in `Checklist`")]
pub struct NewChecklist {
    pub camera: CameraId,
    pub zone: Option<ZoneId>,
    pub name: Message,
    pub items: Vec<ChecklistItem>,
}

/// What to change of a checklist; what is none stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChecklistPatch {
    /// The version that the change is based on: it is refused if there is a newer one.
    pub version: Option<u64>,
    /// Its zone.
    pub zone: Option<Option<ZoneId>>,
    /// Its name.
    pub name: Option<Message>,
    /// All its items.
    pub items: Option<Vec<ChecklistItem>>,
}

pub(super) const fn tick_name(tick: Tick) -> &'static str {
    match tick {
        Tick::Open => "open",
        Tick::Done => "done",
        Tick::Unconfirmed => "unconfirmed",
    }
}

pub(super) fn tick_named(name: &str) -> Option<Tick> {
    [Tick::Open, Tick::Done, Tick::Unconfirmed].into_iter().find(|tick| tick_name(*tick) == name)
}

/// What a deed makes of an item.
pub(super) const fn after(deed: Deed) -> Tick {
    match deed {
        Deed::Ticked | Deed::Confirmed => Tick::Done,
        Deed::Unticked => Tick::Open,
        Deed::Unconfirmed => Tick::Unconfirmed,
    }
}

pub(super) fn check_note(note: &str) -> Result<(), StoreError> {
    let is_text = !note.chars().any(|c| c.is_control() && c != '\n');
    if is_text && note.chars().count() <= NOTE_MAX {
        return Ok(());
    }
    Err(StoreError::Invalid {
        field: "note",
        value: note.chars().filter(|c| !c.is_control()).take(40).collect(),
        rule: "have 500 characters at most and no control characters",
    })
}
