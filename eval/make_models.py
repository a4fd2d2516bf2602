"""Makes the models and golden files of crates/infer/tests/golden.

Each model family whose upstream package may be used is made with random weights in the
smallest shape that its configuration allows, exported as its users export it, and run by
that package on made pictures; the package's own post-processing gives the boxes. The other
files are graphs that answer with constants: the published layouts of families that are not
checked against upstream, and answers that must be refused.

    eval/models-venv.sh && target/models-venv/bin/python eval/make_models.py
"""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from rfdetr.config import RFDETRNanoConfig
from rfdetr.export._runtime.decode import decode_detections
from rfdetr.export.prepare import prepare_export_graph
from rfdetr.models._defaults import MODEL_DEFAULTS
from rfdetr.models.backbone import dinov2
from rfdetr.models.lwdetr import build_model_from_config
from transformers import (
    DFineConfig,
    DFineForObjectDetection,
    HGNetV2Config,
    RTDetrConfig,
    RTDetrForObjectDetection,
    RTDetrImageProcessor,
    RTDetrResNetConfig,
)

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "crates/infer/tests/golden"
BUNDLED = ROOT / "models/ppe_nano.onnx"
# Labels of the exported models; one of them means nothing to SAFE-YOLO.
NAMES = ["person", "zebra", "helmet", "forklift", "vest"]
SIDE = 64
# ImageNet's, as RF-DETR's export helpers state them.
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
PICTURES = 3
OPSET = 17

Array = np.ndarray
Box = tuple[float, float, float, float]
Found = dict[str, object]


# Pictures -----------------------------------------------------------------------------


def plane(generator: np.random.Generator, height: int, width: int, low: int, high: int) -> Array:
    """Soft blobs with some noise, as bytes between `low` and `high`."""
    coarse = generator.uniform(low, high, (5, 5))
    ys, xs = np.linspace(0, 3.999, height), np.linspace(0, 3.999, width)
    y, x = ys.astype(int)[:, None], xs.astype(int)[None, :]
    v, u = (ys[:, None] - y), (xs[None, :] - x)
    soft = (coarse[y, x] * (1 - u) + coarse[y, x + 1] * u) * (1 - v)
    soft += (coarse[y + 1, x] * (1 - u) + coarse[y + 1, x + 1] * u) * v
    soft += generator.normal(0, 6, (height, width))
    return np.clip(np.rint(soft), low, high).astype(np.uint8)


def blobs(seed: int, height: int, width: int) -> list[Array]:
    """The planes Y, U and V of a picture that any seed makes anew."""
    generator = np.random.default_rng(seed)
    half = (height // 2, width // 2)
    return [
        plane(generator, height, width, 16, 235),
        plane(generator, *half, 70, 185),
        plane(generator, *half, 70, 185),
    ]


def people(height: int, width: int) -> list[Array]:
    """A drawn yard with three people, for a model that has learned to see them."""
    rgb = np.full((height, width, 3), (126, 130, 128), np.float64)
    rgb[: height // 3] = (176, 190, 204)
    rgb += np.random.default_rng(7).normal(0, 3, rgb.shape)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)

    def ellipse(cx: float, cy: float, rx: float, ry: float, colour: tuple[int, ...]) -> None:
        rgb[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1] = colour

    def bar(x1: float, y1: float, x2: float, y2: float, colour: tuple[int, ...]) -> None:
        rgb[(x >= x1) & (x < x2) & (y >= y1) & (y < y2)] = colour

    for cx, top, size, vest in ((95, 50, 180, True), (230, 70, 150, False), (360, 40, 200, True)):
        unit = size / 8
        bar(cx - 0.8 * unit, top + 4 * unit, cx - 0.1 * unit, top + size, (38, 44, 66))
        bar(cx + 0.1 * unit, top + 4 * unit, cx + 0.8 * unit, top + size, (38, 44, 66))
        coat = (236, 120, 30) if vest else (60, 82, 120)
        bar(cx - unit, top + 1.3 * unit, cx + unit, top + 4.2 * unit, coat)
        if vest:
            bar(cx - unit, top + 2.6 * unit, cx + unit, top + 2.9 * unit, (232, 232, 210))
        for side in (-1, 1):
            arm = cx + side * 1.25 * unit
            bar(arm - 0.25 * unit, top + 1.4 * unit, arm + 0.25 * unit, top + 4 * unit, coat)
        ellipse(cx, top + 0.7 * unit, 0.5 * unit, 0.62 * unit, (206, 160, 132))
        if vest:
            ellipse(cx, top + 0.35 * unit, 0.6 * unit, 0.42 * unit, (238, 206, 40))
    r, g, b = np.clip(rgb, 0, 255).transpose(2, 0, 1)
    luma = 16 + 0.256788 * r + 0.504129 * g + 0.097906 * b
    blue = 128 - 0.148223 * r - 0.290993 * g + 0.439216 * b
    red = 128 + 0.439216 * r - 0.367788 * g - 0.071427 * b

    def halved(values: Array) -> Array:
        return values.reshape(height // 2, 2, width // 2, 2).mean((1, 3))

    planes = luma, halved(blue), halved(red)
    return [np.clip(np.rint(values), 0, 255).astype(np.uint8) for values in planes]


def to_rgb(planes: list[Array]) -> Array:
    """Red, green, blue, 0 to 255, of YUV of limited range by ITU-R BT.601 (below 720 lines)."""
    y, u, v = (values.astype(np.float64) for values in planes)
    u, v = (np.repeat(np.repeat(values - 128, 2, 0), 2, 1) for values in (u, v))
    y = (y - 16) * 1.164384
    rgb = [y + 1.596027 * v, y - 0.391762 * u - 0.812968 * v, y + 2.017232 * u]
    return np.clip(np.stack(rgb), 0, 255).astype(np.float32)


def flat(planes: list[Array]) -> str:
    """The planes as hexadecimal digits."""
    return b"".join(values.tobytes() for values in planes).hex()


# Answers ------------------------------------------------------------------------------


def cut(found: list[Found], width: int, height: int) -> list[Found]:
    """Boxes cut at the picture's edges; what is then under a pixel is none. Best first."""
    kept = []
    for one in found:
        x1, y1, x2, y2 = one["box"]
        box = (max(x1, 0.0), max(y1, 0.0), min(x2, width), min(y2, height))
        if box[2] - box[0] >= 1 and box[3] - box[1] >= 1:
            kept.append({**one, "box": [round(float(side), 4) for side in box]})
    return sorted(kept, key=lambda one: -one["score"])


def listed(scores: Array, labels: Array, boxes: Array, names: list[str], least: float) -> list:
    """What reaches the least score, of labels that are named."""
    rows = zip(scores.tolist(), labels.tolist(), boxes.tolist(), strict=True)
    return [
        {"label": names[label], "score": round(score, 6), "box": tuple(box)}
        for score, label, box in rows
        if label < len(names) and score >= least
    ]


def save(name: str, least: float, factor: tuple[int, int], pictures: list[dict]) -> None:
    """Writes the golden file of one family and says what is in it."""
    golden = {"family": name, "min_score": least, "factor": factor, "pictures": pictures}
    path = GOLDEN / f"{name}.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    counts = [len(picture["found"]) for picture in pictures]
    print(f"{name}: {counts} boxes from {least}, {path.stat().st_size} bytes")


def name_it(path: Path, **facts: str) -> None:
    """Adds metadata to a model."""
    graph = onnx.load(path)
    helper.set_model_props(graph, facts)
    onnx.save(graph, path)
    print(f"{path.name}: {path.stat().st_size} bytes")


# RF-DETR, RT-DETR, D-FINE -------------------------------------------------------------


class Plain(torch.nn.Module):
    """A model of `transformers` as its ONNX exports are: logits and boxes."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [1, queries, classes], boxes [1, queries, 4]."""
        answer = self.model(pixel_values=pixel_values)
        return answer.logits, answer.pred_boxes


def rt_detr() -> torch.nn.Module:
    """The smallest RT-DETR."""
    backbone = RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    sizes = {"decoder_n_points": 2, "encoder_in_channels": [8, 16, 16]}
    return RTDetrForObjectDetection(RTDetrConfig(backbone_config=backbone, **shared(), **sizes))


def d_fine() -> torch.nn.Module:
    """The smallest D-FINE."""
    backbone = HGNetV2Config(
        embedding_size=8,
        hidden_sizes=[8, 16, 16, 16],
        depths=[1, 1, 1, 1],
        stem_channels=[3, 8, 8],
        stage_in_channels=[8, 8, 16, 16],
        stage_mid_channels=[8, 8, 8, 8],
        stage_out_channels=[8, 16, 16, 16],
        stage_num_blocks=[1, 1, 1, 1],
        stage_numb_of_layers=[1, 1, 1, 1],
        out_features=["stage2", "stage3", "stage4"],
    )
    sizes = {"decoder_n_points": [2, 2, 2], "encoder_in_channels": [16, 16, 16]}
    return DFineForObjectDetection(DFineConfig(backbone_config=backbone, **shared(), **sizes))


def shared() -> dict:
    """What the smallest RT-DETR and D-FINE have in common."""
    return {
        "encoder_hidden_dim": 8,
        "encoder_layers": 1,
        "encoder_ffn_dim": 16,
        "encoder_attention_heads": 2,
        "d_model": 8,
        "num_queries": 12,
        "decoder_in_channels": [8, 8, 8],
        "decoder_ffn_dim": 16,
        "decoder_layers": 2,
        "decoder_attention_heads": 2,
        "num_denoising": 0,
        "anchor_image_size": [SIDE, SIDE],
        "id2label": dict(enumerate(NAMES)),
    }


def of_transformers(
    name: str, seed: int, roughness: float, make: Callable[[], torch.nn.Module]
) -> None:
    """Exports a model of `transformers` and writes what it finds."""
    torch.manual_seed(seed)
    model = make().eval()
    roughen(model, roughness)
    path = GOLDEN / f"{name}.onnx"
    export(Plain(model), path, ["pixel_values"], ["logits", "pred_boxes"])
    name_it(path, names=repr(dict(enumerate(NAMES))))
    processor = RTDetrImageProcessor()
    print(f"  normalize {processor.do_normalize}, rescale by {processor.rescale_factor}")
    factor, least, pictures = (3, 2), 0.3, []
    for planes in (blobs(seed * 100 + number, SIDE, SIDE) for number in range(PICTURES)):
        pixels = torch.from_numpy(to_rgb(planes) * np.float32(processor.rescale_factor))[None]
        with torch.no_grad():
            answer = model(pixel_values=pixels)
        size = (SIDE * factor[1], SIDE * factor[0])
        (found,) = processor.post_process_object_detection(answer, least, target_sizes=[size])
        found = listed(
            found["scores"].numpy(), found["labels"].numpy(), found["boxes"].numpy(), NAMES, least
        )
        agree(path, pixels, [answer.logits, answer.pred_boxes])
        pictures.append(picture(planes, cut(found, size[1], size[0])))
    save(name, least, factor, pictures)


def rf_detr(seed: int, roughness: float) -> None:
    """Exports the smallest RF-DETR and writes what it finds."""
    small = dinov2.get_config("small", use_registers=False)
    small.update(hidden_size=8, num_attention_heads=2, num_hidden_layers=2, mlp_ratio=2)
    # The encoder's width is in a file of the package and in no configuration class.
    dinov2.get_config = lambda size, use_registers: dict(small)  # noqa: ARG005
    dinov2.size_to_width["small"] = small["hidden_size"]
    config = RFDETRNanoConfig(
        hidden_dim=16,
        dec_layers=2,
        sa_nheads=2,
        ca_nheads=2,
        dec_n_points=1,
        num_queries=12,
        num_select=12,
        out_feature_indexes=[1, 2],
        resolution=SIDE,
        positional_encoding_size=SIDE // 16,
        num_classes=len(NAMES),
        group_detr=1,
        pretrain_weights=None,
        device="cpu",
    )
    torch.manual_seed(seed)
    defaults = dataclasses.replace(MODEL_DEFAULTS, dim_feedforward=32)
    model = build_model_from_config(config, defaults=defaults).eval()
    roughen(model, roughness)
    graph = prepare_export_graph(model, config, shape=(SIDE, SIDE), device="cpu")
    graph.model.export()
    path = GOLDEN / "rf-detr.onnx"
    export(graph.model, path, list(graph.input_names), list(graph.output_names))
    name_it(path, names=",".join(NAMES))
    mean, std = (np.array(v, np.float32)[:, None, None] for v in (MEAN, STD))
    factor, least, pictures = (2, 3), 0.3, []
    for planes in (blobs(seed * 100 + number, SIDE, SIDE) for number in range(PICTURES)):
        pixels = torch.from_numpy((to_rgb(planes) / np.float32(255) - mean) / std)[None]
        with torch.no_grad():
            boxes, logits = graph.model(pixels)[:2]
        size = (SIDE * factor[1], SIDE * factor[0])
        found = decode_detections(boxes[0].numpy(), logits[0].numpy(), size[::-1], least)
        found = listed(found.confidence, found.class_id, found.xyxy, NAMES, least)
        agree(path, pixels, [boxes, logits])
        pictures.append(picture(planes, cut(found, size[1], size[0])))
    save("rf-detr", least, factor, pictures)


def roughen(model: torch.nn.Module, by: float) -> None:
    """Larger weights: as they are initialised, every query says the same of every picture."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.add_(torch.randn_like(parameter) * by)
            # They begin where nothing is ever found, and all queries say one class.
            if "class_embed" in name:
                away = 1.0 if name.endswith("bias") else 0.0
                parameter.copy_(torch.randn_like(parameter) - away)


def export(model: torch.nn.Module, path: Path, inputs: list[str], outputs: list[str]) -> None:
    """Writes an ONNX file for one picture; the model itself stays as it is."""
    # Tracing leaves something behind in the models of `transformers`: they answer differently.
    model = copy.deepcopy(model)
    example = torch.rand(1, 3, SIDE, SIDE)
    torch.onnx.export(
        model,
        (example,),
        str(path),
        opset_version=OPSET,
        dynamo=False,
        input_names=inputs,
        output_names=outputs,
    )


def agree(path: Path, pixels: torch.Tensor, expected: list[torch.Tensor]) -> None:
    """Refuses a seed by which the exported graph chooses other queries than torch."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def differs(given: torch.Tensor) -> list[float]:
        got = session.run(None, {session.get_inputs()[0].name: given.numpy()})
        pairs = zip(got, expected, strict=True)
        return [float(np.abs(one - other.detach().numpy()).max()) for one, other in pairs]

    worst = max(differs(pixels))
    if not worst < 1e-4:
        raise ValueError(
            f"{path.name}: ONNX Runtime differs from torch by {worst}: take another seed"
        )
    # Nor may it be blind to what the comparison is to show: red for blue, another range.
    for wrong in (pixels.flip(1), pixels * 0.9):
        if not min(differs(wrong)) > 0.05:
            raise ValueError(f"{path.name} hardly sees its input: take another seed")


def picture(planes: list[Array], found: list[Found]) -> dict:
    """One picture of a golden file."""
    height, width = planes[0].shape
    return {"width": width, "height": height, "i420": flat(planes), "found": found}


# YOLOX --------------------------------------------------------------------------------


def yolox() -> None:
    """What the bundled model finds in drawn people, decoded by the paper's formulas."""
    width, height, scaled = 448, 256, 252
    session = onnxruntime.InferenceSession(BUNDLED, providers=["CPUExecutionProvider"])
    names = json.loads(session.get_modelmeta().custom_metadata_map["names"])
    planes = people(scaled, width)
    pixels = np.full((3, height, width), 114, np.float32)
    pixels[:, :scaled] = to_rgb(planes)[::-1]
    rows = session.run(None, {"images": pixels[None]})[0][0].astype(np.float64)
    cells = [
        (x, y, stride)
        for stride in (8, 16, 32)
        for y in range(height // stride)
        for x in range(width // stride)
    ]
    grid = np.array(cells, np.float64)
    centres = (rows[:, :2] + grid[:, :2]) * grid[:, 2:]
    sizes = np.exp(rows[:, 2:4]) * grid[:, 2:]
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], 1)
    scores = rows[:, 4:5] * rows[:, 5:]
    least, found = 0.05, []
    for label, name in enumerate(names):
        order = [int(i) for i in np.argsort(-scores[:, label]) if scores[i, label] >= least]
        kept: list[int] = []
        for one in order:
            if all(overlap(boxes[one], boxes[other]) <= 0.45 for other in kept):
                kept.append(one)
        # The pictures given to the program are twice as large.
        found += [
            {"label": name, "score": round(float(scores[i, label]), 6), "box": tuple(boxes[i] * 2)}
            for i in kept
        ]
    factor = (2, 2)
    save("yolox", least, factor, [picture(planes, cut(found, width * 2, scaled * 2))])


def overlap(one: Array, other: Array) -> float:
    """Intersection over union."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared_area = float(np.prod(np.clip(sides, 0, None)))
    area = sum(float(np.prod(box[2:] - box[:2])) for box in (one, other))
    return shared_area / (area - shared_area)


# Graphs that answer with constants ----------------------------------------------------


def constant(
    name: str, shape: tuple[int, ...], values: Array, names: str | None, side: int = SIDE
) -> None:
    """A model that gives the same rows for any picture; one row is spread over the shape."""
    rows = np.broadcast_to(values.astype(np.float32), shape) if values.ndim < 3 else values
    single = values.ndim < 3
    kept = np.ascontiguousarray(values.astype(np.float32)) if single else rows.astype(np.float32)
    nodes = [helper.make_node("Expand", ["rows", "shape"], ["output"])]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, list(shape))],
        [
            numpy_helper.from_array(kept, "rows"),
            numpy_helper.from_array(np.array(shape, np.int64), "shape"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    path = GOLDEN / f"{name}.onnx"
    onnx.save(model, path)
    if names is not None:
        name_it(path, names=names)


def constants() -> None:
    """Published layouts, and answers that are none."""
    two = "person,helmet"
    anchors = 64 + 16 + 4
    # YOLOv8/11 raw head: cx, cy, w, h and scores of the classes, anchors last.
    rows = np.zeros((1, 4 + 2, anchors), np.float32)
    rows[0, :, 10] = [32, 24, 20, 30, 0.9, 0.05]
    rows[0, :, 11] = [33, 24, 20, 30, 0.8, 0.02]
    rows[0, :, 50] = [31, 12, 8, 6, 0.1, 0.7]
    constant("yolov8", rows.shape, rows, "{0: 'person', 1: 'helmet'}")
    # YOLOv10/26: x1, y1, x2, y2, score, class.
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [22, 9, 42, 39, 0.9, 0]
    rows[0, 1] = [27, 9, 35, 15, 0.7, 1]
    constant("yolov10", rows.shape, rows, "{0: 'person', 1: 'helmet'}")
    # NanoDet-Plus: scores of the classes, four distributions over 8 distances.
    rows = np.zeros((1, 64 + 16 + 4 + 1, 2 + 32), np.float32)
    rows[0, 9, 0] = 0.9
    rows[0, 9, 2:] = np.tile([0, 20, 0, 0, 0, 0, 0, 0], 4)
    constant("nanodet-plus", rows.shape, rows, two)
    # YOLOX rows: dx, dy, dw, dh, objectness, scores.
    for name, value in (("not-a-number", np.nan), ("infinite", -np.inf)):
        rows = np.zeros((1, anchors, 7), np.float32)
        rows[0, 40, 2] = value
        constant(name, rows.shape, rows, two)
    constant("zero-area", (1, anchors, 7), np.array([0, 0, -40, -40, 0.9, 0.9, 0.9]), two)
    constant("ten-thousand", (1, 10_000, 6), np.array([10, 10, 30, 40, 0.5, 0]), "person")
    constant("over-one", (1, anchors, 7), np.array([0, 0, 0, 0, 3, 3, 3]), two)
    constant("nameless", (1, anchors, 7), np.zeros(7), None)
    constant("classless", (1, anchors, 5), np.zeros(5), None)
    constant("no-person", (1, anchors, 7), np.zeros(7), "fire,smoke")
    constant("unknown", (1, anchors, 3), np.zeros(3), two)
    # One class: as large as YOLOv10's rows, with as many anchors as YOLOX has.
    constant("two-families", (1, anchors, 6), np.zeros(6), "person")


def main() -> None:
    """Makes every file."""
    random.seed(1)
    # The package draws its example picture from it.
    np.random.seed(1)
    torch.set_num_threads(1)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    constants()
    yolox()
    rf_detr(15, 0.3)
    of_transformers("rt-detr", 7, 0.4, rt_detr)
    of_transformers("d-fine", 9, 0.3, d_fine)


if __name__ == "__main__":
    main()
