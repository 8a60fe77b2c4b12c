"""Starting a restored ERP where it can reach nothing, and walking through it."""
