import pytest

from schoolkeeper.server.processes import (
    Action,
    State,
    after_end,
    after_start,
    delay_seconds,
    describe_exit,
    next_action,
)


@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        (State(True, 0), 5, Action.KEEP),
        (State(False, 0), 5, Action.KEEP),
        (State(True, 0, ended_at=10, exit_code=1, crashes=1), 10.9, Action.WAIT),
        (State(True, 0, ended_at=10, exit_code=1, crashes=1), 11, Action.START),
        (State(True, 0, ended_at=10, exit_code=0, crashes=1), 11, Action.START),
        (State(True, 0, ended_at=10, exit_code=1, crashes=4), 17.9, Action.WAIT),
        (State(True, 0, ended_at=10, exit_code=1, crashes=4), 18, Action.START),
        (State(False, 0, ended_at=10, exit_code=1, crashes=1), 1000, Action.LEAVE),
    ],
)
def test_next_action(state: State, now: float, expected: Action) -> None:
    assert next_action(state, now) is expected


def test_the_delay_doubles_up_to_a_minute() -> None:
    assert [delay_seconds(crashes) for crashes in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert delay_seconds(100_000) == 60


def test_quick_crashes_add_up_and_a_steady_run_clears_them() -> None:
    state = after_end(State(True, 0), 1, now=1)
    state = after_end(after_start(state, now=2), 1, now=3)
    assert (state.crashes, state.ended_at, state.exit_code) == (2, 3, 1)
    state = after_start(state, now=5)
    assert (state.crashes, state.ended_at, state.exit_code) == (2, None, None)
    assert after_end(state, 1, now=64).crashes == 3
    assert after_end(state, 1, now=65).crashes == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "ended with exit code 3"),
        (137, "was ended by SIGKILL"),
        (143, "was ended by SIGTERM"),
        (255, "ended with exit code 255"),
    ],
)
def test_exit_codes_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words
