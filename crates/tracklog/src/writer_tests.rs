use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver as Held, SyncSender, sync_channel};

use safe_yolo_core::PictureSize;
use safe_yolo_core::{PictureTime, Utc};
use safe_yolo_rules::{Entry, PictureEntry};

use super::*;
use crate::reader::{Goes, HoleReason, Item, LogReader, ReadError};

fn config() -> CameraConfig {
    serde_json::from_value(serde_json::json!({
        "id": "yard", "name": "Yard", "source": "rtsp://root:secret@camera/1", "enabled": true,
        "repeat": true, "analysis_rate_max": 10.0, "zones": [], "version": 3,
    }))
    .unwrap()
}

/// A picture without people each 100 ms; `numbers` of them.
fn pictures(log: &mut SegmentLog, numbers: std::ops::Range<i64>) {
    for number in numbers {
        let time = PictureTime::from_millis(number * 100);
        log.entry(&Entry::Picture(PictureEntry {
            time,
            utc: Utc(now_ms() / 1_000_000 * 1_000_000_000 + time.micros()),
            size: PictureSize::new(64, 36),
            tracks: &[],
            detections: &[],
            input_scale: 1.0,
            close_up: None,
        }));
    }
}

/// What is read of the camera's segments: times of pictures, in tenths of a second, and holes.
fn read(dir: &Path) -> (Vec<i64>, Vec<HoleReason>) {
    let (mut times, mut holes) = (Vec::new(), Vec::new());
    let reader = LogReader::new(dir);
    let camera = "yard".parse().unwrap();
    for files in reader.segments(&camera).unwrap() {
        let take = |item| {
            match item {
                Item::Record(crate::Record::Picture(picture)) => {
                    times.push(picture.time.micros() / 100_000);
                }
                Item::Hole(reason) => holes.push(reason),
                Item::Unfinished => holes.push(HoleReason::CutShort),
                _ => {}
            }
            Ok::<_, ReadError>(Goes::On)
        };
        reader.read(&camera, &files, None, take).unwrap();
    }
    (times, holes)
}

/// A disk that does nothing before it is let, or takes nothing while it is full.
struct Bad {
    let_go: std::sync::Mutex<Option<Held<()>>>,
    is_full: Arc<AtomicBool>,
}

struct BadFile {
    file: Box<dyn Appended>,
    is_full: Arc<AtomicBool>,
}

fn bad() -> (Bad, SyncSender<()>, Arc<AtomicBool>) {
    let (let_go, held) = sync_channel(1);
    let is_full = Arc::new(AtomicBool::new(false));
    let disk = Bad { let_go: std::sync::Mutex::new(Some(held)), is_full: Arc::clone(&is_full) };
    (disk, let_go, is_full)
}

impl Disk for Bad {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Appended>> {
        if let Some(held) = self.let_go.lock().unwrap().take() {
            held.recv().ok();
        }
        let file = RealDisk.create(path)?;
        Ok(Box::new(BadFile { file, is_full: Arc::clone(&self.is_full) }))
    }
}

impl Appended for BadFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_full.load(Ordering::SeqCst) {
            // As a full disk does: a part of it finds room.
            self.file.append(&bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.append(bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

#[test]
fn what_was_handed_over_is_read_back_without_the_address() {
    let dir = tempfile::tempdir().unwrap();
    let log = TrackLog::open(dir.path(), TrackLogLimits::default()).unwrap();
    let mut segment = log.segment(SegmentId(7), &config(), BTreeSet::new());
    pictures(&mut segment, 0..130);
    segment.finish("discontinuity");
    log.close();
    assert_eq!(read(dir.path()), ((0..130).collect(), Vec::new()));
    let chunk = crate::file::chunks(log.root(), &"yard".parse().unwrap()).unwrap();
    let path = chunk.first().unwrap().path(log.root(), &"yard".parse().unwrap());
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes.len() as u64, log.bytes());
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("Yard") && !text.contains("secret"), "{text}");
}

#[test]
fn a_disk_that_stands_still_holds_nobody_up_and_leaves_a_hole() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, let_go, _) = bad();
    let log = TrackLog::on(disk, dir.path(), TrackLogLimits::default()).unwrap();
    let mut segment = log.segment(SegmentId(7), &config(), BTreeSet::new());
    // Blocks of 4.1 s: twice as many as may wait. This returns although nothing is written.
    let count = i64::try_from(BLOCKS_MAX).unwrap() * 2 * 41;
    pictures(&mut segment, 0..42);
    // The writer has its first block and stands still: were it later, it would make room in the middle.
    while log.depth() > 0 {
        std::thread::yield_now();
    }
    pictures(&mut segment, 42..count);
    assert_eq!(log.depth(), BLOCKS_MAX);
    let_go.send(()).unwrap();
    while log.depth() > 0 {
        std::thread::yield_now();
    }
    pictures(&mut segment, count..count + 41);
    drop(segment);
    log.close();
    let (times, holes) = read(dir.path());
    assert_eq!(holes, [HoleReason::Lost, HoleReason::CutShort]);
    assert_eq!(times.last(), Some(&(count + 40)));
    let lost = count + 41 - i64::try_from(times.len()).unwrap();
    assert!((count / 2 - 82..=count / 2).contains(&lost), "{lost} of {count}");
}

#[test]
fn a_full_disk_leaves_a_hole_and_the_rest_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, let_go, is_full) = bad();
    let log = TrackLog::on(disk, dir.path(), TrackLogLimits::default()).unwrap();
    let_go.send(()).unwrap();
    let mut segment = log.segment(SegmentId(7), &config(), BTreeSet::new());
    let settled = || {
        // The writer is done with a block when it has taken the one behind it.
        while log.depth() > 0 {
            std::thread::yield_now();
        }
    };
    pictures(&mut segment, 0..82);
    settled();
    while log.bytes() == 0 {
        std::thread::yield_now();
    }
    is_full.store(true, Ordering::SeqCst);
    pictures(&mut segment, 82..164);
    settled();
    let (full, begun) = (log.bytes(), std::time::Instant::now());
    pictures(&mut segment, 164..205);
    settled();
    is_full.store(false, Ordering::SeqCst);
    pictures(&mut segment, 205..1000);
    segment.finish("end");
    log.close();
    let (times, holes) = read(dir.path());
    assert_eq!(holes, [HoleReason::Lost], "{full} {begun:?}");
    assert!(times.is_sorted_by(|a, b| a < b));
    assert!(times.len() > 700 && times.len() < 1000, "{}", times.len());
    assert_eq!(times.last(), Some(&999));
}

#[test]
fn the_oldest_is_removed_for_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let limits = TrackLogLimits { bytes_max: CHUNK_BYTES + 40_000, days_max: 7 };
    let log = TrackLog::open(dir.path(), limits).unwrap();
    for number in 0..40_u64 {
        let id = u64::try_from(now_ms()).unwrap() + number;
        let mut segment = log.segment(SegmentId(id), &config(), BTreeSet::new());
        pictures(&mut segment, 0..500);
        segment.finish("discontinuity");
    }
    log.close();
    assert!(log.bytes() <= limits.bytes_max, "{}", log.bytes());
    let segments = LogReader::new(dir.path()).segments(&"yard".parse().unwrap()).unwrap();
    assert!((2..39).contains(&segments.len()), "{}", segments.len());
    // Counted anew it is the same.
    let again = TrackLog::open(dir.path(), limits).unwrap();
    assert_eq!(again.bytes(), log.bytes());
}

#[test]
fn what_is_too_old_is_removed_and_what_is_written_stays() {
    let dir = tempfile::tempdir().unwrap();
    let log = TrackLog::open(dir.path(), TrackLogLimits::default()).unwrap();
    let day = |days: i64| Utc((now_ms() - days * 86_400_000) * 1000);
    let at = |segment: &mut SegmentLog, utc: Utc| {
        for number in 0..50 {
            let time = PictureTime::from_millis(number * 100);
            segment.entry(&Entry::Picture(PictureEntry {
                time,
                utc: utc.plus_micros(time.micros()),
                size: PictureSize::new(64, 36),
                tracks: &[],
                detections: &[],
                input_scale: 1.0,
                close_up: None,
            }));
        }
    };
    for (number, days) in [(1, 9), (2, 8), (3, 5), (4, 0)] {
        let mut segment = log.segment(SegmentId(number), &config(), BTreeSet::new());
        at(&mut segment, day(days));
        segment.finish("end");
    }
    log.close();
    let segments = LogReader::new(dir.path()).segments(&"yard".parse().unwrap()).unwrap();
    let numbers: Vec<u64> = segments.iter().map(|files| files.segment.0).collect();
    assert_eq!(numbers, [3, 4]);
}

#[test]
fn a_folder_that_is_none_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FOLDER), "a file").unwrap();
    let error = TrackLog::open(dir.path(), TrackLogLimits::default()).unwrap_err();
    assert!(error.to_string().contains("tracks"), "{error}");
}
