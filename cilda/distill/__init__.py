"""The learning: from rows and a recipe to a student. The only folder that imports torch."""

import os

# Before torch is loaded, which reads it once. Threads that spin while they wait for each other cost a crowded machine
# nearly all its speed: 2 threads of a small encoder on 2 cores, load average 4: 1.2 and 1.7 turns a second, so 9.2 and
# 6.6. The numbers that come out are the same.
if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
    os.environ["GOMP_SPINCOUNT"] = "1000"
