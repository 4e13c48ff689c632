"""What can go wrong: codes, what they mean, and sentences for people. Imports nothing of the app."""
