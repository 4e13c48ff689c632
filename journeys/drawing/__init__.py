"""Drawing a map: lanes, cells, headings, summaries."""
