"""What the pretend Qualtrics knows: brands, users, surveys, responses, people to ask, its clock and its settings."""
