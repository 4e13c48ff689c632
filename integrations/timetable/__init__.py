"""What happens at each tick, and once a day."""
