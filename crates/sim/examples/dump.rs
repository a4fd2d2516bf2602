//! Scratch.
use safe_yolo_core::PictureTime;
use safe_yolo_sim::{LookSet, Scene};
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let out = |n: &str, s: &Scene, t: f64| {
        let mut rgb = Vec::new();
        s.render(PictureTime::from_secs_f64(t), &mut rgb);
        let h = format!("P6 {} {} 255\n", s.size().width, s.size().height);
        std::fs::write(format!("{dir}/{n}-{t}.ppm"), [h.as_bytes(), &rgb].concat()).unwrap();
    };
    for n in Scene::SCENARIOS {
        let s = Scene::new(n, 1).unwrap();
        for t in [5.0, 10.0, 15.0, 20.0, 33.0] {
            out(n, &s, t);
        }
        for e in s.events(s.duration() * 2.0) {
            println!("{n} {:6.2} {} {:?} {:?}", e.start_s, e.kind.name(), e.zone, e.actor);
        }
        for e in s.incidents(s.duration()) {
            println!("{n} incident {:6.2} {} {:?}", e.start_s, e.kind.name(), e.actor);
        }
    }
    for i in 0..12 {
        let s = Scene::random(i, LookSet::Training, None).unwrap();
        out(&format!("random{i}"), &s, 7.0);
    }
    for i in 0..4 {
        let s = Scene::random(i, LookSet::Scoring, None).unwrap();
        out(&format!("rscore{i}"), &s, 7.0);
    }
}
