//! One child process and what is on its way to it: a thread that writes
//! requests, a thread that reads answers.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use safe_yolo_core::{Analysis, Detection};
use safe_yolo_media::picture::I420;
use safe_yolo_sys::Slots;
use tokio::sync::oneshot;

use super::health::Seen;
use super::process::Process;
use super::{IsolatedError, REJECTED};
use crate::ModelInfo;
use crate::letterbox::{Letterboxes, Room};
use crate::plan::Plan;
use crate::protocol::{self, FromWorker, Outcome, PictureRef, Place, ToWorker};
use crate::worker::{SLOT_LEN, SLOTS};

/// Requests that wait to be written (policy: refuse the newest).
const REQUESTS_MAX: usize = SLOTS;

type Answered = Vec<Analysis<Vec<Detection>>>;

struct Request {
    pictures: Vec<Arc<I420>>,
    min_score: f32,
    reply: oneshot::Sender<Answered>,
}

struct Waiting {
    /// By [`Books::watched`].
    since: Duration,
    slots: Vec<usize>,
    reply: oneshot::Sender<Answered>,
}

/// Requests the child has, by number, and the slots it does not have: at most [`SLOTS`] in all.
struct Books {
    waiting: BTreeMap<u64, Waiting>,
    free: Vec<usize>,
    /// The keeper's clock at its last look.
    watched: Duration,
    worked: u64,
    failed: u64,
    failure: String,
    /// Why the child is not spoken to any more.
    dead: Option<String>,
}

impl Books {
    /// Who only fails does not work.
    fn count(&mut self, outcomes: &[Outcome]) {
        match outcomes.last() {
            _ if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Found(_))) => {
                self.worked += 1;
            }
            Some(Outcome::Failed(detail)) => {
                self.failed += 1;
                self.failure.clone_from(detail);
            }
            _ => {}
        }
    }
}

#[derive(Debug)]
pub(super) struct Link {
    requests: Sender<Request>,
    books: Arc<Shelf>,
    process: Process,
}

struct Shelf {
    books: Mutex<Books>,
    slot_freed: Condvar,
    ended: Sender<()>,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

/// A child that is ready.
pub(super) struct Started {
    pub(super) link: Arc<Link>,
    pub(super) model: ModelInfo,
    pub(super) plan: Plan,
    /// Says when the child is gone.
    pub(super) ended: Receiver<()>,
}

impl Link {
    /// Starts a child and waits until it is ready.
    pub(super) fn start(
        program: &std::path::Path,
        arguments: &[OsString],
        start_max: Duration,
    ) -> Result<Started, IsolatedError> {
        let start = |error: &dyn std::fmt::Display| IsolatedError::Start(error.to_string());
        let memory = Slots::create(SLOTS, SLOT_LEN).map_err(|error| start(&error))?;
        let handed = memory.as_fd().try_clone_to_owned().map_err(|error| start(&error))?;
        let (ours, theirs) = UnixStream::pair().map_err(|error| start(&error))?;
        let (input, output) = (Stdio::from(OwnedFd::from(theirs)), Stdio::from(handed));
        let process = Process::start(program, arguments, input, output)?;

        ours.set_read_timeout(Some(start_max)).map_err(|error| start(&error))?;
        let mut from = BufReader::new(ours.try_clone().map_err(|error| start(&error))?);
        let (model, plan) = match protocol::receive(&mut from) {
            Ok(Some(FromWorker::Ready { version: protocol::VERSION, model, plan })) => {
                (*model, plan)
            }
            Ok(Some(FromWorker::Ready { version, .. })) => {
                return Err(IsolatedError::Start(format!(
                    "it speaks version {version} of the protocol, not {}",
                    protocol::VERSION
                )));
            }
            Ok(Some(FromWorker::Refused { detail })) => return Err(IsolatedError::Refused(detail)),
            Ok(Some(FromWorker::Answer { .. })) => {
                return Err(IsolatedError::Start("it answered before it was asked".into()));
            }
            Ok(None) => return Err(IsolatedError::Start(process.how_it_ended())),
            Err(error) => {
                let limit = start_max.as_secs_f32();
                return Err(IsolatedError::Start(format!(
                    "it was not ready within {limit} s: {error}"
                )));
            }
        };
        ours.set_read_timeout(None).map_err(|error| start(&error))?;

        let (ended_sender, ended) = crossbeam_channel::bounded(1);
        let books = Books {
            waiting: BTreeMap::new(),
            free: (0..SLOTS).rev().collect(),
            watched: Duration::ZERO,
            worked: 0,
            failed: 0,
            failure: String::new(),
            dead: None,
        };
        let shelf = Arc::new(Shelf {
            books: Mutex::new(books),
            slot_freed: Condvar::new(),
            ended: ended_sender,
        });
        let (requests, to_write) = crossbeam_channel::bounded(REQUESTS_MAX);
        let (writing, reading) = (Arc::clone(&shelf), Arc::clone(&shelf));
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.into()).spawn(work).map(drop).map_err(|e| start(&e))
        };
        let mut hand_over = HandOver {
            memory,
            model: model.clone(),
            letterboxes: Letterboxes::default(),
            room: Room::default(),
        };
        spawn(
            "detector-write",
            Box::new(move || write(&to_write, &ours, &mut hand_over, &writing)),
        )?;
        spawn("detector-read", Box::new(move || read(&mut from, &reading)))?;
        let link = Arc::new(Self { requests, books: shelf, process });
        Ok(Started { link, model, plan, ended })
    }

    /// Hands pictures over; the answer comes when the child has answered or is gone.
    pub(super) fn submit(
        &self,
        pictures: Vec<Arc<I420>>,
        min_score: f32,
    ) -> Result<oneshot::Receiver<Answered>, Analysis<Vec<Detection>>> {
        if let Some(why) = &self.books.lock().dead {
            return Err(Analysis::Failed(why.clone()));
        }
        let (reply, answer) = oneshot::channel();
        match self.requests.try_send(Request { pictures, min_score, reply }) {
            Ok(()) => Ok(answer),
            Err(crossbeam_channel::TrySendError::Full(_)) => Err(REJECTED),
            Err(crossbeam_channel::TrySendError::Disconnected(_)) => {
                Err(Analysis::Failed("the detector's process ended".into()))
            }
        }
    }

    /// A look of the keeper, who has watched for so long: what became of requests so far.
    pub(super) fn look(&self, watched: Duration) -> Seen {
        let mut books = self.books.lock();
        books.watched = watched;
        let owed = books.waiting.values().map(|waiting| watched.saturating_sub(waiting.since));
        Seen {
            owed: owed.max().unwrap_or_default(),
            worked: books.worked,
            failed: books.failed,
            failure: books.failure.clone(),
        }
    }

    /// Why the child is gone, if it is.
    pub(super) fn death(&self) -> Option<String> {
        self.books.lock().dead.clone()
    }

    pub(super) const fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends the child at once; whatever it owes has failed.
    pub(super) fn kill(&self, why: &str) {
        self.books.end(why);
        self.process.end();
    }

    /// How the child ended, once its connection is closed.
    pub(super) fn how_it_ended(&self) -> String {
        self.process.how_it_ended()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.kill("the server is ending");
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is owed any more: whoever waits is told why. The first reason stands.
    fn end(&self, why: &str) {
        let mut books = self.lock();
        if books.dead.is_none() {
            books.dead = Some(why.to_owned());
        }
        let waiting = std::mem::take(&mut books.waiting);
        drop(books);
        for waiting in waiting.into_values() {
            // One for each picture, each of which has a slot. Nobody may wait any more.
            waiting.reply.send(vec![Analysis::Failed(why.to_owned()); waiting.slots.len()]).ok();
        }
        self.slot_freed.notify_all();
        // Full means that it has been said.
        self.ended.try_send(()).ok();
    }

    /// Slots for so many pictures, as soon as they are free; none once the child is gone.
    fn take_slots(&self, count: usize) -> Option<Vec<usize>> {
        let mut books = self.lock();
        loop {
            if books.dead.is_some() || count > SLOTS {
                return None;
            }
            if books.free.len() >= count {
                let left = books.free.len() - count;
                return Some(books.free.split_off(left));
            }
            books = self.slot_freed.wait(books).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Puts pictures into the shared memory.
struct HandOver {
    memory: Slots,
    model: ModelInfo,
    letterboxes: Letterboxes,
    room: Room,
}

impl HandOver {
    /// The picture, as small as the model will see it where that is much smaller: a
    /// 1280x720 picture is an eighth of the bytes then, and they stay in the cache.
    fn picture(&mut self, picture: &I420, slot: usize) -> Result<PictureRef, String> {
        let source = picture.size();
        let letterbox = self.letterboxes.of(&self.model, source);
        let (size, bytes) = if letterbox.reduces() {
            let reduced = letterbox.reduced(picture.view(), &mut self.room);
            (letterbox.scaled, reduced.map_err(|error| error.to_string())?)
        } else {
            (source, picture.data())
        };
        self.memory.write(slot, bytes).map_err(|error| error.to_string())?;
        Ok(PictureRef { source, size, colours: picture.colours(), place: Place::Slot(slot) })
    }
}

/// Hands pictures over and asks for them, until the child is gone.
fn write(
    requests: &Receiver<Request>,
    mut to: &UnixStream,
    hand_over: &mut HandOver,
    shelf: &Shelf,
) {
    for (request, id) in requests.iter().zip(0..) {
        let Request { pictures, min_score, reply } = request;
        // A camera that is gone needs no answer.
        if reply.is_closed() {
            continue;
        }
        let Some(slots) = shelf.take_slots(pictures.len()) else { return };
        let handed: Result<Vec<_>, _> = pictures
            .iter()
            .zip(&slots)
            .map(|(picture, slot)| hand_over.picture(picture, *slot))
            .collect();
        let pictures = match handed {
            Ok(handed) => handed,
            Err(error) => {
                reply.send(vec![Analysis::Failed(error); pictures.len()]).ok();
                shelf.lock().free.extend(slots);
                continue;
            }
        };
        {
            let mut books = shelf.lock();
            if books.dead.is_some() {
                return;
            }
            let since = books.watched;
            books.waiting.insert(id, Waiting { since, slots, reply });
        }
        if let Err(error) = protocol::send(&mut to, &ToWorker::Analyse { id, min_score, pictures })
        {
            shelf.end(&format!("the detector's process takes no requests: {error}"));
            return;
        }
    }
    // Dropping the connection tells the child to end.
    drop(to.shutdown(std::net::Shutdown::Both));
}

/// Takes answers until the child is gone or talks nonsense.
fn read(from: &mut BufReader<UnixStream>, shelf: &Shelf) {
    let why = loop {
        match protocol::receive(from) {
            Ok(Some(FromWorker::Answer { id, outcomes, took_us })) => {
                let mut books = shelf.lock();
                let Some(waiting) = books.waiting.remove(&id) else {
                    break format!(
                        "the detector's process answered request {id}, which nobody made"
                    );
                };
                if outcomes.len() != waiting.slots.len() {
                    let (given, asked) = (outcomes.len(), waiting.slots.len());
                    books.waiting.insert(id, waiting);
                    break format!(
                        "the detector's process gave {given} answers for {asked} pictures"
                    );
                }
                books.free.extend(waiting.slots);
                books.count(&outcomes);
                drop(books);
                shelf.slot_freed.notify_all();
                #[expect(clippy::cast_precision_loss, reason = "microseconds of one call")]
                metrics::histogram!("safe_yolo_infer_seconds").record(took_us as f64 / 1e6);
                // Whoever asked may be gone by now.
                waiting.reply.send(outcomes.into_iter().map(analysis).collect()).ok();
            }
            Ok(Some(_)) => break "the detector's process talks out of turn".into(),
            Ok(None) => break "the detector's process ended".into(),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                break format!("the detector's process talks nonsense: {error}");
            }
            // A process that ends with unread requests breaks the connection off.
            Err(error) => break format!("the detector's process ended: {error}"),
        }
    };
    shelf.end(&why);
}

fn analysis(outcome: Outcome) -> Analysis<Vec<Detection>> {
    match outcome {
        Outcome::Found(found) => Analysis::Done(found),
        Outcome::Failed(detail) => Analysis::Failed(detail),
    }
}
