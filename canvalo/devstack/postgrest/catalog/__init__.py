"""What the database holds, as far as a request can reach it."""
