//! `safe-yolo rules export`: what the database holds, as a site file.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use safe_yolo_core::Calendar;
use safe_yolo_store::{CameraRecord, Store, StoreError};

use super::write_new;
use crate::secrets::Secrets;
use crate::site::{self, Site};

/// Which data, and where to.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The data folder of `serve`
    #[arg(long = "data", visible_alias = "data-dir", value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// The file to write; without it, standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (calendar, records) = runtime.block_on(stored(&arguments.data_dir))?;
    let (text, notes) = as_text(&calendar, records)?;
    match &arguments.out {
        Some(out) => write_new(out, &text)?,
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
    }
    for note in notes {
        eprintln!("note: {note}");
    }
    // The interface takes what contradicts itself; a text does not.
    let name = arguments.out.as_ref().map_or("export".into(), |out| out.display().to_string());
    let site = Site::parse(&name, &text).context("written, but it has to be mended before use")?;
    if arguments.out.is_some() {
        writeln!(std::io::stdout().lock(), "{}. Results in {name}", site.summary())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn stored(data_dir: &Path) -> Result<(Calendar, Vec<CameraRecord>)> {
    let name = data_dir.display();
    // Opening would make one.
    ensure!(
        data_dir.join(Store::FILE).is_file(),
        "there is no database {} in '{name}': give the folder that `serve` has as --data-dir",
        Store::FILE
    );
    let store = Store::open(data_dir).await.with_context(|| format!("database in '{name}'"))?;
    let found = async { Ok::<_, StoreError>((store.calendar().await?, store.cameras().await?)) };
    let found = found.await;
    store.close().await;
    found.with_context(|| format!("database in '{name}'"))
}

/// The text, and what has to be set before it can be used.
fn as_text(calendar: &Calendar, records: Vec<CameraRecord>) -> Result<(String, Vec<String>)> {
    let mut secrets = Secrets::new(records.iter().map(|record| record.config.source.as_str()));
    let mut cameras = Vec::new();
    for (number, record) in (1..).zip(records) {
        let mut config = record.config;
        let login = record.credentials.is_some();
        config.source = secrets.hide(&number.to_string(), &config.name, &config.source, login)?;
        cameras.push(config);
    }
    let notes = secrets.into_notes();
    let mut text = String::from("# Written by `safe-yolo rules export`.\n");
    for note in &notes {
        text.extend(["# ", note, "\n"]);
    }
    text.push('\n');
    text.push_str(&site::write(Some(calendar), &cameras)?);
    Ok((text, notes))
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::{Anchor, CameraConfig, ZoneType};
    use safe_yolo_store::{Author, Credentials, Edit, NewCamera, NewZone, Origin};
    use tempfile::TempDir;

    use super::*;

    fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }

    fn zone(name: &str) -> NewZone {
        let points = read("[[0.1, 0.1], [0.9, 0.1], [0.3333333333333333, 0.9]]");
        NewZone {
            anchor: Anchor::Overlap,
            schedule: Some(read(
                r#"[{"days":["mon","sat"],"from":"22:00","to":"06:00"},{"holidays":"only"}]"#,
            )),
            dwell_s: 0.5,
            pause_s: 12.0,
            require: [safe_yolo_core::Equipment::Vest].into(),
            rules: read(
                r#"[{"type":"occupancy_above","people":3},
                {"type":"line_crossing","line":[[0.2,0.5],[0.8,0.5]],"direction":"to_left",
                    "schedule":[{"from":"08:00"}],"message":{"ko":"출입 금지","en":"keep out"}},
                {"type":"near_miss","class":"forklift","distance_m":1.5,"speed_m_s":0.7,
                    "when":{"class":"person","present":true}},
                {"type":"entries_above","people":10,"window_s":600,"active":false}]"#,
            ),
            ..NewZone::new(name, ZoneType::Custom, points)
        }
    }

    /// Without what the database makes itself.
    fn settings(config: &CameraConfig) -> CameraConfig {
        let mut config = config.clone();
        (config.id, config.version) = ("new".parse().unwrap(), 1);
        for (number, zone) in (1..).zip(&mut config.zones) {
            zone.id = format!("zone-{number}").parse().unwrap();
        }
        config
    }

    async fn made(
        folder: &Path,
        login: Option<Credentials>,
        source: &str,
    ) -> (Calendar, Vec<CameraRecord>) {
        let store = Store::open(folder).await.unwrap();
        let kim = Edit::by_user("kim", None);
        let calendar = Calendar::new("Asia/Seoul", &["2026-05-05".to_owned()]).unwrap();
        store.set_calendar(&calendar, &kim.by).await.unwrap();
        let camera = NewCamera {
            credentials: login,
            analysis_rate_max: 4.5,
            masks: vec![read("[[0.95, 0.9], [1.0, 0.9], [1.0, 1.0]]")],
            calibration: Some(read(
                r#"{"points":[[0.3,0.5],[0.7,0.5],[0.9,0.9],[0.1,0.9]],"metres":[[0,0],[6,0],[6,4],[0,4]]}"#,
            )),
            ..NewCamera::new("1공장 정문", source, Origin::Api)
        };
        let id = store.create_camera(camera, &Author::CommandLine).await.unwrap().config.id;
        store.create_zone(&id, zone("프레스"), &kim).await.unwrap();
        store.create_zone(&id, zone("지게차 통로"), &kim).await.unwrap();
        let hall = NewCamera::new("hall", "sim://demo", Origin::Api);
        store.create_camera(hall, &kim.by).await.unwrap();
        store.close().await;
        super::stored(folder).await.unwrap()
    }

    #[tokio::test]
    async fn an_export_reads_back_to_equal_settings() {
        let folder = TempDir::new().unwrap();
        let (calendar, records) = made(folder.path(), None, "rtsp://10.0.0.5/1").await;
        let before: Vec<_> = records.iter().map(|record| settings(&record.config)).collect();
        assert_eq!((before.len(), before[0].zones.len()), (2, 2));
        let (text, notes) = as_text(&calendar, records).unwrap();
        let site = Site::parse("f", &text).unwrap();
        assert_eq!(site.calendar, Some(calendar));
        let again: Vec<_> = site.cameras.iter().map(|c| c.config().unwrap()).collect();
        assert_eq!(again, before, "{text}");
        assert_eq!(notes, Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_login_is_named_and_not_written() {
        let folder = TempDir::new().unwrap();
        let (username, password) = ("root-user".to_owned(), "s3cret".to_owned());
        let login = Some(Credentials { username, password });
        let (calendar, records) = made(folder.path(), login, "rtsp://10.0.0.5:554/1").await;
        let (text, notes) = as_text(&calendar, records).unwrap();
        let notes = notes.join("\n");
        for said in [&text, &notes] {
            assert!(!said.contains("s3cret") && !said.contains("root-user"), "{said}");
            assert!(said.contains("CAMERA_1_USER") && said.contains("CAMERA_1_PASSWORD"), "{said}");
        }
        let site = Site::parse("f", &text).unwrap();
        let source = &site.camera("1공장 정문").unwrap().source;
        assert_eq!(source, "rtsp://${CAMERA_1_USER}:${CAMERA_1_PASSWORD}@10.0.0.5:554/1");
    }

    #[tokio::test]
    async fn a_folder_without_database_is_left_without() {
        let folder = TempDir::new().unwrap();
        let error = super::stored(folder.path()).await.unwrap_err().to_string();
        assert!(error.contains("there is no database safe-yolo.db in"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
