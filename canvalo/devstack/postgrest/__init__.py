"""A stand-in for PostgREST 14 over a real PostgreSQL: a tool for laptops and tests.

`translate.py` decides (request and catalog → parametrised SQL, or a typed error) and does no I/O;
`server.py` acts. `supabase start` on the same folder and port takes its place where Docker is.
"""
