//! Adding, changing, removing and starting cameras.

use std::future::Future;
use std::sync::Arc;

use safe_yolo_core::config::ConfigError;
use safe_yolo_core::{
    BlindReason, Calendar, Calibration, CameraConfig, CameraId, CameraState, Polygon,
};
use safe_yolo_media::source::SourceSpec;
use safe_yolo_pipeline::Status;
use safe_yolo_store::{
    Author, CameraPatch, CameraRecord, Credentials, Edit, NewCamera, Origin, StoreError, User,
};

use super::{App, sources};
use crate::extract::Secret;
use crate::problem::{Code, Problem};

/// A camera as somebody asks for it.
#[derive(Debug)]
pub(crate) struct NewCameraInput {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) enabled: Option<bool>,
    pub(crate) repeat: Option<bool>,
    pub(crate) analysis_rate_max: Option<f64>,
    pub(crate) masks: Option<Vec<Polygon>>,
    pub(crate) privacy_masks: Option<Vec<Polygon>>,
    pub(crate) calibration: Option<Calibration>,
}

/// What somebody wants changed of a camera.
#[derive(Debug, Default)]
pub(crate) struct CameraEdit {
    pub(crate) name: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) enabled: Option<bool>,
    pub(crate) repeat: Option<bool>,
    pub(crate) analysis_rate_max: Option<f64>,
    pub(crate) masks: Option<Vec<Polygon>>,
    pub(crate) privacy_masks: Option<Vec<Polygon>>,
    pub(crate) calibration: Option<Option<Calibration>>,
}

/// The login that fields of a request make, on top of a stored one. An empty
/// user name means none.
pub(crate) fn login(
    username: Option<String>,
    password: Option<Secret>,
    stored: Option<&Credentials>,
) -> Result<Option<Credentials>, Problem> {
    if username.is_none() && password.is_none() {
        return Ok(stored.cloned());
    }
    let username = username.or_else(|| stored.map(|stored| stored.username.clone()));
    let password = match password {
        Some(Secret(password)) => password,
        None => stored.map(|stored| stored.password.clone()).unwrap_or_default(),
    };
    match username {
        Some(username) if username.is_empty() => Ok(None),
        Some(username) => Ok(Some(Credentials { username, password })),
        None if password.is_empty() => Ok(None),
        None => Err(Problem::invalid("a password needs a username with it")),
    }
}

impl App {
    /// Runs a change of settings to its end, even if whoever asked goes away:
    /// what is stored must also reach the engine. One at a time.
    pub(super) async fn edit<T, F>(
        &self,
        change: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        let app = self.clone();
        let done = tokio::spawn(async move {
            let _one = app.edits.lock().await;
            if app.closing.is_cancelled() {
                return Err(Problem::new(Code::Unavailable, "the server is ending"));
            }
            change(app.clone()).await
        });
        done.await.map_err(|error| Problem::internal("changing the settings", &error))?
    }

    /// Ends all cameras; no change of settings starts one again.
    pub(crate) async fn end_cameras(&self) {
        let _none = self.edits.lock().await;
        self.engine.shutdown().await;
    }

    /// Adds a camera and starts it.
    pub(crate) async fn add_camera(
        &self,
        by: &User,
        input: NewCameraInput,
    ) -> Result<Arc<CameraRecord>, Problem> {
        let by = Edit::by_user(&by.username, None).by;
        self.edit(async move |app| {
            let count = app.registry.all().len() + 1;
            if count > CameraConfig::CAMERAS_MAX {
                return Err(Problem::invalid(ConfigError::TooManyCameras(count).to_string()));
            }
            let given = login(input.username, input.password, None)?;
            let spec = app.source_given(&input.source, given.as_ref()).await?;
            let (source, in_address) = sources::without_login(&input.source, &spec);
            let mut camera = NewCamera::new(&input.name, &source, Origin::Api);
            camera.credentials = given.or(in_address);
            camera.enabled = input.enabled.unwrap_or(true);
            camera.repeat = input.repeat.unwrap_or(false);
            camera.analysis_rate_max =
                input.analysis_rate_max.unwrap_or(CameraConfig::ANALYSIS_RATE_MAX);
            camera.masks = input.masks.unwrap_or_default();
            camera.privacy_masks = input.privacy_masks.unwrap_or_default();
            camera.calibration = input.calibration;
            let record = app.store.create_camera(camera, &by).await?;
            app.note(&by, "camera.add", record.config.id.as_str(), &record.config.name).await;
            app.take(record).await
        })
        .await
    }

    /// Changes a camera, and the running one with it.
    pub(crate) async fn update_camera(
        &self,
        edit: Edit,
        id: CameraId,
        change: CameraEdit,
    ) -> Result<Arc<CameraRecord>, Problem> {
        self.edit(async move |app| {
            let before = app.known(&id)?;
            let patch = app.patch(&before, change).await?;
            let record = app.store.update_camera(&id, patch, &edit).await?;
            if record != *before {
                app.note(&edit.by, "camera.change", id.as_str(), &record.config.name).await;
            }
            app.take(record).await
        })
        .await
    }

    async fn patch(&self, before: &CameraRecord, edit: CameraEdit) -> Result<CameraPatch, Problem> {
        // A form that sends back what it was shown changes nothing.
        let source = edit.source.filter(|source| {
            source.trim() != before.config.source && *source != self.shown_source(before)
        });
        let moved = source
            .as_deref()
            .is_some_and(|to| sources::host(to) != sources::host(&before.config.source));
        let stored = before.credentials.as_ref().filter(|_| !moved);
        let mut credentials = login(edit.username, edit.password, stored)?;
        let mut patch = CameraPatch {
            name: edit.name,
            enabled: edit.enabled,
            repeat: edit.repeat,
            analysis_rate_max: edit.analysis_rate_max,
            masks: edit.masks,
            privacy_masks: edit.privacy_masks,
            calibration: edit.calibration,
            ..CameraPatch::default()
        };
        if let Some(text) = source {
            let spec = self.source_given(&text, credentials.as_ref()).await?;
            let (source, in_address) = sources::without_login(&text, &spec);
            credentials = in_address.or(credentials);
            patch.source = Some(source);
            patch.origin = Some(Origin::Api);
        } else if let Some(login) = &credentials {
            safe_yolo_media::source::Credentials::new(
                login.username.as_str(),
                login.password.as_str(),
            )?;
        }
        patch.credentials = Some(credentials);
        Ok(patch)
    }

    /// Sets the site's time zone and holidays for all cameras.
    pub(crate) async fn set_calendar(&self, by: &User, calendar: Calendar) -> Result<(), Problem> {
        let by = by.username.clone();
        self.edit(async move |app| {
            let changed = app.store.set_calendar(&calendar, &Author::User(by.clone())).await?;
            if !changed.is_empty() {
                app.audit.note(&by, "calendar.change", "site", calendar.time_zone()).await;
            }
            for record in changed {
                app.take(record).await?;
            }
            Ok(())
        })
        .await
    }

    /// Ends a camera and deletes it; its events stay.
    pub(crate) async fn remove_camera(&self, edit: Edit, id: CameraId) -> Result<(), Problem> {
        self.edit(async move |app| {
            let before = app.known(&id)?;
            app.store.delete_camera(&id, &edit).await?;
            app.registry.remove(&id);
            app.engine.remove(&id).await;
            app.note_opened(&id, "camera_removed").await;
            crate::metrics::forget(&id);
            app.note(&edit.by, "camera.delete", id.as_str(), &before.config.name).await;
            Ok(())
        })
        .await
    }

    /// A configured camera.
    pub(crate) fn known(&self, id: &CameraId) -> Result<Arc<CameraRecord>, Problem> {
        self.registry.camera(id).ok_or_else(|| Problem::not_found("camera", id.as_str()))
    }

    /// Applies what is stored now: the engine first, so that whoever sees the
    /// new settings finds them in force.
    pub(super) async fn take(&self, record: CameraRecord) -> Result<Arc<CameraRecord>, Problem> {
        self.apply(&record).await;
        let id = record.config.id.clone();
        self.registry.put(record);
        self.known(&id)
    }

    async fn apply(&self, record: &CameraRecord) {
        let id = &record.config.id;
        if !record.config.enabled {
            self.engine.remove(id).await;
            self.note_opened(id, "disabled").await;
            return;
        }
        match self.source_of(record).await {
            Ok(source) => self.run_camera(record, source).await,
            Err(error) => {
                self.engine.remove(id).await;
                self.note_unopened(&record.config, &error).await;
            }
        }
    }

    async fn run_camera(&self, record: &CameraRecord, source: SourceSpec) {
        self.engine.apply(Arc::new(record.config.clone()), source).await;
        self.note_opened(&record.config.id, "watching_again").await;
    }

    /// Tries again to start a camera whose source could not be looked at.
    pub(super) async fn retry(&self, id: &CameraId) {
        let id = id.clone();
        let tried = self.edit(async move |app| {
            if let Some(record) = app.registry.camera(&id).filter(|_| app.unopened.has(&id))
                && let Ok(source) = app.source_of(&record).await
            {
                app.run_camera(&record, source).await;
                // Viewers look for the camera again.
                app.registry.put(record.as_ref().clone());
            }
            Ok(())
        });
        if let Err(problem) = tried.await {
            tracing::error!(detail = problem.detail, "a camera could not be tried again");
        }
    }

    /// Starts every stored camera.
    pub(crate) async fn start_cameras(&self) -> Result<(), StoreError> {
        for record in self.store.cameras().await? {
            let known = self.engine.known_classes();
            for zone in &record.config.zones {
                if let Err(error) = zone.validate_classes(&known) {
                    tracing::warn!(camera = %record.config.id, %error, "a zone can't be judged: it shows UNKNOWN");
                }
            }
            let name = record.config.name.clone();
            if let Err(problem) = self.edit(async move |app| app.take(record).await).await {
                tracing::error!(name, detail = problem.detail, "a camera could not be started");
            }
        }
        Ok(())
    }

    /// A camera's figures, whether it runs or not.
    pub(crate) fn status(&self, record: &CameraRecord) -> Status {
        if let Some(handle) = self.engine.camera(&record.config.id) {
            return handle.status();
        }
        let (state, reason) = if !record.config.enabled {
            (CameraState::Stopped, BlindReason::Command)
        } else if self.unopened.has(&record.config.id) {
            (CameraState::Offline, BlindReason::NotFound)
        } else {
            (CameraState::Connecting, BlindReason::Opening)
        };
        Status { state, reason: Some(reason), ..Status::unknown() }
    }

    /// Asks something of a running camera.
    pub(crate) async fn command(
        &self,
        by: &User,
        id: &CameraId,
        command: safe_yolo_pipeline::Command,
    ) -> Result<Status, Problem> {
        use safe_yolo_pipeline::CommandError;
        let record = self.known(id)?;
        let Some(handle) = self.engine.camera(id) else {
            let why =
                if record.config.enabled { "its source is not there" } else { "it is disabled" };
            let name = &record.config.name;
            return Err(Problem::new(Code::Conflict, format!("'{name}' takes no commands: {why}")));
        };
        handle.command(command).await.map_err(|error| match error {
            CommandError::Position { .. } => Problem::invalid(error.to_string()),
            CommandError::Live | CommandError::Gone => {
                Problem::new(Code::Conflict, error.to_string())
            }
            CommandError::Restarting => Problem::new(Code::Unavailable, error.to_string()),
        })?;
        let done = format!("{command:?}").to_lowercase();
        tracing::info!(camera = %id, by = by.username, command = done, "command");
        self.audit.note(&by.username, "camera.command", id.as_str(), &done).await;
        Ok(handle.status())
    }
}
