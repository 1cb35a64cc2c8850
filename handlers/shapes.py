"""What the API takes and answers, as models: requests are checked by them, and the OpenAPI document is made of them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

LONGEST_NAME = 255
LARGEST_CLAIM = 5 * 2**40
"""Bytes; S3's own limit for one object. What may be uploaded is far less, and is told with its own problem."""

LONGEST_PLACE = 4 * 2**20
"""Characters. A redrive's place names every letter that was left alone, in 52 each; an event has six megabytes."""

Text = Annotated[str, Field(max_length=1024)]


class Asked(BaseModel):
    """A request: what is not known here is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", strict=True)


# ---- uploads ---------------------------------------------------------------------------------------------------------


class UploadAsked(Asked):
    """A file that somebody is about to upload."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    type: Annotated[str, Field(min_length=1, max_length=100)]
    size: Annotated[int, Field(ge=1, le=LARGEST_CLAIM)]
    recipe: Annotated[str | None, Field(max_length=1024)] = None


class Upload(BaseModel):
    """A form to post: its fields in their order, then `file`."""

    id: str
    key: str
    url: str
    fields: dict[str, str]
    expires: str


class Accepted(BaseModel):
    """A source that is queued."""

    id: str
    key: str


# ---- images ----------------------------------------------------------------------------------------------------------


class Original(BaseModel):
    """What the render found out about an original; width and height are upright."""

    format: str
    width: int
    height: int
    bytes: int


class Rendition(BaseModel):
    """A published rendition, and where it is."""

    name: str
    format: str
    width: int
    height: int
    bytes: int
    url: str


class Html(BaseModel):
    """Ready to be pasted; its addresses last as long as the image."""

    picture: str
    srcset: str


class Cost(BaseModel):
    """List prices in dollars of what was published last: its pixels, its puts, and everything else on the way."""

    dollars: float
    render: float
    puts: float
    rest: float


class Label(BaseModel):
    """A name that Rekognition gave, and how sure it is, in percent."""

    name: str
    confidence: int


class Analysis(BaseModel):
    """What Rekognition saw, the surest first; `failed`: why it could not look."""

    labels: list[Label]
    moderation: list[Label]
    failed: str | None


class Image(BaseModel):
    """A source as the ledger knows it, and what readers see of it."""

    id: str
    key: str
    state: str
    attempts: int
    reason: str
    detail: str
    updated: str | None
    original: Original | None
    thumbhash: str | None
    cost: Cost | None
    renditions: list[Rendition]
    html: Html | None
    analysis: Analysis | None


class Images(BaseModel):
    """A page; `next` leads to the one after, and is null on the last."""

    images: list[Image]
    next: str | None


# ---- recipes ---------------------------------------------------------------------------------------------------------


class NamedRecipe(BaseModel):
    """A recipe that is current."""

    name: str
    digest: str


class Route(BaseModel):
    """Which keys go to which recipe: the longest prefix wins."""

    prefix: str
    recipe: str


class Recipes(BaseModel):
    """The current catalog."""

    revision: int
    recipes: list[NamedRecipe]
    routes: list[Route]


class Recipe(BaseModel):
    """A recipe's body: canonical JSON in which pictures and fonts stand as their sha256."""

    name: str
    digest: str
    revision: int
    body: dict[str, Any]


class RecipeEdited(Asked):
    """A recipe as it shall be. `assets`: new pictures and fonts in base64, by the sha256 that stands in the body."""

    body: dict[str, Any]
    assets: dict[str, str] = {}


class Reprocess(BaseModel):
    """How many sources were sent so far because the catalog changed; `next` goes on where this call stopped."""

    sent: int
    next: str | None


class Released(BaseModel):
    """The catalog after an edit."""

    revision: int
    digest: str
    reprocess: Reprocess


class ReprocessAsked(Asked):
    """Where the last call stopped."""

    next: Annotated[str | None, Field(max_length=4096)] = None


class PreviewAsked(Asked):
    """A draft, and the image to try it on."""

    body: dict[str, Any]
    id: Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
    assets: dict[str, str] = {}


class Previewed(BaseModel):
    """A rendition as it would be; `data` is left out where the answer would grow too large."""

    name: str
    format: str
    width: int
    height: int
    bytes: int
    data: str | None


class Preview(BaseModel):
    """What a draft makes of an image."""

    milliseconds: dict[str, float]
    path: str
    renditions: list[Previewed]


# ---- dead letters ----------------------------------------------------------------------------------------------------


class Letter(BaseModel):
    """A letter about one source; `key` is null where its message names none."""

    id: str
    reason: str
    detail: str
    key: str | None
    sent: str


class Group(BaseModel):
    """Letters of this page with one reason."""

    reason: str
    count: int
    examples: list[str]


class DeadLetters(BaseModel):
    """A few letters. The queue has no order: pages go on until `next` is null."""

    groups: list[Group]
    letters: list[Letter]
    next: str | None


class RedriveAsked(Asked):
    """Which dead letters and rejected or dead sources; all of them when nothing is said."""

    reason: Annotated[str | None, Field(max_length=100)] = None
    prefix: Text | None = None
    dry_run: bool = False
    next: Annotated[str | None, Field(max_length=LONGEST_PLACE)] = None


class Redriven(BaseModel):
    """What this call did; the next one goes on from `next`."""

    moved: int | None = None
    would_pass: int | None = None
    would_fail: int | None = None
    next: str | None = None


# ---- metrics ---------------------------------------------------------------------------------------------------------


class Depths(BaseModel):
    """Messages in each queue, roughly."""

    fresh: int
    bulk: int
    dead_letters: int


class Metrics(BaseModel):
    """The numbers that the console shows, as the ledger's stream told them."""

    states: dict[str, int]
    published_per_minute: list[tuple[int, int]]
    bytes_in: int
    bytes_out: int
    milliseconds: int
    cost_dollars: float
    queue: Depths


# ---- problems --------------------------------------------------------------------------------------------------------


class Mistake(BaseModel):
    """One mistake in what was sent: where, and what."""

    path: str
    message: str


class Problem(BaseModel):
    """RFC 9457: what went wrong, and in `detail` what to do about it. API Gateway's own have no `status`."""

    type: str
    title: str
    status: int | None = None
    detail: str
    problems: list[Mistake] | None = None
