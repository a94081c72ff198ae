"""The verbs that write: short, synchronous, transactional, with guarded updates.

Views, the consumer, the runner, admin and commands all call these; nobody else writes.
"""
