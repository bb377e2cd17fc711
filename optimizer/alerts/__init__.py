"""Alerts, in the order of a run.

`evaluate` judges the rules on what `series` reads and leaves `notices`; `grouping` puts those of
one address into a mail; `deliver` sends it through `channels`. `watch` says when that is overdue.
"""
