//! Incidents: alarms of one cause, and what people do about them.
//!
//! An event says what a rule found; an incident is the work that comes of it. It goes from *raised* over
//! *acknowledged* and *assigned* to *resolved* or *false alarm*. Nothing here reads a clock or a
//! database: [`Incident::join`] and [`Incident::take`] are all that changes one.

use serde::{Deserialize, Serialize};

use crate::event::{Acknowledgement, ZoneRef};
use crate::{CameraId, Event, EventId, EventType, Severity, Utc};

/// Where an incident is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Nobody has acknowledged it, or not its newest alarm.
    Raised,
    /// Somebody has seen it.
    Acknowledged,
    /// Somebody sees to it.
    Assigned,
    /// What had to be done was done.
    Resolved,
    /// There was no danger.
    FalseAlarm,
}

impl IncidentState {
    /// Every state, in the order of an incident's life.
    pub const ALL: [Self; 5] =
        [Self::Raised, Self::Acknowledged, Self::Assigned, Self::Resolved, Self::FalseAlarm];

    /// The name, as stored and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Acknowledged => "acknowledged",
            Self::Assigned => "assigned",
            Self::Resolved => "resolved",
            Self::FalseAlarm => "false_alarm",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing is left to be done.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Resolved | Self::FalseAlarm)
    }
}

/// What alarms have in common that become one incident.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cause {
    /// The same for alarms of one cause.
    pub key: String,
    /// Whether an alarm joins an incident for as long as that goes on; otherwise for some time after
    /// its newest alarm only.
    pub while_open: bool,
}

impl Cause {
    /// The cause of an alarm: its type and its place. Zones of several cameras that name the same
    /// place are one place, so that two views of one press make one incident. Cameras that go blind
    /// at about the same time are one incident, too: a switch that fails takes many of them.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let kind = event.event_type.name();
        let camera = event.camera.as_ref().map_or("", CameraId::as_str);
        if event.event_type == EventType::System {
            return match event.details.get("part").and_then(serde_json::Value::as_str) {
                Some(part) => {
                    Self { key: format!("system/part/{part}/{camera}"), while_open: true }
                }
                None if event.details.contains_key("state") => {
                    Self { key: "system/blind".to_owned(), while_open: false }
                }
                None => Self { key: format!("system/{camera}"), while_open: true },
            };
        }
        let key = match &event.zone {
            Some(ZoneRef { place: Some(place), .. }) => format!("{kind}/place/{place}"),
            Some(zone) => format!("{kind}/zone/{}", zone.id),
            None => format!("{kind}/camera/{camera}"),
        };
        Self { key, while_open: true }
    }
}

/// What one camera has seen of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentCamera {
    /// Which camera.
    pub id: CameraId,
    /// Its name at that time.
    pub name: String,
    /// Different people that its alarms were about.
    pub people: u32,
    /// Those of them whose alarms last.
    pub open_people: u32,
}

/// Who sees to an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Assignment {
    pub to: String,
    pub by: String,
    pub at: Utc,
    pub note: String,
}

/// Who did something, when, and what they say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Noted {
    pub by: String,
    pub at: Utc,
    pub note: String,
}

/// How often nobody has acknowledged in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Escalation {
    /// 0: there is still time.
    pub level: u8,
    /// When the level was reached.
    pub at: Option<Utc>,
}

/// Alarms of one cause, and what people did about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The id of its first event.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The gravest of its alarms.
    pub severity: Severity,
    /// The camera of its first event.
    pub camera: Option<CameraId>,
    /// That camera's name at that time.
    pub camera_name: String,
    /// The zone of its first event.
    pub zone: Option<ZoneRef>,
    /// All cameras that saw something of it.
    pub cameras: Vec<IncidentCamera>,
    /// When its first alarm began.
    pub start: Utc,
    /// When its last alarm was over; none while one lasts.
    pub end: Option<Utc>,
    /// When its newest alarm began.
    pub last_event_at: Utc,
    /// Its alarms.
    pub events: u32,
    /// Those that last.
    pub open_events: u32,
    /// Different people that one camera saw, the most of all cameras: one person seen by two cameras is
    /// one.
    pub people: u32,
    /// The most of them at the same time.
    pub people_peak: u32,
    /// Where it is in its life.
    pub state: IncidentState,
    /// Grows by one with each change.
    pub revision: u64,
    /// Who has seen its newest alarm.
    pub acknowledged: Option<Acknowledgement>,
    /// Who sees to it.
    pub assigned: Option<Assignment>,
    /// Who resolved it or called it a false alarm.
    pub closed: Option<Noted>,
    /// Since when nobody has acknowledged it.
    pub waiting_since: Utc,
    /// How often nobody did so in time.
    pub escalation: Escalation,
    /// Who wants its evidence to be kept.
    pub held: Option<Noted>,
}

/// What becomes of the people behind an alarm; the store counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Headcount {
    /// The camera had not raised an alarm about this person in this incident.
    pub is_new: bool,
    /// No other alarm about this person lasts in this incident.
    pub alone: bool,
}

/// What somebody does about an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Step {
    Acknowledge { reason: String },
    Assign { to: String, note: String },
    Resolve { note: String },
    FalseAlarm { note: String },
    Reopen { note: String },
    Note { note: String },
    Hold { note: String },
    Release { note: String },
}

impl Step {
    /// The name, as in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Acknowledge { .. } => "acknowledged",
            Self::Assign { .. } => "assigned",
            Self::Resolve { .. } => "resolved",
            Self::FalseAlarm { .. } => "false_alarm",
            Self::Reopen { .. } => "reopened",
            Self::Note { .. } => "note",
            Self::Hold { .. } => "held",
            Self::Release { .. } => "released",
        }
    }

    /// What is said with it.
    #[must_use]
    pub fn note(&self) -> &str {
        match self {
            Self::Acknowledge { reason: note }
            | Self::Assign { note, .. }
            | Self::Resolve { note }
            | Self::FalseAlarm { note }
            | Self::Reopen { note }
            | Self::Note { note }
            | Self::Hold { note }
            | Self::Release { note } => note,
        }
    }
}

/// Why a step can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are the documentation")]
pub enum StepError {
    #[error("{by} {deed} it at {at}: load it again before you go on")]
    Done { deed: &'static str, by: String, at: Utc },
    #[error("nobody has acknowledged its newest alarm: acknowledge it first")]
    NotAcknowledged,
    #[error(
        "{open} of its alarms still last: resolve it when they are over, or call it a false alarm"
    )]
    StillGoesOn { open: u32 },
    #[error("it is not closed: there is nothing to reopen")]
    NotClosed,
    #[error("its evidence is not held: there is nothing to release")]
    NotHeld,
    #[error("it is at revision {now} and not {based_on} any more: load it again before you go on")]
    Stale { based_on: u64, now: u64 },
}

impl Incident {
    /// The most alarms of one incident; the next one begins a new one.
    pub const EVENTS_MAX: u32 = 1000;

    /// A new incident, of its first alarm.
    #[must_use]
    pub fn new(event: &Event) -> Self {
        let mut incident = Self {
            id: event.id,
            event_type: event.event_type,
            severity: event.severity,
            camera: event.camera.clone(),
            camera_name: event.camera_name.clone(),
            zone: event.zone.clone(),
            cameras: Vec::new(),
            start: event.start,
            end: None,
            last_event_at: event.start,
            events: 0,
            open_events: 0,
            people: 0,
            people_peak: 0,
            state: IncidentState::Raised,
            revision: 0,
            acknowledged: None,
            assigned: None,
            closed: None,
            waiting_since: event.start,
            escalation: Escalation::default(),
            held: None,
        };
        incident.join(event, Headcount { is_new: true, alone: true });
        incident
    }

    /// Whether an alarm of the same cause belongs to this incident.
    #[must_use]
    pub fn takes(&self, cause: &Cause, start: Utc, within_us: i64) -> bool {
        if self.state.is_closed() || self.events >= Self::EVENTS_MAX {
            return false;
        }
        let lasts = self.open_events > 0 && cause.while_open;
        let ended = self.end.filter(|_| cause.while_open).unwrap_or(self.last_event_at);
        let newest = ended.max(self.last_event_at).micros();
        lasts || start.micros().abs_diff(newest) <= within_us.unsigned_abs()
    }

    /// An alarm more. Whoever acknowledged the earlier ones has not seen this one: the incident waits again.
    pub fn join(&mut self, event: &Event, head: Headcount) {
        self.revision += 1;
        self.events += 1;
        self.severity = self.severity.max(event.severity);
        self.start = self.start.min(event.start);
        self.last_event_at = self.last_event_at.max(event.start);
        match event.end {
            None => {
                self.open_events += 1;
                self.end = None;
            }
            Some(end) if self.open_events == 0 => {
                self.end = Some(self.end.map_or(end, |other| other.max(end)));
            }
            Some(_) => {}
        }
        if self.state != IncidentState::Raised {
            self.state = IncidentState::Raised;
            self.waiting_since = event.start;
            self.acknowledged = None;
            self.escalation = Escalation::default();
        }
        self.count(event, head);
    }

    /// What was quiet rings from now on: nobody could acknowledge it before.
    pub fn rings(&mut self, at: Utc) {
        self.waiting_since = self.waiting_since.max(at);
    }

    /// The world's clock was set by so many microseconds: what waits has waited as long as before.
    pub fn clock_was_set(&mut self, by_us: i64) {
        self.waiting_since = Utc(self.waiting_since.micros().saturating_add(by_us));
    }

    fn count(&mut self, event: &Event, head: Headcount) {
        let is_count = event.event_type == EventType::OccupancyAbove;
        let told = event.details.get("count").filter(|_| is_count);
        let told = told.and_then(serde_json::Value::as_u64);
        let told = told.and_then(|people| u32::try_from(people).ok()).unwrap_or_default();
        if let Some(id) = &event.camera {
            let known = self.cameras.iter().position(|camera| camera.id == *id);
            let index = known.unwrap_or_else(|| {
                let name = event.camera_name.clone();
                let camera = IncidentCamera { id: id.clone(), name, people: 0, open_people: 0 };
                self.cameras.push(camera);
                self.cameras.len() - 1
            });
            if let Some(camera) = self.cameras.get_mut(index).filter(|_| event.track.is_some()) {
                camera.people += u32::from(head.is_new);
                camera.open_people += u32::from(head.alone && event.end.is_none());
                self.people_peak = self.people_peak.max(camera.open_people);
            }
        }
        let seen = self.cameras.iter().map(|camera| camera.people).max().unwrap_or_default();
        // Somebody was there, if only for a moment.
        self.people_peak = self.people_peak.max(told).max(seen.min(1));
        self.people = seen.max(told).max(self.people_peak);
    }

    /// One of its alarms is over.
    pub fn leave(&mut self, event: &Event, end: Utc, head: Headcount) {
        self.revision += 1;
        self.open_events = self.open_events.saturating_sub(1);
        let camera =
            self.cameras.iter_mut().find(|camera| Some(&camera.id) == event.camera.as_ref());
        if let Some(camera) = camera.filter(|_| event.track.is_some() && head.alone) {
            camera.open_people = camera.open_people.saturating_sub(1);
        }
        if self.open_events == 0 {
            // Ends come in the order of their cameras: none is before the last alarm began.
            self.end = Some(end.max(self.last_event_at));
        }
    }

    /// The figures of one of its alarms have changed.
    pub fn learn(&mut self, event: &Event) {
        if event.severity > self.severity {
            self.severity = event.severity;
            self.revision += 1;
        }
    }

    /// Somebody does something about it. `based_on` is the revision that they saw, if they say so.
    ///
    /// # Errors
    /// When somebody was faster, or the step does not follow from this state. Nothing is changed then.
    pub fn take(
        &mut self,
        step: &Step,
        by: &str,
        at: Utc,
        based_on: Option<u64>,
    ) -> Result<(), StepError> {
        self.allows(step)?;
        if let Some(based_on) = based_on.filter(|based_on| *based_on != self.revision) {
            return Err(StepError::Stale { based_on, now: self.revision });
        }
        let noted = || Noted { by: by.to_owned(), at, note: step.note().to_owned() };
        match step {
            Step::Acknowledge { reason } => {
                self.acknowledged =
                    Some(Acknowledgement { by: by.to_owned(), at, reason: reason.clone() });
                self.state = self.in_hand();
            }
            Step::Assign { to, note } => {
                let (to, by, note) = (to.clone(), by.to_owned(), note.clone());
                self.assigned = Some(Assignment { to, by, at, note });
                self.state = IncidentState::Assigned;
            }
            Step::Resolve { .. } | Step::FalseAlarm { .. } => {
                self.closed = Some(noted());
                self.state = match step {
                    Step::Resolve { .. } => IncidentState::Resolved,
                    _ => IncidentState::FalseAlarm,
                };
            }
            Step::Reopen { .. } => {
                self.closed = None;
                self.state = self.in_hand();
            }
            Step::Note { .. } => {}
            Step::Hold { .. } => self.held = Some(noted()),
            Step::Release { .. } => self.held = None,
        }
        self.revision += 1;
        Ok(())
    }

    fn in_hand(&self) -> IncidentState {
        match self.assigned {
            Some(_) => IncidentState::Assigned,
            None => IncidentState::Acknowledged,
        }
    }

    fn allows(&self, step: &Step) -> Result<(), StepError> {
        let done = |deed, noted: Option<&Noted>| match noted {
            Some(Noted { by, at, .. }) => Err(StepError::Done { deed, by: by.clone(), at: *at }),
            None => Ok(()),
        };
        let closed = || match self.state {
            IncidentState::FalseAlarm => done("called a false alarm", self.closed.as_ref()),
            _ => done("resolved", self.closed.as_ref()),
        };
        let raised = self.state == IncidentState::Raised;
        match step {
            Step::Acknowledge { .. } => {
                closed()?;
                match &self.acknowledged {
                    Some(Acknowledgement { by, at, .. }) => {
                        Err(StepError::Done { deed: "acknowledged", by: by.clone(), at: *at })
                    }
                    None => Ok(()),
                }
            }
            Step::Assign { to, .. } => {
                closed()?;
                if raised {
                    return Err(StepError::NotAcknowledged);
                }
                match &self.assigned {
                    Some(Assignment { to: now, by, at, .. }) if now == to => {
                        Err(StepError::Done { deed: "assigned", by: by.clone(), at: *at })
                    }
                    _ => Ok(()),
                }
            }
            Step::Resolve { .. } | Step::FalseAlarm { .. } => {
                closed()?;
                if raised {
                    return Err(StepError::NotAcknowledged);
                }
                if matches!(step, Step::Resolve { .. }) && self.open_events > 0 {
                    return Err(StepError::StillGoesOn { open: self.open_events });
                }
                Ok(())
            }
            Step::Reopen { .. } if !self.state.is_closed() => Err(StepError::NotClosed),
            Step::Hold { .. } => done("held", self.held.as_ref()),
            Step::Release { .. } if self.held.is_none() => Err(StepError::NotHeld),
            Step::Reopen { .. } | Step::Note { .. } | Step::Release { .. } => Ok(()),
        }
    }

    /// Nobody acknowledged in time.
    pub fn escalate(&mut self, at: Utc) {
        self.escalation =
            Escalation { level: self.escalation.level.saturating_add(1), at: Some(at) };
        self.revision += 1;
    }
}

#[cfg(test)]
#[path = "incident_tests.rs"]
mod tests;
