"""What every way of caching must do: in memory alone, in Valkey alone, in both tiers."""
