"""Changes that are written down when they are first raised."""
