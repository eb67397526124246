"""The check of the page that `chunkmeter report` makes, in a browser; `python -m checks.report`."""
