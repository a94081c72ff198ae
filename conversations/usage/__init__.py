"""How much the site is used: counted day by day, and read for a range of days.

A day is counted from its generations once it is over and nothing of it runs any more; the days since then are counted
when they are shown. What is counted stays when its conversations go.
"""
