"""Conversations with models: the one app of the site."""
