//! Drives both sides in the same way and prints their figures beside each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::old::{Old, Settings};
use super::{Ours, Side};
use crate::Bench;
use crate::commands::{self, Shown, Timed};
use crate::footage::Clip;
use crate::load::{RATE, SIZE};
use crate::process::{Usage, descendants, resident_mb};
use crate::program::{Server, SiteCamera, site};
use crate::stats::{mean, number, quantile, verdict};

/// Width of the pictures of all viewers, pixels.
const WIDTH: u32 = 640;
/// The old design as it is, and made to skip what it is late for, as a live camera demands; ours.
const COLUMNS: [&str; 5] =
    ["blocking", "to_thread", "blocking, keeping up", "to_thread, keeping up", "ours"];
const CAMERAS: [usize; 4] = [1, 2, 4, 12];

/// What one side did with so many cameras.
#[derive(Debug, Default)]
struct Outcome {
    /// Pictures a second, in all.
    analysed: f64,
    decoded: f64,
    shown: f64,
    shown_analysed: f64,
    cores: f64,
    memory_mb: f64,
    stall_p99_ms: f64,
    /// Of the times between two pictures at a viewer, from their mean.
    jitter_p99_ms: f64,
    tracks: usize,
    /// Tracks seen at more than one camera.
    crossing: usize,
    timed: Timed,
}

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let files = [Clip::people(SIZE, RATE).file()?, Clip::crowd(SIZE, RATE).file()?];
    let files =
        |count: usize| -> Vec<PathBuf> { files.iter().cycle().take(count).cloned().collect() };
    let counts: &[usize] = if bench.quick { &[1, 12] } else { &CAMERAS };
    let most = counts.last().copied().unwrap_or(1);
    let blocking = best(bench, Settings::plain(false), &files(most)).await?;
    let to_thread = best(bench, Settings::plain(true), &files(most)).await?;

    let mut all = BTreeMap::new();
    for count in counts {
        for keep_up in [false, true] {
            for settings in [&blocking, &to_thread] {
                let settings = Settings { keep_up, ..*settings };
                let mut old = Old::start(&settings, &files(*count), WIDTH).await?;
                let outcome = drive(bench, &mut old, *count).await?;
                all.insert((*count, settings.name()), outcome);
            }
        }
        let list: Vec<SiteCamera> =
            files(*count).iter().map(|file| SiteCamera::new(&file.display(), RATE)).collect();
        let server = Server::start(&site(&list)).await?;
        server.wait_live(Duration::from_secs(40)).await?;
        let ids: Vec<String> =
            server.cameras().await?.into_iter().map(|camera| camera.id).collect();
        let mut ours = Ours::over(server, WIDTH, &ids).await?;
        all.insert((*count, "ours"), drive(bench, &mut ours, *count).await?);
    }
    table(counts, &mut all);
    goals(most, &mut all);
    Ok(())
}

/// Tries each setting of the old design alone and keeps what is fastest with all cameras.
async fn best(bench: &Bench, plain: Settings, files: &[PathBuf]) -> Result<Settings> {
    let lasts = bench.seconds(8);
    let mut best = (plain, rate(&plain, files, lasts).await?);
    println!(
        "| old design, {}, {} cameras: settings tried | analysed/s |",
        plain.name(),
        files.len()
    );
    println!("|---|---|");
    println!("| {} | {:.1} |", told(&best.0), best.1);
    type Change = fn(&mut Settings);
    let changes: [Change; 7] = [
        |settings| settings.spin = false,
        |settings| settings.model_threads = 1,
        |settings| settings.decode_threads = 1,
        |settings| settings.picture_threads = 1,
        |settings| settings.workers = 1,
        |settings| settings.workers = 2,
        |settings| settings.workers = 3,
    ];
    for change in changes {
        let mut changed = best.0;
        change(&mut changed);
        if changed == best.0 || (!changed.to_thread && changed.workers != best.0.workers) {
            continue;
        }
        let rate = rate(&changed, files, lasts).await?;
        println!("| {} | {rate:.1} |", told(&changed));
        if rate > best.1 {
            best = (changed, rate);
        }
    }
    println!("| taken: {} | {:.1} |\n", told(&best.0), best.1);
    Ok(best.0)
}

fn told(settings: &Settings) -> String {
    let Settings { model_threads, spin, picture_threads, decode_threads, .. } = settings;
    let spin = if *spin { "spinning" } else { "not spinning" };
    let workers = if settings.to_thread {
        format!(", threads for pictures {}", settings.workers)
    } else {
        String::new()
    };
    format!(
        "threads: model {model_threads} ({spin}), OpenCV {picture_threads}, decoder {decode_threads}{workers}"
    )
}

async fn rate(settings: &Settings, files: &[PathBuf], lasts: Duration) -> Result<f64> {
    let mut old = Old::start(settings, files, WIDTH).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    old.begin().await?;
    let began = Instant::now();
    tokio::time::sleep(lasts).await;
    let analysed = old.end().await?.analysed;
    ensure!(analysed > 0.0, "the old design analyses nothing: see what it says above");
    Ok(analysed / began.elapsed().as_secs_f64())
}

async fn drive<S: Side>(bench: &Bench, side: &mut S, cameras: usize) -> Result<Outcome> {
    tokio::time::sleep(bench.seconds(10)).await;
    // A loop that stands still answers late: what comes before its answer is not of the window.
    side.begin().await?;
    for camera in 0..cameras {
        side.take(camera);
    }
    let (used, began) = (Usage::now(side.pid(), None), Instant::now());
    tokio::time::sleep(bench.seconds(20)).await;
    let figures = side.end().await?;
    ensure!(figures.analysed > 0.0, "not one picture was analysed");
    let seconds = began.elapsed().as_secs_f64();
    let seen: Vec<Vec<Shown>> = (0..cameras).map(|camera| side.take(camera)).collect();
    let cores = Usage::now(side.pid(), None).cores_since(&used, seconds);
    let client = cores.get(&crate::process::Part::Client).copied().unwrap_or(0.0);
    let memory_mb = resident_mb(side.pid())?
        + descendants(side.pid()).into_iter().filter_map(|pid| resident_mb(pid).ok()).sum::<f64>();
    let (tracks, crossing) = crossing(&seen);
    let shown_analysed = seen.iter().flatten().filter(|shown| shown.analysed).count();
    Ok(Outcome {
        analysed: figures.analysed / seconds,
        decoded: figures.decoded / seconds,
        shown: number(seen.iter().map(Vec::len).sum()) / seconds,
        shown_analysed: number(shown_analysed) / seconds,
        cores: cores.values().sum::<f64>() - client,
        memory_mb,
        stall_p99_ms: figures.stall_p99_ms,
        jitter_p99_ms: jitter_p99_ms(&seen),
        tracks,
        crossing,
        timed: commands::measure(side, 0, bench.seconds(40)).await?,
    })
}

/// How many tracks were seen, and how many of them at more than one camera.
fn crossing(seen: &[Vec<Shown>]) -> (usize, usize) {
    let mut cameras: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (camera, seen) in seen.iter().enumerate() {
        for track in seen.iter().flat_map(|shown| &shown.tracks) {
            cameras.entry(track).or_default().insert(camera);
        }
    }
    (cameras.len(), cameras.values().filter(|at| at.len() > 1).count())
}

/// How far 99 % of the times between two pictures lie from the mean of their viewer.
fn jitter_p99_ms(seen: &[Vec<Shown>]) -> f64 {
    let mut off = Vec::new();
    for seen in seen {
        let steps: Vec<f64> = seen
            .windows(2)
            .map(|two| two[1].at.duration_since(two[0].at).as_secs_f64() * 1000.0)
            .collect();
        let mean = mean(&steps);
        off.extend(steps.iter().map(|step| (step - mean).abs()));
    }
    quantile(&mut off, 0.99)
}

type Outcomes = BTreeMap<(usize, &'static str), Outcome>;

fn table(counts: &[usize], all: &mut Outcomes) {
    println!(
        "| the same files (1280x720, {RATE}/s, in a loop), model, client; a viewer a camera at {WIDTH} pixels | {} |",
        COLUMNS.join(" | ")
    );
    println!("|---|---|---|---|---|---|");
    type Figure = fn(&mut Outcome) -> String;
    let rows: [(&str, Figure); 12] = [
        ("analysed pictures/s in all", |o| format!("{:.1}", o.analysed)),
        ("decoded pictures/s in all (15 a camera is the files' own speed)", |o| {
            format!("{:.1}", o.decoded)
        }),
        ("pictures/s at the viewers in all: analysed / with those between", |o| {
            format!("{:.1} / {:.1}", o.shown_analysed, o.shown)
        }),
        ("pause or seek to no older picture after, ms: median / 99 %", |o| o.timed.effect_text()),
        ("of it until the answer, ms: median / 99 %", |o| {
            let answered = &mut o.timed.answered;
            format!("{:.1} / {:.1}", quantile(answered, 0.5), quantile(answered, 0.99))
        }),
        ("seek to the first picture of the new place, ms: median / 99 %", |o| {
            let new = &mut o.timed.new_place;
            format!("{:.0} / {:.0}", quantile(new, 0.5), quantile(new, 0.99))
        }),
        ("event loop late, ms: 99 %", |o| format!("{:.0}", o.stall_p99_ms)),
        ("time between pictures at a viewer off its mean, ms: 99 %", |o| {
            format!("{:.0}", o.jitter_p99_ms)
        }),
        ("memory with children, resident, MB", |o| format!("{:.0}", o.memory_mb)),
        ("cores busy, client left out", |o| format!("{:.2}", o.cores)),
        ("tracks of people seen", |o| format!("{}", o.tracks)),
        ("of them at more than one camera", |o| format!("{}", o.crossing)),
    ];
    for count in counts {
        for (name, figure) in &rows {
            let mut cell = |side| all.get_mut(&(*count, side)).map(figure).unwrap_or_default();
            println!("| {count}: {name} | {} |", COLUMNS.map(&mut cell).join(" | "));
        }
    }
    println!();
}

fn goals(count: usize, all: &mut Outcomes) {
    let mut of = |side, figure: fn(&mut Outcome) -> f64| {
        all.get_mut(&(count, side)).map_or(f64::NAN, figure)
    };
    let analysed: fn(&mut Outcome) -> f64 = |outcome| outcome.analysed;
    let slow: fn(&mut Outcome) -> f64 = |outcome| quantile(&mut outcome.timed.effect, 0.99);
    let mut times = |old| of("ours", analysed) / of(old, analysed);
    let rows = [
        ("analysed pictures/s, times blocking", times("blocking"), Some(2.0)),
        ("analysed pictures/s, times to_thread", times("to_thread"), Some(1.5)),
        ("analysed pictures/s, times blocking, both in real time", times(COLUMNS[2]), None),
        ("analysed pictures/s, times to_thread, both in real time", times(COLUMNS[3]), None),
        (
            "command, 99 %, times shorter than blocking",
            of("blocking", slow) / of("ours", slow),
            Some(50.0),
        ),
    ];
    println!("| at {count} cameras | ours | goal | |");
    println!("|---|---|---|---|");
    for (name, ratio, goal) in rows {
        let (goal, met) = goal.map_or((String::new(), ""), |goal: f64| {
            (format!("{goal:.1}"), verdict(ratio >= goal))
        });
        println!("| {name} | {ratio:.1} | {goal} | {met} |");
    }
    println!();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(at: Instant, tracks: &[&str]) -> Shown {
        let tracks = tracks.iter().map(|&track| track.to_owned()).collect();
        Shown { at, epoch: 0, playing: true, analysed: true, tracks }
    }

    #[test]
    fn a_track_of_two_cameras_crosses() {
        let at = Instant::now();
        let seen =
            [vec![shown(at, &["1", "2"]), shown(at, &["1"])], vec![shown(at, &["2", "3"])], vec![]];
        assert_eq!(crossing(&seen), (3, 1));
    }

    #[test]
    fn jitter_is_what_one_waits_longer_or_shorter() {
        let start = Instant::now();
        let at = |ms| shown(start + Duration::from_millis(ms), &[]);
        let even = vec![at(0), at(100), at(200), at(300)];
        assert!(jitter_p99_ms(std::slice::from_ref(&even)) < 1e-6);
        let uneven = vec![at(0), at(50), at(200), at(300)];
        assert!((jitter_p99_ms(&[even, uneven]) - 50.0).abs() < 1e-6);
    }
}
