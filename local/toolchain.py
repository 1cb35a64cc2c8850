"""The Rust of rust-toolchain.toml in the checkout, where the machine does not have it.

A rustup that is here brings it by itself, as it does for every crate. Where there is none, or a cargo without rustup,
it comes into `.rust/`, with `.rust/env`, which the Makefile reads before it calls cargo.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

from puccinialin import get_triple

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".rust"
SERVER = "https://static.rust-lang.org/rustup"
"""Unless RUSTUP_UPDATE_ROOT names another, as it does for rustup itself."""


def main() -> int:
    """Brings the toolchain if it is not here. Prints one line when it does."""
    toolchain = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]
    version = toolchain["channel"]
    if _here() == version and all(shutil.which(tool) for tool in ("cargo-clippy", "rustfmt")):
        return 0
    print(f"set-up: Rust {version} into .rust/")
    try:
        _bring(version, toolchain["components"])
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"no Rust toolchain could be brought ({error}); install rustup from https://rustup.rs, then try again")
        return 1
    return 0


def _here() -> str:
    """The version of the cargo that answers in this folder; nothing where none does."""
    try:
        said = subprocess.run(["cargo", "--version"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else ""


def _bring(version: str, components: list[str]) -> None:
    variables = {"RUSTUP_HOME": f"{HOME}/rustup", "CARGO_HOME": f"{HOME}/cargo"}
    wanted = ["--profile", "minimal", "--default-toolchain", version, "--component", ",".join(components)]
    HOME.mkdir(exist_ok=True)
    installer = _installer()
    subprocess.run(
        [installer, "-y", "--no-modify-path", *wanted],
        check=True,
        capture_output=True,
        env={**os.environ, **variables, "RUSTUP_INIT_SKIP_PATH_CHECK": "yes"},
    )
    installer.unlink()
    lines = [f'export {name}="{value}"' for name, value in variables.items()]
    (HOME / "env").write_text("\n".join([*lines, f'export PATH="{variables["CARGO_HOME"]}/bin:$PATH"', ""]))


def _installer() -> Path:
    """rustup's own, for this machine."""
    installer = HOME / "rustup-init"
    server = os.environ.get("RUSTUP_UPDATE_ROOT", SERVER).rstrip("/")
    urllib.request.urlretrieve(f"{server}/dist/{get_triple(io.StringIO())}/rustup-init", installer)  # noqa: S310 - https
    installer.chmod(0o755)
    return installer


if __name__ == "__main__":
    sys.exit(main())
