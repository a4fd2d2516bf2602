//! The scenarios by name: who walks where, which zones are painted, what stands in the way.

use safe_yolo_core::{Equipment, ZoneType};

use super::look::Look;
use super::pillar::{self, Pillar};
use super::script::{Leg, Script};

/// A worker and his path.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    /// His number in the scenario, from 0.
    pub(super) id: u32,
    /// What he looks like.
    pub(super) look: Look,
    /// Where he goes.
    pub(super) script: Script,
}

/// A zone on the floor.
#[derive(Debug, Clone)]
pub(super) struct Area {
    /// Its name in Korean and English.
    pub(super) name: [&'static str; 2],
    /// What it means.
    pub(super) zone_type: ZoneType,
    /// Left, right, near and far side, metres.
    pub(super) sides: [f32; 4],
    /// Equipment asked for in it.
    pub(super) require: &'static [Equipment],
}

/// Everything that makes a scenario.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Seconds of one loop.
    pub(super) duration: f64,
    /// The people.
    pub(super) actors: Vec<Actor>,
    /// The zones.
    pub(super) areas: Vec<Area>,
    /// A pillar between the camera and the people.
    pub(super) pillar: Option<Pillar>,
}

/// A scenario's maker.
type Make = fn(u64) -> Plan;

/// Every scenario.
pub(super) const ALL: [(&str, Make); 5] = [
    ("demo", demo),
    ("helmets", helmets),
    ("intruders", intruders),
    ("pillar", behind_pillar),
    ("quiet", quiet),
];

/// Standing workers look half to the left or half to the right of the camera.
const LEFT: [f32; 2] = [-1.0, 0.1];
const RIGHT: [f32; 2] = [1.0, 0.1];

fn actor(seed: u64, id: u32, helmet: bool, vest: bool, script: Script) -> Actor {
    Actor { id, look: Look::new(seed, id, helmet, vest), script }
}

const fn press_area(sides: [f32; 4], require: &'static [Equipment]) -> Area {
    Area {
        name: ["프레스 위험 구역", "Press danger zone"],
        zone_type: ZoneType::Danger,
        sides,
        require,
    }
}

/// Four workers about a press and a forklift lane: one is bare-headed, one wears no vest.
fn demo(seed: u64) -> Plan {
    use Leg::{Stand, To};
    let lane = Area {
        name: ["지게차 통로", "Forklift lane"],
        zone_type: ZoneType::Warning,
        sides: [0.9, 3.2, 7.2, 10.6],
        require: &[],
    };
    let operator = Script {
        start: 57.0,
        from: [-5.2, 8.8],
        legs: vec![To(-2.2, 8.8, 2.7), Stand(9.3, LEFT), To(5.2, 8.2, 6.3)],
    };
    let bare_headed = Script {
        start: 2.0,
        from: [5.4, 9.3],
        legs: vec![
            To(-0.9, 9.3, 5.4),
            Stand(5.6, RIGHT),
            To(-5.6, 9.2, 4.0),
            Stand(11.0, LEFT),
            To(-5.6, 8.1, 1.0),
            To(-0.9, 8.1, 4.0),
            Stand(7.4, RIGHT),
            To(5.2, 8.2, 5.2),
        ],
    };
    let no_vest = Script {
        start: 12.0,
        from: [-5.0, 8.0],
        legs: vec![
            To(2.2, 8.0, 6.4),
            Stand(5.0, LEFT),
            To(5.2, 8.0, 2.6),
            To(5.6, 9.4, 2.0),
            Stand(9.8, RIGHT),
            To(2.0, 9.4, 3.1),
            Stand(5.7, LEFT),
            To(-5.8, 9.4, 6.8),
        ],
    };
    let visitor = Script {
        start: 20.0,
        from: [5.5, 9.6],
        legs: vec![
            To(1.9, 9.6, 3.2),
            Stand(3.0, RIGHT),
            To(-2.6, 9.3, 4.0),
            Stand(6.0, LEFT),
            To(-5.6, 9.3, 2.7),
            To(-5.4, 7.9, 2.0),
            Stand(4.6, RIGHT),
            To(-1.2, 7.9, 3.8),
            Stand(4.3, LEFT),
            To(5.0, 7.9, 5.4),
        ],
    };
    Plan {
        duration: 60.0,
        actors: vec![
            actor(seed, 0, true, true, operator),
            actor(seed, 1, false, true, bare_headed),
            actor(seed, 2, true, false, no_vest),
            actor(seed, 3, true, true, visitor),
        ],
        areas: vec![
            press_area([-3.1, -0.3, 7.6, 9.9], &[Equipment::Helmet, Equipment::Vest]),
            lane,
        ],
        pillar: None,
    }
}

/// Two workers side by side in one zone the whole time, one of them bare-headed.
fn helmets(seed: u64) -> Plan {
    use Leg::{Stand, To};
    let worn = Script {
        start: 0.0,
        from: [-2.2, 8.2],
        legs: vec![
            Stand(7.0, RIGHT),
            To(-1.2, 8.2, 2.0),
            Stand(9.0, LEFT),
            To(-2.3, 8.9, 2.5),
            Stand(8.0, RIGHT),
            To(-1.6, 8.6, 1.5),
            Stand(8.5, LEFT),
            To(-2.2, 8.2, 1.5),
        ],
    };
    let bare = Script {
        start: 0.0,
        from: [1.3, 8.2],
        legs: vec![
            Stand(4.0, RIGHT),
            To(2.0, 8.3, 2.0),
            Stand(9.5, LEFT),
            To(1.4, 8.8, 2.0),
            Stand(10.0, RIGHT),
            To(2.1, 8.6, 1.5),
            Stand(9.0, LEFT),
            To(1.3, 8.2, 2.0),
        ],
    };
    Plan {
        duration: 40.0,
        actors: vec![actor(seed, 0, true, true, worn), actor(seed, 1, false, true, bare)],
        areas: vec![press_area([-3.3, 3.3, 7.4, 9.7], &[Equipment::Helmet])],
        pillar: None,
    }
}

/// Actor 0 is in the zone from 3 s to 50 s, actor 1 from 13 s to 25 s.
fn intruders(seed: u64) -> Plan {
    use Leg::{Stand, To};
    let first = Script {
        start: 0.0,
        from: [-5.1, 8.8],
        legs: vec![
            To(-1.6, 8.8, 3.0),
            To(-0.75, 8.8, 0.75),
            Stand(45.5, RIGHT),
            To(-1.6, 8.8, 0.75),
            To(-5.1, 8.8, 3.0),
        ],
    };
    let second = Script {
        start: 10.0,
        from: [5.0, 8.1],
        legs: vec![
            To(1.6, 8.1, 3.0),
            To(0.8, 8.1, 0.75),
            Stand(10.5, LEFT),
            To(1.6, 8.1, 0.75),
            To(5.0, 8.1, 3.0),
        ],
    };
    Plan {
        duration: 60.0,
        actors: vec![actor(seed, 0, true, true, first), actor(seed, 1, true, true, second)],
        areas: vec![press_area([-1.6, 1.6, 7.4, 9.8], &[Equipment::Helmet])],
        pillar: None,
    }
}

/// One worker crosses the zone in 8 s and is hidden by a pillar for one of them.
fn behind_pillar(seed: u64) -> Plan {
    let script = Script { start: 1.0, from: [-5.2, 8.0], legs: vec![Leg::To(5.2, 8.0, 13.0)] };
    let mut walker = actor(seed, 0, true, true, script);
    let duration = 20.0;
    let pillar = pillar::fit(&mut walker, duration);
    Plan {
        duration,
        actors: vec![walker],
        areas: vec![press_area([-3.2, 3.2, 7.3, 9.4], &[Equipment::Helmet])],
        pillar: Some(pillar),
    }
}

/// Nobody.
fn quiet(_seed: u64) -> Plan {
    Plan {
        duration: 20.0,
        actors: Vec::new(),
        areas: vec![press_area([-3.1, -0.3, 7.6, 9.9], &[Equipment::Helmet])],
        pillar: None,
    }
}
