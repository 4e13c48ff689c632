"""Exports of responses: their jobs, how a response is written down, and the files that hold them."""
