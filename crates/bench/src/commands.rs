//! How long a command takes to take effect: asked, answered, and no older
//! picture after. The same for our server and for the old design.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::stats::quantile;

/// What is asked of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Play,
    Pause,
    /// To this place, milliseconds.
    Seek(u64),
}

/// A picture as its viewer sees it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) at: Instant,
    /// Changes with each seek.
    pub(crate) epoch: u64,
    /// Shown as playing: false for the still of a paused camera.
    pub(crate) playing: bool,
    pub(crate) analysed: bool,
    /// Names of the tracks of people on it.
    pub(crate) tracks: Vec<String>,
}

/// Something that plays cameras and obeys.
pub(crate) trait Player {
    /// Asks, and waits for the answer; when it came.
    async fn command(&mut self, camera: usize, command: Command) -> Result<Instant>;
    /// The pictures that the camera's viewer was shown since the last call.
    fn take(&mut self, camera: usize) -> Vec<Shown>;
}

/// What was measured, milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Timed {
    /// Until the answer.
    pub(crate) answered: Vec<f64>,
    /// Until the answer and the last older picture.
    pub(crate) effect: Vec<f64>,
    /// From a seek to the first picture of the new place.
    pub(crate) new_place: Vec<f64>,
}

impl Timed {
    /// `median / 99 %` of [`Self::effect`], and how many there were.
    pub(crate) fn effect_text(&mut self) -> String {
        let (count, effect) = (self.effect.len(), &mut self.effect);
        format!("{:.1} / {:.1} of {count}", quantile(effect, 0.5), quantile(effect, 0.99))
    }
}

/// A picture or an answer must come within this.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// After an answer, older pictures would come within this.
const LATE_MAX: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(2);

/// Pauses, plays and seeks a camera for this long.
pub(crate) async fn measure<P: Player>(
    player: &mut P,
    camera: usize,
    lasts: Duration,
) -> Result<Timed> {
    let mut timed = Timed::default();
    let began = Instant::now();
    let mut round: u64 = 0;
    while began.elapsed() < lasts {
        round += 1;
        // Commands must not fall into step with pictures.
        let shift = Duration::from_millis(round * 37 % 67);

        wait_for(player, camera, "a picture that plays", |shown| shown.playing).await?;
        tokio::time::sleep(shift).await;
        player.take(camera);
        let asked = Instant::now();
        let answered = player.command(camera, Command::Pause).await?;
        tokio::time::sleep(LATE_MAX).await;
        let older = player.take(camera).into_iter().filter(|shown| shown.playing);
        timed.add(asked, answered, older.map(|shown| shown.at).max());

        player.command(camera, Command::Play).await?;
        let before =
            wait_for(player, camera, "a picture that plays", |shown| shown.playing).await?.epoch;
        tokio::time::sleep(LATE_MAX + shift).await;
        let before = player.take(camera).last().map_or(before, |shown| shown.epoch);
        let asked = Instant::now();
        let place_ms = 1000 + round * 7300 % 25_000;
        let answered = player.command(camera, Command::Seek(place_ms)).await?;
        let mut older = None;
        let new = wait_for(player, camera, "a picture of the new place", |shown| {
            if shown.epoch == before {
                older = Some(shown.at);
            }
            shown.epoch != before
        });
        let new = new.await?;
        timed.add(asked, answered, older);
        timed.new_place.push(new.at.duration_since(asked).as_secs_f64() * 1000.0);
    }
    Ok(timed)
}

impl Timed {
    fn add(&mut self, asked: Instant, answered: Instant, last_older: Option<Instant>) {
        let millis = |at: Instant| at.duration_since(asked).as_secs_f64() * 1000.0;
        self.answered.push(millis(answered));
        self.effect.push(millis(answered).max(last_older.map_or(0.0, millis)));
    }
}

async fn wait_for<P: Player>(
    player: &mut P,
    camera: usize,
    what: &str,
    mut is_it: impl FnMut(&Shown) -> bool,
) -> Result<Shown> {
    let deadline = Instant::now() + WAIT_MAX;
    while Instant::now() < deadline {
        if let Some(shown) = player.take(camera).into_iter().find(|shown| is_it(shown)) {
            return Ok(shown);
        }
        tokio::time::sleep(STEP).await;
    }
    bail!("{what} of camera {camera} did not come within {} s", WAIT_MAX.as_secs())
}
