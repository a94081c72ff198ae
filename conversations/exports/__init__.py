"""What people carry away: one conversation, or all that is theirs; and what is read of it again.

Functions here make documents of rows, and records of documents. The verb that writes rows of records is in
`conversations/services/importing.py`.
"""
