"""Secrets in memory and at rest, and the change of the key that encrypts them."""
