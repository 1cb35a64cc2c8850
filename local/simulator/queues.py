"""SQS: at least once, unordered, with receive counts, visibility and a dead-letter queue behind it."""

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jobs import events
from jobs.errors import Retryable
from jobs.events import Asked
from jobs.ports import Letter
from local.simulator.clock import Clock

PACKED = 10
"""Questions in one packed message."""


@dataclass
class Message:
    """A message in a queue. Times are epoch seconds; `receipt` is the newest."""

    id: str
    body: str
    sent: float
    visible_at: float
    receives: int = 0
    receipt: str = ""
    reason: str = ""
    detail: str = ""


@dataclass
class Sqs:
    """A standard queue. Which visible messages a receive finds, and in which order, is the seed's."""

    clock: Clock = field(default_factory=Clock)
    visibility: float = 360.0
    max_receives: int = 0
    """Receives after which a message moves to `dead_letters`; 0: never."""
    dead_letters: "Sqs | None" = None
    dice: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311
    stale_receipts_delete: bool = True
    """SQS leaves open whether a receipt that a later delivery has replaced still deletes."""
    watching: Callable[[Message], None] = lambda _: None
    """Hears of every message that comes in."""
    messages: list[Message] = field(default_factory=list)
    _number: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def send(self, body: str, delay: float = 0, *, reason: str = "", detail: str = "") -> Message:
        now = self.clock()
        message = Message(f"message-{next(self._number)}", body, now, now + delay, reason=reason, detail=detail)
        self.messages.append(message)
        self.watching(message)
        return message

    def receive(self, most: int = 1) -> list[Message]:
        """Some of what is visible, each with a receipt of its own, counted and invisible from now on."""
        self._bury()
        visible = [message for message in self.messages if message.visible_at <= self.clock()]
        return [self.hand_out(message) for message in self.dice.sample(visible, min(most, len(visible)))]

    def hand_out(self, message: Message) -> Message:
        """This very message, whether it is visible or not: SQS may deliver one twice."""
        message.receives += 1
        message.receipt = f"{message.id}#{message.receives}"
        message.visible_at = self.clock() + self.visibility
        return message

    def delete(self, receipt: str) -> None:
        """Of a message that is gone: nothing."""
        self.messages = [message for message in self.messages if not self._opens(receipt, message)]

    def _opens(self, receipt: str, message: Message) -> bool:
        if self.stale_receipts_delete:
            return receipt.split("#")[0] == message.id
        return receipt == message.receipt

    def postpone(self, receipt: str, seconds: float) -> None:
        for message in self.messages:
            if message.receipt == receipt:
                message.visible_at = self.clock() + seconds

    def next_visible(self) -> float | None:
        """When the next message may be received; None when there is none at all."""
        self._bury()
        return min((message.visible_at for message in self.messages), default=None)

    def move(self, message: Message, to: "Sqs") -> None:
        """As a redrive policy or a native redrive does: body and time of the first send stay, the id does not."""
        self.messages.remove(message)
        to.send(message.body).sent = message.sent

    def _bury(self) -> None:
        if not self.max_receives or self.dead_letters is None:
            return
        for message in list(self.messages):
            if message.receives >= self.max_receives and message.visible_at <= self.clock():
                self.move(message, self.dead_letters)


@dataclass
class Queue:
    """A lane. `sent` and `postponed` remember what was asked of it."""

    sqs: Sqs = field(default_factory=Sqs)
    sent: list[tuple[Asked, int]] = field(default_factory=list)
    postponed: dict[str, int] = field(default_factory=dict)
    failing: Retryable | None = None

    def send(self, asked: Asked, *, delay: int = 0) -> None:
        if self.failing:
            raise self.failing
        self.sent.append((asked, delay))
        self.sqs.send(events.message(asked), delay)

    def send_many(self, questions: Sequence[Asked]) -> None:
        for asked in questions:
            self.send(asked)

    def send_packed(self, questions: Sequence[Asked]) -> None:
        if self.failing:
            raise self.failing
        for start in range(0, len(questions), PACKED):
            some = questions[start : start + PACKED]
            self.sent += [(asked, 0) for asked in some]
            self.sqs.send(events.packed(some))

    def postpone(self, receipt: str, seconds: int) -> None:
        if self.failing:
            raise self.failing
        self.postponed[receipt] = seconds
        self.sqs.postpone(receipt, seconds)

    def oldest(self) -> float | None:
        if self.failing:
            raise self.failing
        return max((self.sqs.clock() - message.sent for message in self.sqs.messages), default=None)


@dataclass
class DeadLetters:
    """The dead-letter queue."""

    sqs: Sqs = field(default_factory=lambda: Sqs(visibility=30.0))
    failing: Retryable | None = None

    @property
    def letters(self) -> list[Letter]:
        """All of them, without receiving any."""
        return [_letter(message) for message in self.sqs.messages]

    def send(self, body: str, *, reason: str, detail: str = "") -> None:
        if self.failing:
            raise self.failing
        self.sqs.send(body, reason=reason, detail=detail)

    def receive(self) -> Sequence[Letter]:
        if self.failing:
            raise self.failing
        return [_letter(message) for message in self.sqs.receive(10)]

    def delete(self, letter: Letter) -> None:
        if self.failing:
            raise self.failing
        self.sqs.delete(letter.receipt)

    def put_back(self, letter: Letter) -> None:
        if self.failing:
            raise self.failing
        self.sqs.postpone(letter.receipt, 0)


def _letter(message: Message) -> Letter:
    return Letter(
        id=message.id,
        receipt=message.receipt,
        body=message.body,
        sent=round(message.sent * 1000),
        reason=message.reason,
        detail=message.detail,
    )
