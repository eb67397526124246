"""What a process still exports as it ends, and what it says of sums that it took over; `make outages` has the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from checks.outages.run import Parent, Run

SIGTERM = "SIGTERM"
TEN_AND_AN_OPEN_ONE = ("calls 10", "hold")


class End(NamedTuple):
    """How an app ended, what it said, and what it had counted."""

    status: str
    errors: str
    counted: int
    seconds: float


Ended = Callable[..., End]


@pytest.fixture(scope="module")
def parent() -> Iterator[Parent]:
    process = Parent("http/protobuf")
    yield process
    process.close()


@pytest.fixture
def run(parent: Parent) -> Iterator[Run]:
    """An app that exports nothing but by its end."""
    with Run(parent, interval=3600) as app:
        yield app


@pytest.fixture
def ended(run: Run) -> Callable[..., End]:
    """Have the app do things, to its end."""

    def end(*commands: str) -> End:
        began = time.monotonic()
        for command in commands:
            run.tell(command)
        run.end()
        return End(run.status, run.errors, len(run.times), time.monotonic() - began)

    return end


def arrived(run: Run) -> tuple[int, int]:
    """Calls and spans."""
    return run.arrived, run.endpoint.spans


def test_sigterm_loses_what_is_not_exported_yet(ended: Ended, run: Run) -> None:
    """Without the helper: this is what it is for."""
    end = ended(*TEN_AND_AN_OPEN_ONE, "terminate")
    assert (end.status, end.counted, end.errors) == (SIGTERM, 11, "")
    assert arrived(run) == (0, 0)


def test_sigterm_loses_nothing_with_the_helper(ended: Ended, run: Run) -> None:
    """The stream left open is settled, and the status still says SIGTERM; called twice, the helper does it once."""
    end = ended("helper 30", "helper 30", *TEN_AND_AN_OPEN_ONE, "terminate")
    assert (end.status, end.counted, end.errors) == (SIGTERM, 11, "")
    assert arrived(run) == (11, 11)
    assert run.endpoint.total("chunkmeter.calls", chunkmeter__outcome="abandoned") == 1


def test_sigterm_inside_the_sdk_s_lock_does_not_hang(ended: Ended, run: Run) -> None:
    """The handler goes back to the main thread, which lets go of the lock, and then all is exported."""
    end = ended("helper 10", *TEN_AND_AN_OPEN_ONE, "terminate-in-a-lock")
    assert (end.status, end.errors) == (SIGTERM, "")
    assert arrived(run) == (11, 11)
    assert end.seconds < 30


def test_sigterm_waits_no_longer_than_told(ended: Ended, run: Run) -> None:
    """An exporter would try for 10 seconds, metrics and spans each."""
    run.endpoint.kill()
    end = ended("helper 1", *TEN_AND_AN_OPEN_ONE, "terminate")
    assert end.status == SIGTERM
    assert 0.5 < end.seconds < 8


def test_a_handler_of_the_app_s_own_is_called_after_the_export(ended: Ended, run: Run) -> None:
    """It may let open streams finish, so these are left alone; it may also leave without exit hooks, as here."""
    end = ended("handle", "helper 30", *TEN_AND_AN_OPEN_ONE, "terminate")
    assert (end.status, end.errors) == ("15", "")
    assert arrived(run) == (10, 10)


def test_an_ignored_sigterm_stays_ignored(ended: Ended, run: Run) -> None:
    """The app ends as it would have, some calls later."""
    end = ended("ignore", "helper", "terminate", *TEN_AND_AN_OPEN_ONE)
    assert (end.status, end.errors) == ("0", "")
    assert arrived(run) == (11, 11)


def test_outside_the_main_thread_the_helper_says_what_to_do(ended: Ended, run: Run) -> None:
    """Once; it raises nothing, and children of `multiprocessing` are seen to all the same."""
    end = ended("helper-in-a-thread", "helper-in-a-thread", "process fork 10", "terminate")
    assert end.status == SIGTERM
    assert end.errors.count("outside the main thread") == 1
    assert end.errors.count("\n") == 1
    assert arrived(run) == (11, 11)


def test_an_unhandled_exception_loses_nothing(ended: Ended, run: Run) -> None:
    """Nor without the helper: the exit hooks run."""
    end = ended(*TEN_AND_AN_OPEN_ONE, "raise")
    assert (end.status, "LookupError" in end.errors) == ("1", True)
    assert arrived(run) == (11, 11)


# --- multiprocessing ---


@pytest.mark.parametrize("helper", [(), ("helper 30",)], ids=["alone", "helped"])
def test_a_child_loses_nothing(helper: tuple[str, ...], ended: Ended, run: Run) -> None:
    """However it was started and however it ends, by itself; the helper does no harm."""
    how = " helper" if helper else ""
    end = ended(*helper, "process fork 10 raise", f"process spawn 10{how}", f"process forkserver 10{how}")
    assert (end.status, end.counted) == ("0", 33)
    assert end.errors.count("LookupError: unhandled") == 1
    assert arrived(run) == (33, 33)


@pytest.mark.parametrize("how", ["terminated", "closed", "executor"])
def test_the_workers_of_a_pool_lose_nothing(how: str, ended: Ended, run: Run) -> None:
    """Nobody has called anything: they end by SIGTERM, or they return. Streams left open are calls too."""
    end = ended(f"pool {how} 3 10")
    assert (end.status, end.counted, end.errors) == ("0", 33, "")
    assert arrived(run) == (33, 33)
    assert run.endpoint.total("chunkmeter.calls", chunkmeter__outcome="abandoned") == 3


@pytest.mark.parametrize("how", ["terminated", "executor"])
def test_after_calls_of_the_parent_s_the_workers_lose_nothing_either(how: str, ended: Ended, run: Run) -> None:
    """Spans are exact; each worker that exports counts its parent's calls once more, which is warned of."""
    end = ended("calls 5", f"pool {how} 2 10")
    assert (end.status, end.counted) == ("0", 27)
    assert end.errors.count("Calls had been recorded before this process was forked") == 1
    assert arrived(run) == (27 + 2 * 5, 27)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_that_sigterm_ends_loses_nothing(method: str, ended: Ended, run: Run) -> None:
    """And SIGTERM it is that ends it."""
    end = ended(f"process {method} 10 terminate")
    assert (end.status, end.errors) == ("0", "")
    assert arrived(run) == (11, 11)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_sigterm_that_comes_as_a_child_begins_to_wait_ends_it(method: str, ended: Ended, run: Run) -> None:
    """As it comes to workers of a pool, which wait for a lock of the pool's: without us it ends them."""
    end = ended(f"process {method} 10 terminate-waiting")
    assert (end.status, end.errors) == ("0", "")
    assert arrived(run) == (11, 11)
    assert end.seconds < 60


def test_a_handler_that_a_child_inherits_is_called_after_the_export(ended: Ended, run: Run) -> None:
    """The app's own, which its parent had set; a stream that is open is left to it."""
    end = ended("handle", "process fork 10 terminate")
    assert (end.status, end.errors) == ("0", "")
    assert arrived(run) == (10, 10)


def test_a_child_with_an_endpoint_that_is_away_is_not_held(ended: Ended, run: Run) -> None:
    """Each waits for as long as `flush_on_exit` does by default, all at the same time."""
    run.endpoint.kill()
    end = ended("pool terminated 2 1")
    assert end.status == "0"
    assert end.counted == 4
    assert end.seconds < 30


def test_a_child_without_calls_exports_nothing_of_its_parent_s(ended: Ended, run: Run) -> None:
    """The helper would make the parent's calls count twice for nothing; so there is nothing to warn of."""
    end = ended("helper 30", "calls 10", "process fork 0")
    assert (end.counted, end.errors) == (10, "")
    assert arrived(run) == (10, 10)


# --- prefork ---


def test_forked_before_the_first_call_is_exact(ended: Ended, run: Run) -> None:
    """And nothing is said."""
    end = ended("fork 2 20")
    assert (end.status, end.counted, end.errors) == ("0", 40, "")
    assert arrived(run) == (40, 40)


def test_forked_after_a_call_is_warned_of_once(ended: Ended, run: Run) -> None:
    """Three workers each export the parent's 10 calls once more; one of them says so, for all."""
    end = ended("calls 10", "fork 2 20", "fork 1 20")
    assert (end.status, end.counted) == ("0", 70)
    assert end.errors.count("preload_app = False") == 1
    assert end.errors.count("\n") == 1
    assert arrived(run) == (10 + 3 * (10 + 20), 70)
