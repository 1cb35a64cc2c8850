"""EventBridge: announcements as events."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from aws.errors import translated
from jobs.announcement import SOURCE, Announcement
from jobs.errors import Retryable

AT_ONCE = 10
"""Events that one PutEvents takes."""


class EventBus:
    """One event bus. Only who announces needs a client of it, so it is made only then."""

    def __init__(self, connect: Callable[[], Any], name: str) -> None:
        self._connect, self._name = connect, name

    def tell(self, announcements: Sequence[Announcement]) -> None:
        for start in range(0, len(announcements), AT_ONCE):
            entries = [self._entry(each) for each in announcements[start : start + AT_ONCE]]
            with translated("PutEvents"):
                answer = self._connect().put_events(Entries=entries)
            if answer.get("FailedEntryCount"):
                codes = {entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry}
                raise Retryable("not-told", f"PutEvents: {', '.join(sorted(codes))}")

    def _entry(self, announcement: Announcement) -> dict[str, str]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": announcement.type,
            "Detail": json.dumps(announcement.detail, separators=(",", ":")),
        }
