"""Accounts: login, limits, sign-up, passwords, the first administrator, preferences; and health."""
