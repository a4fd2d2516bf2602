//! What the reports themselves say, in both languages. What an experiment measured and checked keeps the
//! names that it has in `--json`.

use crate::experiment::Text;
use crate::language::Language;
use crate::report::{Laboratory, Record, Twin, figures};

macro_rules! words {
    ($($name:ident: $en:literal, $ko:literal;)*) => {
        $(pub(super) const $name: Text = Text { en: $en, ko: $ko };)*
    };
}

words! {
    LABORATORY: "Concurrency laboratory", "동시성 실험실";
    LEAD: "The experiments that this system's design began with, done again: the published outcome, ours in Rust, and \
           the same work in Python beside it on the same machine.",
          "이 시스템의 설계가 출발한 실험들을 다시 해 본 결과입니다. 발표된 결과와 Rust로 얻은 결과를, 같은 컴퓨터에서 \
           실행한 Python 결과와 나란히 놓았습니다.";
    CONTENTS: "Experiments", "실험 목록";
    EXPERIMENT: "experiment", "실험";
    WAY: "way", "방식";
    OURS: "Rust", "Rust";
    PYTHON: "Python", "Python";
    RATIO: "ratio", "배율";
    RATIO_LONG: "Python's time / ours", "Python 시간 / Rust 시간";
    PUBLISHED: "Published", "발표된 결과";
    OUTCOME: "Outcome", "결과 확인";
    OUTCOMES: "Outcomes", "결과 확인";
    GOALS: "Goals", "목표";
    TIMES: "Times", "소요 시간";
    FIGURES: "Other figures", "그 밖의 측정값";
    CHOICE: "What follows for the cameras", "카메라 처리에 반영된 설계";
    LIBRARIES: "Libraries", "라이브러리";
    MACHINE: "Machine", "컴퓨터";
    OPTIMISED: "optimised", "최적화 빌드";
    NOT_OPTIMISED: "not optimised", "최적화되지 않은 빌드";
    HELD: "holds", "확인됨";
    FAILED: "FAILED", "실패";
    MET: "met", "달성";
    MISSED: "missed", "미달";
    MUST_BE: "must be", "기대값";
    AIM: "aim", "목표값";
    SLOW_BUILD: "This program is not optimised: its times say little. Build it with --release.",
                "최적화되지 않은 프로그램이어서 시간 측정값에는 큰 의미가 없습니다. --release로 빌드하세요.";
    REDUCED: "Small sizes and short waits, as in tests: the times say little.",
             "시험용으로 크기와 대기 시간을 줄여 실행했으므로 시간 측정값에는 큰 의미가 없습니다.";
    NO_PYTHON: "Python was not run beside it (--python does).", "Python은 함께 실행하지 않았습니다(--python을 주면 실행합니다).";
}

/// `1 goal`, `2 goals`; Korean counts without a plural.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `13 experiments`.
pub(super) fn experiments(laboratory: &Laboratory, language: Language) -> String {
    let count = laboratory.experiments.len();
    match language {
        Language::En => counted(count, "experiment", "experiments"),
        Language::Ko => format!("실험 {count}개"),
    }
}

/// How many outcomes hold, or which do not.
pub(super) fn outcomes(laboratory: &Laboratory, language: Language) -> String {
    let (all, failed) = (laboratory.outcomes(), laboratory.failed());
    match (language, failed.as_slice()) {
        (Language::En, []) if all == 1 => "1 outcome holds".to_owned(),
        (Language::En, []) => format!("all {all} outcomes hold"),
        (Language::Ko, []) => format!("결과 {all}개 모두 확인됨"),
        (Language::En, _) => {
            let count = counted(failed.len(), "outcome", "outcomes");
            format!("{count} FAILED ({})", failed.join("; "))
        }
        (Language::Ko, _) => format!("결과 {}개 실패({})", failed.len(), failed.join("; ")),
    }
}

/// Which goals were missed; none where there are none.
pub(super) fn goals(laboratory: &Laboratory, language: Language) -> Option<String> {
    let all: usize = laboratory.experiments.iter().map(|record| record.ours.goals.len()).sum();
    let missed = laboratory.missed();
    let count = missed.len();
    let which = missed.join("; ");
    (all > 0).then(|| match (language, count) {
        (Language::En, 0) => format!("{} met", counted(all, "goal", "goals")),
        (Language::Ko, 0) => format!("목표 {all}개 달성"),
        (Language::En, _) => {
            format!("{count} of {} missed ({which})", counted(all, "goal", "goals"))
        }
        (Language::Ko, _) => format!("목표 {all}개 가운데 {count}개 미달({which})"),
    })
}

/// Where Python was faster; none where nothing was compared.
pub(super) fn compared(laboratory: &Laboratory, language: Language) -> Option<String> {
    let (all, slower) = (laboratory.compared(), laboratory.slower());
    let which = slower.join("; ");
    (all > 0).then(|| match (language, slower.is_empty()) {
        (Language::En, true) => {
            format!("never slower than Python in {}", counted(all, "way", "ways"))
        }
        (Language::Ko, true) => format!("Python과 비교한 방식 {all}개에서 모두 느리지 않음"),
        (Language::En, false) => format!("slower than Python: {which}"),
        (Language::Ko, false) => format!("Python보다 느린 방식: {which}"),
    })
}

/// All of the above, and how long it took, each for itself.
pub(super) fn summary(laboratory: &Laboratory, language: Language) -> Vec<String> {
    let mut parts = vec![experiments(laboratory, language), outcomes(laboratory, language)];
    parts.extend(goals(laboratory, language));
    parts.extend(compared(laboratory, language));
    parts.push(figures::duration(laboratory.seconds, language));
    parts
}

/// Where and in what it ran.
pub(super) fn machine(laboratory: &Laboratory, language: Language) -> Vec<String> {
    let machine = &laboratory.machine;
    let cores = match language {
        Language::En => counted(machine.cores, "core", "cores"),
        Language::Ko => format!("코어 {}개", machine.cores),
    };
    let built = if machine.optimised { OPTIMISED } else { NOT_OPTIMISED };
    let mut parts: Vec<String> = machine.processor.iter().cloned().collect();
    parts.push(cores);
    parts.push(format!("safe-yolo {} ({})", machine.version, built.of(language)));
    parts.extend(machine.python.clone());
    parts.push(laboratory.started.clone());
    parts
}

/// What makes the figures doubtful.
pub(super) fn warnings(laboratory: &Laboratory, language: Language) -> Vec<&'static str> {
    let mut all = Vec::new();
    if !laboratory.machine.optimised {
        all.push(SLOW_BUILD.of(language));
    }
    if laboratory.reduced {
        all.push(REDUCED.of(language));
    }
    let asked = |record: &Record| !matches!(record.twin, Twin::NotAsked);
    if !laboratory.experiments.iter().any(asked) {
        all.push(NO_PYTHON.of(language));
    }
    all
}

/// What is said of a twin that has no figures.
pub(super) fn twin(record: &Record, language: Language) -> Option<String> {
    match (&record.twin, language) {
        (Twin::NotAsked | Twin::Ran(_), _) => None,
        (Twin::Missing { why }, Language::En) => Some(format!("not run: {why}")),
        (Twin::Missing { why }, Language::Ko) => Some(format!("실행하지 않음: {why}")),
        (Twin::Failed { why }, _) => Some(format!("{}: {why}", FAILED.of(language))),
    }
}

/// The outcomes of a twin, of which all hold, in a line: they are those of ours once more.
pub(super) fn all_hold(count: usize, language: Language) -> String {
    match language {
        Language::En if count == 1 => "Python: 1 outcome holds".to_owned(),
        Language::En => format!("Python: all {count} outcomes hold"),
        Language::Ko => format!("Python: 결과 {count}개 모두 확인됨"),
    }
}

/// How much was done, in the experiment's unit.
pub(super) fn size(record: &Record) -> Option<String> {
    let unit = record.about.size?.unit;
    Some(format!("{} {unit}", figures::whole(record.size)))
}
