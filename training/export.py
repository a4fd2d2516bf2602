"""A trained model as an ONNX file that SAFE-YOLO takes, checked against torch."""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from training.classes import CLASSES
from training.model import Shape, Yolox

DIFFERENCE_MAX = 1e-3
LICENCE = (
    "Apache-2.0; fine-tuned for SAFE-YOLO from YOLOX-Nano (Megvii, Apache-2.0) on "
    "construction-site-safety v28, hardhat-iaesp, forklift and fire-smoke (CC BY 4.0)"
)


def export(model: Yolox, names: tuple[str, ...], path: Path) -> float:
    """Writes the file; the largest difference between torch's rows and onnxruntime's."""
    model = copy.deepcopy(model).cpu().float().eval().fold()
    model.scores = True
    part = path.with_name(path.name + ".part")
    # The exporter that traces: its graph has the dynamic sides and opset of the bundled model.
    torch.onnx.export(
        model,
        (torch.zeros(1, 3, 416, 416),),
        str(part),
        opset_version=17,
        dynamo=False,
        input_names=["images"],
        output_names=["output"],
        dynamic_axes={
            "images": {0: "batch", 2: "height", 3: "width"},
            "output": {0: "batch", 1: "anchors"},
        },
    )
    graph = onnx.load(part)
    facts = {
        "names": json.dumps(list(names)),
        "family": "yolox",
        "strides": "8,16,32",
        "input": "BGR, 0..255, letterboxed top-left, pad 114",
        "licence": LICENCE,
    }
    onnx.helper.set_model_props(graph, facts)
    onnx.save(graph, part)
    difference = compare(model, part)
    if not difference <= DIFFERENCE_MAX:
        raise ValueError(f"onnxruntime's rows differ from torch's by {difference}")
    part.replace(path)
    return difference


def compare(model: Yolox, path: Path) -> float:
    """Largest difference of the rows, over two sizes and batches."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch, height, width in ((1, 128, 192), (2, 96, 64)):
        values = np.random.default_rng(1).uniform(0, 255, (batch, 3, height, width))
        images = values.astype(np.float32)
        with torch.no_grad():
            expected = model(torch.from_numpy(images)).numpy()
        rows = session.run(None, {"images": images})[0]
        worst = max(worst, float(np.abs(rows - expected).max()))
    return worst


def main() -> None:
    """Exports the moving average of a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path, help="the ONNX file to write")
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)
    model = Yolox(Shape(**state["shape"]), len(CLASSES))
    model.load_state_dict(state["average"])
    difference = export(model, CLASSES, arguments.model)
    size = arguments.model.stat().st_size / 1e6
    print(f"{arguments.model}: {size:.2f} MB, differs from torch by {difference:.1e} at most")


if __name__ == "__main__":
    main()
