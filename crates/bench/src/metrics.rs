//! The server's own figures, from `GET /metrics`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// Counters of pictures analysed since the start, the best known first: by
/// camera where there is one, else in all.
const ANALYSED: [&str; 3] = [
    "safe_yolo_camera_analysed_pictures_total",
    "safe_yolo_pipeline_analysed_pictures_total",
    "safe_yolo_infer_pictures_total",
];

/// One reading of all figures.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics(Vec<(String, f64)>);

impl Metrics {
    /// Reads the text format of Prometheus.
    pub(crate) fn parse(text: &str) -> Self {
        let one = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        };
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(one).collect())
    }

    /// The sum over all series of this name; none when there is no such series.
    pub(crate) fn sum(&self, name: &str) -> Option<f64> {
        let of_name = |series: &str| series.split('{').next() == Some(name);
        let mut values =
            self.0.iter().filter(|(series, _)| of_name(series)).map(|(_, value)| *value).peekable();
        values.peek()?;
        Some(values.sum())
    }

    /// How much a counter rose since `before`; a counter that is not there stands at nil.
    pub(crate) fn rise(&self, before: &Self, name: &str) -> f64 {
        self.sum(name).unwrap_or(0.0) - before.sum(name).unwrap_or(0.0)
    }

    /// Pictures analysed in all since `before`.
    pub(crate) fn analysed_since(&self, before: &Self) -> Result<f64> {
        let name = ANALYSED.into_iter().find(|name| self.sum(name).is_some());
        let name = name.with_context(|| format!("the server has none of {ANALYSED:?}"))?;
        Ok(self.rise(before, name))
    }

    /// Pictures analysed since `before` by camera; none when the server counts them in all only.
    pub(crate) fn analysed_by_camera(&self, before: &Self) -> Option<BTreeMap<String, f64>> {
        let of = |metrics: &Self, name: &str| -> BTreeMap<String, f64> {
            let prefix = format!("{name}{{");
            let one = |(series, value): &(String, f64)| {
                let labels = series.strip_prefix(&prefix)?;
                let camera = labels.split("camera=\"").nth(1)?.split('"').next()?;
                Some((camera.to_owned(), *value))
            };
            metrics.0.iter().filter_map(one).collect()
        };
        let rises = |name: &str| -> BTreeMap<String, f64> {
            let was = of(before, name);
            let rise = |(camera, value)| {
                let before = was.get(&camera).copied().unwrap_or(0.0);
                (camera, value - before)
            };
            of(self, name).into_iter().map(rise).collect()
        };
        ANALYSED.into_iter().map(rises).find(|rises| !rises.is_empty())
    }

    /// The bound, milliseconds, below which this part of what a histogram in
    /// seconds counted since `before` lies: the upper edge of its bucket.
    pub(crate) fn bound_ms(&self, before: &Self, name: &str, part: f64) -> f64 {
        let prefix = format!("{name}_bucket{{");
        let edge = |series: &str| -> Option<f64> {
            let labels = series.strip_prefix(&prefix)?;
            let edge = labels.split("le=\"").nth(1)?.split('"').next()?;
            if edge == "+Inf" { Some(f64::INFINITY) } else { edge.parse().ok() }
        };
        let counts = |metrics: &Self| -> Vec<(f64, f64)> {
            let all = metrics.0.iter();
            let mut counts: Vec<_> = all.filter_map(|(s, v)| Some((edge(s)?, *v))).collect();
            counts.sort_by(|a, b| a.0.total_cmp(&b.0));
            counts
        };
        let was = counts(before);
        let rises: Vec<(f64, f64)> = counts(self)
            .into_iter()
            .map(|(edge, count)| {
                let before = was.iter().find(|(other, _)| other.total_cmp(&edge).is_eq());
                (edge, count - before.map_or(0.0, |(_, count)| *count))
            })
            .collect();
        let all = rises.last().map_or(0.0, |(_, count)| *count);
        let found = rises.iter().find(|(_, count)| *count >= all * part && all > 0.0);
        found.map_or(f64::NAN, |(edge, _)| edge * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# TYPE a counter\na{camera=\"1\"} 3\na{camera=\"2\"} 4\n\
        d_bucket{le=\"0.002\"} 10\nd_bucket{le=\"0.005\"} 10\nd_bucket{le=\"+Inf\"} 10\n";
    const AFTER: &str = "a{camera=\"1\"} 5\na{camera=\"2\"} 5\nab 9\n\
        d_bucket{le=\"0.002\"} 108\nd_bucket{le=\"0.005\"} 110\nd_bucket{le=\"+Inf\"} 110\n";

    #[test]
    fn analysed_pictures_are_counted_by_camera_where_the_server_does() {
        let read = |a, b| {
            Metrics::parse(&format!(
                "{name}{{camera=\"a\"}} {a}\n{name}{{camera=\"b\"}} {b}\n",
                name = ANALYSED[0]
            ))
        };
        let (before, after) = (read(1, 2), read(4, 7));
        let by_camera = after.analysed_by_camera(&before).unwrap();
        assert_eq!(by_camera, [("a".to_owned(), 3.0), ("b".to_owned(), 5.0)].into());
        assert!((after.analysed_since(&before).unwrap() - 8.0).abs() < 1e-9);
    }

    #[test]
    fn counters_and_histograms_are_read() {
        let (before, after) = (Metrics::parse(BEFORE), Metrics::parse(AFTER));
        assert!((after.rise(&before, "a") - 3.0).abs() < 1e-9);
        assert!(after.sum("c").is_none() && after.analysed_by_camera(&before).is_none());
        assert!((after.bound_ms(&before, "d", 0.98) - 2.0).abs() < 1e-9);
        assert!((after.bound_ms(&before, "d", 0.99) - 5.0).abs() < 1e-9);
        assert!(after.bound_ms(&after, "d", 0.99).is_nan());
    }
}
