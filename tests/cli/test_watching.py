"""`safelight watch`: what a prefix means, on a real bucket."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from cli.deployed import Deployed, deployed
from cli.exits import Exit
from cli.main import app
from cli.watching import followed
from local.stack import Stack
from tests.embedded import a_name

pytestmark = pytest.mark.embedded


@pytest.fixture(autouse=True)
def _at_the_embedded_aws(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in deployed.endpoint.variables.items():
        monkeypatch.setenv(name, value)


def below(prefix: str, stack: Stack) -> Deployed:
    """The stack as it would be with this OriginalsPrefix."""
    there = deployed(stack.name)
    return replace(there, settings=replace(there.settings, prefix=prefix))


def test_a_prefix_is_that_of_whole_keys_whatever_the_stacks_own_prefix_is(deployed: Stack) -> None:
    own = f"{a_name()}/"
    for key in (f"{own}a/1.jpg", f"{own}b/2.jpg", f"else-{own}3.jpg"):
        deployed.endpoint.client("s3").put_object(Bucket=deployed.outputs["Originals"], Key=key, Body=b"x")
    there = below(own, deployed)

    def keys(prefix: str) -> list[str]:
        return [one.source.key for one in followed(there, prefix)]

    assert keys(f"{own}a/") == [f"{own}a/1.jpg"]
    assert keys("") == keys(own) == keys(own[:3]) == [f"{own}a/1.jpg", f"{own}b/2.jpg"]
    assert keys("a/") == keys(f"else-{own}") == []


def test_nothing_under_a_prefix_is_said_and_exits_with_one(deployed: Stack) -> None:
    result = CliRunner().invoke(app, ["watch", "no-such-album/", "--stack", deployed.name, "--json"])
    assert result.exit_code == Exit.FOUND
    assert "there is no original under no-such-album/" in result.stderr
    assert json.loads(result.stdout) == {"states": {}, "unsettled": 0}
