//! What a condition rests on: figures and boxes, the same in events and on screens.

use safe_yolo_core::{Class, Direction, PixelBox};
use serde::Serialize;
use serde_json::{Map, Value};

use super::nearness::Unit;

/// Figures of what a rule found.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(untagged)]
pub enum Figures {
    /// There are none.
    #[default]
    None,
    /// How many people there are, or came in.
    People {
        /// So many.
        count: u32,
        /// So many the rule speaks of.
        people: u32,
        /// Seconds in which they came in.
        #[serde(skip_serializing_if = "Option::is_none")]
        window_s: Option<f64>,
    },
    /// Which way somebody crossed a line.
    Crossed {
        /// That.
        direction: Direction,
    },
    /// What is not there.
    Missing {
        /// That.
        class: Class,
    },
    /// What is there.
    Thing {
        /// That.
        class: Class,
        /// Where.
        #[serde(rename = "box")]
        place: Option<PixelBox>,
    },
    /// What somebody is near to.
    Near {
        /// That.
        class: Class,
        /// Where it is.
        thing: PixelBox,
        /// How far away, heights of the person.
        #[serde(skip_serializing_if = "Option::is_none")]
        distance: Option<f64>,
        /// The same in metres, of a rule in metres.
        #[serde(skip_serializing_if = "Option::is_none")]
        distance_m: Option<f64>,
        /// Of a near miss: how fast they came together, heights a second.
        #[serde(skip_serializing_if = "Option::is_none")]
        speed: Option<f64>,
        /// The same in metres a second.
        #[serde(skip_serializing_if = "Option::is_none")]
        speed_m_s: Option<f64>,
    },
    /// How flat somebody's box is.
    Lying {
        /// Height by width.
        aspect: f32,
    },
}

impl Figures {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// How many people, where that is what they are about.
    pub(crate) const fn count(&self) -> Option<u32> {
        match self {
            Self::People { count, .. } => Some(*count),
            _ => None,
        }
    }

    pub(super) const fn near(class: Class, thing: PixelBox, gap: f64, unit: Unit<'_>) -> Self {
        let (distance, distance_m) = match unit {
            Unit::Heights => (Some(gap), None),
            Unit::Metres(..) => (None, Some(gap)),
        };
        Self::Near { class, thing, distance, distance_m, speed: None, speed_m_s: None }
    }

    /// The same with the speed of a near miss, in the unit of the distance a second.
    pub(super) const fn with_speed(mut self, closing: f64) -> Self {
        if let Self::Near { distance, speed, speed_m_s, .. } = &mut self {
            match distance {
                Some(_) => *speed = Some(closing),
                None => *speed_m_s = Some(closing),
            }
        }
        self
    }

    /// As they stand in an event.
    pub(super) fn details(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(details)) => details,
            // No figures are `null`; numbers and names always become a value.
            Ok(_) | Err(_) => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_told_by_name_with_their_unit() {
        let thing = PixelBox::new(1.0, 2.0, 3.0, 4.0);
        let near = Figures::near(Class::Forklift, thing, 0.5, Unit::Heights);
        let told = |figures: Figures| Value::Object(figures.details());
        assert_eq!(
            told(near.with_speed(1.5)),
            json!({ "class": "forklift", "thing": thing, "distance": 0.5, "speed": 1.5 })
        );
        assert_eq!(
            told(Figures::People { count: 3, people: 2, window_s: None }),
            json!({ "count": 3, "people": 2 })
        );
        assert_eq!(
            told(Figures::Thing { class: Class::Fire, place: Some(thing) }),
            json!({ "class": "fire", "box": thing })
        );
        assert_eq!(told(Figures::None), json!({}));
    }
}
