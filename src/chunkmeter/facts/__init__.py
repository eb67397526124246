"""A call's facts as data: what was asked for, what its chunks said, and how it ended. No SDK is imported here."""
