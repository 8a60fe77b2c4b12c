"""When may an ERP be changed, and when not? Repeating rules, windows, freezes, the academic calendar."""
