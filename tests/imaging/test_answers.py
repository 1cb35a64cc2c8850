"""What a child says is believed only as far as it looks like an answer: it may speak for its original."""

import copy
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from imaging import answers, pipeline
from imaging.channel import MAX_HEAD_BYTES, MAX_PART_BYTES, MAX_PARTS, SHARED, Channel, Garbled, shared_memory
from imaging.errors import ChildFailed, Reason, RecipeInvalid, Rejected
from tests.imaging.drawing import scene, write
from tests.imaging.recipes import one

PHOTO = write(scene(), "jpeg")
ASKED = [("only", "png")]


@pytest.fixture
def memory() -> Iterator[int]:
    """What both ends share."""
    descriptor = shared_memory()
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def ends(memory: int) -> Iterator[tuple[Channel, socket.socket]]:
    """A channel, and the raw other end of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours, memory), theirs


def framed(said: Any) -> bytes:
    """As it travels."""
    text = json.dumps(said).encode()
    return struct.pack(">I", len(text)) + text


def answer() -> tuple[dict[str, Any], list[bytes]]:
    """A good one."""
    rendered = pipeline.render(PHOTO, one("png"))
    return json.loads(json.dumps(answers.rendered(rendered))), [image.body for image in rendered.images]


def test_a_good_answer_is_read_as_it_was_meant() -> None:
    rendered = pipeline.render(PHOTO, one("png"))
    head = json.loads(json.dumps(answers.rendered(rendered)))
    assert answers.read(head, [image.body for image in rendered.images], ASKED, len(PHOTO)) == rendered


@pytest.mark.parametrize(
    "spoil",
    [
        lambda about: about.pop("sizes"),
        lambda about: about["sizes"].append([1, 1]),
        lambda about: about["sizes"].clear(),
        lambda about: about["sizes"][0].append(1),
        lambda about: about.update(sizes=[["1", "1"]]),
        lambda about: about.update(sizes=[[0, 1]]),
        lambda about: about.update(sizes=[[1, 1e300]]),
        lambda about: about.update(sizes=[[True, 1]]),
        lambda about: about.update(sizes=5),
        lambda about: about.update(original=None),
        lambda about: about["original"].update(format="exe"),
        lambda about: about["original"].update(format=["png"]),
        lambda about: about["original"].update(width=-1),
        lambda about: about["original"].update(blake3="0" * 63),
        lambda about: about["original"].update(blake3="0" * 64 + "\n"),
        lambda about: about["original"].update(thumbhash="<script>"),
        lambda about: about["original"].update(thumbhash="A" * 100),
        lambda about: about["original"].pop("thumbhash"),
        lambda about: about.update(why="x" * 201),
        lambda about: about.update(why="line\nbreak"),
        lambda about: about.update(milliseconds=[1]),
        lambda about: about.update(milliseconds={"open": "soon"}),
        lambda about: about.update(milliseconds={"open": float("inf")}),
        lambda about: about.update(milliseconds={str(stage): 1 for stage in range(1000)}),
        lambda about: about.update(milliseconds={"": 1}),
    ],
)
def test_a_spoilt_answer_is_garbled(spoil: Callable[[dict[str, Any]], object]) -> None:
    head, bodies = answer()
    spoil(head["rendered"])
    with pytest.raises(Garbled):
        answers.read(head, bodies, ASKED, len(PHOTO))


@pytest.mark.parametrize(
    "head",
    [
        None,
        7,
        "rendered",
        [],
        {},
        {"rendered": None},
        {"rendered": []},
        {"rejected": ["no such reason", ""]},
        {"rejected": ["corrupt"]},
        {"rejected": ["corrupt", 5]},
        {"rejected": [["corrupt"], ""]},
        {"invalid": "all"},
        {"invalid": [["path"]]},
        {"invalid": [5]},
        {"failed": None},
        {"exhausted": "yes"},
    ],
)
def test_what_is_no_answer_is_garbled(head: Any) -> None:
    with pytest.raises(Garbled):
        answers.read(head, [], ASKED, 1)


def test_too_few_or_too_many_bodies_are_garbled() -> None:
    head, bodies = answer()
    for wrong in ([], bodies * 2):
        with pytest.raises(Garbled):
            answers.read(copy.deepcopy(head), wrong, ASKED, len(PHOTO))


def test_names_and_formats_are_those_that_were_asked_for() -> None:
    """And the number of bytes is what was sent: a child has no say in where its renditions are put, and as what."""
    head, bodies = answer()
    head["rendered"]["names"] = ["../../etc"]
    head["rendered"]["original"]["bytes"] = 5
    rendered = answers.read(head, bodies, [("mine", "webp")], 1234)
    assert [(image.name, image.format) for image in rendered.images] == [("mine", "webp")]
    assert rendered.original.bytes == 1234


def test_faults_arrive_as_they_were() -> None:
    with pytest.raises(Rejected) as rejected:
        answers.read({"rejected": ["corrupt", "why"]}, [], [], 1)
    assert rejected.value.args == (Reason.CORRUPT, "why")
    with pytest.raises(RecipeInvalid, match="a: b"):
        answers.read({"invalid": [["a", "b"]]}, [], [], 1)
    with pytest.raises(ChildFailed, match="Traceback"):
        answers.read({"failed": "Traceback"}, [], [], 1)
    with pytest.raises(answers.Exhausted):
        answers.read({"exhausted": True}, [], [], 1)


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        ({"rejected": ["corrupt", "x" * 900_000]}, Rejected),
        ({"rejected": ["corrupt", "\ud800"]}, Rejected),
        ({"invalid": [["x" * 900_000, "\ud800"]] * 200}, RecipeInvalid),
        ({"failed": "\ud800" * 100_000}, ChildFailed),
    ],
    ids=["long", "no text", "many", "failed"],
)
def test_a_fault_fits_into_a_record(head: Any, fault: type[Exception]) -> None:
    """Else the ledger would refuse it, and the original come back for good."""
    with pytest.raises(fault) as told:
        answers.read(head, [], [], 1)
    assert len(str(told.value).encode()) < 400_000


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff\xff\xff\xff",
        struct.pack(">I", MAX_HEAD_BYTES + 1),
        struct.pack(">I", 4) + b"null",
        struct.pack(">I", 4) + b"\xff\xff\xff\xff",
        struct.pack(">I", 2) + b"{}",
        struct.pack(">I", 5000) + b"[" * 5000,
        framed({"head": 1, "parts": None, "held": False}),
        framed({"head": 1, "parts": [-1], "held": False}),
        framed({"head": 1, "parts": [-1], "held": True}),
        framed({"head": 1, "parts": []}),
        framed({"head": 1, "parts": [SHARED, 1], "held": True}),
        framed({"head": 1, "parts": [10000000000000], "held": False}),
    ],
)
def test_what_is_no_frame_is_garbled(ends: tuple[Channel, socket.socket], frame: bytes) -> None:
    channel, other = ends
    other.sendall(frame)
    with pytest.raises(Garbled):
        channel.receive()


@pytest.mark.parametrize("sizes", [[MAX_PART_BYTES + 1], [0] * (MAX_PARTS + 1)])
def test_no_more_is_taken_in_than_any_answer_needs(ends: tuple[Channel, socket.socket], sizes: list[int]) -> None:
    channel, other = ends
    other.sendall(framed({"head": 1, "parts": sizes, "held": False}))
    with pytest.raises(Garbled):
        channel.receive()


def test_frames_follow_one_another(ends: tuple[Channel, socket.socket], memory: int) -> None:
    channel, other = ends
    said: list[tuple[Any, list[bytes]]] = [({"a": "ä"}, [b"", b"x" * 1000, b"\n"]), (None, []), ([1], [b"y"])]
    for head, parts in said:
        Channel(other, memory).send(head, parts)
    assert [channel.receive() for _ in said] == said


@pytest.mark.parametrize("parts", [[], [b"x"], [b"", b"xyz" * 1000, b"\n"], [bytes([7]) * SHARED]])
def test_parts_that_are_held_do_not_travel(
    ends: tuple[Channel, socket.socket], memory: int, parts: list[bytes]
) -> None:
    channel, other = ends
    Channel(other, memory).send(1, parts, hold=True)
    assert len(channel.end.recv(SHARED, socket.MSG_PEEK)) < 200
    assert channel.receive() == (1, parts)


def test_parts_that_do_not_fit_travel(ends: tuple[Channel, socket.socket], memory: int) -> None:
    channel, other = ends
    parts = [bytes([7]) * SHARED, b"x"]
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(Channel(other, memory).send, 1, parts, hold=True)
        assert channel.receive() == (1, parts)
        sent.result()


def test_what_was_read_is_not_changed_by_what_is_held_next(ends: tuple[Channel, socket.socket], memory: int) -> None:
    channel, other = ends
    speaker = Channel(other, memory)
    speaker.send(1, [b"first"], hold=True)
    _, parts = channel.receive()
    speaker.send(2, [b"other"], hold=True)
    assert parts == [b"first"]


@pytest.mark.parametrize("size", [0, SHARED - 1, SHARED + 1])
def test_nobody_changes_the_size_of_what_is_shared(memory: int, size: int) -> None:
    """Whoever cut it short would end the other process at its next look."""
    with pytest.raises(PermissionError):
        os.ftruncate(memory, size)


def test_an_end_in_the_middle_is_an_end(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.sendall(struct.pack(">I", 100) + b"{")
    other.close()
    with pytest.raises(EOFError):
        channel.receive()


def test_a_trickle_does_not_stretch_the_deadline(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.sendall(struct.pack(">I", 100))
    channel.deadline = time.monotonic() + 0.3
    for _ in range(3):
        other.sendall(b"{")
        with pytest.raises(TimeoutError):
            channel._exactly(50)
    with pytest.raises(TimeoutError):
        channel.send(None, [bytes(50_000_000)])
