//! Addresses of cameras as they may be shown and kept: without what opens them.

/// Names of parameters whose values are secrets, as cameras use them.
const SECRET: [&str; 8] = ["password", "passwd", "pass", "pwd", "psw", "token", "secret", "auth"];
/// Addresses that may hold a login.
const NETWORK: [&str; 3] = ["rtsp", "http", "https"];

/// The address without user and password, and with what some cameras take as a password in path
/// or query replaced by `***`. Paths of files and other sources stay as they are.
#[must_use]
pub fn without_secrets(address: &str) -> String {
    let address = address.trim();
    match address.split_once("://") {
        Some((scheme, rest)) if NETWORK.contains(&scheme.to_ascii_lowercase().as_str()) => {
            format!("{scheme}://{}", without_parameters(&without_login(rest)))
        }
        _ => address.to_owned(),
    }
}

/// What stands behind `scheme://` without user and password.
fn without_login(rest: &str) -> String {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if let Some((_login, host)) = authority.rsplit_once('@') {
        return format!("{host}{path}");
    }
    // A password with a slash in it looks like a host with a strange port.
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|_| path.contains('@'));
    if port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit() || byte == b']')) {
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        return host.to_owned();
    }
    rest.to_owned()
}

/// Hides the values of parameters that sound like secrets, up to the next '&'; in a path up to the
/// next '/' as well.
fn without_parameters(address: &str) -> String {
    // Lower case of ASCII only, so that positions agree.
    let lower = address.to_ascii_lowercase();
    let mut out = String::with_capacity(address.len());
    let mut from = 0;
    while let Some(equals) = lower[from..].find('=').map(|at| from + at) {
        out.push_str(&address[from..=equals]);
        from = equals + 1;
        if SECRET.iter().any(|word| lower[..equals].ends_with(word)) {
            out.push_str("***");
            let is_query = lower[..equals].contains('?');
            let ends = |c: char| c == '&' || (c == '/' && !is_query);
            from = lower[from..].find(ends).map_or(lower.len(), |at| from + at);
        }
    }
    out.push_str(&address[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_camera_is_not_shown() {
        for (address, shown) in [
            ("rtsp://cam:8554/a?b=1", "rtsp://cam:8554/a?b=1"),
            ("http://cam/v?token=ab/cd==&x=1", "http://cam/v?token=***&x=1"),
            ("rtsp://admin:p@ss:word@cam:8554/a?b=1", "rtsp://cam:8554/a?b=1"),
            ("RTSP://admin:pw@cam/a", "RTSP://cam/a"),
            ("rtsp://${USER}:${PW}@${HOST}/a", "rtsp://${HOST}/a"),
            ("rtsp://u:sec/ret@cam/a", "rtsp://cam/a"),
            ("rtsp://u:secret@", "rtsp://"),
            ("http://cam/user@1", "http://cam/user@1"),
            ("http://cam:80/user@1", "http://cam:80/user@1"),
            ("rtsp://[::1]/user@1", "rtsp://[::1]/user@1"),
            (
                "rtsp://c/a?channel=1&password=x_1&subtype=0",
                "rtsp://c/a?channel=1&password=***&subtype=0",
            ),
            (
                "rtsp://c/user=admin_password=tl_channel=1/live?x=1",
                "rtsp://c/user=admin_password=***/live?x=1",
            ),
            ("rtsp://c/a?Token=abc", "rtsp://c/a?Token=***"),
            ("/videos/token=1.mp4", "/videos/token=1.mp4"),
            ("sim://quiet?seed=1", "sim://quiet?seed=1"),
        ] {
            assert_eq!(without_secrets(address), shown, "{address}");
        }
    }
}
