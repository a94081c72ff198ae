"""Made-up people and conversations, to look at a full site and to measure one: `manage.py seed_demo`."""
