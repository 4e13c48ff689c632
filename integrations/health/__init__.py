"""What works and what does not, and the alerts that tell of it."""
