"""From a plan to one SQL statement; every value of the request becomes a parameter."""
