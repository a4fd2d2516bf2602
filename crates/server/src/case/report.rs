//! The report of a case: one page, Korean and English, without scripts, to be read and printed.

use std::fmt::Write as _;

use safe_yolo_core::incident::IncidentState;
use safe_yolo_core::{Severity, Utc};

use super::export::Case;
use super::{CaseJson, ManifestFile, Masked, clip};

const STYLE: &str = "body{font:15px/1.5 'Noto Sans KR','Malgun Gothic',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#14181d}\
h1{font-size:1.5rem}h2{font-size:1.15rem;border-bottom:2px solid #14181d;margin-top:2rem}\
table{border-collapse:collapse;width:100%}td,th{border:1px solid #b8c0c8;padding:.3rem .5rem;text-align:left;vertical-align:top}\
th{background:#eef1f4;font-weight:600}.en{color:#55606b}.hash{font:12px/1.4 monospace;word-break:break-all}\
.warn{border:2px solid #a12626;padding:.5rem 1rem}figure{margin:1rem 0;break-inside:avoid}img{max-width:100%}\
.CRITICAL{color:#a12626;font-weight:700}.WARNING{color:#8a5a00;font-weight:700}";

/// Text as HTML shows it.
fn text(plain: &str) -> String {
    let mut html = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// Korean, and English behind it.
fn both(ko: &str, en: &str) -> String {
    format!("{} <span class=\"en\">{}</span>", text(ko), text(en))
}

const fn state(state: IncidentState) -> (&'static str, &'static str) {
    match state {
        IncidentState::Raised => ("미확인", "not acknowledged"),
        IncidentState::Acknowledged => ("확인됨", "acknowledged"),
        IncidentState::Assigned => ("담당자 지정됨", "assigned"),
        IncidentState::Resolved => ("조치 완료", "resolved"),
        IncidentState::FalseAlarm => ("오경보", "false alarm"),
    }
}

fn deed(deed: &str) -> (&str, &str) {
    match deed {
        "acknowledged" => ("확인", "acknowledged"),
        "assigned" => ("담당자 지정", "assigned"),
        "resolved" => ("조치 완료", "resolved"),
        "false_alarm" => ("오경보 처리", "called a false alarm"),
        "reopened" => ("다시 열기", "reopened"),
        "note" => ("메모", "note"),
        "held" => ("증거 보존", "evidence held"),
        "released" => ("증거 보존 해제", "evidence released"),
        "escalated" => ("확인 지연", "escalated"),
        other => (other, ""),
    }
}

const fn severity(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("위험", "critical"),
        Severity::Warning => ("경고", "warning"),
        Severity::Info => ("정보", "information"),
    }
}

fn time(at: Option<Utc>) -> String {
    at.map_or_else(|| both("진행 중", "still going on"), |at| text(&at.to_string()))
}

/// The page. Writing to a text does not fail.
pub(super) fn page(case: &Case, described: &CaseJson, files: &[ManifestFile]) -> String {
    let mut page = String::new();
    let incident = &case.incident;
    let first = case.events.first().map(|record| &record.event);
    let (ko, en) = first.map_or(("", ""), |event| (&*event.message.ko, &*event.message.en));
    page.push_str(
        "<!DOCTYPE html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\">\n<title>SAFE-YOLO ",
    );
    page.push_str(&text(&incident.id.to_string()));
    page.push_str("</title><style>");
    page.push_str(STYLE);
    page.push_str("</style></head><body>\n<h1>");
    page.push_str(&both(&format!("사건 보고서: {ko}"), &format!("Incident report: {en}")));
    page.push_str("</h1>\n");
    summary(&mut page, case, described);
    timeline(&mut page, case);
    alarms(&mut page, case, described);
    left_out(&mut page, described);
    proof(&mut page, case, described, files);
    page.push_str("</body></html>\n");
    page
}

fn line(page: &mut String, (ko, en): (&str, &str), value: &str) {
    let _infallible = writeln!(page, "<tr><th>{}</th><td>{value}</td></tr>", both(ko, en));
}

fn heading(page: &mut String, ko: &str, en: &str) {
    let _infallible = writeln!(page, "<h2>{}</h2>", both(ko, en));
}

fn summary(page: &mut String, case: &Case, described: &CaseJson) {
    let incident = &case.incident;
    page.push_str("<table>\n");
    line(page, ("사건 번호", "Incident"), &text(&incident.id.to_string()));
    let (ko, en) = severity(incident.severity);
    let class = incident.severity.name();
    line(page, ("심각도", "Severity"), &format!("<span class=\"{class}\">{}</span>", both(ko, en)));
    let zone = incident.zone.as_ref().map_or("", |zone| &*zone.name);
    line(page, ("장소", "Where"), &text(&format!("{} / {zone}", incident.camera_name)));
    line(page, ("시작 (UTC)", "Began (UTC)"), &time(Some(incident.start)));
    line(page, ("종료 (UTC)", "Over (UTC)"), &time(incident.end));
    line(page, ("경보 수", "Alarms"), &incident.events.to_string());
    let people = format!("{} ({})", incident.people, incident.people_peak);
    line(page, ("인원 (동시 최대)", "People (most at once)"), &people);
    let (ko, en) = state(incident.state);
    line(page, ("처리 상태", "State"), &both(ko, en));
    if let Some(seen) = &incident.acknowledged {
        let said = format!("{} · {} · {}", seen.by, seen.at, seen.reason);
        line(page, ("확인자", "Acknowledged by"), &text(&said));
    }
    if let Some(assigned) = &incident.assigned {
        line(page, ("담당자", "Assigned to"), &text(&assigned.to));
    }
    let exported =
        format!("{} · {} · {}", described.exported_by, described.exported_at, described.reason);
    line(page, ("내보낸 사람·시각·사유", "Exported by, at, why"), &text(&exported));
    let pictures = if described.original {
        both("원본", "as they were stored")
    } else {
        both(
            "개인정보 보호 처리됨: 분석이 찾은 머리는 흐리게, 위치를 모르는 사진과 영상 장면은 전체를 흐리게 처리. 분석이 놓친 사람은 남아 있을 수 있음",
            "privacy: heads that the analysis found are pixelated, and pictures (in clips, too) of which that is not known as a whole; people that the analysis missed may be seen",
        )
    };
    line(page, ("사진·영상", "Pictures and clips"), &pictures);
    page.push_str("</table>\n");
}

fn timeline(page: &mut String, case: &Case) {
    heading(page, "처리 경과", "What was done");
    if case.log.is_empty() {
        let _infallible =
            writeln!(page, "<p>{}</p>", both("기록된 조치 없음", "nothing is recorded"));
        return;
    }
    let _infallible = writeln!(
        page,
        "<table><tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th></tr>",
        both("시각 (UTC)", "When (UTC)"),
        both("누가", "Who"),
        both("조치", "What"),
        both("내용", "Said")
    );
    for entry in &case.log {
        let (ko, en) = deed(&entry.deed);
        let _infallible = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            entry.at,
            text(&entry.who),
            both(ko, en),
            text(&entry.note)
        );
    }
    page.push_str("</table>\n");
}

fn alarms(page: &mut String, case: &Case, described: &CaseJson) {
    heading(page, "경보와 증거", "Alarms and evidence");
    for record in &case.events {
        let event = &record.event;
        let _infallible = writeln!(
            page,
            "<figure><figcaption>{}<br>{} – {} · {} · {}<br><span class=\"hash\">{}</span></figcaption>",
            both(&event.message.ko, &event.message.en),
            event.start,
            time(event.end),
            text(&event.camera_name),
            text(event.zone.as_ref().map_or("", |zone| &*zone.name)),
            event.id
        );
        for file in described.files.iter().filter(|file| file.event == event.id) {
            let name = text(&file.name);
            if name.ends_with(".jpg") {
                let _infallible = writeln!(page, "<p><img src=\"{name}\" alt=\"{name}\"></p>");
            } else {
                let _infallible = writeln!(page, "<p><a href=\"{name}\">{name}</a></p>");
            }
            if let Some(clip::Recoded { pictures, whole }) = file.recoded {
                let anew = both(
                    &format!(
                        "개인정보 보호를 위해 다시 인코딩한 영상: {pictures}장면 중 {whole}장면은 전체를 흐리게 처리함. 원본의 SHA-256은 아래 표에 있음"
                    ),
                    &format!(
                        "encoded anew for privacy: {whole} of its {pictures} pictures are pixelated as a whole; the original's SHA-256 is below"
                    ),
                );
                let _infallible = writeln!(page, "<p>{anew}</p>");
            } else if file.masked == Masked::Whole {
                let whole = both(
                    "사람의 위치를 알 수 없어 전체를 흐리게 처리함",
                    "pixelated as a whole: where people are is not known",
                );
                let _infallible = writeln!(page, "<p>{whole}</p>");
            }
            if !file.proved {
                let altered = both(
                    "주의: 이 파일은 저장된 뒤 변경되었음 (해시 체인과 다름)",
                    "WARNING: this file was altered after it was stored: the hash chain has another one",
                );
                let _infallible = writeln!(page, "<p class=\"warn\">{altered}</p>");
            }
        }
        page.push_str("</figure>\n");
    }
}

fn left_out(page: &mut String, described: &CaseJson) {
    if described.left_out.is_empty() {
        return;
    }
    heading(page, "포함되지 않은 파일", "Files that are not in this case");
    page.push_str("<table>\n");
    for file in &described.left_out {
        let _infallible = writeln!(
            page,
            "<tr><td class=\"hash\">{}</td><td>{}</td></tr>",
            text(&file.evidence),
            text(&file.why)
        );
    }
    page.push_str("</table>\n");
}

fn proof(page: &mut String, case: &Case, described: &CaseJson, files: &[ManifestFile]) {
    heading(page, "무결성", "Integrity");
    let how = both(
        "확인 방법: safe-yolo verify 사건.zip --key 공개키. 공개키는 설치된 시스템의 /api/system 또는 safe-yolo verify --show-key 로 확인",
        "To check: safe-yolo verify CASE.zip --key KEY, with the public key as /api/system of the installation or safe-yolo verify --show-key shows it",
    );
    let _infallible = writeln!(page, "<p>{how}</p><table>");
    let hash = |value: &str| format!("<span class=\"hash\">{}</span>", text(value));
    line(page, ("공개키", "Public key (Ed25519)"), &hash(&case.key.public().to_string()));
    let head = format!("{}: {}", case.chain.head.number, case.chain.head.hash);
    line(page, ("해시 체인 끝", "Head of the hash chain"), &hash(&head));
    page.push_str("</table>\n<table>\n");
    let head = ("파일", "File");
    let _infallible = writeln!(page, "<tr><th>{}</th><th>SHA-256</th></tr>", both(head.0, head.1));
    for file in files {
        let original = described.files.iter().find(|of| of.name == file.name);
        let original =
            original.filter(|of| of.masked != Masked::None).map_or_else(String::new, |of| {
                format!("<br>{} {}", both("원본", "original"), of.original_sha256)
            });
        let _infallible = writeln!(
            page,
            "<tr><td>{}</td><td class=\"hash\">{}{original}</td></tr>",
            text(&file.name),
            file.sha256
        );
    }
    page.push_str("</table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_text_and_nothing_else() {
        let evil = "<script>alert('x')</script>&\"";
        assert_eq!(text(evil), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;");
    }
}
