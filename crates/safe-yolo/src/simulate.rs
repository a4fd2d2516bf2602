//! `safe-yolo simulate`: a drawn scene and the exact truth about it, as files.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use safe_yolo_core::{Class, PictureSize, PictureTime, PixelBox};
use safe_yolo_media::jpeg;
use safe_yolo_sim::{LookSet, Scene, TruthBox, TruthEvent, TruthPerson};
use serde_json::{Value, json};

/// Which scene, and what to write of it.
#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// Name of a scenario, a TOML file of one, or `random`
    scenario: String,
    /// What its dice are seeded with
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Length; without it one loop
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
    /// Folder for the files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Bodies, colours and camera places: `training` is for `random` only
    #[arg(long, value_enum, default_value = "scoring")]
    look: LookChoice,
    /// So many random scenes, of this and the following seeds
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    scenes: u32,
    /// Size of the pictures; without it that of the scenario's camera
    #[arg(long, value_name = "WxH")]
    size: Option<PictureSize>,
    /// Writes every N-th picture, with a label file for training
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pictures: Option<u32>,
    /// How pictures are written
    #[arg(long, value_enum, default_value = "jpg")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LookChoice {
    Scoring,
    Training,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Jpg,
    Png,
}

impl Format {
    const fn ending(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
        }
    }
}

/// The detector's classes in the order of its labels (`training/classes.py`).
const LABELS: [Class; 13] = [
    Class::Person,
    Class::Helmet,
    Class::NoHelmet,
    Class::Vest,
    Class::NoVest,
    Class::Mask,
    Class::NoMask,
    Class::SafetyCone,
    Class::Machinery,
    Class::Vehicle,
    Class::Forklift,
    Class::Fire,
    Class::Smoke,
];
/// What is seen less of than this is no box: nobody could tell what it is.
const VISIBLE_MIN: f32 = 0.25;
/// Boxes with a shorter side, pixels, are none either.
const SIDE_MIN: f32 = 2.0;
/// Numbers of drivers begin here: they are part of their vehicle.
const DRIVER_FIRST: u32 = 1000;
const SECONDS_MAX: f64 = 86_400.0;

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= SECONDS_MAX => Ok(seconds),
        _ => Err(format!("'{text}' is no length: over 0 and at most {SECONDS_MAX} seconds")),
    }
}

pub(crate) fn run(arguments: &SimulateArguments) -> Result<ExitCode> {
    let is_random = arguments.scenario == Scene::RANDOM;
    if !is_random {
        let wrong =
            "goes with `random` only: scenarios are scored, and nothing is trained with them";
        ensure!(arguments.look == LookChoice::Scoring, "--look training {wrong}");
        ensure!(arguments.scenes == 1, "--scenes {wrong}");
    }
    let mut files = Files::create(&arguments.out, arguments)?;
    for number in 0..u64::from(arguments.scenes) {
        let seed = arguments.seed.saturating_add(number);
        files.add(&Scenery::open(arguments, seed)?)?;
    }
    files.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// A scene and what it is called.
struct Scenery {
    scene: Scene,
    name: String,
    /// Its address, if it has one.
    source: Option<String>,
}

impl Scenery {
    fn open(arguments: &SimulateArguments, seed: u64) -> Result<Self> {
        let (given, size) = (arguments.scenario.as_str(), arguments.size);
        let is_random = given == Scene::RANDOM;
        if is_random && arguments.look == LookChoice::Training {
            let scene = Scene::random(seed, LookSet::Training, size)?;
            return Ok(Self { scene, name: format!("{given}-{seed}"), source: None });
        }
        if Path::new(given).extension().is_some_and(|ending| ending == "toml") {
            let text = std::fs::read_to_string(given)
                .with_context(|| format!("scenario file '{given}'"))?;
            let scene = Scene::from_text(given, &text, seed, size)?;
            let stem = Path::new(given).file_stem().unwrap_or_default();
            return Ok(Self { scene, name: stem.to_string_lossy().into_owned(), source: None });
        }
        let way_out = "a name, `random`, or a file that ends in .toml";
        let scene =
            Scene::open(given, seed, size).with_context(|| format!("SCENARIO is {way_out}"))?;
        let name = if is_random { format!("{given}-{seed}") } else { given.to_owned() };
        let size = size.map_or(String::new(), |size| format!("&size={size}"));
        Ok(Self { scene, name, source: Some(format!("sim://{given}?seed={seed}{size}")) })
    }
}

/// The files being written.
struct Files<'a> {
    arguments: &'a SimulateArguments,
    out: &'a Path,
    truth: String,
    incidents: String,
    tracks: String,
    boxes: std::io::BufWriter<std::fs::File>,
    people: std::io::BufWriter<std::fs::File>,
    site: String,
    pictures: u64,
}

impl<'a> Files<'a> {
    fn create(out: &'a Path, arguments: &'a SimulateArguments) -> Result<Self> {
        let folder = |path: &Path| {
            std::fs::create_dir_all(path).with_context(|| format!("folder '{}'", path.display()))
        };
        folder(out)?;
        if arguments.pictures.is_some() {
            folder(&out.join("images"))?;
            folder(&out.join("labels"))?;
        }
        let file = |name: &str| {
            let path = out.join(name);
            std::fs::File::create(&path)
                .map(std::io::BufWriter::new)
                .with_context(|| format!("file '{}'", path.display()))
        };
        Ok(Self {
            arguments,
            out,
            truth: String::new(),
            incidents: String::new(),
            tracks: String::new(),
            boxes: file("boxes.jsonl")?,
            people: file("people.jsonl")?,
            site: String::new(),
            pictures: 0,
        })
    }

    fn add(&mut self, scenery: &Scenery) -> Result<()> {
        let Scenery { scene, name, .. } = scenery;
        let seconds = self.arguments.seconds.unwrap_or_else(|| scene.duration());
        let zones: Vec<String> = scene.zones().into_iter().map(|zone| zone.name_en).collect();
        let line = |event: &TruthEvent| {
            let zone = event.zone.and_then(|zone| zones.get(zone));
            json!({
                "camera": name,
                "type": event.kind.name(),
                "start_s": event.start_s,
                "zone": zone,
                "actor": event.actor,
            })
        };
        for event in scene.events(seconds) {
            writeln!(self.truth, "{}", line(&event))?;
        }
        for event in scene.incidents(seconds) {
            writeln!(self.incidents, "{}", line(&event))?;
        }
        self.add_site(scenery)?;
        let every = self.arguments.pictures.unwrap_or(1);
        let mut rgb = Vec::new();
        let count = (0_u32..).take_while(|n| f64::from(*n) < seconds * scene.rate());
        for index in count {
            let time = PictureTime::from_secs_f64(f64::from(index) / scene.rate());
            let people = scene.truth(time);
            if self.arguments.scenes == 1 {
                write_tracks(&mut self.tracks, index + 1, &people)?;
            }
            let row = json!({
                "camera": name,
                "frame": index + 1,
                "time_s": time.secs_f64(),
                "people": people.iter().map(|p| person(scene, p, &zones)).collect::<Vec<_>>(),
            });
            writeln!(self.people, "{row}").context("people.jsonl")?;
            if index % every == 0 {
                self.add_picture(scenery, index, time, &mut rgb)?;
            }
        }
        Ok(())
    }

    /// The boxes of a picture and, if wanted, the picture itself.
    fn add_picture(
        &mut self,
        scenery: &Scenery,
        index: u32,
        time: PictureTime,
        rgb: &mut Vec<u8>,
    ) -> Result<()> {
        let Scenery { scene, name, .. } = scenery;
        let format = self.arguments.format;
        let stem = format!("{name}-{:06}", index + 1);
        let file = format!("{stem}.{}", format.ending());
        let size = scene.size();
        let boxes: Vec<TruthBox> = scene.boxes(time).into_iter().filter(is_box).collect();
        let row = json!({
            "file": file,
            "time_s": time.secs_f64(),
            "width": size.width,
            "height": size.height,
            "boxes": boxes.iter().map(boxed).collect::<Vec<_>>(),
        });
        writeln!(self.boxes, "{row}").context("boxes.jsonl")?;
        if self.arguments.pictures.is_none() {
            return Ok(());
        }
        scene.render(time, rgb);
        let path = self.out.join("images").join(&file);
        let save = || -> Result<()> {
            match format {
                Format::Jpg => {
                    std::fs::write(&path, jpeg::encode_rgb(rgb, size, jpeg::QUALITY_EVIDENCE)?)?;
                }
                Format::Png => image::save_buffer(
                    &path,
                    rgb,
                    size.width,
                    size.height,
                    image::ExtendedColorType::Rgb8,
                )?,
            }
            Ok(())
        };
        save().with_context(|| format!("picture '{}'", path.display()))?;
        let path = self.out.join("labels").join(format!("{stem}.txt"));
        std::fs::write(&path, labels(&boxes, size))
            .with_context(|| format!("labels '{}'", path.display()))?;
        self.pictures += 1;
        Ok(())
    }

    /// The camera and its zones, so that the scene can be analysed with them.
    fn add_site(&mut self, scenery: &Scenery) -> Result<()> {
        let Some(source) = &scenery.source else { return Ok(()) };
        let name = &scenery.name;
        writeln!(self.site, "[[camera]]\nname = \"{name}\"\nsource = \"{source}\"")?;
        let calibration = toml::Value::try_from(scenery.scene.calibration()?)?;
        writeln!(self.site, "calibration = {calibration}")?;
        for zone in scenery.scene.zones() {
            let points: Vec<[f64; 2]> = zone.points.iter().map(|p| [p.x, p.y]).collect();
            let require: Vec<&str> = zone.require.iter().map(|item| item.name()).collect();
            writeln!(
                self.site,
                "[[camera.zone]]\nname = \"{}\"\ntype = \"{}\"\npoints = {}\nrequire = {}",
                zone.name_en,
                zone.zone_type.name(),
                json!(points),
                json!(require)
            )?;
            if !zone.rules.is_empty() {
                let rules = toml::Value::try_from(&zone.rules)?;
                writeln!(self.site, "rule = {rules}")?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        self.boxes.flush().context("boxes.jsonl")?;
        self.people.flush().context("people.jsonl")?;
        let mut files = vec![("truth.jsonl", &self.truth), ("incidents.jsonl", &self.incidents)];
        if self.arguments.scenes == 1 {
            files.push(("gt.txt", &self.tracks));
        }
        if !self.site.is_empty() {
            files.push(("site.toml", &self.site));
        }
        for (name, text) in files {
            let path = self.out.join(name);
            std::fs::write(&path, text).with_context(|| format!("file '{}'", path.display()))?;
        }
        writeln!(
            std::io::stdout().lock(),
            "{} scenes, {} events, {} pictures. Results in {}",
            self.arguments.scenes,
            self.truth.lines().count(),
            self.pictures,
            self.out.display()
        )?;
        Ok(())
    }
}

fn is_box(found: &TruthBox) -> bool {
    let b = found.bbox;
    found.visible >= VISIBLE_MIN && b.width() >= SIDE_MIN && b.height() >= SIDE_MIN
}

fn corners(b: &PixelBox) -> [f32; 4] {
    [b.x1, b.y1, b.x2, b.y2]
}

fn boxed(found: &TruthBox) -> Value {
    json!({
        "class": found.class,
        "box": corners(&found.bbox),
        "visible": found.visible,
        "actor": found.actor,
        "drives": found.actor.is_some_and(|actor| actor >= DRIVER_FIRST),
    })
}

fn person(scene: &Scene, person: &TruthPerson, zones: &[String]) -> Value {
    let inside: Vec<&String> =
        scene.zones_of(person).into_iter().filter_map(|zone| zones.get(zone)).collect();
    json!({
        "actor": person.actor,
        "box": corners(&person.bbox),
        "seen": corners(&person.seen),
        "visible": person.visible,
        "cut": person.cut,
        "foot": [person.foot.x, person.foot.y],
        "place_m": person.place,
        "zones": inside,
        "posture": person.posture.name(),
        "helmet": person.helmet,
        "vest": person.vest,
        "mask": person.mask,
    })
}

/// Lines of `MOTChallenge`'s truth: frame, id, box, whether it counts, class 1, visibility.
fn write_tracks(out: &mut String, frame: u32, people: &[TruthPerson]) -> Result<()> {
    for person in people {
        let b = person.bbox;
        writeln!(
            out,
            "{frame},{},{:.2},{:.2},{:.2},{:.2},{},1,{:.3}",
            person.actor + 1,
            b.x1,
            b.y1,
            b.width(),
            b.height(),
            u8::from(person.visible >= VISIBLE_MIN),
            person.visible
        )?;
    }
    Ok(())
}

/// A label file as YOLO has them: class, middle and sides as fractions of the picture.
fn labels(boxes: &[TruthBox], size: PictureSize) -> String {
    let (w, h) = (f64::from(size.width), f64::from(size.height));
    let mut text = String::new();
    for TruthBox { class, bbox, .. } in boxes {
        let Some(label) = LABELS.iter().position(|label| label == class) else { continue };
        let [x1, y1, x2, y2] = corners(bbox).map(f64::from);
        let line = [(x1 + x2) / 2.0 / w, (y1 + y2) / 2.0 / h, (x2 - x1) / w, (y2 - y1) / h];
        let numbers: Vec<String> = line.iter().map(|part| format!("{part:.6}")).collect();
        text.extend([&label.to_string(), " ", &numbers.join(" "), "\n"]);
    }
    text
}

#[cfg(test)]
#[path = "simulate_tests.rs"]
mod tests;
