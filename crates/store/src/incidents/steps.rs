//! What people do about incidents: each step in one transaction, with its entry in the log.

use safe_yolo_core::EventId;
use safe_yolo_core::event::Acknowledgement;
use safe_yolo_core::incident::Step;
use sqlx::Connection;

use super::{IncidentRecord, NOTE_CHARS_MAX, StepBy, rows};
use crate::error::Doing;
use crate::events::{acknowledge_here, unbroken};
use crate::{Store, StoreError, chain};

const DOING: &str = "changing an incident";
/// Most characters of a name.
const NAME_CHARS_MAX: usize = 80;

fn check(step: &Step) -> Result<(), StoreError> {
    let note = step.note();
    if note.chars().count() > NOTE_CHARS_MAX {
        let (field, rule) = ("note", "have 1000 characters at most");
        return Err(StoreError::Invalid { field, value: note.chars().take(40).collect(), rule });
    }
    if matches!(step, Step::Note { .. }) && note.trim().is_empty() {
        return Err(StoreError::Invalid {
            field: "note",
            value: String::new(),
            rule: "say something",
        });
    }
    if let Step::Assign { to, .. } = step {
        let fits = (1..=NAME_CHARS_MAX).contains(&to.trim().chars().count())
            && !to.chars().any(char::is_control);
        if !fits {
            let value = to.chars().take(40).collect();
            let rule = "be a name of 1 to 80 characters";
            return Err(StoreError::Invalid { field: "to", value, rule });
        }
    }
    Ok(())
}

impl Store {
    /// Takes a step. Acknowledging an incident acknowledges its alarms.
    ///
    /// # Errors
    /// When there is no such incident, a text is too long, somebody was faster, the step does not follow from the
    /// incident's state ([`StoreError::Step`]), or the database fails; nothing is changed then.
    pub async fn take_step(&self, wanted: StepBy<'_>) -> Result<IncidentRecord, StoreError> {
        check(wanted.step)?;
        let (id, at, based_on) = (wanted.id, wanted.at, wanted.based_on);
        let (step, by, store) = (wanted.step.clone(), wanted.by.to_owned(), self.clone());
        unbroken(async move {
            let mut writer = store.inner.writer.acquire().await.doing(DOING)?;
            let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.doing(DOING)?;
            let settings = store.alarm_settings();
            let Some(mut record) = rows::by_id(&mut tx, id).await? else {
                return Err(StoreError::not_found("incident", id.to_string()));
            };
            record
                .incident
                .take(&step, &by, at, based_on)
                .map_err(|error| StoreError::Step { id: id.to_string(), error: Box::new(error) })?;
            let mut changes = Vec::new();
            if let Step::Acknowledge { reason } = &step {
                let acknowledgement =
                    Acknowledgement { by: by.clone(), at, reason: reason.clone() };
                let waiting: Vec<String> =
                    sqlx::query_scalar("SELECT id FROM events WHERE incident = ? AND waits = 1")
                        .bind(id.to_string())
                        .fetch_all(&mut *tx)
                        .await
                        .doing(DOING)?;
                for event in waiting {
                    let event: EventId = event.parse().map_err(|error| {
                        StoreError::unreadable("event", &event, format!("{error}"))
                    })?;
                    changes.extend(acknowledge_here(&mut tx, event, &acknowledgement).await?.ok());
                }
            }
            let said = match &step {
                Step::Assign { to, note } if note.is_empty() => to.clone(),
                Step::Assign { to, note } => format!("{to}: {note}"),
                other => other.note().to_owned(),
            };
            rows::update(&mut tx, &record, &settings).await?;
            rows::note(&mut tx, id, at, &by, step.name(), &said).await?;
            chain::sweep(&mut tx).await?;
            tx.commit().await.doing(DOING)?;
            store.publish(&changes);
            store.tell(vec![record.clone()]);
            Ok(record)
        })
        .await
    }
}
