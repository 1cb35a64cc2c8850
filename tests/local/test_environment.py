"""A Lambda environment: real processes, really killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.environment import Crashed, ProcessEnvironment, Raised, TimedOut
from local.stack import Function
from tests.local.processes import alive, eventually

HANDLERS = "tests.local.handlers_for_tests"

Make = Callable[..., ProcessEnvironment]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[ProcessEnvironment] = []

    def environment(handler: str, timeout: int = 30, **variables: str) -> ProcessEnvironment:
        function = Function(
            name="safelight-worker",
            arn="arn:aws:lambda:us-east-1:000000000000:function:safelight-worker",
            handler=f"{HANDLERS}.{handler}",
            memory=3538,
            timeout=timeout,
            variables=variables,
        )
        made.append(ProcessEnvironment(function, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, tmp_path / "worker.log"))
        return made[-1]

    yield environment
    for each in made:
        each.close()


def orders(*bodies: str) -> dict[str, object]:
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


def test_the_answer_is_what_the_handler_returns(make: Make) -> None:
    assert make("obey").invoke(orders("ok", "fail")) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_a_process_stays_warm_between_invocations(make: Make) -> None:
    environment = make("mirror")
    first, second = environment.invoke({}), environment.invoke({})
    assert second["pid"] == first["pid"]
    assert (first["invocations"], second["invocations"]) == (1, 2)


def test_two_environments_share_nothing(make: Make) -> None:
    assert make("mirror").invoke({})["pid"] != make("mirror").invoke({})["pid"]


def test_the_handler_sees_lambdas_variables_and_none_of_the_users(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    seen = make("mirror", SAFELIGHT_TABLE="ledger").invoke({})["environment"]
    assert seen["SAFELIGHT_TABLE"] == "ledger"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "safelight-worker"
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "3538"
    assert "AWS_PROFILE" not in seen
    assert not [name for name in seen if "LIFELINE" in name]


def test_the_context_tells_who_is_invoked_and_how_long_there_is(make: Make) -> None:
    seen = make("mirror", timeout=30).invoke({})
    assert seen["context"]["function_name"] == "safelight-worker"
    assert seen["context"]["memory_limit_in_mb"] == "3538"
    assert seen["context"]["invoked_function_arn"].endswith(":function:safelight-worker")
    assert 25_000 < seen["remaining"] <= 30_000


def test_every_invocation_has_a_request_id_of_its_own(make: Make) -> None:
    environment = make("mirror")
    ids = {environment.invoke({})["context"]["aws_request_id"] for _ in range(3)}
    assert len(ids) == 3


def test_what_the_handler_raises_is_told_and_the_process_stays_warm(make: Make, tmp_path: Path) -> None:
    environment = make("obey")
    with pytest.raises(Raised, match="ValueError: as ordered"):
        environment.invoke(orders("raise"))
    assert environment.invoke(orders("ok")) == {"batchItemFailures": []}
    assert "Traceback" in (tmp_path / "worker.log").read_text()


def test_an_answer_that_is_not_json_is_an_error(make: Make) -> None:
    with pytest.raises(Raised, match="TypeError"):
        make("not_json").invoke({})


def test_a_handler_that_cannot_be_imported_fails_every_invocation(make: Make) -> None:
    environment = make("no_such_function")
    for _ in range(2):
        with pytest.raises(Raised, match="AttributeError"):
            environment.invoke({})


@pytest.mark.parametrize(("order", "status"), [("exit", "status 7"), ("kill", "status -9")])
def test_a_process_that_ends_is_replaced(make: Make, order: str, status: str) -> None:
    environment = make("obey")
    with pytest.raises(Crashed, match=status):
        environment.invoke(orders(order))
    assert environment.invoke(orders("ok")) == {"batchItemFailures": []}


def test_the_timeout_kills_and_the_next_invocation_finds_a_new_process(make: Make) -> None:
    environment = make("obey", timeout=1)
    environment.invoke(orders("ok"))
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"Task timed out after 1\.00 seconds"):
        environment.invoke(orders("hang"))
    assert 0.9 < time.monotonic() - started < 5
    assert environment.invoke(orders("ok")) == {"batchItemFailures": []}


def test_the_timeout_takes_the_handlers_own_children_too(make: Make, tmp_path: Path) -> None:
    with pytest.raises(TimedOut):
        make("with_a_child", timeout=1).invoke({"file": str(tmp_path / "pids")})
    handler, child = map(int, (tmp_path / "pids").read_text().split())
    assert eventually(lambda: not alive(handler) and not alive(child))


def test_a_crash_is_noticed_although_a_child_of_the_process_lives_on(make: Make, tmp_path: Path) -> None:
    """The child holds a copy of everything its parent had open."""
    environment = make("with_a_forked_child")
    with pytest.raises(Crashed):
        environment.invoke({"file": str(tmp_path / "pids")})
    assert eventually(lambda: not alive(int((tmp_path / "pids").read_text())))


def test_closing_ends_an_invocation_in_the_middle_of_its_work(make: Make) -> None:
    environment = make("obey")
    environment.invoke(orders("ok"))
    threading.Timer(0.3, environment.close).start()
    with pytest.raises(Crashed):
        environment.invoke(orders("hang"))
    with pytest.raises(Crashed, match="closed"):
        environment.invoke(orders("ok"))


def test_everything_dies_with_the_parent(tmp_path: Path) -> None:
    """SIGKILL leaves the parent no time to clean up."""
    program = f"""
from pathlib import Path
from local.environment import ProcessEnvironment
from local.stack import Function
function = Function("w", "arn", "{HANDLERS}.with_a_child", 1769, 600, {{}})
ProcessEnvironment(function, {{}}, Path("{tmp_path}/worker.log")).invoke({{"file": "{tmp_path}/pids"}})
"""
    parent = subprocess.Popen([sys.executable, "-c", program])
    pids = tmp_path / "pids"
    try:
        assert eventually(lambda: pids.exists() and len(pids.read_text().split()) == 2, within=30)
    finally:
        parent.kill()
        parent.wait()
    handler, child = map(int, pids.read_text().split())
    assert eventually(lambda: not alive(handler) and not alive(child))


def test_everything_dies_with_the_parent_although_a_fork_of_it_lives_on(tmp_path: Path) -> None:
    """A fork holds a copy of the lifeline unless it lets go."""
    program = f"""
import os, threading, time
from pathlib import Path
from local.environment import ProcessEnvironment
from local.stack import Function
function = Function("w", "arn", "{HANDLERS}.with_a_child", 1769, 600, {{}})
environment = ProcessEnvironment(function, {{}}, Path("{tmp_path}/worker.log"))
threading.Thread(target=environment.invoke, args=({{"file": "{tmp_path}/pids"}},), daemon=True).start()
while not Path("{tmp_path}/pids").exists():
    time.sleep(0.02)
fork = os.fork()
if fork:
    Path("{tmp_path}/fork").write_text(str(fork))
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program])
    told = tmp_path / "fork"
    try:
        assert eventually(lambda: told.exists() and told.read_text(), within=30)
    finally:
        parent.kill()
        parent.wait()
    handler, child = map(int, (tmp_path / "pids").read_text().split())
    try:
        assert eventually(lambda: not alive(handler) and not alive(child))
    finally:
        os.kill(int(told.read_text()), signal.SIGKILL)
