"""The parts of a status report, one file each: from what was collected to sentences and tables."""
