"""`make fuzz`: odd, wrong and unordered events of every wire through `wrap`."""
