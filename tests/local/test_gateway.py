"""API Gateway as it is played: who gets through to the function, and what the console's page may load."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.embedded import LOOPBACK, a_free_port
from local.gateway import Answer, Gateway, Pool, Request, policy, serving

TOKEN = "known"
S3 = "http://127.0.0.1:4566"


class Echo:
    """An environment whose function answers what it was asked."""

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: Mapping[str, Any]) -> Any:
        return {"statusCode": 200, "body": json.dumps({"method": event["httpMethod"], "path": event["path"]})}

    def close(self) -> None:
        pass


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(Pool(Echo), origin="http://127.0.0.1:8080", token=TOKEN, elsewhere=S3)


def asked(gateway: Gateway, path: str, *, host: str = "127.0.0.1:8080", token: str | None = TOKEN) -> Answer:
    known = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return gateway.answer(Request("GET", path, {"Host": host, **known}, b""))


def test_who_knows_the_token_gets_through_to_the_function(gateway: Gateway) -> None:
    answer = asked(gateway, "/images?limit=1")
    assert (answer.status, json.loads(answer.body)) == (200, {"method": "GET", "path": "/images"})


@pytest.mark.parametrize("token", [None, "", "guessed", "known ", "ключ"])
def test_nobody_else_does(gateway: Gateway, token: str | None) -> None:
    answer = asked(gateway, "/images", token=token)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("host", ["photos.example", "localhost:8080", "127.0.0.1", "127.0.0.1:8081", ""])
def test_it_answers_to_its_own_name_alone(gateway: Gateway, host: str) -> None:
    """Else a page of another name that points here would be let in (DNS rebinding)."""
    assert asked(gateway, "/", host=host).status == 421
    assert asked(gateway, "/images", host=host).status == 421


def test_the_page_may_load_nothing_but_its_own_and_pictures_from_s3(gateway: Gateway) -> None:
    page = asked(gateway, "/", token=None)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["Content-Security-Policy"] == policy(S3)
    rules = dict(rule.split(" ", 1) for rule in policy(S3).split("; "))
    assert (rules["default-src"], rules["script-src"]) == ("'none'", "'self'")
    assert {name for name, sources in rules.items() if S3 in sources} == {"img-src", "connect-src"}


@pytest.mark.parametrize("path", ["/../template.yaml", "/%2e%2e/template.yaml", "//etc/passwd", "/index.html/"])
def test_no_file_is_served_but_the_consoles(gateway: Gateway, path: str) -> None:
    assert asked(gateway, path, token=None).status == 401


@pytest.fixture(params=[LOOPBACK, "0.0.0.0"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    port = a_free_port()
    origin = f"http://{LOOPBACK}:{port}"
    with serving(Gateway(Pool(Echo), origin=origin, token=TOKEN, elsewhere=S3), port, request.param):
        yield origin


def test_it_listens_where_it_is_told_to(address: str) -> None:
    with urllib.request.urlopen(f"{address}/console.js") as answer:
        assert answer.headers["Content-Type"].startswith("text/javascript")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{address}/metrics")
