//! The annotated video: pictures with boxes, encoded by an `ffmpeg` child.

use std::io::{Error, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use safe_yolo_core::PictureSize;

/// An MP4 that is being written.
#[derive(Debug)]
pub(crate) struct AnnotatedVideo {
    child: Child,
    pictures: Option<ChildStdin>,
}

impl AnnotatedVideo {
    /// Starts the encoder; `fps` is the file's average, so that the video is as long as the file.
    pub(crate) fn create(path: &Path, size: PictureSize, fps: f64) -> Result<Self, Error> {
        let mut child = Command::new("ffmpeg")
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
            .args(["-f", "rawvideo", "-pixel_format", "rgb24"])
            .args(["-video_size", &format!("{}x{}", size.width, size.height)])
            .args(["-framerate", &fps.to_string(), "-i", "pipe:0"])
            // H.264 in 4:2:0 needs even sides.
            .args(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p"])
            .args([
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "23",
                "-movflags",
                "+faststart",
            ])
            .arg(format!("file:{}", path.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let pictures = child.stdin.take();
        Ok(Self { child, pictures })
    }

    /// Adds a picture: RGB, 8 bits each, row by row.
    pub(crate) fn add(&mut self, rgb: &[u8]) -> Result<(), Error> {
        match self.pictures.as_mut() {
            Some(pictures) => pictures.write_all(rgb),
            None => Err(Error::other("the encoder takes no pictures")),
        }
    }

    /// Waits for the encoder to finish the file.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        drop(self.pictures.take());
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::other(format!("ffmpeg ended with {status}")))
        }
    }
}
