"""Surveys and their questions, as the vendor lists them."""
