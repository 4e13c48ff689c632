"""What all parts of the REST API share: access, problems, pages of lists, description, reference."""
