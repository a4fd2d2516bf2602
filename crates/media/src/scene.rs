//! Pictures of the simulated site as a stream: a thread that draws, so that
//! they go the same way as decoded ones.

use std::time::Duration;

use safe_yolo_core::PictureTime;
use tokio::sync::mpsc;

use crate::error::StreamError;
use crate::picture::I420;
use crate::reader::{Decoded, Item, QUEUE_LEN};
use crate::source::SimSource;
use crate::stream::StreamInfo;
use safe_yolo_sim::Scene;

/// Starts drawing from `start` on; goes on until nobody listens. Pictures wait
/// to be taken (policy: block), so the caller sets the pace.
pub(crate) fn start(
    source: &SimSource,
    start: Option<PictureTime>,
) -> Result<(StreamInfo, mpsc::Receiver<Item>), StreamError> {
    let scene = Scene::open(&source.scenario, source.seed, source.size)
        .map_err(|error| StreamError::Simulated(error.to_string()))?;
    let start = start.unwrap_or_default();
    let info = StreamInfo {
        size: scene.size(),
        codec: "drawn".to_owned(),
        start,
        duration: None,
        pictures_per_s: Some(scene.rate()),
    };
    let (sender, receiver) = mpsc::channel(QUEUE_LEN);
    let run = move || {
        let end = draw(&scene, start, &sender);
        // Nobody may be listening any more, which is fine.
        drop(sender.blocking_send(Item::End(end)));
    };
    let thread = std::thread::Builder::new().name("picture-drawer".to_owned()).spawn(run);
    let cant = |error: std::io::Error| StreamError::System {
        what: "starting a thread",
        why: error.to_string(),
    };
    thread.map_err(cant).map(|_detached| (info, receiver))
}

fn draw(scene: &Scene, start: PictureTime, sender: &mpsc::Sender<Item>) -> Result<(), StreamError> {
    let mut rgb = Vec::new();
    for number in 0_u32.. {
        let time = start + Duration::from_secs_f64(f64::from(number) / scene.rate());
        scene.render(time, &mut rgb);
        let picture = I420::from_rgb(scene.size(), &rgb)?;
        if sender.blocking_send(Item::Picture(Decoded { time, picture })).is_err() {
            break;
        }
    }
    Ok(())
}
