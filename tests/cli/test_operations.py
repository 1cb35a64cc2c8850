"""An operator's verbs on a whole deployment: the embedded AWS, the real worker, real queues."""

import json
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
from jobs import book, catalog, letters, settings
from jobs.source import Source, State
from local import cloud
from local.cloud import Cloud
from local.template import TEMPLATE
from tests.imaging.drawing import scene, write

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

PATIENCE = 60.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud.running(directory=tmp_path_factory.mktemp("operations")) as aws:
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
    safelight("pause")
    for key in keys[6:10]:
        upload(aws, key, PHOTO)
    until(lambda: data(safelight("status", "--json"))["lanes"]["fresh"]["visible"] >= 4)
    _remake_every_queue(aws)
    safelight("resume")
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


def test_a_redrive_is_tried_out_and_then_heals_what_was_mended(aws: Cloud) -> None:
    sources = [upload(aws, f"broken/{number}.jpg", b"Dear work") for number in range(3)]
    until(lambda: all(states(aws).get(source.key) is State.REJECTED for source in sources))
    tried = safelight("redrive", "--dry-run", "--prefix", "broken/", "--json")
    assert tried.exit_code == Exit.FOUND
    assert (data(tried)["would_pass"], data(tried)["would_fail"]) == (0, {"not-an-image": 3})
    stopped = safelight("redrive", "--prefix", "broken/", "--yes", "--json")
    assert stopped.exit_code == Exit.STOPPED
    assert data(stopped)["stopped"] == "3 of 3 failed again"
    safelight("pause")
    for source in sources:
        upload(aws, source.key, PHOTO)
    tried = safelight("redrive", "--dry-run", "--prefix", "broken/")
    assert tried.stdout.splitlines()[-1] == "3 of 3 would pass"
    safelight("resume")
    redriven = safelight("redrive", "--prefix", "broken/", "--yes", "--why", "the senders mended them")
    assert redriven.exit_code == Exit.FINE, redriven.output
    assert all(states(aws)[source.key] is State.DONE for source in sources)


def test_a_pause_holds_every_lane_and_a_resume_lets_it_go(aws: Cloud) -> None:
    assert set(data(safelight("pause", "--json"))["intake"].values()) == {"Disabled"}
    assert safelight("status").exit_code == Exit.FOUND
    source = upload(aws, "paused.jpg", PHOTO)
    time.sleep(1)
    assert source.key not in states(aws)
    assert set(data(safelight("resume", "--json"))["intake"].values()) == {"Enabled"}
    assert safelight("watch", "paused.jpg").stdout.strip() == "1 done"
    shown = data(safelight("status", "paused.jpg", "--json"))
    assert shown["state"] == State.DONE
    assert 0 < shown["cost"]["dollars"] < 0.001


def test_a_letter_that_nobody_can_read_is_written_down_and_removed(aws: Cloud, tmp_path: Path) -> None:
    sqs, url = aws.client("sqs"), aws.stack.outputs["DeadLettersUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="<xml/>")
    kept = tmp_path / "letters.jsonl"
    assert safelight("redrive", "--discard", str(kept), "--reason", "malformed").stdout.startswith("1 letter written")
    assert json.loads(kept.read_text())["body"] == "<xml/>"


def test_nothing_that_is_published_or_young_is_collected(aws: Cloud) -> None:
    upload(aws, "collected.jpg", PHOTO)
    safelight("watch", "collected.jpg")
    looked = data(safelight("collect", "--dry-run", "--json"))
    assert looked["seen"] > 0
    assert looked["would_remove"] == 0


def test_the_doctor_runs_what_applies_and_says_what_it_left_out(aws: Cloud) -> None:
    result = safelight("doctor", "--json")
    assert result.exit_code == Exit.FINE, result.output
    checks = {each["check"]: each["passed"] for each in data(result)["checks"]}
    left_out = {name for name, passed in checks.items() if passed is None}
    assert left_out == {"encryption", "sandbox", "vCPUs"}
    assert all(checks[name] for name in checks.keys() - left_out)
    assert data(result)["dollars"] < 1
    assert not any(key.startswith("doctor-") for key in _letters(aws))


def _letters(aws: Cloud) -> list[str]:
    box = letters.Box(connect(settings.read(aws.environment)).dead_letters)
    ledger = connect(settings.read(aws.environment)).ledger
    return [trouble.source.key for trouble in letters.look([box], ledger) if trouble.source and trouble.letter]


def test_a_stack_that_is_not_there_is_one_line(aws: Cloud) -> None:
    result = safelight("status", "--stack", "nowhere")
    assert "no stack nowhere" in str(result.exception)
