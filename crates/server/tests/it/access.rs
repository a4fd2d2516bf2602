//! Who may do what, and what is refused before anything is done.

use reqwest::{Method, StatusCode};
use safe_yolo_store::Role;
use serde_json::json;

use crate::site::{ADMIN_PASSWORD, Heard, PASSWORD, PATIENCE, SECRET, Site, answer};

/// Every route with the least role that may use it.
const ROUTES: &[(&str, &str, Role)] = &[
    ("GET", "/api/openapi.json", Role::Viewer),
    ("GET", "/api/system", Role::Viewer),
    ("GET", "/api/cameras", Role::Viewer),
    ("POST", "/api/cameras", Role::Admin),
    ("POST", "/api/cameras/test", Role::Admin),
    ("GET", "/api/cameras/none", Role::Viewer),
    ("PATCH", "/api/cameras/none", Role::Admin),
    ("DELETE", "/api/cameras/none", Role::Admin),
    ("GET", "/api/cameras/none/status", Role::Viewer),
    ("GET", "/api/cameras/none/picture", Role::Viewer),
    ("POST", "/api/cameras/none/command", Role::Operator),
    ("GET", "/api/cameras/none/versions", Role::Viewer),
    ("GET", "/api/cameras/none/versions/1", Role::Viewer),
    ("POST", "/api/cameras/none/versions/1/restore", Role::Admin),
    ("POST", "/api/cameras/none/replay", Role::Admin),
    ("GET", "/api/zones", Role::Viewer),
    ("POST", "/api/zones", Role::Admin),
    ("GET", "/api/zones/none", Role::Viewer),
    ("PATCH", "/api/zones/none", Role::Admin),
    ("DELETE", "/api/zones/none", Role::Admin),
    ("GET", "/api/checklists", Role::Viewer),
    ("POST", "/api/checklists", Role::Admin),
    ("GET", "/api/checklists/settings", Role::Viewer),
    ("PUT", "/api/checklists/settings", Role::Admin),
    ("PATCH", "/api/checklists/none", Role::Admin),
    ("DELETE", "/api/checklists/none", Role::Admin),
    ("POST", "/api/checklists/none/items/none/tick", Role::Operator),
    ("POST", "/api/checklists/none/reset", Role::Operator),
    ("GET", "/api/checklists/none/history", Role::Viewer),
    ("GET", "/api/checklist-templates", Role::Viewer),
    ("GET", "/api/regulations", Role::Viewer),
    ("POST", "/api/regulations", Role::Admin),
    ("PATCH", "/api/regulations/none", Role::Admin),
    ("DELETE", "/api/regulations/none", Role::Admin),
    ("GET", "/api/events", Role::Viewer),
    ("POST", "/api/events/acknowledge", Role::Operator),
    ("GET", "/api/events/none", Role::Viewer),
    ("GET", "/api/events/changes", Role::Viewer),
    ("POST", "/api/events/none/acknowledge", Role::Operator),
    ("GET", "/api/events/none/snapshot", Role::Viewer),
    ("GET", "/api/incidents", Role::Viewer),
    ("GET", "/api/incidents/none", Role::Viewer),
    ("POST", "/api/incidents/none/acknowledge", Role::Operator),
    ("POST", "/api/incidents/none/assign", Role::Operator),
    ("POST", "/api/incidents/none/resolve", Role::Operator),
    ("POST", "/api/incidents/none/false-alarm", Role::Operator),
    ("POST", "/api/incidents/none/reopen", Role::Operator),
    ("POST", "/api/incidents/none/notes", Role::Operator),
    ("POST", "/api/incidents/none/hold", Role::Operator),
    ("GET", "/api/people", Role::Operator),
    ("GET", "/api/mutes", Role::Viewer),
    ("POST", "/api/mutes", Role::Operator),
    ("DELETE", "/api/mutes/none", Role::Operator),
    ("GET", "/api/alarm-settings", Role::Viewer),
    ("PUT", "/api/alarm-settings", Role::Admin),
    ("GET", "/api/statistics/precision", Role::Viewer),
    ("GET", "/ws/live", Role::Viewer),
    ("GET", "/ws/events", Role::Viewer),
    ("DELETE", "/api/session", Role::Viewer),
    ("GET", "/api/session", Role::Viewer),
];

#[tokio::test]
async fn p14_each_role_may_what_the_table_says() {
    let site = Site::quiet().await;
    let nobody = site.anonymous();
    for (method, path, _) in ROUTES {
        let method: Method = method.parse().unwrap();
        let refused = nobody.send(method.clone(), path, None).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(refused.code(), "unauthenticated");
    }
    for role in Role::ALL {
        for (method, path, least) in ROUTES.iter().filter(|route| route.1 != "/api/session") {
            let somebody = site.somebody(role).await;
            let method: Method = method.parse().unwrap();
            let answer = somebody.send(method.clone(), path, None).await;
            let is_refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(is_refused, role < *least, "{role}: {method} {path}: {answer:?}");
            if is_refused {
                assert_eq!(answer.code(), "forbidden");
            } else {
                assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{role}: {method} {path}");
                assert!(!answer.status.is_server_error(), "{role}: {method} {path}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_route_is_closed() {
    let site = Site::quiet().await;
    let (nobody, admin) = (site.anonymous(), site.admin().await);
    for path in ["/api", "/api/", "/api/users", "/api/cameras/a/b/c", "/ws", "/ws/other"] {
        assert_eq!(nobody.get(path).await.code(), "unauthenticated", "{path}");
        assert_eq!(admin.get(path).await.code(), "not_found", "{path}");
    }
    for (method, path) in
        [("PUT", "/api/cameras"), ("DELETE", "/api/system"), ("GET", "/api/cameras/test")]
    {
        let refused = admin.send(method.parse().unwrap(), path, None).await;
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(refused.code(), "method_not_allowed");
        assert!(refused.headers.contains_key("allow"));
    }
    assert_eq!(nobody.get("/healthz").await.status, StatusCode::OK);
    let page = nobody.get("/").await;
    assert!(page.kind.starts_with("text/html"), "{page:?}");
    for name in ["content-security-policy", "x-content-type-options", "referrer-policy"] {
        assert!(page.headers.contains_key(name), "{name}");
    }
    let figures = nobody.get("/metrics").await;
    // Not how many: all servers of this process have their figures in common.
    assert!(figures.text.contains("\nsafe_yolo_cameras "), "{}", figures.text);
    let passed_on = nobody.request(Method::GET, "/metrics").header("x-forwarded-for", "1.2.3.4");
    assert_eq!(answer(passed_on).await.code(), "forbidden");
}

#[tokio::test]
async fn a_session_begins_and_ends() {
    let site = Site::quiet().await;
    let wrong = json!({"username": "admin", "password": "wrong guess"});
    let refused = site.anonymous().post("/api/session", wrong).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::UNAUTHORIZED, "wrong_password"));
    assert_eq!(refused.set_cookie, None);

    let viewer = site.somebody(Role::Viewer).await;
    let session = viewer.get("/api/session").await.ok();
    assert_eq!(
        session,
        json!({"user": {"username": "viewer", "role": "viewer", "may_export_original": false}})
    );
    let mut socket = viewer.socket("/ws/events").await;
    socket.text("hello").await;
    assert_eq!(viewer.delete("/api/session").await.status, StatusCode::NO_CONTENT);
    assert_eq!(viewer.get("/api/session").await.code(), "unauthenticated");
    assert_eq!(viewer.try_socket("/ws/live", None).await.err(), Some(401));
    assert_eq!(socket.closed().await, Some(1008), "its sockets end with it");
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let site = Site::quiet().await;
    let nobody = site.anonymous();
    let guess = json!({"username": "admin", "password": "wrong guess"});
    for _ in 0..5 {
        assert_eq!(nobody.post("/api/session", guess.clone()).await.code(), "wrong_password");
    }
    let right = json!({"username": "admin", "password": ADMIN_PASSWORD});
    let mut rounds = 0;
    let refused = loop {
        let answer = nobody.post("/api/session", right.clone()).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
        // A wait counts from when the guess was made and may be over by now.
        // The address keeps its failures: with one more it waits twice as long.
        rounds += 1;
        assert!(rounds <= 5, "nobody is made to wait: {answer:?}");
        nobody.post("/api/session", guess.clone()).await;
    };
    assert_eq!(refused.code(), "too_many_attempts");
    let wait_s = refused.retry_after.expect("Retry-After");
    assert!((1..=60).contains(&wait_s), "{wait_s}");
    // After the wait the right password is right again.
    let begun = std::time::Instant::now();
    while nobody.post("/api/session", right.clone()).await.status != StatusCode::OK {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn p14_foreign_pages_are_refused() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let own = site.base.clone();
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let write = admin.request(Method::POST, "/api/events/acknowledge").header("origin", origin);
        let refused = answer(write.json(&json!({"reason": ""}))).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.code(), "foreign_origin", "{origin}");
        let login = site.anonymous().request(Method::POST, "/api/session").header("origin", origin);
        let login = login.json(&json!({"username": "admin", "password": PASSWORD}));
        assert_eq!(answer(login).await.code(), "foreign_origin");
        assert_eq!(admin.try_socket("/ws/live", Some(origin)).await.err(), Some(403));
        assert_eq!(admin.try_socket("/ws/events", Some(origin)).await.err(), Some(403));
    }
    let write = admin.request(Method::POST, "/api/events/acknowledge").header("origin", &own);
    assert!(answer(write.json(&json!({"reason": ""}))).await.status.is_success());
    assert!(admin.try_socket("/ws/live", Some(&own)).await.is_ok());
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_problems() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let post = |body: String, kind: &'static str| {
        let request = admin.request(Method::POST, "/api/zones").header("content-type", kind);
        answer(request.body(body))
    };
    let json = "application/json";
    for (body, kind, status, code) in [
        ("{", json, 400, "malformed"),
        ("", json, 400, "malformed"),
        ("{}", "text/plain", 400, "malformed"),
        ("[]", json, 422, "invalid"),
        ("{\"name\": 1}", json, 422, "invalid"),
        ("{\"nickname\": \"x\"}", json, 422, "invalid"),
    ] {
        let refused = post(body.to_owned(), kind).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (status, code), "{body}");
    }
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(1 << 20));
    let refused = post(large, json).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(refused.code(), "too_large");
}

#[tokio::test]
async fn passwords_are_in_no_answer() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let secret = SECRET;
    let new = json!({"name": "gate", "source": format!("rtsp://root:{secret}@127.0.0.1:9/live?token=t0ps3cret")});
    let added = admin.post("/api/cameras", new).await;
    let id = added.json["id"].as_str().unwrap().to_owned();
    assert_eq!(added.status, StatusCode::CREATED);
    let test = json!({"source": "rtsp://127.0.0.1:9/x", "username": "root", "password": secret});
    let tested = admin.post("/api/cameras/test", test).await;
    assert_eq!((tested.code(), &tested.json["reason"]), ("source_failed", &json!("unreachable")));
    let answers = [
        added,
        tested,
        admin.get("/api/cameras").await,
        admin.get(&format!("/api/cameras/{id}")).await,
        admin.patch(&format!("/api/cameras/{id}"), json!({"password": secret})).await,
        admin.patch(&format!("/api/cameras/{id}"), json!({"password": [secret]})).await,
        admin
            .post("/api/cameras", json!({"name": "b", "source": "rtsp://", "password": secret}))
            .await,
        admin
            .post("/api/cameras", json!({"name": "b", "source": format!("rtsp://u:{secret}@")}))
            .await,
        admin.post("/api/session", json!({"username": "x", "password": {secret: 1}})).await,
        admin.get(&format!("/api/cameras/{id}/versions")).await,
        admin.get(&format!("/api/cameras/{id}/versions/1")).await,
        admin.get("/metrics").await,
    ];
    for answer in answers {
        assert!(!answer.text.contains(secret), "{}", answer.text);
        assert!(!answer.text.contains("t0ps3cret"), "{}", answer.text);
    }
    let stored = site.store.camera(&id.parse().unwrap()).await.unwrap().unwrap();
    let login = stored.credentials.expect("a login");
    assert_eq!((login.username.as_str(), login.password.as_str()), ("root", secret));
    assert!(!stored.config.source.contains(secret));
    site.audited("camera", |e| e.action == "camera.add").await;
    for entry in site.store.audit_list(100).await.unwrap() {
        assert!(!format!("{entry:?}").contains(secret));
    }
    // A form that sends back what it was shown keeps address and login.
    let shown = admin.get(&format!("/api/cameras/{id}")).await.ok();
    let same = json!({"name": "gate 2", "source": shown["source"]});
    admin.patch(&format!("/api/cameras/{id}"), same).await.ok();
    let kept = site.store.camera(&id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.config.source, stored.config.source);
    assert!(kept.credentials.is_some());
    // Another host must not be told the password of the first.
    let moved = json!({"source": "rtsp://127.0.0.2:9/live"});
    admin.patch(&format!("/api/cameras/{id}"), moved).await.ok();
    let moved = site.store.camera(&id.parse().unwrap()).await.unwrap().unwrap();
    assert!(moved.credentials.is_none());
    assert_eq!(crate::log::found(), Vec::<String>::new());
}

#[tokio::test]
async fn the_end_closes_sockets() {
    let mut site = Site::quiet().await;
    let admin = site.admin().await;
    let (mut live, mut events) = (admin.socket("/ws/live").await, admin.socket("/ws/events").await);
    live.text("status").await;
    events.text("hello").await;
    let (ended, live, events) = tokio::join!(site.end(), live.closed(), events.closed());
    let () = ended;
    assert_eq!((live, events), (Some(1001), Some(1001)));
    assert!(matches!(admin.http.get(&site.base).send().await, Err(error) if error.is_connect()));
}

#[tokio::test]
async fn too_large_a_message_closes() {
    let site = Site::quiet().await;
    let admin = site.admin().await;
    let mut live = admin.socket("/ws/live").await;
    live.say_text(&"x".repeat(100_000)).await;
    loop {
        match live.hear().await {
            Heard::Closed(_) => break,
            Heard::Text(text) => assert_eq!(text["type"], "status"),
            Heard::Picture(_) => panic!("nothing was asked for"),
        }
    }
}
