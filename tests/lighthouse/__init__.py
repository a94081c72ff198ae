"""Lighthouse, run on every page."""
