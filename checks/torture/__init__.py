"""The cases that streams break instrumentation with, each under its number: `make torture`."""
