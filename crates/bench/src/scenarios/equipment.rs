//! What was said of the equipment of people in zones that ask for it, picture by picture: what the
//! second look is there for, long before an event hangs on it.

use safe_yolo_core::{Equipment, PictureTime, Zone};
use safe_yolo_pipeline::analyst::Analysed;
use safe_yolo_rules::Verdict;
use safe_yolo_sim::{Scene, TruthPerson};

/// Who overlaps a true person less is nobody in particular.
const SAME_IOU_MIN: f32 = 0.5;

/// How many verdicts were right, wrong, or none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    right: u32,
    wrong: u32,
    unknown: u32,
}

impl Said {
    pub(super) fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.unknown += other.unknown;
    }

    /// Takes what is said of one picture.
    pub(super) fn picture(
        &mut self,
        scene: &Scene,
        zones: &[Zone],
        time: PictureTime,
        of: &Analysed,
    ) {
        let truth = scene.truth(time);
        for zone in &of.view.zones {
            let Some(asked) = zones.iter().find(|own| own.id == zone.id) else { continue };
            for person in &zone.people {
                let bbox = of.boxes.iter().find(|b| b.number == Some(person.number));
                let Some(bbox) = bbox.filter(|b| !b.predicted).map(|b| b.bbox) else { continue };
                let nearest =
                    truth.iter().max_by(|a, b| a.bbox.iou(&bbox).total_cmp(&b.bbox.iou(&bbox)));
                let Some(real) = nearest.filter(|real| real.bbox.iou(&bbox) >= SAME_IOU_MIN) else {
                    continue;
                };
                for item in &asked.require {
                    let Some(worn) = wears(real, *item) else { continue };
                    match (person.equipment.get(item), worn) {
                        (Some(Verdict::Present), true) | (Some(Verdict::Missing), false) => {
                            self.right += 1;
                        }
                        (Some(Verdict::Present), false) | (Some(Verdict::Missing), true) => {
                            self.wrong += 1;
                        }
                        (Some(Verdict::Unknown) | None, _) => self.unknown += 1,
                    }
                }
            }
        }
    }

    /// The table of it.
    pub(super) fn print(&self) {
        let all = f64::from((self.right + self.wrong + self.unknown).max(1));
        println!(
            "\n| equipment of people in zones that ask for it | verdicts | part |\n|---|---|---|"
        );
        for (name, count) in
            [("right", self.right), ("wrong", self.wrong), ("unknown", self.unknown)]
        {
            println!("| {name} | {count} | {:.3} |", f64::from(count) / all);
        }
    }
}

/// What the scene can tell.
const fn wears(person: &TruthPerson, item: Equipment) -> Option<bool> {
    match item {
        Equipment::Helmet => Some(person.helmet),
        Equipment::Vest => Some(person.vest),
        Equipment::Mask => Some(person.mask),
        Equipment::Gloves | Equipment::Boots | Equipment::Goggles => None,
    }
}
