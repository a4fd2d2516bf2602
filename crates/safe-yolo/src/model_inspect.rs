//! `safe-yolo model inspect`: what a model file is, and whether it can be used.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use safe_yolo_infer::{Detector, Family, Graph, ModelInfo, Runtime, model};
use serde::Serialize;

use crate::model::{parse_family, source};

/// Metadata longer than this is cut where people read it.
const VALUE_LEN_MAX: usize = 120;

/// Which file.
#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// ONNX model
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The model's family, where its file does not show it
    #[arg(long, value_name = "NAME", value_parser = parse_family)]
    model_family: Option<Family>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    file: &'a PathBuf,
    graph: &'a Graph,
    usable: bool,
    /// Why it can't be used.
    refused: Option<String>,
    model: Option<Usable<'a>>,
}

#[derive(Serialize)]
struct Usable<'a> {
    family: Family,
    family_models: &'static str,
    verified: Option<&'static str>,
    input: String,
    input_size: Option<[u32; 2]>,
    batch: Option<usize>,
    names_assumed: bool,
    classes: Vec<Label<'a>>,
    unmapped: Vec<&'a str>,
}

#[derive(Serialize)]
struct Label<'a> {
    index: usize,
    name: &'a str,
    class: Option<&'static str>,
}

impl<'a> Usable<'a> {
    fn of(info: &'a ModelInfo) -> Self {
        let classes = info.labels.iter().enumerate().filter(|(_, (name, _))| !name.is_empty());
        let unmapped =
            info.labels.iter().filter(|(name, class)| class.is_none() && !name.is_empty());
        Self {
            family: info.family,
            family_models: info.family.models(),
            verified: info.family.verified(),
            input: info.convention.to_string(),
            input_size: info.fixed_input.map(|size| [size.width, size.height]),
            batch: info.fixed_batch,
            names_assumed: info.names_assumed,
            classes: classes
                .map(|(index, (name, class))| Label { index, name, class: class.map(|c| c.name()) })
                .collect(),
            unmapped: unmapped.map(|(name, _)| name.as_str()).collect(),
        }
    }
}

pub(crate) fn run(arguments: &InspectArguments) -> Result<ExitCode> {
    let runtime = Runtime::find().context("no detector")?;
    let source = source(arguments.file.clone(), arguments.model_family);
    let graph = model::read_graph(&runtime, &source)?;
    // Looks at an empty picture, too: only then it is known to be usable.
    let loaded = Detector::load(&runtime, &source, 1);
    let report = Report {
        file: &arguments.file,
        graph: &graph,
        usable: loaded.is_ok(),
        refused: loaded.as_ref().err().map(ToString::to_string),
        model: loaded.as_ref().ok().map(|detector| Usable::of(detector.info())),
    };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write(&mut out, &report)?;
    }
    match loaded {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

fn write(out: &mut impl Write, report: &Report<'_>) -> Result<()> {
    let mut line = |name: &str, text: &str| writeln!(out, "{name:<11} {text}");
    line("file", &report.file.display().to_string())?;
    for port in &report.graph.inputs {
        line("takes", &port.to_string())?;
    }
    for port in &report.graph.outputs {
        line("gives", &port.to_string())?;
    }
    for (key, value) in &report.graph.metadata {
        let cut: String = value.chars().take(VALUE_LEN_MAX).collect();
        let dots = if cut.len() < value.len() { "..." } else { "" };
        line("says", &format!("{key}: {cut}{dots}"))?;
    }
    let Some(model) = &report.model else { return Ok(line("usable", "no")?) };
    line("family", &format!("{} ({})", model.family, model.family_models))?;
    line(
        "verified",
        &model.verified.map_or_else(
            || "not verified against upstream".to_owned(),
            |against| format!("against {against}"),
        ),
    )?;
    let size = model.input_size.map_or_else(|| "open".to_owned(), |[w, h]| format!("{w}x{h}"));
    let batch = model.batch.map_or_else(|| "open".to_owned(), |batch| batch.to_string());
    line("input", &format!("{}; size {size}, pictures in a call {batch}", model.input))?;
    let named = if model.names_assumed { ", not named: taken for COCO's" } else { "" };
    line("classes", &format!("{}{named}", model.classes.len()))?;
    for label in model.classes.iter().filter(|label| label.class.is_some()) {
        let class = label.class.unwrap_or_default();
        line("", &format!("{:>3} {} -> {class}", label.index, label.name))?;
    }
    let unmapped =
        if model.unmapped.is_empty() { "nothing".into() } else { model.unmapped.join(", ") };
    line("unmapped", &unmapped)?;
    line("usable", "yes")?;
    Ok(())
}
