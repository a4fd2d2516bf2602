//! The page that stands alone: nothing is fetched and no script runs. Both languages are in it; two radio
//! buttons and a rule of CSS decide which one is seen.

use std::fmt::{Display, Write as _};

use crate::experiment::{Check, Text};
use crate::language::Language;
use crate::report::figures::{self, Grid};
use crate::report::{LEVEL, Laboratory, Record, Twin, table, words};

const STYLE: &str = include_str!("page.css");

/// The whole page; `language` is the one seen first.
pub(crate) fn page(laboratory: &Laboratory, language: Language) -> String {
    let mut page = String::with_capacity(64 * 1024);
    let title = words::LABORATORY.of(language);
    put(
        &mut page,
        format_args!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
             <title>SAFE-YOLO · {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
            language.code()
        ),
    );
    for (one, name) in [(Language::En, "English"), (Language::Ko, "한국어")] {
        let (code, checked) = (one.code(), if one == language { " checked" } else { "" });
        put(
            &mut page,
            format_args!(
                "<input class=\"pick\" type=\"radio\" name=\"language\" id=\"pick-{code}\" aria-label=\"{name}\"{checked}>\n"
            ),
        );
    }
    page += &top();
    page += "<main class=\"frame\">\n";
    opening(&mut page, laboratory);
    contents(&mut page, laboratory);
    page += "<div class=\"articles\">\n";
    for record in &laboratory.experiments {
        article(&mut page, record);
    }
    page += "</div>\n</main>\n</body>\n</html>\n";
    page
}

/// Writing to a string never fails.
fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    if page.write_fmt(text).is_err() {
        page.push('�');
    }
}

/// Text as text, whatever it holds.
fn safe(text: impl Display) -> String {
    let mut safe = String::new();
    for letter in text.to_string().chars() {
        match letter {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            other => safe.push(other),
        }
    }
    safe
}

/// Words in both languages, of which one is seen.
fn both(words: impl Fn(Language) -> String) -> String {
    let one = |language: Language| {
        let code = language.code();
        format!("<span class=\"{code}\" lang=\"{code}\">{}</span>", safe(words(language)))
    };
    Language::ALL.map(one).concat()
}

fn text(text: Text) -> String {
    both(|language| text.of(language).to_owned())
}

/// What a program named: the same in both languages.
fn code(text: &str) -> String {
    format!("<code lang=\"en\">{}</code>", safe(text))
}

fn top() -> String {
    format!(
        "<header class=\"top\">\n<a class=\"brand\" href=\"#top\">\
         <svg width=\"26\" height=\"26\" viewBox=\"0 0 26 26\" fill=\"none\" stroke=\"var(--accent)\" stroke-width=\"2.4\" \
         stroke-linecap=\"round\" aria-hidden=\"true\"><path d=\"M4 6h18\"></path><path d=\"M4 13h11\"></path>\
         <path d=\"M4 20h5\"></path></svg><span>SAFE-YOLO<small>{}</small></span></a>\n\
         <div class=\"languages\"><label for=\"pick-en\" lang=\"en\">English</label>\
         <label for=\"pick-ko\" lang=\"ko\">한국어</label></div>\n</header>\n",
        text(words::LABORATORY)
    )
}

fn contents(page: &mut String, laboratory: &Laboratory) {
    put(page, format_args!("<nav class=\"contents\">\n<p>{}</p>\n<ol>\n", text(words::CONTENTS)));
    for record in &laboratory.experiments {
        let ratio = figures::span(record.ratios.values().copied())
            .map_or_else(String::new, |span| format!("<small>{}</small>", safe(span)));
        let (name, title) = (safe(record.about.name), text(record.about.title));
        let dot = judged(record);
        put(
            page,
            format_args!(
                "<li><a href=\"#{name}\"><span class=\"dot {dot}\"></span><span>{title}</span>{ratio}</a></li>\n"
            ),
        );
    }
    *page += "</ol>\n</nav>\n";
}

/// The class of how an experiment went.
fn judged(record: &Record) -> &'static str {
    match (record.held, record.ours.goals.iter().all(|goal| goal.held)) {
        (false, _) => "bad",
        (true, false) => "doubtful",
        (true, true) => "good",
    }
}

fn opening(page: &mut String, laboratory: &Laboratory) {
    put(
        page,
        format_args!(
            "<section id=\"top\">\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<div class=\"pills\">\n",
            text(words::LABORATORY),
            text(words::LEAD)
        ),
    );
    let mut pill = |class: &str, words: &dyn Fn(Language) -> String| {
        put(page, format_args!("<span class=\"pill {class}\">{}</span>\n", both(words)));
    };
    pill("", &|language| words::experiments(laboratory, language));
    let class = if laboratory.held { "good" } else { "bad" };
    pill(class, &|language| words::outcomes(laboratory, language));
    if words::goals(laboratory, Language::En).is_some() {
        let class = if laboratory.missed().is_empty() { "good" } else { "doubtful" };
        pill(class, &|language| words::goals(laboratory, language).unwrap_or_default());
    }
    if words::compared(laboratory, Language::En).is_some() {
        let class = if laboratory.slower().is_empty() { "good" } else { "doubtful" };
        pill(class, &|language| words::compared(laboratory, language).unwrap_or_default());
    }
    pill("", &|language| figures::duration(laboratory.seconds, language));
    let machine = both(|language| words::machine(laboratory, language).join(" · "));
    put(page, format_args!("</div>\n<p class=\"machine\">{machine}</p>\n"));
    let of = |language| words::warnings(laboratory, language);
    for (en, ko) in of(Language::En).into_iter().zip(of(Language::Ko)) {
        put(page, format_args!("<p class=\"note doubtful\">{}</p>\n", text(Text { en, ko })));
    }
    *page += "</section>\n";
}

fn article(page: &mut String, record: &Record) {
    let about = record.about;
    let size =
        words::size(record).map_or_else(String::new, |size| format!("<span>{}</span>", safe(size)));
    let verdict = if record.held { words::HELD } else { words::FAILED };
    put(
        page,
        format_args!(
            "<article id=\"{name}\">\n<div class=\"kicker\"><span>{source}</span>{named}{size}\
             <span class=\"badge {class}\">{verdict}</span></div>\n<h2>{title}</h2>\n\
             <p class=\"shows\">{shows}</p>\n<dl class=\"published\"><dt>{published}</dt><dd>{outcome}</dd></dl>\n",
            name = safe(about.name),
            source = safe(about.source),
            named = code(about.name),
            class = if record.held { "good" } else { "bad" },
            verdict = text(verdict),
            title = text(about.title),
            shows = text(about.shows),
            published = text(words::PUBLISHED),
            outcome = text(about.published),
        ),
    );
    ways(page, record);
    if let Some(grid) = Grid::of(record) {
        beside(page, &grid);
    }
    if words::twin(record, Language::En).is_some() {
        let class = if matches!(record.twin, Twin::Failed { .. }) { "bad" } else { "doubtful" };
        let said = both(|language| {
            format!("Python {}", words::twin(record, language).unwrap_or_default())
        });
        put(page, format_args!("<p class=\"note {class}\">{said}</p>\n"));
    }
    checks(page, record);
    put(
        page,
        format_args!(
            "<div class=\"choice\"><h3>{}</h3><p>{}</p></div>\n<p class=\"libraries\"><span>{}</span>{}</p>\n</article>\n",
            text(words::CHOICE),
            text(about.choice),
            text(words::LIBRARIES),
            about.libraries.iter().map(|name| code(name)).collect::<String>()
        ),
    );
}

/// Our bars and Python's, on one scale.
fn ways(page: &mut String, record: &Record) {
    let ways = record.ways();
    if ways.is_empty() {
        return;
    }
    let compared = record.theirs().is_some();
    let legend = if compared {
        format!(
            "<span class=\"key\">Rust</span><span class=\"key python\">Python</span><span class=\"right\">{}</span>",
            text(words::RATIO_LONG)
        )
    } else {
        String::new()
    };
    put(page, format_args!("<h3 class=\"legend\">{}{legend}</h3>\n", text(words::TIMES)));
    let all = ways.iter().flat_map(|(_, ours, theirs)| [*ours, *theirs]).flatten();
    let longest = all.fold(f64::MIN_POSITIVE, f64::max);
    for (name, ours, theirs) in ways {
        let bar = |class: &str, whose: &str, seconds: Option<f64>| {
            seconds.map_or_else(String::new, |seconds| {
                format!(
                    "<div class=\"bar {class}\" title=\"{whose}\"><i style=\"width:{:.2}%\"></i><span>{}</span></div>",
                    seconds / longest * 100.0,
                    figures::seconds(seconds)
                )
            })
        };
        let ratio = record.ratios.get(name).copied();
        let slow = if ratio.is_some_and(|ratio| ratio < LEVEL) { " slow" } else { "" };
        put(
            page,
            format_args!(
                "<div class=\"way\">{}<div class=\"bars\">{}{}</div><div class=\"ratio{slow}\">{}</div></div>\n",
                code(name),
                bar("ours", "Rust", ours),
                bar("python", "Python", theirs),
                ratio.map(figures::times).unwrap_or_default()
            ),
        );
    }
}

/// The figures beside the times; how much of its column's most a cell holds is its background.
fn beside(page: &mut String, grid: &Grid<'_>) {
    put(
        page,
        format_args!(
            "<h3>{}</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th></th>",
            text(words::FIGURES)
        ),
    );
    for (name, unit) in &grid.columns {
        let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
        put(page, format_args!("<th scope=\"col\" lang=\"en\">{}{}</th>", safe(name), safe(unit)));
    }
    *page += "</tr></thead>\n<tbody>\n";
    for row in &grid.rows {
        let (class, whose) = if row.python { (" class=\"python\"", " (Python)") } else { ("", "") };
        put(page, format_args!("<tr{class}><th scope=\"row\">{}{whose}</th>", code(row.way)));
        for value in &row.values {
            match value {
                Some(value) => put(
                    page,
                    format_args!(
                        "<td style=\"--part:{:.1}%\">{}</td>",
                        value.part * 100.0,
                        value.said
                    ),
                ),
                None => *page += "<td></td>",
            }
        }
        *page += "</tr>\n";
    }
    *page += "</tbody>\n</table></div>\n";
}

fn checks(page: &mut String, record: &Record) {
    let listed = |items: Vec<String>| format!("<ul class=\"checks\">\n{}</ul>\n", items.concat());
    let ours: Vec<_> = record.ours.checks.iter().map(|check| outcome(check, "")).collect();
    if !ours.is_empty() {
        put(page, format_args!("<h3>{}</h3>\n{}", text(words::OUTCOME), listed(ours)));
    }
    let theirs = record.theirs().map_or(&[][..], |found| &found.checks);
    // They are ours once more, so that they are folded away as long as all hold.
    let (class, open) =
        if theirs.iter().all(|check| check.held) { ("", "") } else { (" failed", " open") };
    if !theirs.is_empty() {
        let summary = both(|language| match open {
            "" => words::all_hold(theirs.len(), language),
            _ => format!("Python: {}", words::FAILED.of(language)),
        });
        let items = theirs.iter().map(|check| outcome(check, "Python: ")).collect();
        put(
            page,
            format_args!(
                "<details class=\"theirs{class}\"{open}><summary>{summary}</summary>\n{}</details>\n",
                listed(items)
            ),
        );
    }
    let goals = record.ours.goals.iter().map(|goal| {
        let (class, word) =
            if goal.held { ("good", words::MET) } else { ("doubtful", words::MISSED) };
        item(class, word, &both(|language| table::said(goal, words::AIM.of(language))))
    });
    let goals: Vec<_> = goals.collect();
    if !goals.is_empty() {
        put(page, format_args!("<h3>{}</h3>\n{}", text(words::GOALS), listed(goals)));
    }
}

fn outcome(check: &Check, whose: &str) -> String {
    let (class, word) = if check.held { ("good", words::HELD) } else { ("bad", words::FAILED) };
    let said =
        both(|language| format!("{whose}{}", table::said(check, words::MUST_BE.of(language))));
    item(class, word, &said)
}

fn item(class: &str, word: Text, said: &str) -> String {
    format!("<li><span class=\"badge {class}\">{}</span><span>{said}</span></li>\n", text(word))
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
