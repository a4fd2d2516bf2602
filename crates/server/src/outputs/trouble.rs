//! One kind of evidence that can't be kept: one `system` event for as long as that lasts.

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{Event, EventChange, Message};
use serde_json::json;

use crate::system_event::{ended, system_event};

/// Whether one kind of evidence can be kept.
#[derive(Debug)]
pub(super) struct Trouble {
    part: &'static str,
    ko: &'static str,
    en: &'static str,
    /// While it can't: what is wrong, and the event that says so.
    open: Option<(String, Event)>,
}

impl Trouble {
    pub(super) const fn new(part: &'static str, ko: &'static str, en: &'static str) -> Self {
        Self { part, ko, en, open: None }
    }

    /// What is wrong.
    pub(super) fn detail(&self) -> Option<&str> {
        self.open.as_ref().map(|(detail, _)| detail.as_str())
    }

    /// Some could not be kept; the event that begins, if it is the first.
    pub(super) fn failed(&mut self, detail: String) -> Option<EventChange> {
        if let Some((known, _)) = self.open.as_mut() {
            *known = detail;
            return None;
        }
        tracing::error!(part = self.part, detail, "evidence can't be kept");
        let message = Message { ko: self.ko.to_owned(), en: self.en.to_owned() };
        let event = system_event(None, message, json!({"part": self.part, "detail": detail}));
        self.open = Some((detail, event.clone()));
        Some(EventChange { kind: ChangeKind::Raised, event })
    }

    /// Some was kept, or the end has come; the event that ends, if there is one.
    pub(super) fn over(&mut self, why: &str) -> Option<EventChange> {
        let (_, event) = self.open.take()?;
        tracing::info!(part = self.part, why, "evidence can be kept again, or is not asked for");
        Some(ended(event, why))
    }
}
