//! Lists to begin with.

use super::{ChecklistItem, RuleTick, TickedBy};
use crate::{EventType, Message};

/// A list that can be taken as it is or changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Its name for programs.
    pub id: &'static str,
    /// What people call it.
    pub name: Message,
    /// Its items.
    pub items: Vec<ChecklistItem>,
}

fn words(ko: &str, en: &str) -> Message {
    Message { ko: ko.to_owned(), en: en.to_owned() }
}

fn seen(id: &str, ko: &str, en: &str, types: &[EventType]) -> ChecklistItem {
    let rule = RuleTick {
        types: types.iter().copied().collect(),
        zone: None,
        clear_for_s: ChecklistItem::CLEAR_FOR_S,
    };
    ChecklistItem { id: id.to_owned(), text: words(ko, en), by: TickedBy::Rule(rule) }
}

fn by_hand(id: &str, ko: &str, en: &str) -> ChecklistItem {
    ChecklistItem { id: id.to_owned(), text: words(ko, en), by: TickedBy::Hand }
}

/// Every template; the first is the default.
#[must_use]
pub fn templates() -> Vec<Template> {
    use EventType::{
        DangerZoneIntrusion, HelmetMissing, MaskMissing, NearMiss, ObjectMissing, Proximity,
        VestMissing, WarningZoneIntrusion,
    };
    vec![
        Template {
            id: "default",
            name: words("기본 안전 점검", "Basic safety check"),
            items: vec![
                seen("PPE_HELMET", "안전모 착용", "Helmets worn", &[HelmetMissing]),
                seen("PPE_MASK", "마스크 착용", "Masks worn", &[MaskMissing]),
                seen(
                    "FIRE_EXTINGUISHER",
                    "소화기 비치",
                    "Fire extinguisher in place",
                    &[ObjectMissing],
                ),
                seen(
                    "ROI_CLEAR",
                    "위험·경고 구역 출입자 없음",
                    "Danger and warning zones clear",
                    &[DangerZoneIntrusion, WarningZoneIntrusion],
                ),
            ],
        },
        Template {
            id: "forklift",
            name: words("지게차 작업 점검", "Forklift work check"),
            items: vec![
                by_hand("FORKLIFT_PLAN", "지게차 작업계획서 확인", "Forklift work plan read"),
                by_hand(
                    "FORKLIFT_LIGHTS",
                    "전조등·후미등·후진경보 작동 확인",
                    "Head lights, tail lights and reversing alarm work",
                ),
                seen("PPE_VEST", "안전조끼 착용", "Safety vests worn", &[VestMissing]),
                seen(
                    "FORKLIFT_DISTANCE",
                    "지게차와 보행자 간격 유지",
                    "People keep away from forklifts",
                    &[Proximity, NearMiss],
                ),
            ],
        },
        Template {
            id: "shift",
            name: words("교대 시 수기 점검", "Shift check by hand"),
            items: vec![
                by_hand(
                    "TOOLBOX_MEETING",
                    "작업 전 안전점검회의(TBM) 실시",
                    "Tool-box meeting held",
                ),
                by_hand("EXITS_FREE", "비상구·통로 확보", "Emergency exits and aisles free"),
                by_hand("MACHINE_GUARDS", "방호장치 이상 없음", "Machine guards in order"),
                by_hand("HANDOVER", "인수인계 사항 확인", "Hand-over notes read"),
            ],
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_lists_that_can_be_saved() {
        for template in templates() {
            ChecklistItem::validate_all(&template.items).unwrap();
            ChecklistItem::validate_name(&template.name).unwrap();
        }
        let ids: Vec<_> = templates()[0].items.iter().map(|item| item.id.clone()).collect();
        assert_eq!(ids, ["PPE_HELMET", "PPE_MASK", "FIRE_EXTINGUISHER", "ROI_CLEAR"]);
    }
}
