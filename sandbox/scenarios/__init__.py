"""Situations with telling names: what happens, what to expect of the product, how they are switched on and off."""
