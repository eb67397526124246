"""One metered call: the span its facts go on, its chunks, its ending, and who settles it if nobody ends it."""
