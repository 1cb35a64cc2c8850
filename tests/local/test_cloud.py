"""All of it together: uploads reach the worker, and nothing is left running."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.cloud import mapped, running
from local.errors import PortTaken
from local.stack import Stack
from tests.local.processes import alive, children, command, eventually

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.embedded


def test_an_upload_reaches_the_function_by_the_whole_chain(deployed: Stack, tmp_path: Path) -> None:
    """S3, SNS, SQS, the mapping, and a process that sees Lambda's environment. Others may have used the queue."""
    worker = replace(deployed.function("Worker"), handler="tests.local.handlers_for_tests.keep")
    source, _ = deployed.event_sources("Worker")
    source = replace(source, maximum_concurrency=1, window=0)
    kept = tmp_path / "kept"
    kept.mkdir()
    worker = replace(worker, variables={**worker.variables, "KEEP": str(kept)})
    with mapped(deployed.endpoint, worker, source, tmp_path) as mapping:
        s3 = deployed.endpoint.client("s3")
        s3.put_object(Bucket=deployed.outputs["Originals"], Key="chain.jpg", Body=b"bytes")
        assert eventually(lambda: any("chain.jpg" in path.read_text() for path in kept.iterdir()), within=20)
        assert eventually(lambda: mapping.counts.deleted == mapping.counts.received)
    path = next(path for path in kept.iterdir() if "chain.jpg" in path.read_text())
    record = next(r for r in json.loads(path.read_text())["Records"] if "chain.jpg" in r["body"])
    assert record["eventSourceARN"] == source.queue_arn
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_a_program_finds_the_cloud_by_its_environment(tmp_path: Path) -> None:
    with running(concurrency=1, bulk_concurrency=3, directory=tmp_path) as aws:
        program = """
import boto3, os
boto3.client("s3").head_bucket(Bucket=os.environ["SAFELIGHT_ORIGINALS"])
page = boto3.client("lambda").list_event_source_mappings(FunctionName="safelight-worker:live")
print(*(mapping["State"] for mapping in page["EventSourceMappings"]))
"""
        command = [sys.executable, "-c", program]
        told = subprocess.run(command, env=aws.environment, check=True, capture_output=True, text=True)
        assert told.stdout.split() == ["Enabled", "Enabled"]
        assert aws.bulk is not None
        assert [lane.source.maximum_concurrency for lane in (aws.mapping, aws.bulk)] == [1, 3]
        assert aws.bulk.source.queue_url == aws.stack.outputs["BulkQueueUrl"] != aws.mapping.source.queue_url
        assert aws.worker_log.parent == tmp_path


def test_the_sweep_is_invoked_by_its_schedule_and_gone_at_the_end(tmp_path: Path) -> None:
    with running(concurrency=1, directory=tmp_path, speed=60) as aws:
        assert eventually(lambda: '"Outage":[0' in _text(aws.sweep_log), within=60)
        (sweep,) = [pid for pid in children(os.getpid()) if "handlers.sweep.handler" in command(pid)]
    assert not alive(sweep)


def test_a_taken_port_is_told_and_nothing_is_left(deployed: Stack) -> None:
    port = int(deployed.endpoint.url.rsplit(":", 1)[-1])
    with pytest.raises(PortTaken), running(port=port):
        pass


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP)],
)
def test_told_to_stop_it_cleans_up(tmp_path: Path, number: signal.Signals, status: int) -> None:
    program = """
import signal, sys, time
from pathlib import Path
from local.cloud import running
signal.signal(signal.SIGINT, signal.default_int_handler)  # who was started in the background does not hear it
with running(concurrency=1) as aws:
    Path(sys.argv[1]).write_text(str(aws.directory))
    time.sleep(600)
"""
    told = tmp_path / "directory"
    parent = subprocess.Popen([sys.executable, "-c", program, told], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: told.exists() and told.read_text(), within=30)
        started = children(parent.pid)
        assert started
        parent.send_signal(number)
        assert parent.wait(20) == status
        assert not [child for child in started if alive(child)]
        assert not Path(told.read_text()).exists()
    finally:
        parent.kill()
        parent.wait()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
