//! Addresses as they may be written into files: passwords become `${NAME}`.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

/// Parameters whose names end like this hold secrets.
const SECRET_ENDINGS: [&str; 8] =
    ["password", "passwd", "pass", "pwd", "psw", "token", "secret", "auth"];

/// Takes secrets out of addresses and remembers what has to be set instead.
pub(crate) struct Secrets {
    /// Variables that have a meaning already.
    taken: BTreeSet<String>,
    notes: Vec<String>,
}

impl Secrets {
    /// With the addresses that are given, so that no variable gets a second meaning.
    pub(crate) fn new<'a>(addresses: impl Iterator<Item = &'a str>) -> Self {
        let named = |address: &'a str| {
            address.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
        };
        Self { taken: addresses.flat_map(named).collect(), notes: Vec::new() }
    }

    /// One line for each variable that has to be set.
    pub(crate) fn into_notes(self) -> Vec<String> {
        self.notes
    }

    /// The address without secrets. `number` makes the names of variables, `camera` is for the
    /// notes; `has_login` says that user and password are kept elsewhere.
    pub(crate) fn hide(
        &mut self,
        number: &str,
        camera: &str,
        address: &str,
        has_login: bool,
    ) -> Result<String> {
        let Some((scheme, rest)) = address.split_once("://") else { return Ok(address.to_owned()) };
        if !["rtsp", "rtsps", "http", "https"].contains(&scheme) {
            return Ok(address.to_owned());
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        // A '/' in a password would put the rest of it into the path.
        if path.contains('@') {
            bail!(
                "camera '{camera}': there is an '@' behind the host of its address: write '@' in a \
                 path as %40, and '/', '?', '#' in a password as %2F, %3F, %23"
            );
        }
        let login = match login {
            _ if has_login => {
                let user = self.variable(number, "USER", camera, "its user name");
                format!("{user}:{}@", self.password(number, camera))
            }
            None => String::new(),
            Some(login) => match login.split_once(':') {
                Some((user, password)) if !password.is_empty() && !is_variable(password) => {
                    format!("{user}:{}@", self.password(number, camera))
                }
                _ => format!("{login}@"),
            },
        };
        let path = self.hide_parameters(number, camera, path);
        Ok(format!("{scheme}://{login}{host}{path}"))
    }

    fn password(&mut self, number: &str, camera: &str) -> String {
        let what = "its password as it is, not as it is written in an address";
        self.variable(number, "PASSWORD", camera, what)
    }

    /// `pwd=x` and the like, anywhere behind the host. A value goes on up to the next '&', or '/'
    /// in a path: rather too much of it is hidden than too little.
    fn hide_parameters(&mut self, number: &str, camera: &str, path: &str) -> String {
        let mut out = String::new();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('=') {
            out.extend([before, "="]);
            rest = after;
            let lower = before.to_ascii_lowercase();
            let Some(word) = SECRET_ENDINGS.iter().find(|word| lower.ends_with(*word)) else {
                continue;
            };
            let end = if out.contains('?') { after.find('&') } else { after.find(['&', '/', '?']) };
            let (value, behind) = after.split_at(end.unwrap_or(after.len()));
            if value.is_empty() || is_variable(value) {
                continue;
            }
            let what =
                format!("what stands behind '{word}=' in its address, as it is written there");
            out.push_str(&self.variable(number, "SECRET", camera, &what));
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    /// A new variable and a note about it.
    fn variable(&mut self, number: &str, suffix: &str, camera: &str, what: &str) -> String {
        let first = format!("CAMERA_{number}_{suffix}");
        let others = (2..).map(|n: u32| format!("{first}_{n}"));
        let free =
            std::iter::once(first.clone()).chain(others).find(|name| !self.taken.contains(name));
        let name = free.unwrap_or(first);
        self.notes
            .push(format!("camera '{camera}': set the environment variable {name} to {what}"));
        self.taken.insert(name.clone());
        format!("${{{name}}}")
    }
}

/// Whether all of it is one variable.
fn is_variable(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(address: &str, has_login: bool) -> (String, String) {
        let mut secrets = Secrets::new([address].into_iter());
        let hidden = secrets.hide("3", "정문", address, has_login).unwrap();
        (hidden, secrets.into_notes().join("\n"))
    }

    #[test]
    fn no_password_stays_in_an_address() {
        for (address, hidden) in [
            ("rtsp://admin:s3cret@cam:554/1", "rtsp://admin:${CAMERA_3_PASSWORD}@cam:554/1"),
            ("rtsp://admin:s3c@ret:x@cam/1", "rtsp://admin:${CAMERA_3_PASSWORD}@cam/1"),
            ("rtsp://admin:s3cret@cam", "rtsp://admin:${CAMERA_3_PASSWORD}@cam"),
            ("rtsp://admin:s3cret@cam/${PATH}", "rtsp://admin:${CAMERA_3_PASSWORD}@cam/${PATH}"),
            ("rtsp://a:s3cret${X}@cam/1", "rtsp://a:${CAMERA_3_PASSWORD}@cam/1"),
            (
                "http://cam/v?user=a&pwd=s3cret&x=1",
                "http://cam/v?user=a&pwd=${CAMERA_3_SECRET}&x=1",
            ),
            ("rtsp://cam/a=b&Password=s3c/1", "rtsp://cam/a=b&Password=${CAMERA_3_SECRET}/1"),
            ("http://cam/v?token=s3c/re=t&x=1", "http://cam/v?token=${CAMERA_3_SECRET}&x=1"),
            (
                "rtsp://cam/user=a_password=s3cret_channel=1.sdp",
                "rtsp://cam/user=a_password=${CAMERA_3_SECRET}",
            ),
            (
                "rtsp://a:s3cret@cam/?auth=s3cret&token=s3cret",
                "rtsp://a:${CAMERA_3_PASSWORD}@cam/?auth=${CAMERA_3_SECRET}&token=${CAMERA_3_SECRET_2}",
            ),
            (
                "rtsp://${CAMERA_3_PASSWORD}:s3cret@cam/",
                "rtsp://${CAMERA_3_PASSWORD}:${CAMERA_3_PASSWORD_2}@cam/",
            ),
        ] {
            let (written, notes) = hide(address, false);
            assert_eq!(written, hidden);
            assert!(!notes.contains("s3c") && !notes.is_empty(), "{notes}");
            assert_eq!(hide(&written, false), (written.clone(), String::new()), "nothing is left");
        }
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        for address in [
            "rtsp://cam/1?channel=2",
            "rtsp://admin@cam/1",
            "rtsp://admin:@cam/1",
            "rtsp://user:${YARD_PASSWORD}@10.0.0.5/stream1",
            "sim://demo?seed=1",
            "/videos/pass=1/a:b@c.mp4",
            "usb:///dev/video0",
        ] {
            assert_eq!(hide(address, false), (address.to_owned(), String::new()));
        }
    }

    #[test]
    fn a_login_kept_elsewhere_becomes_two_variables() {
        let (written, notes) = hide("rtsp://cam:554/1", true);
        assert_eq!(written, "rtsp://${CAMERA_3_USER}:${CAMERA_3_PASSWORD}@cam:554/1");
        assert!(notes.contains("CAMERA_3_USER") && notes.contains("'정문'"), "{notes}");
    }

    #[test]
    fn an_address_in_which_the_password_can_not_be_told_is_refused_without_showing_it() {
        let mut secrets = Secrets::new(std::iter::empty());
        for address in ["rtsp://admin:s3/cret@cam/1", "rtsp://a@b:s3?cret@cam/1"] {
            let error = secrets.hide("1", "gate", address, false).unwrap_err().to_string();
            assert!(error.contains("'gate'") && error.contains("%2F"), "{error}");
            assert!(!error.contains("s3") && !error.contains("cret"), "{error}");
        }
    }
}
