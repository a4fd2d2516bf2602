//! Every target, fed with damaged pieces of real input.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use safe_yolo_core::{Class, Detection, PixelBox};
use safe_yolo_fuzz::{TARGETS, names, target};
use safe_yolo_infer::protocol::{self, FromWorker, Outcome};

/// Damaged copies of each piece.
const COPIES: u64 = 1000;

/// `SplitMix64` (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below.max(1) as u64).unwrap()
    }

    /// A copy with some bytes changed, left out or doubled, or with another number somewhere.
    fn damage(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut copy = piece.to_vec();
        for _ in 0..=self.throw(6) {
            let at = self.throw(copy.len());
            let end = (at + 1 + self.throw(30)).min(copy.len());
            match self.throw(5) {
                0 if !copy.is_empty() => copy[at] = u8::try_from(self.throw(256)).unwrap(),
                1 => copy.truncate(at),
                2 => drop(copy.drain(at.min(end)..end)),
                3 => {
                    let part = copy[at.min(end)..end].to_vec();
                    copy.splice(at..at, part);
                }
                _ => {
                    let numbers =
                        ["0", "-1", "1e309", "nan", "99999999999", "0.5", "\"", "[", "\n"];
                    let number = numbers[self.throw(numbers.len())];
                    copy.splice(at..at, number.bytes());
                }
            }
        }
        copy
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Real input of a target.
fn pieces(name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |folder: &str| -> Vec<Vec<u8>> {
        files(&root.join(folder)).iter().map(|file| std::fs::read(file).unwrap()).collect()
    };
    match name {
        "scenario" => read("../sim/scenarios"),
        "scores" => read("seeds/scores"),
        "messages" => vec![answer()],
        "judge" => vec![shift()],
        _ => vec![pictures()],
    }
}

fn answer() -> Vec<u8> {
    let bbox = PixelBox { x1: 1.0, y1: 2.0, x2: 30.5, y2: 80.0 };
    let seen = Detection { class: Class::Person, score: 0.5, bbox };
    let outcomes = vec![Outcome::Found(vec![seen]), Outcome::Failed("no".into())];
    let mut bytes = Vec::new();
    protocol::send(&mut bytes, &FromWorker::Answer { id: 7, outcomes, took_us: 9 }).unwrap();
    bytes
}

/// Somebody who walks through twelve pictures.
fn pictures() -> Vec<u8> {
    let mut bytes = Vec::new();
    for step in 0_u8..12 {
        bytes.extend([1, 84]);
        let x = 100.0 + 8.0 * f32::from(step);
        for number in [x, 50.0, x + 60.0, 230.0, 0.9] {
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes
}

/// Two who walk, a forklift, a gap and new settings.
fn shift() -> Vec<u8> {
    let mut bytes = Vec::new();
    for step in 0_u8..60 {
        bytes.extend([1, 2, 4]);
        bytes.extend([1, 1, 220, 40 + 2 * step, 90, 35, 66]);
        bytes.extend([2, u8::from(step % 5 != 0), 200, 160 - 2 * step, 100, 35, 66]);
        bytes.extend([0, 16, 180, 100 + step, 110, 75, 60]);
        bytes.extend([0, 1, 160, 45 + 2 * step, 90, 12, 9]);
        match step {
            25 => bytes.extend([2, 40]),
            40 => bytes.extend([3, step]),
            _ => {}
        }
    }
    bytes
}

#[test]
fn whole_and_damaged_pieces_have_a_defined_end() {
    for (name, target) in TARGETS {
        let pieces = pieces(name);
        assert!(!pieces.is_empty(), "{name} has nothing to start from");
        for (number, piece) in pieces.iter().enumerate() {
            target(piece);
            for copy in 0..COPIES {
                let seed = copy << 16 | number as u64;
                let damaged = Dice(seed).damage(piece);
                let outcome = std::panic::catch_unwind(|| target(&damaged));
                assert!(outcome.is_ok(), "{name}, piece {number}, copy {copy}: {damaged:?}");
            }
        }
    }
}

#[test]
fn targets_are_found_by_name() {
    assert!(target("scenario").is_some());
    assert!(target("nothing").is_none());
    assert_eq!(names(), "detections, judge, messages, scenario, scores");
}
