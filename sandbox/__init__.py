"""A pretend Qualtrics for the demo and the tests. It imports nothing of the product."""
