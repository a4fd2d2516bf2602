//! What the cameras of the load send: the drawn hall, scaled, with a sensor's
//! noise, as H.264 with a key picture every second and no B pictures.
//!
//! Made once by ffmpeg and kept in `target/bench-cache`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use safe_yolo_core::{PictureSize, PictureTime};
use safe_yolo_sim::Scene;
use safe_yolo_testkit::clip::ClipCodec;
use safe_yolo_testkit::footage::Footage;

/// Changes whenever the recipe does, so that old files are not taken for new ones.
const RECIPE: u32 = 2;
/// Strength of the noise, ffmpeg's scale; new for each picture.
const NOISE: &str = "noise=all_seed=7:c0s=9:c0f=t:c1s=4:c1f=t:c2s=4:c2f=t";
/// Quality of x264, and the most bits a second at 1280x720, as cameras are set.
const QUALITY: &str = "25";
const BITS_PER_S_720: u32 = 6_000_000;

/// One clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Clip {
    /// A scenario of the drawn scene.
    pub(crate) scenario: &'static str,
    pub(crate) seed: u64,
    pub(crate) size: PictureSize,
    /// Pictures a second.
    pub(crate) rate: u32,
    /// Where in the scenario it begins, seconds.
    pub(crate) from_s: u32,
    /// Length, seconds.
    pub(crate) seconds: u32,
}

impl Clip {
    /// Two people all the time, one bare-headed.
    pub(crate) const fn people(size: PictureSize, rate: u32) -> Self {
        Self { scenario: "helmets", seed: 1, size, rate, from_s: 0, seconds: 40 }
    }

    /// Up to four people who come and go.
    pub(crate) const fn crowd(size: PictureSize, rate: u32) -> Self {
        Self { scenario: "demo", seed: 2, size, rate, from_s: 5, seconds: 40 }
    }

    /// Somebody walks into the zone about 3 s after the beginning.
    pub(crate) const fn intruder(size: PictureSize, rate: u32) -> Self {
        Self { scenario: "intruders", seed: 3, size, rate, from_s: 0, seconds: 10 }
    }

    /// The hall with nobody in it: nothing moves but the noise.
    pub(crate) const fn quiet(size: PictureSize, rate: u32) -> Self {
        Self { scenario: "quiet", seed: 4, size, rate, from_s: 0, seconds: 20 }
    }

    /// The file, made if it is not there yet.
    pub(crate) fn file(&self) -> Result<PathBuf> {
        let folder = cache()?;
        let Self { scenario, seed, size, rate, from_s, seconds } = self;
        let PictureSize { width, height } = size;
        let name = format!(
            "{scenario}-{seed}-{width}x{height}-{rate}ps-{from_s}s-{seconds}s-v{RECIPE}.mp4"
        );
        let path = folder.join(name);
        if !path.is_file() {
            // Under another name until it is whole.
            let part = path.with_extension(format!("{}.part.mp4", std::process::id()));
            self.make(&part).with_context(|| format!("making '{}'", path.display()))?;
            std::fs::rename(&part, &path)?;
        }
        Ok(path)
    }

    /// The coded pictures, to be sent over RTSP.
    pub(crate) fn footage(&self) -> Result<Footage> {
        Ok(Footage::read(&self.file()?, ClipCodec::H264, f64::from(self.seconds))?)
    }

    fn make(&self, path: &Path) -> Result<()> {
        let scene = Scene::new(self.scenario, self.seed)?;
        let PictureSize { width, height } = self.size;
        let matrix = if height >= 720 { "bt709" } else { "bt601" };
        let filters = format!(
            "scale={width}:{height}:flags=bicubic:out_color_matrix={matrix}:out_range=tv,\
             format=yuv420p,{NOISE}"
        );
        let bits_per_s = u64::from(BITS_PER_S_720) * u64::from(width) * u64::from(height)
            / (1280 * 720)
            * u64::from(self.rate)
            / 15;
        let rate = self.rate.to_string();
        let from = scene.size();
        let mut child = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"])
            .args(["-video_size", &format!("{}x{}", from.width, from.height)])
            .args(["-framerate", &rate, "-i", "pipe:0", "-vf", &filters])
            .args(["-c:v", "libx264", "-preset", "fast", "-profile:v", "high", "-bf", "0"])
            .args(["-crf", QUALITY, "-maxrate", &bits_per_s.to_string()])
            .args(["-bufsize", &bits_per_s.to_string(), "-g", &rate, "-sc_threshold", "0"])
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()
            .context("ffmpeg")?;
        let mut pipe = child.stdin.take().context("ffmpeg takes no input")?;
        let mut rgb = Vec::new();
        for number in 0..self.rate * self.seconds {
            let seconds = f64::from(self.from_s) + f64::from(number) / f64::from(self.rate);
            scene.render(PictureTime::from_secs_f64(seconds), &mut rgb);
            pipe.write_all(&rgb)?;
        }
        drop(pipe);
        ensure!(child.wait()?.success(), "ffmpeg failed");
        Ok(())
    }
}

/// `target/bench-cache`, beside the folder of the program that runs.
pub(crate) fn cache() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent).context("no folder of the build")?;
    let folder = target.join("bench-cache");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The same round of pictures, begun at its n-th key picture.
pub(crate) fn begun_at(footage: &Footage, key: usize) -> Footage {
    let keys: Vec<usize> = footage
        .pictures
        .iter()
        .enumerate()
        .filter_map(|(index, picture)| picture.key.then_some(index))
        .collect();
    let mut turned = footage.clone();
    let Some(at) = keys.get(key % keys.len().max(1)).copied() else { return turned };
    let first = turned.pictures[at].time;
    turned.pictures.rotate_left(at);
    for picture in &mut turned.pictures {
        picture.time = (picture.time + footage.length - first) % footage.length;
    }
    turned
}

#[cfg(test)]
mod tests {
    use safe_yolo_testkit::footage::CodedPicture;

    use super::*;

    #[test]
    fn a_round_can_begin_at_any_key_picture() {
        let picture = |number: u32| CodedPicture {
            nals: vec![vec![1]],
            time: number * 6000,
            key: number.is_multiple_of(2),
        };
        let footage = Footage {
            codec: ClipCodec::H264,
            pictures: (0..6).map(picture).collect(),
            length: 36_000,
            parameter_sets: Vec::new(),
        };
        assert_eq!(begun_at(&footage, 0).pictures, footage.pictures);
        let turned = begun_at(&footage, 4);
        assert!(turned.pictures[0].key);
        let times: Vec<u32> = turned.pictures.iter().map(|picture| picture.time / 6000).collect();
        assert_eq!(times, [0, 1, 2, 3, 4, 5]);
    }
}
