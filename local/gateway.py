"""API Gateway REST, played on loopback before the API's function; and the console's files beside it.

    GET / , /console.js ...     files of web/, under a strict policy of what the page may load
    everything else             token? ─▶ an API Gateway proxy event ─▶ one of a few warm environments ─▶ its answer

Only this machine reaches it, and only who knows the token, which is in the printed address. A page of another origin
that got a browser to call (DNS rebinding) is known by its Host.
"""

import base64
import hmac
import json
import logging
import mimetypes
import queue
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from local.embedded import LOOPBACK
from local.environment import Environment, InvocationFailed, in_turn

log = logging.getLogger(__name__)

WEB = Path(__file__).parent.parent / "web"

LARGEST = 10 * 2**20
"""Bytes of a body that API Gateway takes."""

AT_ONCE = 4
"""Environments of the function."""

STAGE = "local"


@dataclass(frozen=True)
class Request:
    """An HTTP request, read whole."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Pool:
    """A few environments of one function, each of which answers one event at a time."""

    def __init__(self, make: Callable[[], Environment], size: int = AT_ONCE) -> None:
        self._all = [make() for _ in range(size)]
        self._idle: queue.LifoQueue[Environment] = queue.LifoQueue()  # the one used last is the warmest
        for environment in self._all:
            self._idle.put(environment)

    def invoke(self, event: Mapping[str, Any]) -> Any:
        environment = self._idle.get()
        try:
            return in_turn(environment, event)
        finally:
            self._idle.put(environment)

    def close(self) -> None:
        for environment in self._all:
            environment.close()


class Gateway:
    """What answers a request: a file, a refusal, or the function."""

    def __init__(self, function: Pool, *, origin: str, token: str, elsewhere: str, web: Path = WEB) -> None:
        """`origin` is its own; `elsewhere` that of S3, where the page posts to and shows pictures from."""
        self._function, self._token, self._web = function, token, web
        self._host = origin.partition("://")[2]
        self._policy = policy(elsewhere)

    def answer(self, request: Request) -> Answer:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("host") != self._host:
            return problem(HTTPStatus.MISDIRECTED_REQUEST, f"This is {self._host}, and answers to that name alone.")
        if request.method in ("GET", "HEAD") and (file := self._file(request.path)):
            return self._page(file)
        if not hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {self._token}".encode()):
            detail = "Send `Authorization: Bearer` and the token of the address that was printed at the start."
            return problem(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})
        return self._invoke(event(request))

    def _invoke(self, asked: Mapping[str, Any]) -> Answer:
        try:
            return answered(self._function.invoke(asked))
        except (InvocationFailed, KeyError, TypeError, ValueError) as error:
            log.warning("%s %s: %s", asked["httpMethod"], asked["path"], error)
            return problem(HTTPStatus.BAD_GATEWAY, "The function gave no answer: its log says why.")

    def _file(self, path: str) -> Path | None:
        """A file of the console, found among those that are there: no path is ever put together."""
        name = path.removeprefix("/") or "index.html"
        files = (file for file in self._web.rglob("*") if file.is_file())
        return next((file for file in files if file.relative_to(self._web).as_posix() == name), None)

    def _page(self, file: Path) -> Answer:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {
            "Content-Type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
            "Content-Security-Policy": self._policy,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        return Answer(HTTPStatus.OK, headers, file.read_bytes())


def policy(elsewhere: str) -> str:
    """Scripts and styles of its own only; pictures from S3 too, and from memory: placeholders and previews."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            f"img-src 'self' data: blob: {elsewhere}",
            f"connect-src 'self' {elsewhere}",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def event(request: Request) -> dict[str, Any]:
    """As API Gateway hands it to a proxy integration; a body that is no text travels as base64."""
    parts = urlsplit(request.target)
    query = parse_qs(parts.query, keep_blank_values=True)
    body, packed = _body(request.body)
    return {
        "resource": "/{proxy+}",
        "path": request.path,
        "httpMethod": request.method,
        "headers": {**request.headers, "X-Forwarded-Proto": "http"},
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": request.path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "httpMethod": request.method,
            "identity": {"sourceIp": LOOPBACK},
            "path": request.path,
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": time.time_ns() // 1_000_000,
            "resourcePath": "/{proxy+}",
            "stage": STAGE,
        },
        "body": body,
        "isBase64Encoded": packed,
    }


def _body(body: bytes) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def answered(said: Any) -> Answer:
    """A proxy integration's answer. Raises KeyError, TypeError or ValueError for what API Gateway calls malformed."""
    if not isinstance(said, Mapping):
        raise TypeError("the answer is no object")
    headers = {name: values[-1] for name, values in (said.get("multiValueHeaders") or {}).items()}
    body = said.get("body") or ""
    return Answer(
        int(said["statusCode"]),
        {**headers, **(said.get("headers") or {})},
        base64.b64decode(body) if said.get("isBase64Encoded") else body.encode(),
    )


def problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    """What is refused before the function is asked."""
    told = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return Answer(status, {"Content-Type": "application/problem+json", **(headers or {})}, json.dumps(told).encode())


@contextmanager
def serving(gateway: Gateway, port: int, host: str = LOOPBACK) -> Iterator[None]:
    """Listens; the port was chosen before, as the buckets must know the origin."""
    server = _Server(gateway, (host, port))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="gateway", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def __init__(self, gateway: Gateway, address: tuple[str, int]) -> None:
        self.gateway = gateway
        super().__init__(address, _Request)


class _Request(BaseHTTPRequestHandler):
    """HTTP around the gateway."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        declared = self.headers.get("Content-Length", "0")
        if not declared.isdecimal() or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return self._send(problem(HTTPStatus.LENGTH_REQUIRED, "Send the body whole, with its Content-Length."))
        if int(declared) > LARGEST:
            self.close_connection = True  # what is not read would be taken for the next request
            return self._send(problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "At most 10 MB fit into one request."))
        body = self.rfile.read(int(declared))
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        return self._send(self.server.gateway.answer(request))

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
