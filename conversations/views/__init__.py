"""The pages: what a request shows, in the words of templates."""
