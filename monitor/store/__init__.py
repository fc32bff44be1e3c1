"""The event store: what happened, kept in a database, stored before it is announced."""
