"""Files that people send along with questions: what their bytes are, and where they lie.

Nothing here knows rows or requests; the verbs are in `conversations/services/attachments.py`.
"""
