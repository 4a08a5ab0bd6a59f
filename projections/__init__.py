"""What can be asked: read tables that are fed from the log, disposable and never migrated."""
