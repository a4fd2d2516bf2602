//! Two pages fetched over and over from a server that takes its time: waiting is what there is to share.
//!
//! The published pages lay on the Internet. Here a server in this program answers each request after the same delay, so
//! that a run can be repeated, and counts what it was asked and how much of that at once: one after the other
//! never more than one, over threads as many as there are threads, over tasks as many as are
//! allowed. All ways keep their connections, as the published sessions do.

mod server;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use futures_util::future::try_join_all;
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use self::server::{PAGE_LEN_MAX, Server, page};
use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text, Way};
use crate::experiments::together::cores;
use crate::python::Python;

/// As many threads as published.
const THREADS: u64 = 5;

/// As many requests at once as the published library allows itself.
const TASKS: u64 = 100;

/// The longest that one answer is waited for.
const WAIT_MAX: Duration = Duration::from_secs(30);

const ABOUT: About = About {
    name: "downloads",
    source: "001",
    title: Text { en: "160 downloads", ko: "다운로드 160번" },
    shows: Text {
        en: "160 requests to a local server that answers each after 20 ms. Who waits needs no core: five threads wait five times \
             as fast, and one thread with a hundred tasks is faster still. Processes wait no better than threads do.",
        ko: "요청마다 20ms 뒤에 답하는 로컬 서버에 160번 요청한다. 기다리는 데는 코어가 필요 없다. 스레드 다섯이면 다섯 배 \
             빠르고, 스레드 하나에서 태스크 백 개를 돌리면 더 빠르다. 프로세스라고 스레드보다 잘 기다리지는 않는다.",
    },
    published: Text {
        en: "14.29 s one after the other, 3.72 s with 5 threads, 2.57 s async, 5.72 s over processes",
        ko: "순차 14.29초, 스레드 5개 3.72초, 비동기 2.57초, 프로세스 5.72초",
    },
    choice: Text {
        en: "Thousands of viewers are waited for by tasks on a few threads. Each camera's pipeline has a thread of its own all the \
             same: a task that blocks would hold up all that share its thread.",
        ko: "수천 개의 화면을 기다리는 일은 스레드 몇 개 위의 태스크가 맡는다. 그래도 카메라 파이프라인에는 전용 스레드를 준다. 태스크 하나가 \
             블로킹하면 같은 스레드를 쓰는 나머지도 멈추기 때문이다.",
    },
    libraries: &["std", "ureq", "tokio", "hyper", "axum"],
    size: Some(Size {
        unit: "requests",
        whole: 160,
        reduced: 20,
        most: 10_000,
        bytes_each: PAGE_LEN_MAX as u64 * 2,
    }),
};

/// The experiment.
pub(super) struct Downloads;

impl Experiment for Downloads {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let server = Server::start(delay(given))?;
        let (address, requests) = (server.address(), given.size);
        let mut findings = Findings::default();
        let mut add = |limit, (way, pages): (Way, Vec<Page>)| {
            let (answered, most) = server.take_counts();
            findings.checks.push(all_came(&way.name, requests, &pages, answered));
            findings.checks.push(at_once(&way.name, limit, most));
            #[expect(clippy::cast_precision_loss, reason = "a figure to be read")]
            findings.ways.push(way.with("waited at once", most as f64, "requests"));
        };
        add(1, given.measure("sequential", || fetch_all(address, 0..requests))?);
        add(THREADS, given.measure("threads", || over_threads(address, requests))?);
        add(TASKS, given.measure("async", || over_tasks(address, requests))?);
        add(processes(), given.measure("processes", || over_processes(given, address, requests))?);
        if let [sequential, threads, tasks, _processes] = findings.ways.as_slice() {
            let least =
                delay(given).as_secs_f64() * f64::from(u32::try_from(requests).unwrap_or(0));
            findings.checks.push(Check::bound(
                "one after the other, every answer is waited for",
                format!("at least {least:.2} s"),
                format!("{:.2} s", sequential.seconds),
                sequential.seconds >= least,
            ));
            findings.goals = vec![faster(4.0, sequential, threads), faster(1.0, threads, tasks)];
        }
        Ok(findings)
    }

    fn twin(&self, given: &Given<'_>, python: &Python) -> Result<Findings, LabError> {
        let server = Server::start(delay(given))?;
        let url = format!("http://{}", server.address());
        let bytes: usize = (0..given.size).map(|number| page(number).len()).sum();
        let bytes = bytes.to_string();
        let more = ["--url", url.as_str(), "--body-bytes", bytes.as_str()].map(OsStr::new);
        let mut findings = python.run(ABOUT.name, given, &more)?;
        let ways = u64::try_from(findings.ways.len()).unwrap_or(0);
        let (answered, _most) = server.take_counts();
        let what = "requests that the server answered";
        findings.checks.push(Check::equal(what, &(given.size * ways), &answered));
        Ok(findings)
    }
}

/// The number of a request, and the body that came.
type Page = (u64, String);

/// Waits for each answer as it comes, with a connection that is kept: the simplest there is.
fn fetch_all(
    address: SocketAddr,
    numbers: impl IntoIterator<Item = u64>,
) -> Result<Vec<Page>, LabError> {
    // Without a proxy: the server is here, whatever the environment says.
    let settings = ureq::Agent::config_builder()
        .proxy(None)
        // Not one for everything, which would also bound the look-up of the name, by a thread for each request.
        .timeout_connect(Some(WAIT_MAX))
        .timeout_recv_response(Some(WAIT_MAX))
        .timeout_recv_body(Some(WAIT_MAX));
    let agent = ureq::Agent::new_with_config(settings.build());
    let fetch = |number| {
        let mut answer = agent.get(url(address, number)).call().map_err(failed)?;
        Ok((number, answer.body_mut().read_to_string().map_err(failed)?))
    };
    numbers.into_iter().map(fetch).collect()
}

/// Five threads, each with a connection of its own; whoever is free takes the next request.
fn over_threads(address: SocketAddr, requests: u64) -> Result<Vec<Page>, LabError> {
    let next = AtomicU64::new(0);
    let numbers = || {
        std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < requests))
    };
    thread::scope(|threads| {
        let started: Vec<_> =
            (0..THREADS).map(|_| threads.spawn(|| fetch_all(address, numbers()))).collect();
        let mut pages = Vec::new();
        for thread in started {
            pages.extend(thread.join().map_err(|_panic| failed("a thread panicked"))??);
        }
        Ok(pages)
    })
}

/// A hundred tasks on this one thread: while one waits, others go on.
fn over_tasks(address: SocketAddr, requests: u64) -> Result<Vec<Page>, LabError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    // Neither a lock nor an atomic: on one thread only one of them runs at a time.
    let next = Cell::new(0);
    let take = || Some(next.replace(next.get() + 1)).filter(|number| *number < requests);
    let tasks = (0..TASKS.min(requests)).map(|_| fetch_with_task(address, &take));
    Ok(runtime.block_on(try_join_all(tasks))?.into_iter().flatten().collect())
}

/// One task with a connection of its own.
async fn fetch_with_task(
    address: SocketAddr,
    take: &impl Fn() -> Option<u64>,
) -> Result<Vec<Page>, LabError> {
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // Ends with the sender; what it finds wrong, the sender is told.
    tokio::spawn(connection);
    let mut pages = Vec::new();
    while let Some(number) = take() {
        let request = Request::get(url(address, number)).header(HOST, address.to_string());
        let request = request.body(Body::empty()).map_err(failed)?;
        let fetched = timeout(WAIT_MAX, async {
            sender.ready().await.map_err(failed)?;
            let answer = sender.send_request(request).await.map_err(failed)?;
            to_bytes(Body::new(answer.into_body()), PAGE_LEN_MAX).await.map_err(failed)
        });
        let body = fetched.await.map_err(failed)??;
        pages.push((number, String::from_utf8(body.into()).map_err(failed)?));
    }
    Ok(pages)
}

/// A process for each core, each with its share of the requests.
fn over_processes(
    given: &Given<'_>,
    address: SocketAddr,
    requests: u64,
) -> Result<Vec<Page>, LabError> {
    let share = requests.div_ceil(processes());
    let mut children = Vec::new();
    for process in 0..processes() {
        let (from, to) = (process * share, ((process + 1) * share).min(requests));
        let words = [address.to_string(), from.to_string(), to.to_string()];
        children.push(given.process("downloads").args(words).spawn().map_err(failed)?);
    }
    let mut pages = Vec::new();
    for child in children {
        let output = child.wait_with_output().map_err(failed)?;
        if !output.status.success() {
            return Err(failed(output.status));
        }
        for line in String::from_utf8(output.stdout).map_err(failed)?.lines() {
            let (number, body) = line.split_once(' ').ok_or_else(|| failed("no number"))?;
            pages.push((number.parse().map_err(failed)?, body.to_owned()));
        }
    }
    Ok(pages)
}

/// Fetches the pages from one number to another and prints each in a line behind its number.
pub(super) fn child(arguments: &[String]) -> Result<(), LabError> {
    let [address, from, to] = arguments else {
        return Err(failed("give the address, the first number and the end"));
    };
    let (from, to): (u64, u64) = (from.parse().map_err(failed)?, to.parse().map_err(failed)?);
    for (number, body) in fetch_all(address.parse().map_err(failed)?, from..to)? {
        crate::report::line(&format!("{number} {body}"))?;
    }
    Ok(())
}

fn url(address: SocketAddr, number: u64) -> String {
    format!("http://{address}/{}", number % 2)
}

fn failed(why: impl Display) -> LabError {
    LabError::failed("downloading", why)
}

fn delay(given: &Given<'_>) -> Duration {
    Duration::from_millis(if given.reduced { 2 } else { 20 })
}

fn processes() -> u64 {
    u64::try_from(cores()).unwrap_or(1)
}

/// Each request got its own page, and no other, and the server has seen as many.
fn all_came(way: &str, requests: u64, pages: &[Page], answered: u64) -> Check {
    let right: BTreeSet<u64> =
        pages.iter().filter(|(number, body)| *body == page(*number)).map(|page| page.0).collect();
    let all = right.into_iter().eq(0..requests) && pages.len() as u64 == requests;
    Check::bound(
        &format!("{way}: every body came, and is the page that was asked for"),
        format!("{requests} bodies of {requests} answers"),
        format!("{} bodies of {answered} answers", pages.len()),
        all && answered == requests,
    )
}

fn at_once(way: &str, limit: u64, most: u64) -> Check {
    Check::bound(
        &format!("{way}: requests that waited at once"),
        format!("1 to {limit}"),
        most,
        (1..=limit).contains(&most),
    )
}

fn faster(times: f64, one: &Way, many: &Way) -> Check {
    let found = one.seconds / many.seconds;
    Check::bound(
        &format!("speed-up of {} over {}", many.name, one.name),
        format!(">= {times:.1}"),
        format!("{found:.1}"),
        found >= times,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(requests: u64) -> Vec<Page> {
        (0..requests).map(|number| (number, page(number))).collect()
    }

    #[test]
    fn bodies_that_are_missing_doubled_or_others_are_noticed() {
        let held = |pages: &[Page], answered| all_came("way", 4, pages, answered).held;
        let mut pages = fetched(4);
        assert!(held(&pages, 4));
        assert!(!held(&pages, 5), "one too many was asked for");
        assert!(!held(&pages[..3], 4));
        pages[3].0 = 1;
        assert!(!held(&pages, 4), "1 came twice and 3 never");
        pages[3] = (3, page(2));
        assert!(!held(&pages, 4), "the other page came");
        assert!(at_once("way", 5, 5).held && !at_once("way", 5, 6).held);
        assert!(!at_once("way", 5, 0).held, "the server has not counted");
    }

    #[test]
    fn a_page_is_one_line_within_its_limit() {
        assert_ne!(page(0), page(1));
        for number in 0..2 {
            assert!(page(number).len() <= PAGE_LEN_MAX && !page(number).contains('\n'));
        }
    }

    #[test]
    fn the_server_sees_how_many_wait_at_once_and_ends() {
        let server = Server::start(Duration::from_millis(20)).unwrap();
        assert_eq!(fetch_all(server.address(), 0..3).unwrap(), fetched(3));
        assert_eq!(server.take_counts(), (3, 1));
        assert_eq!(over_tasks(server.address(), 50).unwrap().len(), 50);
        let (answered, most) = server.take_counts();
        assert_eq!(answered, 50);
        assert!(most > 1 && most <= 50, "{most}");
        let address = server.address();
        drop(server);
        assert!(fetch_all(address, 0..1).is_err(), "nobody listens any more");
    }
}
