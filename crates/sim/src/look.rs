//! What an actor wears and how he is built, chosen by the seed; one set of looks to train with, one to score with.

use serde::Deserialize;

use super::canvas::Rgb;
use super::random::SplitMix64;

/// What can be put on and taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Item {
    Helmet,
    Vest,
    Mask,
}

/// What somebody wears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worn {
    pub(super) helmet: bool,
    pub(super) vest: bool,
    pub(super) mask: bool,
}

/// Which bodies, colours and camera places are drawn: no detector is scored on what it was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LookSet {
    /// Those of every shipped scenario.
    #[default]
    Scoring,
    /// Others, for pictures to learn from.
    Training,
}

/// The appearance of one actor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Height without helmet, metres.
    pub(super) height: f32,
    /// Breadth compared with the average.
    pub(super) breadth: f32,
    /// Colour of face and hands.
    pub(super) skin: Rgb,
    /// Colour of the hair.
    pub(super) hair: Rgb,
    /// Colour of the sleeves, and of the trunk where no vest covers it.
    pub(super) shirt: Rgb,
    /// Colour of the trousers.
    pub(super) trousers: Rgb,
    /// Colour of the vest, if he wears one.
    pub(super) vest: Option<Rgb>,
    /// Colour of the helmet, if he wears one.
    pub(super) helmet: Option<Rgb>,
    /// Colour of the mask, if he wears one.
    pub(super) mask: Option<Rgb>,
    /// Where in his stride he begins, strides.
    pub(super) phase: f32,
    /// The colours of what can be worn.
    vest_color: Rgb,
    helmet_color: Rgb,
    mask_color: Rgb,
}

/// What the looks of a set are drawn from.
struct Wardrobe {
    /// Height without helmet, metres.
    height: [f32; 2],
    breadth: [f32; 2],
    skins: &'static [Rgb],
    hairs: &'static [Rgb],
    shirts: &'static [Rgb],
    /// Worn without a vest.
    bare_shirts: &'static [Rgb],
    trousers: &'static [Rgb],
    vests: &'static [Rgb],
    helmets: &'static [Rgb],
    masks: &'static [Rgb],
    /// How far a colour is off its name, at most.
    spread: f32,
}

const SCORING: Wardrobe = Wardrobe {
    height: [1.70, 1.84],
    breadth: [1.04, 1.14],
    skins: &[
        [226.0, 178.0, 148.0],
        [212.0, 162.0, 128.0],
        [196.0, 144.0, 110.0],
        [232.0, 188.0, 160.0],
    ],
    hairs: &[[62.0, 46.0, 38.0], [82.0, 60.0, 46.0], [50.0, 42.0, 40.0]],
    shirts: &[[74.0, 92.0, 122.0], [96.0, 104.0, 112.0], [62.0, 78.0, 96.0], [110.0, 118.0, 130.0]],
    // A pale jacket looks like a vest to the detector.
    bare_shirts: &[[52.0, 64.0, 88.0], [58.0, 64.0, 70.0], [50.0, 66.0, 78.0]],
    trousers: &[[44.0, 54.0, 82.0], [62.0, 68.0, 78.0], [52.0, 58.0, 66.0], [48.0, 66.0, 92.0]],
    vests: &[[244.0, 108.0, 34.0], [240.0, 96.0, 28.0], [246.0, 122.0, 44.0]],
    helmets: &[
        [255.0, 228.0, 84.0],
        [240.0, 240.0, 236.0],
        [255.0, 224.0, 66.0],
        [60.0, 110.0, 200.0],
    ],
    masks: &[[236.0, 240.0, 242.0], [150.0, 190.0, 218.0]],
    spread: 0.0,
};

/// With `spread`, no colour comes within 8 steps of one of [`SCORING`].
const TRAINING: Wardrobe = Wardrobe {
    height: [1.54, 1.96],
    breadth: [0.84, 1.02],
    skins: &[
        [246.0, 214.0, 190.0],
        [206.0, 136.0, 92.0],
        [168.0, 120.0, 88.0],
        [136.0, 92.0, 66.0],
        [104.0, 70.0, 52.0],
        [76.0, 52.0, 42.0],
        [238.0, 190.0, 136.0],
    ],
    hairs: &[
        [26.0, 24.0, 24.0],
        [112.0, 82.0, 52.0],
        [168.0, 138.0, 92.0],
        [146.0, 146.0, 144.0],
        [92.0, 44.0, 30.0],
    ],
    shirts: &[
        [196.0, 196.0, 190.0],
        [128.0, 44.0, 48.0],
        [54.0, 104.0, 70.0],
        [34.0, 36.0, 42.0],
        [150.0, 130.0, 100.0],
        [44.0, 84.0, 170.0],
        [120.0, 92.0, 140.0],
    ],
    bare_shirts: &[
        [172.0, 172.0, 168.0],
        [112.0, 40.0, 44.0],
        [46.0, 90.0, 60.0],
        [28.0, 30.0, 36.0],
        [126.0, 108.0, 84.0],
        [38.0, 72.0, 150.0],
        [96.0, 84.0, 34.0],
    ],
    trousers: &[
        [28.0, 28.0, 30.0],
        [112.0, 100.0, 80.0],
        [84.0, 86.0, 88.0],
        [30.0, 44.0, 120.0],
        [74.0, 84.0, 56.0],
        [150.0, 146.0, 140.0],
    ],
    vests: &[
        [206.0, 236.0, 52.0],
        [180.0, 220.0, 40.0],
        [230.0, 72.0, 56.0],
        [252.0, 150.0, 70.0],
        [214.0, 88.0, 12.0],
        [236.0, 208.0, 40.0],
    ],
    helmets: &[
        [222.0, 60.0, 44.0],
        [236.0, 130.0, 36.0],
        [60.0, 150.0, 84.0],
        [210.0, 212.0, 214.0],
        [236.0, 196.0, 20.0],
        [34.0, 66.0, 140.0],
        [96.0, 160.0, 224.0],
        [226.0, 222.0, 186.0],
    ],
    masks: &[
        [210.0, 220.0, 226.0],
        [112.0, 164.0, 200.0],
        [44.0, 46.0, 50.0],
        [176.0, 208.0, 190.0],
    ],
    spread: 6.0,
};

impl LookSet {
    const fn wardrobe(self) -> &'static Wardrobe {
        match self {
            Self::Scoring => &SCORING,
            Self::Training => &TRAINING,
        }
    }
}

impl Look {
    /// The looks of actor number `actor` for this seed.
    pub(super) fn new(set: LookSet, seed: u64, actor: u32, worn: Worn) -> Self {
        let from = set.wardrobe();
        let mut random = SplitMix64::new(seed, 0xAC70 + u64::from(actor));
        let mut shades = SplitMix64::new(seed, 0x5AD0 + u64::from(actor));
        let mut color = |random: &mut SplitMix64, from_these: &[Rgb]| {
            let [base, spread] = [random.pick(from_these, [128.0; 3]), [from.spread; 3]];
            std::array::from_fn(|i| base[i] + spread[i] * shades.between(-1.0, 1.0))
        };
        // Every draw is made whether it is worn or not, so that the same
        // actor keeps his face when he takes off his helmet.
        let vest_color = color(&mut random, from.vests);
        let helmet_color = color(&mut random, from.helmets);
        let [low, high] = from.height;
        let height = random.between(low, high);
        let [low, high] = from.breadth;
        let breadth = random.between(low, high);
        let skin = color(&mut random, from.skins);
        let hair = color(&mut random, from.hairs);
        let shirt = color(&mut random, if worn.vest { from.shirts } else { from.bare_shirts });
        let trousers = color(&mut random, from.trousers);
        let phase = random.unit();
        let mask_color = color(&mut random, from.masks);
        Self {
            height,
            breadth,
            skin,
            hair,
            shirt,
            trousers,
            phase,
            vest: worn.vest.then_some(vest_color),
            helmet: worn.helmet.then_some(helmet_color),
            mask: worn.mask.then_some(mask_color),
            vest_color,
            helmet_color,
            mask_color,
        }
    }

    /// The same person with a thing put on or taken off.
    pub(super) fn with(mut self, item: Item, worn: bool) -> Self {
        match item {
            Item::Helmet => self.helmet = worn.then_some(self.helmet_color),
            Item::Vest => self.vest = worn.then_some(self.vest_color),
            Item::Mask => self.mask = worn.then_some(self.mask_color),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Worn = Worn { helmet: true, vest: true, mask: true };

    /// The greatest difference in one channel.
    fn apart(a: Rgb, b: Rgb) -> f32 {
        (0..3).map(|i| (a[i] - b[i]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn nobody_of_the_training_looks_like_somebody_of_the_scoring() {
        let looks = |set| {
            (0..400_u32).map(move |n| {
                Look::new(set, u64::from(n / 8), n % 8, Worn { vest: n % 2 == 0, ..ALL })
            })
        };
        let colors = |look: &Look| {
            [
                look.skin,
                look.hair,
                look.shirt,
                look.trousers,
                look.vest_color,
                look.helmet_color,
                look.mask_color,
            ]
        };
        let scoring: Vec<Look> = looks(LookSet::Scoring).collect();
        for trained in looks(LookSet::Training) {
            for scored in &scoring {
                for (part, (a, b)) in colors(&trained).into_iter().zip(colors(scored)).enumerate() {
                    assert!(apart(a, b) >= 8.0, "colour {part}: {a:?} and {b:?}");
                }
                assert!((trained.breadth - scored.breadth).abs() > 0.015, "bodies");
            }
        }
    }

    #[test]
    fn a_face_stays_whatever_is_worn() {
        let look = Look::new(LookSet::Scoring, 3, 1, ALL);
        let bare = look.with(Item::Helmet, false).with(Item::Mask, false);
        assert!(bare.helmet.is_none() && bare.mask.is_none() && bare.vest.is_some());
        assert!(apart(bare.skin, look.skin) <= 0.0);
        assert!(apart(bare.with(Item::Helmet, true).helmet.unwrap(), look.helmet.unwrap()) <= 0.0);
    }
}
