"""Watching a survey: the subscription at the vendor, the receiver of its messages, the inbox worked off by a worker."""
