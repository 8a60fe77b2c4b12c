"""How is a task run safely? Gates, locks, journal, approvals, undo, on DBOS.

`request` asks for a run; `course` is the order of its stages; `stages` are the stages; `gate` says who may
change what; `durable` and `worker` make it survive a kill -9.
"""
