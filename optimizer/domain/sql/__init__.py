"""PostgreSQL's logic, as far as it is certain: values, comparisons, filters over a row.

What is not certain (collations, regular expressions, text search, forms of a literal that are not
plainly known) is undecidable, never guessed.
"""
