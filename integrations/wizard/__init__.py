"""Adding and changing a feedback item: connection, survey, question, metric, preview."""
