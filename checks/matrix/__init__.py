"""`make matrix`: every way to call Mirascope, the SDKs and the frameworks, in every environment."""
