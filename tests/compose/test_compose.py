"""The Lambda image under its emulator, on LocalStack, and everything killed that can be."""

import io
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from bench.image import until_it_listens
from jobs import events
from jobs.events import ANY, Asked
from jobs.keys import rendition_key
from jobs.source import Source, State
from local.containers import PATH, PORT
from local.environment import ROOT
from local.gateway import policy
from tests.containers import Composed
from tests.handlers.test_api import post
from tests.local.processes import eventually
from tests.web.conftest import CHROMIUM
from tests.web.looking import Complaints

pytestmark = [pytest.mark.compose, pytest.mark.slow, pytest.mark.timeout(600)]

LONG_ENOUGH = 240
"""Seconds: a killed worker's lease, the message's next visibility, and the work itself."""

POISON = b"I am not a photograph, whatever my name says."


def photo(number: int, width: int = 640, height: int = 480) -> bytes:
    """A noisy JPEG; another number is another picture."""
    noise = Image.effect_noise((width, height), 40)
    body = io.BytesIO()
    Image.merge("RGB", (noise, noise.rotate(180), Image.new("L", (width, height), number * 9 % 256))).save(body, "JPEG")
    return body.getvalue()


def uploaded(composed: Composed, prefix: str, count: int) -> list[Source]:
    """All at once, so that there is work for every worker."""
    photos = {f"{prefix}/{number}.jpg": photo(number, 1600, 1200) for number in range(count)}
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(composed.upload, photos, photos.values()))


def done(composed: Composed, sources: Sequence[Source], within: float = LONG_ENOUGH) -> bool:
    if eventually(lambda: composed.states(sources)[State.DONE] == len(sources), within):
        return True
    print(f"\nafter {within:.0f} s: {dict(composed.states(sources))}")
    return False


def whole(composed: Composed, source: Source) -> bool:
    """Whether every rendition that is published is stored, in as many bytes as the ledger says."""
    record = composed.aws.ledger.read(source)
    assert record
    assert record.published
    keys = {stored: rendition_key(source, record.published, stored) for stored in record.published.renditions}
    return bool(keys) and all(len(composed.aws.renditions.get(key)) == stored.bytes for stored, key in keys.items())


def test_photos_in_renditions_and_ledger_out_with_the_sandbox_whole(composed: Composed) -> None:
    began = time.monotonic()
    sources = uploaded(composed, "photos", 20)
    assert done(composed, sources)
    print(f"\n20 photos in {time.monotonic() - began:.1f} s")
    assert all(whole(composed, source) for source in sources)
    told = "".join(_docker("logs", worker) for worker in composed.containers("worker"))
    assert set(re.findall(r'"Namespace":"([^"]*)"', told)) == {f"Safelight/{composed.stack.name}"}
    partial = re.findall(r'"SandboxPartial":\[([^]]*)\]', told)
    assert partial
    assert set(",".join(partial).split(",")) == {"0.0"}, "the sandbox is not whole in the container"


def test_a_worker_that_has_done_nothing_yet_publishes_its_first_image(composed: Composed) -> None:
    with _intake_stopped(composed), _one_more_worker(composed) as url:
        source = composed.upload("cold.jpg", photo(1, 3000, 2000))
        record = {
            "messageId": "one",
            "receiptHandle": "none",
            "eventSource": "aws:sqs",
            "eventSourceARN": composed.stack.event_sources("Worker")[0].queue_arn,
            "attributes": {"ApproximateReceiveCount": "1"},
            "body": events.message(Asked(source, ANY)),
        }
        began = time.monotonic()
        with urllib.request.urlopen(url, json.dumps({"Records": [record]}).encode()) as response:
            answer = json.load(response)
        print(f"\nfirst image of a new worker, 6 megapixels: {time.monotonic() - began:.2f} s with its initialisation")
    assert answer == {"batchItemFailures": []}
    assert composed.states([source]) == {State.DONE: 1}


def test_the_demo_visits_and_accounts_for_every_image(composed: Composed, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(photo(number))
    (tmp_path / "letter.jpg").write_bytes(POISON)
    command = [sys.executable, "-m", "cli.main", "demo", str(tmp_path), "--out", str(tmp_path / "out"), "--json"]
    run = subprocess.run(
        [*command, "--endpoint", composed.stack.endpoint.url], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert (told["images"], told["refused"], told["problems"]) == (3, {"not-an-image": 1}, [])
    assert (tmp_path / "out" / "contact-sheet.html").stat().st_size > 1000


def test_a_worker_in_a_container_is_nobody_and_writes_nowhere_but_tmp(composed: Composed) -> None:
    worker = composed.containers("worker")[0]
    assert _in(worker, "import os; print(os.getuid() != 0)") == "True"
    for folder in ("/", "/var/task", "/opt/safelight", "/stack", "/dev/shm"):
        with pytest.raises(subprocess.CalledProcessError):
            _in(worker, f"open('{folder}/x', 'w')")
    assert _in(worker, "open('/tmp/x', 'w'); print('written')") == "written"
    assert (
        _in(worker, "print(*(line.split()[1] for line in open('/proc/self/status') if 'CapEff' in line))") == "0" * 16
    )


def test_no_port_is_open_to_other_machines_and_nobody_sees_the_engine(composed: Composed) -> None:
    described = json.loads(_docker("inspect", *(line["Name"] for line in composed.processes())))
    bindings = [
        one for container in described for port in container["HostConfig"]["PortBindings"].values() for one in port
    ]
    assert bindings
    assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}
    assert not any("docker.sock" in json.dumps(container["Mounts"]) for container in described)
    assert all(container["HostConfig"]["CapDrop"] == ["ALL"] for container in described)


def test_a_poison_image_ends_in_the_dead_letters_and_its_neighbours_are_done(composed: Composed) -> None:
    sound = uploaded(composed, "neighbours", 5)
    poison = composed.upload("neighbours/poison.jpg", POISON)
    assert done(composed, sound)
    assert eventually(lambda: composed.states([poison]) == {State.REJECTED: 1}, 60)
    assert eventually(lambda: composed.letters(poison) == ["not-an-image"], 60)


def test_what_the_api_lists_as_dead_letters_it_tries_and_sends_back(composed: Composed) -> None:
    poison = composed.upload("redrive/poison.jpg", POISON)
    assert eventually(lambda: composed.states([poison]) == {State.REJECTED: 1}, 60)
    assert eventually(lambda: poison.key in _letters(composed).get("not-an-image", ()), 60)
    wanted = {"reason": "not-an-image", "prefix": poison.key}
    tried = composed.ask("POST", "/redrive", {**wanted, "dry_run": True})
    assert (tried["would_pass"], tried["would_fail"]) == (0, 1)
    before = composed.aws.ledger.read(poison)
    assert sum(_redriven(composed, wanted)) == 1

    def again() -> bool:
        after = composed.aws.ledger.read(poison)
        return bool(before and after and after.state is State.REJECTED and after.fence > before.fence)

    assert eventually(again, 60)
    assert eventually(lambda: composed.letters(poison) == ["not-an-image"], 60)


def test_a_form_of_the_api_is_posted_from_this_machine_and_its_rendition_is_fetched(composed: Composed) -> None:
    """By addresses that name LocalStack as this machine finds it; LocalStack holds them to their signatures."""
    body = photo(7)
    form = composed.ask("POST", "/uploads", {"name": "by form.jpg", "type": "image/jpeg", "size": len(body)})
    assert form["url"].startswith(f"{composed.stack.endpoint.url}/")
    assert post(form, body) == 201
    image: dict[str, Any] = {}

    def settled() -> bool:
        image.update(composed.ask("GET", f"/images/{form['id']}"))
        return bool(image["state"] == "done")

    assert eventually(settled, 60)
    for rendition in image["renditions"]:
        with urllib.request.urlopen(rendition["url"]) as answer:
            assert len(answer.read()) == rendition["bytes"]
            assert "immutable" in answer.headers["Cache-Control"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(rendition["url"][:-4] + "0000")


def test_a_browser_sends_a_photograph_and_sees_it(composed: Composed, tmp_path: Path) -> None:
    """The page under its policy, the form and the pictures under the buckets' rules for other origins."""
    (tmp_path / "seen.jpg").write_bytes(photo(8))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        complaints = Complaints(page)
        answer = page.goto(f"{composed.console}/#token={composed.token}")
        assert answer
        assert answer.headers["content-security-policy"] == policy(composed.stack.endpoint.url)
        page.locator("#files").set_input_files(tmp_path / "seen.jpg")
        tile = page.locator(".sheet > li").filter(has_text="seen.jpg")
        expect(tile.locator("img.there")).to_be_visible(timeout=60_000)
        browser.close()
    assert complaints.heard == []


def test_the_api_is_closed_to_who_does_not_know_the_token(composed: Composed) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        replace(composed, token="guessed").ask("GET", "/images")


def test_workers_that_race_for_one_source_publish_its_last_object(composed: Composed) -> None:
    for number in range(6):
        source = composed.upload("race.jpg", photo(number))
        for _ in range(5):
            composed.client("sqs").send_message(
                QueueUrl=composed.stack.outputs["QueueUrl"], MessageBody=events.message(Asked(source, ANY))
            )
    etag = composed.s3.head_object(Bucket=source.bucket, Key=source.key)["ETag"]

    def settled() -> bool:
        record = composed.aws.ledger.read(source)
        return bool(record and record.state is State.DONE and record.published and record.published.etag in etag)

    assert eventually(settled, LONG_ENOUGH)
    assert whole(composed, source)


def test_a_worker_and_the_mapping_killed_in_mid_batch_lose_nothing(composed: Composed) -> None:
    (mapping,), workers = composed.containers("mapping"), composed.containers("worker")
    sources = uploaded(composed, "worker-killed", 40)
    _docker("start", _killed_at_work(workers))
    sources += uploaded(composed, "mapping-killed", 30)
    assert eventually(lambda: any(map(_at_work, workers)), 60)
    _docker("kill", mapping)
    _docker("start", mapping)
    began = time.monotonic()
    assert done(composed, sources)
    print(f"\na worker and the mapping killed: all {len(sources)} done {time.monotonic() - began:.0f} s later")
    running = {line["Name"] for line in composed.processes() if line["State"] == "running"}
    assert {mapping, *workers} <= running


def test_an_outage_of_localstack_costs_no_image(composed: Composed) -> None:
    sources = uploaded(composed, "outage", 30)
    assert eventually(lambda: _paused(composed, "localstack"), 60)
    time.sleep(20)
    composed.run("unpause", "localstack")
    began = time.monotonic()
    assert done(composed, sources)
    print(f"\nLocalStack away for 20 s: all {len(sources)} done {time.monotonic() - began:.0f} s after it came back")
    assert not any(composed.letters(source) for source in sources)


def _letters(composed: Composed) -> dict[str, list[str]]:
    """The keys of the dead letters by reason, page after page, as the API tells them."""
    told: dict[str, list[str]] = defaultdict(list)
    page = composed.ask("GET", "/dead-letters")
    while True:
        for letter in page["letters"]:
            told[letter["reason"]].append(letter["key"])
        if page["next"] is None:
            return told
        page = composed.ask("GET", f"/dead-letters?next={page['next']}")


def _redriven(composed: Composed, wanted: dict[str, str]) -> Iterator[int]:
    """How many each call of a redrive sent back."""
    place: dict[str, str] = {}
    while True:
        answer = composed.ask("POST", "/redrive", {**wanted, **place})
        yield answer["moved"]
        if answer["next"] is None:
            return
        place = {"next": answer["next"]}


@contextmanager
def _intake_stopped(composed: Composed) -> Iterator[None]:
    """By Lambda's own API, as the breaker does it."""
    intake = composed.client("lambda")
    (mapping, *_) = intake.list_event_source_mappings()["EventSourceMappings"]

    def switched(enabled: bool, state: str) -> bool:
        intake.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
        return eventually(lambda: intake.list_event_source_mappings()["EventSourceMappings"][0]["State"] == state, 60)

    assert switched(False, "Disabled")
    try:
        yield
    finally:
        assert switched(True, "Enabled")


@contextmanager
def _one_more_worker(composed: Composed) -> Iterator[str]:
    """Of which the mapping knows nothing; where it takes events."""
    name = composed.run("run", "--detach", "--no-deps", "--publish", f"127.0.0.1::{PORT}", "worker").strip()
    try:
        url = f"http://{_docker('port', name, str(PORT)).strip()}{PATH}"
        until_it_listens(url)
        yield url
    finally:
        _docker("rm", "--force", name)


def _killed_at_work(workers: Sequence[str]) -> str:
    """Kills a worker that has begun a batch and not ended it; its name."""
    for _ in range(10):
        assert eventually(lambda: any(map(_at_work, workers)), 60)
        victim = next(filter(_at_work, workers), None)
        if victim is None:
            continue
        _docker("kill", victim)
        if _at_work(victim):
            return victim
        _docker("start", victim)
    raise AssertionError("every worker had ended its batch before it could be killed")


def _paused(composed: Composed, service: str) -> bool:
    """The engine gives up on a container whose processes are slow to freeze."""
    try:
        composed.run("pause", service)
    except AssertionError as refused:
        if "unable to freeze" not in str(refused):
            raise
        return False
    return True


def _at_work(worker: str) -> bool:
    """Whether the last invocation that the emulator began has not ended."""
    told = re.findall(r"^(START|END) RequestId", _docker("logs", worker), re.MULTILINE)
    return bool(told) and told[-1] == "START"


def _in(container: str, program: str) -> str:
    return _docker("exec", container, "python", "-c", program).strip()


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=True
    )
    return done.stdout
