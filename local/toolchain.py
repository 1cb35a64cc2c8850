"""A Rust toolchain in the checkout, where the machine has none or one too old for the crate.

Writes `.rust/env`, which the Makefile reads before it calls cargo. Nothing outside the checkout is touched.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".rust"
COMPONENTS = ("clippy", "rustfmt")


def main() -> int:
    """Brings a toolchain if none here will do. Prints one line when it does."""
    wanted = _wanted()
    if _here() >= wanted and all(shutil.which(tool) for tool in ("cargo-clippy", "rustfmt")):
        return 0
    print(f"set-up: Rust {'.'.join(map(str, wanted))} or newer into .rust/")
    try:
        _bring()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"no Rust toolchain could be brought ({error}); install one from https://rustup.rs, then try again")
        return 1
    return 0


def _wanted() -> tuple[int, ...]:
    crate = tomllib.loads((ROOT / "imaging/native/Cargo.toml").read_text())
    return _version(crate["package"]["rust-version"])


def _here() -> tuple[int, ...]:
    try:
        said = subprocess.run(["cargo", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return (0,)
    return _version(said)


def _version(text: str) -> tuple[int, ...]:
    found = re.search(r"\d+(\.\d+)+", text)
    return tuple(map(int, found[0].split("."))) if found else (0,)


def _bring() -> None:
    info = HOME / "info.json"
    HOME.mkdir(exist_ok=True)
    _quietly([sys.executable, "-m", "puccinialin", "--location", str(HOME), "--info-json", str(info)])
    told = json.loads(info.read_text())
    variables = told.get("env", told)
    tools = f"{variables['CARGO_HOME']}/bin"
    _quietly([f"{tools}/rustup", "component", "add", *COMPONENTS], variables)
    lines = [f'export {name}="{variables[name]}"' for name in ("RUSTUP_HOME", "CARGO_HOME")]
    (HOME / "env").write_text("\n".join([*lines, f'export PATH="{tools}:$PATH"', ""]))


def _quietly(command: list[str], variables: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **(variables or {})})


if __name__ == "__main__":
    sys.exit(main())
