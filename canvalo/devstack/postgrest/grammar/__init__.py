"""What may stand in a URL: each file reads one kind of parameter."""
