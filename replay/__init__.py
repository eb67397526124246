"""Replayed provider traffic for the demo and the tests. Not shipped, and imports nothing of chunkmeter."""
