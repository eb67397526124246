"""Watching a user's stream: what stands between the stream and whoever iterates it."""
