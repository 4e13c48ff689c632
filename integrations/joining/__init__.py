"""Joining two rows that are one survey, after two connections turned out to see one brand."""
