"""Where gevent or eventlet runs an app, one thread is all there is to block; `make green` has the whole matrix."""

from __future__ import annotations

import pytest

from checks.green.apps import Case, play
from support.children import run

FORKING = """
import gc, time, warnings

warnings.simplefilter("ignore")  # eventlet's, that it is not kept up
PATCH

def abandoned():
    stream = wrapped()
    next(stream)

list(wrapped())
abandoned()
until(2)
report("parent")
child = os.fork()
if child == 0:
    kit = Kit()
    list(wrapped())
    abandoned()
    until(2)
    report("child")
    os._exit(0)
os.waitpid(child, 0)
held = wrapped()
next(held)
abandoned()
until(3)
report("parent")
"""
PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}
TWO = ["abandoned", "completed"]


@pytest.mark.slow
def test_an_app_that_gevent_patches_after_the_import_is_metered_and_served() -> None:
    assert play(Case("gevent", "after")).failed == []


@pytest.mark.slow
@pytest.mark.parametrize("library", PATCHES)
def test_what_is_let_go_of_is_settled_in_a_fork_too(library: str) -> None:
    reports = run(FORKING.replace("PATCH", PATCHES[library]))
    assert reports == [["parent", TWO, 2, 0], ["child", TWO, 2, 0], ["parent", ["abandoned", *TWO], 3, 1]]
