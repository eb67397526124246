"""What `make dist` and `make audit` look at, and that version, changelog and tags of this checkout agree."""

from __future__ import annotations

import json

import pytest

from checks.release.audit import judged
from checks.release.contents import of_sdist, of_wheel
from checks.release.materials import differences
from checks.release.pins import here, layers
from checks.release.versions import mismatches, tags, version
from support import ROOT

SOURCES = ["chunkmeter/__init__.py", "chunkmeter/py.typed", "chunkmeter/__pycache__/__init__.cpython-311.pyc"]
DATA = ["chunkmeter/py.typed", "chunkmeter/cli/report/style.css", "chunkmeter/pricing/prices.schema.json"]
METADATA = [f"chunkmeter-1.2.3.dist-info/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")]
WHEEL = ["chunkmeter/__init__.py", *DATA, *METADATA, "chunkmeter-1.2.3.dist-info/licenses/LICENSE"]
BESIDE = ["CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"]
SDIST = [
    f"chunkmeter-1.2.3/{name}" for name in ("src/chunkmeter/__init__.py", *(f"src/{each}" for each in DATA), *BESIDE)
]
UNRELEASED = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n"
RELEASED = "# Changelog\n\n## 1.2.3 - 2027-01-31\n\n- A thing.\n\n## 1.2.0 - 2026-12-31\n"
NEXT = RELEASED.replace("## 1.2.3", "## Unreleased\n\n- More.\n\n## 1.2.3")


def test_this_checkout_s_version_changelog_and_tags_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "\n## " in changelog
    assert mismatches(version(), changelog, []) == []


@pytest.mark.slow
def test_this_checkout_s_tags_are_in_the_changelog() -> None:
    """Apart, since git is a process. A clone without tags has nothing to compare."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert mismatches(version(), changelog, tags(), tags("--points-at", "HEAD")) == []


@pytest.mark.parametrize(
    ("changelog", "tags", "here"),
    [
        (UNRELEASED, [], []),
        (RELEASED, ["v1.2.0"], []),
        (RELEASED, ["v1.2.0", "v1.2.3", "nightly"], ["v1.2.3", "nightly"]),
        (NEXT, ["v1.2.0", "v1.2.3"], []),
        (RELEASED.replace("1.2.3 -", "[1.2.3] -"), ["v1.2.3"], ["v1.2.3"]),
    ],
)
def test_they_agree_before_a_release_at_it_and_after_it(changelog: str, tags: list[str], here: list[str]) -> None:
    assert mismatches("1.2.3", changelog, tags, here) == []


@pytest.mark.parametrize(
    ("version", "changelog", "tags", "here", "wrong"),
    [
        ("1.3.0", RELEASED, [], [], ["the newest release of CHANGELOG.md is 1.2.3, the package's version 1.3.0"]),
        ("1.2.3", UNRELEASED, ["v1.2.3"], [], ["the tag v1.2.3 has no heading in CHANGELOG.md"]),
        ("1.2.3", NEXT, [], ["v1.2.3"], ["this commit has the tag v1.2.3, and CHANGELOG.md begins with Unreleased"]),
        ("1.2.3", RELEASED, [], ["v1.2.0"], ["this commit has the tag v1.2.0, the package's version is 1.2.3"]),
        (
            "1.2.3", RELEASED.replace("1.2.0", "1.2.10"), [], [],
            ["CHANGELOG.md has its releases in no order: 1.2.3, 1.2.10"],
        ),
        (
            "1.2.0", RELEASED.replace(" - 2027-01-31", ""), [], [],
            ["CHANGELOG.md has a heading that is no release: 1.2.3"],
        ),
    ],
)  # fmt: skip
def test_what_contradicts_the_other_is_told(
    version: str, changelog: str, tags: list[str], here: list[str], wrong: list[str]
) -> None:
    assert mismatches(version, changelog, tags, here) == wrong


def test_a_wheel_and_an_sdist_as_they_should_be() -> None:
    assert of_wheel(WHEEL, SOURCES, "1.2.3") == []
    assert of_sdist(SDIST, SOURCES, "1.2.3") == []


@pytest.mark.parametrize("lost", ["chunkmeter/py.typed", "chunkmeter/cli/report/style.css", "chunkmeter/__init__.py"])
def test_a_file_that_is_missing_is_told(lost: str) -> None:
    assert of_wheel([name for name in WHEEL if name != lost], SOURCES, "1.2.3") == [f"{lost} is missing"]
    assert of_sdist([name for name in SDIST if not name.endswith(lost)], SOURCES, "1.2.3") == [
        f"chunkmeter-1.2.3/src/{lost} is missing"
    ]


@pytest.mark.parametrize("stray", ["tests/test_text.py", "shared/index.jsonl", SOURCES[2], "replay/server.py"])
def test_a_file_that_is_not_the_package_s_is_told(stray: str) -> None:
    assert of_wheel([*WHEEL, stray], SOURCES, "1.2.3") == [f"{stray} does not belong there"]
    assert of_sdist([*SDIST, f"chunkmeter-1.2.3/{stray}"], SOURCES, "1.2.3") == [
        f"chunkmeter-1.2.3/{stray} does not belong there"
    ]


def test_a_file_that_is_there_twice_is_told() -> None:
    assert of_wheel([*WHEEL, DATA[0]], SOURCES, "1.2.3") == ["chunkmeter/py.typed is there twice"]


PINS = """# made by
Typing_Extensions==4.16.0 \\
    --hash=sha256:00
    # via something
only-elsewhere==1.0 ; sys_platform == 'emscripten' \\
    --hash=sha256:01
wrapt==1.17.3 ; python_version >= '3.11' \\
    --hash=sha256:02
"""


def test_pins_are_read_as_the_installer_reads_them() -> None:
    assert here(PINS) == {"typing-extensions": "4.16.0", "wrapt": "1.17.3"}


def test_all_versions_of_a_package_are_audited_once_each() -> None:
    """For other machines too; no file has a package twice, for pip-audit refuses such a file."""
    assert layers([PINS, "wrapt==2.1 \\\n    --hash=sha256:03\n", PINS]) == [
        "only-elsewhere==1.0\ntyping-extensions==4.16.0\nwrapt==1.17.3\n",
        "wrapt==2.1\n",
    ]


def test_the_bill_of_materials_has_what_is_pinned() -> None:
    told = {
        "metadata": {"component": {"name": "chunkmeter", "version": "1.2.3"}},
        "components": [{"name": "typing_extensions", "version": "4.16.0"}, {"name": "wrapt", "version": "1.17.2"}],
    }
    pins = {"typing-extensions": "4.16.0", "wrapt": "1.17.3"}
    assert differences(told, {**pins, "wrapt": "1.17.2"}, "1.2.3") == []
    assert differences(told, pins, "1.2.3") == [
        "wrapt 1.17.3 is pinned, and not in it",
        "wrapt 1.17.2 is in it, and not pinned",
    ]
    assert differences(told, {**pins, "wrapt": "1.17.2"}, "1.2.4") == [f"it is of {told['metadata']['component']}"]


def test_an_audit_passes_by_an_answer_alone() -> None:
    sound = {"name": "wrapt", "version": "1.17.3", "vulns": []}
    bad = {"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.1"]}
    skipped = {"name": "idna", "skip_reason": "not found"}

    def audit(*packages: object) -> str:
        return json.dumps({"dependencies": packages})

    assert judged(audit(sound), "") == (0, ["1 packages audited, 0 known vulnerabilities"])
    assert judged(audit({**sound, "vulns": [bad]}, skipped), "") == (
        1,
        [
            "wrapt 1.17.3: PYSEC-1 CVE-2026-1; mended in 2.1",
            "NOT AUDITED: idna: not found",
            "1 packages audited, 1 known vulnerabilities",
        ],
    )
    assert judged(audit(sound, skipped), "").status == 2
    assert judged(audit(), "").status == 2
    assert judged("", "Traceback\nConnectionError: no such host\n") == (
        2,
        [
            "NOT AUDITED: the database of vulnerabilities (api.osv.dev) gave no answer:",
            "ConnectionError: no such host",
        ],
    )
