"""From a request and a catalog to what is to be done, without a word of SQL."""
