"""The control surface: the actions and scenarios by which others steer the sandbox, in Python and over HTTP."""
