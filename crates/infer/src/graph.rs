//! What a model file says of itself: inputs, outputs, metadata.

use std::collections::BTreeMap;
use std::fmt;

use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};
use serde::Serialize;

/// One input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Its name in the graph.
    pub name: String,
    /// Its sides if it is a tensor of 32-bit floats; -1 where the graph leaves a side open.
    pub shape: Option<Vec<i64>>,
    /// What else it is, as ONNX Runtime calls it.
    pub kind: String,
}

impl Port {
    fn of(outlet: &Outlet) -> Self {
        let shape = match outlet.dtype() {
            ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => {
                Some(shape.iter().copied().collect())
            }
            _ => None,
        };
        Self { name: outlet.name().to_owned(), shape, kind: outlet.dtype().to_string() }
    }

    /// The sides of a tensor of floats that has three.
    pub(crate) fn three(&self) -> Option<[i64; 3]> {
        self.shape.as_deref().and_then(|shape| shape.try_into().ok())
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Some(shape) => write!(f, "{} {shape:?}", self.name),
            None => write!(f, "{} ({}, no 32-bit floats)", self.name, self.kind),
        }
    }
}

/// A model file from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Graph {
    /// What it takes, in order.
    pub inputs: Vec<Port>,
    /// What it gives, in order.
    pub outputs: Vec<Port>,
    /// What its maker wrote beside it.
    pub metadata: BTreeMap<String, String>,
}

impl Graph {
    /// That of a loaded model.
    pub(crate) fn of(session: &Session) -> Self {
        let metadata = session.metadata().ok();
        let keys = metadata.as_ref().and_then(|metadata| metadata.custom_keys().ok());
        let value = |key: String| {
            let value = metadata.as_ref()?.custom(&key)?;
            Some((key, value))
        };
        Self {
            inputs: session.inputs().iter().map(Port::of).collect(),
            outputs: session.outputs().iter().map(Port::of).collect(),
            metadata: keys.unwrap_or_default().into_iter().filter_map(value).collect(),
        }
    }

    /// The output with this name.
    pub(crate) fn output(&self, name: &str) -> Option<&Port> {
        self.outputs.iter().find(|port| port.name == name)
    }

    /// Inputs and outputs with their shapes, for whoever has to find out what a file is.
    #[must_use]
    pub fn shapes(&self) -> String {
        let list = |ports: &[Port]| {
            let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
            ports.join(", ")
        };
        format!("inputs: {}; outputs: {}", list(&self.inputs), list(&self.outputs))
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// A graph with one input and these outputs.
    pub(crate) fn graph(input: [i64; 4], outputs: &[(&str, &[i64])]) -> Graph {
        let port = |(name, shape): (&str, &[i64])| Port {
            name: name.to_owned(),
            shape: Some(shape.to_vec()),
            kind: "floats".to_owned(),
        };
        Graph {
            inputs: vec![port(("images", &input))],
            outputs: outputs.iter().copied().map(port).collect(),
            metadata: BTreeMap::new(),
        }
    }
}
