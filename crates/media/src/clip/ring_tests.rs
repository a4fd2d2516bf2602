use super::*;

fn unit(ms: i64, key: bool, len: usize) -> AccessUnit {
    let time = PictureTime::from_millis(ms);
    AccessUnit { time, key, after_loss: false, data: vec![0; len].into() }
}

fn ring(codec: Codec) -> ClipRing {
    ClipRing::new(codec, PictureSize::new(64, 36))
}

/// Pushes pictures 40 ms apart, a key picture each second.
fn run(ring: &ClipRing, ms: std::ops::Range<i64>, len: usize) {
    for at in ms.step_by(40) {
        ring.push(&unit(at, at % 1000 == 0, len));
    }
}

fn oldest_ms(ring: &ClipRing) -> i64 {
    ring.lock().units.front().unwrap().time.0 / 1000
}

#[test]
fn it_keeps_from_the_key_picture_before_what_is_needed() {
    let ring = ring(Codec::H264);
    run(&ring, 0..30_000, 1000);
    // The newest is at 29.96 s, so 21.96 s is needed.
    assert_eq!(oldest_ms(&ring), 21_000);
    assert_eq!(ring.bytes(), ring.lock().units.len() * 1000);
    assert_eq!(ring.newest(), Some(PictureTime::from_millis(29_960)));
}

#[test]
fn what_is_held_stays_until_the_hold_is_gone() {
    let ring = ring(Codec::H264);
    run(&ring, 0..10_000, 1000);
    let hold = ring.hold(PictureTime::from_millis(4500)).unwrap();
    run(&ring, 10_000..40_000, 1000);
    assert_eq!(oldest_ms(&ring), 4000);
    let units = hold.take(PictureTime::from_millis(20_010)).unwrap();
    assert_eq!((units.start().0, units.end().0), (4_000_000, 20_000_000));
    run(&ring, 40_000..40_080, 1000);
    assert_eq!(oldest_ms(&ring), 32_000);
}

#[test]
fn a_ring_that_begins_later_gives_what_it_has() {
    let ring = ring(Codec::H264);
    ring.push(&unit(0, false, 10));
    assert!(ring.hold(PictureTime(0)).unwrap().take(PictureTime(1)).is_none(), "no beginning");
    run(&ring, 1000..3000, 10);
    let hold = ring.hold(PictureTime::from_millis(-4000)).unwrap();
    assert_eq!(hold.take(PictureTime::from_millis(9000)).unwrap().start().0, 1_000_000);
}

#[test]
fn bytes_are_bounded_and_a_hold_keeps_what_there_was() {
    let ring = ring(Codec::H264);
    run(&ring, 0..2000, 100_000);
    let hold = ring.hold(PictureTime::from_millis(500)).unwrap();
    for at in (2000..30_000).step_by(40) {
        ring.push(&unit(at, at % 1000 == 0, 100_000));
        assert!(ring.bytes() <= BYTES_MAX);
    }
    assert!(hold.is_full());
    // 20 MiB are 209 pictures; the first of the window is still there, the alarm with it.
    let units = hold.take(PictureTime::from_millis(15_000)).unwrap();
    assert_eq!(units.start().0, 0);
    assert!(units.bytes() <= BYTES_MAX && units.end().0 > 8_000_000, "{:?}", units.end());
}

#[test]
fn one_group_larger_than_the_ring_and_one_unit_larger_than_the_ring() {
    let ring = ring(Codec::H264);
    ring.push(&unit(0, true, 1 << 20));
    for at in 1..50 {
        ring.push(&unit(at * 40, false, 1 << 20));
        assert!(ring.bytes() <= BYTES_MAX);
    }
    assert_eq!(ring.bytes(), 0, "what has no beginning is not kept");
    ring.push(&unit(3000, true, BYTES_MAX + 1));
    assert_eq!(ring.bytes(), 0);
    ring.push(&unit(4000, true, 10));
    ring.push(&unit(4040, false, 10));
    assert_eq!(ring.bytes(), 20);
}

#[test]
fn very_many_small_units_are_bounded_too() {
    let ring = ring(Codec::H264);
    for at in 0..3 * UNITS_MAX as i64 {
        ring.push(&unit(at / 100, at % 50 == 0, 1));
        assert!(ring.lock().units.len() <= UNITS_MAX && ring.lock().keys.len() <= UNITS_MAX);
    }
}

#[test]
fn holds_are_bounded_and_let_go_when_dropped() {
    let ring = ring(Codec::H264);
    let mut holds: Vec<_> = (0..HOLDS_MAX).map(|_| ring.hold(PictureTime(0)).unwrap()).collect();
    assert!(ring.hold(PictureTime(0)).is_none());
    holds.pop();
    assert!(ring.hold(PictureTime(0)).is_some());
}

#[test]
fn of_jpeg_pictures_ten_a_second_are_kept_each_in_its_own_memory() {
    let ring = ring(Codec::Jpeg);
    let buffer = Bytes::from(vec![7; 4000]);
    for at in (0..2000).step_by(33) {
        let data = buffer.slice(..10);
        ring.push(&AccessUnit { data, ..unit(at, true, 0) });
    }
    let inner = ring.lock();
    let steps: Vec<i64> = inner
        .units
        .iter()
        .zip(inner.units.iter().skip(1))
        .map(|(a, b)| (b.time.0 - a.time.0) / 1000)
        .collect();
    assert!(steps.iter().all(|step| (90..=132).contains(step)), "{steps:?}");
    assert!(inner.units.iter().all(|unit| unit.data.as_ptr() != buffer.as_ptr()));
}

#[test]
fn pictures_that_refer_to_what_is_not_there_are_left_out() {
    let ring = ring(Codec::H265);
    // An open group: the second and third are sent after the key picture and shown before it.
    for (ms, key) in [(120, true), (40, false), (80, false), (240, false), (160, false)] {
        ring.push(&unit(ms, key, 10));
    }
    let units = ring.hold(PictureTime(0)).unwrap().take(PictureTime::from_millis(200)).unwrap();
    // That of 240 ms is referred to by the last.
    assert_eq!((units.start().0, units.end().0, units.count()), (120_000, 240_000, 3));
}
