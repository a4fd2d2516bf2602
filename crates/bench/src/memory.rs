//! What each more camera costs in memory.

use anyhow::Result;

use crate::Bench;
use crate::cameras::CameraArguments;
use crate::farm::Farm;
use crate::load::{ANALYSED_MAX, RATE, SIZE};
use crate::process::Part;
use crate::program::{Server, SiteCamera, site};
use crate::stats::{number, verdict};

const MORE: usize = 12;

struct Used {
    server: f64,
    decoders: f64,
    detector: f64,
}

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let what = CameraArguments { people: MORE, intruders: 0, quiet: 0, size: SIZE, rate: RATE };
    let farm = Farm::start(&what).await?;
    let one = used(bench, &farm, 1).await?;
    let all = used(bench, &farm, MORE).await?;
    let each = |more: f64, less: f64| (more - less) / number(MORE - 1);
    let server = each(all.server, one.server);
    println!("| memory, resident, cameras of 1280x720 at {RATE}/s with people over RTSP | |");
    println!("|---|---|");
    println!("| server with 1 / {MORE} cameras, MB | {:.0} / {:.0} |", one.server, all.server);
    println!(
        "| server for each more, MB (at most 25) | {server:.1}: {} |",
        verdict(server <= 25.0)
    );
    println!(
        "| decoder children with 1 / {MORE} cameras, MB; each more | {:.0} / {:.0}; {:.0} |",
        one.decoders,
        all.decoders,
        each(all.decoders, one.decoders)
    );
    println!(
        "| detector child with 1 / {MORE} cameras, MB | {:.0} / {:.0} |\n",
        one.detector, all.detector
    );
    Ok(())
}

async fn used(bench: &Bench, farm: &Farm, cameras: usize) -> Result<Used> {
    let list: Vec<SiteCamera> =
        farm.cameras[..cameras].iter().map(|(_, url)| SiteCamera::new(url, ANALYSED_MAX)).collect();
    let server = Server::start(&site(&list)).await?;
    server.wait_live(std::time::Duration::from_secs(40)).await?;
    tokio::time::sleep(bench.seconds(20)).await;
    Ok(Used {
        server: server.resident_mb()?,
        decoders: server.children_mb(Part::Decoders),
        detector: server.children_mb(Part::Detector),
    })
}
