//! Where a model runs.

use ort::ep::{CUDA, ExecutionProviderDispatch, OpenVINO, TensorRT};
use serde::{Deserialize, Serialize};

/// An execution provider of ONNX Runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The processor: always there.
    Cpu,
    /// The processor, or a GPU, of Intel; needs a library of ONNX Runtime that was built with it.
    Openvino,
    /// An NVIDIA GPU; needs a library of ONNX Runtime that was built with it.
    Cuda,
    /// An NVIDIA GPU with code made for it; needs a library that was built with it.
    Tensorrt,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Openvino, Self::Cuda, Self::Tensorrt];

    /// The name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Openvino => "openvino",
            Self::Cuda => "cuda",
            Self::Tensorrt => "tensorrt",
        }
    }

    /// The provider with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// It and what is fallen back to, the best first.
    #[must_use]
    pub const fn with_fallbacks(self) -> &'static [Self] {
        match self {
            Self::Cpu => &[Self::Cpu],
            Self::Openvino => &[Self::Openvino, Self::Cpu],
            Self::Cuda => &[Self::Cuda, Self::Cpu],
            Self::Tensorrt => &[Self::Tensorrt, Self::Cuda, Self::Cpu],
        }
    }

    /// What ONNX Runtime is told; nothing for the processor.
    pub(crate) fn execution(self, threads: usize) -> Option<ExecutionProviderDispatch> {
        match self {
            Self::Cpu => None,
            // Inputs take the shape of the pictures.
            Self::Openvino => {
                let provider = OpenVINO::default().with_num_threads(threads);
                Some(provider.with_dynamic_shapes(true).build())
            }
            Self::Cuda => Some(CUDA::default().build()),
            Self::Tensorrt => Some(TensorRT::default().build()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_ends_with_the_processor() {
        for provider in Provider::ALL {
            assert_eq!(Provider::from_name(provider.name()), Some(provider));
            let fallbacks = provider.with_fallbacks();
            assert_eq!(fallbacks.first(), Some(&provider));
            assert_eq!(fallbacks.last(), Some(&Provider::Cpu));
        }
    }
}
