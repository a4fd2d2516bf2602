//! The detector's own process: reads requests, runs the model, answers.
//!
//! It is a child of the server: standard input is the connection
//! ([`crate::protocol`]), standard output the shared memory with the pictures,
//! standard error the log. It ends when the connection does. A panic ends it
//! too: the server starts a fresh one.

use std::fs::File;
use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use safe_yolo_media::limits;
use safe_yolo_media::picture::{I420, I420View};
use safe_yolo_sys::Slots;

use crate::detector::Look;
use crate::plan::{self, PlanChoice};
use crate::protocol::{self, FromWorker, Outcome, PictureRef, Place, ToWorker};
use crate::{Detector, ModelSource, Provider, Runtime};

/// Pictures that can be on their way to a worker at once.
pub(crate) const SLOTS: usize = 64;
/// Bytes of the largest picture. Only what is written takes memory.
pub(crate) const SLOT_LEN: usize = limits::PICTURE_LEN_MAX;
/// Requests that wait for a session (`block`): the server sends no more than it has slots.
const REQUESTS_MAX: usize = SLOTS;
/// How long sessions may go on once the connection is gone.
const END_MAX: Duration = Duration::from_secs(3);
/// So much less urgent than the server and its decoders: what falls behind
/// under overload must be analyses, never pictures or answers.
const NICENESS: i32 = 8;

/// Why a worker ended, other than because it was told to.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It was not started by the server.
    #[error("'detector' is started by the server itself and not by hand: {0}")]
    Started(String),
    /// The connection broke.
    #[error("the connection to the server broke")]
    Connection(#[source] io::Error),
    /// The model can't be used; the server has been told.
    #[error("{0}")]
    Refused(String),
}

struct Request {
    id: u64,
    min_score: f32,
    pictures: Vec<PictureRef>,
}

/// Works until the connection ends.
///
/// # Errors
/// When it was not started by a server, the model can't be used, or the connection breaks.
pub fn run(model: &ModelSource, provider: Provider, choice: PlanChoice) -> Result<(), WorkerError> {
    let (connection, memory) = take_over()?;
    // A refusal is no reason not to work.
    let gave_way = rustix::process::nice(NICENESS).map_err(io::Error::from);
    if let Err(error) = gave_way.and_then(|_| safe_yolo_sys::give_way(None)) {
        tracing::debug!(%error, "the detector runs as urgently as the server");
    }
    let mut answers = connection.try_clone().map_err(WorkerError::Connection)?;
    let chosen = Runtime::find().map_err(|error| error.to_string()).and_then(|runtime| {
        plan::choose(&runtime, model, provider, choice).map_err(|error| error.to_string())
    });
    let (plan, detectors) = match chosen {
        Ok(chosen) => chosen,
        Err(detail) => {
            let refused = FromWorker::Refused { detail: detail.clone() };
            protocol::send(&mut answers, &refused).map_err(WorkerError::Connection)?;
            return Err(WorkerError::Refused(detail));
        }
    };
    let Some(info) = detectors.first().map(|detector| detector.info().clone()) else {
        return Err(WorkerError::Refused("no session was started".into()));
    };
    let ready = FromWorker::Ready { version: protocol::VERSION, model: Box::new(info), plan };
    protocol::send(&mut answers, &ready).map_err(WorkerError::Connection)?;

    let (memory, answers) = (Arc::new(memory), Arc::new(Mutex::new(answers)));
    let (requests, waiting) = crossbeam_channel::bounded(REQUESTS_MAX);
    let threads: Vec<_> = detectors
        .into_iter()
        .map(|detector| {
            let (waiting, memory, answers) = (waiting.clone(), memory.clone(), answers.clone());
            thread::spawn(move || work(detector, &waiting, &memory, &answers))
        })
        .collect();
    let mut from = BufReader::new(connection);
    let end = loop {
        match protocol::receive(&mut from) {
            Ok(Some(ToWorker::Analyse { id, min_score, pictures })) => {
                if requests.send(Request { id, min_score, pictures }).is_err() {
                    break Ok(());
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(WorkerError::Connection(error)),
        }
    };
    drop(requests);
    // ONNX Runtime must not be at work while the process ends; nor may a
    // session that hangs keep it alive.
    thread::spawn(|| {
        thread::sleep(END_MAX);
        std::process::abort();
    });
    for thread in threads {
        // A panic has ended the process already.
        drop(thread.join());
    }
    end
}

/// The connection and the memory that the server gave as input and output.
fn take_over() -> Result<(UnixStream, Slots), WorkerError> {
    let started = |error: &dyn std::fmt::Display| WorkerError::Started(error.to_string());
    let input = io::stdin().as_fd().try_clone_to_owned().map_err(|error| started(&error))?;
    let output = io::stdout().as_fd().try_clone_to_owned().map_err(|error| started(&error))?;
    let connection = UnixStream::from(input);
    // Anything but a socket has no address.
    connection.local_addr().map_err(|_no_socket| started(&"its input is no connection"))?;
    let memory =
        Slots::attach(File::from(output), SLOTS, SLOT_LEN).map_err(|error| started(&error))?;
    Ok((connection, memory))
}

fn work(
    mut detector: Detector,
    waiting: &Receiver<Request>,
    memory: &Slots,
    answers: &Mutex<UnixStream>,
) {
    // A panic leaves the session in any state: the whole process is replaced.
    let _bomb = AbortOnPanic;
    for request in waiting {
        let started = Instant::now();
        let outcomes = analyse(&mut detector, memory, &request);
        let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let answer = FromWorker::Answer { id: request.id, outcomes, took_us };
        let mut to = answers.lock().unwrap_or_else(PoisonError::into_inner);
        if protocol::send(&mut *to, &answer).is_err() {
            return;
        }
    }
}

struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::abort();
        }
    }
}

fn analyse(detector: &mut Detector, memory: &Slots, request: &Request) -> Vec<Outcome> {
    let mut views = Vec::with_capacity(request.pictures.len());
    for picture in &request.pictures {
        let Place::Slot(slot) = picture.place;
        let view = memory
            .read(slot, I420::byte_len(picture.size))
            .map_err(|error| error.to_string())
            .and_then(|bytes| {
                let view = I420View::new(picture.size, bytes).map_err(|error| error.to_string())?;
                Ok(view.with_colours(picture.colours))
            });
        match view {
            Ok(view) => views.push(Look { source: picture.source, picture: view }),
            // A server that sends nonsense gets no answer for any of it.
            Err(detail) => {
                return request.pictures.iter().map(|_| Outcome::Failed(detail.clone())).collect();
            }
        }
    }
    let found = detector.detect_all(&views, request.min_score);
    let outcome = |found: Result<Vec<_>, crate::DetectError>| match found {
        Ok(found) => Outcome::Found(found),
        Err(error) => Outcome::Failed(error.to_string()),
    };
    found.into_iter().map(outcome).collect()
}
