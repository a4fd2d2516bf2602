//! Cameras that are there from the start: of the site file, of the command
//! line, or the simulated site when there is none at all.

use safe_yolo_core::Polygon;
use safe_yolo_media::source::SourceSpec;
use safe_yolo_sim::Scene;
use safe_yolo_store::{NewCamera, NewZone, Origin, SiteCamera, Store};
use tokio::task::spawn_blocking;

use super::{Policies, sources};
use crate::config::{ServerError, StartupCamera};

/// Names and scenarios of the simulated site.
const DEMO: [(&str, &str); 4] = [
    ("데모 1 프레스", "demo"),
    ("데모 2 조립 구역", "crowd"),
    ("데모 3 무단 진입", "intruders"),
    ("데모 4 안전모 벗음", "helmet-off"),
];

/// Brings the store into line with what was asked for at the start.
pub(crate) async fn ensure_cameras(
    store: &Store,
    policies: &Policies,
    cameras: Vec<StartupCamera>,
) -> Result<(), ServerError> {
    let is_empty = cameras.is_empty();
    for StartupCamera { camera, zones } in cameras {
        let camera = without_literal_login(camera, policies);
        let name = camera.name.clone();
        let failed = |source| ServerError::Camera { name: name.clone(), source };
        let zones = match zones {
            Some(zones) => zones,
            None => drawn_zones(store, &name).await.map_err(failed)?,
        };
        store.upsert_camera_by_name(SiteCamera { camera, zones }).await.map_err(failed)?;
    }
    if is_empty && store.cameras().await?.is_empty() {
        let drawn = spawn_blocking(simulated_site).await;
        let panicked = |_panicked| ServerError::Task { what: "drawing the simulated site" };
        for StartupCamera { camera, zones } in drawn.map_err(panicked)?? {
            let name = camera.name.clone();
            let failed = |source| ServerError::Camera { name, source };
            let zones = zones.unwrap_or_default();
            store.upsert_camera_by_name(SiteCamera { camera, zones }).await.map_err(failed)?;
        }
        tracing::info!("no camera is configured: the simulated site is shown");
    }
    Ok(())
}

/// The zones that a camera of this name has.
async fn drawn_zones(
    store: &Store,
    name: &str,
) -> Result<Vec<NewZone>, safe_yolo_store::StoreError> {
    let known = store.cameras().await?.into_iter().find(|record| record.config.name == name);
    let zones = known.map(|record| record.config.zones).unwrap_or_default();
    Ok(zones.into_iter().map(NewZone::from).collect())
}

/// Takes a login out of the address, unless `${NAME}` stands in it: then the
/// address itself holds no secret, and its value is looked up at each start.
fn without_literal_login(camera: NewCamera, policies: &Policies) -> NewCamera {
    if camera.source.contains("${") || !sources::may_hold_login(&camera.source) {
        return camera;
    }
    let Ok(spec) = SourceSpec::parse(&camera.source, policies.of(camera.origin)) else {
        return camera;
    };
    let (source, login) = sources::without_login(&camera.source, &spec);
    NewCamera { source, credentials: camera.credentials.or(login), ..camera }
}

/// The four cameras of the simulated site with the zones that are painted on its floors.
///
/// # Errors
/// When a scene can't be drawn. Takes a moment: every scene is drawn once.
pub fn simulated_site() -> Result<Vec<StartupCamera>, ServerError> {
    let camera = |(name, scenario): (&str, &str)| {
        let mut camera = NewCamera::new(name, &format!("sim://{scenario}"), Origin::Api);
        camera.repeat = true;
        let (mut zones, scene) = (Vec::new(), Scene::new(scenario, 0)?);
        let no_metres =
            |error: &_| tracing::error!(scenario, %error, "the drawn floor has no metres");
        camera.calibration = scene.calibration().inspect_err(no_metres).ok();
        for zone in scene.zones() {
            match Polygon::new(zone.points) {
                Ok(points) => zones.push(NewZone {
                    require: zone.require,
                    rules: zone.rules,
                    ..NewZone::new(&zone.name_ko, zone.zone_type, points)
                }),
                Err(error) => {
                    tracing::error!(zone = zone.name_en, %error, "a zone of the drawn scene is none");
                }
            }
        }
        Ok(StartupCamera { camera, zones: Some(zones) })
    };
    DEMO.into_iter().map(camera).collect()
}
