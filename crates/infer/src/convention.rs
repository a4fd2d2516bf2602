//! How a model wants its pictures: order of channels, range, place in the input.
//!
//! Written as in a model's metadata under `input`:
//! `BGR, 0..255, letterboxed top-left, pad 114` or
//! `RGB, 0..1, stretched, mean 0.485 0.456 0.406, std 0.229 0.224 0.225`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which channel comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// The numbers of black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// 0 and 255.
    Bytes,
    /// 0 and 1.
    Unit,
}

/// Where the picture lies in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// At the top left, its shape kept, grey of this brightness (0 to 255) elsewhere.
    Letterbox {
        /// The grey.
        pad: u8,
    },
    /// All over it, its shape given up.
    Stretch,
}

/// Taken off and divided by, in the order of the input's channels and in its range.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Normal {
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

/// How a model wants its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[expect(missing_docs, reason = "the types are the documentation")]
pub struct Convention {
    pub order: Order,
    pub range: Range,
    pub placing: Placing,
    pub normal: Option<Normal>,
}

impl Convention {
    /// Bytes as they are, blue first, in a letterbox of grey 114: what YOLOX trains with.
    pub const YOLOX: Self = Self {
        order: Order::Bgr,
        range: Range::Bytes,
        placing: Placing::Letterbox { pad: 114 },
        normal: None,
    };

    /// For each channel of the input a factor and what is added, from bytes; none where
    /// bytes are taken as they are.
    #[must_use]
    pub fn scaling(&self) -> Option<[(f32, f32); 3]> {
        let unit = match self.range {
            Range::Bytes if self.normal.is_none() => return None,
            Range::Bytes => 1.0,
            Range::Unit => 1.0 / 255.0,
        };
        let normal = self.normal.unwrap_or(Normal { mean: [0.0; 3], std: [1.0; 3] });
        let channel = |at: usize| (unit / normal.std[at], -normal.mean[at] / normal.std[at]);
        Some([channel(0), channel(1), channel(2)])
    }

    /// Middle grey, as the model sees it in its first channel.
    #[must_use]
    pub fn grey(&self) -> f32 {
        self.scaling().map_or(114.0, |[(gain, added), ..]| 114.0 * gain + added)
    }

    /// The brightness of what lies beside the picture.
    #[must_use]
    pub fn pad(&self) -> f32 {
        match self.placing {
            Placing::Letterbox { pad } => f32::from(pad),
            Placing::Stretch => 0.0,
        }
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.order {
            Order::Rgb => "RGB",
            Order::Bgr => "BGR",
        })?;
        f.write_str(match self.range {
            Range::Bytes => ", 0..255",
            Range::Unit => ", 0..1",
        })?;
        match self.placing {
            Placing::Letterbox { pad } => write!(f, ", letterboxed top-left, pad {pad}")?,
            Placing::Stretch => f.write_str(", stretched")?,
        }
        if let Some(Normal { mean: [a, b, c], std: [d, e, g] }) = self.normal {
            write!(f, ", mean {a} {b} {c}, std {d} {e} {g}")?;
        }
        Ok(())
    }
}

fn three(text: &str, what: &str) -> Result<[f32; 3], String> {
    let numbers: Vec<f32> = text.split_whitespace().map_while(|n| n.parse().ok()).collect();
    let usable = |n: &f32| n.is_finite() && (what == "mean" || *n > 0.0);
    match <[f32; 3]>::try_from(numbers) {
        Ok(three) if three.iter().all(usable) => Ok(three),
        _ => Err(format!("'{what}{text}' is not '{what}' and three numbers")),
    }
}

impl FromStr for Convention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut order, mut range, mut placing) = (None, None, None);
        let (mut pad, mut mean, mut std) = (114, None, None);
        for part in text.split(',').map(str::trim) {
            match part {
                "RGB" => order = Some(Order::Rgb),
                "BGR" => order = Some(Order::Bgr),
                "0..255" => range = Some(Range::Bytes),
                "0..1" => range = Some(Range::Unit),
                "stretched" => placing = Some(Placing::Stretch),
                "letterboxed top-left" => placing = Some(Placing::Letterbox { pad }),
                _ => {
                    if let Some(rest) = part.strip_prefix("pad ") {
                        pad = rest
                            .parse()
                            .map_err(|_no_byte| format!("'{part}' is no grey of 0 to 255"))?;
                    } else if let Some(rest) = part.strip_prefix("mean") {
                        mean = Some(three(rest, "mean")?);
                    } else if let Some(rest) = part.strip_prefix("std") {
                        std = Some(three(rest, "std")?);
                    } else {
                        return Err(format!("'{part}' says nothing that is known of an input"));
                    }
                }
            }
        }
        if let Some(Placing::Letterbox { .. }) = placing {
            placing = Some(Placing::Letterbox { pad });
        }
        let normal = match (mean, std) {
            (None, None) => None,
            (mean, std) => {
                Some(Normal { mean: mean.unwrap_or([0.0; 3]), std: std.unwrap_or([1.0; 3]) })
            }
        };
        let (Some(order), Some(range), Some(placing)) = (order, range, placing) else {
            return Err(format!(
                "'{text}' lacks one of: RGB or BGR; 0..255 or 0..1; letterboxed top-left or stretched"
            ));
        };
        Ok(Self { order, range, placing, normal })
    }
}

impl TryFrom<String> for Convention {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Convention> for String {
    fn from(convention: Convention) -> Self {
        convention.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Family;

    #[test]
    fn what_is_written_is_read() {
        for family in Family::ALL {
            let convention = family.convention();
            assert_eq!(convention.to_string().parse(), Ok(convention), "{convention}");
        }
        let bundled = "BGR, 0..255, letterboxed top-left, pad 114";
        assert_eq!(bundled.parse(), Ok(Convention::YOLOX));
        let read: Convention = "RGB,0..1,pad 0,letterboxed top-left".parse().unwrap();
        assert_eq!(read.placing, Placing::Letterbox { pad: 0 });
    }

    #[test]
    fn what_says_nothing_is_refused_by_name() {
        for (text, says) in [
            ("", "'' says nothing"),
            ("RGB, 0..255", "lacks one of"),
            ("GBR, 0..1, stretched", "'GBR'"),
            ("RGB, 0..1, stretched, pad 300", "'pad 300'"),
            ("RGB, 0..1, stretched, mean 1 2", "three numbers"),
            ("RGB, 0..1, stretched, std 1 0 1", "three numbers"),
            ("RGB, 0..1, stretched, mean 1 NaN 2", "three numbers"),
        ] {
            let error = text.parse::<Convention>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn bytes_become_what_the_model_wants() {
        assert_eq!(Convention::YOLOX.scaling(), None);
        let text = "RGB, 0..1, stretched, mean 0.5 0 0, std 0.25 1 1";
        let [(gain, added), (plain, nothing), _] =
            text.parse::<Convention>().unwrap().scaling().unwrap();
        assert!((255.0 * gain + added - 2.0).abs() < 1e-6);
        assert!((255.0 * plain + nothing - 1.0).abs() < 1e-6);
    }
}
