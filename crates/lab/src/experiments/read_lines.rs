//! A large file of lines, read line by line and all at once: what each takes of memory, as the system counts it.
//!
//! A generator of Python gives one line after the other; in Rust [`numbers`] is an iterator that does. How much memory
//! a program has taken at most can only be asked of a whole process, so each way is a process of its own, which
//! says its peak when it ends. The iterator is told apart from the rest of the program by reading
//! a file of a tenth of the lines, too: what is constant does not depend on the size of the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text};
use crate::python::Python;

/// Length of each line with its end, bytes.
const LINE_LEN: u64 = 100;

/// How much more memory reading the whole file may take than reading a tenth of it, bytes.
const MORE_MAX: u64 = 16_000_000;

const ABOUT: About = About {
    name: "read-lines",
    source: "004",
    title: Text { en: "A large file, line by line", ko: "큰 파일을 한 줄씩" },
    shows: Text {
        en: "An iterator over lines takes the same memory for any size of file; who reads all at once needs room for all \
             of it. The memory is the process's peak, as the system counts it.",
        ko: "한 줄씩 읽는 반복자는 파일이 아무리 커도 메모리를 똑같이 쓰고, 한꺼번에 읽으면 파일 전체가 들어갈 메모리가 필요하다. \
             메모리는 운영체제가 센 프로세스의 최댓값이다.",
    },
    published: Text { en: "Constant memory", ko: "일정한 메모리" },
    choice: Text {
        en: "A recording of any length is analysed picture by picture: at most two decoded pictures wait, and the \
             decoder is slowed down by its pipe meanwhile.",
        ko: "녹화 영상은 길이와 상관없이 한 장씩 분석한다. 디코딩된 영상은 최대 두 장만 기다리고, 그동안 디코더는 파이프에 막혀 \
             느려진다.",
    },
    libraries: &["std"],
    size: Some(Size {
        unit: "lines",
        whole: 1_500_000,
        reduced: 300_000,
        most: 20_000_000,
        // The text, and where each line of it lies; in Python each line is an object with a text of its own.
        bytes_each: 270,
    }),
};

/// The experiment.
pub(super) struct ReadLines;

impl Experiment for ReadLines {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let files = Files::write(given.size)?;
        let tenth = read(given, "line by line", &files.tenth)?;
        let (lazy, one_by_one) =
            given.measure("line by line", || read(given, "line by line", &files.whole))?;
        let (eager, at_once) =
            given.measure("all at once", || read(given, "all at once", &files.whole))?;
        let expected = (given.size, sum_below(given.size));
        Ok(Findings {
            checks: vec![
                said("lines and sum, line by line", expected, one_by_one),
                said("lines and sum, all at once", expected, at_once),
                constant(tenth.peak, one_by_one.peak),
            ],
            goals: vec![holds_the_file(given.size * LINE_LEN, at_once.peak)],
            ways: vec![
                lazy.with("peak of memory", megabytes(one_by_one.peak), "MB").with(
                    "peak with a tenth of the file",
                    megabytes(tenth.peak),
                    "MB",
                ),
                eager.with("peak of memory", megabytes(at_once.peak), "MB"),
            ],
        })
    }

    fn twin(&self, given: &Given<'_>, python: &Python) -> Result<Findings, LabError> {
        let files = Files::write(given.size)?;
        let (whole, tenth) = (files.whole.as_os_str(), files.tenth.as_os_str());
        let more = ["--whole".as_ref(), whole, "--tenth".as_ref(), tenth];
        python.run(ABOUT.name, given, &more)
    }
}

/// The files to read; they go when this is dropped.
struct Files {
    whole: PathBuf,
    tenth: PathBuf,
    _folder: TempDir,
}

impl Files {
    fn write(lines: u64) -> Result<Self, LabError> {
        let failed = |error| LabError::failed("writing the file of lines", error);
        let folder = tempfile::tempdir().map_err(failed)?;
        let (whole, tenth) = (folder.path().join("whole.txt"), folder.path().join("tenth.txt"));
        write_lines(&whole, lines).map_err(failed)?;
        write_lines(&tenth, lines / 10).map_err(failed)?;
        Ok(Self { whole, tenth, _folder: folder })
    }
}

/// Each line begins with its number and is filled up to its length.
fn write_lines(path: &Path, lines: u64) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for number in 0..lines {
        writeln!(file, "{number:<10} {:.<88}", "nobody in the zone ")?;
    }
    file.flush()
}

/// The numbers of a file's lines, one after the other; no more than one line is in memory.
fn numbers(path: &Path) -> io::Result<impl Iterator<Item = io::Result<u64>> + use<>> {
    let lines = BufReader::new(File::open(path)?).lines();
    Ok(lines.map(|line| number(&line?)))
}

fn number(line: &str) -> io::Result<u64> {
    let word = line.split_ascii_whitespace().next().unwrap_or_default();
    word.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// What a process says that has read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Read {
    lines: u64,
    sum: u64,
    /// The most memory that the process had at any time, bytes.
    peak: u64,
}

/// Reads the file in a process of its own.
fn read(given: &Given<'_>, way: &str, path: &Path) -> Result<Read, LabError> {
    let failed = |why: &dyn std::fmt::Display| LabError::failed(format!("reading {way}"), why);
    let output = given.process("read-lines").arg(way).arg(path).output();
    let output = output.map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let said: Result<Vec<u64>, _> = text.split_whitespace().map(str::parse).collect();
    match said.map_err(|error| failed(&error))?.as_slice() {
        &[lines, sum, peak] => Ok(Read { lines, sum, peak }),
        _ => Err(failed(&format!("it said '{}'", text.trim()))),
    }
}

/// Reads the file and prints how many lines it has, the sum of their numbers, and the peak of memory, bytes.
pub(super) fn child(arguments: &[String]) -> Result<(), LabError> {
    let failed = |error| LabError::failed("reading the file of lines", error);
    let (lines, sum) = match arguments {
        [way, path] if way == "line by line" => {
            let mut numbers = numbers(Path::new(path)).map_err(failed)?;
            numbers.try_fold((0, 0), |(lines, sum), number| Ok((lines + 1, sum + number?)))
        }
        [way, path] if way == "all at once" => {
            let text = std::fs::read_to_string(path).map_err(failed)?;
            let lines: Vec<&str> = text.lines().collect();
            let mut numbers = lines.iter().map(|line| number(line));
            numbers.try_fold((0, 0), |(lines, sum), number| Ok((lines + 1, sum + number?)))
        }
        _ => return Err(LabError::failed("reading lines", "give the way and the file")),
    }
    .map_err(failed)?;
    crate::report::line(&format!("{lines} {sum} {}", peak()?))
}

/// The most memory that this process has had in use so far, bytes.
fn peak() -> Result<u64, LabError> {
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|error| LabError::failed("asking for the peak of memory", error))?;
    peak_in(&status).ok_or_else(|| {
        LabError::failed("asking for the peak of memory", "the system does not tell it (VmHWM)")
    })
}

fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The sum of the numbers below this one.
const fn sum_below(lines: u64) -> u64 {
    lines * lines.saturating_sub(1) / 2
}

fn said(what: &str, (lines, sum): (u64, u64), read: Read) -> Check {
    Check::equal(
        what,
        format!("{lines} lines, {sum}").as_str(),
        format!("{} lines, {}", read.lines, read.sum).as_str(),
    )
}

fn constant(tenth: u64, whole: u64) -> Check {
    Check::bound(
        "line by line, the whole file takes no more memory than a tenth of it",
        format!("at most {} MB more", megabytes(MORE_MAX)),
        format!("{:.1} MB and {:.1} MB", megabytes(whole), megabytes(tenth)),
        whole <= tenth + MORE_MAX,
    )
}

/// No check: a system that is short of memory moves a part of it to disk.
fn holds_the_file(file: u64, peak: u64) -> Check {
    Check::bound(
        "read all at once, the file is in memory",
        format!("at least {:.1} MB", megabytes(file)),
        format!("{:.1} MB", megabytes(peak)),
        peak >= file,
    )
}

#[expect(clippy::cast_precision_loss, reason = "to be read")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_number_and_its_length() {
        let files = Files::write(1234).unwrap();
        assert_eq!(std::fs::metadata(&files.whole).unwrap().len(), 1234 * LINE_LEN);
        let numbers: Result<Vec<u64>, _> = numbers(&files.whole).unwrap().collect();
        assert!(numbers.unwrap().into_iter().eq(0..1234));
        assert_eq!(std::fs::metadata(&files.tenth).unwrap().len(), 123 * LINE_LEN);
        let folder = files.whole.parent().unwrap().to_owned();
        drop(files);
        assert!(!folder.exists(), "what takes a lot of disk is removed");
    }

    #[test]
    fn a_line_without_a_number_is_an_error() {
        assert!(number("nobody in the zone").is_err());
        assert!(number("").is_err());
    }

    #[test]
    fn memory_that_grows_with_the_file_and_wrong_sums_are_noticed() {
        assert!(constant(4_000_000, 19_000_000).held);
        // Reading the reduced size all at once would be noticed as well.
        let (tenth, whole) = (ABOUT.size.unwrap().reduced * 10, ABOUT.size.unwrap().reduced * 100);
        assert!(!constant(tenth, whole).held);
        let read = Read { lines: 10, sum: 45, peak: 0 };
        assert!(said("", (10, sum_below(10)), read).held);
        assert!(!said("", (10, sum_below(10)), Read { sum: 44, ..read }).held);
        assert!(!said("", (10, sum_below(10)), Read { lines: 9, ..read }).held);
    }

    #[test]
    fn the_peak_is_read_from_the_status() {
        let status = "Name:\tlab\nVmPeak:\t  9000 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1000 kB\n";
        assert_eq!(peak_in(status), Some(2 * 1024 * 1024));
        assert_eq!(peak_in("Name:\tlab\n"), None);
    }
}
