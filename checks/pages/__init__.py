"""Whether the code on our pages is true: programs run, data loads, and what commands name is there.

CONTRIBUTING.md says what becomes of which block.
"""
