//! Many cameras over real RTSP: states, rates, fairness, and who uses the processor.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use safe_yolo_core::PictureSize;

use crate::Bench;
use crate::cameras::CameraArguments;
use crate::farm::Farm;
use crate::live::Viewer;
use crate::process::Part;
use crate::program::{Server, SiteCamera, site};
use crate::stats::{least, mean, number, verdict};

pub(crate) const SIZE: PictureSize = PictureSize::new(1280, 720);
pub(crate) const RATE: u32 = 15;
/// Analyses a second and camera asked for at most; the program's own default.
pub(crate) const ANALYSED_MAX: u32 = 10;
/// Width of the pictures of those who watch while rates are compared, pixels.
const WIDTH: u32 = 320;

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    cameras(bench, 6, 6).await?;
    cameras(bench, 12, 0).await
}

/// What the server shows of one camera, a second: analysed and decoded pictures.
#[derive(Debug, Default, Clone)]
struct Rates {
    camera: String,
    shown: Vec<f64>,
    decoded: Vec<f64>,
}

async fn cameras(bench: &Bench, people: usize, quiet: usize) -> Result<()> {
    let what = CameraArguments { people, intruders: 0, quiet, size: SIZE, rate: RATE };
    let mut farm = Farm::start(&what).await?;
    let list: Vec<SiteCamera> =
        farm.cameras.iter().map(|(_, url)| SiteCamera::new(url, ANALYSED_MAX)).collect();
    let server = Server::start(&site(&list)).await?;
    server.wait_live(Duration::from_secs(40)).await?;
    tokio::time::sleep(bench.seconds(10)).await;

    // Without viewers: what the server does by itself.
    let window = bench.seconds(30);
    // Asking takes time itself: the same questions in the same order at both ends.
    let (before, sent_before) = (server.metrics().await?, farm.sent().await?);
    let (used_before, began) = (server.usage(Some(farm.pid()?)), Instant::now());
    let mut rates = vec![Rates::default(); people + quiet];
    let mut live_least = people + quiet;
    while began.elapsed() < window {
        let cameras = server.cameras().await?;
        live_least = live_least.min(cameras.iter().filter(|camera| camera.is_live()).count());
        for (rates, camera) in rates.iter_mut().zip(cameras) {
            rates.camera = camera.id;
            rates.shown.push(camera.status.analysed_per_s);
            rates.decoded.push(camera.status.pictures_per_s);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (after, sent_after) = (server.metrics().await?, farm.sent().await?);
    let (used_after, seconds) = (server.usage(Some(farm.pid()?)), began.elapsed().as_secs_f64());
    let cores = used_after.cores_since(&used_before, seconds);
    let sent: Vec<f64> = sent_after
        .iter()
        .zip(&sent_before)
        .map(|(after, before)| number(usize::try_from(after - before).unwrap_or(0)) / seconds)
        .collect();

    println!(
        "| {people} cameras with people, {quiet} quiet, 1280x720 H.264 at {RATE}/s over RTSP, {seconds:.0} s | |"
    );
    println!("|---|---|");
    let all = people + quiet;
    println!(
        "| LIVE, least at any time (all {all}) | {live_least}: {} |",
        verdict(live_least == all)
    );
    let shown: Vec<f64> = rates.iter().map(|rates| mean(&rates.shown)).collect();
    let (with_people, with_nobody) = shown.split_at(people);
    let goal = if quiet > 0 { " (at least 5)" } else { "" };
    println!(
        "| analysed/s a camera with people: lowest / mean{goal} | {:.1} / {:.1} |",
        least(with_people),
        mean(with_people)
    );
    let fairness = least(with_people) / mean(with_people);
    println!(
        "| fairness among them: lowest / mean (at least 0.9) | {fairness:.2}: {} |",
        verdict(fairness >= 0.9)
    );
    if quiet > 0 {
        println!(
            "| analysed/s a quiet camera: lowest / mean (at least 1) | {:.1} / {:.1} |",
            least(with_nobody),
            mean(with_nobody)
        );
    }
    true_rates(&rates, &after.analysed_by_camera(&before), seconds);
    let (counted, told) = (after.analysed_since(&before)? / seconds, shown.iter().sum::<f64>());
    println!(
        "| analysed/s in all: by the server's counter / sum of the rates shown | {counted:.1} / {told:.1} |"
    );
    println!("| pictures/s sent in all | {:.1} |", sent.iter().sum::<f64>());
    println!(
        "| pictures/s decoded in all (quiet cameras may leave some out) | {:.1} |",
        after.rise(&before, "safe_yolo_decoded_pictures_total") / seconds
    );
    let decoded: Vec<f64> = rates.iter().map(|rates| mean(&rates.decoded)).collect();
    println!(
        "| pictures/s a camera with people: lowest sent / lowest decoded (decoders keep up) | {:.1} / {:.1} |",
        least(&sent[..people]),
        least(&decoded[..people])
    );
    println!(
        "| coded pictures given up before a decoder | {:.0} |",
        after.rise(&before, "safe_yolo_access_units_dropped_total")
    );
    println!("| cores busy: {} | {} |", names(), busy(&cores));
    viewed(bench, &server, farm.pid()?).await?;
    println!();
    Ok(())
}

/// The rates that the server shows against those it counts, camera by camera.
fn true_rates(rates: &[Rates], counted: &Option<BTreeMap<String, f64>>, seconds: f64) {
    let Some(counted) = counted else {
        println!("| rate shown against the true one, by camera | the server counts in all only |");
        return;
    };
    let off = |rates: &Rates| {
        let counted = counted.get(&rates.camera).copied().unwrap_or(0.0) / seconds;
        (mean(&rates.shown) - counted).abs() / counted.max(0.1)
    };
    let worst = rates.iter().map(off).fold(0.0, f64::max);
    println!(
        "| rate shown against the true one, the camera that is most off (at most 10 %) | {:.0} %: {} |",
        worst * 100.0,
        verdict(worst <= 0.1)
    );
}

/// What changes when somebody looks at all cameras at once.
async fn viewed(bench: &Bench, server: &Server, farm: u32) -> Result<()> {
    let ids: Vec<String> = server.cameras().await?.into_iter().map(|camera| camera.id).collect();
    let viewer = Viewer::start(server.live(&ids, WIDTH).await?);
    tokio::time::sleep(Duration::from_secs(5)).await;
    viewer.take();
    let (began, before) = (Instant::now(), server.metrics().await?);
    let used = server.usage(Some(farm));
    tokio::time::sleep(bench.seconds(20)).await;
    let seconds = began.elapsed().as_secs_f64();
    let analysed = server.metrics().await?.analysed_since(&before)? / seconds;
    let cores = server.usage(Some(farm)).cores_since(&used, seconds);
    let seen = viewer.take();
    let looked_at = seen.iter().filter(|seen| seen.is_analysed()).count();
    println!(
        "| with a viewer of all cameras at {WIDTH} pixels: analysed/s in all | {analysed:.1} |"
    );
    println!(
        "| and at the viewer, pictures/s: analysed ones / all | {:.1} / {:.1} |",
        number(looked_at) / seconds,
        number(seen.len()) / seconds
    );
    println!("| and cores busy: {} | {} |", names(), busy(&cores));
    Ok(())
}

/// The parts in the order of [`busy`].
pub(crate) fn names() -> String {
    Part::ALL.map(Part::name).join(" / ")
}

/// Cores each part keeps busy.
pub(crate) fn busy(cores: &BTreeMap<Part, f64>) -> String {
    let one = |part| format!("{:.2}", cores.get(&part).copied().unwrap_or(0.0));
    Part::ALL.map(one).join(" / ")
}
