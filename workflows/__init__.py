"""What may happen and when: the log, the procedure, who may do what, the desk, imports."""
