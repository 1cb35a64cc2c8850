"""What is in an image is asked once, kept beside its renditions, and never at their cost."""

from dataclasses import dataclass, field, replace

import pytest

from aws.analyst import RekognitionAnalyst
from imaging.recipe import Recipe
from imaging.rendered import Rendered
from jobs.analysis import LONGEST_NAME, MOST_KEPT
from jobs.errors import Retryable
from jobs.events import ANY, Asked
from jobs.metering import metered
from jobs.ports import Analyst
from jobs.process import Acknowledge, Verdict
from jobs.source import Published, State
from tests.fakes import FakeAnalyst
from tests.jobs.worlds import SOURCE, Pixels, SmallWorld, recipe

ASKS = "[analysis]\nlabels = 5\nmoderation = true\nconfidence = 80"


@dataclass
class Sized(Pixels):
    """Text of a size."""

    edges: tuple[int, int] = (400, 300)
    body: bytes = b""

    def __call__(self, original: bytes, recipe: Recipe, names: frozenset[str]) -> Rendered:
        rendered = super().__call__(original, recipe, names)
        width, height = self.edges
        images = tuple(
            replace(each, width=width, height=height, body=self.body or each.body) for each in rendered.images
        )
        return replace(rendered, images=images)


@dataclass
class Scene(SmallWorld):
    """A small world in which Rekognition may be asked."""

    pixels: Sized = field(default_factory=Sized)
    analyst: Analyst | None = field(default_factory=FakeAnalyst)

    def upload(self, body: bytes = b"a") -> Verdict:
        return self.work(Asked(SOURCE, self.originals.put(SOURCE, body)))

    def work(self, asked: Asked) -> Verdict:
        return self.process(asked, worker=replace(self.worker(), analyst=self.analyst))

    def published(self) -> Published:
        record = self.record()
        assert record.state is State.DONE
        assert record.published
        return record.published


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.release(recipe(ASKS))
    return scene


def analyst(scene: Scene) -> FakeAnalyst:
    assert isinstance(scene.analyst, FakeAnalyst)
    return scene.analyst


def test_what_is_seen_is_published_with_the_renditions_and_paid_for(scene: Scene) -> None:
    analyst(scene).warns = [("Alcohol", 91.2)]
    scene.upload()
    seen, used = scene.published().seen, scene.published().used
    assert seen
    assert (seen.labels, seen.moderation, seen.failed) == (
        (("Mobile Phone", 99), ("Urban", 99)),
        (("Alcohol", 91),),
        "",
    )
    assert used
    assert used.analyses == 2
    without = replace(scene.published(), used=replace(used, analyses=0))
    assert metered(scene.published()).dollars - metered(without).dollars == pytest.approx(0.002)


def test_a_recipe_that_asks_for_nothing_asks_nobody(scene: Scene) -> None:
    scene.release(recipe())
    scene.upload()
    assert scene.published().seen is None
    assert analyst(scene).shown == []


@pytest.mark.parametrize("reason", ["throttled", "unreachable", "access-denied", "InvalidImageFormatException"])
def test_a_failure_is_kept_and_costs_no_rendition(scene: Scene, reason: str) -> None:
    analyst(scene).failing = Retryable(reason)
    verdict = scene.upload()
    assert isinstance(verdict, Acknowledge)
    assert [each.name for each in scene.published().renditions] == ["large", "small"]
    assert scene.published().seen is not None
    assert scene.published().seen.failed == reason  # type: ignore[union-attr]


def test_an_answer_of_another_shape_costs_no_rendition(scene: Scene) -> None:
    class Empty:
        def detect_labels(self, **_: object) -> dict[str, object]:
            return {}

    scene.analyst = RekognitionAnalyst(Empty)
    assert isinstance(scene.upload(), Acknowledge)
    assert [each.name for each in scene.published().renditions] == ["large", "small"]
    assert scene.published().seen
    assert scene.published().seen.failed == "unexpected-KeyError"  # type: ignore[union-attr]


def test_a_failure_after_the_labels_keeps_them(scene: Scene) -> None:
    class HalfBlind(FakeAnalyst):
        def moderation(self, picture: bytes, *, confidence: float) -> list[tuple[str, float]]:
            raise Retryable("throttled")

    scene.analyst = HalfBlind()
    scene.upload()
    seen, used = scene.published().seen, scene.published().used
    assert seen
    assert used
    assert (len(seen.labels), seen.failed, used.analyses) == (2, "throttled", 1)


def test_where_it_may_not_be_asked_the_record_says_so(scene: Scene) -> None:
    scene.analyst = None
    scene.upload()
    assert scene.published().seen
    assert scene.published().seen.failed == "not-enabled"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("edges", "body", "reason"),
    [((400, 79), b"", "too-small"), ((79, 400), b"", "too-small"), ((400, 300), bytes(5_242_881), "too-many-bytes")],
)
def test_what_rekognition_cannot_read_is_not_sent(
    scene: Scene, edges: tuple[int, int], body: bytes, reason: str
) -> None:
    scene.pixels.edges, scene.pixels.body = edges, body
    scene.upload()
    assert scene.published().seen
    assert scene.published().seen.failed == reason  # type: ignore[union-attr]
    assert analyst(scene).shown == []


def test_the_same_bytes_are_not_asked_about_again(scene: Scene) -> None:
    """Another recipe's change renders what it touched, and keeps what was seen."""
    scene.upload()
    before = scene.published().seen
    scene.release(recipe("quality = 70\n" + ASKS))
    scene.work(Asked(SOURCE, ANY, 2))
    assert len(analyst(scene).shown) == 2
    assert scene.published().seen == before
    assert scene.pixels.encoded[1:] == [{"small"}]
    assert scene.published().used
    assert scene.published().used.analyses == 0  # type: ignore[union-attr]


def test_another_question_makes_anew_only_what_is_looked_at(scene: Scene) -> None:
    scene.upload()
    scene.release(recipe(ASKS.replace("80", "60")))
    scene.work(Asked(SOURCE, ANY, 2))
    assert scene.pixels.encoded[1:] == [{"large"}]
    assert scene.published().seen
    assert len(scene.published().seen.labels) == 3  # type: ignore[union-attr]


def test_other_bytes_are_asked_about(scene: Scene) -> None:
    scene.upload(b"a")
    scene.upload(b"b")
    assert len(analyst(scene).shown) == 4


def test_what_failed_is_asked_again_when_the_source_is_worked_on_again(scene: Scene) -> None:
    analyst(scene).failing = Retryable("throttled")
    scene.upload()
    analyst(scene).failing = None
    scene.release(recipe("quality = 70\n" + ASKS))
    scene.work(Asked(SOURCE, ANY, 2))
    assert scene.published().seen
    assert scene.published().seen.failed == ""  # type: ignore[union-attr]


def test_a_failure_before_the_publication_asks_twice_and_publishes_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise Retryable("unreachable")

    with monkeypatch.context() as patched:
        patched.setattr(scene.ledger, "publish", unreachable)
        scene.upload()
    scene.work(Asked(SOURCE, ANY))
    assert len(analyst(scene).shown) == 4
    assert scene.published().used
    assert scene.published().used.analyses == 2  # type: ignore[union-attr]


def test_what_is_kept_is_bounded(scene: Scene) -> None:
    analyst(scene).warns = [(f"{number:03} " + "x" * 100, 80 + number / 10) for number in range(100)]
    scene.upload()
    seen = scene.published().seen
    assert seen
    assert len(seen.moderation) == MOST_KEPT
    assert {len(name) for name, _ in seen.moderation} == {LONGEST_NAME}
    assert seen.moderation[0][0].startswith("099")
