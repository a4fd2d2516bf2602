//! Ticking: by hand, where the first of two wins and the other is told, and by rules.

use safe_yolo_core::checklist::{Deed, Tick, TickedBy};
use safe_yolo_core::{ChecklistId, Utc};

use super::rows::{self, Doer};
use super::{Checklist, ItemState, check_note};
use crate::error::Doing;
use crate::{Store, StoreError};

/// What somebody says of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandTick {
    /// Who.
    pub who: String,
    /// Whether it is done.
    pub done: bool,
    /// What he says of it.
    pub note: String,
    /// The item's revision that he saw: it is refused if there is a newer one.
    pub revision: Option<u64>,
}

/// What a rule does to an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDeed {
    /// Which list.
    pub checklist: ChecklistId,
    /// Which item.
    pub item: String,
    /// As it was when that was decided: of one that somebody changed meanwhile nothing is done.
    pub revision: u64,
    /// What.
    pub deed: Deed,
    /// Since when its tick is not confirmed; since now unless given.
    pub since: Option<Utc>,
}

fn find<'a>(list: &'a Checklist, item: &str) -> Result<&'a ItemState, StoreError> {
    list.items.iter().find(|state| state.item.id == item).ok_or_else(|| {
        let item: String = item.chars().take(40).collect();
        StoreError::not_found("item of this checklist", item)
    })
}

impl Store {
    /// Ticks an item, or takes its tick away, by hand. Answers the list after it and whether
    /// anything changed.
    ///
    /// # Errors
    /// When there is no such list or item, somebody was faster, it is the camera that ticks the
    /// item, the note is too long, or the database fails.
    pub async fn tick_item(
        &self,
        id: &ChecklistId,
        item: &str,
        tick: &HandTick,
        at: Utc,
    ) -> Result<(Checklist, bool), StoreError> {
        let doing = "ticking an item of a checklist";
        check_note(&tick.note)?;
        let mut tx = self.begin(doing).await?;
        let list = rows::known(&mut tx, id).await?;
        let state = find(&list, item)?;
        if tick.done && matches!(state.item.by, TickedBy::Rule(_)) {
            return Err(StoreError::NotByHand { item: item.to_owned() });
        }
        if tick.revision.is_some_and(|seen| seen != state.revision) {
            return Err(StoreError::Faster {
                item: item.to_owned(),
                done: state.tick != Tick::Open,
                who: state.last.as_ref().map(|last| last.who.clone()),
                at: state.last.as_ref().map(|last| last.at),
                revision: state.revision,
            });
        }
        if tick.done == (state.tick != Tick::Open) {
            return Ok((list, false));
        }
        let deed = if tick.done { Deed::Ticked } else { Deed::Unticked };
        let doer = Doer { deed, who: Some(&tick.who), at, note: &tick.note, since: None };
        rows::act(&mut tx, &list, item, &doer).await?;
        let list = rows::known(&mut tx, id).await?;
        tx.commit().await.doing(doing)?;
        Ok((list, true))
    }

    /// Writes what rules did to items, all or none; answers how many that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_rule_deeds(&self, deeds: &[RuleDeed], at: Utc) -> Result<usize, StoreError> {
        let doing = "ticking items of checklists";
        let mut done = 0;
        if deeds.is_empty() {
            return Ok(done);
        }
        let mut tx = self.begin(doing).await?;
        for deed in deeds {
            let Some(list) = rows::one(&mut tx, &deed.checklist).await? else { continue };
            let Ok(state) = find(&list, &deed.item) else { continue };
            let is_rule = matches!(state.item.by, TickedBy::Rule(_));
            if state.revision != deed.revision || !is_rule {
                continue;
            }
            let doer = Doer { deed: deed.deed, who: None, at, note: "", since: deed.since };
            rows::act(&mut tx, &list, &deed.item, &doer).await?;
            done += 1;
        }
        tx.commit().await.doing(doing)?;
        Ok(done)
    }
}
