"""Qualtrics connections: adding, changing, testing."""
