"""What people see and ask of fetches: the ledger, progress, "Retrieve data"."""
