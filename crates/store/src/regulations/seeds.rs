//! What the program brings along: `seeds.json`. Each is added once, so that what somebody changed
//! or deleted stays so.

use safe_yolo_core::RegulationId;
use serde::Deserialize;

use super::{Category, Content, Regulation, rows};
use crate::error::Doing;
use crate::{Store, StoreError};

const SEEDS: &str = include_str!("seeds.json");
/// Between two of them there is room for others.
const STEP: u32 = 10;

#[derive(Deserialize)]
struct Seed {
    id: RegulationId,
    category: Category,
    content: Content,
}

fn seeds() -> Result<Vec<Regulation>, StoreError> {
    let seeds: Vec<Seed> = serde_json::from_str(SEEDS)
        .map_err(|error| StoreError::unreadable("regulations", "seeds.json", error))?;
    let regulation = |(seed, position): (Seed, u32)| Regulation {
        id: seed.id,
        category: seed.category,
        content: seed.content,
        position,
        active: true,
        version: 1,
        edited: None,
    };
    Ok(seeds.into_iter().zip((1..).map(|n| n * STEP)).map(regulation).collect())
}

impl Store {
    /// Adds what the program brings along and never was here.
    pub(crate) async fn seed_regulations(&self) -> Result<(), StoreError> {
        let doing = "adding regulations";
        let known: Vec<String> = sqlx::query_scalar("SELECT id FROM regulations")
            .fetch_all(&self.inner.readers)
            .await
            .doing(doing)?;
        let mut new = seeds()?;
        new.retain(|seed| !known.iter().any(|id| id == seed.id.as_str()));
        if new.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin(doing).await?;
        for seed in &new {
            rows::put(&mut tx, seed).await?;
        }
        tx.commit().await.doing(doing)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use safe_yolo_core::EventType;

    use super::*;

    #[test]
    fn what_is_brought_along_can_be_shown() {
        let seeds = seeds().unwrap();
        let mut ids = BTreeSet::new();
        for seed in &seeds {
            seed.content.validate().unwrap_or_else(|error| panic!("{}: {error}", seed.id));
            assert!(ids.insert(&seed.id), "{} is there twice", seed.id);
            let content = &seed.content;
            let is_law = seed.category != Category::Site;
            assert_eq!(content.url.is_some(), is_law, "{}", seed.id);
            // Nobody may take our words for the law's.
            assert_eq!(content.text.ko.contains("요약"), is_law, "{}", seed.id);
            assert_eq!(content.text.en.contains("ummary"), is_law, "{}", seed.id);
        }
        for category in Category::ALL {
            assert!(seeds.iter().any(|seed| seed.category == category), "{}", category.name());
        }
        // Whatever alarm there is, something can be said of it.
        let untold = |t: &EventType| !seeds.iter().any(|seed| seed.content.types.contains(t));
        let silent: Vec<_> = EventType::ALL.into_iter().filter(untold).collect();
        assert_eq!(silent, [EventType::Entrance, EventType::Exit, EventType::System]);
    }
}
