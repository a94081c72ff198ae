"""How dates and times are written; one folder for each language (Django's FORMAT_MODULE_PATH)."""
