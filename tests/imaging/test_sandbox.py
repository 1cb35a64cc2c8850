"""The sandbox: what a child cannot do, and that whatever becomes of one is nobody else's trouble."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imaging import pipeline
from imaging.errors import (
    ChildDied,
    ChildFailed,
    ChildHung,
    ChildLost,
    Reason,
    RecipeInvalid,
    Rejected,
    SandboxBroken,
)
from imaging.limits import MIB, Limits
from imaging.recipe import ImageWatermark, Recipe, Rendition
from imaging.rendered import Rendered
from imaging.sandbox import Sandbox
from tests.imaging import probing
from tests.imaging.drawing import FORMATS, scene, write
from tests.imaging.recipes import box, one, several, shipped

RECIPE = one("webp", box(64))
PHOTO = write(scene(), "jpeg")

SANDBOXED = "tests.imaging.probing"
UNFILTERED = "tests.imaging.unfiltered"

CAP_SYS_PTRACE = 19
"""By linux/capability.h."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Two children that try what they are told, and render everything else."""
    with Sandbox(2, entry=SANDBOXED, timeout=60) as sandbox:
        yield sandbox


@pytest.fixture
def brittle() -> Iterator[Sandbox]:
    """The same for tests that a child does not survive; little patience and memory."""
    with Sandbox(2, entry=SANDBOXED, timeout=8, memory=512 * MIB) as sandbox:
        yield sandbox


def tried(sandbox: Sandbox, probe: str) -> str:
    """What a probe came to."""
    with pytest.raises(Rejected) as told:
        sandbox.render(probe.encode(), RECIPE)
    return told.value.detail


def same(one: Rendered, other: Rendered) -> bool:
    """Whether two renderings agree in everything but the time they took."""
    return (one.images, one.original, one.path, one.why) == (other.images, other.original, other.path, other.why)


def pid(sandbox: Sandbox) -> int:
    """Of the child that is next."""
    return int(tried(sandbox, "pid").removeprefix("done: "))


def may_trace() -> bool:
    """Whether this process may look into one that cannot be dumped: root may, but not in every container."""
    held = Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0]
    return bool(int(held, 16) >> CAP_SYS_PTRACE & 1)


def gone(pid: int) -> bool:
    """Whether a process has ended, all its threads with it, reaped or not."""
    try:
        ended = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        return ended and len(list(Path(f"/proc/{pid}/task").iterdir())) <= 1
    except (FileNotFoundError, ProcessLookupError):
        return True


def eventually(true: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it comes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False


# What a child cannot do


def test_every_wall_stands(sandbox: Sandbox) -> None:
    """On the machines that the project is tested on, anything less is a failure."""
    assert sandbox.level == "full"
    assert sandbox.ready.missing == ()


@pytest.mark.parametrize("call", probing.CALLS)
def test_a_system_call_is_refused(sandbox: Sandbox, call: str) -> None:
    """Each would say EBADF, EFAULT, EINVAL or ENOENT if it were let through to look at its arguments."""
    assert tried(sandbox, call) == "EPERM"


@pytest.mark.parametrize(
    "attempt",
    [
        "clone a process",
        "fork",
        "list a directory",
        "look at a file",
        "make a directory",
        "make memory executable",
        "map executable memory",
        "open a socket",
        "open a unix socket",
        "read a file",
        "read own environment",
        "read the parent's environment",
        "read the parent's memory",
        "remove a file",
        "replace itself",
        "run a program",
        "send to an address",
        "signal another process",
        "signal nobody",
        "signal the parent",
        "write a file",
    ],
)
def test_an_attempt_is_refused(sandbox: Sandbox, attempt: str) -> None:
    assert tried(sandbox, attempt) == "EPERM"


def test_a_thread_can_be_made_and_is_as_closed_in(sandbox: Sandbox) -> None:
    """The call that no filter can look into is said not to exist, so libc takes the other one."""
    assert tried(sandbox, "clone3") == "ENOSYS"
    assert tried(sandbox, "in a thread") == "done: EPERM"


def test_the_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    with Sandbox(1, entry=SANDBOXED) as sandbox:
        assert tried(sandbox, "environment") == "done: []"
        if may_trace():
            assert Path(f"/proc/{pid(sandbox)}/environ").read_bytes() == b""


def test_no_log_is_written_that_nobody_reads(sandbox: Sandbox) -> None:
    assert tried(sandbox, "log") == "done: False"


def test_the_kernel_says_so_too(sandbox: Sandbox) -> None:
    child = pid(sandbox)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines())
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert Path(f"/proc/{child}/oom_score_adj").read_text() == "1000\n"
    limits = Path(f"/proc/{child}/limits").read_text()
    for limit in ("Max file size", "Max core file size", "Max open files"):
        soft, hard = limits.split(limit)[1].split()[:2]
        assert (soft, hard) == ("0", "0"), limit
    for limit in ("Max address space", "Max data size", "Max cpu time"):
        assert limits.split(limit)[1].split()[0] != "unlimited", limit


@pytest.mark.skipif(not may_trace(), reason="only who has CAP_SYS_PTRACE may look into a process that cannot be dumped")
def test_nothing_is_open_but_the_channel(sandbox: Sandbox) -> None:
    child = pid(sandbox)
    open_files = [str(path.readlink()) for path in Path(f"/proc/{child}/fd").iterdir()]
    assert sorted(file.partition(":")[0] for file in open_files) == ["/dev/null"] * 3 + ["socket"]


@pytest.mark.parametrize(
    ("attempt", "errors"),
    [
        ("read a file", {"EACCES", "EMFILE"}),
        ("read the parent's environment", {"EACCES", "EMFILE"}),
        ("write a file", {"EACCES", "EMFILE"}),
        ("make a directory", {"EACCES"}),
        ("open a socket", {"EMFILE"}),
        ("run a program", {"EACCES", "EBADF", "EMFILE"}),  # EBADF: Python 3.13, of the pipe that it did not get
        ("signal the parent", {"EPERM"}),
    ],
)
def test_where_the_kernel_refuses_the_filter_the_other_walls_hold(attempt: str, errors: set[str]) -> None:
    """The sandbox says that it is partial, and what is missing; files and sockets stay closed all the same."""
    with Sandbox(1, entry=UNFILTERED) as sandbox:
        assert (sandbox.level, sandbox.ready.missing) == ("partial", ("seccomp",))
        assert tried(sandbox, attempt) in errors
        assert same(sandbox.render(PHOTO, RECIPE), pipeline.render(PHOTO, RECIPE))


def test_a_child_cannot_be_dumped() -> None:
    """Asked where the filter is missing, which would refuse the question."""
    with Sandbox(1, entry=UNFILTERED) as sandbox:
        assert tried(sandbox, "ask whether it may be dumped") == "done: 0"


# What it can


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("recipe", ["default", "web"])
def test_pixels_are_the_same_as_without(sandbox: Sandbox, format: str, recipe: str) -> None:
    original = write(scene(300, 200), format)
    assert same(sandbox.render(original, shipped(recipe)), pipeline.render(original, shipped(recipe)))


def test_only_what_is_asked_for_is_made(sandbox: Sandbox) -> None:
    recipe = several(Rendition("a", "jpeg"), Rendition("b", "webp", resize=box(50)), Rendition("c", "png"))
    rendered = sandbox.render(PHOTO, recipe, frozenset(("c", "a")))
    assert [(image.name, image.format) for image in rendered.images] == [("a", "jpeg"), ("c", "png")]
    assert sandbox.render(PHOTO, recipe, frozenset()).images == ()


def test_a_rejection_crosses_the_pipe(sandbox: Sandbox) -> None:
    for original in (b"", b"no image", PHOTO[:300]):
        with pytest.raises(Rejected) as without:
            pipeline.render(original, RECIPE)
        with pytest.raises(Rejected) as within:
            sandbox.render(original, RECIPE)
        assert within.value.args == without.value.args


def test_the_limits_are_those_of_the_sandbox() -> None:
    with Sandbox(1, limits=Limits(pixels=100)) as sandbox, pytest.raises(Rejected) as told:
        sandbox.render(PHOTO, RECIPE)
    assert told.value.reason is Reason.TOO_MANY_PIXELS


def test_a_recipe_that_cannot_be_used_crosses_the_pipe(sandbox: Sandbox) -> None:
    broken = one("webp", watermark=ImageWatermark(b"\x89PNG\r\n\x1a\n", 0.5))
    with pytest.raises(RecipeInvalid) as without:
        pipeline.render(PHOTO, broken)
    with pytest.raises(RecipeInvalid) as within:
        sandbox.render(PHOTO, broken)
    assert within.value.problems == without.value.problems


def test_a_fault_of_our_own_comes_with_its_traceback(sandbox: Sandbox) -> None:
    before = pid(sandbox), pid(sandbox)
    with pytest.raises(ChildFailed, match=r"(?s)Traceback.*ZeroDivisionError: a fault of our own"):
        sandbox.render(b"wrong", RECIPE)
    assert {pid(sandbox), pid(sandbox)} == set(before), "the child is well"


def test_more_recipes_than_a_child_remembers(sandbox: Sandbox) -> None:
    for _ in range(2):
        for width in range(1, 40):
            assert sandbox.render(PHOTO, one("png", box(width))).images[0].width == width


def test_any_thread_may_ask(sandbox: Sandbox) -> None:
    expected = {width: pipeline.render(PHOTO, one("jpeg", box(width))).images for width in range(10, 50)}
    with ThreadPoolExecutor(8) as threads:
        rendered = threads.map(lambda width: sandbox.render(PHOTO, one("jpeg", box(width))).images, expected)
        assert list(rendered) == list(expected.values())


def test_large_originals_and_large_renditions_cross(sandbox: Sandbox) -> None:
    """Larger than any buffer between the two."""
    large = write(scene(2500, 2000), "tiff")
    assert len(large) > 10 * MIB
    assert same(sandbox.render(large, one("png")), pipeline.render(large, one("png")))


# What becomes of a child, and of its neighbours


@pytest.mark.parametrize(
    ("probe", "how"),
    [
        ("crash", "SIGSEGV"),
        ("abort", "SIGABRT"),
        ("leave", "exit 3"),
        ("fill memory", "memory"),
        ("overrun memory", "SIGSEGV"),
        ("babble", "garbled"),
    ],
)
def test_a_child_that_dies_takes_only_its_own_image_along(brittle: Sandbox, probe: str, how: str) -> None:
    expected = pipeline.render(PHOTO, RECIPE)
    with ThreadPoolExecutor(4) as threads:
        neighbours = [threads.submit(brittle.render, PHOTO, RECIPE) for _ in range(5)]
        victim = threads.submit(brittle.render, probe.encode(), RECIPE)
        neighbours += [threads.submit(brittle.render, PHOTO, RECIPE) for _ in range(5)]
        with pytest.raises(ChildDied, match=f"^{how}") as died:
            victim.result()
        assert all(same(neighbour.result(), expected) for neighbour in neighbours)
    assert died.value.peak > 20 * MIB
    assert len({pid(brittle), pid(brittle)}) == 2, "it was replaced"


def test_a_child_that_hangs_is_ended_in_time() -> None:
    with Sandbox(2, entry=SANDBOXED, timeout=3) as sandbox, ThreadPoolExecutor(1) as threads:
        assert sandbox.level == "full"
        victims = {pid(sandbox), pid(sandbox)}
        hung = threads.submit(sandbox.render, b"spin", RECIPE)
        rendered = [sandbox.render(PHOTO, RECIPE) for _ in range(5)]
        assert not hung.done(), "the neighbours were done first"
        started = time.monotonic()
        with pytest.raises(ChildHung, match="no end after 3 s"):
            hung.result()
        assert time.monotonic() - started < 6
        assert len(rendered) == 5
        assert sum(map(gone, victims)) == 1


def test_a_stopped_child_is_ended_in_time() -> None:
    """It does not even read: the original does not fit into the channel's buffer."""
    with Sandbox(1, entry=SANDBOXED, timeout=2) as sandbox:
        os.kill(pid(sandbox), signal.SIGSTOP)
        with pytest.raises(ChildHung):
            sandbox.render(bytes(20 * MIB), RECIPE)
        assert sandbox.render(PHOTO, RECIPE).images


def test_a_child_killed_from_outside_is_told_by_its_signal(brittle: Sandbox) -> None:
    victims = {pid(brittle), pid(brittle)}
    with ThreadPoolExecutor(2) as threads:
        spinning = [threads.submit(brittle.render, b"spin", RECIPE) for _ in victims]
        time.sleep(0.5)
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        for each in spinning:
            with pytest.raises(ChildDied, match="SIGKILL"):
                each.result()


def test_a_child_that_dies_idle_is_nobodys_fault(brittle: Sandbox) -> None:
    victims = {pid(brittle), pid(brittle)}
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    assert eventually(lambda: all(map(gone, victims)))
    assert same(brittle.render(PHOTO, RECIPE), pipeline.render(PHOTO, RECIPE))


def test_a_thread_that_ends_takes_no_child_along(brittle: Sandbox) -> None:
    """Children die with the thread that started them, so no passing thread may start a child's replacement."""

    def crash() -> None:
        with pytest.raises(ChildLost):
            brittle.render(b"crash", RECIPE)

    for _ in range(2):
        thread = threading.Thread(target=crash)
        thread.start()
        thread.join()
    replaced = {pid(brittle), pid(brittle)}
    time.sleep(0.2)
    assert {pid(brittle), pid(brittle)} == replaced


def test_a_suspect_runs_alone_and_in_a_child_of_its_own(brittle: Sandbox) -> None:
    before = {pid(brittle), pid(brittle)}
    with pytest.raises(Rejected) as told:
        brittle.render(b"pid", RECIPE, alone=True)
    assert int(told.value.detail.removeprefix("done: ")) not in before
    with ThreadPoolExecutor(4) as threads:
        suspects = [threads.submit(brittle.render, b"crash", RECIPE, alone=True) for _ in range(2)]
        neighbours = [threads.submit(brittle.render, PHOTO, RECIPE) for _ in range(6)]
        assert all(neighbour.result().images for neighbour in neighbours)
        assert all(isinstance(suspect.exception(), ChildDied) for suspect in suspects)


def test_a_child_that_never_comes_up_is_no_images_fault() -> None:
    with Sandbox(2, entry="tests.imaging.no_such_entry") as sandbox:
        for _ in range(3):
            with pytest.raises(SandboxBroken, match="did not come up: exit 1"):
                sandbox.render(PHOTO, RECIPE)


def test_an_interrupted_parent_asks_that_child_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next image would be given this one's renditions."""
    with Sandbox(1, entry=SANDBOXED) as sandbox:
        before = pid(sandbox)
        with monkeypatch.context() as patched:
            patched.setattr("imaging.channel.Channel.receive", interrupt)
            with pytest.raises(KeyboardInterrupt):
                sandbox.render(PHOTO, RECIPE)
        assert pid(sandbox) != before


def interrupt(_: object) -> None:
    """As Ctrl-C does."""
    raise KeyboardInterrupt


def test_closing_leaves_nobody_behind() -> None:
    with Sandbox(2, entry=SANDBOXED) as sandbox:
        children = {pid(sandbox), pid(sandbox)}
    assert len(children) == 2
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_a_sandbox_that_nobody_used_closes_as_well() -> None:
    Sandbox(2).close()


def test_when_the_parent_is_killed_the_children_are_gone() -> None:
    """One is idle, one is busy and would be for ever."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": "."}
    )
    assert parent.stdout
    with parent:
        children = [int(child) for child in parent.stdout.readline().split()]
        time.sleep(0.3)
        assert len(set(children)) == 2
        assert not any(map(gone, children))
        parent.send_signal(signal.SIGKILL)
    assert eventually(lambda: all(map(gone, children)), 5)


PARENT = """
    import threading
    from imaging.sandbox import Sandbox
    from tests.imaging.test_sandbox import RECIPE, SANDBOXED, pid

    sandbox = Sandbox(2, entry=SANDBOXED)
    print(pid(sandbox), pid(sandbox), flush=True)
    sandbox.render(b"spin", RECIPE)
"""


def recipe_of(count: int) -> Recipe:
    """A recipe with so many renditions."""
    return several(*(Rendition(f"r{index}", "png", resize=box(20)) for index in range(count)))


def test_as_many_renditions_as_a_recipe_may_have(sandbox: Sandbox) -> None:
    assert len(sandbox.render(PHOTO, recipe_of(16)).images) == 16
