//! What the detector says of one picture, and that it may say nothing.

use serde::{Deserialize, Serialize};

use crate::{Class, PixelBox};

/// One object found in one picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// What it is.
    pub class: Class,
    /// How sure the model is, 0 to 1.
    pub score: f32,
    /// Where it is, pixels of the source picture.
    #[serde(rename = "box")]
    pub bbox: PixelBox,
}

/// A part of a picture that was looked at once more, larger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CloseUp {
    /// Which part, pixels of the source picture.
    pub area: PixelBox,
    /// Model input pixels a source pixel in there.
    pub input_scale: f32,
}

impl CloseUp {
    /// Whether all of this box lies in it.
    #[must_use]
    pub fn covers(&self, bbox: &PixelBox) -> bool {
        let area = &self.area;
        bbox.x1 >= area.x1 && bbox.y1 >= area.y1 && bbox.x2 <= area.x2 && bbox.y2 <= area.y2
    }
}

/// Why a picture was not analysed although nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The camera is analysed less often than it sends pictures.
    Rate,
    /// A newer picture came before its turn.
    Overload,
    /// It belongs to a stretch that a command or a reconnect has ended.
    Outdated,
}

/// The outcome of analysing one picture. Nothing turns the last two into an
/// empty list: "not looked" is never "nothing there".
#[derive(Debug, Clone, PartialEq)]
pub enum Analysis<T> {
    /// It was looked at; this was there.
    Done(T),
    /// It was not looked at.
    Skipped(SkipReason),
    /// Looking at it failed.
    Failed(String),
}

impl<T> Analysis<T> {
    /// Its name in live messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }
}
