"""Quick checks on made pictures: nothing from outside the repository is needed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from training.classes import CLASSES, INDEX, Source
from training.data import Item, Pictures, read_labels
from training.duplicates import origin, without_duplicates
from training.evaluate import average_precision, match
from training.export import export
from training.loss import assign, loss
from training.model import SHAPES, Shape, Yolox, grid, load_onnx, start_from
from training.train import Plan, Training

TINY = Shape(width=0.125)


def drawn(path: Path, seed: int) -> Path:
    """A picture of coarse blotches."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.resize(small, (160, 120), interpolation=cv2.INTER_CUBIC))
    return path


def tiny() -> Yolox:
    """A small model, the same each time."""
    torch.manual_seed(3)
    return Yolox(TINY, len(CLASSES))


def known(*names: str) -> torch.Tensor:
    """The mask of a picture in which these classes are labelled."""
    return torch.tensor([[name in names for name in CLASSES]])


def test_a_polygon_becomes_its_bounding_box(tmp_path: Path) -> None:
    """And a label without a class is dropped."""
    file = tmp_path / "a.txt"
    file.write_text("0 0.5 0.5 0.2 0.4\n1 0.1 0.2 0.3 0.1 0.2 0.6\n2 0.5 0.5 1 1\n")
    names, boxes = read_labels(file, Source("", ("person", "helmet", None), 1.0))
    assert names == ["person", "helmet"]
    np.testing.assert_allclose(boxes, [[0.4, 0.3, 0.6, 0.7], [0.1, 0.1, 0.3, 0.6]])


def test_an_exported_model_answers_as_torch_and_loads_again(tmp_path: Path) -> None:
    """The names are in the file, and its weights are those of the model."""
    model, path = tiny(), tmp_path / "m.onnx"
    assert export(model, CLASSES, path) < 1e-3
    facts = {item.key: item.value for item in onnx.load(path).metadata_props}
    assert facts["family"] == "yolox" and "no_helmet" in facts["names"]
    again = load_onnx(path, TINY).state_dict()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(again[name], value)


def test_a_training_goes_on_from_an_exported_model_of_the_same_classes(tmp_path: Path) -> None:
    """Others are refused: their columns mean something else."""
    model, path = Yolox(SHAPES["nano"], len(CLASSES)), tmp_path / "m.onnx"
    export(model, CLASSES, path)
    again = start_from(path, CLASSES).state_dict()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(again[name], value)
    with pytest.raises(ValueError, match="neither COCO's nor"):
        start_from(path, CLASSES[::-1])


def test_folding_changes_no_answer() -> None:
    """BatchNorm and the convolution it was folded into are the same function."""
    model = Yolox(Shape(width=0.125, normalised=True), 2)
    images = torch.rand(2, 3, 64, 64) * 255
    model.train()(images)
    before = model.eval()(images)
    torch.testing.assert_close(model.fold()(images), before, rtol=1e-3, atol=1e-3)


def test_a_normalisation_that_is_put_back_changes_no_answer() -> None:
    """And in training the batch is normalised by what it is itself: nearly the same."""
    model = Yolox(Shape(width=0.125), 2).eval()
    images = torch.rand(4, 3, 64, 64) * 255
    before = model(images).detach()
    names = set(model.state_dict())
    model.normalise([images[:2], images[2:]])
    torch.testing.assert_close(model.eval()(images), before, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(model.train()(images), before, rtol=0.05, atol=0.05)
    assert model.shape.normalised and names < set(model.state_dict())
    torch.testing.assert_close(model.eval().fold()(images), before, rtol=1e-2, atol=1e-2)
    assert set(model.state_dict()) == names


def test_the_name_of_the_source_picture_is_known() -> None:
    """Copies of one picture, whatever the site made of its name."""
    names = ("youtube-260_jpg_4edf14ca.jpg", "youtube-260_jpg.rf.0463edb4aa.jpg", "260.jpg")
    assert [origin(Path(name)) for name in names] == ["youtube-260_jpg", "youtube-260_jpg", ""]


def test_unknown_classes_leave_no_gradient() -> None:
    """A helmet in a set without masks says nothing about masks, but is no fire."""
    rows = torch.zeros(1, 84, 5 + len(CLASSES), requires_grad=True)
    target = torch.tensor([[INDEX["helmet"], 10.0, 10.0, 40.0, 40.0]])
    loss(rows, [target], known("person", "helmet", "no_helmet"), 64, 64)[0].backward()
    used = rows.grad[0, :, 5:].abs().sum(0)
    assert used[INDEX["mask"]] == 0 and used[INDEX["no_mask"]] == 0
    assert used[INDEX["no_helmet"]] > 0 and used[INDEX["fire"]] > 0


def test_objectness_is_left_alone_where_an_unlabelled_class_is_seen() -> None:
    """And nowhere else."""
    rows = torch.full((1, 84, 5 + len(CLASSES)), -4.0)
    rows[0, 7, 5 + INDEX["fire"]] = 3.0
    rows[0, 8, 5 + INDEX["person"]] = 3.0
    rows.requires_grad_()
    loss(rows, [torch.zeros(0, 5)], known("person"), 64, 64)[0].backward()
    assert rows.grad[0, 7, 4] == 0 and rows.grad[0, 8, 4] > 0 and rows.grad[0, 9, 4] > 0


def test_an_object_gets_the_cells_that_fit_it() -> None:
    """One cell predicts the box exactly and is chosen; far cells are not."""
    corners, strides = grid(64, 64)
    boxes = torch.zeros(84, 4)
    boxes[9] = torch.tensor([4.0, 4.0, 20.0, 20.0])
    target = torch.tensor([[0.0, 4.0, 4.0, 20.0, 20.0]])
    cells, objects, ious = assign(
        boxes, torch.zeros(84, 3), target, torch.tensor([True, True]), corners, strides
    )
    assert cells.tolist() == [9] and objects.tolist() == [0]
    assert float(ious[0]) == pytest.approx(1.0)


def test_average_precision_by_hand() -> None:
    """Two of three objects, with a miss between: precision 1 to 1/3, then 2/3 to 2/3."""
    scores, hits = np.array([0.9, 0.8, 0.7]), np.array([True, False, True])
    expected = (34 * 1.0 + 33 * 2 / 3) / 101
    assert average_precision(scores, hits, 3) == pytest.approx(expected)
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0.0


def test_an_object_is_found_once() -> None:
    """The second box on it is a false alarm."""
    there = np.array([[0.0, 0.0, 10.0, 10.0]])
    found = np.array([[0.0, 0.0, 10.0, 9.0], [0.0, 0.0, 10.0, 10.0]])
    assert match(found, there, 0.5).tolist() == [True, False]


def test_near_duplicates_are_found_mirrored_and_recompressed(tmp_path: Path) -> None:
    """And another picture stays."""
    folder = tmp_path / "set"
    seen = drawn(folder / "val/images/a.png", 1)
    copy = folder / "train/images/b.jpg"
    copy.parent.mkdir(parents=True)
    picture = cv2.resize(cv2.imread(str(seen)), (200, 150))[:, ::-1]
    cv2.imwrite(str(copy), picture, (cv2.IMWRITE_JPEG_QUALITY, 60))
    other = drawn(folder / "train/images/c.png", 2)
    train, val = ([Item(p, [], np.zeros((0, 4))) for p in ps] for ps in ([copy, other], [seen]))
    kept, removed = without_duplicates(train, val)
    assert [item.path for item in kept] == [other] and removed == 1


def test_a_training_that_was_stopped_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights after 4 steps equal weights after 2 steps, a stop and 2 more."""
    torch.set_num_threads(1)
    monkeypatch.setattr("training.data.SIZES", ((64, 64), (96, 64)))
    boxes = np.array([[0.2, 0.2, 0.7, 0.8]])
    items = [
        Item(drawn(tmp_path / f"{n}.png", n), ["person"], boxes, frozenset({"person", "helmet"}))
        for n in range(4)
    ]
    plan = Plan(batch=2, minutes=1, steps=4, seed=5, checkpoint_minutes=9, workers=1)

    def training() -> Training:
        return Training(tiny(), Pictures([(items, 1.0)], 5), plan, (1e-4, 8e-4))

    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = training()
    whole.run(tmp_path / "whole")
    training().run(tmp_path / "parts", stop_after=2)
    second = training()
    second.load(tmp_path / "parts/checkpoint.pt")
    assert second.step == 2
    second.run(tmp_path / "parts")
    for name, value in whole.model.state_dict().items():
        torch.testing.assert_close(second.model.state_dict()[name].cpu(), value.cpu())
