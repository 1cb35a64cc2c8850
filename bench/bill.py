"""What is in the Lambda image, as a CycloneDX bill of materials: Python's packages, Debian's, and the crates linked in.

`make sbom` writes out/sbom.json. Nothing is taken from what was asked for: the image is asked what it holds, and cargo
what it links.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.environment import ROOT

IMAGE = "safelight:latest"
OUT = Path("out/sbom.json")
SELF = "safelight"

LISTING = """
import importlib.metadata as m, json, subprocess
python = [[d.name, d.version, d.metadata.get("License-Expression") or ""] for d in m.distributions()]
fields = "${binary:Package}\\t${Version}\\t${Architecture}\\t${db:Status-Status}\\n"
lines = subprocess.check_output(["dpkg-query", "-W", "-f", fields], text=True).splitlines()
debian = [line.split("\\t") for line in lines]
import pyvips
vips = ".".join(str(pyvips.version(part)) for part in range(3))
print(json.dumps({"python": python, "debian": debian, "vips": vips}))
"""


def main() -> None:
    """Writes the bill, and says how many of what are on it."""
    held = json.loads(
        _said("docker", "run", "--rm", "--network", "none", "--entrypoint", "python", IMAGE, "-c", LISTING)
    )
    parts = [*_python(held["python"]), *_debian(held["debian"]), *_crates(), _part("generic", "libvips", held["vips"])]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(_bill(parts), indent=1) + "\n")
    kinds = [part["purl"].removeprefix("pkg:").partition("/")[0] for part in parts]
    print(f"{OUT}: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))))


def _bill(parts: list[dict[str, Any]]) -> dict[str, Any]:
    image = _said("docker", "image", "inspect", "--format", "{{.Id}}", IMAGE)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": {"type": "container", "name": IMAGE, "version": image, "bom-ref": image},
        },
        "components": sorted(parts, key=lambda part: str(part["purl"])),
    }


def _python(listed: list[list[str]]) -> Iterator[dict[str, Any]]:
    for name, version, licence in listed:
        yield _part("pypi", name.lower().replace("_", "-"), version, licence=licence)


def _debian(listed: list[list[str]]) -> Iterator[dict[str, Any]]:
    for name, version, architecture, status in listed:
        if status == "installed":
            yield _part("deb/debian", name.partition(":")[0], version, f"?arch={architecture}")


def _crates() -> Iterator[dict[str, Any]]:
    """What ends in the extension: neither tests' nor build scripts' crates."""
    command = ["cargo", "tree", "--manifest-path", str(ROOT / "imaging/native/Cargo.toml"), "--locked"]
    lines = _said(*command, "--edges", "normal", "--prefix", "none", "--format", "{p}|{l}").splitlines()
    for line in sorted({line.removesuffix(" (*)") for line in lines}):
        package, _, licence = line.partition("|")
        name, version = package.split()[:2]
        if not name.startswith(SELF):
            yield _part("cargo", name, version.removeprefix("v"), licence=licence.replace("/", " OR "))


def _part(kind: str, name: str, version: str, qualifiers: str = "", licence: str = "") -> dict[str, Any]:
    purl = f"pkg:{kind}/{quote(name)}@{quote(version, safe='.:~')}{qualifiers}"
    part: dict[str, Any] = {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}
    return part | ({"licenses": [{"expression": licence}]} if licence else {})


def _said(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
