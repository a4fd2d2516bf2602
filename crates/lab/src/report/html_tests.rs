use super::{page, safe};
use crate::language::Language;
use crate::report::sample;

#[test]
fn text_stays_text() {
    assert_eq!(safe("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
    let page = page(&sample::laboratory(), Language::En);
    assert!(page.contains("&lt;on&gt; all cores &amp; &quot;threads&quot;"));
    assert!(page.contains("value &lt;without&gt; a lock: 3 (must be 2)"));
    assert!(page.contains("Python FAILED: exit status: 1: &lt;boom&gt;"));
    assert!(!page.contains("<boom>") && !page.contains("<without>"));
}

#[test]
fn bars_of_both_are_on_one_scale() {
    let page = page(&sample::laboratory(), Language::En);
    // The longest is Python's, of 9.53 s; ours takes 0.5123 s.
    assert!(page.contains("<i style=\"width:100.00%\"></i><span>9.53 s</span>"));
    assert!(page.contains("<i style=\"width:5.38%\"></i><span>512 ms</span>"));
    assert!(page.contains("<div class=\"ratio\">18.6×</div>"));
    assert!(page.contains("<div class=\"ratio slow\">0.77×</div>"));
}

#[test]
fn the_language_asked_for_is_seen_first() {
    for (language, code) in [(Language::En, "en"), (Language::Ko, "ko")] {
        let page = page(&sample::laboratory(), language);
        assert!(page.contains(&format!("<html lang=\"{code}\">")));
        assert_eq!(page.matches(" checked>").count(), 1);
        let checked = page.lines().find(|line| line.ends_with(" checked>")).unwrap();
        assert!(checked.contains(&format!("id=\"pick-{code}\"")), "{checked}");
    }
}

#[test]
fn a_failure_is_marked_where_it_is_and_at_the_beginning() {
    let page = page(&sample::laboratory(), Language::Ko);
    assert!(
        page.contains("<span class=\"pill bad\"><span class=\"en\" lang=\"en\">2 outcomes FAILED")
    );
    assert!(page.contains("<a href=\"#lost-update\"><span class=\"dot bad\">"));
    assert!(page.contains("<a href=\"#cpu-sums\"><span class=\"dot doubtful\">"));
    assert!(page.contains("<a href=\"#event-loop\"><span class=\"dot good\">"));
}
