"""Which answers are counted together because the same people gave them, and when."""
