"""What the choices of a question stand for: what their labels say, what is proposed, and the mapping that an item keeps."""
