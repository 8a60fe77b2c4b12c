"""How do we reach a part of an ERP? One folder per component kind: `component` (what a definition says of
it), `look` (reads only) and, where there is something to change, `act`.
"""
