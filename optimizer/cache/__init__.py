"""Two tiers and a single flight; knows nothing of Supabase or Django."""
