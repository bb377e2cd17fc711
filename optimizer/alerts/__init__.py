"""Alerts: `evaluate` judges the rules, `outbox` holds the mails, `deliver` sends them."""
