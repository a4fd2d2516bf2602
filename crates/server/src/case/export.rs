//! Writing a case: read, hashed, packed and sent in one go, without a copy on the disk.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use safe_yolo_core::{EventId, ExportBlur, Incident, Utc};
use safe_yolo_store::chain::{CaseChain, Hash};
use safe_yolo_store::evidence::EvidenceError;
use safe_yolo_store::{EventRecord, IncidentDeed, InstallationKey};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::blur::{self, Region};
use super::clip;
use super::clips::{Made, Stored};
use super::{
    BYTES_MAX, CASE, CHAIN, CaseFile, CaseJson, FORMAT, LeftOut, MANIFEST, Manifest, ManifestFile,
    Masked, REPORT, RecodedOf, SIGNATURE, report,
};
use crate::app::App;
use crate::clock;
use crate::problem::{Code, Problem, chain};

/// Pieces that wait for whoever fetches them (`block`).
const PIECES_MAX: usize = 16;
/// How long whoever fetches a case may take for one of them: only so many cases are exported at once.
const TAKE_MAX: Duration = Duration::from_secs(60);
/// How long they are.
const PIECE_BYTES: usize = 64 << 10;
/// The longest picture that is read; ours have some MB.
const PICTURE_BYTES_MAX: u64 = 64 << 20;
/// Room for what describes the case, of [`BYTES_MAX`].
const TEXT_BYTES: u64 = 256 << 20;

/// Who wants which case, and why.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) incident: EventId,
    pub(crate) by: String,
    pub(crate) reason: String,
    /// Pictures and clips as they were stored.
    pub(crate) original: bool,
}

/// An evidence file on its way into the case.
struct Source {
    event: EventId,
    evidence: String,
    path: PathBuf,
}

impl Source {
    /// Its own name.
    fn file(&self) -> &str {
        self.evidence.rsplit('/').next().unwrap_or(&self.evidence)
    }

    /// Where it is in the ZIP.
    fn folder(&self) -> Folder {
        match self.file().rsplit('.').next() {
            Some("jpg") => Folder::Pictures,
            Some("mp4") => Folder::Clips,
            _ => Folder::Boxes,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folder {
    Pictures,
    Clips,
    Boxes,
}

impl Folder {
    const fn name(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Clips => "clips",
            Self::Boxes => "boxes",
        }
    }
}

/// All that is known before the first file is read.
pub(super) struct Case {
    pub(super) asked: Asked,
    pub(super) at: Utc,
    pub(super) incident: Incident,
    pub(super) events: Vec<EventRecord>,
    pub(super) log: Vec<IncidentDeed>,
    pub(super) chain: CaseChain,
    pub(super) key: InstallationKey,
    blur: ExportBlur,
    sources: Vec<Source>,
    left_out: Vec<LeftOut>,
}

impl Case {
    /// Clips that are made unrecognisable, in the order in which they are packed.
    fn clips_to_make(&self) -> Vec<Stored> {
        let clips = self.sources.iter().filter(|source| source.folder() == Folder::Clips);
        let stored = clips.map(|source| Stored {
            path: source.path.clone(),
            boxes: source.path.with_file_name(format!("{}.clip-boxes.json", source.event)),
        });
        if self.asked.original { Vec::new() } else { stored.collect() }
    }

    /// A file as it is described.
    fn file(
        &self,
        name: String,
        source: &Source,
        original_sha256: Hash,
        masked: Masked,
        recoded: Option<clip::Recoded>,
    ) -> CaseFile {
        let (event, evidence) = (source.event, source.evidence.clone());
        let recorded = self.chain.file(&evidence);
        let proved = recorded.is_some_and(|entry| entry.content == original_sha256);
        CaseFile { name, event, evidence, original_sha256, proved, masked, recoded }
    }
}

/// Begins with what takes long of an export that is likely to be asked for: it is there at once then. One case is
/// prepared at a time, the newest: whoever opened another has left this one.
pub(crate) async fn prepare(app: &App, incident: EventId) -> Result<(), Problem> {
    if !app.disk_state.borrow().has_room() {
        let detail = "the disk has no room to prepare a case: export it without";
        return Err(Problem::new(Code::Unavailable, detail));
    }
    let asked = Asked { incident, by: String::new(), reason: String::new(), original: false };
    let case = gather(app, asked).await?;
    let (clips, closing) = (app.clips.clone(), app.closing.clone());
    let making = tokio::spawn(async move {
        let made = clips.make_ahead(case.clips_to_make(), case.blur);
        closing.run_until_cancelled(made).await;
    });
    let mut preparation = app.preparation.lock().unwrap_or_else(PoisonError::into_inner);
    *preparation = Some(AbortOnDropHandle::new(making));
    Ok(())
}

/// Begins an export; the ZIP comes as it is made. A stream that breaks off ends with an error.
pub(crate) async fn export(
    app: &App,
    asked: Asked,
) -> Result<impl Stream<Item = io::Result<Bytes>> + use<>, Problem> {
    let Ok(permit) = app.exports.clone().try_acquire_owned() else {
        let detail = "other cases are being exported: try again in some seconds";
        return Err(Problem::new(Code::Unavailable, detail));
    };
    let case = gather(app, asked).await?;
    let (pieces, ready) = mpsc::channel(PIECES_MAX);
    let clips = app.clips.make(case.clips_to_make(), case.blur).boxed();
    let zip = Zip::new(pieces, app.closing.clone(), clips);
    let work = spawn_blocking(move || write(case, zip, permit));
    // It tells of its own failures; a panic is seen as a stream that breaks off.
    drop(work);
    Ok(stream::unfold(Some(ready), |ready| async {
        let mut ready = ready?;
        match ready.recv().await {
            Some(Ok(end)) if end.is_empty() => None,
            Some(Ok(piece)) => Some((Ok(piece), Some(ready))),
            Some(Err(error)) => Some((Err(error), None)),
            // Not even the end was said: half a case must not look like a whole one.
            None => Some((Err(io::Error::other("the export broke off")), None)),
        }
    }))
}

async fn gather(app: &App, asked: Asked) -> Result<Case, Problem> {
    let id = asked.incident;
    let chain = app.store.chain_of_incident(id).await?;
    let unreadable = |error: serde_json::Error| Problem::internal("reading an incident", &error);
    // As the chain has them, whatever has changed since it was read.
    let incident = serde_json::from_str(chain.incident()).map_err(unreadable)?;
    let mut events = Vec::new();
    for mut record in app.store.incident_events(id).await? {
        if let Some(recorded) = chain.event(&record.event.id.to_string()) {
            record.event = serde_json::from_str(recorded).map_err(unreadable)?;
            events.push(record);
        }
    }
    let log = app.store.incident_log(id).await?;
    let (mut sources, mut left_out, mut bytes) = (Vec::new(), Vec::new(), 0_u64);
    let mut missing: BTreeSet<String> = chain.files().into_iter().map(str::to_owned).collect();
    for record in &events {
        let event = record.event.id;
        let files = match app.evidence.files_of(event).await {
            Ok(files) => files,
            Err(EvidenceError::NoDay(_)) => Vec::new(),
            Err(error) => return Err(Problem::internal("reading evidence", &error)),
        };
        for (evidence, path) in files {
            if !missing.remove(&evidence) {
                let why = "the chain does not know it".to_owned();
                left_out.push(LeftOut { evidence, why });
                continue;
            }
            bytes += tokio::fs::metadata(&path).await.map_or(0, |file| file.len());
            sources.push(Source { event, evidence, path });
        }
    }
    for (evidence, why) in chain.removed() {
        let why = format!("it was removed ({why})");
        left_out.push(LeftOut { evidence: evidence.to_owned(), why });
    }
    for evidence in missing {
        let why =
            "IT IS MISSING: the chain knows it, and nothing says that it was removed".to_owned();
        left_out.push(LeftOut { evidence, why });
    }
    if bytes > BYTES_MAX - TEXT_BYTES {
        let max = BYTES_MAX - TEXT_BYTES;
        let detail = format!(
            "incident '{id}' has {bytes} bytes of evidence, and a case holds {max} at most: fetch its clips one by one"
        );
        return Err(Problem::new(Code::TooLarge, detail));
    }
    let at = clock::now();
    let (key, blur) = (app.key.clone(), app.store.alarm_settings().export_blur);
    Ok(Case { asked, at, incident, events, log, chain, key, blur, sources, left_out })
}

fn write(case: Case, mut zip: Zip, permit: OwnedSemaphorePermit) {
    let incident = case.asked.incident;
    let pieces = zip.client.clone();
    let written = zip.case(case).and_then(|()| zip.finish());
    drop(permit);
    let Err(error) = written else { return };
    tracing::warn!(%incident, error = chain(&error), "a case was not exported to its end");
    // Whoever went away does not hear it, and whoever is slow sees that it breaks off.
    drop(pieces.try_send(Err(error)));
}

/// Sends what is written, piece by piece. Not for async threads.
struct Pieces {
    to: mpsc::Sender<io::Result<Bytes>>,
    waiting: Vec<u8>,
    closing: CancellationToken,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.waiting));
        let sent = Handle::current().block_on(async {
            tokio::select! {
                () = self.closing.cancelled() => Err("the server is being stopped"),
                sent = tokio::time::timeout(TAKE_MAX, self.to.send(Ok(piece))) => match sent {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(_closed)) => Err("nobody fetches it any more"),
                    Err(_elapsed) => Err("it is fetched too slowly"),
                },
            }
        });
        sent.map_err(|why| io::Error::new(io::ErrorKind::BrokenPipe, why))
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() { Ok(()) } else { self.send() }
    }
}

/// The ZIP, and what is in it by now.
struct Zip {
    writer: ZipWriter<StreamWriter<Pieces>>,
    files: Vec<ManifestFile>,
    /// Who fetches it.
    client: mpsc::Sender<io::Result<Bytes>>,
    /// Clips in which people are unrecognisable, in the order in which they are packed.
    clips: BoxStream<'static, Result<Made, String>>,
}

impl Zip {
    fn new(
        client: mpsc::Sender<io::Result<Bytes>>,
        closing: CancellationToken,
        clips: BoxStream<'static, Result<Made, String>>,
    ) -> Self {
        let to = Pieces { to: client.clone(), waiting: Vec::new(), closing };
        Self { writer: ZipWriter::new_stream(to), files: Vec::new(), client, clips }
    }

    fn begin(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(0o644);
        self.writer.start_file(name, options).map_err(io::Error::other)
    }

    fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.begin(name)?;
        self.writer.write_all(content)?;
        let (bytes, sha256) = (content.len() as u64, Hash::of(content));
        let name = name.to_owned();
        self.files.push(ManifestFile { name, bytes, sha256, recoded_of: None });
        Ok(())
    }

    fn json(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
        self.add(name, &text)
    }

    /// A file of any length, as it is.
    fn copy(
        &mut self,
        name: &str,
        mut from: impl Read,
        recoded_of: Option<RecodedOf>,
    ) -> io::Result<Hash> {
        self.begin(name)?;
        let (mut hasher, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; PIECE_BYTES]);
        loop {
            let count = from.read(&mut buffer)?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
            hasher.update(read);
            bytes += count as u64;
            self.writer.write_all(read)?;
        }
        let sha256 = Hash(hasher.finalize().into());
        self.files.push(ManifestFile { name: name.to_owned(), bytes, sha256, recoded_of });
        Ok(sha256)
    }

    fn case(&mut self, mut case: Case) -> io::Result<()> {
        let sources = std::mem::take(&mut case.sources);
        let mut left_out = std::mem::take(&mut case.left_out);
        let mut files = Vec::new();
        let mut heads = HashMap::new();
        for source in sources {
            match self.source(&case, &source, &mut heads) {
                Ok(Ok(file)) => files.push(file),
                Ok(Err(why)) => left_out.push(LeftOut { evidence: source.evidence, why }),
                Err(error) => return Err(error),
            }
        }
        let value = |value: serde_json::Result<serde_json::Value>| value.map_err(io::Error::other);
        let list = |values: Vec<serde_json::Result<serde_json::Value>>| {
            values.into_iter().map(value).collect::<io::Result<Vec<_>>>()
        };
        let described = CaseJson {
            format: FORMAT.to_owned(),
            incident: value(serde_json::to_value(&case.incident))?,
            events: list(case.events.iter().map(serde_json::to_value).collect())?,
            log: list(case.log.iter().map(serde_json::to_value).collect())?,
            exported_at: case.at.to_string(),
            exported_by: case.asked.by.clone(),
            reason: case.asked.reason.clone(),
            original: case.asked.original,
            files,
            left_out,
        };
        self.json(CASE, &described)?;
        self.json(CHAIN, &case.chain)?;
        let page = report::page(&case, &described, &self.files);
        self.add(REPORT, page.as_bytes())?;
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            incident: case.asked.incident,
            key: case.key.public().to_string(),
            head: case.chain.head,
            files: self.files.clone(),
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
        self.add(MANIFEST, &text)?;
        self.add(SIGNATURE, case.key.sign(&text).as_bytes())
    }

    /// Adds an evidence file; answers why one is left out.
    fn source(
        &mut self,
        case: &Case,
        source: &Source,
        heads: &mut HashMap<EventId, Option<Vec<Region>>>,
    ) -> io::Result<Result<CaseFile, String>> {
        let Source { event, path, .. } = source;
        let folder = source.folder();
        let name = format!("{}/{}", folder.name(), source.file());
        if folder == Folder::Clips && !case.asked.original {
            let made = self.clip(&name, source)?;
            return Ok(made.map(|(sha256, recoded)| {
                let is_whole = recoded.whole == recoded.pictures;
                let masked = if is_whole { Masked::Whole } else { case.blur.into() };
                case.file(name, source, sha256, masked, Some(recoded))
            }));
        }
        let opened = match File::open(path) {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(format!("it cannot be read: {error}"))),
        };
        let (original_sha256, masked) = if folder == Folder::Pictures && !case.asked.original {
            let mut picture = Vec::new();
            opened.take(PICTURE_BYTES_MAX).read_to_end(&mut picture)?;
            let known = heads.entry(*event).or_insert_with(|| {
                let boxes = path.with_file_name(format!("{event}.boxes.json"));
                blur::heads(std::fs::read(boxes).ok().as_deref())
            });
            let (content, masked) = match blur::mask(&picture, known.as_deref(), case.blur) {
                Ok(masked) => masked,
                Err(error) => return Ok(Err(format!("it is no picture: {error}"))),
            };
            self.add(&name, &content)?;
            (Hash::of(&picture), masked)
        } else {
            (self.copy(&name, opened, None)?, Masked::None)
        };
        Ok(Ok(case.file(name, source, original_sha256, masked, None)))
    }

    /// Adds the next clip in which people are unrecognisable; answers the original's hash.
    fn clip(
        &mut self,
        name: &str,
        source: &Source,
    ) -> io::Result<Result<(Hash, clip::Recoded), String>> {
        let Some(made) = self.next_clip()? else {
            return Err(io::Error::other("there are fewer clips than were to be made"));
        };
        let made = match made {
            Ok(made) => made,
            Err(why) => return Ok(Err(why)),
        };
        // What is encoded anew may be longer than what it is made of.
        if self.is_full(made.clip.bytes) {
            let max = BYTES_MAX - TEXT_BYTES;
            return Ok(Err(format!("with it there would be more than {max} bytes of evidence")));
        }
        let sha256 = made.original_sha256;
        let recoded_of = RecodedOf { evidence: source.evidence.clone(), sha256 };
        self.copy(name, made.clip.reader(), Some(recoded_of))?;
        Ok(Ok((sha256, made.clip.recoded)))
    }

    /// Ends early when nobody fetches the case any more.
    fn next_clip(&mut self) -> io::Result<Option<Result<Made, String>>> {
        Handle::current().block_on(async {
            tokio::select! {
                made = self.clips.next() => Ok(made),
                () = self.client.closed() => {
                    Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody fetches it any more"))
                }
            }
        })
    }

    /// Whether so many more bytes of evidence are too many for a case.
    fn is_full(&self, bytes: u64) -> bool {
        let packed: u64 = self.files.iter().map(|file| file.bytes).sum();
        packed + bytes > BYTES_MAX - TEXT_BYTES
    }

    fn finish(self) -> io::Result<()> {
        let mut end = self.writer.finish().map_err(io::Error::other)?.into_inner();
        end.flush()?;
        // An empty piece is the end.
        end.send()
    }
}
