"""How `make site` builds the documentation.

Sphinx reads each page where it lies in the repository, so that one link works on a code host and in the site.
"""

import shutil
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

from checks.site import FIRST, NAV, RUNBOOKS, runbook

project = "chunkmeter"
extensions = ["myst_parser"]
root_doc = FIRST.removesuffix(".md")
include_patterns = [FIRST, *(page for pages in NAV.values() for page in pages)]
html_theme = "furo"
html_title = "chunkmeter"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
myst_heading_anchors = 4


def setup(app):
    """Hang the pages below the first one, and the runbooks beside them."""
    app.connect("source-read", _with_nav)
    app.connect("doctree-read", _with_runbooks)
    app.connect("build-finished", _finish)


def _with_nav(_app, docname, source):
    if docname == root_doc:
        for group, pages in NAV.items():
            names = "\n".join("/" + page.removesuffix(".md") for page in pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {group}\n\n{names}\n```\n"


def _with_runbooks(_app, doctree):
    """A link to a runbook opens it; one to another file that is no page downloads that."""
    for link in doctree.findall(addnodes.download_reference):
        if "/runbooks/" in link["reftarget"]:
            link.replace_self(nodes.reference("", "", *link.children, refuri=link["reftarget"]))


def _finish(app, error):
    if error:
        return
    site = Path(app.outdir)
    shutil.copy(site / f"{root_doc}.html", site / "index.html")
    folder = site / RUNBOOKS.relative_to(app.srcdir)
    folder.mkdir(parents=True, exist_ok=True)
    for path in RUNBOOKS.glob("*.html"):
        (folder / path.name).write_text(runbook(path.read_text("utf-8")), "utf-8")
