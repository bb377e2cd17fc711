"""Which tags reads hold and writes touch, by example and against PostgreSQL."""
