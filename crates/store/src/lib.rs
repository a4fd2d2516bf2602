//! Durable state: users, cameras, zones and their history, events, evidence files.
//!
//! [`Store`] is one SQLite file with a single writer and many readers;
//! [`outbox`] is the way of the engine's event changes into it, and keeps
//! alarms audible and safe in a [`journal`] while the database fails.
//! [`evidence`] keeps the pictures that prove events, [`chain`] shows that nothing of all this was
//! altered since.
//!
//! Absent: rules about what may be changed by whom (the server's), and whether
//! a zone fits the loaded model (the wiring's).

mod audit;
mod cameras;
pub mod chain;
pub mod checklists;
mod error;
mod events;
pub mod evidence;
mod incidents;
pub mod journal;
mod key;
pub mod outbox;
mod password;
mod random;
pub mod regulations;
mod sessions;
pub mod statistics;
mod store;
mod users;

pub use audit::{AuditEntry, AuditFilter};
pub use cameras::{
    Author, CameraPatch, CameraRecord, CameraVersion, Change, Credentials, Deed, Edit, NewCamera,
    NewZone, Origin, SiteCamera, Upserted, VersionSettings, ZonePatch,
};
pub use error::StoreError;
pub use events::{Announced, EventFilter, EventRecord, MutedBy, Recorded, StoredChange};
pub use evidence::{EvidenceStore, SavedFile};
pub use incidents::{
    IncidentCounts, IncidentDeed, IncidentFilter, IncidentList, IncidentRecord, Lifted, Mute,
    NewMute, Partly, RulePrecision, StepBy,
};
pub use journal::Journal;
pub use key::{InstallationKey, PublicKey};
pub use outbox::{Outbox, OutboxConfig, OutboxHandle, StoreState};
pub use sessions::SessionToken;
pub use store::{SessionPolicy, Store, StoreOptions};
pub use users::{FirstAdmin, Role, User};
