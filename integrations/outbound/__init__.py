"""Requests to addresses that others typed: checked, pinned to one address, redacted in logs."""
