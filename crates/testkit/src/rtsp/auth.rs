//! Logins: Basic and Digest with MD5 (RFC 2617, without `qop`, as cameras do).

use md5::{Digest, Md5};

use super::message::Request;
use super::sdp::base64;

const REALM: &str = "testkit";
/// The same for all: the camera of a test has no enemies.
const NONCE: &str = "6e6f6e73656e73652d6f6e6365";

/// How the camera wants the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Readable.
    Basic,
    /// Hashed.
    Digest,
}

/// Who may see the stream.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user name; letters and digits.
    pub user: String,
    /// The password; letters and digits.
    pub password: String,
    /// How it is asked for.
    pub scheme: Scheme,
}

impl Login {
    /// The header that asks for a login.
    pub(crate) fn challenge(&self) -> String {
        match self.scheme {
            Scheme::Basic => format!("WWW-Authenticate: Basic realm=\"{REALM}\""),
            Scheme::Digest => {
                format!("WWW-Authenticate: Digest realm=\"{REALM}\", nonce=\"{NONCE}\"")
            }
        }
    }

    /// Whether the request carries the right credentials.
    pub(crate) fn accepts(&self, request: &Request) -> bool {
        let Some(given) = request.header("Authorization") else {
            return false;
        };
        match self.scheme {
            Scheme::Basic => {
                let expected = base64(format!("{}:{}", self.user, self.password).as_bytes());
                given.strip_prefix("Basic ").is_some_and(|given| given.trim() == expected)
            }
            Scheme::Digest => {
                let Some(fields) = given.strip_prefix("Digest ") else {
                    return false;
                };
                let field = |name: &str| {
                    fields.split(',').find_map(|field| {
                        let (key, value) = field.trim().split_once('=')?;
                        (key == name).then(|| value.trim_matches('"'))
                    })
                };
                let secret = md5(&format!("{}:{REALM}:{}", self.user, self.password));
                let request_hash =
                    md5(&format!("{}:{}", request.method, field("uri").unwrap_or_default()));
                let expected = md5(&format!("{secret}:{NONCE}:{request_hash}"));
                field("username") == Some(&self.user)
                    && field("nonce") == Some(NONCE)
                    && field("response") == Some(&expected)
            }
        }
    }
}

fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
