"""Pages that show what the engine did; reads through `optimizer.selectors` only."""
