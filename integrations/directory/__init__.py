"""Directory contacts, live at the vendor."""
