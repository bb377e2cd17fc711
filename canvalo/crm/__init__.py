"""The example application that the engine serves: a small CRM whose rows live in Supabase."""
