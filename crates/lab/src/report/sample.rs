//! A run that never was, with all that a report may have to show.

use jiff::civil::date;
use jiff::tz::TimeZone;

use crate::experiment::{About, Check, Findings, Size, Text, Way};
use crate::report::{Laboratory, Machine, Record, Twin};

const fn about(name: &'static str, title: Text, size: Option<Size>) -> About {
    About {
        name,
        source: "001",
        title,
        shows: Text {
            en: "Twenty sums of squares <on> all cores & \"threads\".",
            ko: "제곱의 합 20개를 구한다. Rust의 스레드는 프로그램을 복사하지 않고도 코어를 나눠 쓴다.",
        },
        published: Text { en: "10.41 s, 2.52 s", ko: "순차 10.41초, 프로세스 2.52초" },
        choice: Text {
            en: "What computes runs on threads of its own, never on the event loop.",
            ko: "계산은 이벤트 루프가 아니라 전용 스레드에서 한다.",
        },
        libraries: &["std", "rayon"],
        size,
    }
}

static SUMS: About = about(
    "cpu-sums",
    Text { en: "Sums on all cores", ko: "모든 코어로 합 구하기" },
    Some(Size { unit: "numbers a sum", whole: 5_000_000, reduced: 1, most: 10, bytes_each: 0 }),
);
static LOOP: About = about(
    "event-loop",
    Text { en: "Detection beside an event loop", ko: "이벤트 루프와 객체 검출" },
    None,
);
static LOST: About = about("lost-update", Text { en: "The lost update", ko: "사라진 갱신" }, None);

/// Three experiments: one beside Python, one with many figures, one that fails.
pub(super) fn laboratory() -> Laboratory {
    let ways = |sequential, threads| {
        vec![Way::new("sequential", sequential), Way::new("threads", threads)]
    };
    let mut theirs = ways(9.53, 0.2);
    theirs.push(Way::new("multiprocessing pool", 4.9));
    let sums = Findings {
        ways: ways(0.5123, 0.2611),
        checks: vec![
            Check::equal("threads give the same", &true, &true),
            Check::equal("means", "10, 15, 20, 25, 30", "10, 15, 20, 25, 30"),
        ],
        goals: vec![
            Check::bound("speed-up of threads", ">= 1.7", "1.96", true),
            Check::bound("speed-up of processes", ">= 1.7", "1.64", false),
        ],
    };
    let their = Findings { ways: theirs, checks: sums.checks.clone(), goals: Vec::new() };
    let mut designs = Vec::new();
    for (design, p99) in
        [("blocking", 81.2), ("to_thread", 12.34), ("process", 2.5), ("actor", 0.812)]
    {
        for cameras in [1, 2, 4, 12] {
            let load = f64::from(cameras);
            let way = Way::new(&format!("{design} {cameras}"), 2.0 + load / 100.0);
            designs.push(
                way.with("command p50", p99 / 4.0 * load, "ms")
                    .with("command p99", p99 * load, "ms")
                    .with("command most", p99 * load * 1.3, "ms")
                    .with("jitter", p99 / 2.0, "ms")
                    .with("pictures", 240.0 / p99, "1/s"),
            );
        }
    }
    let designs = Findings {
        ways: designs,
        checks: vec![Check::bound("peak memory grows by", "<= 8 MB", "1.2 MB", true)],
        goals: Vec::new(),
    };
    let lost = Findings {
        ways: vec![Way::new("without a lock", 0.000_012)],
        checks: vec![Check::equal("value <without> a lock", &2, &3)],
        goals: Vec::new(),
    };
    let machine = Machine {
        cores: 2,
        processor: Some("AMD EPYC".to_owned()),
        python: Some("Python 3.13.5".to_owned()),
        optimised: true,
        version: "0.1.0",
    };
    let records = vec![
        Record::new(&SUMS, 5_000_000, sums, Twin::Ran(their)),
        Record::new(&LOOP, 0, designs, Twin::Missing { why: "numpy is not installed".to_owned() }),
        Record::new(&LOST, 0, lost, Twin::Failed { why: "exit status: 1: <boom>".to_owned() }),
    ];
    let started = date(2026, 11, 27).at(9, 30, 0, 0).to_zoned(TimeZone::UTC).unwrap();
    Laboratory::new(records, false, machine, &started, 151.2)
}
