//! Our server as one side of the comparison.

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;

use super::{Figures, Side};
use crate::commands::{Command, Player, Shown};
use crate::live::{Seen, Viewer};
use crate::metrics::Metrics;
use crate::program::Server;

/// A running server with a viewer a camera.
pub(crate) struct Ours {
    server: Server,
    cameras: Vec<(String, Viewer)>,
    before: Metrics,
}

impl Ours {
    /// Looks at these cameras of the server at this width, pixels.
    pub(crate) async fn over(server: Server, width: u32, ids: &[String]) -> Result<Self> {
        let mut cameras = Vec::new();
        for id in ids {
            let viewer = Viewer::start(server.live(&[id], width).await?);
            cameras.push((id.clone(), viewer));
        }
        Ok(Self { server, cameras, before: Metrics::default() })
    }
}

fn shown(seen: Seen) -> Shown {
    Shown {
        at: seen.at,
        epoch: seen.header.segment,
        playing: seen.header.state != "PAUSED",
        analysed: seen.is_analysed(),
        tracks: seen.header.boxes.into_iter().filter_map(|found| found.track).collect(),
    }
}

impl Player for Ours {
    async fn command(&mut self, camera: usize, command: Command) -> Result<Instant> {
        let (id, _) = self.cameras.get(camera).context("no such camera")?;
        let command = match command {
            Command::Play => json!({"action": "play"}),
            Command::Pause => json!({"action": "pause"}),
            Command::Seek(to_ms) => json!({"action": "seek", "position_ms": to_ms}),
        };
        self.server.command(id, &command).await?;
        Ok(Instant::now())
    }

    fn take(&mut self, camera: usize) -> Vec<Shown> {
        let seen = self.cameras.get(camera).map(|(_, viewer)| viewer.take()).unwrap_or_default();
        seen.into_iter().map(shown).collect()
    }
}

impl Side for Ours {
    async fn begin(&mut self) -> Result<()> {
        self.before = self.server.metrics().await?;
        Ok(())
    }

    async fn end(&mut self) -> Result<Figures> {
        let now = self.server.metrics().await?;
        Ok(Figures {
            analysed: now.analysed_since(&self.before)?,
            decoded: now.rise(&self.before, "safe_yolo_decoded_pictures_total"),
            stall_p99_ms: now.bound_ms(&self.before, "safe_yolo_runtime_delay_seconds", 0.99),
        })
    }

    fn pid(&self) -> u32 {
        self.server.pid()
    }
}
