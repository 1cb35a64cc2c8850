"""Amazon Rekognition: the image is sent with the request, so that it needs to read no bucket."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.config import Config

from aws.errors import translated
from jobs.errors import Retryable

CONFIG = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1})
"""What bounds a connection bounds no answer that comes byte by byte: that is what WITHIN is for."""

WITHIN = 4.0
"""Seconds for a whole call. Renditions wait for two of them at most to be published, and a batch has a deadline."""

AT_ONCE = 32

REST = 30.0
"""Seconds after a failure in which nothing is asked: a slow Rekognition slows one image in a while, and not each."""

ITS_OWN = frozenset({"ImageTooLargeException", "InvalidImageFormatException"})
"""What Rekognition answers, at once, when the fault is the image's: the next one may well be seen."""


class RekognitionAnalyst:
    """Hardly any deployment asks it, so its client is made only then."""

    def __init__(
        self, connect: Callable[[], Any], clock: Callable[[], float] = time.monotonic, within: float = WITHIN
    ) -> None:
        self._connect, self._clock, self._within = connect, clock, within
        self._calls = ThreadPoolExecutor(AT_ONCE, "analyst")
        self._rests_until = 0.0

    def labels(self, picture: bytes, *, most: int, confidence: float) -> Sequence[tuple[str, float]]:
        answer = self._ask("detect_labels", Image={"Bytes": picture}, MaxLabels=most, MinConfidence=confidence)
        return _names(answer["Labels"])

    def moderation(self, picture: bytes, *, confidence: float) -> Sequence[tuple[str, float]]:
        answer = self._ask("detect_moderation_labels", Image={"Bytes": picture}, MinConfidence=confidence)
        return _names(answer["ModerationLabels"])

    def _ask(self, call: str, **what: Any) -> Any:
        if self._clock() < self._rests_until:
            raise Retryable("resting", f"it failed less than {REST:.0f} s ago")
        try:
            with translated(call):
                return self._calls.submit(lambda: getattr(self._connect(), call)(**what)).result(self._within)
        except Retryable as error:
            if error.reason not in ITS_OWN:
                self._rests_until = self._clock() + REST
            raise


def _names(found: Sequence[Any]) -> Sequence[tuple[str, float]]:
    return [(str(each["Name"]), float(each["Confidence"])) for each in found]
