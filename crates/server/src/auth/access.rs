//! The table of routes and who may use them.

use safe_yolo_store::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, logged in or not.
    Public,
    /// Whoever has this role or a more powerful one.
    Role(Role),
}

/// One line of the table; GET includes HEAD.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
}

const fn rule(method: &'static str, path: &'static str, access: Access) -> Rule {
    Rule { method, path, access }
}

const VIEWER: Access = Access::Role(Role::Viewer);
const OPERATOR: Access = Access::Role(Role::Operator);
const ADMIN: Access = Access::Role(Role::Admin);

/// Every route there is. One that is not here can't be reached.
pub(crate) const RULES: &[Rule] = &[
    rule("GET", "/healthz", Access::Public),
    rule("GET", "/readyz", Access::Public),
    // Looks at the peer's address itself.
    rule("GET", "/metrics", Access::Public),
    rule("POST", "/api/session", Access::Public),
    rule("GET", "/api/session", VIEWER),
    rule("DELETE", "/api/session", VIEWER),
    rule("GET", "/api/openapi.json", VIEWER),
    rule("GET", "/api/system", VIEWER),
    rule("GET", "/api/cameras", VIEWER),
    rule("POST", "/api/cameras", ADMIN),
    rule("POST", "/api/cameras/test", ADMIN),
    rule("GET", "/api/cameras/{id}", VIEWER),
    rule("PATCH", "/api/cameras/{id}", ADMIN),
    rule("DELETE", "/api/cameras/{id}", ADMIN),
    rule("GET", "/api/cameras/{id}/status", VIEWER),
    rule("GET", "/api/cameras/{id}/picture", VIEWER),
    rule("POST", "/api/cameras/{id}/command", OPERATOR),
    rule("GET", "/api/cameras/{id}/verdicts", VIEWER),
    rule("GET", "/api/calendar", VIEWER),
    rule("PUT", "/api/calendar", ADMIN),
    rule("GET", "/api/checklists", VIEWER),
    rule("POST", "/api/checklists", ADMIN),
    rule("GET", "/api/checklists/settings", VIEWER),
    rule("PUT", "/api/checklists/settings", ADMIN),
    rule("PATCH", "/api/checklists/{id}", ADMIN),
    rule("DELETE", "/api/checklists/{id}", ADMIN),
    rule("POST", "/api/checklists/{id}/items/{item}/tick", OPERATOR),
    rule("POST", "/api/checklists/{id}/reset", OPERATOR),
    rule("GET", "/api/checklists/{id}/history", VIEWER),
    rule("GET", "/api/checklist-templates", VIEWER),
    rule("GET", "/api/regulations", VIEWER),
    rule("POST", "/api/regulations", ADMIN),
    rule("PATCH", "/api/regulations/{id}", ADMIN),
    rule("DELETE", "/api/regulations/{id}", ADMIN),
    rule("GET", "/api/cameras/{id}/versions", VIEWER),
    rule("GET", "/api/cameras/{id}/versions/{version}", VIEWER),
    rule("POST", "/api/cameras/{id}/versions/{version}/restore", ADMIN),
    rule("POST", "/api/cameras/{id}/replay", ADMIN),
    rule("GET", "/api/zones", VIEWER),
    rule("POST", "/api/zones", ADMIN),
    rule("GET", "/api/zones/{id}", VIEWER),
    rule("PATCH", "/api/zones/{id}", ADMIN),
    rule("DELETE", "/api/zones/{id}", ADMIN),
    rule("GET", "/api/events", VIEWER),
    rule("GET", "/api/events/changes", VIEWER),
    rule("GET", "/api/events/export", OPERATOR),
    rule("POST", "/api/events/acknowledge", OPERATOR),
    rule("GET", "/api/events/{id}", VIEWER),
    rule("POST", "/api/events/{id}/acknowledge", OPERATOR),
    rule("GET", "/api/events/{id}/snapshot", VIEWER),
    rule("GET", "/api/incidents", VIEWER),
    rule("GET", "/api/incidents/{id}", VIEWER),
    rule("POST", "/api/incidents/{id}/acknowledge", OPERATOR),
    rule("POST", "/api/incidents/{id}/assign", OPERATOR),
    rule("POST", "/api/incidents/{id}/resolve", OPERATOR),
    rule("POST", "/api/incidents/{id}/false-alarm", OPERATOR),
    rule("POST", "/api/incidents/{id}/reopen", OPERATOR),
    rule("POST", "/api/incidents/{id}/notes", OPERATOR),
    rule("POST", "/api/incidents/{id}/hold", OPERATOR),
    rule("GET", "/api/people", OPERATOR),
    rule("GET", "/api/mutes", VIEWER),
    rule("POST", "/api/mutes", OPERATOR),
    rule("DELETE", "/api/mutes/{id}", OPERATOR),
    rule("GET", "/api/alarm-settings", VIEWER),
    rule("PUT", "/api/alarm-settings", ADMIN),
    rule("GET", "/api/statistics/precision", VIEWER),
    rule("GET", "/api/events/{id}/clip", VIEWER),
    rule("GET", "/api/events/{id}/clip/boxes", VIEWER),
    // Originals need a right of their own, which the handler asks for.
    rule("POST", "/api/incidents/{id}/export", OPERATOR),
    rule("POST", "/api/incidents/{id}/export/prepare", OPERATOR),
    rule("GET", "/api/audit", ADMIN),
    rule("GET", "/api/statistics", VIEWER),
    rule("GET", "/api/statistics/equipment", VIEWER),
    rule("GET", "/api/heatmap", VIEWER),
    rule("GET", "/ws/live", VIEWER),
    rule("GET", "/ws/events", VIEWER),
];

/// What the table says of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The route is open to these.
    Open(Access),
    /// The path has other methods only: these.
    OtherMethods(String),
    /// There is no such route.
    Closed,
}

/// Looks a request up; `path` is the pattern that the router matched.
pub(crate) fn look_up(method: &str, path: &str) -> Verdict {
    let method = if method == "HEAD" { "GET" } else { method };
    let of_path = || RULES.iter().filter(|rule| rule.path == path);
    if let Some(rule) = of_path().find(|rule| rule.method == method) {
        return Verdict::Open(rule.access);
    }
    let methods: Vec<&str> = of_path().map(|rule| rule.method).collect();
    if methods.is_empty() { Verdict::Closed } else { Verdict::OtherMethods(methods.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_table_is_closed() {
        assert_eq!(look_up("GET", "/api/forgotten"), Verdict::Closed);
        assert_eq!(look_up("PUT", "/api/zones"), Verdict::OtherMethods("GET, POST".into()));
        assert_eq!(look_up("HEAD", "/api/zones"), Verdict::Open(VIEWER));
        let mut seen = std::collections::BTreeSet::new();
        for rule in RULES {
            assert!(seen.insert((rule.method, rule.path)), "{rule:?} is there twice");
        }
    }

    #[test]
    fn only_the_login_is_open_to_everybody() {
        let open: Vec<_> = RULES
            .iter()
            .filter(|rule| rule.access == Access::Public && !rule.path.ends_with('z'))
            .map(|rule| rule.path)
            .collect();
        assert_eq!(open, ["/metrics", "/api/session"]);
    }
}
