"""From records to tables, and how they are read."""
