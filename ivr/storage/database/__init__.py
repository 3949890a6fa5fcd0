"""The database itself: how it is opened, units of work, the audit, flags for all daemons."""
