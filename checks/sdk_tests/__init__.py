"""`make sdk-tests`: the tests that SDKs are published with, bare and metered."""
