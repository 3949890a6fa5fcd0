"""How work goes on beside other work: threads with limits, jobs repeated, pauses between tries, tasks with an owner."""
