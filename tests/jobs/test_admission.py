"""Room in memory, given out before it is used."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.admission import Admission

ROOM = 100


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 150), min_size=1, max_size=30))
def test_what_is_held_never_exceeds_the_room_and_everyone_is_served(costs: list[int]) -> None:
    admission, lock, held, most = Admission(ROOM), threading.Lock(), 0, 0

    def use(cost: int) -> None:
        nonlocal held, most
        with admission.of(cost):
            with lock:
                held += min(cost, ROOM)
                most = max(most, held)
            time.sleep(0.0002)
            with lock:
                held -= min(cost, ROOM)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, costs))
    assert most <= ROOM
    assert held == 0


def test_a_big_one_is_not_overtaken_by_small_ones_that_come_later() -> None:
    admission, order = Admission(ROOM), list[str]()

    def use(name: str, cost: int) -> None:
        with admission.of(cost):
            order.append(name)

    with admission.of(60):
        big = threading.Thread(target=use, args=("big", 90))
        big.start()
        while not admission._waiting:
            time.sleep(0.001)
        small = threading.Thread(target=use, args=("small", 10))
        small.start()
        time.sleep(0.02)
        assert order == []
    for thread in (big, small):
        thread.join(timeout=10)
    assert order == ["big", "small"]


def test_room_is_given_back_when_the_work_fails() -> None:
    admission = Admission(ROOM)
    for _ in range(3):
        try:
            with admission.of(ROOM):
                raise ValueError
        except ValueError:
            pass
    with admission.of(ROOM):
        pass
