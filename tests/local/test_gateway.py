"""API Gateway's part: who is let in, what the function is handed, and what becomes of its answers."""

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from local.embedded import LOOPBACK, a_free_port
from local.environment import InvocationFailed
from local.gateway import LARGEST, Gateway, Pool, serving
from tests.local.processes import eventually

TOKEN = "a-token"
ELSEWHERE = "http://127.0.0.1:4566"
PAGE = b"<!doctype html>"


@dataclass
class Function:
    """Answers what it was told to, or fails; remembers what it was handed."""

    answer: Any = None
    events: list[Any] = field(default_factory=list)
    goes_on: Event = field(default_factory=Event)
    closed: bool = False

    def __post_init__(self) -> None:
        self.goes_on.set()

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: Mapping[str, Any]) -> Any:
        self.events.append(event)
        assert self.goes_on.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or {"statusCode": 200, "body": "said"}

    def close(self) -> None:
        self.closed = True


@dataclass
class Said:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def problem(self) -> str:
        told = json.loads(self.body)
        assert self.headers["Content-Type"] == "application/problem+json"
        assert told["status"] == self.status
        return str(told["detail"])


@dataclass
class Browser:
    """Asks as a browser does, over a connection of its own."""

    port: int
    function: Function
    size: int

    def __call__(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Said:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=10)
        connection.request(method, target, body, {"Authorization": f"Bearer {TOKEN}", **given})
        answer = connection.getresponse()
        said = Said(answer.status, dict(answer.getheaders()), answer.read())
        connection.close()
        return said


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Browser]:
    (tmp_path / "web" / "deep").mkdir(parents=True)
    (tmp_path / "web" / "index.html").write_bytes(PAGE)
    (tmp_path / "web" / "deep" / "a.js").write_text("let a;")
    (tmp_path / "secret.txt").write_text("secret")
    port, function = a_free_port(), Function()
    pool = Pool(lambda: function, size=2)
    gateway = Gateway(pool, origin=f"http://{LOOPBACK}:{port}", token=TOKEN, elsewhere=ELSEWHERE, web=tmp_path / "web")
    with serving(gateway, port):
        yield Browser(port, function, 2)
    pool.close()
    assert function.closed


# ---- the door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer another", f"Basic {TOKEN}", TOKEN, "Bearer ä"])
def test_nobody_without_the_token_reaches_the_function(ask: Browser, given: str) -> None:
    said = ask("GET", "/images", Authorization=given)
    assert said.status == 401
    assert said.headers["WWW-Authenticate"] == "Bearer"
    assert "token" in said.problem()
    assert ask.function.events == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost", "127.0.0.1:1"])
def test_a_page_that_lets_a_browser_call_by_another_name_is_refused(ask: Browser, host: str) -> None:
    """DNS rebinding: even the console's files are given to its own name alone."""
    for target in ("/images", "/"):
        said = ask("GET", target, Host=host)
        assert said.status == 421
        assert str(ask.port) in said.problem()
    assert ask.function.events == []


@pytest.mark.parametrize("host", [LOOPBACK, "0.0.0.0"])
def test_it_listens_where_it_is_told_to(host: str) -> None:
    port = a_free_port()
    gateway = Gateway(Pool(Function), origin=f"http://{LOOPBACK}:{port}", token=TOKEN, elsewhere=ELSEWHERE)
    with serving(gateway, port, host):
        assert Browser(port, Function(), 1)("GET", "/").status == 200


# ---- the console's files ---------------------------------------------------------------------------------------------


def test_the_page_is_given_without_a_token_under_a_strict_policy(ask: Browser) -> None:
    said = ask("GET", "/", Authorization="")
    assert (said.status, said.body, said.headers["Content-Type"]) == (200, PAGE, "text/html; charset=utf-8")
    policy = dict(each.split(" ", 1) for each in said.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == f"'self' {ELSEWHERE}"
    assert policy["frame-ancestors"] == "'none'"
    assert said.headers["X-Content-Type-Options"] == "nosniff"
    assert ask("GET", "/deep/a.js?v=1", Authorization="").body == b"let a;"


def test_a_head_has_no_body(ask: Browser) -> None:
    said = ask("HEAD", "/", Authorization="")
    assert (said.status, said.headers["Content-Length"], said.body) == (200, str(len(PAGE)), b"")


@pytest.mark.parametrize(
    "target",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/deep/../../secret.txt", "//secret.txt", "/deep", "/..%2fsecret.txt"],
)
def test_nothing_but_the_consoles_files_is_given(ask: Browser, target: str) -> None:
    said = ask("GET", target, Authorization="")
    assert said.status == 401
    assert b"secret" not in said.body


# ---- what the function is handed -------------------------------------------------------------------------------------


def test_the_function_is_handed_what_api_gateway_would(ask: Browser) -> None:
    ask("PUT", "/images/a%20b%2Fc?x=1&x=2&empty=&y=%C3%A9", b"{}", Content_Type="application/json", If_Match='"7"')
    (event,) = ask.function.events
    assert (event["httpMethod"], event["path"]) == ("PUT", "/images/a b/c")
    assert event["pathParameters"] == {"proxy": "images/a b/c"}
    assert event["queryStringParameters"] == {"x": "2", "empty": "", "y": "é"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "empty": [""], "y": ["é"]}
    assert (event["body"], event["isBase64Encoded"]) == ("{}", False)
    assert event["headers"]["If-Match"] == '"7"'
    assert event["multiValueHeaders"]["If-Match"] == ['"7"']
    assert event["requestContext"]["path"] == "/images/a b/c", "its addresses have no stage"


def test_a_request_without_query_or_body_says_so_with_null(ask: Browser) -> None:
    ask("GET", "/images")
    (event,) = ask.function.events
    assert (event["queryStringParameters"], event["multiValueQueryStringParameters"], event["body"]) == (None,) * 3


def test_a_body_that_is_no_text_travels_as_base64_both_ways(ask: Browser) -> None:
    photo = bytes(range(256))
    ask.function.answer = {"statusCode": 200, "body": base64.b64encode(photo).decode(), "isBase64Encoded": True}
    assert ask("POST", "/images", photo).body == photo
    (event,) = ask.function.events
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (photo, True)


# ---- what becomes of its answers -------------------------------------------------------------------------------------


def test_an_answer_is_passed_on_with_its_status_and_headers(ask: Browser) -> None:
    headers = {"multiValueHeaders": {"ETag": ['"1"'], "Vary": ["a", "b"]}, "headers": {"Location": "there"}}
    ask.function.answer = {"statusCode": 302, "body": "", **headers}
    said = ask("GET", "/images/x/thumb")
    assert (said.status, said.headers["ETag"], said.headers["Location"]) == (302, '"1"', "there")


@pytest.mark.parametrize(
    "answer",
    [InvocationFailed("as ordered"), ["no object"], {"body": "no status"}, {"statusCode": "x"}, "said"],
    ids=["it failed", "a list", "no status", "a status that is none", "a text"],
)
def test_what_is_no_answer_is_a_bad_gateway_that_tells_nothing_more(ask: Browser, answer: Any) -> None:
    ask.function.answer = answer
    said = ask("GET", "/images")
    assert said.status == 502
    assert "as ordered" not in said.problem()


def test_more_than_api_gateway_takes_is_refused_unread(ask: Browser) -> None:
    said = ask("POST", "/images", b"", Content_Length=str(LARGEST + 1))
    assert said.status == 413
    assert "10 MB" in said.problem()
    assert ask.function.events == []


@pytest.mark.parametrize("given", [{"Content_Length": "-1"}, {"Content_Length": "x"}, {"Transfer_Encoding": "chunked"}])
def test_a_body_of_unknown_length_is_refused(ask: Browser, given: dict[str, str]) -> None:
    assert ask("POST", "/images", b"", **given).status == 411
    assert ask.function.events == []


def test_who_comes_while_every_environment_is_busy_waits_its_turn(ask: Browser) -> None:
    ask.function.goes_on.clear()
    said: list[int] = []
    callers = [Thread(target=lambda: said.append(ask("GET", "/images").status)) for _ in range(3)]
    for caller in callers:
        caller.start()
    assert eventually(lambda: len(ask.function.events) == ask.size)
    assert not eventually(lambda: len(ask.function.events) > ask.size, within=0.2)
    ask.function.goes_on.set()
    for caller in callers:
        caller.join()
    assert (said, len(ask.function.events)) == ([200] * 3, 3)
