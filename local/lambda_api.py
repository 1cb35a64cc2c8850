"""Lambda's own API on loopback, as far as the intake's switch and the preview need it: three calls.

    GET /2015-03-31/event-source-mappings?FunctionName=NAME[&MaxItems=N][&Marker=M]    200, a page of mappings
    PUT /2015-03-31/event-source-mappings/UUID    {"Enabled": true or false}           202, the mapping on its way there
    POST /2015-03-31/functions/NAME/invocations   the event                            200, what the function answers

Programs find it by AWS_ENDPOINT_URL_LAMBDA, and cannot tell it from the real one: an update answers before it is
done, one that comes while another is under way is refused, and errors are told by Lambda's names.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from local.embedded import LOOPBACK
from local.environment import Environment, InvocationFailed, in_turn
from local.mapping import EventSourceMapping, State
from local.stack import Function

log = logging.getLogger(__name__)

PATH = "/2015-03-31/event-source-mappings"
FUNCTIONS = "/2015-03-31/functions/"
INVOCATIONS = "/invocations"

MOST_ON_A_PAGE = 100
"""Lambda's own limit, whatever MaxItems says."""

IN_TRANSITION = frozenset({State.DISABLING, State.ENABLING})


class Refused(Exception):
    """An error in Lambda's spelling."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Served:
    """A mapping as the API knows it."""

    uuid: str
    function: Function
    mapping: EventSourceMapping
    since: float
    """Epoch seconds of the last change."""

    def described(self, state: State | None = None) -> dict[str, Any]:
        """Lambda's EventSourceMappingConfiguration."""
        source, account = self.mapping.source, self.function.arn.partition(":function:")[0]
        return {
            "UUID": self.uuid,
            "EventSourceMappingArn": f"{account}:event-source-mapping:{self.uuid}",
            "EventSourceArn": source.queue_arn,
            "FunctionArn": _fed(self.function),
            "BatchSize": source.batch_size,
            "MaximumBatchingWindowInSeconds": source.window,
            "FunctionResponseTypes": ["ReportBatchItemFailures"] if source.partial else [],
            "ScalingConfig": {"MaximumConcurrency": source.maximum_concurrency},
            "State": state or self.mapping.state,
            "StateTransitionReason": "USER_INITIATED",
            "LastModified": self.since,
        }


@dataclass(frozen=True)
class Answer:
    """What came of an invocation: a payload, and whether the function failed."""

    payload: Any
    failed: bool = False


class Invoked:
    """A function that is invoked by name: one event at a time, in one environment."""

    def __init__(self, function: Function, environment: Environment) -> None:
        self.function, self._environment = function, environment
        self._turn = threading.Lock()

    def invoke(self, event: Any) -> Answer:
        with self._turn:
            try:
                return Answer(in_turn(self._environment, event))
            except InvocationFailed as error:
                kind, _, message = str(error).partition(": ")
                return Answer({"errorType": kind, "errorMessage": message or kind}, failed=True)

    def close(self) -> None:
        self._environment.close()


class LambdaApi:
    """The API of what it is told of. It listens once it is made, and answers inside its `with`."""

    def __init__(self, address: tuple[str, int] = (LOOPBACK, 0)) -> None:
        """`address`: where it listens; any free port of loopback when not given."""
        self._served: dict[str, Served] = {}
        self._invoked: list[Invoked] = []
        self._server = _Server(self, address)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="lambda-api", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def serve(self, function: Function, mapping: EventSourceMapping) -> str:
        """From now on knows this mapping of this function; its UUID."""
        served = Served(str(uuid.uuid4()), function, mapping, time.time())
        self._served[served.uuid] = served
        return served.uuid

    def answer_for(self, function: Function, environment: Environment) -> None:
        """From now on invokes this function when it is asked to; the environment ends with the API."""
        self._invoked.append(Invoked(function, environment))

    def invoke(self, name: str, event: Any) -> Answer:
        """Invoke, and wait for the answer. Raises Refused."""
        found = next((invoked for invoked in self._invoked if _means(name, invoked.function)), None)
        if found is None:
            message = f"Function not found: {name}"
            raise Refused(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", message)
        return found.invoke(event)

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """ListEventSourceMappings. Raises Refused."""
        found = [served for served in self._served.values() if _means(query.get("FunctionName"), served.function)]
        if "FunctionName" in query and not found:
            raise Refused(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", "Function does not exist")
        first, most = _number(query, "Marker", 0), min(_number(query, "MaxItems", MOST_ON_A_PAGE), MOST_ON_A_PAGE)
        page = {"EventSourceMappings": [served.described() for served in found[first : first + most]]}
        return page | ({"NextMarker": str(first + most)} if first + most < len(found) else {})

    def update(self, id: str, change: Any) -> dict[str, Any]:
        """UpdateEventSourceMapping, of which only the switch is known here. Raises Refused."""
        if id not in self._served:
            raise Refused(
                HTTPStatus.NOT_FOUND, "ResourceNotFoundException", "The resource you requested does not exist."
            )
        match change:
            case {"Enabled": bool(enabled), **others} if not others:
                state = _switch(self._served[id].mapping, enabled=enabled)
                self._served[id] = replace(self._served[id], since=time.time())
                return self._served[id].described(state)
            case _:
                raise Refused(HTTPStatus.BAD_REQUEST, "InvalidParameterValueException", "only Enabled changes here")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for invoked in self._invoked:
            invoked.close()
        self._server.shutdown()
        self._server.server_close()


def _switch(mapping: EventSourceMapping, *, enabled: bool) -> State:
    """Sets out for the other state, and says so; for the one that it is in, nothing changes."""
    state = mapping.state
    if state in IN_TRANSITION:
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "ResourceInUseException",
            "Cannot update the event source mapping because it is in use.",
        )
    if enabled == (state is State.ENABLED):
        return state
    if enabled:
        mapping.resume()
        return State.ENABLING
    mapping.pause()
    return State.DISABLING


def _fed(function: Function) -> str:
    """The ARN of what a mapping feeds."""
    return f"{function.arn}:{function.alias}" if function.alias else function.arn


def _means(name: str | None, function: Function) -> bool:
    """Lambda takes a name, an ARN, or the ARN's end, with the alias where it has one; none means every one."""
    return name is None or f":{_fed(function)}".endswith(f":{name}")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise Refused(HTTPStatus.BAD_REQUEST, "InvalidParameterValueException", f"{name} is no number")
    return int(text)


class _Server(ThreadingHTTPServer):
    def __init__(self, api: LambdaApi, address: tuple[str, int]) -> None:
        self.api = api
        super().__init__(address, _Request)


class _Request(BaseHTTPRequestHandler):
    """One call: HTTP around the API."""

    server: _Server

    def do_GET(self) -> None:
        path, query = self._asked()
        if path != PATH:
            return self._unknown()
        return self._answer(HTTPStatus.OK, lambda: self.server.api.page(query))

    def do_PUT(self) -> None:
        path, _ = self._asked()
        parent, _, id = path.rpartition("/")
        if parent != PATH:
            return self._unknown()
        return self._answer(HTTPStatus.ACCEPTED, lambda: self.server.api.update(unquote(id), self._body()))

    def do_POST(self) -> None:
        path, _ = self._asked()
        if not path.startswith(FUNCTIONS) or not path.endswith(INVOCATIONS):
            return self._unknown()
        name = unquote(path.removeprefix(FUNCTIONS).removesuffix(INVOCATIONS))
        try:
            answer = self.server.api.invoke(name, self._body())
        except Refused as refused:
            return self._refuse(refused)
        failed = {"X-Amz-Function-Error": "Unhandled"} if answer.failed else {}
        return self._send(HTTPStatus.OK, answer.payload, {"X-Amz-Executed-Version": "$LATEST", **failed})

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _asked(self) -> tuple[str, dict[str, str]]:
        """The path without a last slash, which some SDKs write, and the query."""
        parts = urlsplit(self.path)
        return parts.path.rstrip("/"), {name: values[-1] for name, values in parse_qs(parts.query).items()}

    def _body(self) -> Any:
        try:
            return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "SerializationException", f"the body is no JSON: {error}") from error

    def _unknown(self) -> None:
        self._refuse(Refused(HTTPStatus.NOT_FOUND, "UnknownOperationException", f"{self.command} {self.path}"))

    def _answer(self, status: HTTPStatus, call: Callable[[], dict[str, Any]]) -> None:
        try:
            self._send(status, call())
        except Refused as refused:
            self._refuse(refused)

    def _refuse(self, refused: Refused) -> None:
        self._send(refused.status, {"Type": "User", "Message": str(refused)}, {"x-amzn-ErrorType": refused.code})

    def _send(self, status: HTTPStatus, answer: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
