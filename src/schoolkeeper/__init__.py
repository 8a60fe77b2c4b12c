"""Schoolkeeper: the caretaker of a school's ERP. Start reading in `kernel/`, which says what a task is."""
