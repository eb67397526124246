"""Programs that check chunkmeter against the world: each is a target of the Makefile, run as a module. Not shipped."""
