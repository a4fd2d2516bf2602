//! Points of company A become points of company B through a cache that many threads ask at once.
//!
//! Looking into a cache and converting what is not there are two steps. The question is what others may do in between.

mod office;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use self::office::{MOST, Office, PointsError, rate};
use super::together::{Meeting, PATIENCE, lock, on_threads};
use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text, Way};

const THREADS: usize = 8;

const ABOUT: About = About {
    name: "points",
    source: "001",
    title: Text { en: "One conversion for each key", ko: "키마다 한 번만 전환하기" },
    shows: Text {
        en: "Eight threads ask a cache for the same points. Without a lock around looking and converting, all eight \
             convert; with one lock nobody converts twice, but all wait for each other; with single flight those wait \
             that ask for the same key. Rates of ours: 80 %, from 10 000 on 90 %, 100 % for exactly 5 000, at most \
             1 000 000, nothing below 0.",
        ko: "스레드 8개가 같은 포인트를 캐시에 묻는다. 조회와 전환을 함께 잠그지 않으면 여덟이 모두 전환한다. 락 하나로 \
             감싸면 중복은 없지만 서로를 기다린다. single flight에서는 같은 키를 물은 스레드만 기다린다. 전환율은 여기서 \
             정했다. 기본 80 %, 10,000 이상 90 %, 정확히 5,000이면 100 %, 한도 1,000,000, 음수는 거부.",
    },
    published: Text {
        en: "text and code, no figures: one lock around everything",
        ko: "수치 없이 글과 코드만: 전체를 락 하나로 보호",
    },
    choice: Text {
        en: "The JPEG of a live picture is made once for all viewers, by the first who asks; the others wait for that \
             one, and nobody waits for another picture's.",
        ko: "실시간 화면의 JPEG은 처음 요청한 쪽에서 한 번만 만들고 모든 시청자가 함께 쓴다. 나머지는 그 결과만 기다리며, \
             다른 화면의 인코딩은 기다리지 않는다.",
    },
    libraries: &["std", "moka"],
    size: Some(Size {
        unit: "keys, each asked for by 8 threads",
        whole: 100,
        reduced: 12,
        // A key is a hundred points, and the limit a million.
        most: 10_000,
        bytes_each: 500,
    }),
};

type Answer = Result<i64, PointsError>;
type Map = Mutex<HashMap<i64, i64>>;

/// Looks, lets go, converts, keeps. Safe Rust does not share a map without a lock, so the race is in letting go.
/// All threads meet there: what could happen on a bad day happens each time.
fn without_lock(office: &Office<'_>, kept: &Map, meeting: &Meeting, points: i64) -> Answer {
    let known = lock(kept).get(&points).copied();
    meeting.arrive(PATIENCE);
    if let Some(known) = known {
        return Ok(known);
    }
    let converted = office.convert(points)?;
    lock(kept).insert(points, converted);
    Ok(converted)
}

/// Holds the lock until the conversion is kept, as published.
fn one_lock(office: &Office<'_>, kept: &Map, points: i64) -> Answer {
    let mut kept = lock(kept);
    if let Some(known) = kept.get(&points) {
        return Ok(*known);
    }
    let converted = office.convert(points)?;
    kept.insert(points, converted);
    Ok(converted)
}

/// The first who asks for a key converts; who asks for the same meanwhile gets that answer. Errors are not kept.
fn single_flight(office: &Office<'_>, kept: &Cache<i64, i64>, points: i64) -> Answer {
    kept.try_get_with(points, || office.convert(points)).map_err(|error| *error)
}

/// A cache that holds so many and forgets what was not asked for the longest.
fn cache(room: u64) -> Cache<i64, i64> {
    Cache::builder().max_capacity(room).eviction_policy(EvictionPolicy::lru()).build()
}

/// The experiment.
pub(super) struct Points;

impl Experiment for Points {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let takes = Duration::from_millis(if given.reduced { 1 } else { 5 });
        let convert = || sleep(takes);
        let keys: Vec<i64> = (1..).map(|n| n * 100).take(size(given)).collect();
        let right = keys.iter().map(|key| rate(*key)).sum::<Answer>();
        let right = vec![right; THREADS];
        let mut findings = Findings::default();
        let mut show = |name: &str, conversions: usize, apart: bool, ask: &Ask<'_>| {
            let office = Office::new(&convert);
            let (way, sums) = given.measure(name, || {
                on_threads(THREADS, |n| ask_all(&keys, n, apart, &office, ask))
            })?;
            findings.ways.push(with_figures(way, &office));
            findings.checks.extend([
                Check::equal(&format!("conversions, {name}"), &conversions, &office.conversions()),
                Check::equal(&format!("right for every thread, {name}"), &true, &(sums == right)),
            ]);
            Ok::<(), LabError>(())
        };
        let (kept, meeting) = (Map::default(), Meeting::of(THREADS));
        show("without a lock", THREADS * keys.len(), false, &|office, points| {
            without_lock(office, &kept, &meeting, points)
        })?;
        let kept = Map::default();
        show("one lock", keys.len(), true, &|office, points| one_lock(office, &kept, points))?;
        let kept = cache(given.size);
        show("single flight", keys.len(), true, &|office, points| {
            single_flight(office, &kept, points)
        })?;
        findings.checks.extend(others_wait()?);
        findings.checks.extend(refused());
        findings.checks.extend(bounded()?);
        Ok(findings)
    }
}

type Ask<'a> = dyn Fn(&Office<'_>, i64) -> Answer + Sync + 'a;

/// Asks for every key once and adds up the answers. Threads that begin `apart` have each another key first.
fn ask_all(keys: &[i64], number: usize, apart: bool, office: &Office<'_>, ask: &Ask<'_>) -> Answer {
    let first = if apart { number * keys.len() / THREADS } else { 0 };
    keys.iter().cycle().skip(first).take(keys.len()).map(|key| ask(office, *key)).sum()
}

fn size(given: &Given<'_>) -> usize {
    usize::try_from(given.size).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn with_figures(way: Way, office: &Office<'_>) -> Way {
    way.with("conversions", office.conversions() as f64, "").with(
        "most at once",
        office.inside.most() as f64,
        "",
    )
}

/// Two keys, each converted until the other is being converted, too: one lock can't do that.
fn others_wait() -> Result<[Check; 2], LabError> {
    let met = |patience, ask: &Ask<'_>| {
        let (meeting, met) = (Meeting::of(2), AtomicUsize::new(0));
        let convert = || {
            met.fetch_add(usize::from(meeting.arrive(patience)), Ordering::SeqCst);
        };
        let office = Office::new(&convert);
        on_threads(2, |number| ask(&office, if number == 0 { 100 } else { 200 }))?;
        Ok::<_, LabError>(met.load(Ordering::SeqCst) == 2)
    };
    let (map, flights) = (Map::default(), cache(2));
    let locked = met(Duration::from_millis(20), &|office, points| one_lock(office, &map, points))?;
    let flown = met(PATIENCE, &|office, points| single_flight(office, &flights, points))?;
    Ok([
        Check::equal("two keys at once, one lock", &false, &locked),
        Check::equal("two keys at once, single flight", &true, &flown),
    ])
}

/// What is refused costs no conversion and is not kept.
fn refused() -> Vec<Check> {
    let (office, kept) = (Office::new(&|| ()), cache(2));
    let mut checks = Vec::new();
    for (points, expected) in
        [(-1, PointsError::Negative(-1)), (MOST + 1, PointsError::TooMany(MOST + 1))]
    {
        let found = single_flight(&office, &kept, points);
        let said = found.map_or_else(|error| error.to_string(), |converted| converted.to_string());
        checks.push(Check::equal("refused", &expected.to_string(), &said));
    }
    let cost = office.conversions() + kept.iter().count();
    checks.push(Check::equal("conversions and entries for what is refused", &0, &cost));
    checks
}

/// A small cache forgets what was not asked for the longest, and stays small when many ask.
fn bounded() -> Result<[Check; 2], LabError> {
    let (office, kept) = (Office::new(&|| ()), cache(3));
    for points in [100, 200, 300, 100, 400] {
        single_flight(&office, &kept, points)
            .map_err(|error| LabError::failed("converting", error))?;
        // moka tidies up now and then and not with each call.
        kept.run_pending_tasks();
    }
    let mut left: Vec<i64> = kept.iter().map(|(key, _)| *key).collect();
    left.sort_unstable();
    let left = left.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");

    let (room, crowded) = (16, cache(16));
    let keys: Vec<i64> = (1..=100).collect();
    on_threads(THREADS, |n| {
        ask_all(&keys, n, true, &office, &|office, points| single_flight(office, &crowded, points))
    })?;
    crowded.run_pending_tasks();
    let count = crowded.iter().count();
    Ok([
        Check::equal("room for 3, asked 100, 200, 300, 100, 400: left", "100, 300, 400", &*left),
        Check::bound("kept of 100, room for 16", "1 to 16", count, (1..=room).contains(&count)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_apart_ask_for_every_key_and_another_first() {
        let keys: Vec<i64> = (1..=16).collect();
        for number in 0..THREADS {
            let asked = Mutex::new(Vec::new());
            let office = Office::new(&|| ());
            ask_all(&keys, number, true, &office, &|_, key| {
                lock(&asked).push(key);
                Ok(key)
            })
            .unwrap();
            let mut asked = lock(&asked).clone();
            assert_eq!(asked[0], keys[number * 2]);
            asked.sort_unstable();
            assert_eq!(asked, keys);
        }
    }

    #[test]
    fn a_kept_answer_costs_no_conversion() {
        let office = Office::new(&|| ());
        let (map, flights, alone) = (Map::default(), cache(2), Meeting::of(1));
        for _ in 0..3 {
            without_lock(&office, &map, &alone, 100).unwrap();
            one_lock(&office, &map, 100).unwrap();
            single_flight(&office, &flights, 100).unwrap();
        }
        assert_eq!(office.conversions(), 2, "one for each cache");
    }
}
