"""What is released: built, looked through, installed and run on each Python; `python -m checks.release`."""
