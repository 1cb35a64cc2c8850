"""Containers found by name, one for each slot, and what their emulator's answers mean."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local.containers import PATH, ContainerEnvironment, Containers, addresses, answer
from local.environment import Crashed, InvocationFailed, Raised, TimedOut
from tests.local.processes import eventually

EXIT = (
    '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 70 Error: Runtime exited with error: exit status 3"}'
)


class World:
    """A service whose containers come and go, and a clock."""

    def __init__(self, notes: Path, *there: str) -> None:
        self.there, self.now = set(there), 1000.0
        self.notes = notes

    def containers(self) -> Containers:
        return Containers("worker", self.notes, look_up=lambda _: self.there, clock=lambda: self.now)


class TestContainers:
    def test_each_is_given_to_one_slot_at_a_time(self, tmp_path: Path) -> None:
        containers = World(tmp_path, "10.0.0.1", "10.0.0.2").containers()
        assert {containers.take(), containers.take()} == {"10.0.0.1", "10.0.0.2"}
        assert containers.take() is None
        containers.give_back("10.0.0.1")
        assert containers.take() == "10.0.0.1"

    def test_one_that_is_added_later_is_found(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        containers = world.containers()
        assert containers.take() is None
        world.there.add("10.0.0.1")
        world.now += 2
        assert containers.take() == "10.0.0.1"

    def test_what_a_killed_mapping_asked_is_left_alone_until_its_time_is_over(self, tmp_path: Path) -> None:
        world = World(tmp_path, "10.0.0.1")
        world.containers().note("10.0.0.1", 60)
        after = world.containers()
        assert after.take() is None
        world.now += 61
        assert after.take() == "10.0.0.1"

    def test_what_was_answered_is_free_for_the_next_mapping(self, tmp_path: Path) -> None:
        world = World(tmp_path, "10.0.0.1")
        before = world.containers()
        before.note("10.0.0.1", 60)
        before.forget("10.0.0.1")
        assert world.containers().take() == "10.0.0.1"

    def test_a_note_that_was_never_finished_says_nothing(self, tmp_path: Path) -> None:
        world = World(tmp_path, "10.0.0.1")
        (tmp_path / "worker-10.0.0.1").write_text("")
        assert world.containers().take() == "10.0.0.1"

    def test_nobody_has_an_unknown_name(self) -> None:
        assert addresses("no-such-service.invalid") == frozenset()


class TestEnvironment:
    def test_after_a_turn_others_come_first(self, tmp_path: Path) -> None:
        containers = World(tmp_path, "10.0.0.1").containers()
        fresh, bulk = ContainerEnvironment(containers, 1), ContainerEnvironment(containers, 1)
        assert fresh.ready()
        assert not bulk.ready()
        fresh.rest()
        assert not fresh.ready()
        assert bulk.ready()

    def test_the_answer_of_the_handler_is_its_own(self, tmp_path: Path) -> None:
        with emulator(200, b'{"batchItemFailures": []}') as (port, asked):
            environment = ContainerEnvironment(World(tmp_path, "127.0.0.1").containers(), 5, port)
            assert environment.invoke({"Records": []}) == {"batchItemFailures": []}
        assert asked == [(PATH, {"Records": []})]
        assert not list(tmp_path.iterdir())

    def test_a_container_that_hung_up_is_left_alone_for_a_moment(self, tmp_path: Path) -> None:
        with emulator(200, b"") as (port, _):
            pass
        world = World(tmp_path, "127.0.0.1")
        containers = world.containers()
        environment = ContainerEnvironment(containers, 5, port)
        with pytest.raises(Crashed):
            environment.invoke({})
        environment.rest()
        assert containers.take() is None
        world.now += 4
        assert containers.take() == "127.0.0.1"

    def test_closing_hangs_up_and_leaves_the_note(self, tmp_path: Path) -> None:
        """The container goes on with its work: whoever comes next must not ask it before its time is over."""
        release = threading.Event()
        with emulator(200, b"{}", release) as (port, asked):
            environment = ContainerEnvironment(World(tmp_path, "127.0.0.1").containers(), 5, port)
            failed: list[InvocationFailed] = []
            call = threading.Thread(target=lambda: failed.append(_failure(environment)))
            call.start()
            assert eventually(lambda: asked)
            environment.close()
            call.join(5)
            release.set()
        assert isinstance(failed[0], Crashed)
        assert [note.name for note in tmp_path.iterdir()] == ["worker-127.0.0.1"]


class TestAnswers:
    """As AWS's emulator 1.170.0 of the SAM CLI gave them."""

    def test_what_a_handler_raises_is_a_200(self) -> None:
        with pytest.raises(Raised, match="ValueError: x"):
            answer(200, b'{"errorMessage": "x", "errorType": "ValueError", "requestId": "1", "stackTrace": []}')

    def test_a_time_out_is_a_200_that_is_no_json(self) -> None:
        with pytest.raises(TimedOut):
            answer(200, b"Task timed out after 4.00 seconds")

    def test_an_exit_is_a_502(self) -> None:
        with pytest.raises(Crashed, match="exit status 3"):
            answer(502, EXIT.encode())

    def test_no_answer_is_none(self) -> None:
        assert answer(200, b"") is None
        assert answer(200, b"null") is None

    def test_what_nobody_knows_fails_the_batch(self) -> None:
        with pytest.raises(InvocationFailed, match="418: teapot"):
            answer(418, b"teapot")


def _failure(environment: ContainerEnvironment) -> InvocationFailed:
    with pytest.raises(InvocationFailed) as failed:
        environment.invoke({})
    return failed.value


@contextmanager
def emulator(
    status: int, body: bytes, release: threading.Event | None = None
) -> Iterator[tuple[int, list[tuple[str, object]]]]:
    """Answers every call the same, once released; yields its port and what it is asked."""
    asked: list[tuple[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            if release:
                release.wait(10)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
