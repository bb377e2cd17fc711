"""What it costs and what it saves, measured against the plain way; run by `script/bench`."""
