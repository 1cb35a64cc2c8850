"""The embedded AWS: a real process that listens on loopback only, and is gone at the end whatever happens."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.embedded import a_free_port, embedded
from local.errors import DidNotStart, NotSetUp, PortTaken
from tests.local.processes import alive, children, eventually

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.embedded


def test_it_serves_aws(tmp_path: Path) -> None:
    with embedded(tmp_path) as endpoint:
        endpoint.client("s3").create_bucket(Bucket="bucket")
        assert [b["Name"] for b in endpoint.client("s3").list_buckets()["Buckets"]] == ["bucket"]


def test_it_is_gone_after_the_block(tmp_path: Path) -> None:
    with embedded(tmp_path) as endpoint:
        port = int(endpoint.url.rsplit(":", 1)[-1])
    assert not _listening("127.0.0.1", port)


def test_it_is_gone_after_an_error(tmp_path: Path) -> None:
    port = a_free_port()
    with pytest.raises(KeyError), embedded(tmp_path, port=port):
        raise KeyError
    assert not _listening("127.0.0.1", port)


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    port = a_free_port()
    with embedded(tmp_path, port=port):
        sockets = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    bound = [local for local, _, state in sockets if state == "0A" and local.endswith(f":{port:04X}")]
    assert bound == [f"0100007F:{port:04X}"]


def test_it_writes_nowhere_but_in_its_directory(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    opened.mkdir()
    with embedded(opened) as endpoint:
        port = endpoint.url.rsplit(":", 1)[-1]
        endpoint.client("s3").create_bucket(Bucket="bucket")
        endpoint.client("s3").put_object(Bucket="bucket", Key="key", Body=b"bytes")
    assert not [path for path in Path("/tmp").iterdir() if port in path.name]
    assert {path.name for path in tmp_path.iterdir()} == {"opened"}


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(PortTaken, match=f"^port {port} on 127.0.0.1 is taken: [^\n]+$"),
            embedded(tmp_path, port=port),
        ):
            pass


def test_a_missing_environment_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotSetUp, match="make setup"), embedded(tmp_path, python=tmp_path / "python"):
        pass


def test_a_python_without_it_says_what_went_wrong(tmp_path: Path) -> None:
    """`python` is an executable that knows no such module."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named ministack'\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(DidNotStart, match="No module named ministack"), embedded(tmp_path, python=python):
        pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_the_program_that_started_it(tmp_path: Path, number: signal.Signals) -> None:
    program = f"""
import time
from pathlib import Path
from local.embedded import embedded
with embedded(Path({str(tmp_path)!r})):
    Path({str(tmp_path / "up")!r}).touch()
    time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    try:
        assert eventually((tmp_path / "up").exists, within=30)
        (child,) = children(parent.pid)
        parent.send_signal(number)
        assert eventually(lambda: not alive(child))
    finally:
        parent.kill()
        parent.wait()


def _listening(host: str, port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex((host, port)) == 0
