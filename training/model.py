"""YOLOX as a torch module, of any depth and width, and its weights read from ONNX.

Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430. Modules stand in the order
in which the published graph runs them, so that its convolutions can be read one after another.
That graph has its BatchNorm folded into the convolutions, and `normalised=False` builds the same.
`normalise` puts it back for training, and `fold` undoes it for the export; a model that starts
from nothing has it from the beginning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)
PRIOR = 0.01
"""Score of a new class before it has learnt anything."""


@dataclass(frozen=True)
class Shape:
    """How large a model is."""

    depth: float = 0.33
    width: float = 0.25
    depthwise: bool = True
    normalised: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As stored in a checkpoint."""
        return asdict(self)


SHAPES = {
    "nano": Shape(),
    "tiny": Shape(width=0.375, depthwise=False, normalised=True),
    "small": Shape(width=0.5, depthwise=False, normalised=True),
}


class Conv(nn.Module):
    """Convolution, normalised or not, and SiLU."""

    def __init__(
        self, shape: Shape, into: int, out: int, size: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(into, out, size, stride, size // 2, groups=groups)
        self.norm = nn.BatchNorm2d(out, eps=1e-3, momentum=0.03) if shape.normalised else None

    def forward(self, x: Tensor) -> Tensor:
        """The features after it."""
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        return functional.silu(x)

    @torch.no_grad()
    def fold(self) -> None:
        """Moves the normalisation into the convolution."""
        if self.norm is None:
            return
        norm, self.norm = self.norm, None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        self.conv.weight.data *= scale[:, None, None, None]
        self.conv.bias.data = (self.conv.bias - norm.running_mean) * scale + norm.bias

    @torch.no_grad()
    def normalise(self, mean: Tensor, variance: Tensor) -> None:
        """Puts a normalisation behind the convolution that undoes itself.

        `mean` and `variance` are what the convolution gives, by channel.
        """
        norm = nn.BatchNorm2d(len(mean), eps=1e-3, momentum=0.03).to(mean.device)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean)
        self.norm = norm


def wide(shape: Shape, into: int, out: int, stride: int = 1) -> nn.Module:
    """A convolution of 3x3: depthwise and then pointwise where the shape says so."""
    if not shape.depthwise:
        return Conv(shape, into, out, 3, stride)
    return nn.Sequential(Conv(shape, into, into, 3, stride, into), Conv(shape, into, out))


class Bottleneck(nn.Module):
    """1x1, then 3x3, with or without a way around."""

    def __init__(self, shape: Shape, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.first = Conv(shape, channels, channels)
        self.second = wide(shape, channels, channels)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """The features after it."""
        y = self.second(self.first(x))
        return y + x if self.shortcut else y


class Stage(nn.Module):
    """A cross-stage partial block: half of the channels go through the bottlenecks."""

    def __init__(self, shape: Shape, into: int, out: int, count: int, shortcut: bool) -> None:
        super().__init__()
        half = out // 2
        self.through = Conv(shape, into, half)
        self.around = Conv(shape, into, half)
        self.blocks = nn.Sequential(*(Bottleneck(shape, half, shortcut) for _ in range(count)))
        self.join = Conv(shape, out, out)

    def forward(self, x: Tensor) -> Tensor:
        """The features after it."""
        # In this order, so that an exported graph lists its convolutions as they are declared.
        through, around = self.through(x), self.around(x)
        return self.join(torch.cat([self.blocks(through), around], 1))


class Pools(nn.Module):
    """Spatial pyramid pooling."""

    def __init__(self, shape: Shape, channels: int) -> None:
        super().__init__()
        self.narrow = Conv(shape, channels, channels // 2)
        self.join = Conv(shape, channels * 2, channels)

    def forward(self, x: Tensor) -> Tensor:
        """The features after it."""
        x = self.narrow(x)
        pooled = [functional.max_pool2d(x, size, 1, size // 2) for size in (5, 9, 13)]
        return self.join(torch.cat([x, *pooled], 1))


class Backbone(nn.Module):
    """CSPDarknet: features at strides 8, 16 and 32."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        base = int(shape.width * 64)
        count = max(round(shape.depth * 3), 1)
        self.stem = Conv(shape, 12, base, 3)
        self.stage2 = nn.Sequential(
            wide(shape, base, base * 2, 2), Stage(shape, base * 2, base * 2, count, True)
        )
        self.stage3 = nn.Sequential(
            wide(shape, base * 2, base * 4, 2), Stage(shape, base * 4, base * 4, count * 3, True)
        )
        self.stage4 = nn.Sequential(
            wide(shape, base * 4, base * 8, 2), Stage(shape, base * 8, base * 8, count * 3, True)
        )
        self.stage5 = nn.Sequential(
            wide(shape, base * 8, base * 16, 2),
            Pools(shape, base * 16),
            Stage(shape, base * 16, base * 16, count, False),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features, finest first."""
        top, bottom = x[:, :, ::2], x[:, :, 1::2]
        x = torch.cat([top[..., ::2], bottom[..., ::2], top[..., 1::2], bottom[..., 1::2]], 1)
        fine = self.stage3(self.stage2(self.stem(x)))
        middle = self.stage4(fine)
        return fine, middle, self.stage5(middle)


class Neck(nn.Module):
    """Path aggregation: down to the finest features and up again."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        base = int(shape.width * 256)
        count = max(round(shape.depth * 3), 1)
        self.lateral = Conv(shape, base * 4, base * 2)
        self.down4 = Stage(shape, base * 4, base * 2, count, False)
        self.reduce = Conv(shape, base * 2, base)
        self.down3 = Stage(shape, base * 2, base, count, False)
        self.step3 = wide(shape, base, base, 2)
        self.up4 = Stage(shape, base * 2, base * 2, count, False)
        self.step4 = wide(shape, base * 2, base * 2, 2)
        self.up5 = Stage(shape, base * 4, base * 4, count, False)

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> list[Tensor]:
        """Features of the three strides, each aware of the others."""
        lateral = self.lateral(coarse)
        larger = functional.interpolate(lateral, scale_factor=2.0, mode="nearest")
        reduced = self.reduce(self.down4(torch.cat([larger, middle], 1)))
        larger = functional.interpolate(reduced, scale_factor=2.0, mode="nearest")
        three = self.down3(torch.cat([larger, fine], 1))
        four = self.up4(torch.cat([self.step3(three), reduced], 1))
        return [three, four, self.up5(torch.cat([self.step4(four), lateral], 1))]


class Head(nn.Module):
    """Boxes, objectness and classes of one stride."""

    def __init__(self, shape: Shape, into: int, classes: int) -> None:
        super().__init__()
        hidden = int(shape.width * 256)
        self.stem = Conv(shape, into, hidden)
        self.class_path = nn.Sequential(*(wide(shape, hidden, hidden) for _ in range(2)))
        self.classes = nn.Conv2d(hidden, classes, 1)
        self.box_path = nn.Sequential(*(wide(shape, hidden, hidden) for _ in range(2)))
        self.box = nn.Conv2d(hidden, 4, 1)
        self.objectness = nn.Conv2d(hidden, 1, 1)
        for layer in (self.classes, self.objectness):
            nn.init.constant_(layer.bias, -math.log((1 - PRIOR) / PRIOR))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Box, objectness and classes; the last two before the sigmoid."""
        x = self.stem(x)
        # In this order: see Stage.
        classes, boxes = self.classes(self.class_path(x)), self.box_path(x)
        return self.box(boxes), self.objectness(boxes), classes


class Yolox(nn.Module):
    """The whole model: pictures [n, 3, height, width], BGR, 0..255, to rows [n, anchors, 5 + c]."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.shape = shape
        base = int(shape.width * 256)
        self.backbone = Backbone(shape)
        self.neck = Neck(shape)
        self.heads = nn.ModuleList(Head(shape, base * 2**level, classes) for level in range(3))
        self.scores = False
        """Whether objectness and classes go through the sigmoid, as in the exported file."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows dx, dy, dw, dh, objectness, classes: strides 8, 16, 32, row by row."""
        levels = []
        for head, features in zip(self.heads, self.neck(*self.backbone(x)), strict=True):
            box, objectness, classes = head(features)
            if self.scores:
                objectness, classes = objectness.sigmoid(), classes.sigmoid()
            levels.append(torch.cat([box, objectness, classes], 1).flatten(2))
        return torch.cat(levels, 2).transpose(1, 2)

    def fold(self) -> Yolox:
        """Moves every normalisation into its convolution."""
        for module in self.modules():
            if isinstance(module, Conv):
                module.fold()
        self.shape = replace(self.shape, normalised=False)
        return self

    @torch.no_grad()
    def normalise(self, batches: Iterable[Tensor]) -> Yolox:
        """Puts back the normalisation that the published graph has folded.

        The function stays the same on such pictures ([n, 3, height, width]), and can be taught
        with higher rates.
        """
        layers = [module for module in self.modules() if isinstance(module, Conv)]
        sums = [torch.zeros(3, layer.conv.out_channels, dtype=torch.float64) for layer in layers]

        def listen(layer: Conv, total: Tensor) -> Any:
            def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
                values = output.double().transpose(0, 1).flatten(1).cpu()
                total[0] += values.shape[1]
                total[1] += values.sum(1)
                total[2] += values.square().sum(1)

            return layer.conv.register_forward_hook(hook)

        hooks = [listen(layer, total) for layer, total in zip(layers, sums, strict=True)]
        was_training = self.training
        self.eval()
        for images in batches:
            self(images)
        self.train(was_training)
        for layer, (count, total, squares), hook in zip(layers, sums, hooks, strict=True):
            hook.remove()
            mean = total / count
            variance = (squares / count - mean.square()).clamp(min=0)
            layer.normalise(
                *(value.float().to(layer.conv.weight.device) for value in (mean, variance))
            )
        self.shape = replace(self.shape, normalised=True)
        return self


def grid(height: int, width: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Left top corner, in cells, [anchors, 2], and stride, pixels, [anchors, 1], of each row."""
    corners, strides = [], []
    for stride in STRIDES:
        ys, xs = torch.meshgrid(
            torch.arange(height // stride, device=device),
            torch.arange(width // stride, device=device),
            indexing="ij",
        )
        corners.append(torch.stack([xs.flatten(), ys.flatten()], 1))
        strides.append(torch.full((xs.numel(), 1), stride, device=device))
    return torch.cat(corners).float(), torch.cat(strides).float()


def load_onnx(path: Path, shape: Shape = SHAPES["nano"]) -> Yolox:
    """The model of a YOLOX file, its own classes included.

    The convolutions of the file are taken in the order of its graph and must fit one by one.
    """
    graph = onnx.load(path).graph
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    names = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity"}
    stored = []
    for node in graph.node:
        if node.op_type == "Conv":
            weight, bias = (values[names.get(name, name)] for name in node.input[1:3])
            stored.append((torch.tensor(weight), torch.tensor(bias)))
    plan = Yolox(shape, 1)
    layers = [module for module in plan.modules() if isinstance(module, nn.Conv2d)]
    place = next(i for i, layer in enumerate(layers) if layer is plan.heads[0].classes)
    if len(layers) != len(stored):
        raise ValueError(f"'{path}' has {len(stored)} convolutions, this shape has {len(layers)}")
    model = Yolox(shape, stored[place][0].shape[0])
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    for index, (module, (weight, bias)) in enumerate(zip(convolutions, stored, strict=True)):
        if module.weight.shape != weight.shape:
            raise ValueError(
                f"convolution {index} of '{path}' is {tuple(weight.shape)}, "
                f"not {tuple(module.weight.shape)}"
            )
        module.weight.data.copy_(weight)
        module.bias.data.copy_(bias)
    return model.eval()


COCO = {"person": (0,), "vehicle": (2, 5, 7), "machinery": (7,), "forklift": (7,)}
"""Classes of COCO (car 2, bus 5, truck 7) from which ours start; the others start new."""
COCO_CLASSES = 80


def names_in(path: Path) -> tuple[str, ...] | None:
    """The classes that an exported model names."""
    facts = {fact.key: fact.value for fact in onnx.load(path).metadata_props}
    return tuple(json.loads(facts["names"])) if "names" in facts else None


def start_from(path: Path, classes: tuple[str, ...]) -> Yolox:
    """A model of these classes with all that the file knows: COCO's, or one exported before."""
    coco, names = load_onnx(path), names_in(path)
    if names == classes:
        return coco
    if coco.heads[0].classes.out_channels != COCO_CLASSES:
        raise ValueError(f"'{path}' has the classes {names}, neither COCO's nor {classes}")
    model = Yolox(coco.shape, len(classes))
    stored = {key: value for key, value in coco.state_dict().items() if ".classes." not in key}
    missing = model.load_state_dict(stored, strict=False).missing_keys
    assert all(".classes." in key for key in missing)
    for head, old in zip(model.heads, coco.heads, strict=True):
        nn.init.normal_(head.classes.weight, std=0.01)
        for index, name in enumerate(classes):
            if name in COCO:
                rows = list(COCO[name])
                head.classes.weight.data[index] = old.classes.weight.data[rows].mean(0)
                head.classes.bias.data[index] = old.classes.bias.data[rows].mean(0)
    return model
