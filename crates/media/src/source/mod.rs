//! Addresses of sources: what a camera may be read from, checked when given.
//!
//! Knows nothing of opening them; see [`crate::stream`].

mod camera;
mod device;
mod env;
mod file;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use safe_yolo_core::PictureSize;
use safe_yolo_core::geometry::SizeError;
use safe_yolo_core::state::BlindReason;

pub use camera::{CameraSource, Credentials};
pub use device::DeviceSource;
pub use env::EnvLookup;
pub use file::FileSource;

/// The longest address, bytes.
const ADDRESS_LEN_MAX: usize = 2048;

/// Why an address is refused. No message holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Empty, too long, or with control characters.
    #[error("a source address must have 1 to {ADDRESS_LEN_MAX} printable characters")]
    Text,
    /// A scheme that is not read.
    #[error(
        "'{0}:' sources are not supported: use rtsp://, http://, usb://, sim://, file:// or a path \
         (write ./ before a file name that contains ':')"
    )]
    Scheme(String),
    /// No file there.
    #[error("no file at '{}'", .0.display())]
    NotFound(PathBuf),
    /// A path outside the folders that are open to users.
    #[error("'{}' is not in a folder that videos may be read from: {}", .path.display(), folders(.allowed))]
    NotAllowed {
        /// The path as given.
        path: PathBuf,
        /// The folders that would be allowed.
        allowed: Vec<PathBuf>,
    },
    /// No such device, or none that may be read.
    #[error(
        "no camera at '{}' ({why}): is it plugged in, and may the user of this program read it \
         (group 'video')?", .path.display()
    )]
    NoDevice {
        /// The device.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A folder, pipe or device.
    #[error("'{}' is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The file exists, but can't be reached.
    #[error("'{}' can't be read: {why}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// An address that is no URL.
    #[error("the {scheme}:// address is not valid: {why}")]
    Url {
        /// The scheme it began with.
        scheme: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// `${NAME}` where it may not be used.
    #[error("${{{0}}} is only replaced in the site file and on the command line")]
    EnvNotAllowed(String),
    /// `${NAME}` with no such variable.
    #[error("the environment variable {0}, named in the source address, is not set")]
    EnvMissing(String),
    /// `${` without an end, or an impossible name.
    #[error("'${{' must be followed by a name of A-Z, a-z, 0-9 or '_' and '}}'")]
    EnvSyntax,
    /// Credentials that can't be sent.
    #[error("a camera's user name or password must be printable and at most 256 bytes long")]
    Credentials,
}

fn folders(allowed: &[PathBuf]) -> String {
    if allowed.is_empty() {
        return "none is configured".to_owned();
    }
    let names: Vec<_> = allowed.iter().map(|dir| format!("'{}'", dir.display())).collect();
    names.join(", ")
}

impl SourceError {
    /// What a camera with this address shows.
    #[must_use]
    pub const fn reason(&self) -> BlindReason {
        BlindReason::NotFound
    }
}

/// Whose address it is, which decides what it may name.
#[derive(Clone, Default)]
pub struct SourcePolicy {
    /// The folders whose files may be read when the address is not trusted.
    pub allowed_dirs: Vec<PathBuf>,
    /// From the command line or the site file: any path, and `${NAME}`.
    pub trusted: bool,
    /// Finds the value of `${NAME}` in trusted addresses.
    pub env: Option<EnvLookup>,
}

impl SourcePolicy {
    /// For the command line and the site file: any path, and `${NAME}` from
    /// the environment of this process.
    #[must_use]
    pub fn trusted() -> Self {
        Self {
            allowed_dirs: Vec::new(),
            trusted: true,
            env: Some(Arc::new(|name| std::env::var(name).ok())),
        }
    }

    /// For users of the API: files in these folders only.
    #[must_use]
    pub const fn restricted(allowed_dirs: Vec<PathBuf>) -> Self {
        Self { allowed_dirs, trusted: false, env: None }
    }
}

impl fmt::Debug for SourcePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourcePolicy")
            .field("allowed_dirs", &self.allowed_dirs)
            .field("trusted", &self.trusted)
            .finish_non_exhaustive()
    }
}

/// Where pictures come from. `Debug` shows no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// A video file.
    File(FileSource),
    /// A camera or recorder that speaks RTSP.
    Rtsp(CameraSource),
    /// A camera that sends JPEG pictures over HTTP.
    Http(CameraSource),
    /// A camera at this machine.
    Usb(DeviceSource),
    /// The simulated site.
    Sim(SimSource),
}

/// A scene of the simulated site, from `sim://NAME?seed=N&size=WxH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimSource {
    /// The scenario: 1 to 64 of a-z, 0-9, `-` and `_`.
    pub scenario: String,
    /// What its dice are seeded with; 0 unless given.
    pub seed: u64,
    /// Size of its pictures; that of the scenario's camera unless given.
    pub size: Option<PictureSize>,
}

impl SourceSpec {
    /// Reads an address: a path, `file://PATH`,
    /// `rtsp://[USER[:PASSWORD]@]HOST[:PORT]/PATH`, the same with `http://`,
    /// `usb:///dev/videoN` or `sim://NAME?seed=N&size=WxH`.
    ///
    /// Looks at the file system for files.
    ///
    /// # Errors
    /// When the address is no such thing, or names what `policy` forbids.
    pub fn parse(text: &str, policy: &SourcePolicy) -> Result<Self, SourceError> {
        let text = text.trim();
        if text.is_empty() || text.len() > ADDRESS_LEN_MAX || text.chars().any(char::is_control) {
            return Err(SourceError::Text);
        }
        match scheme(text) {
            None => match without_colon(text) {
                // Taken for a path, it would be shown with its password.
                Some(scheme) => Err(SourceError::Url {
                    scheme,
                    why: format!("its ':' is missing: write {scheme}:// before the rest"),
                }),
                None => FileSource::parse(&env::expand(text, policy)?, policy).map(Self::File),
            },
            Some("file") => {
                let path = file::path_of_url(&env::expand(text, policy)?)?;
                FileSource::parse(&path, policy).map(Self::File)
            }
            Some("rtsp") => CameraSource::parse("rtsp", text, policy).map(Self::Rtsp),
            Some("http") => CameraSource::parse("http", text, policy).map(Self::Http),
            Some("usb") => DeviceSource::parse(text).map(Self::Usb),
            Some("sim") => SimSource::parse(&env::expand(text, policy)?).map(Self::Sim),
            Some("rtsps") => Err(SourceError::Url {
                scheme: "rtsps",
                why: "RTSP over TLS is not supported, use rtsp:// in a network of the cameras' own"
                    .to_owned(),
            }),
            Some("https") => Err(SourceError::Url {
                scheme: "https",
                why: "HTTP over TLS is not supported, use http:// in a network of the cameras' own"
                    .to_owned(),
            }),
            Some(other) => Err(SourceError::Scheme(other.chars().take(40).collect())),
        }
    }

    /// The same source with these credentials, when some are given and the
    /// source takes any.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<Credentials>) -> Self {
        match (self, credentials) {
            (Self::Rtsp(source), Some(credentials)) => {
                Self::Rtsp(source.with_credentials(credentials))
            }
            (Self::Http(source), Some(credentials)) => {
                Self::Http(source.with_credentials(credentials))
            }
            (other, _) => other,
        }
    }

    /// The address without password, for logs and answers.
    #[must_use]
    pub fn redacted(&self) -> String {
        match self {
            Self::File(file) => file.path().display().to_string(),
            Self::Rtsp(camera) | Self::Http(camera) => camera.redacted(),
            Self::Usb(device) => format!("usb://{}", device.path().display()),
            Self::Sim(sim) => {
                let size = sim.size.map_or(String::new(), |size| format!("&size={size}"));
                format!("sim://{}?seed={}{size}", sim.scenario, sim.seed)
            }
        }
    }

    /// `file`, `rtsp`, `http`, `usb` or `sim`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Rtsp(_) => "rtsp",
            Self::Http(_) => "http",
            Self::Usb(_) => "usb",
            Self::Sim(_) => "sim",
        }
    }

    /// Whether it runs on whether or not somebody watches: it can't be paused or sought in.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Whether pictures come as fast as they are taken, so that the caller must
    /// show each at its time. Those of cameras come when they are made.
    #[must_use]
    pub const fn is_paced(&self) -> bool {
        matches!(self, Self::File(_) | Self::Sim(_))
    }

    /// The camera's network address and login, where it has some.
    #[must_use]
    pub const fn camera(&self) -> Option<&CameraSource> {
        match self {
            Self::Rtsp(camera) | Self::Http(camera) => Some(camera),
            Self::File(_) | Self::Usb(_) | Self::Sim(_) => None,
        }
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl SimSource {
    fn parse(text: &str) -> Result<Self, SourceError> {
        let wrong = |why: &str| SourceError::Url { scheme: "sim", why: why.to_owned() };
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
        let name = name.trim_end_matches('/');
        let fits = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
        if !fits {
            return Err(wrong(
                "the scenario must have 1 to 64 of a-z, 0-9, '-' and '_', as in sim://yard",
            ));
        }
        let mut source = Self { scenario: name.to_owned(), seed: 0, size: None };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("seed", value)) => {
                    source.seed = value
                        .parse()
                        .map_err(|_not_a_number| wrong("the seed must be a whole number"))?;
                }
                Some(("size", value)) => {
                    let size: Result<PictureSize, SizeError> = value.parse();
                    source.size = Some(size.map_err(|error| wrong(&error.to_string()))?);
                }
                _ => return Err(wrong("only ?seed=N and &size=WxH may follow")),
            }
        }
        Ok(source)
    }
}

/// The scheme of an address of which the ':' was forgotten, as in `rtsp//10.0.0.5/1`.
fn without_colon(text: &str) -> Option<&'static str> {
    let (before, _) = text.split_once("//")?;
    let schemes = ["rtsp", "rtsps", "http", "https", "usb", "sim", "file"];
    schemes.into_iter().find(|scheme| before.eq_ignore_ascii_case(scheme))
}

/// The scheme in front of the first ':', as RFC 3986 spells one.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let fits = bytes.next()?.is_ascii_alphabetic()
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    fits.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SourceSpec, SourceError> {
        SourceSpec::parse(text, &SourcePolicy::restricted(Vec::new()))
    }

    #[test]
    fn what_is_not_a_known_address_is_refused_by_name() {
        for bad in [
            "concat:a|b",
            "https://x/a.mp4",
            "HTTP://x",
            "ftp://x/a.mp4",
            "data:x",
            "subfile,,start,0,:x",
            "crypto+file:x",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for bad in ["rtsp//root:s3cret@10.0.0.5/1", "HTTP//root:s3cret@10.0.0.5/1"] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains("':' is missing") && !error.contains("s3cret"), "{error}");
        }
        assert_eq!(parse("concat:a|b"), Err(SourceError::Scheme("concat".into())));
        assert!(parse("ftp://x").unwrap_err().to_string().contains("'ftp:'"));
        for bad in ["", "  ", "rtsp://a\r\nb/", "a\0b", &"x".repeat(3000)] {
            assert_eq!(parse(bad), Err(SourceError::Text));
        }
        assert!(matches!(parse("rtsps://cam/1"), Err(SourceError::Url { scheme: "rtsps", .. })));
        assert!(matches!(parse("https://cam/1"), Err(SourceError::Url { scheme: "https", .. })));
    }

    #[test]
    fn http_cameras_keep_their_login_apart() {
        let spec = parse("http://root:s3cr%40t@cam:8080/video.mjpg?fps=5&pwd=s3cr").unwrap();
        let camera = spec.camera().unwrap();
        assert_eq!(camera.credentials().unwrap().password(), "s3cr@t");
        assert_eq!(camera.url().as_str(), "http://cam:8080/video.mjpg?fps=5&pwd=s3cr");
        assert_eq!(spec.redacted(), "http://cam:8080/video.mjpg?fps=5&pwd=***");
        assert!(!format!("{spec:?} {spec}").contains("s3cr"));
        assert_eq!((spec.kind(), spec.is_live(), spec.is_paced()), ("http", true, false));
        let other = Credentials::new("u", "p").unwrap();
        let spec = spec.with_credentials(Some(other.clone()));
        assert_eq!(spec.camera().unwrap().credentials(), Some(&other));
        for bad in ["http:cam", "http://", "http://u:secret@", "http://u:secret@cam:0/"] {
            let error = parse(bad).expect_err(bad);
            assert!(matches!(error, SourceError::Url { scheme: "http", .. }), "{error:?}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn simulated_sites() {
        let spec = parse("sim://yard-1?seed=7").unwrap();
        assert_eq!(
            spec,
            SourceSpec::Sim(SimSource { scenario: "yard-1".into(), seed: 7, size: None })
        );
        assert_eq!(spec.redacted(), "sim://yard-1?seed=7");
        let spec = parse("sim://random?size=1920x1080").unwrap();
        assert_eq!(spec.redacted(), "sim://random?seed=0&size=1920x1080");
        assert!(spec.is_live() && spec.is_paced());
        for bad in [
            "sim://",
            "sim:yard",
            "sim://Yard",
            "sim://yard?seed=x",
            "sim://yard?speed=2",
            "sim://yard?size=1280",
            "sim://yard?size=-1x720",
            "sim://../x",
        ] {
            assert!(matches!(parse(bad), Err(SourceError::Url { scheme: "sim", .. })), "{bad}");
        }
    }

    proptest::proptest! {
        /// Whatever is typed is an address or an error.
        #[test]
        fn any_text_is_safe_to_parse(text in ".{0,80}", scheme in "(rtsp://|http://|usb://|sim://|file:|)") {
            drop(parse(&format!("{scheme}{text}")));
        }
    }
}
