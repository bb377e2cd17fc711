"""The devstack: what replaces a Supabase account on a laptop."""
