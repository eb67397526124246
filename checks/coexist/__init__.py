"""The check that each call counts once beside other instrumentations; `python -m checks.coexist`."""
