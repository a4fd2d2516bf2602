"""A file played for one viewer: read, looked at, made ready to be sent."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np

from baseline.detector import Detector
from baseline.tracker import Tracker

JPEG_QUALITY = 80
"""As in SAFE-YOLO's live view."""


class Player:
    """Opens the file for itself, as each viewer of the old design does."""

    def __init__(self, file: Path, width: int, detector: Detector, tracker: Tracker) -> None:
        """`width`: of the pictures sent, pixels."""
        self._capture = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise OSError(f"'{file}' can't be opened as a video")
        source = self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)
        height = round(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT) * width / source)
        self._size = (width, height)
        self._detector, self._tracker = detector, tracker
        self._person = detector.names.index("person")
        self.period_s = 1.0 / self._capture.get(cv2.CAP_PROP_FPS)
        """Time between two pictures of the file, seconds."""
        self.generation = 0
        """Commands carried out so far: tells pictures from before and after."""

    def seek(self, position_ms: float) -> None:
        """Goes to this place."""
        self._capture.set(cv2.CAP_PROP_POS_MSEC, position_ms)

    def close(self) -> None:
        """Closes the file."""
        self._capture.release()

    def step(self, skip: int) -> str:
        """The message of the next picture after `skip` others, which are decoded and no more."""
        generation = self.generation
        for _ in range(skip):
            if not self._capture.grab():
                # At the end of the file it begins again.
                self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        there, picture = self._capture.read()
        if not there:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            there, picture = self._capture.read()
            if not there:
                raise OSError("the file can't be read any more")
        boxes, scores, classes = self._detector.detect(picture)
        people = classes == self._person
        tracked = self._tracker.update(boxes[people], scores[people])
        return self._message(generation, picture, (boxes, scores, classes), tracked)

    def _message(
        self,
        generation: int,
        picture: np.ndarray,
        found: tuple[np.ndarray, np.ndarray, np.ndarray],
        tracked: list[tuple[int, np.ndarray]],
    ) -> str:
        small = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        _, jpeg = cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
        boxes, scores, classes = found
        names = self._detector.names
        message = {
            "type": "frame",
            "generation": generation,
            "tracks": [number for number, _ in tracked],
            "track_boxes": [box.round(1).tolist() for _, box in tracked],
            "boxes": boxes.round(1).tolist(),
            "scores": scores.round(3).tolist(),
            "classes": [names[index] for index in classes],
            "image": base64.b64encode(jpeg).decode("ascii"),
        }
        return json.dumps(message)
