"""An arbitrary authorised call to the vendor."""
