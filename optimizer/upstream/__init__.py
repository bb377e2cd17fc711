"""Everything that talks to Supabase: one transport, a pool of clients, tokens."""
