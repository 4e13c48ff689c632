"""The way to the vendor for everything above: a client for a connection, its credentials, its calls, and the guard of copies."""
