"""The pages of the Integration Centre."""
