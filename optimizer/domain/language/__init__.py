"""PostgREST's own words, as values: filters, logic trees, select lists, whole questions."""
