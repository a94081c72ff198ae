"""How much the site is used."""
