"""What is a task, a finding, a plan, an outcome? Pure Python: no Django, no input or output.

Read in this order: `spec` (what a task declares), `task` (what its author writes), then the data that flows
between the five stages: `facts`, `finding`, `plan`, `measurement`, `evidence`, `outcome`.
"""
