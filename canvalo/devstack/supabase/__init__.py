"""What a Supabase project offers beside PostgREST: sign-in, storage, functions, webhooks."""
