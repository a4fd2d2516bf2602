//! Another process: asked over its pipe, a line each way, and one that holds what all share.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::{THREADS, questions};
use crate::experiment::{Check, Given, LabError};
use crate::experiments::together::{PATIENCE, lock, on_threads};

/// The work of the processes here, as `experiments::child` names it.
const WORK: &str = "primitives";

/// `Pipe`: the standard input and output of a child. It squares each number it is sent.
pub(super) fn pipe(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let mut child = Neighbour::start(given, "squares")?;
    let (mut asked, mut right) = (0, 0);
    for number in 1..=questions(given) {
        asked += 1;
        right += u64::from(child.ask(&number.to_string())? == (number * number).to_string());
    }
    Ok(vec![Check::equal("squares that came over a pipe", &asked, &right)])
}

/// `Manager`: a child that holds the counts and is asked by all threads. It does one thing after the other, so
/// that adding needs no lock there; the lock here keeps question and answer together.
pub(super) fn manager(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let child = Mutex::new(Neighbour::start(given, "counts")?);
    let turns = questions(given);
    let answers = on_threads(THREADS, |number| {
        let mut seen = Vec::new();
        for _ in 0..turns {
            seen.push(lock(&child).ask("all")?);
            lock(&child).ask(&format!("thread {number}"))?;
        }
        Ok::<_, LabError>(seen)
    })?;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    let mut numbers: Vec<u64> = answers.iter().filter_map(|answer| answer.parse().ok()).collect();
    numbers.sort_unstable();
    let all = turns * u64::try_from(THREADS).unwrap_or(u64::MAX);
    let own = (0..THREADS).map(|number| lock(&child).ask(&format!("thread {number}")));
    let own = own.collect::<Result<Vec<_>, _>>()?;
    let once_more = (turns + 1).to_string();
    Ok(vec![
        Check::equal("every count was given once", &true, &numbers.into_iter().eq(1..=all)),
        Check::equal(
            "each thread's own count",
            &[&*once_more; THREADS].join(", "),
            &own.join(", "),
        ),
    ])
}

/// A process that answers each line with one.
struct Neighbour {
    child: Arc<Mutex<Child>>,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Closed with it: then nobody waits for its end any more.
    _done: Sender<()>,
}

impl Neighbour {
    fn start(given: &Given<'_>, what: &str) -> Result<Self, LabError> {
        let failed = |why: &dyn std::fmt::Display| LabError::failed("a process to be asked", why);
        let mut child = given
            .process(WORK)
            .arg(what)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error))?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(&"it has no pipes"));
        };
        // A read has no time limit: a child that takes too long is killed, and its pipe ends.
        let (child, (done, ended)) = (Arc::new(Mutex::new(child)), bounded(0));
        let late = Arc::clone(&child);
        thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                drop(lock(&late).kill());
            }
        });
        Ok(Self { child, questions, answers: BufReader::new(answers), _done: done })
    }

    fn ask(&mut self, question: &str) -> Result<String, LabError> {
        let failed =
            |why: &dyn std::fmt::Display| LabError::failed(format!("asking '{question}'"), why);
        // In one piece: the child is woken once.
        let line = format!("{question}\n");
        self.questions.write_all(line.as_bytes()).map_err(|error| failed(&error))?;
        let mut answer = String::new();
        match self.answers.read_line(&mut answer) {
            Ok(0) => Err(failed(&"the process has ended")),
            Ok(_) => Ok(answer.trim_end().to_owned()),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It has ended, or is to: there is nothing more to do about either.
        let mut child = lock(&self.child);
        drop(child.kill());
        drop(child.wait());
    }
}

/// Answers the lines of the standard input until it ends.
pub(in crate::experiments) fn child(arguments: &[String]) -> Result<(), LabError> {
    let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
    match arguments {
        [what] if what == "squares" => answer(input, output, square),
        [what] if what == "counts" => {
            let mut counts = BTreeMap::new();
            answer(input, output, |key| Ok(add(&mut counts, key)))
        }
        _ => Err(LabError::failed("a process to be asked", format!("it can't do {arguments:?}"))),
    }
}

fn answer(
    questions: impl BufRead,
    mut answers: impl Write,
    mut think: impl FnMut(&str) -> Result<u64, LabError>,
) -> Result<(), LabError> {
    let failed = |error| LabError::failed("answering", error);
    for line in questions.lines() {
        let answer = format!("{}\n", think(&line.map_err(failed)?)?);
        answers.write_all(answer.as_bytes()).map_err(failed)?;
        answers.flush().map_err(failed)?;
    }
    Ok(())
}

fn square(number: &str) -> Result<u64, LabError> {
    let failed =
        |why: &dyn std::fmt::Display| LabError::failed(format!("squaring '{number}'"), why);
    let number: u64 = number.parse().map_err(|error| failed(&error))?;
    number.checked_mul(number).ok_or_else(|| failed(&"it is too large"))
}

/// Adds one to the count of this name and gives it.
fn add(counts: &mut BTreeMap<String, u64>, key: &str) -> u64 {
    let count = counts.entry(key.to_owned()).or_default();
    *count += 1;
    *count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_answered_with_one() {
        let mut answers = Vec::new();
        answer(&b"1\n2\n12\n"[..], &mut answers, square).unwrap();
        assert_eq!(answers, b"1\n4\n144\n");
        assert!(answer(&b"two\n"[..], &mut answers, square).is_err());
        assert!(answer(&b"9999999999\n"[..], &mut answers, square).is_err());
    }

    #[test]
    fn counts_are_kept_by_name() {
        let mut counts = BTreeMap::new();
        assert_eq!(["a", "b", "a", "a"].map(|key| add(&mut counts, key)), [1, 1, 2, 3]);
    }

    #[test]
    fn work_that_is_not_known_is_an_error() {
        assert!(child(&["nothing".to_owned()]).is_err());
        assert!(child(&[]).is_err());
    }
}
