"""Comparing a survey with a complete export on demand, and confirming what disappeared."""
