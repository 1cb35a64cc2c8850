"""The HTTP API behind API Gateway: uploads, images, recipes, dead letters, metrics.

Who may call is decided before this function runs (IAM, Cognito; on a laptop a token). No pixel is touched here: what
must be rendered to be shown is rendered by handlers/preview.py. Work without a bound is done for as long as a call may
take, and answers the place from which the next call goes on.
"""

import base64
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.connect import Aws, connect
from handlers import document, logs, places, problems, shapes, showing
from handlers.problems import BadPlace, NotFound, Unrenderable
from imaging import recipe as recipes
from imaging.recipe import Recipe
from jobs import deletion, redrive, release, reprocess, uploads
from jobs.errors import Retryable
from jobs.ports import Failed, Letter, Passed
from jobs.settings import Settings, read
from jobs.source import Record, Source, State
from jobs.uploads import Desk, TooLarge, Wanted

log = logs.configure()


def _cors() -> CORSConfig | None:
    """For the origins that the environment names, and no other."""
    origins = [origin for origin in os.environ.get("SAFELIGHT_ORIGINS", "").split(",") if origin]
    if not origins:
        return None
    return CORSConfig(
        origins[0], origins[1:], allow_headers=["If-Match", "X-Name"], expose_headers=["ETag"], max_age=600
    )


app = APIGatewayRestResolver(enable_validation=True, cors=_cors())

A_CALL = 8.0
"""Seconds that a call goes on working; API Gateway waits for 29."""

A_PREVIEW = 17
"""Seconds that one preview is waited for, begun at the end of those: an image that hangs its decoder takes 40."""

SMALL = 4 * 2**20
"""Bytes that a request may bring as its body: as base64 they must fit into the six megabytes of an event."""

LONGEST_REVISION = 20
"""Digits; of thousands Python makes no number."""

MOST_IMAGES = 100
LETTERS_AT_ONCE = 50
EXAMPLES = 5

Id = Annotated[str, Path(pattern="^[0-9a-f]{40}$", description="A source's id: 40 hex digits.")]
Name = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="A recipe's name.")]
Next = Annotated[str | None, Query(max_length=65_536, description="`next` of the page before.")]


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers every request, whatever happens."""
    return app.resolve(event, context)


# ---- uploads ---------------------------------------------------------------------------------------------------------


@app.post("/uploads", status_code=201, responses=document.answers(201, shapes.Upload, 400, 413, 415, 422))
def post_uploads(asked: shapes.UploadAsked) -> shapes.Upload:
    """A form that takes exactly this file, for a few minutes."""
    ticket = uploads.announce(Wanted(**asked.model_dump()), _desk(), clock=time.time)
    return shapes.Upload(
        id=ticket.source.id,
        key=ticket.source.key,
        url=ticket.form.url,
        fields=dict(ticket.form.fields),
        expires=showing.iso(ticket.expires * 1000),
    )


@app.post("/images", status_code=202, responses=document.answers(202, shapes.Accepted, 413, 415, 422))
def post_images(
    x_name: Annotated[str, Header(alias="X-Name", min_length=1, max_length=shapes.LONGEST_NAME)] = "upload",
) -> shapes.Accepted:
    """A small image as the body itself, in one request."""
    body = _body()
    if not body:
        raise problems.Empty
    if len(body) > SMALL:
        raise TooLarge(
            f"{len(body):,} bytes are too many for one request, at most {SMALL:,}: ask POST /uploads for a form"
        )
    kind = app.current_event.headers.get("content-type", "").partition(";")[0].strip().lower()
    source = uploads.bring(Wanted(x_name, kind, len(body)), body, _desk(), clock=time.time)
    return _accepted(source)


# ---- images ----------------------------------------------------------------------------------------------------------


@app.get("/images", responses=document.answers(200, shapes.Images, 400, 422))
def get_images(
    prefix: Annotated[str, Query(max_length=1024)] = "",
    state: Annotated[Literal["rejected", "dead"] | None, Query()] = None,
    reason: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_IMAGES)] = 50,
    next: Next = None,
) -> shapes.Images:
    """By prefix, in the order of keys; or what is rejected or dead, by reason and time in each part of the index."""
    if state:
        found, following = _faults(State(state), reason, limit, next)
    else:
        found, following = _listed(prefix, limit, next)
    return shapes.Images(images=[_image(record) for record in found], next=following)


@app.get("/images/<id>", responses=document.answers(200, shapes.Image, 404, 422))
def get_image(id: Id) -> shapes.Image:
    """All that is known of one image."""
    return _image(_found(id))


@app.get("/images/<id>/<rendition>", responses=document.redirects())
def get_rendition(id: Id, rendition: Annotated[str, Path(max_length=64)]) -> Response[str]:
    """To the published rendition of this name, wherever it is now: an address that lasts."""
    record = _found(id)
    url = record.published and showing.url(record.source, record.published, rendition, _aws().renditions)
    if not url:
        raise NotFound(
            f"Nothing of the name {rendition!r} is published for this image: GET /images/{id} lists what is."
        )
    return Response(HTTPStatus.FOUND, headers={"Location": url, "Cache-Control": "private, max-age=60"}, body="")


@app.delete("/images/<id>", status_code=202, responses=document.answers(202, shapes.Accepted, 404, 409, 422))
def delete_image(id: Id, erase: Annotated[bool, Query()] = False) -> shapes.Accepted:
    """Removes the original; `erase` every version of it and of its renditions, and what the ledger knew of it."""
    record, aws = _found(id), _aws()
    if erase:
        deletion.erase(
            record, uploads=aws.uploads, ledger=aws.ledger, renditions=aws.renditions, now=round(time.time() * 1000)
        )
    else:
        aws.uploads.delete(record.source)
    return _accepted(record.source)


# ---- recipes ---------------------------------------------------------------------------------------------------------


@app.get("/recipes", responses=document.answers(200, shapes.Recipes))
def get_recipes() -> shapes.Recipes:
    """The current catalog."""
    catalog = _aws().catalog.current()
    return shapes.Recipes(
        revision=catalog.revision,
        recipes=[shapes.NamedRecipe(name=name, digest=digest) for name, digest in sorted(catalog.recipes.items())],
        routes=[shapes.Route(prefix=prefix, recipe=name) for prefix, name in catalog.routes],
    )


@app.get("/recipes/<name>", responses=document.answers(200, shapes.Recipe, 404, 422))
def get_recipe(
    name: Name, digest: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$")] = None
) -> Response[shapes.Recipe]:
    """A recipe as it is now, or as it was under an older digest."""
    catalog = _aws().catalog.current()
    if digest is None and name not in catalog.recipes:
        raise NotFound(f"There is no recipe {name!r}: GET /recipes lists those that are.")
    wanted = digest or catalog.recipes[name]
    body = json.loads(_stored(wanted).json)
    told = shapes.Recipe(name=name, digest=wanted, revision=catalog.revision, body=body)
    return Response(HTTPStatus.OK, "application/json", told, {"ETag": f'"{catalog.revision}"'})


@app.put("/recipes/<name>", responses=document.answers(200, shapes.Released, 400, 409, 415, 422, 428))
def put_recipe(
    name: Name, asked: shapes.RecipeEdited, if_match: Annotated[str | None, Header(alias="If-Match")] = None
) -> shapes.Released:
    """Releases an edit that was made to the catalog of revision If-Match, and begins to send what it changes."""
    if if_match is None:
        raise problems.NoRevision
    recipe = _recipe(name, asked.body, asked.assets)
    catalog = release.release(_aws().catalog, release.Edit((recipe,)), expected=_revision(if_match))
    return shapes.Released(revision=catalog.revision, digest=catalog.recipes[name], reprocess=_reprocessed(None))


@app.post("/reprocess", responses=document.answers(200, shapes.Reprocess, 400, 415, 422))
def post_reprocess(asked: shapes.ReprocessAsked) -> shapes.Reprocess:
    """Goes on sending what the current catalog would render differently."""
    return _reprocessed(asked.next)


@app.post("/recipes/<name>/preview", responses=document.answers(200, shapes.Preview, 400, 404, 415, 422))
def post_preview(name: Name, asked: shapes.PreviewAsked) -> shapes.Preview:
    """What a draft makes of one image; nothing is published."""
    recipe = _recipe(name, asked.body, asked.assets)
    outcome = _aws().previewer.preview(_found(asked.id).source, recipe, bodies=True)
    if isinstance(outcome, Failed):
        raise Unrenderable(f"{outcome.reason}: {outcome.detail}".removesuffix(": "))
    renditions = [
        shapes.Previewed(**{name: value for name, value in asdict(each).items() if name != "body"}, data=each.body)
        for each in outcome.renditions
    ]
    return shapes.Preview(milliseconds=dict(outcome.milliseconds), path=outcome.path, renditions=renditions)


# ---- what went wrong -------------------------------------------------------------------------------------------------


@app.get("/dead-letters", responses=document.answers(200, shapes.DeadLetters, 400, 422))
def get_dead_letters(next: Next = None) -> shapes.DeadLetters:
    """Letters as the queue hands them out; those of this page are not handed out again for half a minute."""
    dead = _aws().dead_letters
    seen, total = _place(next, [0, dead.depth().total])
    letters = _letters()
    seen += len(letters)
    whole = not letters or seen >= total
    if whole:
        for letter in letters:
            dead.put_back(letter)
    told = [each for letter in letters for each in _told(letter)]
    return shapes.DeadLetters(groups=_groups(told), letters=told, next=None if whole else places.packed([seen, total]))


@app.post("/redrive", responses=document.answers(200, shapes.Redriven, 400, 415, 422))
def post_redrive(asked: shapes.RedriveAsked) -> shapes.Redriven:
    """Dead letters, and what is rejected or dead, back to the queue; or, dry, what would become of them."""
    wanted = redrive.Wanted(asked.reason or "", asked.prefix or "")
    return _tried(wanted, asked.next) if asked.dry_run else _redriven(wanted, asked.next)


# ---- figures ---------------------------------------------------------------------------------------------------------


@app.get("/metrics", responses=document.answers(200, shapes.Metrics))
def get_metrics() -> shapes.Metrics:
    """The numbers that the console shows, a second or two behind the ledger."""
    aws = _aws()
    counted = aws.counters.read()
    fresh, bulk = aws.queue.depth().total, 0 if aws.bulk is aws.queue else aws.bulk.depth().total
    now = int(time.time() // 60)
    return shapes.Metrics(
        states={str(state): max(0, counted.states.get(state, 0)) for state in State},
        published_per_minute=[(minute, counted.minutes.get(minute, 0)) for minute in range(now - 59, now + 1)],
        bytes_in=counted.bytes_in,
        bytes_out=counted.bytes_out,
        milliseconds=counted.milliseconds,
        cost_dollars=counted.dollars,
        queue=shapes.Depths(fresh=fresh, bulk=bulk, dead_letters=aws.dead_letters.depth().total),
    )


# ---- the document ----------------------------------------------------------------------------------------------------


@app.get("/openapi.json", include_in_schema=False)
def get_openapi() -> Response[str]:
    """This API, described."""
    return Response(HTTPStatus.OK, "application/json", document.text(app))


# ---- how it is done --------------------------------------------------------------------------------------------------


def _found(id: str) -> Record:
    record = _aws().ledger.find([id]).get(id)
    if record is None:
        raise NotFound("There is no image of this id: GET /images lists those that are.")
    return record


def _image(record: Record) -> shapes.Image:
    return showing.image(record, _aws().renditions, _lasting)


def _lasting(source: Source, name: str) -> str:
    """This API's own redirect, as it was reached."""
    event = app.current_event
    scheme = event.headers.get("x-forwarded-proto", "https")
    stage = event.request_context.path.removesuffix(event.path)
    return f"{scheme}://{event.headers.get('host', '')}{stage}/images/{source.id}/{name}"


def _listed(prefix: str, limit: int, next: str | None) -> tuple[list[Record], str | None]:
    within = _settings().prefix
    longer, shorter = max(prefix, within, key=len), min(prefix, within, key=len)
    if not longer.startswith(shorter):
        return [], None
    page = _aws().uploads.page(longer, places.unpacked(next, str) if next else "", limit)
    sources = [found.source for found in page.found if not found.source.key.endswith("/")]
    known = _aws().ledger.read_many(sources)
    records = [known.get(source, showing.unseen(source)) for source in sources]
    return records, places.packed(page.next) if page.next else None


def _faults(state: State, reason: str | None, limit: int, next: str | None) -> tuple[list[Record], str | None]:
    """One part of the index after another until `limit` are found, for as long as a call may take."""
    deadline = time.monotonic() + A_CALL
    after = places.unpacked(next, str) if next else None
    found: list[Record] = []
    while True:
        try:
            page = _aws().ledger.faults(after, state, limit - len(found), reason or "")
        except (ValueError, IndexError, TypeError) as error:
            raise BadPlace from error
        found += [record for record in page.records if reason in (None, record.reason) and record.state is state]
        if len(found) == limit or page.next is None or time.monotonic() > deadline:
            return found, places.packed(page.next) if page.next else None
        after = page.next


def _recipe(name: str, body: dict[str, Any], assets: dict[str, str]) -> Recipe:
    """The draft, its pictures taken from the request or from the current catalog. Raises RecipeInvalid."""
    known = _Assets(_aws(), {sha: _decoded(sha, content) for sha, content in assets.items()})
    recipe = recipes.load(json.dumps(body).encode(), known)
    if recipe.name != name:
        raise recipes.RecipeInvalid((recipes.Problem("name", f"is {recipe.name!r}, but was sent to {name!r}"),))
    return recipe


class _Assets(dict[str, bytes]):
    """Pictures and fonts by sha256: what was sent, and what the current recipes have."""

    def __init__(self, aws: Aws, sent: dict[str, bytes]) -> None:
        super().__init__(sent)
        self._aws = aws
        self._current: dict[str, bytes] | None = None

    def __missing__(self, sha: str) -> bytes:
        if self._current is None:
            digests = self._aws.catalog.current().recipes.values()
            bodies = [self._aws.catalog.body(digest).assets for digest in digests]
            self._current = {name: content for body in bodies for name, content in body.items()}
        return self._current[sha]


def _decoded(sha: str, content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        raise recipes.RecipeInvalid((recipes.Problem(f"assets.{sha}", "is not base64"),)) from None


def _stored(digest: str) -> recipes.Body:
    try:
        return _aws().catalog.body(digest)
    except Retryable as error:
        if error.reason == "no-such-recipe":
            raise NotFound("No recipe of this digest was ever released here.") from None
        raise


def _revision(if_match: str) -> int:
    """What the ETag says; one that never was an ETag of ours matches no revision."""
    text = if_match.strip().strip('"')
    return int(text) if text.isdecimal() and len(text) < LONGEST_REVISION else -1


def _reprocessed(next: str | None) -> shapes.Reprocess:
    deadline, sent = time.monotonic() + A_CALL, 0
    place = reprocess.Place(*_place(next, [0, ""])) if next else None
    while True:
        step = reprocess.step(place, store=_aws().catalog, ledger=_aws().ledger, queue=_aws().bulk)
        sent, place = sent + step.sent, step.next
        if place is None or time.monotonic() > deadline:
            return shapes.Reprocess(sent=sent, next=places.packed([place.revision, place.after]) if place else None)


def _redriven(wanted: redrive.Wanted, next: str | None) -> shapes.Redriven:
    deadline, now, moved = time.monotonic() + A_CALL, round(time.time() * 1000), 0
    began, left, after, letters_done = _place(next, [now, [], "", False])
    place: redrive.Place | None = redrive.Place(began, frozenset(left), after or None, letters_done)
    aws = _aws()
    while place and time.monotonic() < deadline:
        step = redrive.step(
            place, ledger=aws.ledger, queue=aws.queue, dead_letters=aws.dead_letters, now=now, wanted=wanted
        )
        moved, place = moved + step.sent, step.next
    told = [place.began, sorted(place.left), place.after or "", place.letters_done] if place else None
    return shapes.Redriven(moved=moved, next=places.packed(told) if told else None)


def _tried(wanted: redrive.Wanted, next: str | None) -> shapes.Redriven:
    """Each rejected or dead source once, in the order of the index; a place is the page and how far in it.

    One that the preview does not answer is in neither sum: it would stop every call that comes to it.
    """
    deadline, passed, failed = time.monotonic() + A_CALL, 0, 0
    after, done = _place(next, ["", 0])
    while True:
        page = _aws().ledger.faults(after or None)
        for number, record in enumerate(page.records[done:], done):
            if time.monotonic() > deadline:
                return shapes.Redriven(would_pass=passed, would_fail=failed, next=places.packed([after, number]))
            if wanted.admits(record.reason, record.source, record.updated):
                passes = _passes(record)
                passed, failed = passed + (passes is True), failed + (passes is False)
        if page.next is None:
            return shapes.Redriven(would_pass=passed, would_fail=failed)
        after, done = page.next, 0


def _passes(record: Record) -> bool | None:
    """None where the preview gives no answer."""
    try:
        return isinstance(_aws().previewer.preview(record.source), Passed)
    except Retryable as error:
        log.warning("not tried: %s", error)
        return None


def _letters() -> list[Letter]:
    letters: list[Letter] = []
    while len(letters) < LETTERS_AT_ONCE and (more := _aws().dead_letters.receive()):
        letters += more
    return letters


def _told(letter: Letter) -> Iterator[shapes.Letter]:
    """One for each source that the letter is about."""
    asked = redrive.questions(letter)
    reason = redrive.reason_of(letter, asked, _aws().ledger)
    keys: list[str | None] = [each.source.key for each in asked]
    for key in keys or [None]:
        yield shapes.Letter(id=letter.id, reason=reason, detail=letter.detail, key=key, sent=showing.iso(letter.sent))


def _groups(letters: list[shapes.Letter]) -> list[shapes.Group]:
    by_reason: dict[str, list[str]] = {}
    for letter in letters:
        by_reason.setdefault(letter.reason, []).append(letter.key or "")
    return [
        shapes.Group(reason=reason, count=len(keys), examples=[key for key in keys if key][:EXAMPLES])
        for reason, keys in sorted(by_reason.items(), key=lambda group: -len(group[1]))
    ]


def _place(next: str | None, first: list[Any]) -> list[Any]:
    """A place of the same shape as the first one. Raises BadPlace."""
    if next is None:
        return first
    place: list[Any] = places.unpacked(next, list)
    if [type(each) for each in place] != [type(each) for each in first]:
        raise BadPlace
    return place


def _accepted(source: Source) -> shapes.Accepted:
    return shapes.Accepted(id=source.id, key=source.key)


def _body() -> bytes:
    body = app.current_event.body or ""
    return base64.b64decode(body) if app.current_event.is_base64_encoded else body.encode()


def _desk() -> Desk:
    aws, settings = _aws(), _settings()
    return Desk(
        bucket=settings.originals,
        prefix=settings.prefix,
        uploads=aws.uploads,
        ledger=aws.ledger,
        catalog=aws.catalog,
        **({"largest": settings.max_bytes} if settings.max_bytes else {}),
    )


@cache
def _settings() -> Settings:
    return read(os.environ)


@cache
def _aws() -> Aws:
    return connect(_settings(), patience=A_PREVIEW)


for kind, tell in problems.HANDLERS.items():
    app.exception_handler(kind)(tell)
