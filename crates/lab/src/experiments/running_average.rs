//! A coroutine that takes numbers and gives their mean so far: in Rust, a stream made of a stream.

use futures_util::{Stream, StreamExt, stream};

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Text};

const ABOUT: About = About {
    name: "running-average",
    source: "004",
    title: Text { en: "A mean that runs along", ko: "흐르는 평균" },
    shows: Text {
        en: "A coroutine keeps its state between two values. In Rust the same is a stream: nothing runs until \
             somebody asks for the next mean, and the end of the numbers ends it.",
        ko: "코루틴은 값과 값 사이에 자기 상태를 간직한다. Rust에서는 스트림이 같은 일을 한다. 다음 평균을 요청하기 \
             전에는 아무것도 실행되지 않고, 숫자가 끝나면 스트림도 끝난다.",
    },
    published: Text { en: "10, 15, 20, 25, 30", ko: "10, 15, 20, 25, 30" },
    choice: Text {
        en: "A camera is a stream of pictures with state between them: the tracker, the dwell of a rule.",
        ko: "카메라는 상태를 지닌 영상의 스트림이다. 추적기와 규칙의 체류 시간이 그 상태다.",
    },
    libraries: &["futures-util"],
    size: None,
};

/// The experiment.
pub(super) struct RunningAverage;

impl Experiment for RunningAverage {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let (way, means) = given.measure("stream", || {
            // `None` ends it, as in the published one: what comes after is not taken.
            let numbers = stream::iter([
                Some(10.0),
                Some(20.0),
                Some(30.0),
                Some(40.0),
                Some(50.0),
                None,
                Some(1e9),
            ]);
            Ok(futures_util::FutureExt::now_or_never(means(numbers).collect::<Vec<f64>>()))
        })?;
        let said = means.map(|means| said(&means)).unwrap_or_default();
        Ok(Findings {
            ways: vec![way],
            checks: vec![Check::equal("means", "10, 15, 20, 25, 30", said.as_str())],
            goals: Vec::new(),
        })
    }
}

/// The mean of all numbers so far, after each; the first `None` ends it.
fn means(numbers: impl Stream<Item = Option<f64>>) -> impl Stream<Item = f64> {
    numbers.scan((0.0, 0.0), |(total, count), number| {
        std::future::ready(number.map(|number| {
            (*total, *count) = (*total + number, *count + 1.0);
            *total / *count
        }))
    })
}

fn said(means: &[f64]) -> String {
    means.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")
}
