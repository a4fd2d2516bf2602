//! What an operator reads, in Korean and English.

use safe_yolo_core::{Class, Equipment, EventType, Message, Rule, RuleKind};

/// The Korean name of an item, and the English one.
const fn item_names(item: Equipment) -> (&'static str, &'static str) {
    match item {
        Equipment::Helmet => ("안전모", "helmet"),
        Equipment::Vest => ("안전조끼", "safety vest"),
        Equipment::Mask => ("마스크", "mask"),
        Equipment::Gloves => ("안전장갑", "gloves"),
        Equipment::Boots => ("안전화", "safety boots"),
        Equipment::Goggles => ("보안경", "goggles"),
    }
}

fn missing(item: Equipment, zone: &str, number: u32) -> Message {
    let (ko, en) = item_names(item);
    Message {
        ko: format!("{zone}: 작업자 #{number} {ko} 미착용"),
        en: format!("{zone}: worker #{number} without {en}"),
    }
}

/// The message of an event about worker `number` in `zone`; `seconds` is the
/// dwell of an intrusion or the stay of an exit.
pub(crate) fn message(event: EventType, zone: &str, number: u32, seconds: f64) -> Message {
    // Tenths matter only in short times.
    let seconds = if seconds < 10.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") };
    let (ko, en) = match event {
        EventType::DangerZoneIntrusion => (
            format!("{zone}: 작업자 #{number} 위험구역 침입 ({seconds}초 경과)"),
            format!("{zone}: worker #{number} in a danger zone for {seconds} s"),
        ),
        EventType::WarningZoneIntrusion => (
            format!("{zone}: 작업자 #{number} 경고구역 진입 ({seconds}초 경과)"),
            format!("{zone}: worker #{number} in a warning zone for {seconds} s"),
        ),
        EventType::Entrance => {
            (format!("{zone}: 작업자 #{number} 입장"), format!("{zone}: worker #{number} came in"))
        }
        EventType::Exit => (
            format!("{zone}: 작업자 #{number} 퇴장 (체류 {seconds}초)"),
            format!("{zone}: worker #{number} left after {seconds} s"),
        ),
        EventType::HelmetMissing => return missing(Equipment::Helmet, zone, number),
        EventType::VestMissing => return missing(Equipment::Vest, zone, number),
        EventType::MaskMissing => return missing(Equipment::Mask, zone, number),
        EventType::GlovesMissing => return missing(Equipment::Gloves, zone, number),
        EventType::BootsMissing => return missing(Equipment::Boots, zone, number),
        EventType::GogglesMissing => return missing(Equipment::Goggles, zone, number),
        // Those of rules are made by `of_rule`.
        _ => (zone.to_owned(), zone.to_owned()),
    };
    Message { ko, en }
}

/// What a message is made of.
pub(crate) struct Words<'a> {
    pub(crate) zone: &'a str,
    /// The number of the person, if it is about one.
    pub(crate) number: Option<u32>,
    /// For how long the condition held.
    pub(crate) seconds: f64,
    /// How many people, where that is what it is about.
    pub(crate) count: u32,
}

/// What somebody calls a thing, in both languages.
const fn thing_names(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::SafetyCone => ("안전콘", "safety cone"),
        Class::Machinery => ("건설기계", "machine"),
        Class::Vehicle => ("차량", "vehicle"),
        Class::Forklift => ("지게차", "forklift"),
        Class::FireExtinguisher => ("소화기", "fire extinguisher"),
        Class::Fire => ("불꽃", "fire"),
        Class::Smoke => ("연기", "smoke"),
        other => (other.name(), other.name()),
    }
}

/// The message of an event that `rule` raises: its own words, or the usual ones.
pub(crate) fn of_rule(rule: &Rule, words: &Words<'_>) -> Message {
    let Words { zone, seconds, count, .. } = *words;
    if let Some(Message { ko, en }) = &rule.message {
        return Message { ko: format!("{zone}: {ko}"), en: format!("{zone}: {en}") };
    }
    let number = words.number.unwrap_or(0);
    let seconds = if seconds < 10.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") };
    let (ko, en) = match rule.kind {
        RuleKind::Loitering => (
            format!("작업자 #{number} 장시간 체류 ({seconds}초)"),
            format!("worker #{number} has stayed for {seconds} s"),
        ),
        RuleKind::OccupancyAbove { people } => (
            format!("인원 초과: {count}명 (허용 {people}명)"),
            format!("{count} people, at most {people} allowed"),
        ),
        RuleKind::OccupancyBelow { people } => (
            format!("인원 부족: {count}명 (최소 {people}명)"),
            format!("{count} people, at least {people} required"),
        ),
        RuleKind::EntriesAbove { people, window_s } => (
            format!("출입 인원 초과: {}간 {count}명 (허용 {people}명)", span_ko(window_s)),
            format!(
                "{count} people came in within {}, at most {people} allowed",
                span_en(window_s)
            ),
        ),
        RuleKind::LineCrossing { .. } => {
            (format!("작업자 #{number} 경계선 통과"), format!("worker #{number} crossed the line"))
        }
        RuleKind::LoneWorker => (
            format!("작업자 #{number} 단독 작업 ({seconds}초 경과)"),
            format!("worker #{number} has been alone for {seconds} s"),
        ),
        RuleKind::ObjectMissing { class } => {
            let (ko, en) = thing_names(class);
            (format!("{ko} 없음 ({seconds}초 경과)"), format!("no {en} for {seconds} s"))
        }
        RuleKind::ObjectPresent { class } => {
            let (ko, en) = thing_names(class);
            (format!("{ko} 감지 ({seconds}초 경과)"), format!("{en} there for {seconds} s"))
        }
        RuleKind::Proximity { class, .. } => {
            let (ko, en) = thing_names(class);
            (format!("작업자 #{number} {ko} 근접"), format!("worker #{number} close to a {en}"))
        }
        RuleKind::NearMiss { class, .. } => {
            let (ko, en) = thing_names(class);
            (
                format!("작업자 #{number} {ko} 충돌 위험 (아차사고)"),
                format!("near miss of worker #{number} and a {en}"),
            )
        }
        RuleKind::Fall => {
            (format!("작업자 #{number} 쓰러짐 감지"), format!("worker #{number} has fallen"))
        }
        RuleKind::Motionless => (
            format!("작업자 #{number} 움직임 없음 ({seconds}초 경과)"),
            format!("worker #{number} has not moved for {seconds} s"),
        ),
        RuleKind::Fire => ("화재(불꽃) 감지".to_owned(), "fire".to_owned()),
        RuleKind::Smoke => ("연기 감지".to_owned(), "smoke".to_owned()),
    };
    Message { ko: format!("{zone}: {ko}"), en: format!("{zone}: {en}") }
}

/// A length of time, as people say it.
fn span_ko(seconds: f64) -> String {
    match seconds {
        s if s >= 3600.0 && s % 3600.0 == 0.0 => format!("{:.0}시간", s / 3600.0),
        s if s >= 60.0 && s % 60.0 == 0.0 => format!("{:.0}분", s / 60.0),
        s => format!("{s:.0}초"),
    }
}

fn span_en(seconds: f64) -> String {
    match seconds {
        s if s >= 3600.0 && s % 3600.0 == 0.0 => format!("{:.0} h", s / 3600.0),
        s if s >= 60.0 && s % 60.0 == 0.0 => format!("{:.0} min", s / 60.0),
        s => format!("{s:.0} s"),
    }
}
