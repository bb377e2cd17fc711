"""SQL's logic, compared with PostgreSQL itself."""
