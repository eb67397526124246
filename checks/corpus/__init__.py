"""`make corpus` and `make estimate`: the readers against a folder of recorded streams."""
