"""What people carry away, and what is read of it again."""
