"""Pages, lanes and charts that show numbers."""
