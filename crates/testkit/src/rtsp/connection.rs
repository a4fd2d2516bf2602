//! One client: its requests, and the pictures sent to it.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::message::{self, Request};
use super::sdp::{self, AUDIO_TRACK};
use super::{Counted, Sent, Shared, packet};
use crate::footage::{CLOCK_HZ, Footage};

/// How often a stalled camera looks whether it still is.
const STALL_STEP: Duration = Duration::from_millis(10);
const SESSION: &str = "5AFE";
/// Near its end, so that every test sees the clock begin anew.
const FIRST_TIMESTAMP: u32 = u32::MAX - CLOCK_HZ;

/// What is being sent.
struct Player<'a> {
    footage: Arc<Footage>,
    /// Of the next picture.
    index: usize,
    /// RTP time of the round's first picture.
    round: u32,
    sequence: u16,
    packets: u64,
    pictures: u64,
    next: Instant,
    muted: bool,
    _session: Counted<'a>,
}

/// Serves a client until it leaves.
pub(super) async fn run(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut read, mut write) = stream.into_split();
    let mut buffer = Vec::new();
    let mut player: Option<Player<'_>> = None;
    loop {
        match message::take(&mut buffer) {
            Ok(Some(request)) => {
                if shared.faults.silent.load(Ordering::Relaxed) {
                    continue;
                }
                if shared.faults.garbage.load(Ordering::Relaxed) {
                    write.write_all(&noise()).await?;
                    continue;
                }
                let (answer, next) = respond(&request, shared);
                write.write_all(answer.as_bytes()).await?;
                match next {
                    Next::Same => {}
                    Next::Play => player = Some(Player::new(shared)),
                    Next::Stop => player = None,
                    Next::Close => return Ok(()),
                }
            }
            Ok(None) => {
                let at = player.as_ref().map(|player| player.next);
                let due = async {
                    match at {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    read = read.read_buf(&mut buffer) => if read? == 0 { return Ok(()) },
                    () = due => if let Some(player) = &mut player {
                        write.write_all(&player.step(shared)).await?;
                    },
                }
            }
            Err(()) => return Ok(()),
        }
    }
}

enum Next {
    Same,
    Play,
    Stop,
    Close,
}

fn respond(request: &Request, shared: &Shared) -> (String, Next) {
    let count = &shared.counters;
    let ok = |headers: &[String]| message::answer(request, "200 OK", headers, "");
    if let Some(login) = &shared.options.login
        && request.method != "OPTIONS"
        && !login.accepts(request)
    {
        if request.header("Authorization").is_some() {
            count.refused_logins.fetch_add(1, Ordering::Relaxed);
        }
        return (
            message::answer(request, "401 Unauthorized", &[login.challenge()], ""),
            Next::Same,
        );
    }
    let session = format!("Session: {SESSION};timeout=60");
    match request.method.as_str() {
        "OPTIONS" => {
            let public = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN";
            (ok(&[public.to_owned()]), Next::Same)
        }
        "DESCRIBE" if !request.uri.trim_end_matches('/').ends_with("/live") => {
            (message::answer(request, "404 Not Found", &[], ""), Next::Same)
        }
        "DESCRIBE" => {
            count.describes.fetch_add(1, Ordering::Relaxed);
            let footage = current(shared);
            let body = sdp::describe(&footage, !shared.options.without_video, shared.options.audio);
            let base = format!("Content-Base: {}/", request.uri.trim_end_matches('/'));
            (message::answer(request, "200 OK", &[base], &body), Next::Same)
        }
        "SETUP" => {
            let audio = request.uri.ends_with(AUDIO_TRACK);
            let setups = if audio { &count.audio_setups } else { &count.video_setups };
            setups.fetch_add(1, Ordering::Relaxed);
            let wanted = request.header("Transport").unwrap_or_default();
            if !wanted.contains("interleaved=0-1") && !audio {
                return (
                    message::answer(request, "461 Unsupported Transport", &[], ""),
                    Next::Same,
                );
            }
            let transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1".to_owned();
            (ok(&[transport, session]), Next::Same)
        }
        "PLAY" => (ok(&[session, "Range: npt=0.000-".to_owned()]), Next::Play),
        "PAUSE" => (ok(&[session]), Next::Stop),
        "GET_PARAMETER" | "SET_PARAMETER" => (ok(&[session]), Next::Same),
        "TEARDOWN" => {
            count.teardowns.fetch_add(1, Ordering::Relaxed);
            (ok(&[]), Next::Close)
        }
        _ => (message::answer(request, "405 Method Not Allowed", &[], ""), Next::Same),
    }
}

fn current(shared: &Shared) -> Arc<Footage> {
    Arc::clone(&shared.footage.lock().unwrap_or_else(PoisonError::into_inner))
}

impl<'a> Player<'a> {
    fn new(shared: &'a Shared) -> Self {
        *shared.sent.lock().unwrap_or_else(PoisonError::into_inner) = Sent::default();
        Self {
            footage: current(shared),
            index: 0,
            round: FIRST_TIMESTAMP,
            sequence: u16::MAX - 50,
            packets: 0,
            pictures: 0,
            next: Instant::now(),
            muted: shared.faults.without_packets.load(Ordering::Relaxed),
            _session: Counted::new(shared, |counters| &counters.sessions),
        }
    }

    /// The bytes that are due now; plans the next step.
    fn step(&mut self, shared: &Shared) -> Vec<u8> {
        let faults = &shared.faults;
        if self.muted || faults.stalled.load(Ordering::Relaxed) {
            self.next = Instant::now() + STALL_STEP;
            return Vec::new();
        }
        if faults.garbage.load(Ordering::Relaxed) {
            self.next = Instant::now() + STALL_STEP;
            return noise();
        }
        self.change_footage(shared);
        let mut picture = self.footage.pictures[self.index].clone();
        self.pictures += 1;
        if is_nth(self.pictures, faults.damage_every.load(Ordering::Relaxed))
            && let Some(nal) = picture.nals.last_mut()
        {
            let middle = nal.len() / 2;
            for byte in nal.iter_mut().skip(middle.max(4)).take(64) {
                *byte = !*byte;
            }
        }
        // The clock has 32 bits and begins anew at its end.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "wraps as RTP clocks do"
        )]
        let shift = faults.clock_shift.load(Ordering::Relaxed) as u32;
        let timestamp = self.round.wrapping_add(picture.time).wrapping_add(shift);
        let packets = packet::packets(&picture, self.footage.codec, timestamp, &mut self.sequence);
        let mut bytes = Vec::new();
        for packet in packets {
            self.packets += 1;
            if is_nth(self.packets, faults.lose_every.load(Ordering::Relaxed)) {
                continue;
            }
            bytes.extend([b'$', 0]);
            bytes.extend(u16::try_from(packet.len()).unwrap_or(0).to_be_bytes());
            bytes.extend(packet);
        }
        shared.counters.pictures.fetch_add(1, Ordering::Relaxed);
        shared.sent.lock().unwrap_or_else(PoisonError::into_inner).add(SystemTime::now());
        self.advance();
        bytes
    }

    fn change_footage(&mut self, shared: &Shared) {
        let footage = current(shared);
        if !Arc::ptr_eq(&footage, &self.footage) {
            let shown =
                self.footage.pictures[..self.index].iter().map(|picture| picture.time).max();
            self.round = self.round.wrapping_add(shown.map_or(0, |time| time + CLOCK_HZ / 30));
            self.footage = footage;
            self.index = 0;
        }
    }

    fn advance(&mut self) {
        self.index += 1;
        if self.index == self.footage.pictures.len() {
            self.index = 0;
            self.round = self.round.wrapping_add(self.footage.length);
        }
        // Pictures are sent at an even pace, in decoding order.
        let count = u32::try_from(self.footage.pictures.len()).unwrap_or(1).max(1);
        let step = Duration::from_secs(u64::from(self.footage.length)) / CLOCK_HZ / count;
        let now = Instant::now();
        let next = self.next + step;
        // After a stall it goes on from where it was, without a rush.
        self.next = if next + Duration::from_secs(1) < now { now } else { next };
    }
}

fn is_nth(count: u64, every: u32) -> bool {
    every != 0 && count.is_multiple_of(u64::from(every))
}

/// Bytes that are neither an answer nor a packet.
fn noise() -> Vec<u8> {
    (0..512_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect()
}
