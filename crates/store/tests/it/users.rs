//! Users, logins, audit.

use std::time::Duration;

use safe_yolo_store::{FirstAdmin, Role, SessionPolicy, Store, StoreError, StoreOptions};
use tempfile::TempDir;

use crate::fixture::{T0, connect, hasty, seconds, soon, store};

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let (_dir, store) = store().await;
    let made = store.ensure_admin(None).await.unwrap();
    let FirstAdmin::Created { generated_password: Some(password) } = made.clone() else {
        panic!("{made:?}");
    };
    assert_eq!(password.len(), 20);
    assert!(!format!("{made:?}").contains(&password));
    let user = store.verify_login("admin", password.clone()).await.unwrap().unwrap();
    assert_eq!(user.role, Role::Admin);
    assert_eq!(
        store.ensure_admin(Some("another password".into())).await.unwrap(),
        FirstAdmin::Exists
    );
    assert!(store.verify_login("admin", password).await.unwrap().is_some());
}

#[tokio::test]
async fn a_given_password_is_not_told_again() {
    let (_dir, store) = store().await;
    let made = store.ensure_admin(Some("given by owner".into())).await.unwrap();
    assert_eq!(made, FirstAdmin::Created { generated_password: None });
    assert!(store.verify_login("admin", "given by owner".into()).await.unwrap().is_some());
    assert!(store.verify_login("admin", "given by 0wner".into()).await.unwrap().is_none());
    assert!(store.verify_login("nobody", "given by owner".into()).await.unwrap().is_none());
    assert!(store.verify_login("admin", "x".repeat(100_000)).await.unwrap().is_none());
}

#[tokio::test]
async fn passwords_are_kept_as_argon2id() {
    let (dir, store) = store().await;
    store.create_user("kim", "s3cret-s3cret".into(), Role::Viewer).await.unwrap();
    let mut connection = connect(dir.path()).await;
    let hash: String = sqlx::query_scalar("SELECT password_hash FROM users")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}

#[tokio::test]
async fn names_and_passwords_are_checked() {
    let (_dir, store) = store().await;
    for name in ["", " kim", "a\nb", &"x".repeat(65)] {
        let error = store.create_user(name, "long enough".into(), Role::Viewer).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { field: "username", .. }), "{error}");
    }
    let error = store.create_user("kim", "short".into(), Role::Viewer).await.unwrap_err();
    assert!(
        !error.to_string().contains("short") && error.to_string().contains("8 characters"),
        "{error}"
    );
    store.create_user("kim", "long enough".into(), Role::Viewer).await.unwrap();
    let error = store.create_user("kim", "long enough".into(), Role::Admin).await.unwrap_err();
    assert!(matches!(&error, StoreError::Conflict { name, .. } if name == "kim"), "{error}");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let (_dir, store) = store().await;
    store.ensure_admin(Some("long enough".into())).await.unwrap();
    store.create_user("kim", "long enough".into(), Role::Operator).await.unwrap();
    assert!(matches!(store.delete_user("admin").await, Err(StoreError::LastAdmin { .. })));
    store.create_user("lee", "long enough".into(), Role::Admin).await.unwrap();
    store.delete_user("admin").await.unwrap();
    assert!(matches!(store.delete_user("lee").await, Err(StoreError::LastAdmin { .. })));
    store.delete_user("kim").await.unwrap();
    assert!(matches!(store.delete_user("kim").await, Err(StoreError::NotFound { .. })));
    let names: Vec<_> =
        store.list_users().await.unwrap().into_iter().map(|user| user.username).collect();
    assert_eq!(names, ["lee"]);
}

#[test]
fn roles_are_ordered_and_named() {
    assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
    for role in Role::ALL {
        assert_eq!(Role::from_name(role.name()), Some(role));
        assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
    }
    assert_eq!(Role::from_name("root"), None);
}

async fn with_sessions(policy: SessionPolicy) -> (TempDir, Store) {
    let dir = TempDir::new().unwrap();
    let store =
        Store::open_with(dir.path(), StoreOptions { sessions: policy, ..hasty() }).await.unwrap();
    store.create_user("kim", "long enough".into(), Role::Operator).await.unwrap();
    (dir, store)
}

#[tokio::test]
async fn a_session_lasts_while_it_is_used_but_not_for_ever() {
    let policy = SessionPolicy {
        idle_max: Duration::from_secs(100),
        age_max: Duration::from_secs(250),
        ..SessionPolicy::default()
    };
    let (dir, store) = with_sessions(policy).await;
    let mut connection = connect(dir.path()).await;
    let token = store.create_session("kim", T0).await.unwrap();
    assert_eq!(token.reveal().len(), 64);
    assert!(!format!("{token:?}").contains(token.reveal()));
    let kept: Vec<u8> = sqlx::query_scalar("SELECT token_hash FROM sessions")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(kept.len(), 32);

    let user = store.session_user(token.reveal(), seconds(59)).await.unwrap().unwrap();
    assert_eq!((user.username.as_str(), user.role), ("kim", Role::Operator));
    assert_eq!(store.session_user(token.reveal(), seconds(101)).await.unwrap(), None);
    assert_eq!(store.session_user("guess", T0).await.unwrap(), None);
    for at in [90, 180] {
        // One use is noted at a time: a request may leave it to the next.
        soon("the use to be noted", async {
            loop {
                let user = store.session_user(token.reveal(), seconds(at)).await.unwrap();
                assert!(user.is_some(), "{at}");
                let seen: i64 = sqlx::query_scalar("SELECT seen FROM sessions")
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                if seen == seconds(at).micros() {
                    break;
                }
            }
        })
        .await;
    }
    assert!(store.session_user(token.reveal(), seconds(249)).await.unwrap().is_some());
    assert_eq!(store.session_user(token.reveal(), seconds(250)).await.unwrap(), None);
    assert_eq!(store.purge_sessions(seconds(1000)).await.unwrap(), 1);
}

#[tokio::test]
async fn sessions_end_by_logout_password_and_number() {
    let (_dir, store) =
        with_sessions(SessionPolicy { per_user_max: 2, ..SessionPolicy::default() }).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(store.create_session("kim", T0).await.unwrap());
    }
    let mut alive = Vec::new();
    for token in &tokens {
        alive.push(store.session_user(token.reveal(), T0).await.unwrap().is_some());
    }
    assert_eq!(alive, [false, true, true]);
    store.end_session(tokens[1].reveal()).await.unwrap();
    assert_eq!(store.session_user(tokens[1].reveal(), T0).await.unwrap(), None);
    store.set_password("kim", "another password".into()).await.unwrap();
    assert_eq!(store.session_user(tokens[2].reveal(), T0).await.unwrap(), None);
    assert!(store.verify_login("kim", "another password".into()).await.unwrap().is_some());
    let token = store.create_session("kim", T0).await.unwrap();
    store.delete_user("kim").await.unwrap();
    assert_eq!(store.session_user(token.reveal(), T0).await.unwrap(), None);
    assert!(matches!(store.create_session("kim", T0).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn audit_entries_are_added_and_never_changed() {
    let (dir, store) = store().await;
    store.audit(T0, "kim", "camera.delete", "c-1", "gate").await.unwrap();
    store.audit(seconds(1), "lee", "event.acknowledge", "e-1", "").await.unwrap();
    let entries = store.audit_list(10).await.unwrap();
    assert_eq!(entries.iter().map(|e| e.who.as_str()).collect::<Vec<_>>(), ["lee", "kim"]);
    assert_eq!((entries[1].at, entries[1].detail.as_str()), (T0, "gate"));
    assert_eq!(store.audit_list(1).await.unwrap().len(), 1);
    let mut connection = connect(dir.path()).await;
    for attempt in ["DELETE FROM audit", "UPDATE audit SET who = 'nobody'"] {
        let error = sqlx::query(attempt).execute(&mut connection).await.unwrap_err();
        assert!(error.to_string().contains("never"), "{error}");
    }
}
