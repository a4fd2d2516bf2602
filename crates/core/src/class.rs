//! The canonical classes; a model's own labels are mapped onto them.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! classes {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// What a detection shows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the names are the documentation")]
        pub enum Class { $($variant),+ }

        impl Class {
            /// Every canonical class.
            pub const ALL: &'static [Class] = &[$(Class::$variant),+];

            /// The canonical name, as in models, files and the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Class::$variant => $name),+ }
            }
        }
    };
}

classes! {
    Person = "person",
    Helmet = "helmet",
    NoHelmet = "no_helmet",
    Vest = "vest",
    NoVest = "no_vest",
    Mask = "mask",
    NoMask = "no_mask",
    Gloves = "gloves",
    NoGloves = "no_gloves",
    Boots = "boots",
    NoBoots = "no_boots",
    Goggles = "goggles",
    NoGoggles = "no_goggles",
    SafetyCone = "safety_cone",
    Machinery = "machinery",
    Vehicle = "vehicle",
    Forklift = "forklift",
    FireExtinguisher = "fire_extinguisher",
    Fire = "fire",
    Smoke = "smoke",
}

impl Class {
    /// The canonical class of a model's label, whatever its spelling:
    /// `Hardhat`, `NO-Safety Vest` and `hard_hat` are known, `zebra` is not.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        let plain: String = label
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let (negative, item) = match plain.strip_prefix("no") {
            // "no" must be a prefix of a known item, else it is part of a word.
            Some(rest) if Self::item(rest).is_some() => (true, rest),
            _ => (false, plain.as_str()),
        };
        let class = Self::item(item)?;
        if negative { class.negative() } else { Some(class) }
    }

    fn item(plain: &str) -> Option<Self> {
        Some(match plain {
            "person" | "worker" | "human" | "people" | "pedestrian" => Self::Person,
            "helmet" | "hardhat" | "safetyhelmet" => Self::Helmet,
            "vest" | "safetyvest" | "reflectivevest" | "hivisvest" => Self::Vest,
            "mask" | "facemask" => Self::Mask,
            "gloves" | "glove" => Self::Gloves,
            "boots" | "boot" | "safetyboots" | "safetyshoes" => Self::Boots,
            "goggles" | "safetygoggles" | "glasses" | "safetyglasses" => Self::Goggles,
            "safetycone" | "cone" | "trafficcone" => Self::SafetyCone,
            "machinery" | "machine" | "excavator" => Self::Machinery,
            "vehicle" | "car" | "truck" | "bus" | "van" | "motorcycle" => Self::Vehicle,
            "forklift" => Self::Forklift,
            "fireextinguisher" | "extinguisher" => Self::FireExtinguisher,
            "fire" | "flame" => Self::Fire,
            "smoke" => Self::Smoke,
            _ => return None,
        })
    }

    /// Whether it is worn or, as `no_helmet`, plainly not worn by somebody.
    #[must_use]
    pub fn is_worn(self) -> bool {
        self.negative().is_some() || Self::ALL.iter().any(|item| item.negative() == Some(self))
    }

    /// The class that says this equipment is missing.
    #[must_use]
    pub const fn negative(self) -> Option<Self> {
        match self {
            Self::Helmet => Some(Self::NoHelmet),
            Self::Vest => Some(Self::NoVest),
            Self::Mask => Some(Self::NoMask),
            Self::Gloves => Some(Self::NoGloves),
            Self::Boots => Some(Self::NoBoots),
            Self::Goggles => Some(Self::NoGoggles),
            _ => None,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_known_data_sets_are_mapped() {
        for (label, class) in [
            ("Hardhat", Some(Class::Helmet)),
            ("NO-Hardhat", Some(Class::NoHelmet)),
            ("NO-Safety Vest", Some(Class::NoVest)),
            ("hard_hat", Some(Class::Helmet)),
            ("no_mask", Some(Class::NoMask)),
            ("Safety Cone", Some(Class::SafetyCone)),
            ("no_person", None),
            ("north", None),
            ("motorcycle", Some(Class::Vehicle)),
            ("zebra", None),
        ] {
            assert_eq!(Class::from_label(label), class, "{label}");
        }
        for class in Class::ALL {
            assert_eq!(Class::from_label(class.name()), Some(*class));
        }
    }
}
