"""The scheduler: a round makes occurrences into runs, and runs into outcomes. A worker calls it ever again."""
