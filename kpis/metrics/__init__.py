"""What a histogram says: formulas, intervals, roll-ups, trends, and the words for them."""
