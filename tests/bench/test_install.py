"""How peers get to where they are started from."""

from pathlib import Path

import pytest

from bench.imaging import install as installing
from bench.imaging.install import Failed, install, machines_npm, run


def programs(folder: Path, **said: str) -> str:
    """A PATH with programs that say something and do nothing."""
    folder.mkdir()
    for name, words in said.items():
        (folder / name).write_text(f"#!/bin/sh\necho {words}\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("version", ["v20.9.0", "v24.19.0"])
def test_the_machines_npm_is_used_with_its_node(tmp_path, monkeypatch, version):
    monkeypatch.setenv("PATH", path := programs(tmp_path / "bin", node=version, npm="10"))
    assert machines_npm() == (f"{path}/node", f"{path}/npm")


def test_a_node_too_old_for_sharp_or_without_npm_counts_as_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", programs(tmp_path / "old", node="v18.20.4", npm="9"))
    assert machines_npm() == ()
    monkeypatch.setenv("PATH", programs(tmp_path / "alone", node="v24.19.0"))
    assert machines_npm() == ()


def test_what_is_there_and_pinned_alike_is_not_installed_again_but_what_is_gone_or_pinned_anew_is(
    tmp_path, monkeypatch
):
    place, pin, times = tmp_path / "peer", tmp_path / "lock", []
    pin.write_text("1")
    monkeypatch.setattr(installing, "PLACES", {place: (pin, lambda: times.append(place.write_text("installed")))})
    assert install() == {}
    assert install() == {}
    assert len(times) == 1
    place.unlink()
    assert install() == {}
    pin.write_text("2")
    assert install() == {}
    assert len(times) == 3


def test_what_cannot_be_installed_is_named_with_the_reason(tmp_path, monkeypatch):
    def fails() -> None:
        raise Failed("npm ci: no network")

    (tmp_path / "lock").write_text("1")
    monkeypatch.setattr(installing, "PLACES", {tmp_path / "peer": (tmp_path / "lock", fails)})
    assert install() == {tmp_path / "peer": "npm ci: no network"}


def test_a_command_that_fails_is_quoted_from_its_error_on_without_the_addresses_of_mirrors():
    fails = "echo Resolving; echo 'error: failed to fetch' >&2; echo '  cause: no route to http://mirror/x' >&2; exit 2"
    with pytest.raises(Failed, match=r"^uv: error: failed to fetch cause: no route to \(address\) Resolving$"):
        run("uv", "sh", "-c", fails)
