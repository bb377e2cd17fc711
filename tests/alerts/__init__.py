"""Alerts: rules, mails, and their way to a real mail server."""
