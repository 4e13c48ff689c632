"""The demo: two journey maps fed by the sandbox, over the same wires as any other."""
