"""Surveys sent by e-mail and SMS."""
