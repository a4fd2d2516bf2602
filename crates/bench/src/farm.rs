//! The process of `serve-cameras`, as its owner sees it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::cameras::CameraArguments;

/// Making footage that is not in the cache yet takes long.
const READY_MAX: Duration = Duration::from_secs(300);
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Running cameras; they end with this value.
#[derive(Debug)]
pub(crate) struct Farm {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    /// Kind (`people`, `intruders`, `quiet`) and address of each.
    pub(crate) cameras: Vec<(String, String)>,
}

impl Farm {
    pub(crate) async fn start(what: &CameraArguments) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve-cameras")
            .args(["--people", &what.people.to_string()])
            .args(["--intruders", &what.intruders.to_string()])
            .args(["--quiet", &what.quiet.to_string()])
            .args(["--size", &format!("{}x{}", what.size.width, what.size.height)])
            .args(["--rate", &what.rate.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let stdout = BufReader::new(stdout).lines();
        let mut farm = Self { child, stdin, stdout, cameras: Vec::new() };
        loop {
            let line = farm.line(READY_MAX).await?;
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["camera", _, kind, url] => farm.cameras.push((kind.to_owned(), url.to_owned())),
                ["ready"] => return Ok(farm),
                _ => bail!("the cameras say '{line}'"),
            }
        }
    }

    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().context("the cameras have ended")
    }

    /// Pictures sent so far by each camera.
    pub(crate) async fn sent(&mut self) -> Result<Vec<u64>> {
        let answer = self.ask("count").await?;
        answer.iter().map(|word| Ok(word.parse()?)).collect()
    }

    /// When picture `number` of the camera's session was sent, microseconds since 1970.
    pub(crate) async fn sent_at(&mut self, camera: usize, number: u64) -> Result<Option<i64>> {
        let answer = self.ask(&format!("sent {camera} {number}")).await?;
        Ok(answer.last().and_then(|word| word.parse().ok()))
    }

    /// Lets a camera show people, or nobody; answers when, microseconds since 1970.
    pub(crate) async fn show(&mut self, camera: usize, people: bool) -> Result<i64> {
        let which = if people { "motion" } else { "quiet" };
        let answer = self.ask(&format!("{which} {camera}")).await?;
        Ok(answer.last().context("no time")?.parse()?)
    }

    /// The words of the answer after the first.
    async fn ask(&mut self, line: &str) -> Result<Vec<String>> {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await?;
        let answer = self.line(ANSWER_MAX).await?;
        let mut words = answer.split_whitespace();
        if words.next() != line.split_whitespace().next() {
            bail!("the cameras answer '{answer}' to '{line}'");
        }
        Ok(words.map(str::to_owned).collect())
    }

    async fn line(&mut self, limit: Duration) -> Result<String> {
        let line = tokio::time::timeout(limit, self.stdout.next_line()).await;
        line.context("the cameras say nothing")??.context("the cameras have ended")
    }
}
