"""A state machine over the simulator: Hypothesis chooses who moves next, and shrinks what breaks a promise."""

import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.faults.chaos import TIMES
from tests.faults.puppets import crashes, fails, loses_its_answer, passes
from tests.faults.stage import LEASE, VISIBILITY, A, B, Stage, X
from tests.faults.summary import Prove
from tests.faults.walks import WORKERS, Troupe

EXAMPLES = 200 * TIMES


class Protocol(RuleBasedStateMachine):
    """Clients, up to three workers and an operator; every worker stops before each call of a port."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(max_receives=3)
        self.troupe = Troupe(self.stage, random.Random(0))

    @rule(body=st.sampled_from([A, B, X]))
    def put(self, body: bytes) -> None:
        self.stage.put(body)

    @rule()
    def delete(self) -> None:
        self.stage.delete()

    @precondition(lambda self: self.stage.revision < 4)
    @rule()
    def release(self) -> None:
        self.troupe.release()

    @rule()
    def reprocess(self) -> None:
        self.troupe.reprocess()

    @rule()
    def redrive(self) -> None:
        self.troupe.redrive()

    @rule()
    def native_redrive(self) -> None:
        self.stage.native_redrive()

    @rule()
    def sweep(self) -> None:
        self.troupe.sweep()

    @precondition(lambda self: len(self.troupe.workers) < WORKERS)
    @rule(old_hand=st.booleans())
    def receive(self, old_hand: bool) -> None:
        delivery = self.stage.receive()
        if delivery:
            hand = self.troupe.hands.pop() if old_hand and self.troupe.hands else self.stage.hand()
            self.troupe.start(hand, delivery)

    @precondition(lambda self: self.troupe.puppets)
    @rule(who=st.integers(0, WORKERS), calls=st.integers(1, 6), deed=st.sampled_from([passes] * 3 + [fails, crashes]))
    def work(self, who: int, calls: int, deed: object) -> None:
        """Some calls of one of them, the last of which goes as it is told."""
        for number in range(calls):
            puppets = self.troupe.puppets
            puppet = puppets[who % len(puppets)]
            self.troupe.advance(puppet, deed if number == calls - 1 else passes)  # type: ignore[arg-type]
            if not self.troupe.puppets:
                return

    @precondition(lambda self: self.troupe.puppets)
    @rule(who=st.integers(0, WORKERS))
    def lose_an_answer(self, who: int) -> None:
        puppets = self.troupe.puppets
        self.troupe.advance(puppets[who % len(puppets)], loses_its_answer)

    @rule()
    def see_again(self) -> None:
        self.troupe.see_again()

    @rule(seconds=st.sampled_from([1.0, LEASE + 1, VISIBILITY + 1]))
    def wait(self, seconds: float) -> None:
        self.stage.cloud.clock.move(seconds)

    @invariant()
    def nothing_is_visible_that_is_not_stored_and_nothing_goes_back(self) -> None:
        assert self.stage.witness.violations == []

    def teardown(self) -> None:
        assert self.troupe.end(crash=True) == []


class Machine:
    """The machine as a case: two hundred examples, more in chaos."""

    counts = EXAMPLES

    def run(self) -> list[str]:
        """Raises what Hypothesis found, shrunk and with the lines that do it again."""
        case = Protocol.TestCase()
        case.settings = settings(  # type: ignore[misc]
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            derandomize=TIMES == 1,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        )
        case.runTest()
        return []


def test_no_order_of_moves_breaks_a_promise(prove: Prove) -> None:
    prove("runs of the state machine", [Machine()])
