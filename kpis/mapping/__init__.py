"""What an answer counts as: choices, mappings and their versions."""
