//! What an actor wears and how he is built, chosen by the seed.

use serde::Deserialize;

use super::canvas::Rgb;
use super::random::SplitMix64;

/// What can be put on and taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Item {
    Helmet,
    Vest,
}

/// The appearance of one actor.
#[derive(Debug, Clone, Copy)]
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
    /// Where in his stride he begins, strides.
    pub(super) phase: f32,
    /// The colours of vest and helmet when they are worn.
    vest_color: Rgb,
    helmet_color: Rgb,
}

const SKINS: [Rgb; 4] =
    [[226.0, 178.0, 148.0], [212.0, 162.0, 128.0], [196.0, 144.0, 110.0], [232.0, 188.0, 160.0]];
const HAIRS: [Rgb; 3] = [[62.0, 46.0, 38.0], [82.0, 60.0, 46.0], [50.0, 42.0, 40.0]];
const SHIRTS: [Rgb; 4] =
    [[74.0, 92.0, 122.0], [96.0, 104.0, 112.0], [62.0, 78.0, 96.0], [110.0, 118.0, 130.0]];
/// Worn without a vest: a pale jacket looks like one to the detector.
const DARK_SHIRTS: [Rgb; 3] = [[52.0, 64.0, 88.0], [58.0, 64.0, 70.0], [50.0, 66.0, 78.0]];
const TROUSERS: [Rgb; 4] =
    [[44.0, 54.0, 82.0], [62.0, 68.0, 78.0], [52.0, 58.0, 66.0], [48.0, 66.0, 92.0]];
const VESTS: [Rgb; 3] = [[244.0, 108.0, 34.0], [240.0, 96.0, 28.0], [246.0, 122.0, 44.0]];
const HELMETS: [Rgb; 4] =
    [[255.0, 228.0, 84.0], [240.0, 240.0, 236.0], [255.0, 224.0, 66.0], [60.0, 110.0, 200.0]];

impl Look {
    /// The looks of actor number `actor` for this seed.
    pub(super) fn new(seed: u64, actor: u32, helmet: bool, vest: bool) -> Self {
        let mut random = SplitMix64::new(seed, 0xAC70 + u64::from(actor));
        // Every draw is made whether it is worn or not, so that the same
        // actor keeps his face when he takes off his helmet.
        let vest_color = random.pick(&VESTS, VESTS[0]);
        let helmet_color = random.pick(&HELMETS, HELMETS[0]);
        Self {
            height: random.between(1.70, 1.84),
            breadth: random.between(1.04, 1.14),
            skin: random.pick(&SKINS, SKINS[0]),
            hair: random.pick(&HAIRS, HAIRS[0]),
            shirt: random.pick(if vest { &SHIRTS } else { &DARK_SHIRTS }, SHIRTS[0]),
            trousers: random.pick(&TROUSERS, TROUSERS[0]),
            phase: random.unit(),
            vest: vest.then_some(vest_color),
            helmet: helmet.then_some(helmet_color),
            vest_color,
            helmet_color,
        }
    }

    /// The same person with a thing put on or taken off.
    pub(super) fn with(mut self, item: Item, worn: bool) -> Self {
        match item {
            Item::Helmet => self.helmet = worn.then_some(self.helmet_color),
            Item::Vest => self.vest = worn.then_some(self.vest_color),
        }
        self
    }
}
