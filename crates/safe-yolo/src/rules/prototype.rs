//! `safe-yolo rules import-prototype`: a site file of the Python prototype's cameras and zones.
//!
//! The prototype guessed from their size whether points are pixels or fractions, and of which
//! picture. Here whoever imports says so, and points that do not fit what was said are refused.

mod picture;
mod record;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use safe_yolo_core::{Anchor, Calendar, CameraConfig, Equipment, Zone, ZoneType, config};

use self::picture::{PictureSizes, StatedSize};
use self::record::{Camera, Records, Roi};
use super::write_new;
use crate::secrets::Secrets;
use crate::site::{self, Site};

/// Which files, and what their points are.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// JSON files: the answers of the prototype to `/api/cameras/` and `/api/rois/`, or the rows
    /// of its tables `cameras` and `rois`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What points are: pixels of a picture of this size, or `fractions`; given again as
    /// ID=WxH or ID=fractions for one camera
    #[arg(long = "picture-size", value_name = "WxH|fractions", required = true)]
    picture_size: Vec<StatedSize>,
    /// The site file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(arguments: &ImportArguments) -> Result<ExitCode> {
    let sizes = PictureSizes::new(&arguments.picture_size)?;
    let mut records = Records::default();
    for file in &arguments.files {
        records.read(file)?;
    }
    let (text, notes) = site_file(records, &sizes)?;
    let site = Site::parse(&arguments.out.display().to_string(), &text)
        .context("nothing was written: correct this in the data of the prototype")?;
    write_new(&arguments.out, &text)?;
    for note in notes {
        eprintln!("note: {note}");
    }
    let (summary, out) = (site.summary(), arguments.out.display());
    writeln!(std::io::stdout().lock(), "{summary}. Results in {out}")?;
    Ok(ExitCode::SUCCESS)
}

/// The text and what has to be known about it, or all that is wrong with the records.
fn site_file(records: Records, sizes: &PictureSizes) -> Result<(String, Vec<String>)> {
    let mut wrong = records.wrong;
    let ids: Vec<i64> = records.cameras.iter().map(|camera| camera.id).collect();
    wrong.extend(sizes.unknown(&ids));
    let mut secrets = Secrets::new(records.cameras.iter().map(|camera| camera.source.as_str()));
    let mut notes = Vec::new();
    let mut cameras = Vec::new();
    for camera in &records.cameras {
        let rois: Vec<&Roi> =
            records.rois.iter().filter(|roi| roi.camera_id == camera.id).collect();
        match convert(camera, &rois, sizes, &mut secrets, &mut notes) {
            Ok(config) => cameras.push(config),
            Err(mistakes) => wrong.extend(mistakes),
        }
    }
    for roi in &records.rois {
        if !ids.contains(&roi.camera_id) {
            let (place, id) = (&roi.place, roi.camera_id);
            wrong.push(format!("{place}: there is no camera {id}: give the file with it, too"));
        }
    }
    for (index, camera) in records.cameras.iter().enumerate() {
        let before = records.cameras.iter().take(index).find(|other| other.name == camera.name);
        if let Some(other) = before {
            let (place, id) = (&camera.place, other.id);
            wrong.push(format!("{place}: camera {id} has the same name: give each its own"));
        }
    }
    refuse(&wrong)?;
    ensure!(
        !cameras.is_empty(),
        "there is no camera in these files: give the one with the cameras"
    );
    notes.extend(secrets.into_notes());
    if cameras.iter().any(|camera| !camera.zones.is_empty()) {
        notes.push(
            "helmets are required in every zone, as the prototype did; it kept nowhere which zones \
             need an extinguisher: add a rule object_missing to those"
                .to_owned(),
        );
    }
    let mut text = String::from("# Made by `safe-yolo rules import-prototype`.\n");
    for note in &notes {
        writeln!(text, "# {note}")?;
    }
    text.push('\n');
    text.push_str(&site::write(None, &cameras)?);
    Ok((text, notes))
}

/// All mistakes at once, up to a bound.
fn refuse(wrong: &[String]) -> Result<()> {
    const SHOWN_MAX: usize = 50;
    if wrong.is_empty() {
        return Ok(());
    }
    let more = match wrong.len().saturating_sub(SHOWN_MAX) {
        0 => String::new(),
        more => format!("\nand {more} more"),
    };
    let shown: Vec<&str> = wrong.iter().take(SHOWN_MAX).map(String::as_str).collect();
    bail!("nothing was written:\n{}{more}", shown.join("\n"))
}

fn convert(
    camera: &Camera,
    rois: &[&Roi],
    sizes: &PictureSizes,
    secrets: &mut Secrets,
    notes: &mut Vec<String>,
) -> Result<CameraConfig, Vec<String>> {
    let mut wrong = Vec::new();
    let source = address(camera)
        .and_then(|source| secrets.hide(&camera.id.to_string(), &camera.name, &source, false));
    let source = source.unwrap_or_else(|error| {
        wrong.push(format!("{}: {error:#}", camera.place));
        String::new()
    });
    let mut zones: Vec<Zone> = Vec::new();
    for (number, roi) in (1..).zip(rois) {
        if zones.iter().any(|zone| zone.name == roi.name) {
            let place = &roi.place;
            wrong
                .push(format!("{place}: another zone of the camera has the same name: change one"));
        }
        match zone(number, roi, camera, sizes) {
            Ok(zone) => zones.push(zone),
            Err(error) => wrong.push(format!("{}: {error:#}", roi.place)),
        }
        if roi.zone_type.is_none() {
            let place = &roi.place;
            notes.push(format!(
                "{place} has no zone_type: a warning zone, as the prototype took it"
            ));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let id = format!("camera-{}", camera.id).parse();
    let config = CameraConfig {
        id: id.map_err(|error| vec![format!("{}: {error}", camera.place)])?,
        name: camera.name.clone(),
        source,
        enabled: camera.is_active,
        // The prototype plays a file in a loop.
        repeat: true,
        analysis_rate_max: CameraConfig::ANALYSIS_RATE_MAX,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: Calendar::default(),
        zones,
        version: 1,
    };
    config.validate().map_err(|error| vec![format!("{}: {error}", camera.place)])?;
    Ok(config)
}

fn zone(number: usize, roi: &Roi, camera: &Camera, sizes: &PictureSizes) -> Result<Zone> {
    let zone_type = match roi.zone_type.as_deref() {
        None | Some("warning") => ZoneType::Warning,
        Some("danger") => ZoneType::Danger,
        Some(other) => bail!("zone_type is '{other}': it must be 'warning' or 'danger'"),
    };
    Ok(Zone {
        id: format!("zone-{number}").parse()?,
        name: roi.name.clone(),
        zone_type,
        points: sizes.of(camera.id).outline(&roi.points)?,
        place: None,
        anchor: Anchor::default(),
        active: roi.is_active,
        schedule: None,
        dwell_s: config::default_dwell_s(),
        pause_s: config::default_pause_s(),
        require: [Equipment::Helmet].into(),
        rules: Vec::new(),
    })
}

/// The address as it is written here; errors do not show it, for it may hold a password.
fn address(camera: &Camera) -> Result<String> {
    let source = camera.source.trim();
    let (scheme, rest) = source.split_once("://").unwrap_or(("", source));
    let scheme = scheme.to_ascii_lowercase();
    match (camera.source_type.as_str(), scheme.as_str()) {
        ("rtsp", "rtsp" | "http") => Ok(format!("{scheme}://{rest}")),
        ("rtsp", _) => bail!(
            "source_type is 'rtsp', but its source begins with neither rtsp:// nor http://: correct \
             one of the two"
        ),
        ("file", "") => {
            let number = source.bytes().all(|byte| byte.is_ascii_digit());
            ensure!(
                !number,
                "source '{source}' is the number of a USB camera: write a path, and usb:///dev/videoN \
                 into the site file afterwards"
            );
            let is_windows = source.contains('\\') || source.as_bytes().get(1) == Some(&b':');
            ensure!(
                !is_windows,
                "source '{source}' is a path of Windows: copy the file to this machine and write its \
                 path here"
            );
            Ok(source.to_owned())
        }
        ("file", _) => bail!(
            "source_type is 'file', but its source is an address ({scheme}://): write 'rtsp' for a \
             camera in the network"
        ),
        (other, _) => bail!("source_type is '{other}': it must be 'file' or 'rtsp'"),
    }
}

/// Reads a file of at most so many bytes.
fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    const BYTES_MAX: u64 = 16 << 20;
    let name = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("file '{name}'"))?.len();
    ensure!(size <= BYTES_MAX, "file '{name}' has {size} bytes: at most {BYTES_MAX} are read");
    std::fs::read(path).with_context(|| format!("file '{name}'"))
}

#[cfg(test)]
mod tests;
