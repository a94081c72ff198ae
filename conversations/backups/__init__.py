"""Backups: one file with everything that the site keeps, made while it runs, and the way back (docs/adr/0009).

`making` writes them, `restoring` reads them, `versions` knows whether a database is newer than this code.
"""
