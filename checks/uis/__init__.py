"""The check that UIs of other projects tell what each call used and cost; `python -m checks.uis`."""
