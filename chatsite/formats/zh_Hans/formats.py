"""Times exact enough to compare with a log, and in one order of figures for everybody."""

DATETIME_FORMAT = "Y-m-d H:i:s"
