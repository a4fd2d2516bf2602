//! The faults, by name.

mod camera;
mod children;
mod server;
mod store;
mod viewers;

use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::judge::Injection;
use crate::world::World;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    DecoderKilled,
    DecoderHangs,
    DetectorSegfault,
    DetectorHangs,
    ModelNan,
    RtspStall,
    RtspReset,
    RtspGarbage,
    RtspResolution,
    RtspClock,
    DiskFull,
    DatabaseLocked,
    CorruptedPage,
    StuckReader,
    Subscribers500,
    ServerKilled,
}

/// Which cameras should notice nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Others {
    /// Those that no fault is injected into.
    #[default]
    Controls,
    /// All: the fault is none of a camera's.
    Everyone,
    /// None: the fault hits all.
    Nobody,
}

/// When other cameras' rates are measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// The calm before begins.
    pub(crate) calm: Duration,
    /// The fault begins.
    pub(crate) begun: Duration,
    /// The fault has ended; none while it has not.
    pub(crate) until: Option<Duration>,
    /// Connections of viewers that had broken when it began.
    pub(crate) breaks: usize,
}

/// What a fault did, and what it found out by itself.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What the looks are judged by.
    pub(crate) injections: Vec<Injection>,
    /// Times, where there are no injections into cameras.
    pub(crate) injected: usize,
    pub(crate) others: Others,
    /// Where the fault itself has to stop the server before it begins.
    pub(crate) measured: Option<Measured>,
    pub(crate) shown_s: Vec<f64>,
    pub(crate) recovery_s: Vec<f64>,
    pub(crate) lost: usize,
    pub(crate) doubled: usize,
    pub(crate) problems: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Fault {
    /// In the order in which they are injected.
    pub(crate) const ALL: [Self; 16] = [
        Self::DecoderKilled,
        Self::DecoderHangs,
        Self::DetectorSegfault,
        Self::DetectorHangs,
        Self::ModelNan,
        Self::RtspStall,
        Self::RtspReset,
        Self::RtspGarbage,
        Self::RtspResolution,
        Self::RtspClock,
        Self::DiskFull,
        Self::DatabaseLocked,
        Self::CorruptedPage,
        Self::StuckReader,
        Self::Subscribers500,
        Self::ServerKilled,
    ];

    /// What the table calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DecoderKilled => "decoder child killed",
            Self::DecoderHangs => "decoder child hangs",
            Self::DetectorSegfault => "detector child SIGSEGV",
            Self::DetectorHangs => "detector child hangs",
            Self::ModelNan => "model returns NaN",
            Self::RtspStall => "RTSP stalls",
            Self::RtspReset => "RTSP resets",
            Self::RtspGarbage => "RTSP sends garbage",
            Self::RtspResolution => "RTSP changes resolution",
            Self::RtspClock => "RTSP clock jumps",
            Self::DiskFull => "disk full",
            Self::DatabaseLocked => "database locked",
            Self::CorruptedPage => "corrupted page at start",
            Self::StuckReader => "subscriber that never reads",
            Self::Subscribers500 => "500 subscribers come and go",
            Self::ServerKilled => "server SIGKILL under load",
        }
    }

    /// How often, at this share of a full campaign.
    pub(crate) fn times(self, scale: f64) -> usize {
        let full = match self {
            Self::DecoderKilled => 100,
            Self::ServerKilled => 50,
            Self::DetectorSegfault | Self::DetectorHangs | Self::RtspReset => 20,
            Self::DecoderHangs
            | Self::RtspStall
            | Self::RtspGarbage
            | Self::RtspResolution
            | Self::RtspClock
            | Self::StuckReader => 8,
            Self::CorruptedPage => 5,
            Self::ModelNan | Self::DatabaseLocked => 2,
            Self::DiskFull => 1,
            Self::Subscribers500 => 500,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "at most 500"
        )]
        let times = (full as f64 * scale).round() as usize;
        times.clamp(1, full)
    }

    /// Why it can't be injected here.
    pub(crate) fn missing(self, world: &World) -> Result<Option<String>> {
        Ok(match self {
            Self::DetectorSegfault | Self::DetectorHangs if world.detector()?.is_none() => {
                Some("no detector child: the server has no child `safe-yolo detector`".to_owned())
            }
            Self::DiskFull => store::no_small_disk(world),
            _ => None,
        })
    }

    /// Injects it so often; all causes have ended when this returns.
    pub(crate) async fn inject(
        self,
        world: &mut World,
        times: usize,
        outcome: &mut Outcome,
    ) -> Result<()> {
        match self {
            Self::DecoderKilled => children::kill_decoders(world, times, outcome).await,
            Self::DecoderHangs => children::hang_decoders(world, times, outcome).await,
            Self::DetectorSegfault => children::crash_detector(world, times, outcome).await,
            Self::DetectorHangs => children::hang_detector(world, times, outcome).await,
            Self::ModelNan => server::nan_model(world, times, outcome).await,
            Self::RtspStall | Self::RtspGarbage => {
                camera::go_blind(world, self, times, outcome).await
            }
            Self::RtspReset | Self::RtspResolution | Self::RtspClock => {
                camera::disturb(world, self, times, outcome).await
            }
            Self::DiskFull => store::fill_disk(world, times, outcome).await,
            Self::DatabaseLocked => store::lock_database(world, times, outcome).await,
            Self::CorruptedPage => store::corrupt_pages(world, times, outcome).await,
            Self::StuckReader => viewers::never_read(world, times, outcome).await,
            Self::Subscribers500 => viewers::come_and_go(world, times, outcome).await,
            Self::ServerKilled => server::kill(world, times, outcome).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_campaign_injects_everything_once() {
        for fault in Fault::ALL {
            assert_eq!(fault.times(0.0), 1);
            assert!(fault.times(1.0) >= fault.times(0.1));
        }
        assert_eq!((Fault::DecoderKilled.times(1.0), Fault::ServerKilled.times(1.0)), (100, 50));
    }
}
