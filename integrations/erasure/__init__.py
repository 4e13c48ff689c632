"""Erasing the responses of a person, here and at the vendor."""
