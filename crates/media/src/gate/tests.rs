use super::*;

const STEP: Duration = Duration::from_millis(40);
const STILL: usize = 40;
const MOVING: usize = 600;

/// A camera on simulated time, with a decoder that shows at once what it is fed.
struct Site {
    gate: Gate,
    now: Instant,
    number: i64,
    /// Pictures from one key picture to the next.
    group: i64,
    bytes: usize,
    prompt: bool,
    shown: Option<PictureTime>,
    /// Numbers of the units fed.
    fed: Vec<i64>,
}

impl Site {
    fn new(group: i64) -> Self {
        let now = Instant::now();
        let gate = Gate::new(PictureSize::new(640, 360));
        Self { gate, now, number: 0, group, bytes: STILL, prompt: true, shown: None, fed: vec![] }
    }

    fn time(number: i64) -> PictureTime {
        PictureTime(number * micros(STEP))
    }

    fn take(&mut self, out: &[AccessUnit]) -> usize {
        for unit in out {
            self.fed.push(unit.time.0 / micros(STEP));
            let newest_but_one = self.fed.len().checked_sub(2).map(|at| Self::time(self.fed[at]));
            self.shown = if self.prompt { Some(unit.time) } else { newest_but_one };
        }
        out.len()
    }

    fn send_unit(&mut self, key: bool, bytes: usize) -> usize {
        let time = Self::time(self.number);
        let mut out = Vec::new();
        self.gate.push(
            AccessUnit { time, key, after_loss: false, data: vec![0; bytes].into() },
            self.now,
            self.shown,
            &mut out,
        );
        self.number += 1;
        self.now += STEP;
        self.take(&out)
    }

    /// Sends the next unit; how many were fed.
    fn send(&mut self) -> usize {
        let key = self.number % self.group == 0;
        self.send_unit(key, if key { 20_000 } else { self.bytes })
    }

    /// The same for so many units.
    fn run(&mut self, count: i64) -> usize {
        (0..count).map(|_| self.send()).sum()
    }

    fn economy(&mut self, on: bool) -> usize {
        let mut out = Vec::new();
        self.gate.set_economy(on, &mut out);
        self.take(&out)
    }

    /// Until what is usual is known, up to the end of a group.
    fn settled(group: i64) -> Self {
        let mut site = Self::new(group);
        site.run(group * (250 / group));
        site.economy(true);
        site
    }
}

#[test]
fn without_economy_every_unit_is_fed() {
    let mut site = Site::new(25);
    assert_eq!(site.run(500), 500);
    assert_eq!(site.gate.decoding(), Decoding::All);
}

#[test]
fn in_economy_key_units_alone_are_fed() {
    for (group, seconds) in [(25, 1), (13, 1), (62, 5)] {
        let mut site = Site::settled(group);
        assert_eq!(site.run(group * 10 * seconds), 10 * seconds as usize, "{group}");
        assert_eq!(site.gate.decoding(), Decoding::KeyPictures);
        assert!(site.gate.take_skipped() > 0);
    }
}

#[test]
fn a_wish_for_all_feeds_what_is_held_in_order() {
    let mut site = Site::settled(25);
    assert_eq!(site.run(25 + 10), 2);
    assert_eq!(site.economy(false), 9);
    assert_eq!(site.gate.decoding(), Decoding::All);
    assert_eq!(site.fed[site.fed.len() - 10..], (275..285).collect::<Vec<_>>());
    assert_eq!(site.run(100), 100);
}

#[test]
fn motion_feeds_what_is_held_and_all_for_three_seconds() {
    for group in [25, 62] {
        let mut site = Site::settled(group);
        site.run(group + group / 2);
        site.bytes = MOVING;
        assert_eq!(site.send(), 0, "one alone is chance");
        let before = site.gate.held();
        assert_eq!(site.send(), before + 1, "the second tells");
        assert_eq!(site.gate.last_motion(), Some(site.now - STEP));
        assert_eq!(site.run(20), 20);
        site.bytes = STILL;
        assert_eq!(site.run(74), 74, "3 s after the last motion");
        site.run(group);
        assert_eq!(site.run(group * 4), 4, "then key units again");
        assert!(site.fed.is_sorted());
    }
}

#[test]
fn economy_needs_key_units_often_enough() {
    // 1.2 s apart, sizes that vary by chance.
    let mut site = Site::new(30);
    let noisy = |site: &mut Site, count: i64| -> usize {
        let mut fed = 0;
        for _ in 0..count {
            site.bytes = 3000 + (site.number * 7919 % 1500) as usize;
            fed += site.send();
        }
        fed
    };
    noisy(&mut site, 300);
    site.economy(true);
    assert_eq!(noisy(&mut site, 300), 300);
    // The same with key units every second.
    let mut site = Site::new(25);
    noisy(&mut site, 300);
    site.economy(true);
    assert_eq!(noisy(&mut site, 250), 10);
    // Still, but 2.6 s apart; and never any.
    for group in [65, 100_000] {
        let mut site = Site::settled(group);
        assert_eq!(site.run(650), 650, "{group}");
    }
}

#[test]
fn a_late_key_unit_is_not_waited_for() {
    let mut site = Site::settled(25);
    site.run(26);
    site.group = 100_000;
    assert_eq!(site.run(29), 0, "1.2 s are still in time");
    let held = site.gate.held();
    assert_eq!(site.run(3), held + 3);
    assert_eq!(site.gate.decoding(), Decoding::All);
    // Nor when nothing comes at all.
    let mut site = Site::settled(25);
    site.run(35);
    let deadline = site.gate.deadline().unwrap();
    assert_eq!(deadline, site.now - STEP * 10 + Duration::from_millis(1160 + 40));
    let mut out = Vec::new();
    site.gate.tick(deadline - STEP, &mut out);
    assert!(out.is_empty());
    site.gate.tick(deadline, &mut out);
    assert_eq!(out.len(), 9);
    assert_eq!(site.gate.deadline(), None);
}

#[test]
fn a_full_buffer_is_fed() {
    let mut site = Site::settled(25);
    site.send();
    let large = HELD_BYTES_MAX / 2;
    // The first is taken for chance, the second does not fit any more.
    assert_eq!(site.send_unit(false, large), 0);
    assert_eq!(site.send_unit(false, large + 1), 2);
    assert_eq!(site.run(22), 22, "up to the next key unit, and as long as it moves");
    let mut site = Site::settled(10);
    site.send();
    for n in 0..200 {
        // Faster than real time, so that the key unit is not late.
        site.now -= STEP - Duration::from_millis(1);
        let fed = site.send_unit(false, STILL);
        assert!(site.gate.held() <= HELD_MAX);
        match n {
            _ if n < HELD_MAX => assert_eq!(fed, 0),
            _ if n == HELD_MAX => assert_eq!(fed, HELD_MAX + 1),
            _ => assert_eq!(fed, 1),
        }
    }
}

#[test]
fn of_key_units_only_one_a_second_is_fed_and_the_newest_is_ready() {
    let mut site = Site::settled(1);
    assert_eq!(site.run(1), 1);
    let fed = site.run(240);
    assert_eq!(fed, 10);
    assert_eq!(site.gate.held(), 0);
    site.run(5);
    assert_eq!((site.gate.held(), site.gate.decoding()), (1, Decoding::KeyPictures));
    assert_eq!(site.economy(false), 1);
    assert_eq!(site.fed.last(), Some(&(site.number - 1)));
    assert_eq!(site.run(50), 50);
}

#[test]
fn pictures_sent_out_of_order_forbid_economy() {
    let mut site = Site::settled(25);
    site.run(5);
    let mut out = Vec::new();
    let time = Site::time(site.number - 3);
    let unit = AccessUnit { time, key: false, after_loss: false, data: vec![0; STILL].into() };
    site.gate.push(unit, site.now, site.shown, &mut out);
    assert_eq!(out.len(), 5);
    assert_eq!(site.run(100), 100);
}

#[test]
fn a_decoder_that_holds_a_lone_picture_back_is_fed_all() {
    let mut site = Site::new(25);
    site.prompt = false;
    site.run(250);
    site.economy(true);
    let mut released = 0;
    for _ in 0..60 * 25 {
        let fed = site.send();
        // A trial holds units for half a second and no longer.
        assert!(fed <= 14);
        released += usize::from(fed > 1);
    }
    assert_eq!(released, Promptness::FAILURES as usize, "and not tried for ever");
    assert_eq!(site.fed.len(), 250 + 60 * 25);
    // Other parameters, another decoder.
    site.prompt = true;
    site.gate.parameters_changed();
    site.run(25);
    assert_eq!(site.run(250), 10);
}

#[derive(Debug, Clone)]
enum Step {
    Send { key: bool, bytes: usize, after_ms: u64 },
    Economy(bool),
    Tick,
    Decoder { prompt: bool },
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<(u16, Step)>> {
    use proptest::prelude::*;
    let bytes = prop_oneof![8 => 20..80_usize, 2 => 300..3000_usize, 1 => 0..(HELD_BYTES_MAX / 8)];
    let send = (prop::bool::weighted(0.1), bytes, prop_oneof![10 => 20..90_u64, 1 => 0..3000_u64])
        .prop_map(|(key, bytes, after_ms)| Step::Send { key, bytes, after_ms });
    let step = prop_oneof![
        20 => send,
        2 => any::<bool>().prop_map(Step::Economy),
        1 => Just(Step::Tick),
        1 => any::<bool>().prop_map(|prompt| Step::Decoder { prompt }),
    ];
    // Each is repeated, so that streams are regular for long enough.
    prop::collection::vec((1..80_u16, step), 1..40)
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 300, ..Default::default() })]
    /// Whatever comes: units are fed in order, none without those it builds on,
    /// limits hold, motion and the caller's wish are obeyed at once.
    #[test]
    fn decoding_can_always_go_on(steps in steps()) {
        let mut site = Site::new(1);
        let mut keys: Vec<bool> = Vec::new();
        let mut wanted = false;
        site.send_unit(true, 100);
        keys.push(true);
        for (count, step) in steps {
            for turn in 0..count {
                match step {
                    Step::Send { key, bytes, after_ms } => {
                        // A key unit starts a group of regular length.
                        let key = key && turn % 12 == 0;
                        site.now += Duration::from_millis(after_ms);
                        keys.push(key);
                        let at = site.now;
                        let waiting = site.gate.held();
                        let fed = site.send_unit(key, bytes);
                        let moved = site.gate.last_motion() == Some(at);
                        let lately = site.gate.last_motion().is_some_and(|m| at - m < AFTER_MOTION);
                        if !wanted || moved || lately {
                            proptest::prop_assert_eq!(site.gate.held(), 0);
                            proptest::prop_assert!(fed >= 1);
                        }
                        if moved {
                            proptest::prop_assert_eq!(fed, waiting + 1);
                        }
                    }
                    Step::Economy(on) => {
                        wanted = on;
                        let waiting = site.gate.held();
                        let fed = site.economy(on);
                        proptest::prop_assert_eq!(fed, if on { 0 } else { waiting });
                    }
                    Step::Tick => {
                        if let Some(deadline) = site.gate.deadline() {
                            proptest::prop_assert!(deadline <= site.now + KEY_INTERVAL_STEADY + KEY_LATE);
                            site.now = site.now.max(deadline);
                            let mut out = Vec::new();
                            site.gate.tick(site.now, &mut out);
                            site.take(&out);
                            proptest::prop_assert_eq!(site.gate.held(), 0);
                        }
                    }
                    Step::Decoder { prompt } => site.prompt = prompt,
                }
                proptest::prop_assert!(site.gate.held() <= HELD_MAX);
                proptest::prop_assert!(site.gate.held_bytes <= HELD_BYTES_MAX);
            }
        }
        proptest::prop_assert!(site.fed.windows(2).all(|pair| pair[0] < pair[1]));
        let fed: std::collections::BTreeSet<_> = site.fed.iter().copied().collect();
        for number in &site.fed {
            let at = usize::try_from(*number).unwrap();
            proptest::prop_assert!(keys[at] || fed.contains(&(number - 1)), "{} builds on {}", number, number - 1);
        }
    }
}
