"""The imitated API without its sockets: who is calling, which address, which fault, and what is sent back."""
