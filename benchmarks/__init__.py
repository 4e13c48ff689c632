"""How fast, and in how much memory: the product beside a tight script and beside what people would use instead."""
