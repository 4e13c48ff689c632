"""The operations of a map: what changed, who changed it, and the way back."""
