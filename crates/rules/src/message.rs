//! What an operator reads, in Korean and English.

use safe_yolo_core::{Equipment, EventType, Message};

/// The Korean name of an item, and the English one.
const fn item_names(item: Equipment) -> (&'static str, &'static str) {
    match item {
        Equipment::Helmet => ("안전모", "helmet"),
        Equipment::Vest => ("안전조끼", "safety vest"),
        Equipment::Mask => ("마스크", "mask"),
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
        EventType::System => (zone.to_owned(), zone.to_owned()),
    };
    Message { ko, en }
}
