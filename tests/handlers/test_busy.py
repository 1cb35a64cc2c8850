"""The worker says how many vCPUs its threads get."""

import json
import subprocess
import sys

from handlers import busy
from local.environment import ROOT

ON_ONE_CPU = """
import json, os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from handlers import busy
print(json.dumps([busy.answer({"busy": threads}, 0.3) for threads in (1, 3)]))
"""


def test_three_threads_of_a_process_that_has_one_cpu_get_no_more_than_one() -> None:
    ended = subprocess.run([sys.executable, "-c", ON_ONE_CPU], cwd=ROOT, capture_output=True, check=True)
    one, three = json.loads(ended.stdout)
    assert (one["threads"], three["threads"]) == (1, 3)
    for said in (one, three):
        assert said["wall"] >= 300
        assert 0 < said["cpu"] <= 1.05 * said["wall"]


def test_all_of_them_work_at_once() -> None:
    """However busy the machine is, each thread that runs alone is given its time as well as the others."""
    said = busy.answer({"busy": 4}, 0.1)
    assert 100 <= said["wall"] < 5000
    assert said["cpu"] > 0
