"""Changing a map: parts, columns, order, skeletons, and the dialogs for them."""
