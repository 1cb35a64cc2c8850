"""An operator's verbs on a whole deployment: the embedded AWS, the real worker, real queues."""

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from aws import dead_letters
from aws.connect import connect
from cli.exits import Exit
from cli.main import app
from jobs import book, catalog, events, settings
from jobs.events import Asked
from jobs.ports import Claimed
from jobs.source import Source, State
from local import cloud
from local.cloud import Cloud
from local.template import TEMPLATE
from tests.imaging.drawing import scene, write

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

PATIENCE = 60.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud.running(directory=tmp_path_factory.mktemp("operations"), window=0) as aws:
        yield aws


@pytest.fixture
def aws(running: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(dead_letters, "POLL", 0)  # one machine hides no letters from a short poll
    names = settings.read(running.environment)
    there = book.read(TEMPLATE.parent / "recipes")
    catalog.release(connect(names).catalog, there.recipes, there.routes)
    return running


def safelight(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


def data(result: Result) -> Any:
    return json.loads(result.stdout)


def upload(aws: Cloud, key: str, body: bytes) -> Source:
    source = Source(aws.stack.outputs["Originals"], key)
    aws.client("s3").put_object(Bucket=source.bucket, Key=key, Body=body)
    return source


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def states(aws: Cloud) -> dict[str, State]:
    ledger = connect(settings.read(aws.environment)).ledger
    return {record.source.key: record.state for record in ledger.scan().records}


PHOTO = write(scene(), "jpeg")


def test_every_queue_is_made_anew_in_the_middle_of_a_run_and_the_audit_heals_to_the_last_image(aws: Cloud) -> None:
    """Some are published by then, some are being worked on, and the messages of others are lost for certain."""
    keys = [f"run/{number:02}.jpg" for number in range(12)]
    for key in keys[:6]:
        upload(aws, key, PHOTO)
    assert set(data(safelight("pause", "--json"))["intake"].values()) == {"Disabled"}
    for key in keys[6:10]:
        upload(aws, key, PHOTO)
    until(lambda: data(safelight("status", "--json"))["lanes"]["fresh"]["visible"] >= 4)
    assert safelight("status").exit_code == Exit.FOUND
    assert not states(aws).keys() & set(keys[6:10]), "a paused worker worked"
    _remake_every_queue(aws)
    assert set(data(safelight("resume", "--json"))["intake"].values()) == {"Enabled"}
    for key in keys[10:]:
        upload(aws, key, PHOTO)
    until(lambda: _idle(aws))
    assert safelight("audit", "--dry-run", "--patience", "0").exit_code == Exit.FOUND
    healed = safelight("audit", "--yes", "--patience", "0")
    assert healed.exit_code == Exit.FINE, healed.output
    until(lambda: {key for key, state in states(aws).items() if state is State.DONE} >= set(keys))
    assert data(safelight("audit", "--dry-run", "--json"))["found"] == {}


def _remake_every_queue(aws: Cloud) -> None:
    """Under the same names, so that topic and mapping find them again; whatever was in them is gone."""
    sqs = aws.client("sqs")
    for url in sqs.list_queues(QueueNamePrefix=aws.stack.name).get("QueueUrls", []):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        kept = ("VisibilityTimeout", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "RedrivePolicy")
        sqs.delete_queue(QueueUrl=url)
        sqs.create_queue(
            QueueName=url.rsplit("/", 1)[-1],
            Attributes={name: attributes[name] for name in kept if name in attributes},
        )


def _idle(aws: Cloud) -> bool:
    lanes = data(safelight("status", "--json"))["lanes"].values()
    return not any(sum(lane.values()) for lane in lanes) and State.PROCESSING not in states(aws).values()


def test_a_redrive_after_an_outage_says_what_would_pass_and_heals_it(aws: Cloud) -> None:
    """Three died of the world, and one is no image and never will be."""
    _died_of_an_outage(aws, "outage/0.jpg", "outage/1.jpg", "outage/2.jpg")
    bad = upload(aws, "outage/bad.jpg", b"Dear work")
    until(lambda: states(aws).get(bad.key) is State.REJECTED)
    tried = data(safelight("redrive", "--dry-run", "--prefix", "outage/", "--json"))
    assert (tried["would_pass"], tried["would_fail"]) == (3, {"not-an-image": 1})
    redriven = safelight(
        "redrive", "--prefix", "outage/", "--reason", "throttled", "--yes", "--why", "S3 is back", "--json"
    )
    assert redriven.exit_code == Exit.FINE, redriven.output
    assert {name: data(redriven)[name] for name in ("sent", "passed", "failed")} == {
        "sent": 3,
        "passed": 3,
        "failed": 0,
    }
    kept = data(safelight("runs", "show", data(redriven)["run"], "--json"))
    assert (kept["sent"], kept["state"], kept["why"]) == (3, "done", "S3 is back")
    stopped = safelight("redrive", "--prefix", "outage/", "--yes", "--json")
    assert stopped.exit_code == Exit.STOPPED
    assert data(stopped)["stopped"] == "1 of 1 failed again"


def _died_of_an_outage(aws: Cloud, *keys: str) -> None:
    """Published, and asked for again while S3 was out, until the last receive."""
    there = connect(settings.read(aws.environment))
    sources = [upload(aws, key, PHOTO) for key in keys]
    until(lambda: all(states(aws).get(source.key) is State.DONE for source in sources))
    for source in sources:
        now = round(time.time() * 1000)
        claim = there.ledger.claim(source, etag="another", digest="d", revision=2**31, now=now, until=now + 60_000)
        assert isinstance(claim, Claimed)
        there.ledger.release(claim.record, "throttled", dead=True, now=now)
        there.dead_letters.send(events.message(Asked(source, "another")), reason="")


RUNBOOK = TEMPLATE.parent / "docs" / "operations.md"


def test_every_command_of_the_runbook_does_what_it_says(
    aws: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its order, on a deployment where an outage and a sender of nonsense have been."""
    monkeypatch.chdir(tmp_path)
    _died_of_an_outage(aws, "albums/photo.jpg")
    upload(aws, "albums-of-another-kind/bad.jpg", b"Dear work")
    aws.client("sqs").send_message(QueueUrl=aws.stack.outputs["DeadLettersUrl"], MessageBody="<xml/>")
    until(lambda: states(aws).get("albums-of-another-kind/bad.jpg") is State.REJECTED)
    said: dict[str, Result] = {}
    for block in re.findall(r"```console\n(.*?)```", RUNBOOK.read_text(), re.DOTALL):
        wanted = {Exit.FOUND} if "# exits 1" in block else {Exit.FINE, Exit.FOUND}
        for command in re.findall(r"^\$ safelight (.*)$", block, re.MULTILINE):
            said[command] = safelight(*shlex.split(command))
            assert said[command].exit_code in wanted, f"{command}: {said[command].output} {said[command].exception}"
    assert "$0.0" in said["status albums/photo.jpg"].stdout
    assert said["watch albums/"].exit_code == Exit.FOUND, "one of them was dead"
    assert [said["doctor"].stdout.count(word) for word in ("FAILED", "only AWS can prove it")] == [0, 3]
    assert "1 redriven, 1 passed" in said['redrive --reason throttled --yes --why "S3 is well again"'].stdout
    assert said["collect --dry-run"].stdout.startswith("0 versions of ")
    assert states(aws)["albums/photo.jpg"] is State.DONE
    assert json.loads((tmp_path / "letters.jsonl").read_text())["body"] == "<xml/>"


def test_a_stack_that_is_not_there_is_one_line(aws: Cloud) -> None:
    result = safelight("status", "--stack", "nowhere")
    assert "no stack nowhere" in str(result.exception)
