//! Addresses of network cameras, with the credentials kept apart from the rest.

use std::fmt;

use safe_yolo_core::address::without_secrets;
use url::Url;

use super::{SourceError, SourcePolicy, env};

/// User and password of a camera. `Debug` hides both.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// Longest user name and password, bytes.
    const LEN_MAX: usize = 256;

    /// Credentials to log in with.
    ///
    /// # Errors
    /// When one has control characters or is too long.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Result<Self, SourceError> {
        let (user, password) = (user.into(), password.into());
        let fits = |text: &str| text.len() <= Self::LEN_MAX && !text.chars().any(char::is_control);
        if user.is_empty() || !fits(&user) || !fits(&password) {
            return Err(SourceError::Credentials);
        }
        Ok(Self { user, password })
    }

    /// The user name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password: for the login, and for nothing that is shown or logged.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

/// A stream of a camera or recorder in the network. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraSource {
    /// Without user and password.
    url: Url,
    credentials: Option<Credentials>,
}

impl CameraSource {
    /// Reads an address that begins with `scheme` and a colon.
    pub(super) fn parse(
        scheme: &'static str,
        text: &str,
        policy: &SourcePolicy,
    ) -> Result<Self, SourceError> {
        let wrong = |why: &str| SourceError::Url { scheme, why: why.to_owned() };
        let rest = text.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
        let rest = rest.ok_or_else(|| wrong("'//' must follow the first ':'"))?;
        // User and password are taken out before anything else may see them;
        // the last '@' counts, for passwords that contain one.
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let at = authority.rfind('@');
        let (user_info, rest) = at.map_or((None, rest), |at| (Some(&rest[..at]), &rest[at + 1..]));
        if rest.contains('@') && at.is_none() {
            return Err(wrong(
                "write '@' in a path as %40, and '/', '?', '#' in a password as %2F, %3F, %23",
            ));
        }
        let url = Url::parse(&format!("{scheme}://{}", env::expand(rest, policy)?))
            .map_err(|error| wrong(&error.to_string()))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("the host is missing"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("there is more than one '@' before the path"));
        }
        if url.port() == Some(0) {
            return Err(wrong("the port must be 1 to 65535"));
        }
        if url.fragment().is_some() {
            return Err(wrong("a '#' must be written as %23"));
        }
        let credentials = user_info.map(|info| credentials(info, policy)).transpose()?.flatten();
        Ok(Self { url, credentials })
    }

    /// The same stream, logged in to with these.
    #[must_use]
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// The address without user and password. May still hold a secret in its
    /// path or query, see [`Self::redacted`].
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// What to log in with.
    #[must_use]
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The address as it may be shown: without credentials, and with what some
    /// cameras take as a password in path or query replaced by `***`.
    #[must_use]
    pub fn redacted(&self) -> String {
        without_secrets(self.url.as_str())
    }
}

impl fmt::Debug for CameraSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CameraSource")
            .field("url", &self.redacted())
            .field("credentials", &self.credentials)
            .finish()
    }
}

fn credentials(info: &str, policy: &SourcePolicy) -> Result<Option<Credentials>, SourceError> {
    if info.is_empty() {
        return Ok(None);
    }
    let (user, password) = info.split_once(':').unwrap_or((info, ""));
    let value =
        |part: &str| env::expand(&percent_decode(part).ok_or(SourceError::Credentials)?, policy);
    Credentials::new(value(user)?, value(password)?).map(Some)
}

/// `None` when the bytes are not UTF-8. A '%' that starts no code stands for itself.
fn percent_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let code = (bytes[i] == b'%')
            .then(|| bytes.get(i + 1..i + 3))
            .flatten()
            .filter(|code| code.iter().all(u8::is_ascii_hexdigit))
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(code.unwrap_or(bytes[i]));
        i += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceSpec;
    use std::sync::Arc;

    fn parse(text: &str) -> Result<CameraSource, SourceError> {
        CameraSource::parse("rtsp", text, &SourcePolicy::default())
    }

    #[test]
    fn credentials_are_taken_out_and_never_shown() {
        for (address, user, password) in [
            ("rtsp://admin:pa%40ss@cam:8554/a?b=1", "admin", "pa@ss"),
            ("rtsp://admin:p@ss:w%zzord@cam:8554/a?b=1", "admin", "p@ss:w%zzord"),
            ("rtsp://admin:%ED%95%9C@cam:8554/a?b=1", "admin", "한"),
            ("rtsp://admin@cam:8554/a?b=1", "admin", ""),
        ] {
            let source = parse(address).unwrap();
            let credentials = source.credentials().unwrap();
            assert_eq!((credentials.user(), credentials.password()), (user, password), "{address}");
            assert_eq!(source.url().as_str(), "rtsp://cam:8554/a?b=1");
            let spec = SourceSpec::Rtsp(source);
            let shown = format!("{spec:?} {spec} {}", spec.redacted());
            assert!(password.is_empty() || !shown.contains(password), "{shown}");
        }
        assert!(parse("rtsp://cam/a").unwrap().credentials().is_none());
        assert!(parse("rtsp://@cam/a").unwrap().credentials().is_none());
    }

    #[test]
    fn wrong_addresses_do_not_repeat_the_password() {
        for bad in [
            "rtsp:cam",
            "rtsp://",
            "rtsp://u:secret@",
            "rtsp:///a",
            "rtsp://u:sec/ret@cam/",
            "rtsp://u:secret@cam:0/",
            "rtsp://u:secret@cam:70000/",
            "rtsp://u:secret@ca m/",
            "rtsp://u:secret@cam/#x",
            "rtsp://u:secret@cam:x/",
            "rtsp://:secret@cam/",
            "rtsp://u:secret%0d@cam/",
            "rtsp://u:secret%ff@cam/",
        ] {
            let error = parse(bad).expect_err(bad);
            assert!(!format!("{error} {error:?}").contains("sec"), "{error:?}");
        }
        assert!(matches!(parse("rtsp://u:${PW}@cam/"), Err(SourceError::EnvNotAllowed(_))));
    }

    #[test]
    fn secrets_of_the_environment_may_hold_anything() {
        let policy = SourcePolicy {
            trusted: true,
            env: Some(Arc::new(|name| {
                Some(if name == "HOST" { "cam:99".into() } else { "a/b@c%41".into() })
            })),
            ..SourcePolicy::default()
        };
        let source = CameraSource::parse("rtsp", "rtsp://u:${PW}@${HOST}/x", &policy).unwrap();
        assert_eq!(source.credentials().unwrap().password(), "a/b@c%41");
        assert_eq!(source.url().as_str(), "rtsp://cam:99/x");
    }

    #[test]
    fn passwords_in_path_and_query_are_hidden() {
        for (address, shown) in [
            (
                "rtsp://c/a?channel=1&password=x_1&subtype=0",
                "rtsp://c/a?channel=1&password=***&subtype=0",
            ),
            (
                "rtsp://c/user=admin_password=tl_channel=1/live?x=1",
                "rtsp://c/user=admin_password=***/live?x=1",
            ),
            ("rtsp://c/a?Token=abc", "rtsp://c/a?Token=***"),
        ] {
            assert_eq!(parse(address).unwrap().redacted(), shown);
        }
    }
}
