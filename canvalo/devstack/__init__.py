"""What replaces a Supabase account, a PostgreSQL and a Valkey server on a laptop."""
