//! Addresses of cameras: checked for whoever gave them, kept without
//! passwords, shown without any.

use safe_yolo_core::BlindReason;
use safe_yolo_media::source::{self, SourceError, SourcePolicy, SourceSpec};
use safe_yolo_sim::{Scene, SceneError};
use safe_yolo_store::{CameraRecord, Credentials, Origin};
use tokio::task::spawn_blocking;

use super::{App, Policies};
use crate::problem::Problem;

impl Policies {
    pub(super) const fn of(&self, origin: Origin) -> &SourcePolicy {
        match origin {
            Origin::Api => &self.api,
            Origin::Site | Origin::CommandLine => &self.trusted,
        }
    }
}

/// Reads an address; it may look at files on slow disks, so not here.
async fn parse(text: &str, policy: &SourcePolicy) -> Result<SourceSpec, SourceError> {
    let (owned, policy) = (text.to_owned(), policy.clone());
    match spawn_blocking(move || SourceSpec::parse(&owned, &policy)).await {
        Ok(parsed) => parsed,
        Err(error) => {
            Err(SourceError::Unreadable { path: text.into(), why: format!("reading it: {error}") })
        }
    }
}

fn with_credentials(
    spec: SourceSpec,
    credentials: Option<&Credentials>,
) -> Result<SourceSpec, SourceError> {
    let credentials = credentials
        .map(|c| source::Credentials::new(c.username.as_str(), c.password.as_str()))
        .transpose()?;
    Ok(spec.with_credentials(credentials))
}

impl App {
    /// The source of a stored camera.
    pub(super) async fn source_of(&self, record: &CameraRecord) -> Result<SourceSpec, SourceError> {
        let spec = parse(&record.config.source, self.policies.of(record.origin)).await?;
        with_credentials(spec, record.credentials.as_ref())
    }

    /// The source that a user of the API gave.
    pub(crate) async fn source_given(
        &self,
        text: &str,
        credentials: Option<&Credentials>,
    ) -> Result<SourceSpec, Problem> {
        let spec = parse(text, &self.policies.api).await?;
        if let SourceSpec::Sim(sim) = &spec
            && !Scene::SCENARIOS.contains(&sim.scenario.as_str())
        {
            let unknown = SceneError::Unknown { name: sim.scenario.clone() };
            return Err(Problem::source(BlindReason::NotFound, unknown.to_string()));
        }
        Ok(with_credentials(spec, credentials)?)
    }

    /// The address of a camera as it may be shown.
    pub(crate) fn shown_source(&self, record: &CameraRecord) -> String {
        let text = &record.config.source;
        if !may_hold_login(text) {
            return text.clone();
        }
        // Looks at no files: it is no path.
        match SourceSpec::parse(text, self.policies.of(record.origin)) {
            Ok(spec) => spec.redacted(),
            Err(_not_valid) => format!("{}://(not valid)", kind(text)),
        }
    }
}

/// `file`, `rtsp`, `http`, `usb` or `sim`, by the look of the address.
pub(crate) fn kind(text: &str) -> &'static str {
    match text.trim().split_once("://") {
        Some(("rtsp", _)) => "rtsp",
        Some(("http", _)) => "http",
        Some(("usb", _)) => "usb",
        Some(("sim", _)) => "sim",
        _ => "file",
    }
}

/// Whether an address of this kind may have user and password in it.
pub(crate) fn may_hold_login(text: &str) -> bool {
    matches!(kind(text), "rtsp" | "http")
}

/// The address without the login that it holds, and that login.
pub(super) fn without_login(text: &str, spec: &SourceSpec) -> (String, Option<Credentials>) {
    let Some(camera) = spec.camera() else {
        return (text.trim().to_owned(), None);
    };
    let credentials = camera
        .credentials()
        .map(|c| Credentials { username: c.user().to_owned(), password: c.password().to_owned() });
    (camera.url().as_str().to_owned(), credentials)
}

/// Host and port: a login that is stored for one is not sent to another.
pub(super) fn host(text: &str) -> Option<(String, u16)> {
    let url = url::Url::parse(text.trim()).ok()?;
    let port = url.port_or_known_default().unwrap_or(554);
    Some((url.host_str()?.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_the_address_is_taken_out() {
        let policy = SourcePolicy::restricted(Vec::new());
        let text = "rtsp://root:s3cret@10.0.0.5:8554/a?b=1";
        let spec = SourceSpec::parse(text, &policy).unwrap();
        let (kept, login) = without_login(text, &spec);
        assert_eq!(kept, "rtsp://10.0.0.5:8554/a?b=1");
        assert_eq!(login.unwrap().password, "s3cret");
        assert_eq!(host(&kept), Some(("10.0.0.5".into(), 8554)));
        assert_eq!(host("rtsp://Cam/x"), Some(("cam".into(), 554)));
        assert_eq!(host("http://Cam/x"), Some(("cam".into(), 80)));
        let text = "http://root:s3cret@10.0.0.5/a";
        let (kept, login) = without_login(text, &SourceSpec::parse(text, &policy).unwrap());
        assert_eq!((kept.as_str(), login.is_some()), ("http://10.0.0.5/a", true));
    }
}
