"""What machine it was: numbers mean little without."""

import os
import platform
from pathlib import Path

from bench.imaging.hand import cores


def machine() -> dict[str, str]:
    """Processor, cores, memory, kernel, system."""
    return {
        "Processor": cpu(),
        "Cores": f"{len(cores())} usable of {os.cpu_count()}",
        "Memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "Kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "System": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
    }


def cpu() -> str:
    """The model, as the kernel names it, and its vector instructions that image code uses."""
    said: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        said.setdefault(name.strip(), value.strip())
    vectors = [each for each in ("avx2", "avx512bw", "asimd") if each in said.get("flags", said.get("Features", ""))]
    family = f", family {said['cpu family']} model {said['model']}" if "cpu family" in said else ""
    return f"{said.get('model name', platform.processor() or 'unknown')}{family} ({', '.join(vectors) or 'no SIMD'})"


def load() -> float:
    """How many processes wanted a core in the last minute."""
    return os.getloadavg()[0]
